"""Pages about places. Anybody may open them."""

from django.urls import path

from geodata import area_views, basemap_views, embed_views, feeds, place_views, search_views, tile_views, views
from geodata.answers import briefly_kept
from geodata.community import community_path, in_community

urlpatterns = [
    path("<slug:community>/marks.geojson", briefly_kept(in_community(views.marks)), name="marks"),
    path(
        "<slug:community>/tiles/<slug:version>/<str:names>/<int:z>/<int:x>/<int:y>.mvt",
        briefly_kept(in_community(tile_views.vector_tile)),
        name="vector_tile",
    ),
    path("tiles/<slug:owner>/<slug:version>.pmtiles", basemap_views.base_tiles, name="base_tiles"),
    community_path("", views.map_page, name="map"),
    community_path("embed/", embed_views.embed, name="embed"),
    community_path("areas/", area_views.areas, name="areas"),
    community_path("search/", search_views.search, name="map_search"),
    community_path("search/options/", search_views.options, name="map_search_options"),
    community_path("list/", views.map_list, name="map_list"),
    community_path("feed.atom", feeds.atom, name="feed_atom"),
    community_path("feed.geojson", feeds.geojson, name="feed_geojson"),
    community_path("tiles.json", tile_views.tile_json, name="tile_json"),
    community_path("base.geojson", views.base_shapes, name="base_shapes"),
    community_path("places/", place_views.places, name="places"),
    community_path("places/near/", place_views.nearest, name="nearest_place"),
    community_path("place.svg", views.place_image, name="place_image"),
]
