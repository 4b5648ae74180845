"""Ground cut along the borders of shapes that lie over each other. SRID 4326."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.shapes import polygons_in, square_metres

NOTHING = shapely.Polygon()
LEAST = 1.0  # m²; below it lie the roundings of whoever drew the borders

Tags = frozenset[int]


def polygons_of(shape: BaseGeometry, *, least: float = 0.0) -> BaseGeometry:
    """Its polygons of at least so many m², outer rings counter-clockwise, without the lines and points of borders."""
    parts = [part for part in polygons_in(shape) if not least or square_metres(part) >= least]
    return shapely.MultiPolygon(parts) if parts else NOTHING


def near_pairs(shapes: Sequence[BaseGeometry]) -> list[tuple[int, int]]:
    """Pairs of places in the list whose bounding boxes meet; the first before the second."""
    if len(shapes) < 2:
        return []
    ones, others = shapely.STRtree(shapes).query(shapes)
    return sorted((one, other) for one, other in zip(ones.tolist(), others.tolist(), strict=True) if one < other)


def share_ground(ones: Sequence[BaseGeometry], others: Sequence[BaseGeometry]) -> NDArray[np.bool_]:
    """Pair by pair: whether both have some ground, more than a border."""
    first, second = np.array(ones, dtype=object), np.array(others, dtype=object)
    shapely.prepare(first)
    shapely.prepare(second)
    found = np.asarray(shapely.covers(first, second) | shapely.covers(second, first))
    doubtful = np.flatnonzero(~found)  # what covers is told quickly, for shapes of many corners too
    found[doubtful] = shapely.relate_pattern(first[doubtful], second[doubtful], "T********")
    return found


def apart(shapes: Sequence[BaseGeometry], tags: Sequence[Tags]) -> list[tuple[Tags, BaseGeometry]]:
    """The ground of all shapes cut so that no piece lies over another: the tags of all that cover it, and the ground;
    pieces of less than LEAST are left out."""
    pairs = near_pairs(shapes)
    shared = share_ground([shapes[one] for one, _other in pairs], [shapes[other] for _one, other in pairs])
    merged: dict[Tags, list[BaseGeometry]] = defaultdict(list)
    for heap in _heaps(
        len(shapes), [pair for pair, is_shared in zip(pairs, shared.tolist(), strict=True) if is_shared]
    ):
        cut: list[tuple[Tags, BaseGeometry]] = []
        for number in heap:
            cut = _cut_in(cut, shapes[number], tags[number])
        for tagged, shape in cut:
            merged[tagged].append(shape)
    whole = ((tagged, polygons_of(shapely.union_all(listed))) for tagged, listed in merged.items())
    return [(tagged, shape) for tagged, shape in whole if square_metres(shape) >= LEAST]


def _heaps(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Numbers that lie over each other, directly or through others, together."""
    heap_of = {number: [number] for number in range(count)}
    for one, other in pairs:
        larger, smaller = sorted((heap_of[one], heap_of[other]), key=len, reverse=True)
        if larger is not smaller:
            larger += smaller
            heap_of |= dict.fromkeys(smaller, larger)
    return [sorted(heap) for heap in {id(heap): heap for heap in heap_of.values()}.values()]


def _cut_in(parts: list[tuple[Tags, BaseGeometry]], left: BaseGeometry, tags: Tags) -> list[tuple[Tags, BaseGeometry]]:
    found = []
    for tagged, shape in parts:
        shared = polygons_of(shape.intersection(left)) if shape.intersects(left) else NOTHING
        if shared.is_empty:
            found.append((tagged, shape))
            continue
        found.append((tagged | tags, shared))
        rest = polygons_of(shape.difference(shared))
        left = polygons_of(left.difference(shared))
        if not rest.is_empty:
            found.append((tagged, rest))
    return found if left.is_empty else [*found, (tags, left)]
