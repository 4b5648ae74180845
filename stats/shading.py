"""A shaded map of areas as SVG: classes of equal size, stated beside it; what is too little to say is hatched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stats.asking import ask

WIDTH = 800  # px of the drawing
MOST_CLASSES = 5
MOST_NAMES = 16  # areas whose name and number stand on the map
TALLEST = 1000

_SHAPES = """
WITH drawn AS MATERIALIZED (
    SELECT id, ST_Transform(boundary, 3857) AS shape FROM geodata_area WHERE id = ANY (%s)),
frame AS (SELECT ST_XMin(box) AS west, ST_YMax(box) AS north, ST_XMax(box) - ST_XMin(box) AS wide,
        ST_YMax(box) - ST_YMin(box) AS high FROM (SELECT ST_Extent(shape)::geometry AS box FROM drawn) extent),
fitted AS MATERIALIZED (
    SELECT id, scale, high, ST_SimplifyPreserveTopology(
        ST_TransScale(shape, -west, -north, scale, scale), 0.4) AS shape
    FROM drawn, frame, LATERAL (SELECT least(%s / wide, %s / high) AS scale) s)
SELECT id, ST_AsSVG(shape, 1, 1), ST_X(middle), -ST_Y(middle), ceil(high * scale)::integer, ST_Area(shape)
FROM fitted, LATERAL (SELECT ST_PointOnSurface(shape) AS middle) m ORDER BY ST_Area(shape) DESC
"""


@dataclass(frozen=True, slots=True)
class Class:
    """One class of values, both ends included. `number`: from 1, the palest."""

    number: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Shape:
    """An area as it is drawn. `shade` 0: nothing can be said of it. x, y: where its name stands, px."""

    area: int
    path: str
    x: float
    y: float
    shade: int
    name: str
    said: str  # its number
    is_named: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, px, with its classes in ascending order."""

    width: int
    height: int
    shapes: Sequence[Shape]
    classes: Sequence[Class]


@dataclass(frozen=True, slots=True)
class Shaded:
    """What an area is shaded by. `value` None: too little, or not known."""

    name: str
    value: float | None
    said: str


def classes_of(values: Iterable[float]) -> list[Class]:
    """At most MOST_CLASSES classes with about as many values each; equal values are of one class."""
    ordered = sorted(values)
    if not ordered:
        return []
    many = min(MOST_CLASSES, len(set(ordered)))
    cuts = sorted({ordered[round(len(ordered) * step / many)] for step in range(1, many)} - {ordered[0]})
    edges = [ordered[0], *cuts, float("inf")]
    found = [[value for value in ordered if low <= value < high] for low, high in pairwise(edges)]
    return [Class(number, part[0], part[-1]) for number, part in enumerate(found, start=1)]


def shade_of(value: float | None, classes: Sequence[Class]) -> int:
    """The number of the class that holds a value, 0 for none. Fewer classes than five take the darker shades."""
    if value is None:
        return 0
    place = next(one.number for one in reversed(classes) if value >= one.low)
    return place + (MOST_CLASSES - len(classes)) // 2


def picture(shaded: Mapping[int, Shaded], *, chosen: int | None = None) -> Picture | None:
    """A map of areas (by key); None when there is nothing to draw."""
    rows = ask(_SHAPES, list(shaded), WIDTH, TALLEST)
    if not rows:
        return None
    classes = classes_of(one.value for one in shaded.values() if one.value is not None)
    shapes = [
        Shape(
            area=area,
            path=path,
            x=round(x, 1),
            y=round(y, 1),
            shade=shade_of(shaded[area].value, classes),
            name=shaded[area].name,
            said=shaded[area].said,
            is_named=place < MOST_NAMES and len(rows) <= 2 * MOST_NAMES,
            is_chosen=area == chosen,
        )
        for place, (area, path, x, y, _high, _size) in enumerate(rows)
    ]
    return Picture(WIDTH, max(row[4] for row in rows), shapes, classes)
