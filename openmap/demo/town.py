"""Draws Яворин: districts, streets, blocks and buildings out of the layout. The same town every time."""

import math
import random
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from shapely import unary_union
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge, polygonize

from geodata.shapes import polygons_in
from openmap.demo.buildings import draw_buildings
from openmap.demo.curves import XY
from openmap.demo.layout import (
    BUILT_UP,
    CUTS,
    DISTRICTS,
    PARKS,
    POND,
    RAILWAY,
    RIVER,
    RIVER_LINE,
    ROADS,
    District,
)
from openmap.demo.street_names import STREET_NAMES

REACH = 420  # how far a district's grid of streets is laid from its middle
SHORTEST = 14  # a piece of street
SMALLEST_BLOCK = 120  # square units


@dataclass(frozen=True, slots=True)
class Street:
    """A named street of one district, perhaps in several pieces."""

    name: str
    district: str
    pieces: tuple[LineString, ...]


@dataclass(frozen=True, slots=True)
class Town:
    """The whole drawing, in its own units."""

    districts: dict[str, Polygon]  # by code
    streets: tuple[Street, ...]
    blocks: tuple[Polygon, ...]
    buildings: tuple[Polygon, ...]

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
    """Яворин; takes about a second, once per process."""
    districts = _districts()
    unbuilt = unary_union([unary_union([RIVER, POND]).buffer(9), *PARKS.values(), RAILWAY.buffer(13)])
    streets = tuple(
        street
        for order, district in enumerate(DISTRICTS)
        for street in _streets(district, districts[district.code], unbuilt, random.Random(40 + order))  # noqa: S311
    )
    pieces = [piece for street in streets for piece in street.pieces]
    blocks = _blocks(pieces, unbuilt)
    buildings = draw_buildings(blocks, districts, unary_union(list(ROADS.values())), unary_union(pieces))
    return Town(districts, streets, tuple(blocks), tuple(buildings))


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


def _streets(district: District, land: Polygon, unbuilt: BaseGeometry, chance: random.Random) -> list[Street]:
    """The district's own grid, bent a little and cut to its land; the longest streets get its first names."""
    ground = land.buffer(1.5).difference(unbuilt)
    drawn = []
    for strokes in _grid(district, land.centroid, chance):
        parts = lines_of(unary_union(strokes).intersection(ground))
        pieces = [simple for piece in _joined(parts) for simple in lines_of(piece.simplify(0.6))]
        kept = tuple(piece for piece in pieces if piece.length > SHORTEST)
        if kept:
            drawn.append(kept)
    drawn.sort(key=lambda pieces: -max(piece.length for piece in pieces))
    names = [f"вул. {name}" for name in STREET_NAMES[district.code]]
    names += [""] * (len(drawn) - len(names))
    return [Street(name, district.code, pieces) for name, pieces in zip(names, drawn, strict=False)]


def _joined(parts: list[LineString]) -> list[LineString]:
    return lines_of(linemerge(parts)) if parts else []


def _grid(district: District, middle: Point, chance: random.Random) -> list[list[LineString]]:
    """One list of strokes for every street of the grid, both ways."""
    phases = [chance.random() * 6 for _ in range(4)]
    cosine, sine = math.cos(district.turn), math.sin(district.turn)

    def spot(u: float, v: float) -> XY:
        bend = district.bend
        bent_u = u + bend * math.sin(v / 95 + phases[0]) + bend * 0.5 * math.sin(v / 41 + phases[1])
        bent_v = v + bend * math.sin(u / 110 + phases[2]) + bend * 0.5 * math.sin(u / 47 + phases[3])
        return middle.x + bent_u * cosine - bent_v * sine, middle.y + bent_u * sine + bent_v * cosine

    columns, rows = _ticks(district.across, chance), _ticks(district.along, chance)
    streets = []
    for u in columns:
        spans = [span for span in pairwise(rows) if chance.random() >= district.gaps * 1.4]
        streets.append([LineString([spot(u, a + (b - a) * step / 4) for step in range(5)]) for a, b in spans])
    for v in rows:
        spans = [span for span in pairwise(columns) if chance.random() >= district.gaps]
        streets.append([LineString([spot(a + (b - a) * step / 4, v) for step in range(5)]) for a, b in spans])
    return streets


def _ticks(usual: float, chance: random.Random) -> list[float]:
    ticks = [-float(REACH)]
    while ticks[-1] < REACH:
        ticks.append(ticks[-1] + usual * (0.8 + 0.45 * chance.random()))
    return ticks[:-1]


def _blocks(streets: list[LineString], unbuilt: BaseGeometry) -> list[Polygon]:
    edges = unary_union([*streets, *ROADS.values(), BUILT_UP.exterior, unbuilt.boundary])
    inside = [block for block in polygonize(edges) if block.area > SMALLEST_BLOCK]
    middles = ((block, block.representative_point()) for block in inside)
    return [block for block, middle in middles if BUILT_UP.contains(middle) and not unbuilt.contains(middle)]


def lines_of(shape: BaseGeometry) -> list[LineString]:
    """The lines that a geometry consists of; empty when it has none."""
    parts = [shape] if isinstance(shape, LineString) else list(getattr(shape, "geoms", []))
    return [part for part in parts if isinstance(part, LineString) and not part.is_empty]


def _longest(pieces: list[LineString]) -> LineString:
    return max(pieces, key=lambda piece: float(piece.length))


def _largest(shape: BaseGeometry) -> Polygon:
    return max(polygons_in(shape), key=lambda polygon: float(polygon.area))
