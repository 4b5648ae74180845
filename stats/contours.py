"""Lines of equal height through a grid of heights: closed rings, by marching squares."""

import numpy as np

from stats.flat import Numbers

_CORNERS = ((0, 0), (0, 1), (1, 1), (1, 0))  # line and column of a square's corners, around it
# The sides after each corner: 0 runs along a line, 1 along a column, from the grid point so many lines and columns on.
_SIDES = ((0, 0, 0), (1, 0, 1), (0, 1, 0), (1, 0, 0))
Side = tuple[int, int, int]
Ring = list[tuple[float, float]]


def rings(heights: Numbers, level: float, x: Numbers, y: Numbers) -> list[Ring]:
    """The rings around everything that is at least `level` high: points on the sides of the grid's squares.

    `x` of each column, `y` of each line. The outermost lines and columns must be lower than `level`.
    """
    following: dict[Side, Side] = {}
    is_in = heights >= level
    squares = sum(is_in[a : a + is_in.shape[0] - 1, b : b + is_in.shape[1] - 1].astype(int) for a, b in _CORNERS)
    for line, column in np.argwhere((squares > 0) & (squares < 4)).tolist():
        _add_steps(is_in, line, column, following)
    found: list[Ring] = []
    while following:
        first, side = following.popitem()
        ring = [_point(heights, level, x, y, first)]
        while side != first:
            ring.append(_point(heights, level, x, y, side))
            side = following.pop(side)
        found.append(ring)
    return found


def _add_steps(is_in: "np.ndarray[tuple[int, ...], np.dtype[np.bool]]", line: int, column: int,
               following: dict[Side, Side]) -> None:  # fmt: skip
    """From each side on which the way around a square leaves the ground that is high, to where it comes back."""
    ins = [bool(is_in[line + a, column + b]) for a, b in _CORNERS]
    for leaves in range(4):
        if ins[leaves] and not ins[(leaves + 1) % 4]:
            comes = next(n % 4 for n in range(leaves + 1, leaves + 4) if not ins[n % 4] and ins[(n + 1) % 4])
            following[_side(line, column, leaves)] = _side(line, column, comes)


def _side(line: int, column: int, number: int) -> Side:
    along, down, right = _SIDES[number]
    return along, line + down, column + right


def _point(heights: Numbers, level: float, x: Numbers, y: Numbers, side: Side) -> tuple[float, float]:
    along, line, column = side
    to_line, to_column = (line, column + 1) if along == 0 else (line + 1, column)
    here, there = heights[line, column], heights[to_line, to_column]
    share = (level - here) / (there - here)
    return (
        float(x[column] + share * (x[to_column] - x[column])),
        float(y[line] + share * (y[to_line] - y[line])),
    )
