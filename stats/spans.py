"""Spans of months that sums are kept for: a period is put together from few of them, of which some are taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from stats.asking import array_literal
from stats.case_sql import ALL_TIME, EVER, MONTH, QUARTER, YEAR
from stats.periods import Period

OF_SPANS = "unnest(%s::integer[], %s::smallint[], %s::date[]) AS s(sign, span, month)"


@dataclass(frozen=True, slots=True)
class Span:
    """So many months from `first` on (its first day); `sign` -1: they are taken away."""

    sign: int
    length: int
    first: date


def spans_of(period: Period) -> Sequence[Span]:
    """The fewest spans that have the months of the period, each once: at most six for twelve months."""
    if period.is_all_time:
        return [Span(1, ALL_TIME, EVER)]
    found: list[Span] = []
    for year in range(period.first.year, period.last.year + 1):
        begin = period.first.month if year == period.first.year else 1
        end = period.last.month if year == period.last.year else 12
        found += _of_year(year, begin=begin, end=end)
    return found


def as_arrays(spans: Sequence[Span]) -> tuple[str, str, str]:
    """Signs, lengths and first days, as parameters of OF_SPANS."""
    return (
        array_literal(s.sign for s in spans),
        array_literal(s.length for s in spans),
        array_literal(s.first for s in spans),
    )


def _of_year(year: int, *, begin: int, end: int) -> list[Span]:
    """Months of one year, both included: as they are, or as the year without the others, whichever are fewer."""
    told = _added(1, year, begin=begin, end=end)
    rest = _added(-1, year, begin=1, end=begin - 1) + _added(-1, year, begin=end + 1, end=12)
    return told if len(told) <= len(rest) + 1 else [Span(1, YEAR, date(year, 1, 1)), *rest]


def _added(sign: int, year: int, *, begin: int, end: int) -> list[Span]:
    found = []
    month = begin
    while month <= end:
        length = QUARTER if month % 3 == 1 and month + 2 <= end else MONTH
        found.append(Span(sign, length, date(year, month, 1)))
        month += length
    return found
