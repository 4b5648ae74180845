"""Turns the unchecked geometry of a feature into a valid multipolygon, or says why it cannot be one."""

import math
import re
from typing import Any

import shapely
from pyproj import Geod
from shapely.geometry import LinearRing, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.problems import Outcome, Place, Problem, RefusedError
from geodata.reading import GEOMETRY_TYPES, Projection

MAX_REPAIR = 0.1  # share of the area; a repair that changes more would be a guess about who answers where
MIN_AREA = 1.0  # m²
MAX_DEPTH = 8  # collections inside collections
METRES_FROM = 400.0  # numbers past this are no degrees, not even carelessly wrapped ones
_EARTH = Geod(ellps="WGS84")
_FAULT = re.compile(r"^(?P<what>[^\[]+)\[(?P<x>\S+) (?P<y>\S+)\]$")

Ring = list[tuple[float, float]]
Notes = dict[str, Problem]  # by kind: what is said of a feature is said once


def square_metres(shape: BaseGeometry) -> float:
    """Area on the WGS 84 ellipsoid of the polygons of a shape in longitude and latitude."""
    return float(sum(abs(_EARTH.geometry_area_perimeter(part)[0]) for part in polygons_in(shape)))


def kilometres(one: Place, other: Place) -> float:
    """Distance on the WGS 84 ellipsoid."""
    return float(_EARTH.inv(*one, *other)[2]) / 1000


def polygons_in(shape: BaseGeometry) -> list[Polygon]:
    """The polygons of any geometry, outer rings counter-clockwise; points and lines are left out."""
    if isinstance(shape, Polygon):
        return [] if shape.is_empty else [shapely.orient_polygons(shape)]
    return [polygon for part in getattr(shape, "geoms", ()) for polygon in polygons_in(part)]


def inner_point(shape: BaseGeometry) -> Place | None:
    """A place inside the shape, to show on a map; None for an empty one."""
    if shape.is_empty:
        return None
    point = shape.representative_point()
    return point.x, point.y


def clean_shape(geometry: Any, to_wgs84: Projection | None = None) -> tuple[MultiPolygon, list[Problem]]:
    """A valid multipolygon in longitude and latitude, and what was repaired or left out on the way.

    Raises RefusedError when the geometry is no polygon, or when only a guess could make it valid.
    """
    notes: Notes = {}
    listed = [_rings(rings, to_wgs84, notes) for rings in _polygons(geometry, notes)]
    listed = [rings for rings in listed if rings]
    if not listed:
        raise RefusedError("empty")
    shape: BaseGeometry = MultiPolygon([Polygon(shell, holes) for shell, *holes in listed])
    if not shape.is_valid:
        shape = _made_valid(shape, sum(map(_ring_area, listed)), notes)
    whole = MultiPolygon(polygons_in(shape))
    if square_metres(whole) < MIN_AREA:
        raise RefusedError("no_area", place=listed[0][0][0])
    return whole, list(notes.values())


def _note(notes: Notes, kind: str, outcome: Outcome, place: Place | None = None) -> None:
    notes.setdefault(kind, Problem(kind, outcome, place=place))


def _polygons(geometry: Any, notes: Notes, depth: int = 0) -> list[Any]:
    """Coordinates of every polygon in a geometry, still unchecked."""
    if geometry is None:
        raise RefusedError("no_geometry")
    if not isinstance(geometry, dict):
        raise RefusedError("not_geometry")
    kind = geometry.get("type")
    if not isinstance(kind, str) or kind not in GEOMETRY_TYPES:
        raise RefusedError("unknown_type", type=str(kind)[:40])
    if kind == "GeometryCollection":
        return _of_collection(geometry.get("geometries"), notes, depth)
    coordinates = geometry.get("coordinates")
    if kind == "Polygon":
        return [coordinates]
    if kind == "MultiPolygon":
        if not isinstance(coordinates, list):
            raise RefusedError("bad_coordinates", type=kind)
        return coordinates
    if depth:
        _note(notes, "left_out", Outcome.REPAIRED)
        return []
    raise RefusedError("wrong_geometry", type=kind)


def _of_collection(members: Any, notes: Notes, depth: int) -> list[Any]:
    if not isinstance(members, list):
        raise RefusedError("bad_coordinates", type="GeometryCollection")
    if depth >= MAX_DEPTH:
        raise RefusedError("too_deep")
    found = [polygon for member in members for polygon in _polygons(member, notes, depth + 1)]
    if members and not found:
        raise RefusedError("wrong_geometry", type="GeometryCollection")
    return found


def _rings(rings: Any, to_wgs84: Projection | None, notes: Notes) -> list[Ring]:
    """Checked rings of one polygon in longitude and latitude, the shell first; none when it is empty."""
    if not isinstance(rings, list):
        raise RefusedError("bad_coordinates", type="Polygon")
    checked = [_ring(ring, notes) for ring in rings]
    if to_wgs84:
        checked = [_projected(ring, to_wgs84) for ring in checked]
    for ring in checked:
        _check_range(ring)
    return checked


def _ring(positions: Any, notes: Notes) -> Ring:
    """A closed ring of finite numbers, in the file's own coordinates."""
    if not isinstance(positions, list):
        raise RefusedError("bad_coordinates", type="Polygon")
    ring = [_position(position, notes) for position in positions]
    if len(set(ring)) < 3:
        raise RefusedError("too_few_points", place=_as_place(ring))
    if ring[0] != ring[-1]:
        _note(notes, "closed", Outcome.REPAIRED, _as_place(ring))
        ring.append(ring[0])
    return ring


def _position(position: Any, notes: Notes) -> tuple[float, float]:
    if not isinstance(position, list) or len(position) < 2:
        raise RefusedError("bad_coordinates", type="Polygon")
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in position):
        raise RefusedError("bad_coordinates", type="Polygon")
    if len(position) > 2:
        _note(notes, "flattened", Outcome.NOTED)
    try:
        x, y = float(position[0]), float(position[1])
    except OverflowError:
        raise RefusedError("not_finite") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise RefusedError("not_finite")
    return x, y


def _projected(ring: Ring, to_wgs84: Projection) -> Ring:
    longitudes, latitudes = to_wgs84([x for x, _ in ring], [y for _, y in ring])
    if not all(map(math.isfinite, (*longitudes, *latitudes))):
        raise RefusedError("crs_range")
    return list(zip(longitudes, latitudes, strict=True))


def _check_range(ring: Ring) -> None:
    """Raises RefusedError, naming the likeliest cause, when a ring leaves the world or runs around it."""
    for x, y in ring:
        if abs(x) <= 180 and abs(y) <= 90:
            continue
        if abs(x) > METRES_FROM or abs(y) > METRES_FROM:
            raise RefusedError("projected", x=f"{x:.10g}", y=f"{y:.10g}")
        swapped = abs(x) <= 90 and abs(y) <= 180
        raise RefusedError("swapped" if swapped else "outside_world", x=f"{x:.10g}", y=f"{y:.10g}")
    longitudes = [x for x, _ in ring]
    if max(longitudes) - min(longitudes) > 180:
        raise RefusedError("antimeridian", place=ring[0])


def _made_valid(shape: BaseGeometry, before: float, notes: Notes) -> BaseGeometry:
    """The shape without crossings: holes are cut out of shells, overlapping parts become one."""
    told = _FAULT.match(shapely.is_valid_reason(shape))
    what = told["what"] if told else ""
    place = (float(told["x"]), float(told["y"])) if told else None
    repaired = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    after = square_metres(repaired)
    if after < MIN_AREA:
        raise RefusedError("no_area", place=place)
    figures = {"what": what, "before": round(before), "after": round(after)}
    if abs(after - before) > MAX_REPAIR * max(after, before):
        raise RefusedError("too_much_repair", place=place, **figures)
    notes["self_crossing"] = Problem("self_crossing", Outcome.REPAIRED, place=place, details=figures)
    return repaired


def _ring_area(rings: list[Ring]) -> float:
    """m² of the shell less those of the holes, as drawn: an eight counts as the difference of its lobes."""
    shell, *holes = (abs(_EARTH.geometry_area_perimeter(LinearRing(ring))[0]) for ring in rings)
    return float(shell - sum(holes))


def _as_place(ring: Ring) -> Place | None:
    """The start of a ring when it can be shown on a map."""
    return ring[0] if ring and abs(ring[0][0]) <= 180 and abs(ring[0][1]) <= 90 else None
