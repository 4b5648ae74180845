"""What strangers may know of a report whose place is sensitive: the grid cell that it lies in, and nothing narrower."""

from collections.abc import Mapping
from math import floor
from typing import Any

from django.contrib.gis.geos import Point, Polygon
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from geodata.models import WGS84, Area

# A coarse thing is shown at the middle of its cell of a constant grid, 0.01° (about 1.1 km north to south).
COARSE_GRID = 0.01


def blurred(lon: float, lat: float) -> tuple[float, float]:
    """The same middle of the grid cell, in Python: (lon, lat), degrees."""
    return (
        round((floor(lon / COARSE_GRID) + 0.5) * COARSE_GRID, 7),
        round((floor(lat / COARSE_GRID) + 0.5) * COARSE_GRID, 7),
    )


def cell_of(lon: float, lat: float) -> Polygon:
    """The grid cell that holds a place: all that strangers learn of a blurred one. SRID 4326."""
    middle, half = blurred(lon, lat), COARSE_GRID / 2
    cell = Polygon.from_bbox((middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half))
    cell.srid = WGS84
    return cell


def told_areas(areas: "QuerySet[Area]", point: Point, *, is_blurred: bool) -> "QuerySet[Area]":
    """The areas that may be named, in their order: of a blurred place (SRID 4326) those that cover its whole cell.

    The border of any other would cut the cell, and tell on which side of it the place is.
    """
    shown = areas.filter(boundary__covers=cell_of(point.x, point.y)) if is_blurred else areas
    return shown.order_by("division", "code")


def without_place(trace: Mapping[str, Any], told: list[str]) -> dict[str, Any]:
    """The trace of a blurred report for strangers: a house, a distance, or an area that is not among those `told`
    would tell the place."""
    matched = trace["matched"] and {**trace["matched"], "asset": None}
    if matched and matched["area"] and matched["area"] not in told:
        matched = None
    return {**trace, "matched": matched, "nearest_other": None, "doubt": None}


def why_roughly(organisation: str) -> list[str]:
    """In place of reasons that would tell the place."""
    words = _("By the community's rules, %(organisation)s answers for this place. The place itself is not shown here.")
    return [words % {"organisation": organisation}]
