"""The public page of one thing of a register: a lamp, a road, a park."""

from urllib.parse import urlencode

from django.contrib.gis.geos import Point
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from geodata.boxes import Box
from geodata.community import community_of
from geodata.models import local_name
from routing.layer import icon_of
from routing.models import Asset, Category, Register

LEAST = 0.002  # degrees: a small map shows at least so much on each side
MARGIN = 0.2  # of the size of the thing
CLOSE = 18  # zoom of a map on which somebody points at a lamp


@require_safe
def asset_page(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """What everybody may know of a thing; the address of an earlier version leads to the one on the map. 404 for what
    is not on the map."""
    community = community_of(request)
    register = get_object_or_404(Register, community=community, code=code, is_on_map=True)
    versions = Asset.objects.filter(register=register)
    named = get_object_or_404(versions.only("key"), pk=pk)
    shown = versions.filter(key=named.key, map_group__isnull=False)
    asset = get_object_or_404(shown.select_related("keeper").defer("attributes"))
    if asset.pk != pk:
        return redirect("asset", community.slug, code, asset.pk)
    place = asset.geometry if asset.geometry.geom_type == "Point" else asset.geometry.point_on_surface
    box = _around(asset)
    context = {
        "community": community,
        "asset": asset,
        "register": register,
        "register_name": local_name(register, get_language() or ""),
        "icon": icon_of(register),
        "report_url": f"{reverse('report', args=[community.slug])}?{urlencode(_report_of(asset, place))}",
        "place_image_url": f"{reverse('place_image', args=[community.slug])}?"
        + urlencode({"box": str(box), "pin": f"{place.x:.6f},{place.y:.6f}", "small": 1}),
        "map_url": f"{reverse('map', args=[community.slug])}?"
        + urlencode({"layer": "registers", "box": str(box), "selected": f"registers-{asset.pk}"}),
    }
    response = render(request, "registers/asset.html", context)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _report_of(asset: Asset, place: Point) -> dict[str, str]:
    """What the report form is told: the place, and the kind of problem if only one asks for this register."""
    told = {"lat": f"{place.y:.6f}", "lon": f"{place.x:.6f}", "zoom": str(CLOSE)}
    kinds = list(Category.objects.filter(register=asset.register_id, is_active=True)[:2])
    return told | ({"category": kinds[0].code, "asset": str(asset.pk)} if len(kinds) == 1 else {})


def _around(asset: Asset) -> Box:
    """The place with some ground around it."""
    west, south, east, north = asset.geometry.extent
    across, up = (max((far - near) * MARGIN, LEAST) for near, far in ((west, east), (south, north)))
    return Box(west - across, south - up, east + across, north + up)
