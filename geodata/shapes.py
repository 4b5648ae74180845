"""Turns the unchecked geometry of a feature into a valid one, or says why it cannot be one."""

import re
from collections.abc import Iterator
from typing import Any

import shapely
from pyproj import Geod
from shapely.geometry import (
    LinearRing,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
)
from shapely.geometry.base import BaseGeometry

from geodata.features import GEOMETRY_TYPES
from geodata.positions import Notes, Ring, check_range, checked_positions, checked_ring, note, projected
from geodata.problems import Outcome, Place, Problem, RefusedError
from geodata.projections import Projection

MAX_REPAIR = 0.1  # share of the area; a repair that changes more would be a guess about who answers where
MIN_AREA = 1.0  # m²
MAX_DEPTH = 8  # collections inside collections
POINT, LINE, POLYGON = "point", "line", "polygon"
_FAMILIES = {
    "Point": POINT,
    "MultiPoint": POINT,
    "LineString": LINE,
    "MultiLineString": LINE,
    "Polygon": POLYGON,
    "MultiPolygon": POLYGON,
}
_EARTH = Geod(ellps="WGS84")
_FAULT = re.compile(r"^(?P<what>[^\[]+)\[(?P<x>\S+) (?P<y>\S+)\]$")


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


def clean_geometry(
    geometry: Any, to_wgs84: Projection | None = None, *, kinds: frozenset[str]
) -> tuple[BaseGeometry, list[Problem]]:
    """A valid geometry of one of the kinds POINT, LINE, POLYGON in longitude and latitude, and what was repaired.

    One part comes as Point, LineString or Polygon, several as MultiPoint, MultiLineString or MultiPolygon. Raises
    RefusedError for geometries of other kinds, of several kinds at once, and where only a guess would help.
    """
    parts = list(_simple_parts(geometry))
    families = {_FAMILIES[kind] for kind, _ in parts}
    if not parts:
        raise RefusedError("empty")
    if len(families) > 1:
        raise RefusedError("mixed_geometry")
    (family,) = families
    if family not in kinds:
        raise RefusedError("unwanted_geometry", type=parts[0][0], wanted=", ".join(sorted(kinds)))
    if family == POLYGON:
        shape, problems = clean_shape(geometry, to_wgs84)
        return (shape.geoms[0] if len(shape.geoms) == 1 else shape), problems
    notes: Notes = {}
    listed = [_line_or_point(kind, coordinates, to_wgs84, notes) for kind, coordinates in parts]
    if family == POINT:
        points = [Point(places[0]) for places in listed]
        return (points[0] if len(points) == 1 else MultiPoint(points)), list(notes.values())
    lines = [LineString(places) for places in listed]
    return (lines[0] if len(lines) == 1 else MultiLineString(lines)), list(notes.values())


def family_of(geometry: Any) -> str:
    """POINT, LINE or POLYGON by what an unchecked geometry calls itself; "" for collections and all else."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    return _FAMILIES.get(kind, "") if isinstance(kind, str) else ""


def _line_or_point(kind: str, coordinates: Any, to_wgs84: Projection | None, notes: Notes) -> Ring:
    listed = [coordinates] if kind == "Point" else coordinates
    places = projected(checked_positions(listed, notes, kind=kind), to_wgs84)
    check_range(places)
    if kind == "LineString" and len(set(places)) < 2:
        raise RefusedError("line_points", place=places[0] if places else None)
    return places


def _simple_parts(geometry: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Points, lines and polygons in a geometry with their coordinates, still unchecked."""
    kind = _type_of(geometry)
    if kind == "GeometryCollection":
        yield from (part for member in _members(geometry, depth) for part in _simple_parts(member, depth + 1))
        return
    coordinates = geometry.get("coordinates")
    if not kind.startswith("Multi"):
        yield kind, coordinates
        return
    if not isinstance(coordinates, list):
        raise RefusedError("bad_coordinates", type=kind)
    yield from ((kind.removeprefix("Multi"), part) for part in coordinates)


def _type_of(geometry: Any) -> str:
    """What the geometry calls itself. Raises RefusedError when that is nothing GeoJSON knows."""
    if geometry is None:
        raise RefusedError("no_geometry")
    if not isinstance(geometry, dict):
        raise RefusedError("not_geometry")
    kind = geometry.get("type")
    if not isinstance(kind, str) or kind not in GEOMETRY_TYPES:
        raise RefusedError("no_type") if kind is None else RefusedError("unknown_type", type=str(kind)[:40])
    return kind


def _members(collection: dict[str, Any], depth: int) -> list[Any]:
    members = collection.get("geometries")
    if not isinstance(members, list):
        raise RefusedError("bad_coordinates", type="GeometryCollection")
    if depth >= MAX_DEPTH:
        raise RefusedError("too_deep")
    return members


def _polygons(geometry: Any, notes: Notes, depth: int = 0) -> list[Any]:
    """Coordinates of every polygon in a geometry, still unchecked."""
    kind = _type_of(geometry)
    if kind == "GeometryCollection":
        members = _members(geometry, depth)
        found = [polygon for member in members for polygon in _polygons(member, notes, depth + 1)]
        if members and not found:
            raise RefusedError("wrong_geometry", type="GeometryCollection")
        return found
    coordinates = geometry.get("coordinates")
    if kind == "Polygon":
        return [coordinates]
    if kind == "MultiPolygon":
        if not isinstance(coordinates, list):
            raise RefusedError("bad_coordinates", type=kind)
        return coordinates
    if depth:
        note(notes, "left_out", Outcome.REPAIRED)
        return []
    raise RefusedError("wrong_geometry", type=kind)


def _rings(rings: Any, to_wgs84: Projection | None, notes: Notes) -> list[Ring]:
    """Checked rings of one polygon in longitude and latitude, the shell first; none when it is empty."""
    if not isinstance(rings, list):
        raise RefusedError("bad_coordinates", type="Polygon")
    checked = [projected(checked_ring(ring, notes), to_wgs84) for ring in rings]
    for ring in checked:
        check_range(ring)
    return checked


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
