"""From a file to streets and addresses: GeoJSON or a table, each row checked by itself."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shapely.geometry import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry

from geodata.candidates import IDENTITY, Surroundings, some_place
from geodata.features import Feature, FeatureFile
from geodata.problems import Outcome, Place, Problem, RefusedError
from geodata.shapes import LINE, POINT, POLYGON, clean_geometry, inner_point
from geodata.street_words import number_key

MOST_KEY, MOST_NAME, MOST_LOCALITY, MOST_NUMBER = 200, 200, 100, 30  # characters, as in geodata.models
# What the columns are often called; a person may name others. Those of OpenStreetMap come first.
STREETS = ("addr:street", "addr:place", "street", "street_name", "вулиця", "назва", "name")
NUMBERS = ("addr:housenumber", "housenumber", "house_number", "number", "номер", "будинок")
LOCALITIES = ("addr:city", "locality", "city", "settlement", "населений пункт", "місто")
FORMER = ("old_name", "former", "former_names", "стара назва", "колишня назва")
_KINDS = frozenset({POINT, LINE, POLYGON})


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of properties; "" for the first of the usual ones that the file has."""

    key: str = ""
    street: str = ""
    number: str = ""
    locality: str = ""
    former: str = ""


@dataclass(frozen=True, slots=True)
class AddressRow:
    """One house, or with an empty number one street. `path` (SRID 4326) is the line of a street, if it is one."""

    feature: int
    key: str
    street: str
    number: str
    locality: str
    former: tuple[str, ...]
    place: Place
    path: MultiLineString | None = None
    others: tuple[str, ...] = ()  # names that the street has beside, also in other languages

    @property
    def street_key(self) -> str:
        return f"{self.locality}|{self.street}".casefold()[:MOST_KEY]


def rows_of(
    source: FeatureFile, *, columns: Columns, around: Surroundings, locality: str = ""
) -> tuple[list[AddressRow], list[Problem]]:
    """What can be taken, and why each of the others cannot. `locality`: of rows that say none, "" for the community's
    only one."""
    named = _named(columns, source.fields)
    rows: list[AddressRow] = []
    problems = list(source.problems)
    first: dict[str, int] = {}
    for feature in source.features:
        try:
            row = _row(feature, source, named, around, locality)
            if row.number and row.key in first and named.key:
                raise RefusedError("repeated_code", other=first[row.key])
        except RefusedError as refusal:
            place = refusal.problem.place or some_place(feature.geometry, source.to_wgs84)
            problems.append(Problem(refusal.problem.kind, Outcome.REFUSED, feature.number, place=place,
                                    details=refusal.problem.details))  # fmt: skip
        else:
            if not row.number or first.setdefault(row.key, feature.number) == feature.number:
                rows.append(row)  # a house has several doors, shops and flats with its address: the first is kept
    return rows, sorted(problems, key=lambda problem: problem.feature)


def _named(columns: Columns, fields: Sequence[str]) -> Columns:
    """Raises RefusedError when a named property, or the street, is not there."""
    for wanted in (columns.street, columns.number, columns.locality, columns.former, columns.key):
        if wanted and wanted not in fields and wanted != IDENTITY:
            raise RefusedError("no_field", field=wanted, fields=", ".join(fields[:12]))
    called = {name.casefold(): name for name in fields}

    def guess(given: str, usual: Sequence[str]) -> str:
        return given or next((called[name] for name in usual if name in called), "")

    street = guess(columns.street, STREETS)
    if not street:
        raise RefusedError("no_field", field=STREETS[2], fields=", ".join(fields[:12]))
    number = guess(columns.number, NUMBERS)
    return Columns(columns.key, street, number, guess(columns.locality, LOCALITIES), guess(columns.former, FORMER))


def _row(feature: Feature, source: FeatureFile, named: Columns, around: Surroundings, locality: str) -> AddressRow:
    """Raises RefusedError."""
    number = _text(feature, named.number, MOST_NUMBER) if named.number else ""
    street = _text(feature, _street_column(feature, named.street, bool(number)), MOST_NAME)
    if not street:
        raise RefusedError("no_value", field=named.street)
    if number and not number_key(number):
        raise RefusedError("bad_value", field=named.number)
    where = _text(feature, named.locality, MOST_LOCALITY) if named.locality else ""
    former = _text(feature, named.former, 1000) if named.former else ""
    shape = _shape(feature, source, around)
    key = _key(feature, named.key) or f"{where or locality}|{street}|{number_key(number)}".casefold()
    return AddressRow(
        feature=feature.number,
        key=key[:MOST_KEY],
        street=street,
        number=number,
        locality=where or locality,
        former=tuple(name[:MOST_NAME] for name in _listed(former) if name != street),
        place=middle_of(shape),
        path=None if number else _as_path(shape),
    )


def _street_column(feature: Feature, usual: str, has_number: bool) -> str:
    """The property with the street: houses of a village square have «addr:place» instead, lines have a name."""
    others = STREETS[:2] if has_number else STREETS
    return next((name for name in (usual, *others) if feature.properties.get(name)), usual)


def _text(feature: Feature, name: str, limit: int) -> str:
    """One line of text, "" for none. Raises RefusedError for other values and for long ones."""
    value = feature.properties.get(name)
    if value is None or not name:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RefusedError("bad_value", field=name)
    text = " ".join("".join(char if char.isprintable() else " " for char in str(value)).split())
    if len(text) > limit:
        raise RefusedError("long_value", field=name, limit=limit)
    return text


def _key(feature: Feature, name: str) -> str:
    if not name:
        return ""
    text = _text(feature, name, MOST_KEY) if name != IDENTITY else str(feature.identity or "")
    if not text:
        raise RefusedError("no_value", field=name)
    return text


def _listed(text: str) -> Iterator[str]:
    return (part.strip() for part in re.split(r"[;|]", text) if part.strip())


def _shape(feature: Feature, source: FeatureFile, around: Surroundings) -> BaseGeometry:
    """Raises RefusedError."""
    if feature.geometry is None:
        raise RefusedError("no_geometry")
    shape, _notes = clean_geometry(feature.geometry, source.to_wgs84, kinds=_KINDS)
    around.check(shape)
    return shape


def middle_of(shape: BaseGeometry) -> Place:
    """A point on the shape: for a line the middle of its longest part."""
    path = _as_path(shape)
    if path is None:
        return inner_point(shape) or (0.0, 0.0)
    longest = max(path.geoms, key=lambda part: part.length)
    middle = longest.interpolate(0.5, normalized=True)
    return middle.x, middle.y


def _as_path(shape: BaseGeometry) -> MultiLineString | None:
    if isinstance(shape, LineString):
        return MultiLineString([shape])
    return shape if isinstance(shape, MultiLineString) else None
