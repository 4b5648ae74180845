"""Keeps the counts per square: folds what writers appended.

Triggers append deltas in the transaction of their cause (geodata/migrations/0008_cells.py). At every moment cells
plus deltas that are not folded yet equal what a recount of the rows would give (geodata.recount). One process at a
time folds or recounts: the lock of an empty table says whose turn it is, because taking it takes no snapshot yet.
"""

import json

from django.db import DatabaseError, connection, transaction

from geodata.replica import reading
from geodata.squares import MONTHLY, STORED

BATCH = 5000  # deltas that are folded in one transaction
KEY = "layer, category, c, community, sg"
MONTH_KEY = "layer, category, mon, c, community, sg"


def values_of(levels: tuple[int, ...]) -> str:
    """SQL: the rows of a table of levels."""
    return ", ".join(f"({level})" for level in levels)


_FOLD = f"""
WITH taken AS MATERIALIZED (
    DELETE FROM geodata_cell_delta WHERE id = ANY (ARRAY(SELECT id FROM geodata_cell_delta ORDER BY id LIMIT %s))
    RETURNING layer, community, category, sg, m, x, y, mon, d
),
counted AS MATERIALIZED (
    SELECT layer, community, category, sg, m, x, y, mon, sum(d) AS d FROM taken GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    HAVING sum(d) <> 0
),
cells AS (
    INSERT INTO geodata_cell AS cell ({KEY}, n, sx, sy)
    SELECT layer, kind.category, (m >> 60 - 2 * l.level) | (1::bigint << 2 * l.level), community, sg,
        sum(d), sum(d * x::bigint), sum(d * y::bigint)
    FROM counted, (VALUES {values_of(STORED)}) AS l(level), LATERAL (VALUES (0), (counted.category)) AS kind(category)
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT ({KEY}) DO UPDATE SET n = cell.n + excluded.n, sx = cell.sx + excluded.sx, sy = cell.sy + excluded.sy
    RETURNING {KEY}, n
),
months AS (
    INSERT INTO geodata_cell_month AS cell ({MONTH_KEY}, n, sx, sy)
    SELECT layer, kind.category, mon, (m >> 60 - 2 * l.level) | (1::bigint << 2 * l.level), community, sg,
        sum(d), sum(d * x::bigint), sum(d * y::bigint)
    FROM counted, (VALUES {values_of(MONTHLY)}) AS l(level), LATERAL (VALUES (0), (counted.category)) AS kind(category)
    GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT ({MONTH_KEY}) DO UPDATE
        SET n = cell.n + excluded.n, sx = cell.sx + excluded.sx, sy = cell.sy + excluded.sy
    RETURNING {MONTH_KEY}, n
),
versions AS (
    INSERT INTO geodata_map_version AS v (community, version) SELECT DISTINCT community, 1 FROM taken ORDER BY 1
    ON CONFLICT (community) DO UPDATE SET version = v.version + 1
)
SELECT (SELECT count(*) FROM taken),
    (SELECT coalesce(json_agg(json_build_array({KEY})), '[]') FROM cells WHERE n = 0),
    (SELECT coalesce(json_agg(json_build_array({MONTH_KEY})), '[]') FROM months WHERE n = 0)
"""
_EMPTY = f"""
DELETE FROM geodata_cell WHERE ({KEY}) IN (
    SELECT (k->>0)::smallint, (k->>1)::integer, (k->>2)::bigint, (k->>3)::integer, (k->>4)::smallint
    FROM json_array_elements(%s::json) k)
"""
_EMPTY_MONTHS = f"""
DELETE FROM geodata_cell_month WHERE ({MONTH_KEY}) IN (
    SELECT (k->>0)::smallint, (k->>1)::integer, (k->>2)::smallint, (k->>3)::bigint, (k->>4)::integer, (k->>5)::smallint
    FROM json_array_elements(%s::json) k)
"""


class BusyError(Exception):
    """Another process folds, rebuilds or checks now."""


def fold(*, batch: int = BATCH) -> int:
    """Folds up to `batch` deltas, the oldest first, in one transaction; returns how many. Raises BusyError."""
    with transaction.atomic(), connection.cursor() as cursor:
        _take_turn()
        cursor.execute(_FOLD, [batch])
        taken, empty, empty_months = cursor.fetchone()
        # Here, and not in the statement above: it could not see what it had just written.
        cursor.execute(_EMPTY, [json.dumps(empty)])
        cursor.execute(_EMPTY_MONTHS, [json.dumps(empty_months)])
    return int(taken)


def fold_all(*, batch: int = BATCH, most: int = 200_000) -> int:
    """Folds until nothing waits, or `most` were folded; returns how many. Leaves it to whoever is at it already."""
    folded = 0
    while folded < most:
        try:
            taken = fold(batch=batch)
        except BusyError:
            break
        folded += taken
        if taken < batch:
            break
    return folded


def version_of(community_id: int) -> int:
    """Grows whenever what strangers see of the counted layers of a community has changed, and the change is folded."""
    with reading().cursor() as cursor:
        cursor.execute("SELECT version FROM geodata_map_version WHERE community = %s", [community_id])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _take_turn() -> None:
    """Raises BusyError when another process has it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE geodata_fold_lock IN EXCLUSIVE MODE NOWAIT")
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != "55P03":
            raise
        raise BusyError from error
