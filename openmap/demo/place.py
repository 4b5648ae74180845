"""From the units of the drawing to the globe and to addresses. Яворин lies in the woods of Полісся, 25 km from the
nearest real town."""

import math
from functools import cache

import shapely
from django.contrib.gis.geos import GEOSGeometry, Point
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.models import WGS84
from openmap.demo.layout import TERRITORY
from openmap.demo.town import draw_town, lines_of

ORIGIN = (29.27, 51.0)  # longitude and latitude of MIDDLE
MIDDLE = (1180.0, 780.0)  # a point of the drawing
METRES = 2.5  # one unit of the drawing: the town is 2.7 km across, its community 5.4 km
HOUSE = 14.0  # metres of street front per house number
_EQUATOR = 6_378_137.0  # WGS 84, metres
_SQUARED_ECCENTRICITY = 0.00669437999014


@cache
def _degrees_per_unit() -> tuple[float, float]:
    """Degrees of longitude and latitude that one unit spans, on the WGS 84 ellipsoid at ORIGIN."""
    latitude = math.radians(ORIGIN[1])
    bend = 1 - _SQUARED_ECCENTRICITY * math.sin(latitude) ** 2
    across = _EQUATOR / math.sqrt(bend) * math.cos(latitude)
    along = _EQUATOR * (1 - _SQUARED_ECCENTRICITY) / bend**1.5
    return math.degrees(METRES / across), math.degrees(METRES / along)


def on_globe(shape: BaseGeometry) -> BaseGeometry:
    """The shape in longitude and latitude, SRID 4326, to seven digits (a centimetre)."""
    east, north = _degrees_per_unit()
    moved = shapely.transform(shape, lambda xy: (xy - MIDDLE) * (east, -north) + ORIGIN)
    return shapely.make_valid(shapely.set_precision(moved, 1e-7))


def stored(shape: BaseGeometry) -> GEOSGeometry:
    """The shape as Django stores it, SRID 4326."""
    return GEOSGeometry(memoryview(shapely.to_wkb(on_globe(shape))), srid=WGS84)


def spot(name: str, along: float) -> tuple[Point, str]:
    """A place of that name in Яворин: the point (SRID 4326) and the address; `along` goes from 0 to 100.

    On a street it is the share of its length, in a park the share of its width. Raises KeyError.
    """
    shape = draw_town().where(name)
    if isinstance(shape, LineString):
        here = shape.interpolate(along / 100, normalized=True)
        address = f"{name}, {max(1, round(shape.length * METRES * along / 100 / HOUSE))}"
    else:
        here = _across(shape).interpolate(along / 100, normalized=True)
        address = name
    point = stored(shapely.Point(here.x, here.y))
    assert isinstance(point, Point)
    return point, address


def _across(park: BaseGeometry) -> LineString:
    """The widest stretch of the line from west to east through the park's middle."""
    west, _, east, _ = park.bounds
    height = park.representative_point().y
    crossing = park.intersection(LineString([(west, height), (east, height)]))
    return max(lines_of(crossing), key=lambda part: float(part.length))


def neighbour() -> tuple[BaseGeometry, dict[str, LineString], list[Polygon]]:
    """Соснівка, the small community to the east: its land, its two streets and its houses, units of the drawing."""
    land = Polygon([(2100, 300), (2900, 260), (2960, 1120), (2060, 1180)]).difference(TERRITORY)
    streets = {
        "вул. Центральна": LineString([(2380, 640), (2520, 600), (2700, 610), (2860, 560)]),
        "вул. Пісочна": LineString([(2520, 600), (2540, 760), (2600, 900)]),
    }
    houses = [
        shapely.box(at.x - 3, at.y + side * 12 - 3, at.x + 3, at.y + side * 12 + 3)
        for street in streets.values()
        for at in (street.interpolate(step) for step in range(20, int(street.length), 22))
        for side in (1, -1)
    ]
    return land, streets, houses
