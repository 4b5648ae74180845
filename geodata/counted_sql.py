"""SQL of what a counted layer has in a view: counts per square out of its cells, or its rows where there are few.

Each piece is one SELECT, to stand in a WITH. Squares are read as ranges of Morton codes: LATERAL … OFFSET 0 makes
PostgreSQL look each range up in an index, which it would not find out by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from geodata.boxes import Box, zoom_to_fit
from geodata.layer_sql import Question, Sql
from geodata.layers import GROUPS, Counted, Layer
from geodata.squares import (
    FINEST,
    MONTHLY,
    STORED,
    Squares,
    place_in_grid,
    squares_at,
    squares_for,
    stored_level,
)

FEW = 2000  # things in a view of which the rows themselves are read
SHORT = timedelta(days=62)  # periods whose rows are read through the index of time
WORLD = Box(-180.0, -85.0, 180.0, 85.0)
_FIRST_MONTH, _LAST_MONTH = 0, 32767


class Source(StrEnum):
    """Where counts come from."""

    CELLS = "cells"  # unless there are only FEW
    MONTHS = "months"  # cells of whole months, and rows beside them
    PERIOD = "period"  # rows of a short period
    ROWS = "rows"  # rows of a small view
    SEARCHED = "searched"  # rows that words or an area choose, the newest of them


@dataclass(frozen=True, slots=True)
class View:
    """How a question is read."""

    squares: Squares  # that clusters are made by
    exact: tuple[int, int, int, int]  # the box in the finest grid: first and last column, first and last line
    source: Source
    few: int  # so many things are still read row by row

    @property
    def may_be_dense(self) -> bool:
        return self.source in (Source.CELLS, Source.MONTHS)

    @property
    def level(self) -> int:
        """Level of the cells that are read."""
        return stored_level(self.squares.level, MONTHLY if self.source == Source.MONTHS else STORED)


def view_of(question: Question) -> View:
    """The reading that costs least. A question without a box is asked of the whole world."""
    box = question.box or WORLD
    zoom = question.zoom if question.zoom is not None else zoom_to_fit(box, 1024, 768)
    squares = squares_for(box, zoom, question.most)
    filters = question.filters
    source = Source.CELLS if squares.level <= STORED[-1] else Source.ROWS
    if filters.text or filters.area is not None:
        source = Source.SEARCHED
    elif filters.since or filters.until:
        short = filters.since and filters.until and filters.until - filters.since <= SHORT
        source = Source.PERIOD if short else Source.ROWS if squares.level > MONTHLY[-1] + 2 else Source.MONTHS
    if source == Source.MONTHS and squares.level > MONTHLY[-1]:
        squares = squares_at(box, MONTHLY[-1])
    left, top = place_in_grid(box.west, box.north)
    right, bottom = place_in_grid(box.east, box.south)
    return View(squares, (left, right, top, bottom), source, FEW)


def groups_of(layer: Layer, question: Question) -> list[int]:
    """Numbers of the families of states that are asked for."""
    chosen = question.filters_of(layer).groups or [code for code, _name in layer.groups] or ["none"]
    return [GROUPS.index(code) for code in chosen if code in GROUPS]


def counts(layer: Layer, counted: Counted, question: Question, view: View) -> Sql:
    """SELECT c, sg, n, sx, sy of the squares in view, of all families of states. `c` is of the view's own level."""
    months = _months(question) if view.source == Source.MONTHS else None
    table, only = ("geodata_cell", "") if months is None else ("geodata_cell_month", "AND mon BETWEEN %s AND %s")
    span = months.span if months else ()
    wide, lead = 2 * (FINEST - view.level), 1 << 2 * view.level
    ranges = view.squares.ranges()
    lows = [first >> wide | lead for first, _last in ranges]
    highs = [last >> wide | lead for _first, last in ranges]
    kinds = _kinds(layer, counted, question)
    left, right, top, bottom = view.squares.edges
    coarser = 2 * (view.level - view.squares.level)
    # Of a range of months every month is looked up by itself: the key has the month before the square.
    there = f"FROM geodata_cell_month WHERE layer = {counted.number} AND category = 0"
    each_month = (
        ""
        if months is None
        else (
            f"CROSS JOIN generate_series(greatest(%s, (SELECT min(mon) {there})), "
            f"least(%s, (SELECT max(mon) {there}))) AS of_month(mon)"
        )
    )
    in_month = "" if months is None else "AND mon = of_month.mon"
    waiting = Sql(
        f"SELECT (m >> {2 * view.squares.shift}) | {1 << 2 * view.squares.level}::bigint, sg, d, "
        f"d * x::bigint, d * y::bigint FROM geodata_cell_delta WHERE layer = {counted.number} AND community = %s "
        f"AND x BETWEEN %s AND %s AND y BETWEEN %s AND %s AND d <> 0 {only}"
        f"{'' if kinds.is_everything else f' AND category IN ({kinds.sql.text})'}",
        (question.community_id, left, right, top, bottom, *span, *(() if kinds.is_everything else kinds.sql.params)),
    )
    cells = Sql(
        f"SELECT cell.c >> {coarser} AS c, cell.sg, cell.n, cell.sx, cell.sy "
        f"FROM ({kinds.sql.text}) kinds(category) {each_month} "
        "CROSS JOIN unnest(%s::bigint[], %s::bigint[]) AS r(low, high) "
        f"CROSS JOIN LATERAL (SELECT c, sg, n::bigint, sx, sy, community FROM {table} WHERE layer = {counted.number} "
        f"AND category = kinds.category {in_month} AND c BETWEEN r.low AND r.high OFFSET 0) cell "
        "WHERE cell.community = %s",
        (*kinds.sql.params, *span, lows, highs, question.community_id),
    )
    parts = [cells, waiting, *(_edges(layer, counted, question, view, months) if months else [])]
    return Sql(
        "SELECT c, sg, sum(n) AS n, sum(sx) AS sx, sum(sy) AS sy FROM ("
        + " UNION ALL ".join(part.text for part in parts)
        + ") told GROUP BY c, sg HAVING sum(n) > 0",
        tuple(param for part in parts for param in part.params),
    )


def rows(layer: Layer, counted: Counted, question: Question, view: View, *, whole_squares: bool = False) -> Sql:
    """SELECT id, sg, x, y, starts_at of the rows in the box that are asked for.

    `whole_squares`: of all the ground that is counted in squares, not only of the box.
    """
    if view.source == Source.PERIOD:
        return rows_by_time(layer, counted, question, view)
    period = _period(counted, question)
    kinds = _kinds(layer, counted, question)
    ranges = view.squares.ranges()
    from_kinds = "" if kinds.is_everything else f"CROSS JOIN ({kinds.sql.text}) kinds(category)"
    of_kind = "" if kinds.is_everything else f"AND {counted.category} = kinds.category"
    return Sql(
        f"SELECT found.* FROM unnest(%s::smallint[]) AS g(sg) {from_kinds} "
        "CROSS JOIN unnest(%s::bigint[], %s::bigint[]) AS r(low, high) CROSS JOIN LATERAL ("
        f"SELECT {_columns(counted)} FROM {counted.table} WHERE community_id = %s AND map_group = g.sg {of_kind} "
        f"AND map_code BETWEEN r.low AND r.high {period.text} OFFSET 0) found "
        "WHERE found.x BETWEEN %s AND %s AND found.y BETWEEN %s AND %s",
        (
            groups_of(layer, question), *(() if kinds.is_everything else kinds.sql.params),
            [first for first, _last in ranges], [last for _first, last in ranges],
            question.community_id, *period.params, *(view.squares.edges if whole_squares else view.exact),
        ),
    )  # fmt: skip


def rows_in_range(layer: Layer, counted: Counted, question: Question, low: str, high: str) -> Sql:
    """The same columns of the rows that are asked for between two Morton codes (SQL)."""
    period = _period(counted, question)
    kinds = _kinds(layer, counted, question)
    of_kind = "" if kinds.is_everything else f"AND {counted.category} = ANY (ARRAY({kinds.sql.text}))"
    return Sql(
        f"SELECT {_columns(counted)} FROM unnest(%s::smallint[]) AS g(sg) CROSS JOIN LATERAL ("
        f"SELECT * FROM {counted.table} WHERE community_id = %s AND map_group = g.sg {of_kind} "
        f"AND map_code BETWEEN {low} AND {high} {period.text} OFFSET 0) found",
        (
            groups_of(layer, question), question.community_id, *(() if kinds.is_everything else kinds.sql.params),
            *period.params,
        ),
    )  # fmt: skip


def rows_by_time(layer: Layer, counted: Counted, question: Question, view: View, *, whole_squares: bool = False) -> Sql:
    """The same rows through the index of time: for a short period, and for the newest of many."""
    period = _period(counted, question)
    kinds = _kinds(layer, counted, question)
    of_kind = "" if kinds.is_everything else f"AND {counted.category} = ANY (ARRAY({kinds.sql.text}))"
    return Sql(
        f"SELECT {_columns(counted)} FROM {counted.table} WHERE community_id = %s AND map_group = ANY (%s) "
        f"AND map_group IS NOT NULL {of_kind} {period.text} AND map_x BETWEEN %s AND %s AND map_y BETWEEN %s AND %s",
        (
            question.community_id, groups_of(layer, question),
            *(() if kinds.is_everything else kinds.sql.params), *period.params,
            *(view.squares.edges if whole_squares else view.exact),
        ),
    )  # fmt: skip


def _columns(counted: Counted) -> str:
    return f"id, map_group AS sg, map_x AS x, map_y AS y, {counted.starts_at} AS starts_at"


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Which categories of cells are read: SQL of one column."""

    sql: Sql
    is_everything: bool


def _kinds(layer: Layer, counted: Counted, question: Question) -> _Kinds:
    codes = question.filters_of(layer).categories
    if not codes:
        return _Kinds(Sql("SELECT 0"), is_everything=True)
    return _Kinds(Sql(counted.category_keys, (question.community_id, list(codes))), is_everything=False)


def _period(counted: Counted, question: Question) -> Sql:
    """The condition of the period, for the rows."""
    since, until = question.filters.since, question.filters.until
    parts = [Sql(f"AND {counted.starts_at} >= %s", (since,))] if since else []
    parts += [Sql(f"AND {counted.starts_at} < %s", (until,))] if until else []
    return Sql(" ".join(part.text for part in parts), tuple(param for part in parts for param in part.params))


# Whole months, and what lies beside them ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Months:
    """The months (in UTC) nearest to a period, and the rows that this gives too few (+1) or too many (-1)."""

    first: int
    last: int
    edges: Sequence[tuple[int, datetime, datetime]]

    @property
    def span(self) -> tuple[int, int]:
        return self.first, self.last


def _months(question: Question) -> _Months:
    since, until = question.filters.since, question.filters.until
    edges: list[tuple[int, datetime, datetime]] = []
    first, last = _FIRST_MONTH, _LAST_MONTH
    if since:
        begin = _nearest_month(since)
        first = _number(begin)
        edges += [(1, since, begin)] if since < begin else [(-1, begin, since)] if begin < since else []
    if until:
        end = _nearest_month(until)
        last = _number(end) - 1
        edges += [(-1, until, end)] if until < end else [(1, end, until)] if end < until else []
    return _Months(first, last, edges)


def _nearest_month(moment: datetime) -> datetime:
    """The beginning of a month in UTC that is nearest."""
    begin = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (begin + timedelta(days=32)).replace(day=1)
    return begin if moment - begin < following - moment else following


def _number(moment: datetime) -> int:
    """As geodata_month counts."""
    return moment.year * 12 + moment.month - 1


def _edges(layer: Layer, counted: Counted, question: Question, view: View, months: _Months) -> list[Sql]:
    kinds = _kinds(layer, counted, question)
    of_kind = "" if kinds.is_everything else f"AND {counted.category} = ANY (ARRAY({kinds.sql.text}))"
    code = f"(map_code >> {2 * view.squares.shift}) | {1 << 2 * view.squares.level}::bigint"
    return [
        Sql(
            f"SELECT {code}, map_group, {sign}, {sign} * map_x::bigint, {sign} * map_y::bigint FROM {counted.table} "
            f"WHERE community_id = %s AND map_group IS NOT NULL {of_kind} AND {counted.starts_at} >= %s "
            f"AND {counted.starts_at} < %s AND map_x BETWEEN %s AND %s AND map_y BETWEEN %s AND %s",
            (
                question.community_id, *(() if kinds.is_everything else kinds.sql.params),
                begin, end, *view.squares.edges,
            ),
        )
        for sign, begin, end in months.edges
    ]  # fmt: skip
