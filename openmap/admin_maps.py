"""Maps in the administration: shapes simplified for the screen. What decides is never simplified."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from django.conf import settings
from django.db import connection
from django.forms import Media
from django.forms.widgets import Script
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from geodata.models import Community

SCREEN = 1500.0  # pixels: no screen shows a finer shape of the whole
MODULE: Any = Script("openmap/admin/admin-map.js", type="module")  # django-stubs knows only strings here
MAP_MEDIA = Media(
    css={"all": ["leaflet/leaflet.css", "openmap/admin/admin-map.css"]},
    js=["leaflet/leaflet.js", MODULE],
)

# Rows of a table as GeoJSON features; the tolerance is a pixel of a map that shows all of them.
FEATURES = """
WITH chosen AS (SELECT id, {geometry} AS shape FROM {table} WHERE id = ANY(%s)),
     around AS (SELECT ST_Extent(shape)::geometry AS box FROM chosen)
SELECT id, ST_AsGeoJSON(ST_SimplifyPreserveTopology(
    shape, greatest(ST_XMax(box) - ST_XMin(box), ST_YMax(box) - ST_YMin(box)) / %s), 6)::json
FROM chosen, around
"""


@dataclass(frozen=True, slots=True)
class GeoMap:
    """One map of a page: in the template `admin/parts/geo_map.html` as `geo_map`."""

    id: str
    name: str  # what a screen reader says
    community: Community
    shapes: dict[str, Any] | None = None  # GeoJSON; properties: look, label, about, url
    url: str = ""  # where the shapes are asked instead; the answer may have a `note`
    boxed: bool = False  # the address is asked anew for every box that is looked at
    picks: str = ""  # ids of two inputs, "lat,lon": a click on the map writes its place into them

    @property
    def script_id(self) -> str:
        return f"{self.id}-shapes"

    @property
    def centre(self) -> str:
        return f"{self.community.centre.x:.6f},{self.community.centre.y:.6f}"

    @property
    def zoom(self) -> int:
        return self.community.zoom

    @property
    def base_url(self) -> str:
        return reverse("base_shapes", args=[self.community.slug])

    @property
    def tiles_url(self) -> str:
        return str(settings.BASEMAP_URL)

    @property
    def tiles_attribution(self) -> str:
        """As HTML, because that is what Leaflet takes; the setting is text."""
        return escape(settings.BASEMAP_ATTRIBUTION)

    def __str__(self) -> str:
        return self.render()

    def render(self) -> SafeString:
        """The map as HTML."""
        return render_to_string("admin/parts/geo_map.html", {"geo_map": self})


def collection(features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A GeoJSON FeatureCollection."""
    return {"type": "FeatureCollection", "features": list(features)}


def feature(geometry: Any, *, look: str = "area", label: str = "", about: str = "", url: str = "") -> dict[str, Any]:
    """A GeoJSON feature as admin-map.js draws it."""
    properties = {"look": look, "label": label, "about": about, "url": url}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def simplified(table: str, geometry: str, ids: Iterable[int]) -> dict[int, Any]:
    """Id → GeoJSON geometry of those rows, simplified to a pixel of a map that shows them all.

    `table` and `geometry` are names from our own models, never from a request.
    """
    with connection.cursor() as cursor:
        cursor.execute(FEATURES.format(table=table, geometry=geometry), [list(ids), SCREEN])
        return {pk: json.loads(shape) if isinstance(shape, str) else shape for pk, shape in cursor.fetchall()}
