from geodata.community import community_path
from works import views

urlpatterns = [
    # Anybody
    community_path("works/<int:pk>/", views.work_page, name="work"),
]
