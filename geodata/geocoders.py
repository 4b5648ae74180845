"""Nominatim and Photon, which an operator may run beside the service: asked only where its own addresses end.

What goes out is the text that was typed and the box of the community; nothing of who asks. The address of the server
is the operator's, redirects are not followed, and whatever comes back is text of strangers: cleaned, cut, and dropped
unless it lies in the community. A server that fails is left alone for a while, and the own search never waits longer
than the timeout.
"""

import hashlib
import http.client
import json
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.checks import CheckMessage, Error

from geodata.address_sources import Found, Sure
from geodata.addresses import label_of
from geodata.boxes import Corner
from geodata.models import Community
from geodata.osm_tags import one_line

log = logging.getLogger(__name__)
MOST = 5  # results that are asked for
SHORTEST, LONGEST = 3, 150  # characters of a text that is sent
MOST_LABEL = 150  # characters of what is shown
MOST_BYTES = 256 * 1024  # of an answer
KEPT = 15 * 60  # seconds that an answer is remembered
LEFT_ALONE = 30  # seconds after a failure
AROUND = 0.15  # degrees around the centre of a community without a boundary
_DOWN: Final = "geocoder-is-down"
Hit = tuple[str, float, float]  # label, longitude, latitude


class GeocoderError(Exception):
    """The server did not answer in time, or what it said is no answer."""

    can_be_logged = True


@dataclass(frozen=True, slots=True)
class Geocoded:
    """What the server found in the community; `failed` when it did not answer."""

    found: tuple[Found, ...] = ()
    failed: bool = False


def ask_geocoder(text: str, *, community: Community, covers: Callable[[Corner], bool]) -> Geocoded:
    """Places outside our own tables that the text may mean; nothing where no geocoder is set. Never raises.

    `covers` tells whether a place lies in the community.
    """
    typed = one_line(text)[:LONGEST]
    if not settings.GEOCODER or len(typed) < SHORTEST:
        return Geocoded()
    try:
        hits = _hits(typed, community)
    except GeocoderError as mistake:
        log.warning("The geocoder failed: %s", mistake)
        cache.set(_DOWN, "1", LEFT_ALONE)
        return Geocoded(failed=True)
    kept = {label: (lon, lat) for label, lon, lat in reversed(hits) if covers((lon, lat))}
    return Geocoded(tuple(Found(label, place, Sure.GUESS) for label, place in reversed(kept.items())))


def _hits(typed: str, community: Community) -> list[Hit]:
    """From memory, else from the server. Raises GeocoderError."""
    key = "geocoded-" + hashlib.sha256(f"{settings.GEOCODER}|{community.pk}|{typed.casefold()}".encode()).hexdigest()
    known: list[Hit] | None = cache.get(key)
    if known is not None:
        return known
    if cache.get(_DOWN):
        raise GeocoderError("it failed a moment ago")
    path, read = _KINDS[settings.GEOCODER]
    asked = {"q": typed, "limit": str(MOST)} | _box(settings.GEOCODER, community)
    try:
        hits = list(read(json.loads(_fetched(f"{path}?{urlencode(asked)}"))))[:MOST]
    except (ValueError, RecursionError) as mistake:
        raise GeocoderError("its answer is not what this kind of server says") from mistake
    cache.set(key, hits, KEPT)
    return hits


def _fetched(path: str) -> bytes:
    """The body of an answer with the status 200. Raises GeocoderError."""
    server = urlsplit(settings.GEOCODER_URL)
    deadline = time.monotonic() + settings.GEOCODER_TIMEOUT
    kind = http.client.HTTPSConnection if server.scheme == "https" else http.client.HTTPConnection
    connection = kind(server.hostname or "", server.port, timeout=settings.GEOCODER_TIMEOUT)
    try:
        connection.request("GET", server.path.rstrip("/") + path, headers={"Accept": "application/json",
                                                                           "Accept-Language": "uk"})  # fmt: skip
        answer = connection.getresponse()
        if answer.status != 200:
            raise GeocoderError(f"it answered {answer.status}")
        return _body(answer, deadline)
    except (OSError, http.client.HTTPException) as mistake:
        raise GeocoderError(type(mistake).__name__) from mistake
    finally:
        connection.close()


def _body(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    """Raises GeocoderError for an answer that is long, in bytes or in time."""
    parts: list[bytes] = []
    size = 0
    while part := answer.read1(65536):
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise GeocoderError("its answer is too long")
        if time.monotonic() > deadline:
            raise GeocoderError("its answer takes too long")
    return b"".join(parts)


def _box(kind: str, community: Community) -> dict[str, str]:
    """The parameters that keep the results in the community's box."""
    x, y = community.centre.x, community.centre.y
    west, south, east, north = community.bounds() or (x - AROUND, y - AROUND, x + AROUND, y + AROUND)
    if kind == "photon":
        return {"bbox": f"{west:.6f},{south:.6f},{east:.6f},{north:.6f}"}
    return {"viewbox": f"{west:.6f},{north:.6f},{east:.6f},{south:.6f}", "bounded": "1", "format": "jsonv2",
            "addressdetails": "1"}  # fmt: skip


def _of_nominatim(said: Any) -> Iterator[Hit]:
    """Raises ValueError for what is no list of places."""
    for one in _listed(said):
        address = one.get("address")
        parts = address if isinstance(address, Mapping) else {}
        street = parts.get("road") or one.get("name") or _text(one.get("display_name")).partition(",")[0]
        yield from _hit(street, parts.get("house_number"), one.get("lon"), one.get("lat"))


def _of_photon(said: Any) -> Iterator[Hit]:
    """Raises ValueError for what is no collection of features."""
    if not isinstance(said, Mapping):
        raise ValueError("not an object")
    for one in _listed(said.get("features")):
        properties, geometry = one.get("properties"), one.get("geometry")
        if isinstance(properties, Mapping) and isinstance(geometry, Mapping):
            place = geometry.get("coordinates")
            lon, lat = place[:2] if isinstance(place, Sequence) and len(place) >= 2 else (None, None)
            street = properties.get("street") or properties.get("name")
            yield from _hit(street, properties.get("housenumber"), lon, lat)


_KINDS: Final[Mapping[str, tuple[str, Callable[[Any], Iterator[Hit]]]]] = {
    "nominatim": ("/search", _of_nominatim),
    "photon": ("/api", _of_photon),
}


def _listed(said: Any) -> list[Mapping[str, Any]]:
    if not isinstance(said, list):
        raise ValueError("not a list")
    return [one for one in said if isinstance(one, Mapping)]


def _hit(street: Any, number: Any, lon: Any, lat: Any) -> Iterator[Hit]:
    """One place, or nothing when it has no name or is nowhere."""
    try:
        x, y = float(lon), float(lat)
    except (TypeError, ValueError):
        return
    label = label_of(one_line(_text(street)), "", one_line(_text(number)))[:MOST_LABEL]
    if label and math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90:
        yield label, x, y


def _text(value: Any) -> str:
    """As it can be stored and shown: half of a pair of surrogates cannot."""
    return value.encode("utf-8", "ignore").decode() if isinstance(value, str) else ""


def check_geocoder(**_given: Any) -> list[CheckMessage]:
    """Says at the start what is wrong with the settings."""
    if not settings.GEOCODER:
        return []
    wrong: list[CheckMessage] = []
    if settings.GEOCODER not in _KINDS:
        wrong.append(Error("MISTO_GEOCODER is nominatim, photon or empty.", id="geodata.E001"))
    try:
        server = urlsplit(settings.GEOCODER_URL)
        is_server = server.scheme in ("http", "https") and bool(server.hostname) and (server.port or 1) > 0
    except ValueError:
        is_server = False
    if not is_server:
        wrong.append(Error("MISTO_GEOCODER_URL is the http(s) address of a server of your own.", id="geodata.E002"))
    if not 0 < settings.GEOCODER_TIMEOUT <= 10:
        wrong.append(Error("MISTO_GEOCODER_TIMEOUT is from 0 to 10 seconds.", id="geodata.E003"))
    return wrong
