"""Covers a shape with squares (geodata.squares): those all inside it, and those that its edge runs through.

Breadth first, a level at a time: squares that do not touch the shape are dropped, those inside are kept whole, the
others are cut into four. Squares are looked at as a hair larger than they are, so that no rounding of a place near an
edge of a square can make a difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geodata.boxes import Box
from geodata.squares import FINEST, squares_at
from stats.case_sql import LEVELS

HAIR = 1e-9  # degrees, 0.1 mm: far more than places and corners of squares are rounded by
FIRST = 16  # squares, at most, that the covering begins with
COARSEST_RIM = 18  # level, about 96 m in Ukraine: coarser ones have too many cases that must be tested
MOST_ON_EDGE = 20_000  # squares; the edge of a shape of 300 km² with 500 corners has 4,000 to 6,000 of level 20

Codes = NDArray[np.int64]
Ranges = tuple[list[int], list[int]]  # first and last of each, both included
NOTHING: Ranges = ([], [])


class LongEdgeError(ValueError):
    """The edge runs through more squares than can be looked at."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What of a grid a shape has.

    `cells`: codes (with their leading 1) of counted squares inside. `rows`: Morton codes inside that no counted
    square is as fine as. `rim`: Morton codes of the squares that the edge runs through.
    """

    cells: Ranges
    rows: Ranges
    rim: Ranges


def cover(shape: Polygon | MultiPolygon, *, rim: int) -> Cover:
    """The squares of a polygon or multipolygon (SRID 4326).

    Those on its rim are of the level `rim`, at least 18, or coarser if its edge is long. Raises LongEdgeError.
    """
    rim = rim_level(shape, finest=rim)
    edge = shapely.boundary(shape)
    shapely.prepare([shape, edge])
    level, columns, lines = _first(shape)
    cells: list[Codes] = []
    rows: list[Codes] = []
    while True:
        # A square that the edge does not touch is inside or outside with its middle.
        on_edge = shapely.intersects(edge, _boxes(level, columns, lines))
        inside = ~on_edge
        inside[inside] = shapely.contains_xy(shape, *_middles(level, columns[inside], lines[inside]))
        codes = morton(columns, lines)
        counted = next((finer for finer in LEVELS if finer >= level), None)
        if counted is None:
            rows.append(_stretch(codes[inside], FINEST - level, 0))
        else:
            cells.append(_stretch(codes[inside], counted - level, 1 << 2 * counted))
        columns, lines = columns[on_edge], lines[on_edge]
        if level == rim:
            return Cover(_ranges(cells), _ranges(rows), _ranges([_stretch(codes[on_edge], FINEST - level, 0)]))
        columns, lines, level = _quarters(columns), _quarters(lines, down=True), level + 1


def rim_level(shape: Polygon | MultiPolygon, *, finest: int) -> int:
    """The finest level at which the edge (SRID 4326) runs through few enough squares. Raises LongEdgeError.

    Nothing is covered for it: a straight line enters a square by a column or a line at a time.
    """
    rings = shapely.get_rings(shapely.get_parts(shape))
    corners, of = shapely.get_coordinates(rings, return_index=True)
    across, down = corners[:, 0] / 360, _mercator(corners[:, 1])
    steps = (np.abs(np.diff(across)) + np.abs(np.diff(down)))[np.diff(of) == 0]
    for level in range(finest, COARSEST_RIM - 1, -1):
        if float(steps.sum()) * (1 << level) + len(steps) <= MOST_ON_EDGE:
            return level
    raise LongEdgeError


def as_rows(covered: Cover) -> Cover:
    """The same without counted squares: everything inside is read row by row."""
    stretches = [_codes_of(low, high) for low, high in zip(*covered.cells, strict=True)]
    found = np.array([*stretches, *zip(*covered.rows, strict=True)], dtype=np.int64).reshape(-1, 2)
    return Cover(NOTHING, _ranges([found]), covered.rim)


def squares_of(ranges: Ranges, level: int) -> Ranges:
    """Codes (with their leading 1) of the squares of a level in which ranges of Morton codes lie, each once."""
    lows, highs = (np.array(codes, dtype=np.int64) >> 2 * (FINEST - level) for codes in ranges)
    # Ranges are in their order and do not meet: the next may only begin in the square in which the last one ends.
    begins = np.ones(len(lows), dtype=bool)
    begins[1:] = lows[1:] > highs[:-1] + 1
    ends = np.append(begins[1:], True)[: len(lows)]
    lead = 1 << 2 * level
    return (lows[begins] | lead).tolist(), (highs[ends] | lead).tolist()


def _codes_of(low: int, high: int) -> tuple[int, int]:
    """Morton codes of the finest grid between two squares of one level."""
    level = (low.bit_length() - 1) // 2
    lead, wide = 1 << 2 * level, 2 * (FINEST - level)
    return (low ^ lead) << wide, (((high ^ lead) + 1) << wide) - 1


def morton(columns: Codes, lines: Codes) -> Codes:
    """Codes of squares, as geodata.squares.morton has them."""
    return _spread(columns) | _spread(lines) << 1


def _first(shape: Polygon | MultiPolygon) -> tuple[int, Codes, Codes]:
    """The finest level, not finer than the coarsest counted one, at which few squares touch the shape's box."""
    box = Box(*shape.bounds)
    level = LEVELS[0]
    while (found := squares_at(box, level)).count > FIRST and level > 0:
        level -= 1
    side = 1 << found.level  # the box may end a hair before the next square
    columns = np.arange(max(found.left - 1, 0), min(found.right + 2, side), dtype=np.int64)
    lines = np.arange(max(found.top - 1, 0), min(found.bottom + 2, side), dtype=np.int64)
    return level, np.tile(columns, len(lines)), np.repeat(lines, len(columns))


def _boxes(level: int, columns: Codes, lines: Codes) -> NDArray[np.object_]:
    """The ground of the squares, in degrees, a hair larger."""
    size = float(1 << level)
    west, east = columns / size * 360 - 180 - HAIR, (columns + 1) / size * 360 - 180 + HAIR
    south, north = _latitude((lines + 1) / size) - HAIR, _latitude(lines / size) + HAIR
    boxes: NDArray[np.object_] = np.asarray(shapely.box(west, south, east, north), dtype=object)
    return boxes


def _middles(level: int, columns: Codes, lines: Codes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes."""
    size = float(1 << level)
    across, down = columns.astype(np.float64) + 0.5, lines.astype(np.float64) + 0.5
    return across / size * 360 - 180, _latitude(down / size)


def _latitude(y: NDArray[np.float64]) -> NDArray[np.float64]:
    degrees: NDArray[np.float64] = np.degrees(np.arctan(np.sinh((0.5 - y) * 2 * np.pi)))
    return degrees


def _mercator(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Latitudes as a share of the world's height, from the equator."""
    shares: NDArray[np.float64] = np.arcsinh(np.tan(np.radians(degrees))) / (2 * np.pi)
    return shares


def _quarters(places: Codes, *, down: bool = False) -> Codes:
    """Columns (or lines, `down`) of the four squares that each one consists of."""
    pattern = np.array([0, 0, 1, 1] if down else [0, 1, 0, 1], dtype=np.int64)
    return (2 * places[:, None] + pattern).ravel()


def _stretch(codes: Codes, finer: int, lead: int) -> Codes:
    """First and last code of the squares so many levels finer that each consists of, in two columns."""
    first = codes << 2 * finer
    return np.stack([first | lead, (first + ((1 << 2 * finer) - 1)) | lead], axis=1)


def _ranges(found: Sequence[Codes]) -> Ranges:
    """The stretches in their order, those that follow upon each other as one."""
    if not found:
        return NOTHING
    all_of = np.concatenate(found)
    all_of = all_of[np.argsort(all_of[:, 0])]
    begins = np.ones(len(all_of), dtype=bool)
    begins[1:] = all_of[1:, 0] != all_of[:-1, 1] + 1
    ends = np.append(begins[1:], True)[: len(all_of)]
    return all_of[begins, 0].tolist(), all_of[ends, 1].tolist()


def _spread(value: Codes) -> Codes:
    """A zero before every bit."""
    value = (value | value << 16) & 0x0000FFFF0000FFFF
    value = (value | value << 8) & 0x00FF00FF00FF00FF
    value = (value | value << 4) & 0x0F0F0F0F0F0F0F0F
    value = (value | value << 2) & 0x3333333333333333
    return (value | value << 1) & 0x5555555555555555
