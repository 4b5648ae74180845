"""What the tags of OpenStreetMap mean here: kinds of the drawn base map, names of streets, houses, districts.

The table behind it, with what is left out, is docs/decisions/0026.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from geodata.address_rows import MOST_NAME, MOST_NUMBER
from geodata.models import MapShape

Tags = Mapping[str, str]

KEYS: Final = ("addr:housenumber", "building", "highway", "railway", "waterway", "natural", "landuse", "leisure",
               "place", "boundary")  # fmt: skip
# Districts of a city and of a village council, and what stands between.
DISTRICT_LEVELS: Final = ("8", "9", "10")
SETTLEMENTS: Final = frozenset({"city", "town", "village", "hamlet"})
MOST_NAMES = 20  # of one street that are kept beside
MOST_HOUSES = 10  # numbers of one building: “12;14”

_ROADS = frozenset({"motorway", "trunk", "primary", "secondary"})
_STREETS = frozenset({"tertiary", "unclassified", "residential", "living_street", "pedestrian", "service", "road"})
_NAMED_PATHS = frozenset({"footway", "steps"})  # alleys that have a name, though no cars
_RAILS = frozenset({"rail", "light_rail", "narrow_gauge", "tram"})
_AREAS: Final = {
    MapShape.Kind.WATER: {
        "natural": {"water"}, "waterway": {"riverbank", "dock"}, "landuse": {"reservoir", "basin"},
    },
    MapShape.Kind.PARK: {
        "leisure": {"park", "garden"}, "natural": {"wood"},
        "landuse": {"forest", "recreation_ground", "village_green", "cemetery"},
    },
    MapShape.Kind.LAND: {"landuse": {"residential", "commercial", "retail", "industrial"}},
}  # fmt: skip
# Half the width in metres of water that is drawn as a line only.
_HALF_WIDTHS = {"river": 5.0, "canal": 4.0}
_FORMER = re.compile(r"(?:old_name|was:name)(?:[:_](?:uk|ru|en|\d[\d.-]*))*")
_BESIDE = re.compile(r"(?:alt_name|loc_name|official_name|short_name)(?:[:_](?:uk|ru|en|\d))*|name:(?:uk|ru|en)")


@dataclass(frozen=True, slots=True)
class Names:
    """What a street is called: today, before, and beside."""

    name: str
    former: tuple[str, ...]
    others: tuple[str, ...]


def line_kind(tags: Tags) -> str:
    """The kind of the base map that a line is drawn as; "" for none. Water comes as a line with `half_width`."""
    highway = tags.get("highway", "").removesuffix("_link")
    if highway in _ROADS:
        return MapShape.Kind.ROAD
    if highway in _STREETS and tags.get("area") != "yes":
        return MapShape.Kind.STREET
    is_under = tags.get("tunnel", "no") != "no"
    if tags.get("railway") in _RAILS and not is_under:
        return MapShape.Kind.RAIL
    return MapShape.Kind.WATER if tags.get("waterway") in _HALF_WIDTHS and not is_under else ""


def half_width(tags: Tags) -> float:
    """Metres on each side of a line of water: of its `width`, when that is a sensible number."""
    try:
        told = float(tags.get("width", "").removesuffix("m").strip()) / 2
    except ValueError:
        told = 0.0
    return told if 0.5 <= told <= 500 else _HALF_WIDTHS[tags["waterway"]]


def area_kind(tags: Tags) -> str:
    """The kind of the base map that a polygon is drawn as; "" for none."""
    if tags.get("building", "no") != "no":
        return MapShape.Kind.BUILDING
    for kind, values in _AREAS.items():
        if any(tags.get(key) in wanted for key, wanted in values.items()):
            return kind
    return ""


def is_street_line(tags: Tags) -> bool:
    """True for what houses may be numbered by: a way with a name."""
    highway = tags.get("highway", "").removesuffix("_link")
    return bool(tags.get("name")) and highway in _ROADS | _STREETS | _NAMED_PATHS


def is_square(tags: Tags) -> bool:
    """True for a named square that is drawn as a polygon."""
    is_paved = tags.get("highway") == "pedestrian" or tags.get("place") == "square"
    return is_paved and bool(tags.get("name"))


def is_settlement(tags: Tags) -> bool:
    """True for the polygon of a settlement."""
    return tags.get("place") in SETTLEMENTS and bool(tags.get("name"))


def district_level(tags: Tags) -> str:
    """8, 9 or 10 for the polygon of a part of a community; "" for none."""
    level = tags.get("admin_level", "")
    is_district = tags.get("boundary") == "administrative" and level in DISTRICT_LEVELS and bool(tags.get("name"))
    return level if is_district else ""


def names_of(tags: Tags) -> Names | None:
    """The names of a street; None when the name is too long to be one."""
    name = one_line(tags.get("name", ""))
    if not name or len(name) > MOST_NAME:
        return None
    former = _listed((value for key, value in tags.items() if _FORMER.fullmatch(key)), {name})
    return Names(name, former, _listed((value for key, value in tags.items() if _BESIDE.fullmatch(key)),
                                       {name, *former}))  # fmt: skip


def house_of(tags: Tags) -> tuple[str, list[str]] | None:
    """The street (or village square) and the numbers of a house; None for what has no such address."""
    street = one_line(tags.get("addr:street") or tags.get("addr:place") or "")
    numbers = [one_line(part) for part in re.split("[;,]", tags.get("addr:housenumber", ""))[:MOST_HOUSES]]
    kept = [number for number in dict.fromkeys(numbers) if 0 < len(number) <= MOST_NUMBER]
    return (street, kept) if kept and 0 < len(street) <= MOST_NAME else None


def one_line(text: str) -> str:
    """Without control characters, apart by single spaces."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _listed(values: Iterable[str], known: set[str]) -> tuple[str, ...]:
    parts = (one_line(part) for value in values for part in value.split(";"))
    return tuple(dict.fromkeys(part for part in parts if part and len(part) <= MOST_NAME and part not in known))[
        :MOST_NAMES
    ]
