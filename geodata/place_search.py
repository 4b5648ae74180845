"""What a person may mean by what they typed or pasted where a place is asked: one door for pages and forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.contrib.gis.geos import Point
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from geodata.address_sources import Found, Sure
from geodata.addresses import MOST, ROOT, find_addresses, nearest_address
from geodata.boxes import Corner
from geodata.geocoders import Geocoded, ask_geocoder
from geodata.models import WGS84, Address, Community, Street, local_name
from geodata.pasted_places import Around, Pasted, UnreadablePlaceError, is_place, read_place
from geodata.street_words import words_of

__all__ = ["Option", "Suggestion", "is_place", "place_of_text", "search_places", "suggestion_for"]


@dataclass(frozen=True, slots=True)
class Option:
    """One place to choose. `address` goes into the field, "" for a place without one; `note` says how sure it is.

    `missing`: the number that was typed, when only its street is known: the pin is to be moved.
    """

    label: str
    place: Corner
    address: str
    note: str
    missing: str = ""

    @property
    def value(self) -> str:
        """Longitude, latitude and address in one word of a form."""
        return f"{self.place[0]:.6f},{self.place[1]:.6f},{self.address}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found. `trouble`: why what was typed cannot be a place, "" when it can; `is_pasted`: it was a place;
    `note`: what was not asked, beside the outcome."""

    options: tuple[Option, ...] = ()
    trouble: str = ""
    is_pasted: bool = False
    note: str = ""

    @property
    def said(self) -> str:
        """The outcome in one line, for those who do not see the list."""
        if self.trouble:
            return self.trouble
        if not self.options:
            told = _("Nothing was found. Write it shorter, or show the place on the map.")
        else:
            told = _("Found: %(count)s") % {"count": len(self.options)}
        return f"{told} {self.note}".strip()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The address that a point is called by. `words`: with the distance."""

    address: str
    words: str
    metres: int


def place_of_text(text: str, community: Community) -> Pasted | None:
    """The place that a text is: coordinates, a link, a Plus Code; None for an address. Raises UnreadablePlaceError.

    Call it inside the community's scope.
    """
    return read_place(text, Around(lambda place: _covers(community, place), lambda name: _locality(community, name)))


def search_places(text: str, *, community: Community, on: date, near: Point | None = None) -> Answer:
    """What the text may mean, the likeliest first. Call it inside the community's scope."""
    try:
        pasted = place_of_text(text, community)
    except UnreadablePlaceError as mistake:
        return Answer(trouble=mistake.words, is_pasted=True)
    if pasted:
        return Answer((_of_pasted(pasted, community, on),), is_pasted=True)
    found = find_addresses(text, community=community, on=on, near=near)
    other = _asked_elsewhere(text, found, community)
    known = {one.label for one in found}
    listed = [*found, *(one for one in other.found if one.label not in known)][:MOST]
    note = _("The other search of addresses does not answer now.") if other.failed else ""
    return Answer(tuple(_of_found(one) for one in listed), note=note)


def _asked_elsewhere(text: str, found: Sequence[Found], community: Community) -> Geocoded:
    """What a geocoder knows, where nothing was found, or no house and there is no list of houses here."""
    if found and (not all(one.is_street for one in found) or Address.objects.filter(community=community).exists()):
        return Geocoded()
    return ask_geocoder(text, community=community, covers=lambda place: _covers(community, place))


def suggestion_for(point: Point, *, community: Community, on: date) -> Suggestion | None:
    """What a place (SRID 4326) is called; None where nothing is near. Call it inside the community's scope."""
    found = nearest_address(point, community=community, on=on)
    if not found:
        return None
    metres = round(found.metres or 0)
    told = {"address": found.label, "metres": metres}
    words = _("by %(address)s · %(metres)s m") % told if metres else _("at %(address)s") % told
    return Suggestion(found.label, words, metres)


def _of_found(found: Found) -> Option:
    """What was typed stays in the field, also where the number of the house is not known."""
    address = f"{found.label}, {found.missing}" if found.missing else found.label
    return Option(found.label, found.place, address, _note(found), found.missing)


def _of_pasted(pasted: Pasted, community: Community, on: date) -> Option:
    """The place itself, with the address that is near."""
    near = suggestion_for(Point(*pasted.corner, srid=WGS84), community=community, on=on)
    notes = [near.words] if near else []
    if pasted.swapped:
        notes.append(_("latitude and longitude were the other way round"))
    label = f"{pasted.lat:.6f}, {pasted.lon:.6f}"
    return Option(label, pasted.corner, label, " · ".join(notes))


def _note(found: Found) -> str:
    notes = []
    if found.former:
        notes.append(_("formerly %(name)s") % {"name": found.former})
    if found.sure is Sure.STREET:
        notes.append(_("No. %(number)s is not in the list: show it on the map") % {"number": found.missing})
    elif found.sure is Sure.CLOSE:
        notes.append(_("similar"))
    elif found.sure is Sure.GUESS:
        notes.append(_("perhaps"))
    return " · ".join(notes)


def _covers(community: Community, place: Corner) -> bool:
    """True inside the boundary; without one, within half a degree of where the map opens."""
    here = Community.objects.filter(pk=community.pk)
    if here.filter(boundary__covers=Point(*place, srid=WGS84)).exists():
        return True
    if here.filter(boundary__isnull=False).exists():
        return False
    return abs(place[0] - community.centre.x) < 0.5 and abs(place[1] - community.centre.y) < 0.5


def _locality(community: Community, name: str) -> Corner | None:
    """Where a settlement of the community, or a community of that name, is; "" is this one; None for an unknown."""
    words = words_of(name)
    if not words or _is_called(community, words):
        return community.centre.x, community.centre.y
    for street in Street.objects.filter(community=community).exclude(locality="").order_by("locality", "pk"):
        if words_of(street.locality) == words[: len(words_of(street.locality))]:
            return street.middle.x, street.middle.y
    called = [other for other in Community.objects.defer("boundary").order_by("pk") if _is_called(other, words)]
    return (called[0].centre.x, called[0].centre.y) if len(called) == 1 else None


def _is_called(community: Community, words: list[str]) -> bool:
    """True when the first word is the community's name, or the root of it."""
    names = [*words_of(community.name), *words_of(local_name(community, get_language() or "uk"))]
    root = words[0][: max(ROOT, len(words[0]) - 3)]
    return any(name == words[0] or (len(root) >= ROOT and name.startswith(root)) for name in names)
