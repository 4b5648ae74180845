"""From the units of the drawing to the globe and to addresses. Яворин lies in the woods of Полісся, where no town is:
docs/demo.md says how far the nearest real one is."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry, Point
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.models import WGS84
from openmap.demo.buildings import apart
from openmap.demo.curves import line, lines_of
from openmap.demo.layout import METRES, TERRITORY
from openmap.demo.town import draw_town
from openmap.demo.ways import number_at

ORIGIN = (29.27, 51.0)  # longitude and latitude of MIDDLE
MIDDLE = (1180.0, 780.0)  # a point of the drawing
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
    return all_on_globe([shape])[0]


def all_on_globe(shapes: Sequence[BaseGeometry] | Any) -> list[BaseGeometry]:
    """The same of many shapes, a list or an array, at once."""
    east, north = _degrees_per_unit()
    array = np.array(shapes, dtype=object)
    moved = shapely.transform(array, lambda xy: (xy - MIDDLE) * (east, -north) + ORIGIN)
    found: list[BaseGeometry] = shapely.make_valid(shapely.set_precision(moved, 1e-7)).tolist()
    return found


def stored(shape: BaseGeometry) -> GEOSGeometry:
    """The shape as Django stores it, SRID 4326."""
    return all_stored([shape])[0]


def all_stored(shapes: Sequence[BaseGeometry]) -> list[GEOSGeometry]:
    """The same of many shapes at once."""
    return [GEOSGeometry(memoryview(wkb), srid=WGS84) for wkb in shapely.to_wkb(all_on_globe(shapes))]


def spot(name: str, along: float) -> tuple[Point, str]:
    """A place of that name in Яворин: the point (SRID 4326) and the address; `along` goes from 0 to 100.

    On a street it is the share of its length, in a park the share of its width. Raises KeyError.
    """
    shape = draw_town().where(name)
    if isinstance(shape, LineString):
        here = shape.interpolate(along / 100, normalized=True)
        address = f"{name}, {number_at(name, shape.length * along / 100)}"
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


# How the state road goes on in the neighbour's land.
APPROACH = line((2100, 620), (2320, 560), (2380, 640))


def neighbour() -> tuple[BaseGeometry, dict[str, LineString], list[Polygon]]:
    """Соснівка, the small community to the east: its land, its two streets and its houses, units of the drawing."""
    land = Polygon([(2100, 300), (2900, 260), (2960, 1120), (2060, 1180)]).difference(TERRITORY)
    streets = {
        "вул. Центральна": LineString([(2380, 640), (2520, 600), (2700, 610), (2860, 560)]),
        "вул. Пісочна": LineString([(2520, 600), (2540, 760), (2600, 900)]),
    }
    wide, aside = 5 / METRES, 18 / METRES  # half a house, and from the middle of the street to the house's
    houses = [
        shapely.box(at.x - wide, at.y + side * aside - wide, at.x + wide, at.y + side * aside + wide)
        for street in streets.values()
        for at in (street.interpolate(step) for step in range(12, int(street.length), 4))
        for side in (1, -1)
    ]
    lanes = shapely.union_all([street.buffer(8 / METRES) for street in streets.values()])
    clear = [house for house in houses if not house.intersects(lanes)]
    return land, streets, [clear[at] for at in apart(np.array(clear, dtype=object), 2 / METRES)]
