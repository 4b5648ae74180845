from geodata.community import community_path
from issues import report_views, views

urlpatterns = [
    # Anybody
    community_path("report/", report_views.report, name="report"),
    community_path("report/answerer/", report_views.answerer, name="answerer"),
    community_path("issues/<int:number>/", views.issue_page, name="issue"),
    # Whoever holds the secret link
    community_path("mine/<str:token>/", views.mine, name="mine"),
    community_path("answer/<str:token>/", views.answer, name="answer"),
]
