"""Addresses of photos. None of them leads to an original."""

from geodata.community import community_path
from media import views

urlpatterns = [
    community_path("photos/", views.photo_upload, name="photo_upload"),
    community_path("photos/drafts/<str:key>/", views.photo_draft, name="photo_draft"),
    community_path("photos/drafts/<str:key>/boxes/", views.photo_boxes, name="photo_boxes"),
    community_path("photos/<uuid:photo>/<str:size>/", views.photo, name="photo"),
]
