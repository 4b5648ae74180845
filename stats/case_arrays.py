"""Cases as arrays of numbers: where and when they were opened, read in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from core.counters import Counters
from geodata.boxes import Box
from geodata.replica import reading
from geodata.squares import latitude, morton, place_in_grid
from issues.blur import COARSE_GRID, blurred
from stats.asking import ask
from stats.case_sql import LEVELS
from stats.flat import Numbers, Whole
from stats.periods import Period

DECIMALS = 7  # of degrees, as open data has them
MOST_CASES = 200_000  # past it a period is read from the squares of the finest counted level
LEVEL = LEVELS[-1]
_MOST_MIDDLES = 100_000

_CHOSEN = "source = %(source)s AND community = %(community)s AND opened >= %(since)s AND opened < %(until)s"
_OF_KIND = " AND category = %(category)s"


@dataclass(frozen=True, slots=True)
class Places:
    """Degrees, SRID 4326, and how many cases stand there; `left_out` so many more, whose places are only told roughly.

    `by_squares`: cases stand in the middle of a square of the counted level, not where they are.
    """

    lon: Numbers
    lat: Numbers
    cases: Whole
    left_out: int
    by_squares: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """Cases one by one, in the order of their days (0 is the first asked for), then west to east, then south to
    north."""

    lon: Numbers
    lat: Numbers
    day: Whole
    left_out: int


def opened_between(
    counters: Counters, community: int, *, since: date, until: date, category: int | None = None
) -> Opened:
    """The cases opened from `since` until the day before `until`, without those whose place is blurred.

    A blurred place is the middle of a cell a kilometre wide: many of them together are no cluster.
    """
    rows = _rows(
        f"SELECT ST_X(place), ST_Y(place), opened - %(since)s::date FROM stats_case WHERE {_CHOSEN}{_kind(category)}",
        counters, community, since, until, category,
    ).reshape(-1, 3)  # fmt: skip
    lon, lat, day = np.round(rows[:, 0], DECIMALS), np.round(rows[:, 1], DECIMALS), rows[:, 2].astype(np.int64)
    exact = ~is_blurred(lon, lat)
    lon, lat, day = lon[exact], lat[exact], day[exact]
    order = np.lexsort((lat, lon, day))
    return Opened(lon[order], lat[order], day[order], len(rows) - len(lon))


def places_in(counters: Counters, community: int, period: Period, *, category: int | None = None) -> Places:
    """The cases opened in a period: one by one, or by squares where there are more than MOST_CASES."""
    given = (counters, community, period.since, period.until, category)
    many = _rows(
        "SELECT coalesce(sum(opened), 0) FROM stats_month WHERE source = %(source)s AND community = %(community)s "
        "AND kind = 0 AND place = 0 AND category = %(any)s AND month >= %(since)s AND month < %(until)s", *given,
    )  # fmt: skip
    if many[0] > MOST_CASES:
        return _by_squares(*given)
    found = opened_between(counters, community, since=period.since, until=period.until, category=category)
    return Places(found.lon, found.lat, np.ones(len(found.lon), dtype=np.int64), found.left_out)


def is_blurred(lon: Numbers, lat: Numbers) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool]]":
    """Which places stand in the middle of a cell of the grid of blurred places, to the last decimal."""
    return (_off_middle(lon) < 10.0**-DECIMALS) & (_off_middle(lat) < 10.0**-DECIMALS)


def _off_middle(degrees: Numbers) -> Numbers:
    told: Numbers = np.abs(np.mod(degrees / COARSE_GRID, 1) - 0.5) * COARSE_GRID
    return told


def _by_squares(counters: Counters, community: int, since: date, until: date, category: int | None) -> Places:
    given = (counters, community, since, until, category)
    rows = _rows(
        f"SELECT c, sum(opened) FROM stats_cell WHERE source = %(source)s AND community = %(community)s "
        "AND span = 1 AND month >= %(since)s AND month < %(until)s "
        f"AND c >= {1 << 2 * LEVEL}{_kind(category)} GROUP BY c",
        *given,
    ).reshape(-1, 2)  # fmt: skip
    codes, cases = rows[:, 0].astype(np.int64) - (1 << 2 * LEVEL), rows[:, 1].astype(np.int64)
    columns, lines = _halves(codes), _halves(codes >> 1)
    lon = (columns + 0.5) / 2**LEVEL * 360 - 180
    lat = np.array([latitude(y) for y in (lines + 0.5) / 2**LEVEL])
    left_out = _left_out(Box(lon.min(), lat.min(), lon.max(), lat.max()), *given)
    for code, n in left_out:
        cases[codes == code] -= n
    some = cases > 0
    return Places(lon[some], lat[some], cases[some], sum(n for _code, n in left_out), by_squares=True)


def _left_out(box: Box, counters: Counters, community: int, since: date, until: date,
              category: int | None) -> Sequence[tuple[int, int]]:  # fmt: skip
    """Squares with blurred cases, and how many: found by the codes that middles of the grid have, which an index
    knows."""
    steps = [
        np.arange(low // COARSE_GRID - 1, high // COARSE_GRID + 2) * COARSE_GRID + COARSE_GRID / 2
        for low, high in ((box.west, box.east), (box.south, box.north))
    ]
    if len(steps[0]) * len(steps[1]) > _MOST_MIDDLES:
        return []
    middles = [morton(*place_in_grid(*blurred(x, y))) for x in steps[0] for y in steps[1]]
    rows = _rows(
        f"SELECT m >> {60 - 2 * LEVEL}, count(*) FROM stats_case WHERE {_CHOSEN}{_kind(category)} "
        "AND m = ANY (%(middles)s) GROUP BY 1",
        counters, community, since, until, category, middles=middles,
    ).reshape(-1, 2)  # fmt: skip
    return [(int(code), int(n)) for code, n in rows]


def weeks_of(
    counters: Counters, community: int, *, until: date, many: int
) -> list[tuple[int, int, Sequence[int], int, int]]:
    """Category, organisation (0: nobody), areas, the week (0 is the first of `many` before `until`), and the cases
    opened."""
    with reading().cursor() as cursor:
        cursor.execute(
            "SELECT category, coalesce(organisation, 0), areas, (opened - %(since)s::date) / 7, count(*) "
            f"FROM stats_case WHERE {_CHOSEN} GROUP BY 1, 2, 3, 4",
            _given(counters, community, until - timedelta(weeks=many), until, None),
        )
        return list(cursor.fetchall())


def begun(counters: Counters, community: int) -> date | None:
    """The day of the first case, None when there is none."""
    text = "SELECT min(opened) FROM stats_case WHERE source = %s AND community = %s"
    found: date | None = ask(text, counters.number, community)[0][0]
    return found


def opened_by_month(counters: Counters, community: int, months: Sequence[date], category: int | None) -> Whole:
    """How many were opened in each of these months."""
    return _in_order(
        "SELECT month, opened FROM stats_month WHERE source = %(source)s AND community = %(community)s AND kind = 0 "
        "AND place = 0 AND category = %(any)s AND month >= %(since)s AND month < %(until)s",
        counters, community, months, months[-1] + timedelta(days=1), category,
    )  # fmt: skip


def opened_by_day(counters: Counters, community: int, days: Sequence[date], category: int | None) -> Whole:
    """How many were opened on each of these days."""
    table = "stats_day WHERE source = %(source)s AND community = %(community)s AND kind = 0 AND place = 0 AND day"
    sql = f"SELECT day, opened FROM {table} >= %(since)s AND day < %(until)s"
    if category is not None:
        sql = f"SELECT opened, count(*) FROM stats_case WHERE {_CHOSEN}{_OF_KIND} GROUP BY opened"
    return _in_order(sql, counters, community, days, days[-1] + timedelta(days=1), category)


def _in_order(
    sql: str, counters: Counters, community: int, days: Sequence[date], until: date, category: int | None
) -> Whole:
    with reading().cursor() as cursor:
        cursor.execute(sql, _given(counters, community, days[0], until, category))
        found = dict(cursor.fetchall())
    return np.array([found.get(day, 0) for day in days], dtype=np.int64)


def _rows(sql: str, counters: Counters, community: int, since: date, until: date, category: int | None,
          **more: Any) -> Numbers:  # fmt: skip
    with reading().cursor() as cursor:
        cursor.execute(sql, _given(counters, community, since, until, category) | more)
        rows = cursor.fetchall()
    return np.array(rows, dtype=float).reshape(-1) if rows else np.zeros(0)


def _given(counters: Counters, community: int, since: date, until: date, category: int | None) -> dict[str, Any]:
    told = {"source": counters.number, "community": community, "since": since, "until": until}
    return told | {"category": category, "any": category or 0}


def _kind(category: int | None) -> str:
    return _OF_KIND if category is not None else ""


def _halves(codes: Whole) -> Whole:
    """Every second bit of each code, together: the column of a square."""
    found = np.zeros_like(codes)
    for bit in range(LEVEL):
        found |= (codes >> 2 * bit & 1) << bit
    return found
