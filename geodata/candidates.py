"""From the features of a file to candidates for areas: a checked shape, a code and a name each."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geodata.convert import as_shape
from geodata.features import Feature, FeatureFile
from geodata.models import Community
from geodata.positions import projected
from geodata.problems import Outcome, Place, Problem, RefusedError
from geodata.projections import Projection
from geodata.shapes import LINE, MAX_DEPTH, POINT, POLYGON, clean_shape, family_of, inner_point, kilometres

MAX_CODE, MAX_NAME = 60, 200  # characters, as in geodata.models.Area
MOST_LOOKED_AT = 1000  # positions of a refused geometry
FAR = 300.0  # km from where the community's map opens; a mistake, not a suburb
# Where no property is called so: the feature's own `id`, its number in the file.
IDENTITY, NUMBER = "@id", "@number"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One area as the file has it, with a valid boundary (SRID 4326)."""

    feature: int
    code: str
    name: str
    shape: MultiPolygon


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where areas are expected, to catch swapped axes and the wrong town's file."""

    centre: Place
    boundary: BaseGeometry | None = None

    def check(self, shape: BaseGeometry) -> None:
        """Raises RefusedError for a shape far from here, saying whether swapped axes explain it."""
        if self.boundary is not None and self.boundary.intersects(shape):
            return
        middle = shape.centroid
        distance = kilometres(self.centre, (middle.x, middle.y))
        if distance <= FAR:
            return
        place = (middle.x, middle.y)
        if abs(middle.x) <= 90 and kilometres(self.centre, (middle.y, middle.x)) <= FAR:
            raise RefusedError("swapped", place=place, x=f"{middle.x:.6g}", y=f"{middle.y:.6g}")
        raise RefusedError("far_away", place=place, km=round(distance))


def surroundings_of(community: Community) -> Surroundings:
    """Where a community expects its areas."""
    boundary = as_shape(community.boundary) if community.boundary else None
    return Surroundings((community.centre.x, community.centre.y), boundary)


def candidates_of(
    source: FeatureFile, *, code: str, name: str, around: Surroundings | None = None, only_polygons: bool = False
) -> tuple[list[Candidate], list[Problem]]:
    """Candidates for areas and everything found on the way, in the order of the file, with a place where there is one.

    `code` and `name` are names of properties, or IDENTITY, or NUMBER. Points beside polygons are left out: exports
    of OpenStreetMap hold the labels of areas so. A line is refused, as it may be a boundary with a gap, unless
    `only_polygons`.
    """
    found: list[Candidate] = []
    features, left_out = _without_labels(source.features, only_polygons=only_polygons)
    problems = [*source.problems, *left_out]
    first_with: dict[str, int] = {}
    for feature in features:
        shape, its_problems = _shape(feature, source.to_wgs84, around)
        place = inner_point(shape) if shape else some_place(feature.geometry, source.to_wgs84)
        its_code = its_name = ""
        try:
            its_code = text_of(feature, code, MAX_CODE)
            its_name = text_of(feature, name, MAX_NAME)
            if its_code in first_with:
                raise RefusedError("repeated_code", other=first_with[its_code])
            first_with[its_code] = feature.number
        except RefusedError as refusal:
            its_problems.append(refusal.problem)
        else:
            if shape:
                found.append(Candidate(feature.number, its_code, its_name, shape))
        problems += [_placed(problem, place).of(feature.number, its_code, its_name) for problem in its_problems]
    return found, sorted(problems, key=lambda problem: problem.feature)


def _placed(problem: Problem, place: Place | None) -> Problem:
    """With a place to look at, unless there is nothing to look for."""
    return problem if problem.place or problem.outcome is Outcome.NOTED else replace(problem, place=place)


def _without_labels(features: list[Feature], *, only_polygons: bool) -> tuple[list[Feature], list[Problem]]:
    """The features that should be areas, and one note on the others; all of them when none is a polygon."""
    families = [family_of(feature.geometry) for feature in features]
    if POLYGON not in families:
        return features, []
    unwanted = (POINT, LINE) if only_polygons else (POINT,)
    kept = [feature for feature, family in zip(features, families, strict=True) if family not in unwanted]
    count = len(features) - len(kept)
    kind = "others_left_out" if only_polygons else "points_left_out"
    return kept, ([Problem(kind, Outcome.NOTED, details={"count": count})] if count else [])


def _shape(
    feature: Feature, to_wgs84: Projection | None, around: Surroundings | None
) -> tuple[MultiPolygon | None, list[Problem]]:
    """The valid boundary, or None and why there is none."""
    try:
        shape, notes = clean_shape(feature.geometry, to_wgs84)
        if around:
            around.check(shape)
    except RefusedError as refusal:
        return None, [refusal.problem]
    return shape, notes


def some_place(geometry: Any, to_wgs84: Projection | None = None) -> Place | None:
    """The first position in an unchecked geometry that lies on the Earth, to show where a refused feature would be."""
    for position in islice(_pairs(geometry), MOST_LOOKED_AT):
        try:
            ((lon, lat),) = projected([position], to_wgs84)
        except RefusedError:
            continue
        if abs(lon) <= 180 and abs(lat) <= 90:
            return lon, lat
    return None


def _pairs(inside: Any, depth: int = 0) -> Iterator[tuple[float, float]]:
    """What looks like a position, wherever it stands."""
    if depth > MAX_DEPTH:
        return
    if isinstance(inside, dict):
        inside = [inside.get("coordinates"), inside.get("geometries")]
    if not isinstance(inside, list):
        return
    pair = [float(part) for part in inside[:2] if isinstance(part, float) or (type(part) is int and abs(part) < 1e12)]
    if len(pair) == 2 and all(map(math.isfinite, pair)):
        yield pair[0], pair[1]
    else:
        yield from (found for part in inside for found in _pairs(part, depth + 1))


def text_of(feature: Feature, wanted: str, limit: int) -> str:
    """The property as one line of text. Raises RefusedError when it is missing, empty, long or no text."""
    if wanted in feature.properties:
        value = feature.properties[wanted]
    elif wanted == NUMBER:
        value = feature.number
    elif wanted == IDENTITY:
        value = feature.identity
    elif feature.properties:
        raise RefusedError("no_field", field=wanted, fields=_some(feature.properties))
    else:
        raise RefusedError("no_fields", field=wanted)
    text = _one_line(value)
    if text is None:
        raise RefusedError("bad_value", field=wanted)
    if not text:
        raise RefusedError("no_value", field=wanted)
    if len(text) > limit:
        raise RefusedError("long_value", field=wanted, limit=limit)
    return text


def _one_line(value: Any) -> str | None:
    """Text or a whole number as one line without control characters; None for values of other kinds."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    printable = str(value).encode("utf-8", "ignore").decode()
    if not printable.isprintable():
        printable = "".join(c if c.isprintable() else " " for c in printable)
    return " ".join(printable.split())


def _some(names: Iterable[str], most: int = 12) -> str:
    listed = [str(_one_line(name))[:40] for name in names]
    return ", ".join(listed[:most]) + (" …" if len(listed) > most else "")
