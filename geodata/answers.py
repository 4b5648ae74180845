"""What the views of the map share: reading an address, and how long an answer may be kept."""

import gzip
import hashlib
import re

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers

from geodata.forms import Asked, Menu, asked, chosen_layers, menu_of
from geodata.layers import all_layers
from geodata.models import Community

GEOJSON = "application/geo+json"
KEPT = 300  # seconds that browsers may keep a base map
_ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")


def asked_of(request: HttpRequest, community: Community) -> tuple[Asked, Menu]:
    """What the address asks for, and what it could ask for."""
    layers = all_layers()
    menu = menu_of(layers, chosen_layers(request.GET, layers)[0], community.pk)
    return asked(request.GET, menu, community, community.day_of(timezone.now())), menu


def never_kept(response: HttpResponse) -> HttpResponse:
    """An answer that is asked for anew each time."""
    response.headers["Cache-Control"] = "no-store"
    return response


def kept(request: HttpRequest, response: HttpResponse, *, seconds: int = KEPT) -> HttpResponseBase:
    """The same for everybody: kept for so many seconds, then asked for again by its ETag."""
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.headers["ETag"] = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    unchanged = get_conditional_response(request, etag=response.headers["ETag"])
    return unchanged or compressed(request, response)


def compressed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Gzips an answer that holds no secret, for browsers that read it."""
    patch_vary_headers(response, ["Accept-Encoding"])
    if len(response.content) > 500 and _ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")):
        response.content = gzip.compress(response.content, compresslevel=5, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    return response
