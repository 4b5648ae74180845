"""What is drawn so that no ground is bare: woods and fields around Яворин, alleys of its parks."""

from collections.abc import Iterator

import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.shapes import polygons_in
from openmap.demo.curves import blob, lines_of
from openmap.demo.layout import BUILT_UP, METRES, PARKS, POND, RAILWAY, RIVER, ROADS, TERRITORY

_MEADOWS = 70  # units around the town that have no trees
_FIELDS = (
    blob((250, 420), (420, 330), (640, 330), (620, 480), (420, 540), (280, 520)),
    blob((1180, 60), (1420, 70), (1480, 200), (1320, 280), (1190, 250)),
    blob((1800, 560), (2020, 600), (2120, 760), (2000, 900), (1840, 860), (1780, 700)),
    blob((1560, 1220), (1760, 1200), (1820, 1330), (1640, 1440), (1540, 1380)),
    blob((820, 1330), (980, 1320), (1090, 1420), (1020, 1540), (840, 1500)),
    blob((180, 850), (330, 860), (400, 980), (300, 1090), (190, 1040)),
)
_OUTSIDE = ("урочище Пуща", "Вербова діброва", "Гончарівський ліс", "набережна Снитки")  # parks without alleys
_ALLEY = 8  # units from the edge of a park to the alley around it
_SMALLEST = 20_000 / METRES**2


def woods() -> list[Polygon]:
    """Woods of the community besides those that have a name, clear of roads, water, fields and the town."""
    ways = shapely.union_all([*ROADS.values(), RAILWAY]).buffer(40 / METRES)
    open_land = [BUILT_UP.buffer(_MEADOWS), ways, RIVER.buffer(130 / METRES), *_FIELDS, *PARKS.values()]
    found = TERRITORY.difference(shapely.union_all(open_land))
    return [wood for wood in polygons_in(found) if wood.area > _SMALLEST]


def alleys() -> Iterator[LineString]:
    """Paths of the town's parks: one around, two across."""
    for name, park in PARKS.items():
        ground = park.difference(shapely.union_all([RIVER, POND]).buffer(12 / METRES))
        inner = ground.buffer(-_ALLEY if name != "сквер Ткачів" else -2)
        if name in _OUTSIDE or inner.is_empty:
            continue
        yield from lines_of(inner.boundary)
        yield from _across(park, inner)


def _across(park: BaseGeometry, ground: BaseGeometry) -> Iterator[LineString]:
    west, north, east, south = park.bounds
    x, y = (west + east) / 2, (north + south) / 2
    for line in (LineString([(west, y), (x, y - 4), (east, y)]), LineString([(x, north), (x + 5, y - 4), (x, south)])):
        yield from lines_of(line.intersection(ground))
