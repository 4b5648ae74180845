"""Recounts the rows of a layer: to rebuild its cells, and to find and repair what is wrong with them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db import connection, transaction

from geodata.cells import KEY, MONTH_KEY, values_of
from geodata.layers import Counted
from geodata.squares import MONTHLY, STORED

_MEMORY = "SET LOCAL work_mem = '256MB'"


@dataclass(frozen=True, slots=True)
class Difference:
    """How cells (with the deltas that wait) and a recount of one layer of one community differ."""

    cells: int  # squares that the recount has, of all levels, kinds and families
    wrong: int  # those that differ, on either side
    month_cells: int
    wrong_months: int

    @property
    def is_exact(self) -> bool:
        return not self.wrong and not self.wrong_months


def rebuild(counted: Counted, community_id: int) -> None:
    """Puts a recount in place of a community's cells and of the deltas that wait.

    Waits for its turn; writers go on meanwhile. Must not be called inside a transaction.
    """
    with _one_snapshot(in_turn=True):
        _rebuild(counted, community_id)


def check(counted: Counted, community_id: int, *, repair: bool) -> Difference:
    """Compares a community's cells and waiting deltas with a recount, in one snapshot; rebuilds them if they differ.

    Writers and the folding go on meanwhile: whatever is folded moves from the deltas to the cells in one transaction.
    Only a repair waits for its turn. Must not be called inside a transaction.
    """
    with _one_snapshot(in_turn=False):
        found = difference(counted, community_id)
    if repair and not found.is_exact:
        rebuild(counted, community_id)
    return found


def difference(counted: Counted, community_id: int) -> Difference:
    """The comparison alone, in the caller's transaction: exact when nobody writes meanwhile, or in one snapshot."""
    cells = _fetch_one(_compare(_cells_sql(counted, community_id), recount_sql(counted, community_id), KEY))
    told = _month_cells_sql(counted, community_id)
    months = _fetch_one(_compare(told, recount_months_sql(counted, community_id), MONTH_KEY))
    return Difference(*cells, *months)


def communities_counted(counted: Counted) -> list[int]:
    """Keys of the communities that have rows, cells or deltas of a layer."""
    text = f"""
        SELECT DISTINCT community_id FROM {counted.table}
        UNION SELECT DISTINCT community FROM geodata_cell WHERE layer = {counted.number} AND category = 0
        UNION SELECT DISTINCT community FROM geodata_cell_delta WHERE layer = {counted.number} ORDER BY 1
    """
    with connection.cursor() as cursor:
        cursor.execute(text)
        return [int(row[0]) for row in cursor.fetchall()]


def recount_sql(counted: Counted, community_id: int) -> str:
    """SQL of what the cells of one community should be, with the columns of geodata_cell."""
    finest = STORED[-1]
    rows = f"""
        SELECT {counted.category}::integer AS category, (map_code >> {60 - 2 * finest}) | {1 << 2 * finest} AS c,
            map_group AS sg, count(*) AS n, sum(map_x::bigint) AS sx, sum(map_y::bigint) AS sy
        FROM {counted.table} WHERE community_id = {community_id:d} AND map_group IS NOT NULL GROUP BY 1, 2, 3"""
    return _summed_up(rows, STORED, "category, c, sg", _keys(counted, community_id, "%s, c"))


def recount_months_sql(counted: Counted, community_id: int) -> str:
    """SQL of what the monthly cells of one community should be, with the columns of geodata_cell_month."""
    finest = MONTHLY[-1]
    rows = f"""
        SELECT {counted.category}::integer AS category, geodata_month({counted.starts_at}) AS mon,
            (map_code >> {60 - 2 * finest}) | {1 << 2 * finest} AS c,
            map_group AS sg, count(*) AS n, sum(map_x::bigint) AS sx, sum(map_y::bigint) AS sy
        FROM {counted.table} WHERE community_id = {community_id:d} AND map_group IS NOT NULL GROUP BY 1, 2, 3, 4"""
    return _summed_up(rows, MONTHLY, "category, mon, c, sg", _keys(counted, community_id, "%s, mon, c"))


def _keys(counted: Counted, community_id: int, middle: str) -> str:
    """The key columns of a cell, with a place for the category."""
    return f"{counted.number}::smallint AS layer, {middle}, {community_id:d} AS community, sg"


def _summed_up(rows: str, levels: Sequence[int], by: str, keys: str) -> str:
    """SQL: the finest level out of the rows, each coarser one out of the finer, and all categories together."""
    kept = list(reversed(levels))
    parts = [f"level_{kept[0]} AS MATERIALIZED ({rows})"]
    for fine, coarse in pairwise(kept):
        columns = by.replace("c, sg", f"c >> {2 * (fine - coarse)} AS c, sg")
        many = ", ".join(str(place + 1) for place in range(by.count(",") + 1))
        parts.append(
            f"level_{coarse} AS MATERIALIZED (SELECT {columns}, sum(n) AS n, sum(sx) AS sx, sum(sy) AS sy "
            f"FROM level_{fine} GROUP BY {many})"
        )
    union = " UNION ALL ".join(f"SELECT * FROM level_{level}" for level in levels)
    together = by.removeprefix("category, ")
    return f"""
        WITH {", ".join(parts)}, levels AS ({union})
        SELECT {keys % "category"}, n::integer AS n, sx::bigint AS sx, sy::bigint AS sy FROM levels
        UNION ALL
        SELECT {keys % "0 AS category"}, sum(n)::integer, sum(sx)::bigint, sum(sy)::bigint
        FROM levels GROUP BY {together}
    """


def _cells_sql(counted: Counted, community_id: int) -> str:
    """SQL of cells and waiting deltas together."""
    return _together("geodata_cell", KEY, STORED, counted, community_id)


def _month_cells_sql(counted: Counted, community_id: int) -> str:
    return _together("geodata_cell_month", MONTH_KEY, MONTHLY, counted, community_id)


def _together(table: str, key: str, levels: tuple[int, ...], counted: Counted, community_id: int) -> str:
    square = "(m >> 60 - 2 * l.level) | (1::bigint << 2 * l.level) AS c"
    waiting = key.replace("category", "kind.category").replace(" c,", f" {square},")
    mine = f"WHERE layer = {counted.number} AND community = {community_id:d}"
    many = ", ".join(str(place + 1) for place in range(key.count(",") + 1))
    return f"""
        SELECT {key}, sum(n)::integer AS n, sum(sx)::bigint AS sx, sum(sy)::bigint AS sy FROM (
            SELECT {key}, n, sx, sy FROM {table} {mine}
            UNION ALL
            SELECT {waiting}, d, d * x::bigint, d * y::bigint
            FROM (SELECT * FROM geodata_cell_delta {mine}) delta, (VALUES {values_of(levels)}) AS l(level),
                LATERAL (VALUES (0), (delta.category)) AS kind(category)
        ) told GROUP BY {many} HAVING sum(n) <> 0 OR sum(sx) <> 0 OR sum(sy) <> 0
    """


def _compare(told: str, counted: str, key: str) -> str:
    """SQL: how many squares `counted` has, and how many differ from those `told`, on either side."""
    return f"""
        SELECT count(counted.n), count(*) FILTER (
            WHERE (told.n, told.sx, told.sy) IS DISTINCT FROM (counted.n, counted.sx, counted.sy))
        FROM ({told}) told FULL JOIN ({counted}) counted USING ({key})
    """


def _rebuild(counted: Counted, community_id: int) -> None:
    mine = f"WHERE layer = {counted.number} AND community = {community_id:d}"
    with connection.cursor() as cursor:
        for table in ("geodata_cell_delta", "geodata_cell", "geodata_cell_month"):
            cursor.execute(f"DELETE FROM {table} {mine}")
        cells, months = recount_sql(counted, community_id), recount_months_sql(counted, community_id)
        # In the order of their keys: what a view reads then lies side by side.
        cursor.execute(f"INSERT INTO geodata_cell ({KEY}, n, sx, sy) SELECT * FROM ({cells}) c ORDER BY {KEY}")
        cursor.execute(
            f"INSERT INTO geodata_cell_month ({MONTH_KEY}, n, sx, sy) SELECT * FROM ({months}) c ORDER BY {MONTH_KEY}"
        )
        cursor.execute(
            "INSERT INTO geodata_map_version AS v VALUES (%s, 1) "
            "ON CONFLICT (community) DO UPDATE SET version = v.version + 1",
            [community_id],
        )


@contextmanager
def _one_snapshot(*, in_turn: bool) -> Iterator[None]:
    """A transaction of its own with one snapshot; `in_turn`: that begins when everybody else has stopped folding."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if in_turn:
            cursor.execute("LOCK TABLE geodata_fold_lock IN EXCLUSIVE MODE")
        cursor.execute(_MEMORY)
        yield


def _fetch_one(text: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(text)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
