"""Feeds of whatever can be chosen on the map: Atom with GeoRSS, and GeoJSON. Newest first, page by page."""

import json
from typing import Any

from django.contrib.gis.feeds import GeoAtom1Feed
from django.contrib.gis.geos import GEOSGeometry
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import iri_to_uri
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from geodata.answers import GEOJSON, asked_of, kept
from geodata.community import community_of
from geodata.forms import Asked, filter_context
from geodata.lists import Page, things
from geodata.models import Community, local_name

ATOM = "application/atom+xml"
ENTRIES = 50  # of a page
SECONDS = 60  # that a feed may be kept


class Feed(GeoAtom1Feed):
    """Atom whose every page names the next one (RFC 5005), with any geometry as its point in GeoRSS."""

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        if self.feed["next"]:
            handler.addQuickElement("link", "", {"rel": "next", "href": self.feed["next"]})


@require_safe
def atom(request: HttpRequest) -> HttpResponseBase:
    """Atom 1.0 with GeoRSS-Simple of the newest things that the address chooses as on the map."""
    community = community_of(request)
    wanted, menu = asked_of(request, community)
    page = _page(community, wanted)
    chosen = [one["label"] for one in filter_context(wanted, menu, "")["active"]]
    name = local_name(community, get_language() or "")
    feed = Feed(
        title=" · ".join([_("Open City"), name, *chosen]),
        link=request.build_absolute_uri(_map_url(community, wanted)),
        description=_("What is new on the map"),
        feed_url=request.build_absolute_uri(),
        language=get_language() or "uk",
        next=_next(request, wanted, page),
        feed_guid=request.build_absolute_uri(iri_to_uri(f"{request.path}?{wanted.query()}")),
    )
    for row in page.rows:
        url = request.build_absolute_uri(row["url"])
        feed.add_item(
            title=row["title"],
            link=url,
            description=row["title"],
            unique_id=url,
            pubdate=row["starts_at"],
            updateddate=row["changed_at"],
            categories=[code for code in (row["layer"], row["category_code"], row["state_group"]) if code],
            geometry=_point(row["geometry"]),
        )
    return kept(
        request, HttpResponse(feed.writeString("utf-8"), content_type=f"{ATOM}; charset=utf-8"), seconds=SECONDS
    )


@require_safe
def geojson(request: HttpRequest) -> HttpResponseBase:
    """The same as a GeoJSON FeatureCollection; `next` is the address of the following page, or null."""
    community = community_of(request)
    wanted, _menu = asked_of(request, community)
    page = _page(community, wanted)
    answer = {
        "type": "FeatureCollection",
        "total": page.total,
        "capped": page.capped,
        "next": _next(request, wanted, page) or None,
        "features": [_feature(request, row) for row in page.rows],
    }
    text = json.dumps(answer, ensure_ascii=False, default=str)
    response = HttpResponse(text, content_type=GEOJSON)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return kept(request, response, seconds=SECONDS)


def _page(community: Community, wanted: Asked) -> Page:
    question = wanted.question(community, community.day_of(timezone.now()))
    return things(wanted.layers, question, after=wanted.after, limit=ENTRIES, with_geometry=True)


def _feature(request: HttpRequest, row: dict[str, Any]) -> dict[str, Any]:
    properties = {name: value for name, value in row.items() if name not in ("geometry", "id")}
    for name in ("starts_at", "ends_at", "changed_at"):
        properties[name] = row[name].isoformat() if row[name] else None
    properties["url"] = request.build_absolute_uri(row["url"])
    return {
        "type": "Feature",
        "id": f"{row['layer']}-{row['id']}",
        "geometry": row["geometry"],
        "properties": properties,
    }


def _point(geometry: dict[str, Any]) -> GEOSGeometry:
    """Where a reader of feeds shows it: the thing itself if it is a point, else a point on it."""
    shape = GEOSGeometry(json.dumps(geometry))
    return shape if shape.geom_type == "Point" else shape.point_on_surface


def _map_url(community: Community, wanted: Asked) -> str:
    query = "&".join(part for part in (wanted.query(), wanted.view_query()) if part)
    return reverse("map", args=[community.slug]) + (f"?{query}" if query else "")


def _next(request: HttpRequest, wanted: Asked, page: Page) -> str:
    """Address of the following page, "" on the last."""
    if not page.next:
        return ""
    query = request.GET.copy()
    query["after"] = page.next
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
