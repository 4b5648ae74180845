"""Buildings along the edges of blocks, in the habit of their district."""

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geodata.shapes import polygons_in
from openmap.demo.curves import XY
from openmap.demo.layout import DISTRICTS, District

CELL = 24  # of the grid in which neighbours are looked up, units of the drawing
NEAREST = 1.3  # between two buildings
FROM_EDGE = 0.6


class _Ground:
    """What is built already."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], list[Polygon]] = defaultdict(list)

    def take(self, building: Polygon) -> bool:
        """Keeps the building when nothing stands too near."""
        x, y = int(building.centroid.x // CELL), int(building.centroid.y // CELL)
        around = (self.cells.get((x + i, y + j), ()) for i in (-1, 0, 1) for j in (-1, 0, 1))
        if any(other.distance(building) < NEAREST for others in around for other in others):
            return False
        self.cells[x, y].append(building)
        return True


def draw_buildings(
    blocks: Sequence[Polygon], districts: Mapping[str, Polygon], roads: BaseGeometry, streets: BaseGeometry
) -> list[Polygon]:
    """Rectangles along the edges of every block, clear of streets and of each other."""
    chance, ground = random.Random(5), _Ground()  # noqa: S311
    wide = roads.buffer(6.5).union(streets.buffer(2.6))
    habits = {district.code: district for district in DISTRICTS}
    built: list[Polygon] = []
    for block in blocks:
        middle = block.representative_point()
        code = next((code for code, land in districts.items() if land.contains(middle)), None)
        if code is None:
            continue
        inner = block.buffer(-3.6).difference(wide)
        for plot in polygons_in(inner):
            if plot.area >= 40:
                built += _along(plot, habits[code], chance, ground)
    return built


def _along(plot: Polygon, habit: District, chance: random.Random, ground: _Ground) -> Iterator[Polygon]:
    ring, inside = plot.exterior, plot.buffer(0.8)
    at = chance.random() * 4
    while at < ring.length - habit.house[0]:
        width, depth = chance.uniform(*habit.house), chance.uniform(*habit.depth)
        first, second = ring.interpolate(at), ring.interpolate(min(at + width, ring.length))
        at += width + habit.space * (0.4 + chance.random() * 1.4)
        if math.dist((first.x, first.y), (second.x, second.y)) < width * 0.86:
            continue
        for side in (1, -1):
            building = _house((first.x, first.y), (second.x, second.y), depth, side)
            if inside.contains(building) and ground.take(building):
                yield building
                break


def _house(first: XY, second: XY, depth: float, side: int) -> Polygon:
    """A rectangle on the edge from `first` to `second`, on one side of it."""
    length = math.dist(first, second)
    away = (-(second[1] - first[1]) / length * side, (second[0] - first[0]) / length * side)

    def moved(corner: XY, far: float) -> XY:
        return corner[0] + away[0] * far, corner[1] + away[1] * far

    near, far = FROM_EDGE, depth + FROM_EDGE
    return Polygon([moved(first, near), moved(second, near), moved(second, far), moved(first, far)])
