"""What the maps of the pages are told: where they open, what they draw, and where they ask."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from geodata.basemap_files import EVERYBODY, drawn_file
from geodata.icons import inner_svg
from geodata.models import Community

FALLBACK_ICON = "pin"


def base_config(community: Community) -> dict[str, Any]:
    """Enough for a map that shows no things, as the one in a form: the view and the base map."""
    bounds = community.bounds()
    return {
        "centre": [round(community.centre.x, 6), round(community.centre.y, 6)],
        "zoom": community.zoom,
        "bounds": [round(edge, 6) for edge in bounds] if bounds else None,
        "baseUrl": reverse("base_shapes", args=[community.slug]),
        "vector": _vector_config(community),
        "tilesUrl": settings.BASEMAP_URL,
        "tilesAttribution": settings.BASEMAP_ATTRIBUTION,
    }


def _vector_config(community: Community) -> dict[str, str] | None:
    """The PMTiles file, the script that draws it, and what is said when that fails; None when there is no file.

    `attribution`: whose data a ready file holds; what was built holds the community's own, whose credit the page has.
    """
    file = drawn_file(community.slug)
    if file is None:
        return None
    return {
        "url": reverse("base_tiles", args=[file.owner, file.version]),
        "script": static("protomaps-leaflet/protomaps-leaflet.js"),
        "attribution": settings.BASEMAP_ATTRIBUTION if file.owner == EVERYBODY else "",
        "failed": _("The detailed map could not be read: a simple one is drawn"),
    }


def map_config(community: Community, icons: Iterable[str]) -> dict[str, Any]:
    """For the map page: `base_config`, the addresses of what it shows, and the drawings of these icons."""
    slug = [community.slug]
    names = sorted({*icons, FALLBACK_ICON} - {""})
    return base_config(community) | {
        "marksUrl": reverse("marks", args=slug),
        "listUrl": reverse("map_list", args=slug),
        "mapUrl": reverse("map", args=slug),
        "mineUrl": reverse("own_things", args=slug),
        "mineListUrl": reverse("own_row", args=slug),
        "embedUrl": reverse("embed", args=slug),
        "reportUrl": reverse("report", args=slug),
        "icons": {name: inner_svg(name) for name in names},
    }
