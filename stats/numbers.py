"""Reads what was counted: sums of months for a community, an area, an organisation, a kind of problem."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Any

from core.counters import MEASURES, Counters
from stats.asking import ask
from stats.periods import Period

Counts = Mapping[str, int]  # measure → how many
NOTHING: Counts = dict.fromkeys(MEASURES, 0)
_SUMS = ", ".join(f"sum({measure})::bigint" for measure in MEASURES)
_COLUMNS = ", ".join(MEASURES)


class Kind(IntEnum):
    """What a place of stats_month is."""

    COMMUNITY = 0
    AREA = 1
    ORGANISATION = 2
    PAIR = 3  # an area and an organisation


@dataclass(frozen=True, slots=True)
class Place:
    """Who is counted: all of a community, one area of it, or what one organisation has. `category` 0: every kind."""

    counters: Counters
    community_id: int
    kind: Kind = Kind.COMMUNITY
    key: int = 0
    category: int = 0


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a place has in a period. `compared`, `before`: in its months that are over, in the same a year ago."""

    period: Period
    counts: Counts
    compared: Counts
    before: Counts | None
    by_month: Sequence[tuple[date, Counts]]
    backlog: int  # open at the end of the period
    total: int  # opened at any time


def numbers(place: Place, period: Period) -> Numbers:
    """Everything that the months of a place tell, in one query."""
    rows = ask(
        f"SELECT month, {_COLUMNS} FROM stats_month WHERE source = %s AND community = %s AND kind = %s AND place = %s "
        "AND category = %s ORDER BY month",
        *_key(place),
    )
    return numbers_of({row[0]: _counts(row[1:]) for row in rows}, period)


def numbers_of(months: Mapping[date, Counts], period: Period) -> Numbers:
    """What months of all time, those where anything happened, tell about a period."""
    earlier = period.before()
    if earlier and not any(month <= earlier.first and counts["opened"] for month, counts in months.items()):
        earlier = None  # nobody reported here yet: more now would say nothing
    whole = [month for month in period.months if not (period.is_running and month == period.last)]
    return Numbers(
        period=period,
        counts=added(months, period.months),
        compared=added(months, whole),
        before=added(months, earlier.months[: len(whole)]) if earlier and whole else None,
        by_month=[(month, months.get(month, NOTHING)) for month in period.months],
        backlog=sum(c["opened"] - c["ended"] for month, c in months.items() if month <= period.last),
        total=sum(c["opened"] for c in months.values()),
    )


def by_place(place: Place, kind: Kind, period: Period, *, keys: Iterable[int] | None = None) -> dict[int, Counts]:
    """Key → counts in the period, of all areas or organisations of the community, or of those with these keys.

    `place` tells the community and the kind of problem.
    """
    chosen, values = ("", ()) if keys is None else ("AND place = ANY (%s)", (list(keys),))
    rows = ask(
        f"SELECT place, {_SUMS} FROM stats_month WHERE source = %s AND community = %s AND kind = %s AND category = %s "
        f"AND month BETWEEN %s AND %s {chosen} GROUP BY place",
        place.counters.number,
        place.community_id,
        kind,
        place.category,
        period.first,
        period.last,
        *values,
    )
    return {row[0]: _counts(row[1:]) for row in rows}


def by_category(place: Place, period: Period) -> dict[int, Counts]:
    """Key of a kind of problem → counts in the period."""
    rows = ask(
        f"SELECT kind.id, {_SUMS} FROM routing_category kind CROSS JOIN LATERAL ("
        f"SELECT {_COLUMNS} FROM stats_month WHERE source = %s AND community = %s AND kind = %s AND place = %s "
        "AND category = kind.id AND month BETWEEN %s AND %s OFFSET 0) told "
        "WHERE kind.community_id = %s GROUP BY kind.id",
        *_key(place)[:4],
        period.first,
        period.last,
        place.community_id,
    )
    return {row[0]: _counts(row[1:]) for row in rows}


def organisations_of(area: Place, period: Period) -> dict[int, Counts]:
    """Key of an organisation (0: nobody) → counts of what it has in an area."""
    low = area.key << 32
    return {key - low: counts for key, counts in _pairs(area, period, low, low + (1 << 32) - 1).items()}


def areas_of(organisation: Place, period: Period, areas: Iterable[int]) -> dict[int, Counts]:
    """Key of an area → counts of what the organisation has in it."""
    pairs = {area << 32 | organisation.key: area for area in areas}
    found = by_place(Place(organisation.counters, organisation.community_id), Kind.PAIR, period, keys=pairs)
    return {pairs[key]: counts for key, counts in found.items()}


def by_day(place: Place, period: Period) -> list[tuple[date, Counts]]:
    """Days on which anything happened, in their order. Of all kinds of problems together."""
    rows = ask(
        f"SELECT day, {_COLUMNS} FROM stats_day WHERE source = %s AND community = %s AND kind = %s AND place = %s "
        "AND day >= %s AND day < %s ORDER BY day",
        *_key(place)[:4],
        period.since,
        period.until,
    )
    return [(row[0], _counts(row[1:])) for row in rows]


def begun_on(counters: Counters, community_id: int) -> date | None:
    """The first month in which anything was opened."""
    rows = ask(
        "SELECT min(month) FROM stats_month WHERE source = %s AND community = %s AND kind = 0 AND place = 0 "
        "AND category = 0 AND opened > 0",
        counters.number,
        community_id,
    )
    found: date | None = rows[0][0]
    return found


def added(months: Mapping[date, Counts], which: Iterable[date]) -> Counts:
    """The sums of some months."""
    chosen = [months[month] for month in which if month in months]
    return {measure: sum(counts[measure] for counts in chosen) for measure in MEASURES}


def _pairs(place: Place, period: Period, low: int, high: int) -> dict[int, Counts]:
    rows = ask(
        f"SELECT place, {_SUMS} FROM stats_month WHERE source = %s AND community = %s AND kind = %s "
        "AND place BETWEEN %s AND %s AND category = 0 AND month BETWEEN %s AND %s GROUP BY place",
        place.counters.number,
        place.community_id,
        Kind.PAIR,
        low,
        high,
        period.first,
        period.last,
    )
    return {row[0]: _counts(row[1:]) for row in rows}


def _key(place: Place) -> tuple[int, ...]:
    return place.counters.number, place.community_id, place.kind, place.key, place.category


def _counts(values: Sequence[Any]) -> Counts:
    return {measure: int(n or 0) for measure, n in zip(MEASURES, values, strict=True)}
