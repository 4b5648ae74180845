"""Draws Яворин: districts, streets, blocks and buildings out of the layout. The same town every time."""

import random
from dataclasses import dataclass
from functools import cache

import shapely
from shapely import unary_union
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize

from geodata.shapes import polygons_in
from openmap.demo.buildings import Building, draw_buildings
from openmap.demo.curves import lines_of
from openmap.demo.layout import (
    BUILT_UP,
    CUTS,
    DISTRICTS,
    METRES,
    PARKS,
    POND,
    RAILWAY,
    RIVER,
    RIVER_LINE,
    ROADS,
)
from openmap.demo.street_names import STREET_NAMES
from openmap.demo.streets import Street, draw_streets

HALF_ROAD, HALF_STREET = 12 / METRES, 6 / METRES  # from the middle to where plots begin
SHORE, TRACKS = 22 / METRES, 30 / METRES  # what water and the railway keep free
SMALLEST_BLOCK = 900 / METRES**2


@dataclass(frozen=True, slots=True)
class Town:
    """The whole drawing, in its own units."""

    districts: dict[str, Polygon]  # by code
    streets: tuple[Street, ...]
    blocks: tuple[Polygon, ...]  # between streets, where something may be built
    buildings: tuple[Building, ...]

    def where(self, name: str) -> BaseGeometry:
        """The main road, the street or the dry part of the park of that name; of a street, its longest piece. Raises
        KeyError."""
        if name in ROADS:
            return _longest(lines_of(ROADS[name].intersection(BUILT_UP)))
        if name in PARKS:
            return PARKS[name].difference(RIVER)
        pieces = [piece for street in self.streets if street.name == name for piece in street.pieces]
        if not pieces:
            raise KeyError(name)
        return _longest(pieces)


@cache
def draw_town() -> Town:
    """Яворин; takes some seconds, once per process."""
    districts = _districts()
    roads = unary_union(list(ROADS.values()))
    unbuilt = unary_union([unary_union([RIVER, POND]).buffer(SHORE), *PARKS.values(), RAILWAY.buffer(TRACKS)])
    streets = tuple(
        street
        for order, district in enumerate(DISTRICTS)
        for street in draw_streets(
            district,
            districts[district.code],
            unbuilt=unbuilt,
            roads=roads,
            names=STREET_NAMES[district.code],
            chance=random.Random(40 + order),  # noqa: S311
        )
    )
    lanes = shapely.MultiLineString([piece for street in streets for piece in street.pieces])
    blocks = _blocks(roads, lanes, unbuilt)
    return Town(districts, streets, tuple(blocks), tuple(draw_buildings(blocks, districts)))


def _districts() -> dict[str, Polygon]:
    """The built-up land cut along the river and main streets; each face goes to the district it was drawn for, or
    else to the neighbour with the longest common border."""
    cuts = unary_union([BUILT_UP.exterior, RIVER_LINE, *(ROADS[name] for name in CUTS)])
    faces = [face for face in polygonize(cuts) if BUILT_UP.buffer(1).contains(face.representative_point())]
    parts: dict[str, list[Polygon]] = {district.code: [] for district in DISTRICTS}
    free = list(faces)
    for district in DISTRICTS:
        for seed in map(Point, district.seeds):
            chosen = [face for face in free if face.contains(seed)]
            parts[district.code] += chosen
            free = [face for face in free if face not in chosen]
    shapes: dict[str, BaseGeometry] = {
        code: unary_union([part.buffer(0.05) for part in own]).buffer(-0.05) for code, own in parts.items()
    }
    for face in free:
        nearest = max(shapes, key=lambda code: _common_border(shapes[code], face))
        shapes[nearest] = shapes[nearest].union(face.buffer(0.05))
    return _without_overlaps({code: _largest(shape) for code, shape in shapes.items()})


def _common_border(shape: BaseGeometry, face: Polygon) -> float:
    return float(shape.buffer(1).intersection(face.boundary).length) if shape.distance(face) < 1 else 0.0


def _without_overlaps(shapes: dict[str, Polygon]) -> dict[str, Polygon]:
    """The same districts, each without what an earlier one holds: slivers of joining the faces."""
    taken: BaseGeometry = Polygon()
    apart: dict[str, Polygon] = {}
    for code, shape in shapes.items():
        apart[code] = _largest(shape.difference(taken))
        taken = taken.union(shape)
    return apart


def _blocks(roads: BaseGeometry, streets: BaseGeometry, unbuilt: BaseGeometry) -> list[Polygon]:
    """What streets, water, parks and the railway leave of the built-up land."""
    taken = unary_union([roads.buffer(HALF_ROAD), streets.buffer(HALF_STREET, quad_segs=3), unbuilt])
    return [block for block in polygons_in(BUILT_UP.difference(taken)) if block.area > SMALLEST_BLOCK]


def _longest(pieces: list[LineString]) -> LineString:
    return max(pieces, key=lambda piece: float(piece.length))


def _largest(shape: BaseGeometry) -> Polygon:
    return max(polygons_in(shape), key=lambda polygon: float(polygon.area))
