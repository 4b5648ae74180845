"""What the views of the map share: reading an address, and how long an answer may be kept."""

import gzip
import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language

from geodata.forms import Asked, Menu, asked, menu_of
from geodata.layers import all_layers
from geodata.models import Community
from geodata.replica import read_alias

GEOJSON = "application/geo+json"
KEPT = 300  # seconds that browsers may keep a base map
_ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")


def asked_of(request: HttpRequest, community: Community) -> tuple[Asked, Menu]:
    """What the address asks for, and what it could ask for."""
    layers = all_layers()
    menu = menu_of(request.GET, layers, community.pk)
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


def briefly_kept(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Gives the same answer again for as long as the cache “answers” keeps it, before anything is read.

    For views that look at nothing but the address, the language and whether the browser reads gzip: many people who
    look at the same part of a city ask the same. Only whole answers (200, 204) are kept.
    """

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        kind = "gzip" if _ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")) else ""
        key = hashlib.sha256(f"{read_alias()} {kind} {get_language()} {request.get_full_path()}".encode()).hexdigest()
        is_read = request.method in {"GET", "HEAD"}
        if is_read and (known := caches["answers"].get(key)):
            status, content, headers = known
            again = HttpResponse(content, status=status, headers=headers)
            return get_conditional_response(request, etag=headers.get("ETag"), response=again) or again
        response = view(request, *args, **kwargs)
        if isinstance(response, HttpResponse) and response.status_code in {200, 204} and request.method == "GET":
            caches["answers"].set(key, (response.status_code, response.content, dict(response.headers)))
        return response

    return inner
