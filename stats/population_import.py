"""Brings numbers of residents in from a CSV file: area, year, people, and who says so."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from geodata.models import Community
from stats.areas import version_on, versions_of
from stats.models import FIRST_YEAR, LAST_YEAR, Population

COLUMNS = ("area", "year", "people", "source")
MOST_PEOPLE = 100_000_000


@dataclass(slots=True)
class Outcome:
    """What an import did. Nothing is written while anything is wrong."""

    written: int = 0
    problems: list[str] = field(default_factory=list)  # each with the line that it is about


def import_population(lines: Iterable[str], *, community: Community) -> Outcome:
    """Reads “area,year,people,source”. An empty area is the community, “districts.north” the version of that year.

    A number that is there already is replaced. Call it inside the community's scope.
    """
    reader = csv.DictReader(lines)
    missing = [name for name in COLUMNS[:3] if name not in (reader.fieldnames or [])]
    if missing:
        return Outcome(problems=[_("The file has no column: %(names)s.") % {"names": ", ".join(missing)}])
    outcome, rows = Outcome(), []
    for raw in reader:
        try:
            rows.append(_read(raw))
        except ValueError as mistake:
            outcome.problems.append(_("Line %(line)s: %(mistake)s") % {"line": reader.line_num, "mistake": mistake})
    if not outcome.problems:
        with transaction.atomic():
            for key, values in rows:
                Population.objects.update_or_create(community=community, **key, defaults=values)
        outcome.written = len(rows)
    return outcome


def _read(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The key and the values of a row. Raises ValueError with what is wrong."""
    year = _number(raw["year"], FIRST_YEAR, LAST_YEAR, _("The year is no number like 2025."))
    people = _number(raw["people"], 1, MOST_PEOPLE, _("The number of residents is no whole number above 0."))
    code = (raw["area"] or "").strip()
    area = version_on(versions_of(code), "", today=date(year, 12, 31)) if code else None
    if code and area is None:
        raise ValueError(_("There is no area “%(code)s”; write it as districts.north.") % {"code": code[:80]})
    return {"area": area, "year": year}, {"people": people, "source": (raw.get("source") or "")[:200]}


def _number(text: str | None, least: int, most: int, mistake: str) -> int:
    digits = "".join((text or "").split())
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10 and least <= int(digits) <= most):
        raise ValueError(mistake)
    return int(digits)
