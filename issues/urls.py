from django.urls import include, path

from geodata.community import community_path
from issues import (
    addition_views,
    correct_views,
    follow_views,
    hiding_views,
    offline_views,
    own_views,
    report_views,
    support_views,
    views,
    who_views,
    words_views,
)

urlpatterns = [
    # Anybody
    path("sw.js", offline_views.worker, name="service_worker"),
    community_path("report/", report_views.report, name="report"),
    community_path("report/answerer/", report_views.answerer, name="answerer"),
    community_path("report/details/", report_views.details, name="report_details"),
    community_path("report/similar/", support_views.similar, name="similar"),
    community_path("report/words/", words_views.words, name="report_words"),
    community_path("report/preview/", report_views.preview, name="report_preview"),
    community_path("report/proof/", report_views.proof, name="report_proof"),
    community_path("report/shell/<slug:language>/", report_views.shell, name="report_shell"),
    community_path("report/no-network/<slug:language>/", report_views.no_network, name="report_no_network"),
    community_path("own.geojson", own_views.own_things, name="own_things"),
    community_path("own/", own_views.own_row, name="own_row"),
    community_path("who/", who_views.who, name="who"),
    community_path("who/answerer/", who_views.who_answerer, name="who_answerer"),
    community_path("issues/<int:number>/", views.issue_page, name="issue"),
    community_path("issues/<int:number>/support/", views.support, name="support"),
    community_path("issues/<int:number>/support/words/", addition_views.add, name="add_as_supporter"),
    community_path("issues/<int:number>/photos/<uuid:photo>/", hiding_views.hide_by_staff, name="hide_by_staff"),
    # Programs, by Open311
    path("<slug:community>/open311/", include("issues.open311.urls")),
    # Whoever holds the secret link
    community_path("mine/<str:token>/", views.mine, name="mine"),
    community_path("mine/<str:token>/correct/", correct_views.correct, name="correct"),
    community_path("mine/<str:token>/letters/", follow_views.letters_to_author, name="mine_letters"),
    community_path("mine/<str:token>/photos/<uuid:photo>/", hiding_views.hide_by_author, name="hide_by_author"),
    community_path("answer/<str:token>/", views.answer, name="answer"),
]
