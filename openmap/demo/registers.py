"""Registers of Яворин, as a city would bring them: houses with numbers and keepers, roads, street lights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from openmap.demo.city import WEST
from openmap.demo.keepers import House, keepers_of
from openmap.demo.layout import METRES, ROADS
from openmap.demo.place import all_on_globe
from openmap.demo.town import Town
from openmap.demo.ways import Way, addresses_in, ways_of
from routing.models import Register
from routing.register_rows import AssetRow

STATE_ROAD = "проспект Миру"
ENTRANCE = 20.0  # metres of a house with flats per entrance
LAMPS = 900
# Streets that have lights besides the main roads. The railway keeps those of the first two.
OF_THE_STATION = ("вул. Станційна", "вул. Перонна")
LIT = (
    *OF_THE_STATION, "вул. Молодіжна", "вул. Сонячна", "вул. Космонавтів", "вул. Кобзарська", "вул. Козацька",
    "вул. Соснова", "вул. Берегова", "вул. Порцелянова", "вул. Шкільна", "вул. Ринкова", "бульв. Незалежності",
    "вул. Залізнична",
)  # fmt: skip
ASIDE, ASIDE_OF_ROAD = 4.5 / METRES, 8 / METRES  # from the middle of a way to its lights


@dataclass(frozen=True, slots=True)
class Sheet:
    """One register with its rows."""

    code: str
    name: str
    name_en: str
    kind: str
    rows: list[AssetRow]


def draw_registers(town: Town, *, names: Mapping[str, str]) -> list[Sheet]:
    """Roads, houses and street lights. `names`: key of an organisation → its name, by which rows name keepers."""
    ways = ways_of(town)
    kinds = Register.Kind
    return [
        Sheet("roads", "Дороги й вулиці", "Roads and streets", kinds.ROADS, list(_roads(ways, names))),
        Sheet("houses", "Будинки", "Houses", kinds.BUILDINGS, list(_houses(town, ways, names))),
        Sheet("lamps", "Вуличні ліхтарі", "Street lights", kinds.LAMPS, list(_lamps(ways, names))),
    ]


def _roads(ways: Sequence[Way], names: Mapping[str, str]) -> Iterator[AssetRow]:
    """Main roads beyond the town too; streets as they are."""
    shapes = all_on_globe([ROADS.get(way.name, shapely.MultiLineString(way.pieces)) for way in ways])
    for number, (way, shape) in enumerate(zip(ways, shapes, strict=True), start=1):
        if way.name == STATE_ROAD:
            keeper = names["state-roads"]
        else:
            keeper = names["west-roads" if way.district in WEST else "roads"]
        yield _row(number, f"r-{number:03}", name=way.name, keeper=keeper, shape=shape)


def _houses(town: Town, ways: Sequence[Way], names: Mapping[str, str]) -> Iterator[AssetRow]:
    """Every drawn building by the street that it stands nearest to."""
    plans = np.array([building.shape for building in town.buildings], dtype=object)
    addresses = addresses_in(ways, shapely.centroid(plans))
    keepers = keepers_of(
        [
            House(order, building.district, address.street, address.number)
            for order, (building, address) in enumerate(zip(town.buildings, addresses, strict=True))
            if building.has_flats
        ]
    )
    rows = zip(town.buildings, addresses, all_on_globe(plans), strict=True)
    for order, (building, address, shape) in enumerate(rows):
        flats = building.has_flats
        yield _row(
            order + 1,
            f"b-{order + 1:05}",
            name=address.street,
            number=str(address.number),
            keeper=names[keepers[order]] if order in keepers else "",
            entrances=max(1, round(building.length / ENTRANCE)) if flats else None,
            shape=shape,
            attributes={"поверхів": building.floors} if flats else {},
        )


def _lamps(ways: Sequence[Way], names: Mapping[str, str]) -> Iterator[AssetRow]:
    """LAMPS lights, evenly along main roads and chosen streets, by turns on both sides; the number is that of the line
    and of the pole."""
    lit = [(line, way) for line, way in enumerate(ways, start=1) if way.name in ROADS or way.name in LIT]
    step = sum(way.length for _line, way in lit) / LAMPS
    places: list[BaseGeometry] = []
    told: list[tuple[int, Way, int]] = []
    passed = 0.0
    for line, way in lit:
        first = len(places)
        for piece in way.pieces:
            while (len(places) + 0.5) * step < passed + piece.length:
                places.append(_beside(piece, (len(places) + 0.5) * step - passed, way, is_left=len(places) % 2 == 0))
                told.append((line, way, len(places) - first))
            passed += piece.length
    for order, ((line, way, pole), shape) in enumerate(zip(told, all_on_globe(places), strict=True), start=1):
        keeper = names["station" if way.name in OF_THE_STATION else "light"]
        number = f"{line}-{pole:02}"
        yield _row(order, f"l-{number}", name=way.name, number=number, keeper=keeper, shape=shape)


def _beside(piece: LineString, along: float, way: Way, *, is_left: bool) -> BaseGeometry:
    """A point at the side of a way, so many units from its beginning."""
    here, there = (
        piece.interpolate(along),
        piece.interpolate(along + 0.2 if along + 0.2 < piece.length else along - 0.2),
    )
    dx, dy = there.x - here.x, there.y - here.y
    far = (ASIDE_OF_ROAD if way.name in ROADS else ASIDE) / (dx**2 + dy**2) ** 0.5 * (1 if is_left else -1)
    return shapely.Point(here.x - dy * far, here.y + dx * far)


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
        shape=shape,
        attributes=dict(attributes or {}),
    )
