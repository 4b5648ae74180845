"""Squares of a constant grid in web mercator, and the Morton codes that name them: what cells are counted by.

The world is 2^L squares wide and high at level L. The finest grid has 2^30, about 4 cm wide at the equator. A square's
code interleaves the bits of its column and line; the codes of everything inside it are one range.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from geodata.boxes import Box, to_mercator

FINEST = 30  # level of the grid that places are kept in
WORLD = 1 << FINEST
STORED = (8, 10, 12, 14, 16, 18)  # levels that cells are kept for; others are read from the next finer one
MONTHLY = (12, 14)
SQUARE_LEVELS = 2  # at zoom Z a square of level Z + 2 is 64 px wide


@dataclass(frozen=True, slots=True)
class Squares:
    """A block of squares of one level: columns from `left` to `right`, lines from `top` to `bottom`, all included."""

    level: int
    left: int
    top: int
    right: int
    bottom: int

    @property
    def count(self) -> int:
        return (self.right - self.left + 1) * (self.bottom - self.top + 1)

    @property
    def shift(self) -> int:
        """Bits by which a place of the finest grid is finer."""
        return FINEST - self.level

    @property
    def edges(self) -> tuple[int, int, int, int]:
        """First column, last column, first line and last line in the finest grid."""
        shift = self.shift
        return (
            self.left << shift,
            ((self.right + 1) << shift) - 1,
            self.top << shift,
            ((self.bottom + 1) << shift) - 1,
        )

    @property
    def box(self) -> Box:
        """The ground of all of them, in degrees."""
        size = 1 << self.level
        return Box(
            self.left / size * 360 - 180,
            latitude((self.bottom + 1) / size),
            (self.right + 1) / size * 360 - 180,
            latitude(self.top / size),
        )

    def each(self) -> Iterable[tuple[int, int, int]]:
        """Code (with its leading 1), column and line of every square."""
        for line in range(self.top, self.bottom + 1):
            for column in range(self.left, self.right + 1):
                yield code_of(self.level, column, line), column, line

    def ranges(self) -> Sequence[tuple[int, int]]:
        """First and last Morton code (60 bits) of the stretches that make up the block, in their order."""
        return _ranges(self)


@lru_cache(maxsize=500)
def _ranges(squares: Squares) -> Sequence[tuple[int, int]]:
    """One statement asks several times, and people look at the same places."""
    wide, side = 2 * squares.shift, squares.right - squares.left + 1
    if side == squares.bottom - squares.top + 1 and side & (side - 1) == 0 == squares.left % side == squares.top % side:
        first = morton(squares.left, squares.top) << wide  # all of a square of a coarser level
        return ((first, first + (side * side << wide) - 1),)
    found: list[tuple[int, int]] = []
    for code in sorted(morton(column, line) for _code, column, line in squares.each()):
        first, last = code << wide, ((code + 1) << wide) - 1
        if found and found[-1][1] + 1 == first:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return tuple(found)


def morton(column: int, line: int) -> int:
    """Bits of both, in turn: the column's at the even places."""
    return _spread(column) | _spread(line) << 1


def code_of(level: int, column: int, line: int) -> int:
    """The code of a square with a leading 1, as cells keep it."""
    return morton(column, line) | 1 << 2 * level


def place_in_grid(longitude: float, latitude: float) -> tuple[int, int]:
    """Column and line of a place in the finest grid, as the database's geodata_grid_x and _y find them."""
    x, y = to_mercator(longitude, latitude)
    return _grid(x), _grid(y)


def latitude(y: float) -> float:
    """Degrees of a share of the world's height from the north."""
    return math.degrees(math.atan(math.sinh((0.5 - y) * 2 * math.pi)))


def squares_at(box: Box, level: int) -> Squares:
    """The squares of that level that touch the box."""
    left, top = place_in_grid(box.west, box.north)
    right, bottom = place_in_grid(box.east, box.south)
    shift = FINEST - level
    return Squares(level, left >> shift, top >> shift, right >> shift, bottom >> shift)


def squares_for(box: Box, zoom: float, most: int) -> Squares:
    """The finest squares, at least 64 px wide at that zoom, of which at most `most` (4 or more) touch the box."""
    level = max(0, min(FINEST, math.floor(zoom) + SQUARE_LEVELS))
    found = squares_at(box, level)
    while found.count > max(most, 4) and level > 0:
        level -= 1
        found = squares_at(box, level)
    return found


def stored_level(level: int, levels: tuple[int, ...] = STORED) -> int:
    """The coarsest kept level that is as fine, or the finest kept."""
    return next((kept for kept in levels if kept >= level), levels[-1])


def _grid(share: float) -> int:
    return max(0, min(WORLD - 1, math.floor(share * WORLD)))


def _spread(value: int) -> int:
    """A zero before every bit."""
    value = (value | value << 16) & 0x0000FFFF0000FFFF
    value = (value | value << 8) & 0x00FF00FF00FF00FF
    value = (value | value << 4) & 0x0F0F0F0F0F0F0F0F
    value = (value | value << 2) & 0x3333333333333333
    return (value | value << 1) & 0x5555555555555555
