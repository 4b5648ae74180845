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
from stats.asking import array, ask_packed
from stats.case_sql import EVER, PACKED
from stats.cover import Cover, as_rows, cover, squares_of
from stats.histograms import bucketed
from stats.numbers import NOTHING as NO_COUNTS
from stats.numbers import Counts
from stats.packed import Sums, add_up, within
from stats.periods import Period
from stats.times import FEW, Times, of_buckets, of_values

RIM = 20  # level of the squares on the edge, about 24 m wide in Ukraine: finer ones cost more than they spare
ALL_TIME = "all"  # code of the period that has every month
Key = TypeVar("Key")
_SUMS = ", ".join(f"sum({measure})" for measure in MEASURES)
_COLUMNS = ", ".join(MEASURES)
_INSIDE, _ON_RIM = 3, 4  # what rows of the statement tell, where they have cases
_RANGES = "unnest(%s::bigint[], %s::bigint[]) AS r(low, high)"
# LATERAL … OFFSET 0: each range is looked up in an index, which PostgreSQL would not find out by itself.
# _ST_Contains: it cannot take an index of places instead.
_EVERYTHING = f"""
SELECT 0, category, month, ARRAY[{_SUMS}]::bigint[], NULL::bytea FROM {_RANGES} CROSS JOIN LATERAL (
    SELECT category, month, {_COLUMNS} FROM stats_square
    WHERE source = %s AND community = %s AND c BETWEEN r.low AND r.high AND (category = 0 OR %s) OFFSET 0
) square GROUP BY category, month
UNION ALL
SELECT 1, category, NULL, ARRAY[{_SUMS}]::bigint[], NULL FROM unnest(%s::date[]) AS of(month)
CROSS JOIN {_RANGES} CROSS JOIN LATERAL (
    SELECT category, {_COLUMNS} FROM stats_cell
    WHERE source = %s AND community = %s AND month = of.month AND c BETWEEN r.low AND r.high OFFSET 0
) cell GROUP BY category
UNION ALL
SELECT 2, bucket, NULL, ARRAY[sum(n)]::bigint[], NULL FROM unnest(%s::date[]) AS of(month)
CROSS JOIN {_RANGES} CROSS JOIN LATERAL (
    SELECT bucket, n FROM stats_cell_time
    WHERE source = %s AND community = %s AND month = of.month AND c BETWEEN r.low AND r.high OFFSET 0
) cell GROUP BY bucket
UNION ALL
SELECT {_INSIDE}, 0, NULL, NULL, string_agg(square.cases, ''::bytea ORDER BY c) FROM {_RANGES} CROSS JOIN LATERAL (
    SELECT c, cases FROM stats_packed WHERE source = %s AND community = %s AND c BETWEEN r.low AND r.high OFFSET 0
) square
UNION ALL
SELECT {_ON_RIM}, 0, NULL, NULL, string_agg(found.packed, ''::bytea) FROM {_RANGES} CROSS JOIN LATERAL (
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
    rows = ask_packed(_EVERYTHING, *_values(shape, covered, period, counters.number, community_id))
    packed = {row[0]: row[4] or b"" for row in rows if row[0] in (_INSIDE, _ON_RIM)}
    cases = add_up(within(packed[_INSIDE], covered.rows) + packed[_ON_RIM], period)
    of_months = {row[2]: _counts(row[3]) for row in rows if row[0] == 0 and row[1] == 0}
    of_kinds = {row[1]: _counts(row[3]) for row in rows if row[0] <= 1 and row[1] > 0}
    buckets = {row[1]: row[3][0] for row in rows if row[0] == 2}
    return ShapeNumbers(
        period=period,
        months=_together(of_months, cases.months),
        categories=_together(of_kinds, cases.categories),
        fix=_times(buckets, cases),
    )


def _values(
    shape: Polygon | MultiPolygon, covered: Cover, period: Period, source: int, community_id: int
) -> tuple[Any, ...]:
    whose = (source, community_id)
    is_ever = period.code == ALL_TIME
    edge = shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True)
    months = [] if is_ever else list(period.months)
    packed = squares_of(covered.rows, PACKED)
    cells, squares, rim = (tuple(map(array, ranges)) for ranges in (covered.cells, packed, covered.rim))
    return (
        *cells, *whose, is_ever,
        array(months), *cells, *whose,
        array([EVER] if is_ever else months), *cells, *whose,
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


def _times(buckets: Mapping[int, int], cases: Sums) -> Times | None:
    """From seconds where there are no squares, else out of buckets."""
    if not any(buckets.values()):
        return of_values(np.sort(cases.fix_seconds).tolist()) if len(cases.fix_seconds) else None
    histogram = bucketed(cases.fix_seconds)
    for bucket, many in buckets.items():
        histogram[bucket] += many
    return of_buckets(histogram)


def _counts(values: list[Any]) -> Counts:
    return dict(zip(MEASURES, map(int, values), strict=True))
