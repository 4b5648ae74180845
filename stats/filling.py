"""Keeps the counts over time: takes what was written, makes its cases anew, and adds the difference to the counts.

The queue core_to_count remembers how far the filling is: whatever is in it has not been counted as it is now. Cases
and counts change in one transaction, so that they agree with each other at every moment, seconds behind the things.
"""

from datetime import datetime
from functools import cache

from django.db import DatabaseError, connection, transaction

from core.counters import CASE, MEASURES, Counters, all_counters
from stats import case_sql
from stats.case_sql import COLUMNS, COUNTS, HISTOGRAM

BATCH = 2000  # things that are counted anew in one transaction

_TAKE = """
DELETE FROM core_to_count WHERE id = ANY (ARRAY(
    SELECT id FROM core_to_count WHERE source = %s ORDER BY id LIMIT %s)) RETURNING thing
"""
_DAYS_BEGUN = """
SELECT c.id, (%(at)s AT TIME ZONE c.time_zone)::date FROM geodata_community c
LEFT JOIN core_counted_until r ON r.community = c.id
WHERE r.day IS NULL OR r.day < (%(at)s AT TIME ZONE c.time_zone)::date ORDER BY c.id
"""
_BEGIN_DAY = """
WITH reached AS MATERIALIZED (SELECT day FROM core_counted_until WHERE community = %(community)s)
INSERT INTO core_counted_until (community, day) VALUES (%(community)s, %(day)s)
ON CONFLICT (community) DO UPDATE SET day = excluded.day
RETURNING coalesce((SELECT day FROM reached), '0001-01-01')
"""


class BusyError(Exception):
    """Another process fills or rebuilds now."""


def fill_all(*, at: datetime, most: int | None = None) -> int:
    """Counts until nothing waits, or `most` entries of the queue and a batch at the most; returns how many.

    Leaves it to whoever is at it. `at` tells which promises are over.
    """
    filled = 0
    try:
        begin_day(at=at)
        for counters in all_counters():
            while (most is None or filled < most) and (taken := fill(counters)):
                filled += taken
    except BusyError:
        pass
    return filled


def begin_day(*, at: datetime, waits: bool = False) -> None:
    """Where a day has begun since the last time, what was due before it is counted anew.

    `waits`: until nobody else fills or rebuilds; otherwise raises BusyError.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DAYS_BEGUN, {"at": at})
        for community, day in cursor.fetchall():
            with transaction.atomic():
                take_turn(waits=waits)
                cursor.execute(_BEGIN_DAY, {"community": community, "day": day})
                (since,) = cursor.fetchone()
                for counters in all_counters():
                    due = f"SELECT {counters.number}, thing FROM ({counters.due}) due"
                    cursor.execute(f"INSERT INTO core_to_count (source, thing) {due}", [community, since, day])


def fill(counters: Counters, *, batch: int = BATCH) -> int:
    """Counts up to `batch` things anew, the longest waiting, in one transaction; returns how many. Raises BusyError."""
    with transaction.atomic(), connection.cursor() as cursor:
        take_turn()
        cursor.execute(_TAKE, [counters.number, batch])
        waiting = [thing for (thing,) in cursor.fetchall()]
        if waiting:
            # After the queue was read: whatever is written from now on waits in it again.
            cursor.execute(_fill_sql(counters), {"things": sorted(set(waiting))})
            touched = cursor.fetchall()
            cursor.execute(_pack_sql(counters), [[row[0] for row in touched], [row[1] for row in touched]])
    return len(waiting)


def take_turn(*, waits: bool = False) -> None:
    """Raises BusyError when another process has it and nobody `waits`."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE stats_fill_lock IN EXCLUSIVE MODE {'' if waits else 'NOWAIT'}")
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != "55P03":
            raise
        raise BusyError from error


@cache
def _fill_sql(counters: Counters) -> str:
    source = counters.number
    changed = f"SELECT sign, {COLUMNS} FROM changed"
    return f"""
        WITH fresh AS MATERIALIZED (
            SELECT {COLUMNS} FROM ({counters.cases.format(chosen="i.thing = ANY (%(things)s)")}) fresh),
        known AS MATERIALIZED (
            SELECT {COLUMNS} FROM stats_case WHERE source = {source} AND thing = ANY (%(things)s)),
        changed AS MATERIALIZED (
            SELECT 1 AS sign, * FROM (TABLE fresh EXCEPT TABLE known) added
            UNION ALL SELECT -1, * FROM (TABLE known EXCEPT TABLE fresh) taken_away),
        {_add("month", source, case_sql.months(changed), case_sql.MONTHS_KEY)},
        {_add("day", source, case_sql.days(changed), case_sql.DAYS_KEY)},
        {_add_histograms("time", source, case_sql.times(changed), case_sql.TIMES_KEY)},
        {_add("cell", source, case_sql.cells(changed), case_sql.CELLS_KEY)},
        {_add("square", source, case_sql.squares(changed), case_sql.SQUARES_KEY)},
        {_add_histograms("cell_time", source, case_sql.cell_times(changed), case_sql.CELL_TIMES_KEY)},
        forgotten AS (
            DELETE FROM stats_case WHERE source = {source} AND thing IN (
                SELECT thing FROM known EXCEPT SELECT thing FROM fresh)),
        kept AS (
            INSERT INTO stats_case (source, {COLUMNS}) SELECT {source}, {COLUMNS} FROM changed WHERE sign = 1
            ON CONFLICT (source, thing) DO UPDATE SET {_as_excluded(CASE[1:])})
        SELECT DISTINCT community, m >> {case_sql.FINER} FROM changed
    """


@cache
def _pack_sql(counters: Counters) -> str:
    """Packs the cases of some squares anew: of communities (first parameter), by their codes (second)."""
    there = f"m BETWEEN touched.square << {case_sql.FINER} AND (touched.square + 1 << {case_sql.FINER}) - 1"
    found = case_sql.packed(f"source = {counters.number} AND community = touched.community AND {there}")
    return f"""
        INSERT INTO stats_packed (source, {case_sql.PACKED_KEY}, cases)
        SELECT {counters.number}, touched.community, {case_sql.packed_code("square")}, coalesce(found.cases, '')
        FROM unnest(%s::integer[], %s::bigint[]) touched(community, square) LEFT JOIN LATERAL ({found}) found ON true
        ON CONFLICT (source, {case_sql.PACKED_KEY}) DO UPDATE SET cases = excluded.cases"""


def _add(name: str, source: int, rows: str, key: str) -> str:
    """A part of a WITH that adds rows of counts to their table."""
    grown = ", ".join(f"{count} = told.{count} + excluded.{count}" for count in MEASURES)
    some = " OR ".join(f"{count} <> 0" for count in MEASURES)
    return f"""add_{name} AS (
        INSERT INTO stats_{name} AS told (source, {key}, {COUNTS})
        SELECT {source}, {key}, {COUNTS} FROM ({rows}) rows WHERE {some} ORDER BY {key}
        ON CONFLICT (source, {key}) DO UPDATE SET {grown})"""


def _add_histograms(name: str, source: int, rows: str, key: str) -> str:
    """The same of a table of histograms. Those that change are made anew: nobody else fills at the same time."""
    mine = " AND ".join(f"known.{column} = changed.{column}" for column in key.split(", "))
    # LATERAL … OFFSET 0: each is looked up in the index, however many PostgreSQL expects.
    both = f"""
        SELECT {key}, bucket, n FROM changed_{name} UNION ALL
        SELECT {key}, bucket, n FROM (SELECT DISTINCT {key} FROM changed_{name}) changed CROSS JOIN LATERAL (
            SELECT buckets, many FROM stats_{name} known WHERE source = {source} AND {mine} OFFSET 0
        ) known CROSS JOIN LATERAL unnest(buckets, many) held(bucket, n)"""
    return f"""changed_{name} AS MATERIALIZED (SELECT * FROM ({rows}) rows WHERE n <> 0), add_{name} AS (
        INSERT INTO stats_{name} (source, {key}, {HISTOGRAM})
        SELECT {source}, {key}, {HISTOGRAM} FROM ({case_sql.histograms(both, key)}) rows ORDER BY {key}
        ON CONFLICT (source, {key}) DO UPDATE SET {_as_excluded(tuple(HISTOGRAM.split(", ")))})"""


def _as_excluded(columns: tuple[str, ...]) -> str:
    return ", ".join(f"{column} = excluded.{column}" for column in columns)
