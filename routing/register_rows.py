"""From the features of a file, or the rows of a table, to things for a register: checked shape, key and keeper."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.candidates import IDENTITY, NUMBER, Surroundings, text_of
from geodata.features import Feature, FeatureFile
from geodata.problems import Outcome, Problem, RefusedError
from geodata.shapes import LINE, POINT, POLYGON, clean_geometry
from geodata.shapes_at_once import clean_at_once
from routing.models import Register
from routing.register_values import (
    MAX_KEEPER,
    MAX_KEY,
    MAX_NAME,
    MAX_NUMBER,
    Fields,
    attributes_of,
    edrpou_of,
    entrances_of,
    optional,
)
from routing.registers import search_text

Kind = Register.Kind
SHAPES = {
    Kind.ROADS: frozenset({LINE, POLYGON}),
    Kind.BUILDINGS: frozenset({POLYGON, POINT}),
    Kind.LAMPS: frozenset({POINT}),
    Kind.TREES: frozenset({POINT, POLYGON}),
    Kind.MANHOLES: frozenset({POINT}),
    Kind.OTHER: frozenset({POINT, LINE, POLYGON}),
}
NO_PLACE = shapely.Point()  # empty: the file does not say where the thing is


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRow:
    """One thing as the file has it, with a valid geometry (SRID 4326), or NO_PLACE: the stored place stays then, and so
    does what the file has no column for (`silent`)."""

    feature: int
    key: str
    name: str
    number: str
    keeper: str
    edrpou: str
    entrances: int | None
    shape: BaseGeometry
    attributes: dict[str, Any] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()

    @property
    def search(self) -> str:
        """What a resident finds it by: its key only when it is called nothing else."""
        return search_text(f"{self.name} {self.number}") or search_text(self.key)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A geometry that was cleaned with all the others, or None: it is looked at by itself."""

    cleaned: BaseGeometry | None
    is_inside: bool  # certainly in the community


def rows_of(
    source: FeatureFile, *, kind: str, fields: Fields, around: Surroundings | None = None
) -> tuple[list[AssetRow], list[Problem]]:
    """Things for a register of that kind and everything found on the way, in the order of the file."""
    found: list[AssetRow] = []
    problems = [*source.problems, *_unknown(source, fields)]
    if any(problem.details.get("field") == fields.key for problem in problems):
        return [], problems  # it would be said of every row
    first_with: dict[str, int] = {}
    wrong_codes: set[object] = set()
    shapes = _cleaned_at_once(source, kinds=SHAPES[Kind(kind)], around=around)
    for feature, shape in zip(source.features, shapes, strict=True):
        key = ""
        try:
            key = text_of(feature, fields.key, MAX_KEY)
            if key in first_with:
                raise RefusedError("repeated_code", other=first_with[key])
            first_with[key] = feature.number
            row, notes = _row(feature, key, shape, source, kind=kind, fields=fields, around=around)
        except RefusedError as refusal:
            problems.append(refusal.problem.of(feature.number, key))
            continue
        for note in notes:
            if note.kind == "edrpou_digit":  # a register repeats a code in many rows: the first tells of it
                if row.edrpou in wrong_codes:
                    continue
                wrong_codes.add(row.edrpou)
            problems.append(note.of(feature.number, key, row.name))
        found.append(row)
    return found, _counted(problems)


def _cleaned_at_once(source: FeatureFile, *, kinds: frozenset[str], around: Surroundings | None) -> Iterator[_Shape]:
    """For each feature its shape where there is nothing to say of it, and whether it meets the community."""
    shapes = clean_at_once([feature.geometry for feature in source.features], source.to_wgs84, kinds=kinds)
    inside: Sequence[bool] = [False] * len(shapes)
    if around and around.boundary is not None:
        shapely.prepare(around.boundary)  # asked for every row
        inside = shapely.intersects(around.boundary, np.array(shapes, dtype=object)).tolist()
    return (_Shape(shape, is_inside) for shape, is_inside in zip(shapes, inside, strict=True))


def _unknown(source: FeatureFile, fields: Fields) -> list[Problem]:
    """Names of properties that nothing in the file has: a slip of the pen would empty a column."""
    known = {"", IDENTITY, NUMBER, *source.fields}
    asked = dict.fromkeys((*fields.used, *(fields.attributes or ())))
    there = ", ".join(source.fields[:12])
    return [Problem("no_field", details={"field": name, "fields": there}) for name in asked if name not in known]


def _row(
    feature: Feature,
    key: str,
    shape: _Shape,
    source: FeatureFile,
    *,
    kind: str,
    fields: Fields,
    around: Surroundings | None,
) -> tuple[AssetRow, list[Problem]]:
    placed, notes = _placed(feature, shape, source, kind=kind, around=around)
    edrpou, more = edrpou_of(feature, fields.edrpou)
    row = AssetRow(
        feature=feature.number,
        key=key,
        name=optional(feature, fields.name, MAX_NAME),
        number=optional(feature, fields.number, MAX_NUMBER),
        keeper=optional(feature, fields.keeper, MAX_KEEPER),
        edrpou=edrpou,
        entrances=entrances_of(feature, fields.entrances),
        shape=placed,
        attributes=attributes_of(feature, fields),
        silent=fields.silent if placed is NO_PLACE else frozenset(),
    )
    return row, [*notes, *more]


def _placed(
    feature: Feature, shape: _Shape, source: FeatureFile, *, kind: str, around: Surroundings | None
) -> tuple[BaseGeometry, list[Problem]]:
    """The valid shape near the community, NO_PLACE for none at all, and notes. Raises RefusedError."""
    if feature.geometry is None:
        return NO_PLACE, []
    cleaned, notes = shape.cleaned, list[Problem]()
    if cleaned is None:
        cleaned, notes = clean_geometry(feature.geometry, source.to_wgs84, kinds=SHAPES[Kind(kind)])
    if around and not shape.is_inside:
        around.check(cleaned)
    return cleaned, notes


def _counted(problems: list[Problem], most: int = 200) -> list[Problem]:
    """By feature; of the notes of one kind no more than so many: a hundred thousand heights are one story."""
    kept: list[Problem] = []
    seen: dict[str, int] = {}
    for problem in sorted(problems, key=lambda one: one.feature):
        seen[problem.kind] = seen.get(problem.kind, 0) + 1
        if problem.outcome is Outcome.REFUSED or seen[problem.kind] <= most:
            kept.append(problem)
    return kept
