"""Counts everything of a community anew: to rebuild its statistics, and to find and repair what is wrong with them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from core.counters import Counters
from stats import case_sql
from stats.asking import ask
from stats.case_sql import COLUMNS, COUNTS, HISTOGRAM

_MEMORY = "SET LOCAL work_mem = '256MB'"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of counts: what it is called, its key, what it counts, and the SQL that makes it of cases."""

    name: str
    key: str
    counts: str
    rows: str
    nothing: str = "0"  # SQL of what is counted where there is no row


@dataclass(frozen=True, slots=True)
class Difference:
    """How many rows were looked at, cases and counts together, and how many of them were wrong."""

    rows: int
    wrong: int


def rebuild(counters: Counters, community_id: int) -> None:
    """Makes the cases and the counts of a community anew.

    Waits for its turn; writers go on meanwhile, and what they write waits in the queue. Must not be called inside a
    transaction.
    """
    with _one_snapshot(in_turn=True):
        _rebuild_cases(counters, community_id)
        rebuild_counts(counters, community_id)


def check(counters: Counters, community_id: int, *, repair: bool) -> Difference:
    """Compares cases with things (but for those that wait in the queue) and counts with cases, in one snapshot.

    Rebuilds them if they differ and `repair`. Must not be called inside a transaction.
    """
    with _one_snapshot(in_turn=False):
        found = difference(counters, community_id)
    if repair and found.wrong:
        rebuild(counters, community_id)
    return found


def difference(counters: Counters, community_id: int) -> Difference:
    """The comparison alone, in the caller's transaction."""
    compared = [_both(_cases_differ(counters, community_id))]
    compared += [_both(_counts_differ(counters, community_id, table)) for table in tables_of(counters, community_id)]
    return Difference(sum(rows for rows, _wrong in compared), sum(wrong for _rows, wrong in compared))


def communities_counted(counters: Counters) -> Sequence[int]:
    """Keys of the communities that have cases or counts."""
    text = (
        "SELECT id FROM geodata_community UNION SELECT DISTINCT community FROM stats_month WHERE source = %s ORDER BY 1"
    )
    return [int(key) for (key,) in ask(text, counters.number)]


def rebuild_counts(counters: Counters, community_id: int) -> None:
    """Makes the counts of a community anew out of its cases, in the caller's transaction."""
    with connection.cursor() as cursor:
        for table in tables_of(counters, community_id):
            cursor.execute(f"DELETE FROM stats_{table.name} WHERE {_mine(counters, community_id)}")
            # In the order of their keys: what a page reads then lies side by side.
            cursor.execute(
                f"INSERT INTO stats_{table.name} (source, {table.key}, {table.counts}) "
                f"SELECT {counters.number}, {table.key}, {table.counts} FROM ({table.rows}) rows ORDER BY {table.key}"
            )


def tables_of(counters: Counters, community_id: int) -> list[Table]:
    """Every table of counts, with the SQL that makes it of a community's cases."""
    cases = f"SELECT 1 AS sign, {COLUMNS} FROM stats_case WHERE {_mine(counters, community_id)}"
    return [
        Table("month", case_sql.MONTHS_KEY, COUNTS, case_sql.months(cases)),
        Table("day", case_sql.DAYS_KEY, COUNTS, case_sql.days(cases)),
        _histograms("time", case_sql.TIMES_KEY, case_sql.times(cases)),
        Table("cell", case_sql.CELLS_KEY, COUNTS, case_sql.cells(cases)),
        Table("square", case_sql.SQUARES_KEY, COUNTS, case_sql.squares(cases)),
        _histograms("cell_time", case_sql.CELL_TIMES_KEY, case_sql.cell_times(cases)),
        Table("packed", case_sql.PACKED_KEY, "cases", case_sql.packed(_mine(counters, community_id)), nothing="''"),
    ]


def _histograms(name: str, key: str, counts: str) -> Table:
    return Table(name, key, HISTOGRAM, case_sql.histograms(counts, key), nothing="'{}'")


def _rebuild_cases(counters: Counters, community_id: int) -> None:
    fresh = counters.cases.format(chosen=f"i.community = {community_id:d}")
    # In the order of places: a drawn shape then reads few pages.
    rows = f"SELECT {counters.number}, {COLUMNS} FROM ({fresh}) fresh ORDER BY m"
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM stats_case WHERE {_mine(counters, community_id)}")
        cursor.execute(f"INSERT INTO stats_case (source, {COLUMNS}) {rows}")


def _cases_differ(counters: Counters, community_id: int) -> str:
    waiting = f"SELECT thing FROM core_to_count WHERE source = {counters.number}"
    fresh = counters.cases.format(chosen=f"i.community = {community_id:d}")
    return f"""
        WITH fresh AS MATERIALIZED (SELECT {COLUMNS} FROM ({fresh}) f WHERE thing NOT IN ({waiting})),
        known AS MATERIALIZED (
            SELECT {COLUMNS} FROM stats_case WHERE {_mine(counters, community_id)} AND thing NOT IN ({waiting}))
        SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM (
            (TABLE fresh EXCEPT TABLE known) UNION ALL (TABLE known EXCEPT TABLE fresh)) wrong)
    """


def _counts_differ(counters: Counters, community_id: int, table: Table) -> str:
    """SQL: how many rows the table should have, and how many differ. A row of zeros is as good as none."""
    counts = table.counts.split(", ")
    told, should = (
        ", ".join(f"coalesce({side}.{count}, {table.nothing})" for count in counts) for side in ("told", "rows")
    )
    return f"""
        SELECT count(rows.community), count(*) FILTER (WHERE ({told}) IS DISTINCT FROM ({should}))
        FROM (SELECT * FROM stats_{table.name} WHERE {_mine(counters, community_id)}) told
        FULL JOIN ({table.rows}) rows USING ({table.key})
    """


def _mine(counters: Counters, community_id: int) -> str:
    return f"source = {counters.number} AND community = {community_id:d}"


@contextmanager
def _one_snapshot(*, in_turn: bool) -> Iterator[None]:
    """A transaction of its own with one snapshot; `in_turn`: that begins when everybody else has stopped filling."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if in_turn:
            cursor.execute("LOCK TABLE stats_fill_lock IN EXCLUSIVE MODE")
        cursor.execute(_MEMORY)
        yield


def _both(text: str) -> tuple[int, int]:
    [(rows, wrong)] = ask(text)
    return int(rows), int(wrong)
