"""Pages of statistics. Anybody may open them."""

from django.urls import path

from geodata.community import community_path
from stats import boundary_views, platform_views, table_views, views

urlpatterns = [
    path("stats.json", platform_views.platform_json, name="stats_platform"),
    community_path("stats/", views.overview, name="stats"),
    community_path("stats/areas/<str:area>/", views.area, name="stats_area"),
    community_path("stats/organisations/<int:organisation>/", views.organisation, name="stats_organisation"),
    community_path("stats/kinds/<str:category>/", views.category, name="stats_category"),
    community_path("stats/compare/", views.compare, name="stats_compare"),
    community_path("stats/boundaries/<str:division>/", boundary_views.boundaries, name="stats_boundaries"),
    community_path("stats/tables/<str:table>.csv", table_views.table, name="stats_table"),
    community_path("stats/tables/areas.geojson", table_views.areas_geojson, name="stats_areas_geojson"),
    community_path("stats/tables/days.json", table_views.days_json, name="stats_days"),
]
