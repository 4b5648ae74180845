"""Buildings of true size, in the habit of their quarter: all are proposed at once, and what stands in the way goes."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import Polygon

from geodata.shapes import polygons_in
from openmap.demo.layout import DISTRICTS, METRES, QUARTERS, Style

NEAREST: Final = 0.4 / METRES  # between two buildings: walls of a row do not touch
SMALLEST: Final = 14.0  # metres; a smaller plot holds nothing
ACROSS: Final = 0.4  # of wide plots: rows go across them


@dataclass(frozen=True, slots=True)
class Building:
    """One building: its ground plan in units of the drawing, the quarter's style and how many floors it has."""

    shape: Polygon
    style: Style
    district: str  # code
    floors: int

    @property
    def has_flats(self) -> bool:
        """Whether more than one family lives there."""
        return self.style == Style.SLABS or (self.style == Style.OLD and self.floors > 1)

    @property
    def length(self) -> float:
        """Of its longer side, metres."""
        corners = shapely.get_coordinates(self.shape)
        return METRES * max(math.dist(corners[0], corners[1]), math.dist(corners[1], corners[2]))


@dataclass(frozen=True, slots=True)
class Habit:
    """Sizes of a style, metres: each from and to."""

    width: tuple[float, float]
    depth: tuple[float, float]
    space: tuple[float, float]  # between two of a row
    back: float  # from the edge of the plot
    floors: tuple[int, ...]
    rows: float = 0  # between rows that fill a plot; 0: one row along its edge


HABITS: Final = {
    Style.OLD: Habit((16, 34), (11, 14), (0.6, 9), 1.5, (2, 2, 3, 3, 3, 4, 1)),
    Style.HOMES: Habit((8, 14), (8, 11), (12, 20), 5, (1, 1, 1, 2)),
    Style.SLABS: Habit((52, 90), (12, 14), (18, 36), 9, (5, 5, 5, 5, 9), rows=62),
    Style.WORKS: Habit((45, 130), (24, 52), (14, 40), 12, (1, 1, 2), rows=84),
}


Corners = tuple[tuple[float, float], ...]


def draw_buildings(blocks: Sequence[Polygon], districts: Mapping[str, Polygon]) -> list[Building]:
    """What stands on the blocks, clear of their edges and of each other."""
    plots = [plot for block in zip(blocks, *_habits_of(blocks, districts), strict=True) for plot in _plots(*block)]
    chance = random.Random(5)  # noqa: S311
    corners: list[Corners] = []
    of: list[int] = []
    floors: list[int] = []
    for number, (plot, style, _district) in enumerate(plots):
        habit = HABITS[style]
        propose = _in_rows if habit.rows else _along_edge
        for one in propose(plot, habit, chance):
            corners.append(one)
            of.append(number)
            floors.append(chance.choice(habit.floors))
    shapes: Any = shapely.polygons(np.array(corners))
    ground = np.array([plot for plot, _style, _district in plots], dtype=object)
    fits = np.flatnonzero(shapely.contains(ground[of], shapes))
    return [
        Building(shapes[at], plots[of[at]][1], plots[of[at]][2], floors[at])
        for at in fits[apart(shapes[fits], NEAREST)]
    ]


def _habits_of(blocks: Sequence[Polygon], districts: Mapping[str, Polygon]) -> tuple[list[Style], list[str]]:
    """Style and district of each block, "" where there is none."""
    middles = shapely.point_on_surface(np.array(blocks, dtype=object))
    codes = [""] * len(blocks)
    for code, land in districts.items():
        shapely.prepare(land)
        for at in np.flatnonzero(shapely.contains(land, middles)):
            codes[at] = code
    usual = {district.code: district.style for district in DISTRICTS} | {"": Style.HOMES}
    styles = [usual[code] for code in codes]
    for style, quarter in reversed(QUARTERS):
        shapely.prepare(quarter)
        for at in np.flatnonzero(shapely.contains(quarter, middles)):
            styles[at] = style
    return styles, codes


def _plots(block: Polygon, style: Style, district: str) -> Iterator[tuple[Polygon, Style, str]]:
    """Where buildings of that block may stand, counter-clockwise: the inside is on the left of its edge."""
    if not district:
        return
    inner = block.buffer(-HABITS[style].back / METRES, join_style="mitre").simplify(0.1)
    for plot in polygons_in(shapely.orient_polygons(inner)):
        if plot.area * METRES**2 > SMALLEST**2:
            yield plot, style, district


def _along_edge(plot: Polygon, habit: Habit, chance: random.Random) -> Iterator[Corners]:
    """One row along the edge of the plot."""
    ring = plot.exterior
    sizes, places, at = [], [], chance.random() * habit.space[1] / METRES
    while at < ring.length - habit.width[0] / METRES:
        width, depth = (chance.uniform(*span) / METRES for span in (habit.width, habit.depth))
        sizes.append((width, depth))
        places += [at, min(at + width, ring.length)]
        at += width + chance.uniform(*habit.space) / METRES
    ends = shapely.get_coordinates(shapely.line_interpolate_point(ring, places)).reshape(-1, 2, 2)
    for (width, depth), (first, second) in zip(sizes, ends.tolist(), strict=True):
        length = math.dist(first, second)
        if length < width * 0.86:  # around a corner
            continue
        aside = ((first[1] - second[1]) / length, (second[0] - first[0]) / length)
        near, far = 0.02, depth + 0.02
        yield (
            (first[0] + aside[0] * near, first[1] + aside[1] * near),
            (second[0] + aside[0] * near, second[1] + aside[1] * near),
            (second[0] + aside[0] * far, second[1] + aside[1] * far),
            (first[0] + aside[0] * far, first[1] + aside[1] * far),
        )


def _in_rows(plot: Polygon, habit: Habit, chance: random.Random) -> Iterator[Corners]:
    """Rows over the whole plot, along its longer side or, on some wide plots, across it."""
    frame = shapely.get_coordinates(shapely.oriented_envelope(plot))
    sides = sorted(((frame[at], frame[at + 1] - frame[at]) for at in (0, 1)), key=lambda side: -np.hypot(*side[1]))
    is_wide = np.hypot(*sides[1][1]) * METRES > 1.3 * habit.width[1]
    corner, along = sides[1 if is_wide and chance.random() < ACROSS else 0]
    length, reach = float(np.hypot(*along)), float(plot.envelope.length)  # the reach is more than the depth
    ux, uy = (along / length).tolist()
    vx, vy = (-uy, ux) if _is_left(corner, along, plot) else (uy, -ux)
    v = 0.1
    while v < reach:
        u = 0.1 + chance.random() * 8 / METRES
        while u < length:
            width, depth = (chance.uniform(*span) / METRES for span in (habit.width, habit.depth))
            x, y = float(corner[0]) + ux * u + vx * v, float(corner[1]) + uy * u + vy * v
            across, away = (ux * width, uy * width), (vx * depth, vy * depth)
            yield (
                (x, y),
                (x + across[0], y + across[1]),
                (x + across[0] + away[0], y + across[1] + away[1]),
                (x + away[0], y + away[1]),
            )
            u += width + chance.uniform(*habit.space) / METRES
        v += habit.rows / METRES * (0.9 + 0.25 * chance.random())


def _is_left(corner: Any, along: Any, plot: Polygon) -> bool:
    """Whether the plot lies on the left of that side of its frame."""
    middle = plot.centroid
    return bool(along[0] * (middle.y - corner[1]) - along[1] * (middle.x - corner[0]) > 0)


def apart(shapes: Any, distance: float) -> Any:
    """Places in an array of the shapes that stay when each goes that stands nearer to an earlier one that stays."""
    tree = shapely.STRtree(shapes)
    ones, others = tree.query(shapes, predicate="dwithin", distance=distance)
    near: dict[int, list[int]] = {}
    for one, other in zip(ones.tolist(), others.tolist(), strict=True):
        if other < one:
            near.setdefault(one, []).append(other)
    stays = np.ones(len(shapes), dtype=bool)
    for at in sorted(near):
        stays[at] = not any(stays[other] for other in near[at])
    return np.flatnonzero(stays)
