"""SQL of what a counted layer has in a view: counts per square out of its cells, or its rows where there are few.

Each piece is one SELECT, to stand in a WITH. Squares are read as ranges of Morton codes: LATERAL … OFFSET 0 makes
PostgreSQL look each range up in an index, which it would not find out by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from geodata.boxes import Box, zoom_to_fit
from geodata.layer_sql import Question, Sql, union
from geodata.layers import GROUPS, Counted, Filters, Layer
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
CROWD = 20_000  # things in a view, of any time, among which those of a long period are not picked out
SHORT = timedelta(days=62)  # periods whose rows are read through the index of time
WORLD = Box(-180.0, -85.0, 180.0, 85.0)
_FIRST_MONTH, _LAST_MONTH = 0, 32767


class Source(StrEnum):
    """Where counts come from."""

    CELLS = "cells"  # unless there are only FEW
    MONTHS = "months"  # cells of whole months, and rows beside them
    PERIOD = "period"  # a short period: months as well where squares are wide, else rows; unless there are only FEW
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
        return self.source in (Source.CELLS, Source.MONTHS, Source.PERIOD)

    @property
    def has_months(self) -> bool:
        """Whether cells of months are read."""
        return self.source == Source.MONTHS or (self.source == Source.PERIOD and self.squares.level <= MONTHLY[-1])

    @property
    def level(self) -> int:
        """Level of the cells that are read."""
        return stored_level(self.squares.level, MONTHLY if self.has_months else STORED)


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
        source = Source.PERIOD if short else Source.MONTHS
        source = Source.ROWS if squares.level > MONTHLY[-1] + 2 else source
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
    """SELECT c, n, one column for each family of states, sx, sy: what is asked for, by square of the view's level.

    `c` is the square's code with its leading 1. The families that are not asked for are 0.
    """
    if view.source == Source.PERIOD and not view.has_months:
        told = _counted_rows(layer, counted, question, view, 1, question.filters.since, question.filters.until)
    else:
        months = _months(question) if view.has_months else None
        parts = [_of_cells(layer, counted, question, view, months), _waiting(layer, counted, question, view, months)]
        parts += [_counted_rows(layer, counted, question, view, *edge) for edge in (months.edges if months else [])]
        told = union(parts)
    # By square and family first, in one number: of the many cells that are read few sums are made.
    return Sql(
        f"SELECT key >> 3 AS c, sum(n)::bigint AS n, {_families()}, sum(sx)::bigint AS sx, sum(sy)::bigint AS sy FROM ("
        "SELECT (c << 3) | sg AS key, sum(n) AS n, sum(sx)::bigint AS sx, sum(sy)::bigint AS sy "
        f"FROM ({told.text}) told(c, sg, n, sx, sy) GROUP BY 1) of_family GROUP BY 1 HAVING sum(n) > 0",
        told.params,
    )


def crowd(layer: Layer, counted: Counted, question: Question, view: View) -> Sql:
    """SELECT n: how many things are in view, of any time, kind and state."""
    every = counts(layer, counted, replace(question, filters=Filters()), replace(view, source=Source.CELLS))
    return Sql(f"SELECT coalesce(sum(n), 0) AS n FROM ({every.text}) every", every.params)


def around(counted: Counted, question: Question, view: View) -> Sql:
    """SELECT n: about how many things the community has in the wide squares that the view touches, whatever is asked
    for; in all of them where the view is wider than those."""
    coarsest = STORED[0]
    lead = 1 << 2 * coarsest
    wide = 2 * (FINEST - coarsest)
    ranges: Sequence[tuple[int, int]] = [(0, (1 << 2 * FINEST) - 1)]
    if question.box and view.squares.level >= coarsest:
        ranges = squares_at(question.box, coarsest).ranges()
    return Sql(
        "SELECT coalesce(sum(cell.n), 0)::bigint AS n FROM unnest(%s::bigint[], %s::bigint[]) AS r(low, high) "
        f"CROSS JOIN LATERAL (SELECT n FROM geodata_cell WHERE layer = {counted.number} AND category = 0 "
        "AND c BETWEEN r.low AND r.high AND community = %s OFFSET 0) cell",
        (
            [first >> wide | lead for first, _last in ranges],
            [last >> wide | lead for _first, last in ranges],
            question.community_id,
        ),
    )


def _families() -> str:
    """SQL: the sums of `n` by family of states, a column for each."""
    return ", ".join(
        f'coalesce(sum(n) FILTER (WHERE key & 7 = {number}), 0)::bigint AS "{group}"'
        for number, group in enumerate(GROUPS)
    )


def _of_cells(layer: Layer, counted: Counted, question: Question, view: View, months: "_Months | None") -> Sql:
    """Cells in view, some for each square: of the next finer level that is kept, and of each month."""
    wide, lead = 2 * (FINEST - view.level), 1 << 2 * view.level
    ranges = view.squares.ranges()
    kinds = _kinds(layer, counted, question)
    groups = groups_of(layer, question)
    of_group = "AND sg BETWEEN %s AND %s AND (sg + 0) = ANY (%s)" if len(groups) < len(layer.groups) else ""
    # Of a range of months every month is looked up by itself: the key has the month before the square.
    there = f"FROM geodata_cell_month WHERE layer = {counted.number} AND category = 0"
    each_month, in_month = "", ""
    if months:
        in_month = "AND mon = of_month.mon"
        each_month = (
            f"CROSS JOIN generate_series(greatest(%s, (SELECT min(mon) {there}))::integer, "
            f"least(%s, (SELECT max(mon) {there}))::integer) AS of_month(mon)"
        )
    return Sql(
        f"SELECT cell.c >> %s::integer, cell.sg, cell.n, cell.sx, cell.sy "
        f"FROM ({kinds.sql.text}) kinds(category) {each_month} "
        "CROSS JOIN unnest(%s::bigint[], %s::bigint[]) AS r(low, high) "
        f"CROSS JOIN LATERAL (SELECT c, sg, n, sx, sy FROM geodata_cell{'_month' if months else ''} "
        f"WHERE layer = {counted.number} AND category = kinds.category {in_month} AND c BETWEEN r.low AND r.high "
        f"AND community = %s {of_group} OFFSET 0) cell",
        (
            2 * (view.level - view.squares.level),
            *kinds.sql.params,
            *(months.span if months else ()),
            [first >> wide | lead for first, _last in ranges],
            [last >> wide | lead for _first, last in ranges],
            question.community_id,
            *((min(groups, default=0), max(groups, default=0), groups) if of_group else ()),
        ),
    )


def _waiting(layer: Layer, counted: Counted, question: Question, view: View, months: "_Months | None") -> Sql:
    """Changes that are not folded into the cells yet."""
    kinds = _kinds(layer, counted, question)
    return Sql(
        f"SELECT (m >> %s::integer) | %s::bigint, sg, d, d * x::bigint, d * y::bigint FROM geodata_cell_delta "
        f"WHERE layer = {counted.number} AND community = %s AND x BETWEEN %s AND %s AND y BETWEEN %s AND %s AND d <> 0 "
        f"AND sg = ANY (%s) {'AND mon BETWEEN %s AND %s' if months else ''}"
        f"{'' if kinds.is_everything else f' AND category IN ({kinds.sql.text})'}",
        (
            2 * view.squares.shift,
            1 << 2 * view.squares.level,
            question.community_id,
            *view.squares.edges,
            groups_of(layer, question),
            *(months.span if months else ()),
            *(() if kinds.is_everything else kinds.sql.params),
        ),
    )


def _counted_rows(
    layer: Layer,
    counted: Counted,
    question: Question,
    view: View,
    sign: int,
    since: datetime | None,
    until: datetime | None,
) -> Sql:
    """Rows of a period counted by square, through the index of time: each with the `sign`."""
    kinds = _kinds(layer, counted, question)
    of_kind = "" if kinds.is_everything else f"AND {counted.category} = ANY (ARRAY({kinds.sql.text}))"
    # Square and family in one number: grouping by one column costs half.
    key = "((map_x >> %s::integer)::bigint << 34) | ((map_y >> %s::integer)::bigint << 4) | map_group"
    return Sql(
        "SELECT geodata_morton((key >> 34)::integer, ((key >> 4) & 1073741823)::integer) | %s::bigint, "
        f"(key & 15)::smallint, {sign} * n, {sign} * sx, {sign} * sy FROM ("
        f"SELECT {key} AS key, count(*)::integer AS n, sum(map_x) AS sx, sum(map_y) AS sy FROM {counted.table} "
        f"WHERE community_id = %s AND map_group IS NOT NULL AND map_group = ANY (%s) {of_kind} "
        f"AND {counted.starts_at} >= %s AND {counted.starts_at} < %s "
        "AND map_x BETWEEN %s AND %s AND map_y BETWEEN %s AND %s GROUP BY 1) by_square",
        (
            1 << 2 * view.squares.level, view.squares.shift, view.squares.shift, question.community_id,
            groups_of(layer, question), *(() if kinds.is_everything else kinds.sql.params), since, until,
            *view.squares.edges,
        ),
    )  # fmt: skip


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
    """The months whose edges have the least rows: there are none of days to come."""
    since, until = question.filters.since, question.filters.until
    over = datetime.combine(question.today + timedelta(days=1), time(), UTC)
    edges: list[tuple[int, datetime, datetime]] = []
    first, last = _FIRST_MONTH, _LAST_MONTH
    if since:
        begin = _nearest_month(since, over)
        first = _number(begin)
        edges += [(1, since, begin)] if since < begin else [(-1, begin, since)] if begin < since else []
    if until:
        end = _nearest_month(until, over)
        last = _number(end) - 1
        edges += [(-1, until, end)] if until < end else [(1, end, until)] if end < until else []
    return _Months(first, last, edges)


def _nearest_month(moment: datetime, over: datetime) -> datetime:
    """The beginning of a month in UTC that is nearest, by the time until `over`, when nothing more has begun."""
    begin = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (begin + timedelta(days=32)).replace(day=1)
    return begin if min(moment, over) - begin < min(following, over) - moment else following


def _number(moment: datetime) -> int:
    """As geodata_month counts."""
    return moment.year * 12 + moment.month - 1
