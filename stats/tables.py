"""What a page shows as tables to take home: plain rows with stated columns, in the units of the counters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.translation import get_language

from accounts.models import Organisation
from core.counters import MEASURES
from geodata.models import local_name
from routing.models import Category
from stats.area_tables import AreaRow
from stats.asked import Asked
from stats.case_sql import ANSWER, FIX
from stats.numbers import Counts, Kind, Place, by_category, by_day, by_place, numbers, organisations_of
from stats.pages import table_of
from stats.populations import people_of
from stats.times import Times, times_of

TIME_COLUMNS = ("fix_cases", "fix_median_s", "fix_median_low_s", "fix_median_high_s", "fix_p90_s", "times_error")
AREA_COLUMNS = ("division", "area", "name", "valid_from", "valid_to", *MEASURES, "residents", "kept_share",
                "kept_share_low", "kept_share_high", *TIME_COLUMNS)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and their rows."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]


def months(asked: Asked, place: Place) -> Table:
    """A row for each month of the period."""
    told = numbers(place, asked.period)
    return Table(("month", *MEASURES), [(_month(month), *_counts(counts)) for month, counts in told.by_month])


def days(asked: Asked, place: Place) -> Table:
    """A row for each day on which anything happened; of all kinds of problems together."""
    return Table(("day", *MEASURES), [(day, *_counts(counts)) for day, counts in by_day(place, asked.period)])


def counts(asked: Asked, place: Place) -> Table:
    """One row: the whole period, with the same a year earlier as far as its months are over."""
    told = numbers(place, asked.period)
    fix, answer = (times_of(place, measure, asked.period, total=told.total) for measure in (FIX, ANSWER))
    columns = ("first_month", "last_month", "up_to", *MEASURES, "backlog", *(f"year_before_{m}" for m in MEASURES),
               "answer_median_s", "answer_p90_s", *TIME_COLUMNS)  # fmt: skip
    before = _counts(told.before) if told.before else [None] * len(MEASURES)
    first = [answer.median, answer.ninetieth] if answer else [None, None]
    row = (_month(asked.period.first), _month(asked.period.last), asked.period.until, *_counts(told.counts),
           told.backlog, *before, *map(_seconds, first), *_times(fix))  # fmt: skip
    return Table(columns, [row])


def areas(asked: Asked, place: Place) -> Table:
    """A row for each area of the chosen division."""
    return Table(AREA_COLUMNS, [area_values(row, people) for row, people in _area_rows(asked, place)])


def categories(asked: Asked, place: Place) -> Table:
    """A row for each kind of problem."""
    told, language = by_category(place, asked.period), get_language() or ""
    found = Category.objects.filter(community=asked.community, pk__in=told).order_by("code")
    rows = [(one.code, local_name(one, language), *_counts(told[one.pk])) for one in found]
    return Table(("category", "name", *MEASURES), rows)


def organisations(asked: Asked, place: Place) -> Table:
    """A row for each organisation; without a code and name: what nobody has."""
    if place.kind == Kind.AREA:
        told = organisations_of(place, asked.period)
    else:
        told = by_place(place, Kind.ORGANISATION, asked.period)
    found = {one.pk: one for one in Organisation.objects.filter(pk__in=told)}
    rows = [
        (found[key].edrpou if key in found else None, found[key].name if key in found else None, *_counts(told[key]))
        for key in sorted(told, key=lambda key: found[key].name if key in found else "")
    ]
    return Table(("edrpou", "name", *MEASURES), rows)


TABLES: Mapping[str, Callable[[Asked, Place], Table]] = {
    "months": months,
    "days": days,
    "counts": counts,
    "areas": areas,
    "categories": categories,
    "organisations": organisations,
}


def area_features(asked: Asked, place: Place) -> list[tuple[int, dict[str, Any]]]:
    """Key of an area and its row, by column."""
    return [
        (row.area.pk, dict(zip(AREA_COLUMNS, area_values(row, people), strict=True)))
        for row, people in _area_rows(asked, place)
    ]


def area_values(row: AreaRow, residents: int | None) -> tuple[Any, ...]:
    """The values of AREA_COLUMNS."""
    kept = [round(value, 4) for value in (row.kept.value, row.kept.low, row.kept.high)] if row.kept else [None] * 3
    area = row.area
    names = (area.division.code, area.code, area.name, area.valid_from, area.valid_to)
    return (*names, *_counts(row.counts), residents, *kept, *_times(row.fix))


def _area_rows(asked: Asked, place: Place) -> list[tuple[AreaRow, int | None]]:
    keys = [area.pk for area in asked.division.areas] if asked.division else []
    people = people_of(asked.community, keys, year=asked.period.last.year)
    table = table_of(replace(asked, by="opened"), place, people)
    rows = table.rows if table else ()
    return [(row, people[row.area.pk].many if row.area.pk in people else None) for row in rows]


def _counts(told: Counts) -> list[int]:
    return [told[measure] for measure in MEASURES]


def _times(told: Times | None) -> list[Any]:
    if told is None:
        return [None] * len(TIME_COLUMNS)
    seconds = [_seconds(value) for value in (told.median, told.low, told.high, told.ninetieth)]
    return [told.many, *seconds, round(told.error, 4)]


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _month(month: date) -> str:
    return f"{month:%Y-%m}"
