"""Places in links of map programs. A link is read, never opened: what it does not say itself is not known."""

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

MOST = 4000  # characters of a link that are looked at
LatLon = tuple[float, float]

_NUMBER = r"(-?\d{1,3}(?:\.\d{1,20})?)"
_PAIR = re.compile(rf"{_NUMBER}\s*[, ]\s*{_NUMBER}")
_GOOGLE_PLACE = re.compile(rf"!3d{_NUMBER}!4d{_NUMBER}")
_GOOGLE_VIEW = re.compile(rf"/@{_NUMBER},{_NUMBER}")
_IN_PATH = re.compile(rf"/(?:search|place|dir(?:/[^/]*)?)/{_NUMBER},[+ ]*{_NUMBER}(?:[/?]|$)")
_OSM_VIEW = re.compile(rf"map=\d+(?:\.\d+)?/{_NUMBER}/{_NUMBER}")
_WAZE = re.compile(rf"ll\.{_NUMBER},{_NUMBER}")
# What people looked for comes before where the map looked.
_PAIRS = ("q", "query", "destination", "daddr", "ll", "latlng", "coordinate", "loc", "center", "cp", "sll", "v")
_HALVES = (("mlat", "mlon"), ("lat", "lon"), ("lat", "lng"), ("latitude", "longitude"))
_SHORT_HOSTS = ("maps.app.goo.gl", "goo.gl", "g.co", "maps.apple", "osm.org", "bit.ly", "tinyurl.com", "share.here.com")
_GE0 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_GE0_BITS = 30
_SCHEME = re.compile(
    r"(?:https?|geo|om|ge0|waze|comgooglemaps|google\.navigation|maps|yandexmaps|mapsme)\b:", re.IGNORECASE
)
_HOST = re.compile(
    r"(?:www\.)?(?:maps\.|goo\.gl/|google\.[a-z.]+/maps|openstreetmap\.org|osm\.org|waze\.com|omaps\.app|ge0\.me)",
    re.IGNORECASE,
)


class ShortLinkError(ValueError):
    """The link holds no place: only the site behind it would tell."""


def is_link(text: str) -> bool:
    """True for an address of a page or of a map program, also without https://."""
    return " " not in text.strip()[:12] and bool(_SCHEME.match(text.strip()) or _HOST.match(text.strip()))


def place_in_link(text: str) -> LatLon:
    """(latitude, longitude) that a link names, perhaps out of range. Raises ShortLinkError."""
    link = _first_link(text[:MOST])
    try:
        parts = urlsplit(link)
        found = next(_places(parts), None)
    except ValueError:  # a broken address
        found = None
    if found is None:
        raise ShortLinkError(text[:MOST])
    return found


def is_short(text: str) -> bool:
    """True for a link that a site made short."""
    try:
        host = _host(urlsplit(_first_link(text[:MOST])))
    except ValueError:  # a broken address
        return False
    return any(host == short or host.endswith(f".{short}") for short in _SHORT_HOSTS)


def _first_link(text: str) -> str:
    link = text.split(maxsplit=1)[0] if text.split() else ""
    return link if _SCHEME.match(link) else f"https://{link}"


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").lower().removeprefix("www.")


def _places(parts: SplitResult) -> Iterator[LatLon]:
    """Everything in the link that names a place, the surest first."""
    path, fragment = unquote(parts.path), unquote(parts.fragment)
    query = {name.lower(): values for name, values in parse_qs(parts.query).items()}
    if parts.scheme.lower() == "geo":
        yield from _of_geo(path, query)
    yield from _matches(_GOOGLE_PLACE, path)
    for name in _PAIRS:
        for value in query.get(name, ()):
            yield from _matches(_PAIR, value.removeprefix("loc:"))
    for first, second in _HALVES:
        yield from _matches(_PAIR, f"{query.get(first, [''])[0]},{query.get(second, [''])[0]}")
    yield from _matches(_IN_PATH, path)
    yield from _matches(_WAZE, f"{query.get('to', [''])[0]}")
    yield from _matches(_GOOGLE_VIEW, path)
    yield from _matches(_OSM_VIEW, fragment)
    yield from _matches(_OSM_VIEW, unquote(parts.query))
    yield from _of_ge0(parts)


def _of_geo(path: str, query: dict[str, list[str]]) -> Iterator[LatLon]:
    """RFC 5870; Android writes «geo:0,0?q=49.23,28.46(Name)»."""
    for value in query.get("q", ()):
        yield from _matches(_PAIR, value)
    for latitude, longitude in _matches(_PAIR, path.split(";", maxsplit=1)[0]):
        if (latitude, longitude) != (0, 0):
            yield latitude, longitude


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[LatLon]:
    """The pair of numbers that the pattern finds last; a plain pair only where the text begins with it."""
    found = [pattern.match(text.lstrip())] if pattern is _PAIR else list(pattern.finditer(text))
    for match in found[-1:]:
        if match:
            yield float(match[1]), float(match[2])


def _of_ge0(parts: SplitResult) -> Iterator[LatLon]:
    """Links of Organic Maps: after one letter for the zoom, each letter holds three bits of both coordinates."""
    host = _host(parts)
    if parts.scheme.lower() not in ("ge0", "om") and host not in ("omaps.app", "ge0.me"):
        return
    code = parts.netloc if parts.scheme.lower() in ("ge0", "om") else parts.path.strip("/").split("/")[0]
    letters = [_GE0.find(letter) for letter in code[1:10]]
    if len(letters) < 4 or -1 in letters:
        return
    latitude = longitude = 0
    for place, letter in enumerate(letters):
        shift = _GE0_BITS - 3 * (place + 1)
        latitude |= ((letter >> 5 & 1) << 2 | (letter >> 3 & 1) << 1 | letter >> 1 & 1) << shift
        longitude |= ((letter >> 4 & 1) << 2 | (letter >> 2 & 1) << 1 | letter & 1) << shift
    half = 1 << (_GE0_BITS - 3 * len(letters) - 1)
    yield (latitude + half) / (2**_GE0_BITS - 1) * 180 - 90, (longitude + half) / 2**_GE0_BITS * 360 - 180
