from geodata.community import community_path
from routing import answer_views, views

urlpatterns = [
    # Anybody
    community_path("registers/<slug:code>/<int:pk>/", views.asset_page, name="asset"),
    # Systems of organisations, by the signature of their channel
    community_path("answers/", answer_views.answers, name="answers"),
]
