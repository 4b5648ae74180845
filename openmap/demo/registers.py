"""Registers of Яворин, as a city would bring them: houses with numbers and keepers, roads, street lights."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.prepared import prep

from openmap.demo.city import WEST
from openmap.demo.layout import BUILT_UP, ROADS
from openmap.demo.place import HOUSE, METRES, on_globe
from openmap.demo.town import Town, lines_of
from routing.models import Register
from routing.register_rows import AssetRow

STATE_ROAD = "проспект Миру"
LONG = 40 / METRES  # units: a longer house has flats and entrances
ENTRANCE = 20.0  # metres of such a house per entrance
NOBODYS = 6  # one in so many houses with flats has no keeper yet
LAMPS = 40 / METRES  # units between two street lights
ASIDE = 2.0  # units from the middle of the street to its lights
OF_THE_STATION = ("вул. Станційна", "вул. Перонна")  # the railway keeps their lights


@dataclass(frozen=True, slots=True)
class Sheet:
    """One register with its rows."""

    code: str
    name: str
    name_en: str
    kind: str
    rows: list[AssetRow]


@dataclass(frozen=True)
class Way:
    """A street or a main road; its longest piece comes first, as house numbers do."""

    name: str
    district: str  # "" for a main road
    pieces: tuple[LineString, ...]

    @cached_property
    def begins(self) -> list[float]:
        """How far along the whole way each piece begins, units."""
        return [sum(float(piece.length) for piece in self.pieces[:number]) for number in range(len(self.pieces))]


def draw_registers(town: Town, *, names: Mapping[str, str]) -> list[Sheet]:
    """Roads, houses and street lights. `names`: key of an organisation → its name, by which rows name keepers."""
    ways = _ways(town)
    kinds = Register.Kind
    return [
        Sheet("roads", "Дороги й вулиці", "Roads and streets", kinds.ROADS, list(_roads(ways, names))),
        Sheet("houses", "Будинки", "Houses", kinds.BUILDINGS, list(_houses(town, ways, names))),
        Sheet("lamps", "Вуличні ліхтарі", "Street lights", kinds.LAMPS, list(_lamps(ways, names))),
    ]


def _ways(town: Town) -> list[Way]:
    main = [(name, "", lines_of(line.intersection(BUILT_UP))) for name, line in ROADS.items()]
    streets = [(street.name, street.district, list(street.pieces)) for street in town.streets]
    return [Way(name, district, tuple(sorted(own, key=lambda one: -one.length))) for name, district, own in
            (*main, *streets)]  # fmt: skip


def _roads(ways: Sequence[Way], names: Mapping[str, str]) -> Iterator[AssetRow]:
    """Main roads beyond the town too; streets as they are."""
    for number, way in enumerate(ways, start=1):
        if way.name == STATE_ROAD:
            keeper = names["state-roads"]
        else:
            keeper = names["west-roads" if way.district in WEST else "roads"]
        shape = ROADS.get(way.name, shapely.MultiLineString(way.pieces))
        yield _row(number, f"r-{number:03}", name=way.name, keeper=keeper, shape=shape)


def _houses(town: Town, ways: Sequence[Way], names: Mapping[str, str]) -> Iterator[AssetRow]:
    """Every drawn building by the street that it stands nearest to: odd numbers on the left, even ones on the right."""
    pieces = [(way, number) for way in ways for number in range(len(way.pieces))]
    nearest = shapely.STRtree([way.pieces[number] for way, number in pieces])
    taken: dict[str, set[int]] = defaultdict(set)
    land = {code: prep(shape) for code, shape in town.districts.items()}
    for order, building in enumerate(town.buildings, start=1):
        middle = building.centroid
        way, number = pieces[int(nearest.nearest(middle))]
        house = _number(way, number, middle, taken[way.name])
        flats = _length(building) >= LONG
        district = next((code for code, shape in land.items() if shape.contains(middle)), "")
        keeper = _manager(district, way.name, order) if flats else ""
        entrances = max(1, round(_length(building) * METRES / ENTRANCE)) if flats else None
        yield _row(
            order,
            f"b-{order:04}",
            name=way.name,
            number=str(house),
            keeper=names[keeper] if keeper else "",
            entrances=entrances,
            shape=building,
            attributes={"поверхів": 5 + order % 2 * 4} if flats else {},
        )


def _number(way: Way, piece: int, middle: Point, taken: set[int]) -> int:
    """The number that fits the place on the street and its side, or the next free one of that side."""
    line = way.pieces[piece]
    along = float(line.project(middle))
    here, there = line.interpolate(max(along - 1, 0)), line.interpolate(along + 1)
    turn = (there.x - here.x) * (middle.y - here.y) - (there.y - here.y) * (middle.x - here.x)
    number = max(1, round((way.begins[piece] + along) * METRES / HOUSE))
    if number % 2 != int(turn < 0):
        number += 1
    while number in taken:
        number += 2
    taken.add(number)
    return number


def _manager(district: str, street: str, order: int) -> str:
    """Key of who keeps a house with flats, or ""."""
    if street == "вул. Сонячна":
        return "sunflower"
    if street == "вул. Ялинкова":
        return "fir"
    if order % NOBODYS == 0:
        return ""
    return "sunny" if district == "soniachnyi" else "manager"


def _length(building: Polygon) -> float:
    corners = [(x, y) for x, y, *_ in building.exterior.coords]
    return max(math.dist(corners[0], corners[1]), math.dist(corners[1], corners[2]))


def _lamps(ways: Sequence[Way], names: Mapping[str, str]) -> Iterator[AssetRow]:
    """Lights by turns on both sides; the number is that of the line and of the pole."""
    order = 0
    for line_number, way in enumerate(ways, start=1):
        keeper = names["station" if way.name in OF_THE_STATION else "light"]
        pole = 0
        for piece in way.pieces:
            for step in range(int(piece.length // LAMPS) + 1):
                order, pole = order + 1, pole + 1
                place = piece.offset_curve(ASIDE if pole % 2 else -ASIDE)
                at = place if not place.is_empty else piece
                shape = at.interpolate((step + 0.5) * LAMPS / max(piece.length, LAMPS), normalized=True)
                number = f"{line_number}-{pole:02}"
                yield _row(order, f"l-{number}", name=way.name, number=number, keeper=keeper, shape=shape)


def _row(
    feature: int,
    key: str,
    *,
    name: str,
    keeper: str,
    shape: BaseGeometry,
    number: str = "",
    entrances: int | None = None,
    attributes: Mapping[str, object] | None = None,
) -> AssetRow:
    return AssetRow(
        feature=feature,
        key=key,
        name=name,
        number=number,
        keeper=keeper,
        edrpou="",
        entrances=entrances,
        shape=on_globe(shape),
        attributes=dict(attributes or {}),
    )
