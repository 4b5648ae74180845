"""Every address of the service, top down."""

from django.contrib import admin
from django.urls import include, path

from openmap import metrics_views, views, views_parts

handler500 = "openmap.views.server_error"
urlpatterns = [
    path("", views.country, name="country"),
    path("language/", views.language, name="language"),
    path("health/", views.health, name="health"),
    path("metrics", metrics_views.metrics, name="metrics"),
    path("_parts/", views_parts.parts, name="parts"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("openmap.api")),
    path("", include("geodata.urls")),  # first: maps ask most
    path("", include("issues.urls")),
    path("", include("works.urls")),
    path("", include("stats.urls")),
    path("", include("routing.urls")),
    path("", include("notifications.urls")),
    path("", include("media.urls")),
]
