"""Reads the national codifier of places (КАТОТТГ) as it is published, trusting nothing: what is wrong has its line."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from django.utils.translation import gettext_lazy as _

from geodata.models import KATOTTG_CODE, Unit

MAX_NAME = 100  # characters, as in geodata.models.Unit
DEEPEST = 5  # levels of the codifier
SEPARATORS = ";,\t"
# How the headings of the columns begin, without regard to case. The levels come from the largest to the smallest.
LEVELS = ("перший рівень", "другий рівень", "третій рівень", "четвертий рівень", "додатковий рівень")
CATEGORY, NAME = "категорія", "назва"
TOP = {Unit.Category.OBLAST, Unit.Category.SPECIAL_CITY}

REASONS = {
    "not_text": _("the file is not text in UTF-8, UTF-16 or Windows-1251"),
    "no_header": _("no line holds the headings of the codifier: Перший рівень … Категорія об’єкта, Назва об’єкта"),
    "no_rows": _("there are no rows below the headings"),
    "bad_csv": _("from here on this is not a table; a quotation mark may be missing"),
    "few_columns": _("the line has fewer columns than the headings"),
    "no_code": _("the line has no code"),
    "bad_code": _("“%(code)s” is not a code: UA and 17 digits"),
    "gap": _("a level between two codes is empty"),
    "repeated_level": _("%(code)s stands on two levels apart"),
    "category": _("the category “%(category)s” is not known"),
    "no_name": _("the line has no name"),
    "bad_name": _("the name is longer than a line"),
    "twice": _("line %(other)s has the same code"),
    "no_parent": _("%(parent)s, which it is a part of, is not in the file"),
    "needs_parent": _("a unit of this category is a part of another one; none is given"),
    "top_has_parent": _("a unit of this category is a part of none; %(parent)s is given"),
    "circle": _("it is a part of itself by way of its parents"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the file. `line` counts from 1; 0 speaks of the whole file."""

    kind: str  # a key of REASONS
    line: int = 0
    details: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The reason in the language of the reader."""
        return str(REASONS[self.kind]) % dict(self.details)


class BadCodifierError(Exception):
    """Nothing can be done with this file; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.kind)


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit as the file has it. `parent` is the code on the level above, None at the top."""

    line: int
    code: str
    category: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Codifier:
    """The units of a file by code, and what was wrong with the other lines."""

    units: dict[str, UnitRow]
    faults: list[Fault]


def read_katottg(data: bytes) -> Codifier:
    """The units of the published table: lines before the headings are skipped, columns are found by their headings.

    Raises BadCodifierError when the file is no codifier at all.
    """
    text = _text(data)
    lines: Iterator[tuple[int, list[str]]] = iter(())
    for separator in SEPARATORS:
        lines = _lines(text, separator)
        columns = _find_header(lines)
        if columns:
            break
    else:
        raise BadCodifierError(Fault("no_header"))
    units: dict[str, UnitRow] = {}
    faults: list[Fault] = []
    try:
        for line, cells in lines:
            found = columns.unit(line, cells)
            if isinstance(found, Fault):
                faults.append(found)
            elif found and found.code in units:
                faults.append(Fault("twice", line, {"other": units[found.code].line}))
            elif found:
                units[found.code] = found
    except csv.Error:
        faults.append(Fault("bad_csv", max((unit.line for unit in units.values()), default=0) + 1))
    if not units and not faults:
        raise BadCodifierError(Fault("no_rows"))
    faults += _family_faults(units)
    return Codifier(units, sorted(faults, key=lambda fault: fault.line))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the columns stand, by their headings."""

    levels: Sequence[int]
    category: int
    name: int

    def unit(self, line: int, cells: Sequence[str]) -> UnitRow | Fault | None:
        """The unit of one line, or what is wrong with it; None for an empty line."""
        if not any(cells):
            return None
        if len(cells) <= max(*self.levels, self.category, self.name):
            return Fault("few_columns", line)
        chain = _chain([cells[at] for at in self.levels], line)
        if isinstance(chain, Fault):
            return chain
        category, name = cells[self.category], cells[self.name]
        if category not in Unit.Category.values:
            return Fault("category", line, {"category": category[:20]})
        if not name:
            return Fault("no_name", line)
        if len(name) > MAX_NAME:
            return Fault("bad_name", line)
        parent = chain[-2] if len(chain) > 1 else None
        if category in TOP and parent:
            return Fault("top_has_parent", line, {"parent": parent})
        if category not in TOP and not parent:
            return Fault("needs_parent", line)
        return UnitRow(line, chain[-1], category, name, parent)


def _text(data: bytes) -> str:
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    # As it is published, and as spreadsheets save it.
    for encoding in ["utf-16"] if is_utf16 else ["utf-8-sig", "cp1251"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadCodifierError(Fault("not_text"))


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of the line on which each begins; cells without spaces around them."""
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    begins = 1
    for cells in table:
        yield begins, [" ".join(cell.split()) for cell in cells]
        begins = table.line_num + 1


def _find_header(lines: Iterator[tuple[int, list[str]]]) -> _Columns | None:
    """Reads on to the headings and tells where each column is."""
    try:
        for _line, cells in lines:
            found = _header(cells)
            if found:
                return found
    except csv.Error:
        pass
    return None


def _header(cells: Sequence[str]) -> _Columns | None:
    headings = [cell.casefold() for cell in cells]
    places = [_first(headings, wanted) for wanted in (*LEVELS, CATEGORY, NAME)]
    known = [place for place in places if place is not None]
    if len(known) < len(places):
        return None
    *levels, category, name = known
    return _Columns(levels, category, name)


def _first(headings: Sequence[str], wanted: str) -> int | None:
    return next((at for at, heading in enumerate(headings) if heading.startswith(wanted)), None)


def _chain(cells: Sequence[str], line: int) -> list[str] | Fault:
    """Codes from the top down to the unit itself, each once: Київ and Чорнобиль repeat theirs on lower levels."""
    filled = [bool(cell) for cell in cells]
    if not any(filled):
        return Fault("no_code", line)
    if filled != sorted(filled, reverse=True):
        return Fault("gap", line)
    chain = [code for code, _same in groupby(cell for cell in cells if cell)]
    for code in chain:
        if not re.match(KATOTTG_CODE, code) or len(code) != 19:
            return Fault("bad_code", line, {"code": code[:40]})
        if chain.count(code) > 1:
            return Fault("repeated_level", line, {"code": code})
    return chain


def _family_faults(units: Mapping[str, UnitRow]) -> Iterator[Fault]:
    for unit in units.values():
        above: UnitRow | None = unit
        for _level in range(DEEPEST):
            if above is None or above.parent is None:
                break
            above = units.get(above.parent)
        else:
            yield Fault("circle", unit.line)
        if unit.parent is not None and unit.parent not in units:
            yield Fault("no_parent", unit.line, {"parent": unit.parent})
