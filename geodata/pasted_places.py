"""One parser of places that people paste: coordinates in any usual form, links of map programs, Plus Codes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from geodata import pasted_codes, pasted_links
from geodata.boxes import Corner
from geodata.pasted_degrees import Degrees, degrees_in

MOST = pasted_links.MOST  # characters of a text that may be a place

REASONS: dict[str, Any] = {
    "range": _("There is no such place: latitude goes from -90 to 90 and longitude from -180 to 180."),
    "short_link": _(
        "A short link does not tell the place. Open it, and copy the long address from the browser, or the coordinates."
    ),
    "no_place": _("This link does not tell the place. Copy the coordinates from the map program instead."),
    "rough_code": _("This Plus Code is a square of hundreds of metres. Write the longer code of the place."),
    "which_locality": _(
        "It is not known here where “%(locality)s” is. Write the whole Plus Code, which begins like %(code)s."
    ),
}


class UnreadablePlaceError(ValueError):
    """The text is meant as a place, and cannot be one. `words`: why, in the reader's language."""

    def __init__(self, kind: str, **details: str) -> None:
        self.kind = kind
        self.details = details
        super().__init__(kind)

    @property
    def words(self) -> str:
        return str(REASONS[self.kind]) % self.details


@dataclass(frozen=True, slots=True)
class Around:
    """What a text may leave out, because it is read in one community.

    `covers` tells whether a place (lon, lat) lies inside. `locality`: where a named settlement or community is, None
    for an unknown one; "" is the community itself.
    """

    covers: Callable[[Corner], bool]
    locality: Callable[[str], Corner | None]


@dataclass(frozen=True, slots=True)
class Pasted:
    """A place in degrees, WGS 84. `swapped`: latitude and longitude were taken the other way round than is usual,
    because only so the place lies inside."""

    lon: float
    lat: float
    swapped: bool = False

    @property
    def corner(self) -> Corner:
        return self.lon, self.lat


def read_place(text: str, around: Around) -> Pasted | None:
    """The place that a text is, to 1e-6 degrees; None for a text that is none, such as an address.

    It may lie outside the community: nothing but the order of two numbers, and what a short code leaves out, is taken
    from there. Raises UnreadablePlaceError.
    """
    text = text.strip()
    if not text or len(text) > MOST:
        return None
    if degrees := degrees_in(text):
        return _of_degrees(degrees, around)
    if pasted_links.is_link(text):
        return _of_link(text)
    if code := pasted_codes.code_in(text):
        return _of_code(code, around)
    return None


def is_place(text: str) -> bool:
    """True for a text that is coordinates, a link or a Plus Code, whether or not it can be read: no address."""
    text = text.strip()
    if not text or len(text) > MOST:
        return bool(text)
    return degrees_in(text) is not None or pasted_links.is_link(text) or pasted_codes.code_in(text) is not None


def _of_degrees(found: Degrees, around: Around) -> Pasted:
    given, other = (found.longitude, found.latitude), (found.latitude, found.longitude)
    if found.is_ordered:
        return _on_earth(given)
    if _is_on_earth(given) and (around.covers(given) or not (_is_on_earth(other) and around.covers(other))):
        return _on_earth(given)
    return _on_earth(other, swapped=True) if _is_on_earth(other) and around.covers(other) else _on_earth(given)


def _of_link(text: str) -> Pasted:
    try:
        latitude, longitude = pasted_links.place_in_link(text)
    except pasted_links.ShortLinkError:
        raise UnreadablePlaceError("short_link" if pasted_links.is_short(text) else "no_place") from None
    return _on_earth((longitude, latitude))


def _of_code(code: pasted_codes.Code, around: Around) -> Pasted:
    if pasted_codes.is_rough(code):
        raise UnreadablePlaceError("rough_code")
    near = around.locality(code.locality if pasted_codes.is_short(code) else "")
    if near is None:
        home = around.locality("")
        example = pasted_codes.code_of(home)[:4] if home else "8GXC"
        raise UnreadablePlaceError("which_locality", locality=code.locality[:60], code=example)
    return _on_earth(pasted_codes.place_of(code, near=near))


def _is_on_earth(place: Corner) -> bool:
    return abs(place[0]) <= 180 and abs(place[1]) <= 90


def _on_earth(place: Corner, *, swapped: bool = False) -> Pasted:
    """Raises UnreadablePlaceError for degrees that no place has."""
    if not _is_on_earth(place):
        raise UnreadablePlaceError("range")
    return Pasted(round(place[0], 6), round(place[1], 6), swapped)
