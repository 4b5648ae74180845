"""Streets of a district: a grid of its own, bent a little, cut to its land and by main roads, and named."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from openmap.demo.curves import XY, lines_of
from openmap.demo.layout import METRES, District

REACH: Final = 3600 / METRES  # how far a district's grid of streets is laid from its middle
SHORTEST: Final = 55 / METRES
STEPS: Final = 4  # pieces of a bent stroke
_CUT: Final = 0.05  # units: what a main road takes out of a street, so that it goes on under another name


@dataclass(frozen=True, slots=True)
class Street:
    """A named street of one district, perhaps in several pieces."""

    name: str
    district: str
    pieces: tuple[LineString, ...]


def draw_streets(
    district: District,
    land: Polygon,
    *,
    unbuilt: BaseGeometry,
    roads: BaseGeometry,
    names: Sequence[str],
    chance: random.Random,
) -> list[Street]:
    """As many streets as there are names, the longest first; what is left over is not built.

    Raises ValueError when the grid has fewer.
    """
    ground = land.buffer(1).difference(unbuilt.union(roads.buffer(_CUT)))
    strokes = [shapely.MultiLineString(way) for way in _grid(district, land.centroid, chance)]
    pieces = [
        simple
        for cut in shapely.intersection(strokes, ground)
        for piece in lines_of(shapely.line_merge(cut))
        for simple in lines_of(piece.simplify(0.1))
        if simple.length > SHORTEST
    ]
    if len(pieces) < len(names):
        raise ValueError(f"{district.code}: {len(pieces)} streets for {len(names)} names")
    pieces.sort(key=lambda piece: -piece.length)
    return [Street(name, district.code, (piece,)) for name, piece in zip(names, pieces, strict=False)]


def _grid(district: District, middle: Point, chance: random.Random) -> Iterator[list[LineString]]:
    """Ways of the grid, both directions, each in strokes from crossing to crossing; units of the drawing."""
    phases = [chance.random() * 6 for _ in range(4)]
    cosine, sine = math.cos(district.turn), math.sin(district.turn)
    bend = district.bend / METRES

    def spot(u: float, v: float) -> XY:
        bent_u = u + bend * math.sin(v / 95 + phases[0]) + bend * 0.5 * math.sin(v / 41 + phases[1])
        bent_v = v + bend * math.sin(u / 110 + phases[2]) + bend * 0.5 * math.sin(u / 47 + phases[3])
        return middle.x + bent_u * cosine - bent_v * sine, middle.y + bent_u * sine + bent_v * cosine

    columns, rows = _ticks(district.across / METRES, chance), _ticks(district.along / METRES, chance)
    for ticks, others, is_column in ((columns, rows, True), (rows, columns, False)):
        for fixed in ticks:
            way: list[LineString] = []
            for a, b in pairwise(others):
                if chance.random() >= district.gaps:
                    steps = [a + (b - a) * step / STEPS for step in range(STEPS + 1)]
                    way.append(LineString([spot(fixed, at) if is_column else spot(at, fixed) for at in steps]))
                    if sum(stroke.length for stroke in way) * METRES < district.longest * (0.6 + 0.6 * chance.random()):
                        continue
                if way:
                    yield way
                way = []
            if way:
                yield way


def _ticks(usual: float, chance: random.Random) -> list[float]:
    """Where the lines of the grid run, a little unevenly."""
    ticks = [-REACH]
    while ticks[-1] < REACH:
        ticks.append(ticks[-1] + usual * (0.85 + 0.3 * chance.random()))
    return ticks[:-1]
