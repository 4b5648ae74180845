"""Everything that is counted of any shape, exactly: squares all inside it are read as sums, the rest case by case.

One statement, so one state of the database. A case belongs to a shape when ST_Contains(shape, its place) says so: those
on the very edge do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from core.counters import MEASURES, Counters
from stats.asking import array_literal, ask_binary
from stats.case_sql import PACKED
from stats.cover import Cover, as_rows, cover, squares_of
from stats.histograms import SENT, Histogram, added_up, bucketed
from stats.numbers import NOTHING as NO_COUNTS
from stats.numbers import Counts
from stats.packed import Sums, add_up, within
from stats.periods import Period
from stats.spans import OF_SPANS, as_arrays, spans_of
from stats.times import FEW, Times, of_buckets, of_values

RIM = 20  # level of the squares on the edge, about 24 m wide in Ukraine: finer ones cost more than they spare
Key = TypeVar("Key")
_SUMS = ", ".join(f"sum({measure})" for measure in MEASURES)
_SIGNED = ", ".join(f"sum(s.sign * {measure})" for measure in MEASURES)
_COLUMNS = ", ".join(MEASURES)
_MONTHS, _KINDS, _TIMES, _INSIDE, _ON_RIM = range(5)  # what a row of the statement tells
_RANGES = "unnest(%s::bigint[], %s::bigint[]) AS r(low, high)"
# LATERAL … OFFSET 0: each range is looked up in an index, which PostgreSQL would not find out by itself.
# _ST_Contains: it cannot take an index of places instead.
_EVERYTHING = f"""
SELECT {_MONTHS}, 0, month, ARRAY[{_SUMS}]::bigint[], NULL::bytea, NULL::bytea FROM {_RANGES} CROSS JOIN LATERAL (
    SELECT month, {_COLUMNS} FROM stats_square
    WHERE source = %s AND community = %s AND c BETWEEN r.low AND r.high OFFSET 0
) square GROUP BY month
UNION ALL
SELECT {_KINDS}, category, NULL, ARRAY[{_SIGNED}]::bigint[], NULL, NULL FROM {OF_SPANS} CROSS JOIN {_RANGES}
CROSS JOIN LATERAL (
    SELECT category, {_COLUMNS} FROM stats_cell
    WHERE source = %s AND community = %s AND span = s.span AND month = s.month AND c BETWEEN r.low AND r.high OFFSET 0
) cell GROUP BY category
UNION ALL
SELECT {_TIMES}, s.sign, NULL, NULL, {SENT} FROM {OF_SPANS} CROSS JOIN {_RANGES}
CROSS JOIN LATERAL (
    SELECT buckets, many FROM stats_cell_time
    WHERE source = %s AND community = %s AND span = s.span AND month = s.month AND c BETWEEN r.low AND r.high OFFSET 0
) cell GROUP BY s.sign
UNION ALL
SELECT {_INSIDE}, 0, NULL, NULL, string_agg(square.cases, ''::bytea ORDER BY c), NULL FROM {_RANGES}
CROSS JOIN LATERAL (
    SELECT c, cases FROM stats_packed WHERE source = %s AND community = %s AND c BETWEEN r.low AND r.high OFFSET 0
) square
UNION ALL
SELECT {_ON_RIM}, 0, NULL, NULL, string_agg(found.packed, ''::bytea), NULL FROM {_RANGES} CROSS JOIN LATERAL (
    SELECT packed, place FROM stats_case WHERE source = %s AND community = %s AND m BETWEEN r.low AND r.high OFFSET 0
) found WHERE _ST_Contains(%s, found.place)
"""


@dataclass(frozen=True, slots=True)
class ShapeNumbers:
    """What a shape has. `months`: of all time, where anything happened; `categories`: in the period, by key."""

    period: Period
    months: Mapping[date, Counts]
    categories: Mapping[int, Counts]
    fix: Times | None

    @property
    def total(self) -> int:
        """Opened at any time."""
        return sum(counts["opened"] for counts in self.months.values())


def shape_numbers(
    shape: Polygon | MultiPolygon, period: Period, *, counters: Counters, community_id: int
) -> ShapeNumbers:
    """Counts of a valid shape (SRID 4326), which may lie anywhere. Of few cases the times are exact."""
    covered = cover(shape, rim=RIM)
    found = _numbers(shape, covered, period, counters, community_id)
    if 0 < found.total <= FEW and found.fix and found.fix.error:
        return _numbers(shape, as_rows(covered), period, counters, community_id)
    return found


def _numbers(
    shape: Polygon | MultiPolygon, covered: Cover, period: Period, counters: Counters, community_id: int
) -> ShapeNumbers:
    rows = ask_binary(_EVERYTHING, *_values(shape, covered, period, counters.number, community_id))
    packed = {row[0]: row[4] or b"" for row in rows if row[0] in (_INSIDE, _ON_RIM)}
    cases = add_up(within(packed[_INSIDE], covered.rows) + packed[_ON_RIM], period)
    of_months = {row[2]: _counts(row[3]) for row in rows if row[0] == _MONTHS}
    of_kinds = {row[1]: _counts(row[3]) for row in rows if row[0] == _KINDS}
    times = added_up((0, row[1], row[4], row[5]) for row in rows if row[0] == _TIMES)
    return ShapeNumbers(
        period=period,
        months=_together(of_months, cases.months),
        categories=_together(of_kinds, cases.categories),
        fix=_times(times.get(0), cases),
    )


def _values(
    shape: Polygon | MultiPolygon, covered: Cover, period: Period, source: int, community_id: int
) -> tuple[Any, ...]:
    whose = (source, community_id)
    edge = shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True)
    spans = as_arrays(spans_of(period))
    packed = squares_of(covered.rows, PACKED)
    cells, squares, rim = (tuple(map(array_literal, ranges)) for ranges in (covered.cells, packed, covered.rim))
    return (
        *cells, *whose,
        *spans, *cells, *whose,
        *spans, *cells, *whose,
        *squares, *whose,
        *rim, *whose, edge,
    )  # fmt: skip


def _together(one: Mapping[Key, Counts], other: Mapping[Key, Counts]) -> dict[Key, Counts]:
    found: dict[Key, Counts] = {}
    for key in (*one, *(key for key in other if key not in one)):
        of_one, of_other = one.get(key, NO_COUNTS), other.get(key, NO_COUNTS)
        counts = {measure: of_one[measure] + of_other[measure] for measure in MEASURES}
        if any(counts.values()):
            found[key] = counts
    return found


def _times(of_squares: Histogram | None, cases: Sums) -> Times | None:
    """From seconds where squares have none, else out of buckets."""
    if of_squares is None or not of_squares.any():
        return of_values(np.sort(cases.fix_seconds).tolist()) if len(cases.fix_seconds) else None
    return of_buckets(of_squares + bucketed(cases.fix_seconds))


def _counts(values: list[Any]) -> Counts:
    return dict(zip(MEASURES, map(int, values), strict=True))
