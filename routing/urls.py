from geodata.community import community_path
from routing import views

urlpatterns = [
    # Anybody
    community_path("registers/<slug:code>/<int:pk>/", views.asset_page, name="asset"),
]
