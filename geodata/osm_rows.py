"""From things of OpenStreetMap to streets and houses: whose settlement they are in, and which houses are one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import shapely
from shapely.geometry import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry

from geodata.address_rows import MOST_KEY, MOST_LOCALITY, AddressRow, middle_of
from geodata.osm_reading import OsmThing
from geodata.osm_tags import Names, house_of, is_settlement, is_square, is_street_line, names_of, one_line
from geodata.problems import Place
from geodata.shapes import kilometres
from geodata.street_words import number_key

SAME_HOUSE = 0.3  # km; farther apart they are houses of two streets of one name


@dataclass(frozen=True, slots=True)
class _Street:
    names: Names
    place: Place
    path: MultiLineString | None


@dataclass(frozen=True, slots=True)
class _House:
    identity: str
    street: str
    number: str
    city: str
    place: Place


@dataclass(slots=True)
class OsmAddresses:
    """Collects what a file says of streets and houses; `rows` when it was read to its end."""

    streets: list[_Street] = field(default_factory=list)
    houses: list[_House] = field(default_factory=list)
    settlements: list[tuple[str, BaseGeometry]] = field(default_factory=list)
    left_out: int = 0  # names that are too long

    def add(self, thing: OsmThing) -> None:
        """Takes a thing that lies in the community."""
        tags, shape = thing.tags, thing.shape
        is_polygon = shape.geom_type.endswith("Polygon")
        if is_polygon and is_settlement(tags):
            self.settlements.append((one_line(tags["name"])[:MOST_LOCALITY], shape))
        if is_square(tags) if is_polygon else is_street_line(tags):
            names = names_of(tags)
            if names is None:
                self.left_out += 1
            else:
                path = MultiLineString([shape]) if isinstance(shape, LineString) else None
                self.streets.append(_Street(names, middle_of(shape), path))
        if (is_polygon or shape.geom_type == "Point") and (house := house_of(tags)):
            street, numbers = house
            city = one_line(tags.get("addr:city", ""))[:MOST_LOCALITY]
            place = middle_of(shape)
            self.houses += [_House(thing.identity, street, number, city, place) for number in numbers]

    def rows(self) -> list[AddressRow]:
        """Streets first, then houses, each once; buildings speak before points."""
        houses = sorted(self.houses, key=lambda one: (one.identity[0] == "n", one.identity[0], int(one.identity[1:])))
        at = [*(one.place for one in self.streets), *(one.place for one in houses)]
        named = self._settled(at, houses)
        streets = [
            _street_row(one, locality) for one, locality in zip(self.streets, named[: len(self.streets)], strict=True)
        ]
        return [*streets, *_house_rows(houses, named[len(self.streets) :])]

    def _settled(self, places: Sequence[Place], houses: Sequence[_House]) -> list[str]:
        """The settlement of each street, then of each house: by its polygon, by the address, by the houses beside.

        All "" in a community of one settlement.
        """
        found = _by_polygon(places, self.settlements)
        first = len(self.streets)
        for at, house in enumerate(houses, start=first):
            found[at] = found[at] or house.city
        beside: dict[str, list[tuple[Place, str]]] = {}
        for at, house in enumerate(houses, start=first):
            if found[at]:
                beside.setdefault(house.street, []).append((house.place, found[at]))
        for at, street in enumerate(self.streets):
            own = beside.get(street.names.name)
            if not found[at] and own:
                x, y = street.place
                found[at] = min(own, key=lambda one: (one[0][0] - x) ** 2 + (one[0][1] - y) ** 2)[1]
        return found if len(set(found) - {""}) > 1 else [""] * len(found)


def _by_polygon(places: Sequence[Place], settlements: Sequence[tuple[str, BaseGeometry]]) -> list[str]:
    """The name of the smallest settlement around each place, "" for none."""
    found = [""] * len(places)
    size = [float("inf")] * len(places)
    if not settlements or not places:
        return found
    points, polygons = shapely.STRtree([shape for _name, shape in settlements]).query(
        shapely.points(places), predicate="within"
    )
    for point, polygon in zip(points.tolist(), polygons.tolist(), strict=True):
        name, shape = settlements[polygon]
        if shape.area < size[point]:
            found[point], size[point] = name, shape.area
    return found


def _street_row(street: _Street, locality: str) -> AddressRow:
    names = street.names
    key = f"{locality}|{names.name}|".casefold()[:MOST_KEY]
    return AddressRow(0, key, names.name, "", locality, names.former, street.place, street.path, names.others)


def _house_rows(houses: Iterable[_House], localities: Iterable[str]) -> Iterator[AddressRow]:
    """A building has several doors and shops with its address: what stands near is one house."""
    known: dict[str, Place] = {}
    for house, locality in zip(houses, localities, strict=True):
        number = number_key(house.number)
        if not number:
            continue
        key = f"{locality}|{house.street}|{number}".casefold()[:MOST_KEY]
        row = AddressRow(0, key, house.street, house.number, locality, (), house.place)
        if key not in known:
            known[key] = house.place
            yield row
        elif kilometres(known[key], house.place) > SAME_HOUSE:
            yield replace(row, key=f"{key[: MOST_KEY - 20]}|{house.identity}")
