"""Where the areas of a division lie twice, and where none lies: figures in m² on the WGS 84 ellipsoid."""

from collections.abc import Mapping
from dataclasses import dataclass

import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geodata.problems import Place
from geodata.shapes import inner_point, polygons_in, square_metres

MIN_REPORTED = 1.0  # m²; below it lie the roundings of whoever drew the border


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two areas that share ground."""

    codes: tuple[str, str]
    square_metres: float
    place: Place | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Ground that no area covers: a hole between areas, or a part of the community's own territory."""

    square_metres: float
    place: Place | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How areas cover ground. `uncovered` and `outside` are empty when the community has no boundary."""

    overlaps: list[Overlap]
    holes: list[Gap]
    uncovered: list[Gap]
    outside: list[Gap]


def coverage(areas: Mapping[str, BaseGeometry], boundary: BaseGeometry | None) -> Coverage:
    """Overlaps and gaps of valid areas by code (SRID 4326), the largest first."""
    union = shapely.union_all(list(areas.values()))
    holes = [Polygon(ring) for part in polygons_in(union) for ring in part.interiors]
    return Coverage(
        overlaps=_overlaps(areas),
        holes=_gaps(shapely.union_all(holes).difference(union)),
        uncovered=_gaps(boundary.difference(union)) if boundary else [],
        outside=_gaps(union.difference(boundary)) if boundary else [],
    )


def _overlaps(areas: Mapping[str, BaseGeometry]) -> list[Overlap]:
    codes = list(areas)
    shapes = list(areas.values())
    ones, others = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    found = []
    for one, other in zip(ones.tolist(), others.tolist(), strict=True):
        if one >= other:
            continue
        shared = shapes[one].intersection(shapes[other])
        size = square_metres(shared)
        if size >= MIN_REPORTED:
            found.append(Overlap((codes[one], codes[other]), size, inner_point(shared)))
    return sorted(found, key=lambda overlap: -overlap.square_metres)


def _gaps(shape: BaseGeometry) -> list[Gap]:
    gaps = [Gap(square_metres(part), inner_point(part)) for part in polygons_in(shape)]
    worth_telling = [gap for gap in gaps if gap.square_metres >= MIN_REPORTED]
    return sorted(worth_telling, key=lambda gap: -gap.square_metres)
