"""Towns drawn in the test: named points on a grid, so that a reader sees the geography that a test speaks of.

    town = grid("A . B",
                ". p .",
                "D . C")
    town["p"]                          # a point, SRID 4326
    town.area("ABCD")                  # a square with p in the middle
    town.area("ABCD", hole="abcd")     # … with a hole
    town.area("ABCD", "EFGH")          # two parts

North is up, east is right. The south-west corner lies at ORIGIN, near the invented town of Яворин.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.gis.geos import LineString, MultiPolygon, Point, Polygon

ORIGIN = (28.46, 49.22)  # longitude, latitude
EMPTY = "."
WGS84 = 4326
_EQUATOR = 6_378_137.0  # metres
_SQUARED_ECCENTRICITY = 0.00669437999014

Box = tuple[float, float, float, float]


def degrees_per_metre(latitude: float) -> tuple[float, float]:
    """How many degrees of longitude and of latitude one metre spans there, on the WGS 84 ellipsoid."""
    sine = math.sin(math.radians(latitude))
    bend = 1 - _SQUARED_ECCENTRICITY * sine * sine
    across = _EQUATOR / math.sqrt(bend) * math.cos(math.radians(latitude))
    along = _EQUATOR * (1 - _SQUARED_ECCENTRICITY) / bend**1.5
    return math.degrees(1 / across), math.degrees(1 / along)


@dataclass(frozen=True, slots=True)
class Town:
    """Named points of a drawing. Coordinates are longitude and latitude, SRID 4326."""

    places: Mapping[str, tuple[float, float]]
    size: tuple[float, float]  # degrees from west to east and from south to north
    origin: tuple[float, float]

    def __getitem__(self, name: str) -> Point:
        """The point of that name. Raises KeyError when nothing is drawn under it."""
        return Point(*self.places[name], srid=WGS84)

    def ring(self, names: Iterable[str]) -> list[tuple[float, float]]:
        """Coordinates of a closed ring through the named points; "ABCD" goes A, B, C, D, A."""
        corners = [self.places[name] for name in names]
        return [*corners, corners[0]]

    def polygon(self, names: Iterable[str], hole: Iterable[str] = ()) -> Polygon:
        """A polygon with these corners and perhaps a hole."""
        rings = [self.ring(names)]
        inside = list(hole)
        if inside:
            rings.append(self.ring(inside))
        return Polygon(*rings, srid=WGS84)

    def area(self, *parts: Iterable[str], hole: Iterable[str] = ()) -> MultiPolygon:
        """A boundary for a community or an area: a part for each ring of names; the hole is in the first."""
        first, *others = parts
        return MultiPolygon(self.polygon(first, hole), *map(self.polygon, others), srid=WGS84)

    def line(self, names: Iterable[str]) -> LineString:
        """A line through the named points."""
        return LineString([self.places[name] for name in names], srid=WGS84)

    def whole(self) -> MultiPolygon:
        """The rectangle of the drawing, corner to corner."""
        return MultiPolygon(Polygon.from_bbox(self.box()), srid=WGS84)

    def box(self, margin: float = 0.0) -> Box:
        """West, south, east, north of the drawing, widened by `margin` degrees on each side."""
        west, south = self.origin
        width, height = self.size
        return west - margin, south - margin, west + width + margin, south + height + margin


def grid(*rows: str, cell: float = 100.0, origin: tuple[float, float] = ORIGIN) -> Town:
    """Reads a drawing: rows from north to south, names apart by spaces, "." for nothing.

    Neighbours are `cell` metres apart. Raises ValueError when rows differ in length or a name is drawn twice.
    """
    table = [row.split() for row in rows]
    if not table or len({len(row) for row in table}) != 1 or not table[0]:
        raise ValueError("All rows of a drawing have the same number of places.")
    east, north = (cell * step for step in degrees_per_metre(origin[1]))
    places: dict[str, tuple[float, float]] = {}
    for up, row in enumerate(reversed(table)):
        for right, name in enumerate(row):
            if name == EMPTY:
                continue
            if name in places:
                raise ValueError(f"{name!r} is drawn twice.")
            places[name] = (origin[0] + right * east, origin[1] + up * north)
    return Town(places, ((len(table[0]) - 1) * east, (len(table) - 1) * north), origin)
