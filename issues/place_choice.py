"""The place of a form as words: what was typed, which of the results was taken, and what the pin is called by."""

from collections.abc import Mapping, MutableMapping
from datetime import date
from typing import Any

from django.contrib.gis.geos import Point

from geodata.boxes import Corner
from geodata.models import WGS84, Community
from geodata.pasted_places import UnreadablePlaceError
from geodata.place_search import Answer, is_place, place_of_text, search_places, suggestion_for
from issues.tapmap import number

TAKE = "take:"  # what the button of a result sends begins so: take:<lon>,<lat>,<address>
FIND = "find_place"  # what the button beside the field sends
MOST_ADDRESS = 300  # characters, as in issues.models.Issue; a pasted link may be longer


def place_sent(data: MutableMapping[str, Any], community: Community) -> Corner | None:
    """Where a result that was taken lies, or the place that was pasted and is to be found; None for neither.

    The address that was taken is written into the field.
    """
    do = data.get("do", "")
    if do.startswith(TAKE):
        lon, lat, address = [*do.removeprefix(TAKE).split(",", 2), "", ""][:3]
        place = number(lon), number(lat)
        if all(place) and abs(place[0]) <= 180 and abs(place[1]) <= 90:
            data["address"] = data["suggested"] = address[:MOST_ADDRESS]
            return place
    return pasted_in(data.get("address", ""), community) if do == FIND else None


def pasted_in(text: str, community: Community) -> Corner | None:
    """The place that a text is; None for an address, and for what cannot be read."""
    try:
        pasted = place_of_text(text, community)
    except UnreadablePlaceError:
        return None
    return pasted.corner if pasted else None


def found_for(
    given: Mapping[str, Any], text: str, *, community: Community, on: date, place: Corner | None
) -> Answer | None:
    """What to choose from, when the form was sent to find a place, or has an address and no place; else None."""
    is_asked = given.get("do") == FIND
    if not text.strip() or not (is_asked or (place is None and given.get("do", "send") in ("send", "check"))):
        return None
    near = Point(*place, srid=WGS84) if place else None
    answer = search_places(text, community=community, on=on, near=near)
    return None if answer.is_pasted and not answer.trouble and place else answer


def words_near(place: Corner | None, *, community: Community, on: date) -> str:
    """What the pin is called by, with the distance; "" without a pin, and where nothing is near."""
    found = suggestion_for(Point(*place, srid=WGS84), community=community, on=on) if place else None
    return found.words if found else ""


def address_for(typed: str, of_asset: str, point: Point, *, community: Community, on: date) -> str:
    """The address that a report keeps: the one that was written, else that of the chosen house, else the nearest."""
    if typed and not is_place(typed):
        return typed
    if of_asset:
        return of_asset
    found = suggestion_for(point, community=community, on=on)
    return found.address[:MOST_ADDRESS] if found else ""
