"""Smooth hand-drawn lines for the invented town."""

import math
from collections.abc import Callable, Sequence

from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

XY = tuple[float, float]


def smooth(points: Sequence[XY], *, closed: bool = False, steps: int = 10) -> list[XY]:
    """A Catmull-Rom curve through the points, `steps` vertices per stretch."""
    count = len(points)
    curve: list[XY] = []
    for at in range(count if closed else count - 1):
        if closed:
            four = [points[(at + shift) % count] for shift in (-1, 0, 1, 2)]
        else:
            four = [points[min(max(at + shift, 0), count - 1)] for shift in (-1, 0, 1, 2)]
        curve += [_between(four, step / steps) for step in range(steps)]
    return curve if closed else [*curve, points[-1]]


def _between(four: Sequence[XY], part: float) -> XY:
    """A point of the stretch from the second to the third of four points; `part` from 0 to 1."""
    x, y = (
        0.5 * (2 * b + (c - a) * part + (2 * a - 5 * b + 4 * c - d) * part**2 + (3 * b - a - 3 * c + d) * part**3)
        for a, b, c, d in zip(*four, strict=True)
    )
    return x, y


def line(*points: XY) -> LineString:
    """A smooth line through the points."""
    return LineString(smooth(points))


def blob(*points: XY, steps: int = 10) -> Polygon:
    """A smooth closed shape through the points."""
    return Polygon(smooth(points, closed=True, steps=steps))


def ribbon(middle: LineString, width: Callable[[float], float], pieces: int = 160) -> Polygon:
    """A band along a line; `width(part)` is its half width where `part` of the line (0 to 1) has passed."""
    left: list[XY] = []
    right: list[XY] = []
    for piece in range(pieces + 1):
        along = middle.length * piece / pieces
        before, here, after = (middle.interpolate(max(along + shift, 0)) for shift in (-2, 0, 2))
        dx, dy = after.x - before.x, after.y - before.y
        reach = width(piece / pieces) / (math.hypot(dx, dy) or 1)
        left.append((here.x - dy * reach, here.y + dx * reach))
        right.append((here.x + dy * reach, here.y - dx * reach))
    return Polygon(left + right[::-1]).buffer(0)


def lines_of(shape: BaseGeometry) -> list[LineString]:
    """The lines that a geometry consists of; empty when it has none."""
    parts = [shape] if isinstance(shape, LineString) else list(getattr(shape, "geoms", []))
    return [part for part in parts if isinstance(part, LineString) and not part.is_empty]
