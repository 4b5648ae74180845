"""Pages of statistics. Anybody may open them."""

from functools import partial

from django.urls import path

from geodata.answers import briefly_kept
from geodata.community import community_path, in_community
from stats import (
    boundary_views,
    data_views,
    hot_views,
    ogc_views,
    platform_views,
    shape_views,
    table_views,
    views,
)

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
    path("data/catalog.jsonld", data_views.catalogue_of_installation, name="open_data_catalogues"),
    community_path("data/", data_views.open_data, name="open_data"),
    community_path("data/fresh/", data_views.make_fresh, name="make_fresh_data"),
    community_path("data/catalog.jsonld", data_views.catalogue, name="open_data_catalogue"),
    community_path("data/<slug:dataset>.csv-metadata.json", data_views.csv_description, name="csv_description"),
    community_path("data/<slug:dataset>.<slug:ending>", data_views.data_file, name="open_data_file"),
    community_path("ogc/", ogc_views.landing, name="ogc"),
    community_path("ogc/conformance", ogc_views.conformance, name="ogc_conformance"),
    community_path("ogc/api", ogc_views.api, name="ogc_api"),
    community_path("ogc/collections", ogc_views.collections, name="ogc_collections"),
    community_path("ogc/collections/<slug:name>", ogc_views.collection, name="ogc_collection"),
    community_path("ogc/collections/<slug:name>/items", ogc_views.features, name="ogc_items"),
    community_path("ogc/collections/<slug:name>/items/<str:key>", ogc_views.feature, name="ogc_item"),
    community_path("stats/hot/", hot_views.hot, name="stats_hot"),
    path("<slug:community>/stats/hot/heat.csv", briefly_kept(in_community(hot_views.heat_csv)), name="stats_heat_csv"),
    path(
        "<slug:community>/stats/hot/heat.geojson",
        briefly_kept(in_community(hot_views.heat_geojson)),
        name="stats_heat_geojson",
    ),
    community_path("stats/hot/clusters.csv", hot_views.clusters_csv, name="stats_clusters_csv"),
    community_path("stats/seasons/", hot_views.seasonal, name="stats_seasons"),
    community_path("stats/seasons/seasons.csv", hot_views.seasons_csv, name="stats_seasons_csv"),
    community_path("stats/unusual/", hot_views.unusual_week, name="stats_unusual"),
    community_path("stats/unusual/unusual.csv", hot_views.unusual_csv, name="stats_unusual_csv"),
    community_path("stats/shape/", shape_views.shape, name="stats_shape"),
    community_path("stats/shape/numbers/", shape_views.numbers, name="stats_shape_numbers"),
    community_path("stats/shape.svg", shape_views.image, name="stats_shape_image"),
    *(
        community_path(f"stats/shape.{kind}", partial(shape_views.download, kind=kind), name=f"stats_shape_{kind}")
        for kind in ("csv", "geojson", "json")
    ),
]
