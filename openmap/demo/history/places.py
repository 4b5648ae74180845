"""Where things happened: places of the town as its registers and its map have them, not as it was drawn."""

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.contrib.gis.geos import Point
from django.db.models import Model, QuerySet
from shapely.geometry.base import BaseGeometry

from geodata.models import WGS84, Area, Community, MapShape
from openmap.demo.history.days import Occasion
from openmap.demo.history.spots import Spot
from openmap.demo.history.tale import Place
from routing.models import Asset, Category, Register

Row = TypeVar("Row", bound=Model)

METRES: Final = 111_320.0  # per degree of latitude
OF_FLATS: Final = ("lifts", "heating", "hot-water", "yards")
AT_HOUSES: Final = (*OF_FLATS, "water", "gas", "power", "waste", "cleaning", "playgrounds", "benches", "building")
IN_PARKS: Final[Mapping[str, float]] = {
    "trees": 0.3, "dumps": 0.45, "benches": 0.45, "playgrounds": 0.12, "lamps": 0.06, "animals": 0.15, "cleaning": 0.2,
}  # fmt: skip
DULL: Final = ("кладовище",)  # nobody writes of a playground there


@dataclass(frozen=True, slots=True)
class _House:
    asset: Asset
    shape: BaseGeometry
    street: str
    number: str
    district: int | None


class Places:
    """Chooses places; the same town and the same chance give the same ones."""

    def __init__(self, community: Community) -> None:
        self._north = float(community.centre.y) if community.centre else 49.0
        self._narrow = float(np.cos(np.radians(self._north)))
        self._areas = _shapes(Area.objects.filter(community=community).order_by("code"), "boundary")
        self._houses = self._read_houses(community)
        self._flats = [house for house in self._houses if house.asset.entrances]
        self._roads = self._read_roads(community)
        parks = MapShape.objects.filter(community=community, kind=MapShape.Kind.PARK).order_by("name", "pk")
        self._parks = [(row.name, shape) for row, shape in _shapes(parks, "geometry")]
        self._lamps = list(_assets(community, Register.Kind.LAMPS))
        self._categories = {row.code: row for row in Category.objects.filter(community=community)}
        self._streets = self._liked()

    def of(self, occasion: Occasion, chance: random.Random) -> Place:
        """A place that fits what happened."""
        if occasion.spot:
            return self._of_spot(occasion.spot, chance)
        kind = occasion.kind
        if self._parks and chance.random() < IN_PARKS.get(kind, 0):
            return self._in_park(self._some_park(chance, is_wild=kind == "dumps"), chance)
        if kind == "lamps" and self._lamps:
            return self._at_lamp(chance.choice(self._lamps))
        house = self._house(chance, of_flats=kind in OF_FLATS, district=occasion.district)
        return self._at_house(house, kind, chance) if kind in AT_HOUSES else self._on_road(house, chance)

    def near(self, place: Place, chance: random.Random) -> Place:
        """The same again, a few steps away: of somebody who did not see that it was told."""
        return Place(self._point(place.point.x, place.point.y, chance, 9), place.address, place.street, place.asset,
                     place.entrance)  # fmt: skip

    def _of_spot(self, spot: Spot, chance: random.Random) -> Place:
        fixed = random.Random(f"{spot.code} {spot.pick}")  # noqa: S311
        if spot.where == "lamps":
            return self._along_lamps(spot, fixed, chance)
        if spot.where == "park":
            name, shape = self._parks[spot.pick % len(self._parks)] if self._parks else ("", None)
            if shape is not None:
                there = self._in_park((name, shape), fixed)
                return Place(self._point(there.point.x, there.point.y, chance, spot.within), name, name)
        house = self._house(fixed, of_flats=spot.where == "house", district=None)
        if spot.where == "house":
            return self._at_house(house, spot.kind, chance)
        there = self._on_road(house, fixed)
        return Place(self._point(there.point.x, there.point.y, chance, spot.within), there.address, there.street)

    def _along_lamps(self, spot: Spot, fixed: random.Random, chance: random.Random) -> Place:
        """One of the lamps of one street."""
        by_street = defaultdict(list)
        for asset, shape in self._lamps:
            by_street[asset.name].append((asset, shape))
        long = sorted(street for street, lamps in by_street.items() if len(lamps) >= 4) or sorted(by_street)
        lamps = by_street[fixed.choice(long)]
        return self._at_lamp(chance.choice(lamps[: max(3, int(spot.within / 20))]))

    def _at_lamp(self, lamp: tuple[Asset, BaseGeometry]) -> Place:
        asset, shape = lamp
        where = shape.representative_point()
        address = f"{asset.name}, ліхтар {asset.number}" if asset.number else asset.name
        chosen = asset if self._asks("lamps", Register.Kind.LAMPS) else None
        return Place(Point(round(where.x, 6), round(where.y, 6), srid=WGS84), address, asset.name, chosen)

    def _at_house(self, house: _House, kind: str, chance: random.Random) -> Place:
        middle = house.shape.centroid
        chosen = house.asset if self._asks(kind, Register.Kind.BUILDINGS) else None
        entrances = house.asset.entrances or 0
        entrance = str(chance.randint(1, entrances)) if chosen and entrances and kind in ("lifts", "yards") else ""
        inside = kind in OF_FLATS
        point = self._point(middle.x, middle.y, chance, 2 if inside else 14)
        return Place(point, f"{house.street}, {house.number}", house.street, chosen, entrance)

    def _on_road(self, house: _House, chance: random.Random) -> Place:
        """On the street in front of a house."""
        middle, road = house.shape.centroid, self._roads.get(house.street)
        if road is not None:
            middle = road.interpolate(road.project(middle))
        point = self._point(middle.x, middle.y, chance, 6)
        return Place(point, f"{house.street}, {house.number}", house.street)

    def _in_park(self, park: tuple[str, BaseGeometry], chance: random.Random) -> Place:
        name, shape = park
        west, south, east, north = shape.bounds
        for _try in range(30):
            point = shapely.Point(chance.uniform(west, east), chance.uniform(south, north))
            if shape.contains(point):
                break
        else:
            point = shape.representative_point()
        return Place(Point(round(point.x, 6), round(point.y, 6), srid=WGS84), name, name)

    def _some_park(self, chance: random.Random, *, is_wild: bool) -> tuple[str, BaseGeometry]:
        fits = [park for park in self._parks if is_wild or not any(word in park[0] for word in DULL)]
        return chance.choice(fits or self._parks)

    def _house(self, chance: random.Random, *, of_flats: bool, district: int | None) -> _House:
        """Some streets are written about more than others."""
        pool = self._flats if of_flats and self._flats else self._houses
        if district is not None and (there := [one for one in pool if one.district == district % len(self._areas)]):
            pool = there
        weights = self._streets
        for _try in range(12):
            house = chance.choice(pool)
            if chance.random() < weights[house.street]:
                return house
        return house

    def _liked(self) -> dict[str, float]:
        """How often a street is written about, 0 to 1: most are quiet."""
        names = sorted({house.street for house in self._houses})
        chance = random.Random("streets of Яворин")  # noqa: S311
        return {name: min(1.0, chance.paretovariate(1.1) / 8) for name in names}

    def _asks(self, kind: str, of: Register.Kind) -> bool:
        category = self._categories.get(kind)
        return category is not None and category.register is not None and category.register.kind == of

    def _point(self, lon: float, lat: float, chance: random.Random, within: float) -> Point:
        """Somewhere within so many metres."""
        away, turn = within * chance.random() ** 0.5, chance.uniform(0, 6.2832)
        dx, dy = away * np.cos(turn) / METRES / self._narrow, away * np.sin(turn) / METRES
        return Point(round(float(lon + dx), 6), round(float(lat + dy), 6), srid=WGS84)

    def _read_houses(self, community: Community) -> list[_House]:
        rows = [(asset, shape) for asset, shape in _assets(community, Register.Kind.BUILDINGS) if asset.name]
        tree = shapely.STRtree([shape for _area, shape in self._areas])
        inside, area = tree.query([shape.centroid for _asset, shape in rows], predicate="within")
        of = dict(zip(inside.tolist(), area.tolist(), strict=True))
        return [
            _House(asset, shape, asset.name, asset.number, of.get(order)) for order, (asset, shape) in enumerate(rows)
        ]

    def _read_roads(self, community: Community) -> dict[str, BaseGeometry]:
        parts: dict[str, list[BaseGeometry]] = defaultdict(list)
        for asset, shape in _assets(community, Register.Kind.ROADS):
            parts[asset.name].extend(part for part in shapely.get_parts(shape) if part.length)
        longest = {name: max(lines, key=lambda line: float(line.length)) for name, lines in parts.items() if lines}
        return {name: line for name, line in longest.items() if line.geom_type == "LineString"}


def _assets(community: Community, kind: Register.Kind) -> list[tuple[Asset, BaseGeometry]]:
    """Things of the registers of that kind that are there now, in the order of their keys."""
    rows = Asset.objects.filter(community=community, register__kind=kind, valid_to=None)
    return _shapes(rows.select_related("register").order_by("register__code", "key"), "geometry")


def _shapes(rows: "QuerySet[Row]", column: str) -> list[tuple[Row, BaseGeometry]]:
    """Rows with their shapes, SRID 4326, read at once."""
    found: list[Any] = list(rows.defer(column).annotate(wkb=AsWKB(column)))
    return list(zip(found, shapely.from_wkb([bytes(row.wkb) for row in found]), strict=True))
