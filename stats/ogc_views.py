"""OGC API – Features: what is published, feature by feature, as it is now. Anybody may ask, from any other site too."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from geodata.community import community_of
from geodata.models import Community
from stats.opendata import ogc_documents as documents
from stats.opendata.licence import attribution_of
from stats.opendata.ogc_asking import BadParameterError, only_known, parse_items
from stats.opendata.ogc_documents import GEOJSON, JSON, OPENAPI, link
from stats.opendata.ogc_items import Page, item, items
from stats.opendata.tables import Dataset, dataset_named

View = Callable[..., HttpResponse]


class NothingError(Exception):
    """There is no such collection or feature."""


def ogc(view: View) -> View:
    """A view of this API: what is wrong is told in JSON, and pages of other sites may read every answer."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except BadParameterError as mistake:
            response = _json({"code": "InvalidParameterValue", "description": str(mistake)}, status=400)
        except NothingError:
            response = _json({"code": "NotFound", "description": _("There is no such thing.")}, status=404)
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "Link"
        response.headers.setdefault("Link", f'<{settings.DATA_LICENCE_URL}>; rel="license"')
        return response

    return require_safe(inner)


@ogc
def landing(request: HttpRequest) -> HttpResponse:
    """What there is."""
    return _document(request, documents.landing)


@ogc
def conformance(request: HttpRequest) -> HttpResponse:
    """Which classes of requirements are met."""
    return _document(request, lambda _community, _base: documents.conformance())


@ogc
def api(request: HttpRequest) -> HttpResponse:
    """The definition of the API."""
    return _document(request, documents.definition, media_type=OPENAPI)


@ogc
def collections(request: HttpRequest) -> HttpResponse:
    """Every collection."""
    return _document(request, documents.all_collections)


@ogc
def collection(request: HttpRequest, name: str) -> HttpResponse:
    """One collection."""
    dataset = _dataset(name)
    return _document(request, lambda community, base: documents.collection(dataset, community, base))


@ogc
def features(request: HttpRequest, name: str) -> HttpResponse:
    """A page of features; `bbox`, `datetime` and names of properties narrow them, `limit` says how many."""
    community, dataset = community_of(request), _dataset(name)
    asked = parse_items(_given(request), dataset, zone=community.time_zone)
    page = items(dataset, community, asked)
    links = [
        link(request.build_absolute_uri(), "self", GEOJSON),
        link(f"{_base(request)}/collections/{name}", "collection", JSON),
        link(settings.DATA_LICENCE_URL, "license", "text/html", settings.DATA_LICENCE),
    ]
    if page.next is not None:
        links.append(link(_next(request, page.next), "next", GEOJSON))
    response = HttpResponse(_features(page, links, community), content_type=GEOJSON)
    response.headers["Link"] = ", ".join(f'<{one["href"]}>; rel="{one["rel"]}"' for one in links)
    return response


@ogc
def feature(request: HttpRequest, name: str, key: str) -> HttpResponse:
    """One feature."""
    only_known(_given(request), ["f"])
    dataset = _dataset(name)
    is_key = key.isascii() and key.isdecimal() and len(key) < 19
    text = item(dataset, community_of(request), int(key)) if is_key else None
    if text is None:
        raise NothingError
    address = f"{_base(request)}/collections/{name}"
    links = [link(f"{address}/items/{key}", "self", GEOJSON), link(address, "collection", JSON)]
    return HttpResponse(text.removesuffix("}") + f', "links": {json.dumps(links)}}}', content_type=GEOJSON)


def _document(
    request: HttpRequest, told: Callable[[Community, str], dict[str, Any]], *, media_type: str = JSON
) -> HttpResponse:
    only_known(_given(request), ["f"])
    return _json(told(community_of(request), _base(request)), media_type=media_type)


def _features(page: Page, links: list[dict[str, str]], community: Community) -> str:
    """A FeatureCollection around the texts of features."""
    head = {
        "type": "FeatureCollection",
        **({} if page.matched is None else {"numberMatched": page.matched}),
        "numberReturned": len(page.features),
        "timeStamp": f"{timezone.now():%Y-%m-%dT%H:%M:%SZ}",
        "attribution": attribution_of(community),
        "links": links,
    }
    return json.dumps(head, ensure_ascii=False).removesuffix("}") + f', "features": [{",".join(page.features)}]}}'


def _dataset(name: str) -> Dataset:
    found = dataset_named(name)
    if found is None or found.browsed is None:
        raise NothingError
    return found


def _given(request: HttpRequest) -> dict[str, list[str]]:
    return {name: request.GET.getlist(name) for name in request.GET}


def _base(request: HttpRequest) -> str:
    """Address of the API as it was asked, without a slash at the end."""
    return request.build_absolute_uri(reverse("ogc", args=[community_of(request).slug])).rstrip("/")


def _next(request: HttpRequest, after: int) -> str:
    given = QueryDict(mutable=True)
    given.update(request.GET)
    given["after"] = str(after)
    return request.build_absolute_uri(f"{request.path}?{given.urlencode()}")


def _json(told: dict[str, Any], *, status: int = 200, media_type: str = JSON) -> HttpResponse:
    return HttpResponse(json.dumps(told, ensure_ascii=False), status=status, content_type=media_type)
