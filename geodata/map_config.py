"""What the maps of the pages are told: where they open, what they draw, and where they ask."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.urls import reverse

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
        "tilesUrl": settings.BASEMAP_URL,
        "tilesAttribution": settings.BASEMAP_ATTRIBUTION,
    }


def map_config(community: Community, icons: Iterable[str]) -> dict[str, Any]:
    """For the map page: `base_config`, the addresses of what it shows, and the drawings of these icons."""
    slug = [community.slug]
    names = sorted({*icons, FALLBACK_ICON} - {""})
    return base_config(community) | {
        "marksUrl": reverse("marks", args=slug),
        "listUrl": reverse("map_list", args=slug),
        "mapUrl": reverse("map", args=slug),
        "reportUrl": reverse("report", args=slug),
        "icons": {name: inner_svg(name) for name in names},
    }
