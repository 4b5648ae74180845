"""The map of a community, the list beside it, and what both ask for."""

from typing import Any

from csp.decorators import csp
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from geodata import base_shapes as base
from geodata.answers import GEOJSON, asked_of, compressed, kept, never_kept
from geodata.begun import Begun, begun
from geodata.boxes import BadBoxError, Box, Corner, box_around, parse_box, zoomed
from geodata.community import community_of
from geodata.feeds import ATOM
from geodata.forms import Asked, Menu, filter_context, with_query
from geodata.layers import all_layers
from geodata.lists import Page, only, things
from geodata.map_config import map_config
from geodata.marks import marks as read_marks
from geodata.models import Community
from geodata.picture import HEIGHT, STYLE_HASH, WIDTH, picture

SMALL_LETTERING = 2.2  # a picture shown at 360 px instead of 800
PICTURE_POLICY = {"default-src": ["'none'"], "style-src": [STYLE_HASH]}


@require_safe
def map_page(request: HttpRequest) -> HttpResponse:
    """The map, and the first page of the list in it: everything that works without script."""
    community = community_of(request)
    wanted, menu = asked_of(request, community)
    icons = [choice.icon for choice in menu.categories]
    months = begun(menu.layers, community, community.day_of(timezone.now()))
    context = _list_context(community, wanted, menu, months=months) | {"map_config": map_config(community, icons)}
    return render(request, "geodata/map.html", context)


@require_safe
def map_list(request: HttpRequest) -> HttpResponse:
    """The list alone, as a fragment of the map page."""
    community = community_of(request)
    wanted, menu = asked_of(request, community)
    if wanted.box_problem:
        return HttpResponse(wanted.box_problem, status=400, content_type="text/plain; charset=utf-8")
    return never_kept(render(request, "geodata/list.html", _list_context(community, wanted, menu)))


@require_safe
def marks(request: HttpRequest) -> HttpResponse:
    """Marks of a box as GeoJSON; 400 with the reason for a box that is none."""
    community = community_of(request)
    wanted, _menu = asked_of(request, community)
    if not wanted.box:
        reason = wanted.box_problem or "A box is needed: box=west,south,east,north."
        return JsonResponse({"error": reason}, status=400)
    text = read_marks(wanted.layers, wanted.question(community, community.day_of(timezone.now())))
    return never_kept(compressed(request, HttpResponse(text, content_type=GEOJSON)))


@require_safe
def base_shapes(request: HttpRequest) -> HttpResponseBase:
    """The drawn base map as GeoJSON."""
    community = community_of(request)
    text = base.base_shapes(community, on=community.day_of(timezone.now()))
    return kept(request, HttpResponse(text, content_type=GEOJSON))


@csp(PICTURE_POLICY)
@require_safe
def place_image(request: HttpRequest) -> HttpResponseBase:
    """A drawn picture of a box, or of the whole community, perhaps with a pin that tells a `state`
    (wait, work, done, shut); `small`: to be shown small."""
    community = community_of(request)
    text = picture(
        community,
        _picture_box(request, community),
        on=community.day_of(timezone.now()),
        pin=_pin(request),
        state=request.GET.get("state", ""),
        lettering=SMALL_LETTERING if "small" in request.GET else 1.0,
    )
    return kept(request, HttpResponse(text, content_type="image/svg+xml; charset=utf-8"))


def _list_context(community: Community, wanted: Asked, menu: Menu, *, months: Begun | None = None) -> dict[str, Any]:
    question = wanted.question(community, community.day_of(timezone.now()))
    if wanted.only:
        page = only(all_layers(), question, wanted.only)
    else:
        page = things(wanted.layers, question, after=wanted.after)
    map_url = reverse("map", args=[community.slug])
    names = {choice.code: choice.name for choice in menu.categories}
    for row in page.rows:
        row["category_name"] = names.get(row["category_code"], "")
    return {
        "community": community,
        "page": {
            "rows": page.rows,
            "total": page.total,
            "capped": page.capped,
            "next_url": _next_url(page, wanted, map_url),
        },
        "filters": filter_context(wanted, menu, map_url, months=months),
        "feeds": _feeds(community, wanted),
        "box": str(wanted.box or ""),
        "box_problem": wanted.box_problem,
    }


def _feeds(community: Community, wanted: Asked) -> list[dict[str, str]]:
    """The feeds of what is chosen, in the whole community: a feed lasts longer than a view."""
    query = f"?{wanted.query()}" if wanted.pairs else ""
    kinds = (
        ("feed_atom", ATOM, "rss", _("Feed for a news reader (Atom)")),
        ("feed_geojson", GEOJSON, "download", _("Data for maps and programs (GeoJSON)")),
    )
    return [
        {"url": reverse(view, args=[community.slug]) + query, "type": kind, "icon": icon, "title": title}
        for view, kind, icon, title in kinds
    ]


def _next_url(page: Page, wanted: Asked, map_url: str) -> str:
    """The map page with the next rows; map.js takes its query to the list alone."""
    return with_query(map_url, wanted.query(), wanted, after=page.next) if page.next else ""


def _picture_box(request: HttpRequest, community: Community) -> Box:
    """The box of the address; else the community."""
    try:
        return parse_box(request.GET.get("box", ""))
    except BadBoxError:
        if bounds := community.bounds():
            return zoomed(Box(*bounds), 1.06)
        return box_around((community.centre.x, community.centre.y), community.zoom, WIDTH, HEIGHT)


def _pin(request: HttpRequest) -> Corner | None:
    try:
        longitude, latitude = map(float, request.GET.get("pin", "").split(","))
    except ValueError:
        return None
    return (longitude, latitude) if abs(longitude) <= 180 and abs(latitude) <= 90 else None
