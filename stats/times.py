"""How long it took: medians and 90th percentiles, from the cases themselves where they are few, else from buckets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, sqrt

import numpy as np

from stats.asking import array_literal, ask, ask_binary
from stats.case_sql import ANSWER, BUCKET, FIX
from stats.histograms import SENT, Histogram, added_up
from stats.numbers import Kind, Place
from stats.periods import Period
from stats.spans import OF_SPANS, as_arrays, spans_of
from stats.uncertainty import quantile, ranks

FEW = 5_000  # cases of a place, of any time, that are read one by one
MOST_READ = 50_000  # … of all places that are asked for together
ERROR = sqrt(BUCKET) - 1  # a value out of a bucket is at most so much larger or smaller than the true one
COLUMNS = {ANSWER: ("answered", "answer_seconds"), FIX: ("closed", "fix_seconds")}
_WHOSE = {
    Kind.COMMUNITY: ("0", "%s IS NOT NULL"),  # the parameter says nothing here
    Kind.AREA: ("area", "areas && %s::integer[]"),
    Kind.ORGANISATION: ("coalesce(organisation, 0)", "coalesce(organisation, 0) = ANY (%s::integer[])"),
}
# Each span is looked up in the index by itself: the kinds of a place lie side by side there.
_HISTOGRAMS = """
SELECT {key}, s.sign, {sent}
FROM {spans} {places} CROSS JOIN LATERAL (
    SELECT category, buckets, many FROM stats_time WHERE source = %s AND community = %s AND kind = %s
    AND place = {place} AND measure = %s AND span = s.span AND month = s.month AND {category} OFFSET 0
) told GROUP BY 1, 2
"""
_OF_PLACES = _HISTOGRAMS.format(
    sent=SENT,
    spans=OF_SPANS,
    key="p.place",
    places="CROSS JOIN unnest(%s::bigint[]) p(place)",
    place="p.place",
    category="category = %s",
)
OF_KINDS = _HISTOGRAMS.format(sent=SENT, spans=OF_SPANS, key="category", places="", place="%s", category="category > 0")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. `low` and `high`: where the median lies in 95 of 100 cases; `error`: of each value, as a share of it."""

    many: int
    median: float
    ninetieth: float
    low: float
    high: float
    error: float


def times_of(place: Place, measure: int, period: Period, *, total: int) -> Times | None:
    """How long it took in one place, which has `total` cases of all times; None of nothing."""
    return times(place, measure, period, totals={place.key: total}).get(place.key)


def times(place: Place, measure: int, period: Period, *, totals: Mapping[int, int]) -> dict[int, Times]:
    """Key → how long it took, of the places with these keys that are of `place`'s kind.

    `totals`: how many cases each has, of all times. Those that are few are read one by one.
    """
    few = [key for key, total in totals.items() if total <= FEW]
    if sum(totals[key] for key in few) > MOST_READ:
        few = []
    many = [key for key in totals if key not in set(few)]
    found = {key: of_values(values) for key, values in _rows(place, measure, period, few).items()}
    return found | out_of_buckets(place, measure, period, keys=many)


def out_of_buckets(place: Place, measure: int, period: Period, *, keys: Sequence[int]) -> dict[int, Times]:
    """The same, however few the cases are."""
    if not keys:
        return {}
    whose = (place.counters.number, place.community_id, place.kind)
    return _told(
        added_up(
            ask_binary(_OF_PLACES, *as_arrays(spans_of(period)), array_literal(keys), *whose, measure, place.category)
        )
    )


def times_by_category(place: Place, measure: int, period: Period) -> dict[int, Times]:
    """Key of a kind of problem → how long it took, from buckets."""
    rows = ask_binary(
        OF_KINDS,
        *as_arrays(spans_of(period)),
        place.counters.number,
        place.community_id,
        place.kind,
        place.key,
        measure,
    )
    return _told(added_up(rows))


def of_values(ordered: Sequence[int]) -> Times:
    """Of all values, in ascending order; there must be one."""
    low, high = ranks(0.5, len(ordered))
    return Times(
        len(ordered), quantile(ordered, 0.5), quantile(ordered, 0.9), ordered[low - 1], ordered[high - 1], error=0.0
    )


def of_buckets(histogram: Histogram) -> Times:
    """Of buckets, which must hold something; a value is the geometric middle of its bucket."""
    sums = np.cumsum(histogram)
    many = int(sums[-1])

    def at(rank: int) -> float:
        return float(BUCKET ** (int(np.searchsorted(sums, rank)) + 0.5))

    low, high = ranks(0.5, many)
    return Times(many, at(ceil(many * 0.5)), at(ceil(many * 0.9)), at(low), at(high), error=ERROR)


def _rows(place: Place, measure: int, period: Period, keys: Iterable[int]) -> dict[int, Sequence[int]]:
    """Key → seconds in ascending order."""
    chosen = list(keys)
    if not chosen:
        return {}
    key, whose = _WHOSE[place.kind]
    day, seconds = COLUMNS[measure]
    since, until = (date.min, date.max) if period.is_all_time else (period.since, period.until)
    each = ", unnest(areas) area" if place.kind == Kind.AREA else ""
    rows = ask(
        f"SELECT {key}, array_agg({seconds} ORDER BY {seconds}) FROM stats_case{each} WHERE source = %s "
        f"AND community = %s AND {whose} AND {seconds} IS NOT NULL AND {day} >= %s AND {day} < %s "
        f"AND (%s = 0 OR category = %s) GROUP BY 1",
        place.counters.number,
        place.community_id,
        chosen,
        since,
        until,
        place.category,
        place.category,
    )
    return {key: values for key, values in rows if key in chosen}


def _told(histograms: Mapping[int, Histogram]) -> dict[int, Times]:
    return {key: of_buckets(histogram) for key, histogram in histograms.items() if histogram.any()}
