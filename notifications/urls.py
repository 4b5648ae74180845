from geodata.community import community_path
from notifications import views

urlpatterns = [
    # Whoever holds the secret link of a letter
    community_path("follow/<str:token>/", views.follow_page, name="follow"),
    community_path("follow/<str:token>/stop/", views.stop, name="follow_stop"),
]
