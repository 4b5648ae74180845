"""Positions of an unchecked geometry: finite numbers, in longitude and latitude, inside the world."""

import math
from typing import Any

from geodata.problems import Outcome, Place, Problem, RefusedError
from geodata.projections import Projection

METRES_FROM = 400.0  # numbers past this are no degrees, not even carelessly wrapped ones

Ring = list[tuple[float, float]]
Notes = dict[str, Problem]  # by kind: what is said of a feature is said once


def note(notes: Notes, kind: str, outcome: Outcome, place: Place | None = None) -> None:
    """Remembers the first of its kind."""
    notes.setdefault(kind, Problem(kind, outcome, place=place))


def checked_positions(positions: Any, notes: Notes, *, kind: str) -> Ring:
    """Finite numbers in the file's own coordinates. Raises RefusedError naming `kind`, the type of the geometry."""
    if not isinstance(positions, list):
        raise RefusedError("bad_coordinates", type=kind)
    return [_position(position, notes, kind) for position in positions]


def checked_ring(positions: Any, notes: Notes) -> Ring:
    """A closed ring of finite numbers, in the file's own coordinates."""
    ring = checked_positions(positions, notes, kind="Polygon")
    if len(set(ring)) < 3:
        raise RefusedError("too_few_points", place=_as_place(ring))
    if ring[0] != ring[-1]:
        note(notes, "closed", Outcome.REPAIRED, _as_place(ring))
        ring.append(ring[0])
    return ring


def _position(position: Any, notes: Notes, kind: str) -> tuple[float, float]:
    if not isinstance(position, list) or len(position) < 2:
        raise RefusedError("bad_coordinates", type=kind)
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in position):
        raise RefusedError("bad_coordinates", type=kind)
    if len(position) > 2:
        note(notes, "flattened", Outcome.NOTED)
    try:
        x, y = float(position[0]), float(position[1])
    except OverflowError:
        raise RefusedError("not_finite") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise RefusedError("not_finite")
    return x, y


def projected(ring: Ring, to_wgs84: Projection | None) -> Ring:
    """The positions in longitude and latitude. Raises RefusedError where the projection has no answer."""
    if to_wgs84 is None or not ring:
        return ring
    longitudes, latitudes = to_wgs84([x for x, _ in ring], [y for _, y in ring])
    if not all(map(math.isfinite, (*longitudes, *latitudes))):
        raise RefusedError("crs_range")
    return list(zip(longitudes, latitudes, strict=True))


def check_range(ring: Ring) -> None:
    """Raises RefusedError, naming the likeliest cause, when positions leave the world or run around it."""
    for x, y in ring:
        if abs(x) <= 180 and abs(y) <= 90:
            continue
        if abs(x) > METRES_FROM or abs(y) > METRES_FROM:
            raise RefusedError("projected", x=f"{x:.10g}", y=f"{y:.10g}")
        swapped = abs(x) <= 90 and abs(y) <= 180
        raise RefusedError("swapped" if swapped else "outside_world", x=f"{x:.10g}", y=f"{y:.10g}")
    longitudes = [x for x, _ in ring]
    if ring and max(longitudes) - min(longitudes) > 180:
        raise RefusedError("antimeridian", place=ring[0])


def _as_place(ring: Ring) -> Place | None:
    """The start of a ring when it can be shown on a map."""
    return ring[0] if ring and abs(ring[0][0]) <= 180 and abs(ring[0][1]) <= 90 else None
