"""How long it took: medians and 90th percentiles, from the cases themselves where they are few, else from buckets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, sqrt

from stats.asking import ask
from stats.case_sql import ANSWER, BUCKET, FIX
from stats.numbers import Kind, Place
from stats.periods import Period
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
    found |= {key: of_buckets(buckets) for key, buckets in _buckets(place, measure, period, many).items()}
    return found


def times_by_category(place: Place, measure: int, period: Period) -> dict[int, Times]:
    """Key of a kind of problem → how long it took, from buckets. Each kind is looked up by itself: its months only."""
    rows = ask(
        "SELECT kind.id, bucket, sum(n)::bigint FROM routing_category kind CROSS JOIN LATERAL ("
        "SELECT bucket, n FROM stats_time WHERE source = %s AND community = %s AND kind = %s "
        "AND place = %s AND measure = %s AND category = kind.id AND month BETWEEN %s AND %s OFFSET 0) told "
        "WHERE kind.community_id = %s GROUP BY 1, 2 ORDER BY 1, 2",
        place.counters.number,
        place.community_id,
        place.kind,
        place.key,
        measure,
        period.first,
        period.last,
        place.community_id,
    )
    return {key: of_buckets(buckets) for key, buckets in _grouped(rows).items()}


def of_values(ordered: Sequence[int]) -> Times:
    """Of all values, in ascending order; there must be one."""
    low, high = ranks(0.5, len(ordered))
    return Times(
        len(ordered), quantile(ordered, 0.5), quantile(ordered, 0.9), ordered[low - 1], ordered[high - 1], error=0.0
    )


def of_buckets(buckets: Sequence[tuple[int, int]]) -> Times:
    """Of buckets with how many values each has, in ascending order; a value is the geometric middle of its bucket."""
    sums = list(accumulate(n for _bucket, n in buckets))
    many = sums[-1]

    def at(rank: int) -> float:
        place = next(place for place, below in enumerate(sums) if below >= rank)
        return float(BUCKET ** (buckets[place][0] + 0.5))

    low, high = ranks(0.5, many)
    return Times(many, at(ceil(many * 0.5)), at(ceil(many * 0.9)), at(low), at(high), error=ERROR)


def _rows(place: Place, measure: int, period: Period, keys: Iterable[int]) -> dict[int, Sequence[int]]:
    """Key → seconds in ascending order."""
    chosen = list(keys)
    if not chosen:
        return {}
    key, whose = _WHOSE[place.kind]
    day, seconds = COLUMNS[measure]
    each = ", unnest(areas) area" if place.kind == Kind.AREA else ""
    rows = ask(
        f"SELECT {key}, array_agg({seconds} ORDER BY {seconds}) FROM stats_case{each} WHERE source = %s "
        f"AND community = %s AND {whose} AND {seconds} IS NOT NULL AND {day} >= %s AND {day} < %s "
        f"AND (%s = 0 OR category = %s) GROUP BY 1",
        place.counters.number,
        place.community_id,
        chosen,
        period.since,
        period.until,
        place.category,
        place.category,
    )
    return {key: values for key, values in rows if key in chosen}


def _buckets(place: Place, measure: int, period: Period, keys: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    if not keys:
        return {}
    return _grouped(
        ask(
            "SELECT place, bucket, sum(n)::bigint FROM stats_time WHERE source = %s AND community = %s AND kind = %s "
            "AND place = ANY (%s) AND measure = %s AND category = %s AND month BETWEEN %s AND %s "
            "GROUP BY 1, 2 HAVING sum(n) > 0 ORDER BY 1, 2",
            place.counters.number,
            place.community_id,
            place.kind,
            list(keys),
            measure,
            place.category,
            period.first,
            period.last,
        )
    )


def _grouped(rows: Sequence[tuple[int, int, int]]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for key, bucket, many in rows:
        if many > 0:
            found.setdefault(key, []).append((bucket, many))
    return found
