"""Which community of the codifier each polygon is: by a table of codes, and by name where the table is silent."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shapely.geometry import MultiPolygon, box

from geodata.features import Feature, FeatureFile
from geodata.models import Unit
from geodata.problems import Outcome, Problem, RefusedError
from geodata.shapes import clean_shape

# Properties of a polygon, and columns of the table of codes.
ID, NAME, RAION, OBLAST = "id", "hromada", "rayon", "region"
CODE, FULL_NAME = "hromada_code", "hromada_full_name"
KINDS = {"M": "міська", "X": "селищна", "T": "селищна", "C": "сільська"}  # by the category of the seat
SELF_GOVERNING = {Unit.Category.COMMUNITY, Unit.Category.SPECIAL_CITY, Unit.Category.OBLAST}
UKRAINE = box(22.0, 44.2, 40.3, 52.5)  # longitude and latitude
_FULL_NAME = re.compile(r"^(?P<name>.+?) (?P<kind>міська|селищна|сільська|територіальна)(?: територіальна)? громада$")
_APOSTROPHES = re.compile("['’`‘ʼ]")


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One line of the table of codes."""

    code: str
    full_name: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One community as the file draws it, with a valid boundary (SRID 4326)."""

    feature: int
    code: str
    name: str
    shape: MultiPolygon


class BadCodesError(Exception):
    """The table of codes is no use; the message names the columns that are missing."""


def read_codes(data: bytes) -> dict[str, list[CodeRow]]:
    """Lines of the table by the id of the polygon. Raises BadCodesError for another table or no text."""
    try:
        table = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        missing = {ID, CODE, FULL_NAME} - set(table.fieldnames or ())
        if missing:
            raise BadCodesError(", ".join(sorted(missing)))
        found: dict[str, list[CodeRow]] = defaultdict(list)
        for row in table:
            code = _words(row[CODE])
            if code:
                found[_words(row[ID])].append(CodeRow(code, _words(row[FULL_NAME])))
    except (UnicodeDecodeError, csv.Error) as mistake:
        raise BadCodesError(str(mistake)) from mistake
    return dict(found)


class Register:
    """The codifier in force, to look communities up by code and by name."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = {unit.code: unit for unit in units if unit.ended_on is None}
        self.seats: dict[str, Unit] = {}
        self._named: dict[str, list[Unit]] = defaultdict(list)
        for code in sorted(self.units):
            unit = self.units[code]
            if unit.category in KINDS and unit.parent_id:
                # The codifier lists the seat of the council first: so it is for all of the 1,469 that were checked.
                self.seats.setdefault(unit.parent_id, unit)
            if unit.category in SELF_GOVERNING:
                self._named[_key(unit.name)].append(unit)

    def communities(self) -> list[Unit]:
        """Every territorial community, without the two cities that stand on their own."""
        return [unit for unit in self.units.values() if unit.category == Unit.Category.COMMUNITY]

    def community(self, code: str) -> Unit:
        """The unit with this code. Raises RefusedError when it is unknown or no community."""
        unit = self.units.get(code)
        if unit is None:
            raise RefusedError("no_unit", code=code)
        if unit.category not in SELF_GOVERNING:
            raise RefusedError("not_a_community", code=code, category=unit.get_category_display())
        return unit

    def above(self, unit: Unit) -> list[Unit]:
        """Raion and oblast of a community; nothing for a city with special status."""
        found: list[Unit] = []
        parent = self.units.get(unit.parent_id or "")
        while parent is not None:
            found.append(parent)
            parent = self.units.get(parent.parent_id or "")
        return found

    def kind(self, unit: Unit) -> str:
        """The word for a community by its seat: міська, селищна or сільська."""
        seat = self.seats.get(unit.code)
        return KINDS[seat.category] if seat else ""

    def name(self, unit: Unit, *written: str) -> str:
        """As people write it: «Вінницька міська громада».

        The kind is the one in the first of the full names that has one: it stays when the seat becomes a town.
        """
        if unit.category != Unit.Category.COMMUNITY:
            return unit.name
        kinds = [kind for kind in map(_kind, written) if kind]
        return " ".join(filter(None, [unit.name, (kinds or [self.kind(unit)])[0], "громада"]))

    def called(self, properties: Mapping[str, object]) -> list[Unit]:
        """Communities with the name, raion and oblast that a polygon has; a kind decides between namesakes."""
        full_name = _words(properties.get(NAME))
        top = [unit for unit in self._named[_key(full_name)] if unit.category != Unit.Category.COMMUNITY]
        if top:
            return top
        wanted = [_key(_stem(properties.get(RAION))), _key(_stem(properties.get(OBLAST)))]
        found = [
            unit
            for unit in self._named[_key(_stem(full_name))]
            if [_key(above.name) for above in self.above(unit)] == wanted
        ]
        kind = _kind(full_name)
        return [unit for unit in found if self.kind(unit) == kind] if len(found) > 1 else found


def claims_of(
    source: FeatureFile, codes: Mapping[str, Sequence[CodeRow]], register: Register
) -> tuple[list[Claim], list[Problem]]:
    """What every polygon claims, and everything found on the way, in the order of the file."""
    problems = list(source.problems)
    found: list[Claim] = []
    features_with: dict[str, int] = {}
    # The table speaks first: a name is looked up only among communities that it gave to no polygon.
    for feature in sorted(source.features, key=lambda feature: not codes.get(_words(feature.properties.get(ID)))):
        name = _words(feature.properties.get(NAME))
        try:
            rows = codes.get(_words(feature.properties.get(ID)), ())
            unit, row, notes = _unit_of(feature, rows, register, taken=features_with.keys())
            if unit.code in features_with:
                raise RefusedError("code_twice", other=features_with[unit.code], code=unit.code)
            features_with[unit.code] = feature.number
            shape, repairs = clean_shape(feature.geometry, source.to_wgs84)
            _check_country(shape)
        except RefusedError as refusal:
            problems.append(refusal.problem.of(feature.number, name=name))
            continue
        if unit.category == Unit.Category.OBLAST:
            notes.append(Problem("whole_oblast", Outcome.NOTED))
        full_name = register.name(unit, row.full_name if row else "", name)
        problems.extend(note.of(feature.number, unit.code, full_name) for note in (*notes, *repairs))
        found.append(Claim(feature.number, unit.code, full_name, shape))
    found.sort(key=lambda claim: claim.feature)
    return found, sorted(problems, key=lambda problem: problem.feature)


def _unit_of(
    feature: Feature, rows: Sequence[CodeRow], register: Register, *, taken: Iterable[str]
) -> tuple[Unit, CodeRow | None, list[Problem]]:
    """The community of a polygon, the line of the table that says so, and what has to be told about it."""
    name = _words(feature.properties.get(NAME))
    notes: list[Problem] = []
    if not rows:
        free = [unit for unit in register.called(feature.properties) if unit.code not in set(taken)]
        if len(free) != 1:
            raise RefusedError("no_code")
        return free[0], None, [Problem("code_by_name", Outcome.NOTED)]
    row = rows[0]
    if len(rows) > 1:
        listed = ", ".join(row.code for row in rows)
        same = [row for row in rows if _same_name(row.full_name, name)]
        if len(same) != 1:
            raise RefusedError("which_code", codes=listed)
        row = same[0]
        notes.append(Problem("two_codes", Outcome.NOTED, details={"codes": listed}))
    unit = register.community(row.code)
    if name and _key(unit.name) not in (_key(name), _key(_stem(name))):
        notes.append(Problem("other_name", Outcome.NOTED, details={"name": name}))
    return unit, row, notes


def _check_country(shape: MultiPolygon) -> None:
    """Raises RefusedError for a shape that lies elsewhere, saying whether swapped axes explain it."""
    middle = shape.centroid
    figures = {"x": f"{middle.x:.6g}", "y": f"{middle.y:.6g}"}
    if UKRAINE.covers(middle):
        return
    place = (middle.x, middle.y)
    swapped = UKRAINE.intersects(box(middle.y, middle.x, middle.y, middle.x))
    raise RefusedError("swapped" if swapped else "not_in_ukraine", place=place, **figures)


def _words(value: object) -> str:
    """A value as one line; a whole number without its point."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split()) if isinstance(value, str | int) else ""


def _key(name: str) -> str:
    """The same for every way to write an apostrophe, a hyphen with spaces and capitals."""
    return _APOSTROPHES.sub("", name).casefold()


def _stem(value: object) -> str:
    """«Вінницька» of «Вінницька міська громада», «Вінницька область»; «Вінницький» of «Вінницький район»."""
    text = _words(value)
    full = _FULL_NAME.match(text)
    return full["name"] if full else re.sub(r" (?:район|область)$", "", text)


def _kind(full_name: str) -> str:
    """The word between name and громада; empty when it does not tell the kind."""
    full = _FULL_NAME.match(full_name)
    return full["kind"] if full and full["kind"] != "територіальна" else ""


def _same_name(one: str, other: str) -> bool:
    """Whether two full names are of one community; one that does not tell its kind may be of any."""
    if _key(_stem(one)) != _key(_stem(other)):
        return False
    kinds = {_kind(one), _kind(other)} - {""}
    return len(kinds) < 2
