"""Base map files, read in parts. Anybody may read them: they hold what the map shows."""

import os

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, parse_http_date_safe
from django.views.decorators.http import require_safe

from geodata.basemap_files import file_at
from geodata.ranges import FilePart, OutOfRangeError, Stretch, asked_stretch

PMTILES = "application/vnd.pmtiles"
# A file never changes under its address; a proxy that compressed it would send other bytes than those asked for.
KEPT_FOR_GOOD = "public, max-age=31536000, immutable, no-transform"


@require_safe
def base_tiles(request: HttpRequest, owner: str, version: str) -> HttpResponseBase:
    """A PMTiles file, or the part of it that the Range header names.

    404 when this version is not kept; 206 for one range, 416 for one past the end, the whole file for several; 304 and
    412 by its ETag and date.
    """
    found = file_at(owner, version)
    if found is None:
        raise Http404
    try:
        file = found.path.open("rb")
    except OSError as lost:
        raise Http404 from lost
    facts = os.fstat(file.fileno())
    size, changed, etag = facts.st_size, int(facts.st_mtime), f'"{version}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag, last_modified=changed)
    if response is None:
        try:
            stretch = asked_stretch(request.headers["Range"], size) if _may_be_part(request, etag, changed) else None
            response = _sent(request, FilePart(file, stretch or Stretch(0, size)), size, stretch)
        except OutOfRangeError:
            response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    if not response.streaming:
        file.close()
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = etag
    response.headers["Last-Modified"] = http_date(changed)
    response.headers["Cache-Control"] = KEPT_FOR_GOOD if response.status_code < 400 else "no-store"
    return response


def _sent(request: HttpRequest, part: FilePart, size: int, stretch: Stretch | None) -> HttpResponseBase:
    headers = {"Content-Length": str(stretch.length if stretch else size)}
    if stretch:
        headers["Content-Range"] = stretch.content_range(size)
    if request.method == "HEAD":
        return HttpResponse(content_type=PMTILES, headers=headers)
    return StreamingHttpResponse(part, status=206 if stretch else 200, content_type=PMTILES, headers=headers)


def _may_be_part(request: HttpRequest, etag: str, changed: int) -> bool:
    """A range is asked for, and If-Range, when there is one, names this very file. Ranges are for GET alone."""
    if request.method != "GET" or "Range" not in request.headers:
        return False
    condition = request.headers.get("If-Range", "").strip()
    if not condition:
        return True
    return condition == etag or parse_http_date_safe(condition) == changed
