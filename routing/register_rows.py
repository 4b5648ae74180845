"""From the features of a file, or the rows of a table, to things for a register: checked shape, key and keeper."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from math import isfinite
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from geodata.candidates import Surroundings, text_of
from geodata.features import Feature, FeatureFile
from geodata.problems import Outcome, Problem, RefusedError
from geodata.shapes import LINE, POINT, POLYGON, clean_geometry
from routing.models import Register
from routing.registers import search_text

MAX_KEY, MAX_NAME, MAX_NUMBER, MAX_KEEPER = 100, 200, 60, 200  # characters, as in the models
MAX_ATTRIBUTES, MAX_ATTRIBUTE, MAX_ATTRIBUTE_NAME = 40, 500, 60
EDRPOU = re.compile(r"[0-9]{6,8}")
ENTRANCES = range(1, 201)
Kind = Register.Kind
SHAPES = {
    Kind.ROADS: frozenset({LINE, POLYGON}),
    Kind.BUILDINGS: frozenset({POLYGON, POINT}),
    Kind.LAMPS: frozenset({POINT}),
    Kind.TREES: frozenset({POINT, POLYGON}),
    Kind.MANHOLES: frozenset({POINT}),
    Kind.OTHER: frozenset({POINT, LINE, POLYGON}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Names of the properties that say what a thing is; "" where the file says nothing of it."""

    key: str
    name: str = ""
    number: str = ""
    keeper: str = ""
    edrpou: str = ""
    entrances: str = ""
    attributes: tuple[str, ...] | None = None  # None: all the others


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRow:
    """One thing as the file has it, with a valid geometry (SRID 4326)."""

    feature: int
    key: str
    name: str
    number: str
    keeper: str
    edrpou: str
    entrances: int | None
    shape: BaseGeometry
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def search(self) -> str:
        """What a resident finds it by: its key only when it is called nothing else."""
        return search_text(f"{self.name} {self.number}") or search_text(self.key)


def rows_of(
    source: FeatureFile, *, kind: str, fields: Fields, around: Surroundings | None = None
) -> tuple[list[AssetRow], list[Problem]]:
    """Things for a register of that kind and everything found on the way, in the order of the file."""
    found: list[AssetRow] = []
    problems = [*source.problems, *_unknown(source, fields)]
    first_with: dict[str, int] = {}
    if around and around.boundary is not None:
        shapely.prepare(around.boundary)  # asked for every row
    for feature in source.features:
        key = ""
        try:
            key = text_of(feature, fields.key, MAX_KEY)
            if key in first_with:
                raise RefusedError("repeated_code", other=first_with[key])
            first_with[key] = feature.number
            row, notes = _row(feature, key, source, kind=kind, fields=fields, around=around)
        except RefusedError as refusal:
            problems.append(refusal.problem.of(feature.number, key))
            continue
        problems.extend(note.of(feature.number, key, row.name) for note in notes)
        found.append(row)
    return found, _counted(problems)


def _unknown(source: FeatureFile, fields: Fields) -> list[Problem]:
    """Names of properties that nothing in the file has: a slip of the pen would empty a column."""
    asked = (fields.name, fields.number, fields.keeper, fields.edrpou, fields.entrances, *(fields.attributes or ()))
    there = ", ".join(source.fields[:12])
    return [
        Problem("no_field", details={"field": name, "fields": there})
        for name in asked
        if name and name not in source.fields
    ]


def _row(
    feature: Feature, key: str, source: FeatureFile, *, kind: str, fields: Fields, around: Surroundings | None
) -> tuple[AssetRow, list[Problem]]:
    shape, notes = clean_geometry(feature.geometry, source.to_wgs84, kinds=SHAPES[Kind(kind)])
    if around:
        around.check(shape)
    row = AssetRow(
        feature=feature.number,
        key=key,
        name=_optional(feature, fields.name, MAX_NAME),
        number=_optional(feature, fields.number, MAX_NUMBER),
        keeper=_optional(feature, fields.keeper, MAX_KEEPER),
        edrpou=_edrpou(feature, fields.edrpou),
        entrances=_entrances(feature, fields.entrances),
        shape=shape,
        attributes=_attributes(feature, fields),
    )
    return row, notes


def _optional(feature: Feature, wanted: str, limit: int) -> str:
    """The property as text; "" when it is empty or was not asked for. Raises RefusedError."""
    if not wanted or feature.properties.get(wanted) in (None, "", " "):
        return ""
    return text_of(feature, wanted, limit)


def _edrpou(feature: Feature, wanted: str) -> str:
    """Eight digits; a table program drops the zeros with which the codes of old bodies begin."""
    text = _optional(feature, wanted, 20)
    if text and not EDRPOU.fullmatch(text):
        raise RefusedError("bad_edrpou", edrpou=text)
    return text.zfill(8) if text else ""


def _entrances(feature: Feature, wanted: str) -> int | None:
    text = _optional(feature, wanted, 20)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) in ENTRANCES):
        raise RefusedError("bad_entrances", entrances=text)
    return int(text)


def _attributes(feature: Feature, fields: Fields) -> dict[str, Any]:
    """The other properties, as they are: short plain values only."""
    used = {fields.key, fields.name, fields.number, fields.keeper, fields.edrpou, fields.entrances}
    wanted: Iterable[str] = feature.properties if fields.attributes is None else fields.attributes
    chosen = ((name, feature.properties.get(name)) for name in wanted if name not in used)
    plain = ((_storable(name)[:MAX_ATTRIBUTE_NAME], _plain(value)) for name, value in chosen)
    return dict(islice(((name, value) for name, value in plain if value is not None), MAX_ATTRIBUTES))


def _plain(value: Any) -> str | float | None:
    """A short text, a number, yes or no, as JSON keeps them; None for the rest."""
    if isinstance(value, str):
        text = _storable(value).strip()
        return text if text and len(text) <= MAX_ATTRIBUTE else None
    if isinstance(value, bool | int):
        return value if abs(value) < 10**18 else None
    return value if isinstance(value, float) and isfinite(value) else None


def _storable(text: str) -> str:
    """Without what PostgreSQL keeps in no JSON: NUL and halves of characters."""
    return text.encode("utf-8", "ignore").decode().replace("\0", "")


def _counted(problems: list[Problem], most: int = 200) -> list[Problem]:
    """By feature; of the notes of one kind no more than so many: a hundred thousand heights are one story."""
    kept: list[Problem] = []
    seen: dict[str, int] = {}
    for problem in sorted(problems, key=lambda one: one.feature):
        seen[problem.kind] = seen.get(problem.kind, 0) + 1
        if problem.outcome is Outcome.REFUSED or seen[problem.kind] <= most:
            kept.append(problem)
    return kept
