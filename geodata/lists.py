"""The list beside the map: the same things as the marks, newest first, page by page. One SQL query a page."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from geodata.counted_sql import WORLD, Source, View, around, rows, rows_by_time, view_of
from geodata.found import MOST_SEARCHED, found_in_view
from geodata.layer_sql import Compiled, Question, Sql, json_of, union, with_parts
from geodata.layers import COLUMNS, Layer
from geodata.mark_sql import asked_of, dense_parts, few_rows, total_sql
from geodata.prepared import fetch
from geodata.replica import reading

PAGE = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEY = re.compile(r"^([a-z_]{1,40})-(\d{1,18})$")
_CURSOR = re.compile(r"^(\d{1,17})-([a-z_]{1,40}-\d{1,18})$")

_SHOWN = tuple(name for name in COLUMNS if name != "geometry")
_ORDER = "starts_at DESC, layer DESC, id DESC"

Key = tuple[str, int]  # name of a layer, id of a thing in it


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list. `total` counts all pages; `capped`: words or an area choose, and there are more. `next`: ""
    on the last."""

    rows: list[dict[str, Any]]
    total: int
    capped: bool
    next: str


def parse_key(text: str) -> Key | None:
    """The thing that "issues-42" names, or None for anything else."""
    found = _KEY.match(text)
    return (found[1], int(found[2])) if found else None


def things(
    layers: Sequence[Layer], question: Question, *, after: str = "", limit: int = PAGE, with_geometry: bool = False
) -> Page:
    """The page that follows the cursor `after` (the `next` of a page; anything else gives the first page).

    The same set as the marks of the question: where those are counted by squares, whole squares. Newest first by
    `starts_at`; what has the same moment is ordered by layer and id, so nothing is lost or shown twice. Each row is a
    dict of the fixed columns, `layer` and the layer's properties; the geometry, as GeoJSON, only `with_geometry`. Must
    be called inside the community's scope.
    """
    view = view_of(question)
    sql = list_sql(layers, question, view, _where(after), limit, with_geometry=with_geometry)
    found = fetch(sql, is_prepared=view.source != Source.SEARCHED)
    total, capped = found[0][:2]
    by_name = {layer.name: layer for layer in layers}
    shown = [_row(by_name[record[2]], record[2:]) for record in found if record[2] is not None]
    follows = _cursor(shown[limit - 1]) if len(shown) > limit else ""
    return Page(shown[:limit], int(total), capped, follows)


def only(layers: Sequence[Layer], question: Question, key: Key) -> Page:
    """The single thing of that name, or none. Must be called inside the community's scope."""
    name, pk = key
    by_name = {layer.name: layer for layer in layers}
    if name not in by_name:
        return Page([], 0, False, "")
    full = _full_rows(replace(question, box=None).ask(by_name[name]))
    text = f"WITH page(layer, id) AS (SELECT %s::text, %s::bigint) {full.text}"
    with reading().cursor() as cursor:
        cursor.execute(text, (name, pk, *full.params))
        shown = [_row(by_name[name], record) for record in cursor.fetchall()]
    return Page(shown, len(shown), False, "")


def list_sql(
    layers: Sequence[Layer], question: Question, view: View, where: Sql, limit: int, *, with_geometry: bool = False
) -> Sql:
    """One SELECT of n, capped and the full rows of a page, read as `view` says. Must be called inside the scope."""
    asked = asked_of(layers, question, view)
    counted = [one for one in asked if one.layer.counted and view.source != Source.SEARCHED]
    dense = counted if view.may_be_dense else []
    parts = [("box", Sql("SELECT ST_MakeEnvelope(%s, %s, %s, %s, 4326) AS shape", tuple(question.box or WORLD)))]
    parts += dense_parts([one.layer for one in dense], question, view)
    parts += [(f"rows_{n}", few_rows(one, question, view)) for n, one in enumerate(counted)]
    parts += [("found", found_in_view([one for one in asked if one not in counted], question))]
    parts += [("points", _points(counted)), ("total", total_sql(len(dense)))]
    parts += [
        (f"around_{n}", around(one.layer.counted, question, view)) for n, one in enumerate(dense) if one.layer.counted
    ]
    many = [part for n, one in enumerate(dense) for part in _of_many(n, one, question, view, where, limit)]
    keys = union([Sql("SELECT * FROM points"), *many])
    page = Sql(f"SELECT * FROM ({keys.text}) keys WHERE {where.text} ORDER BY {_ORDER} LIMIT %s",
               (*keys.params, *where.params, limit + 1))  # fmt: skip
    full = union([_full_rows(one, with_geometry=with_geometry) for one in asked])
    answer = Sql(
        f"SELECT total.n, EXISTS (SELECT 1 FROM found WHERE rank > {MOST_SEARCHED}), full_rows.* "
        f"FROM total LEFT JOIN ({full.text}) full_rows ON true ORDER BY {_ORDER}",
        full.params,
    )
    return with_parts([*parts, ("page", page)], answer, inlined=frozenset({"points"}))


def _points(counted: Sequence[Compiled]) -> Sql:
    """Key and time of everything that is read row by row."""
    parts = [Sql(f"SELECT '{one.layer.name}' AS layer, id, starts_at FROM rows_{n}") for n, one in enumerate(counted)]
    return union([*parts, Sql(f"SELECT layer, id, starts_at FROM found WHERE rank <= {MOST_SEARCHED}")])


def _of_many(number: int, one: Compiled, question: Question, view: View, where: Sql, limit: int) -> list[Sql]:
    """The newest of a layer where squares are counted: the rows in sight are sorted; or the newest rows are looked at
    until enough of them are in sight, where that is likely to be less work. Of n rows in sight among `around`, one in
    around / n that are looked at is in sight."""
    assert one.layer.counted
    name, counted = one.layer.name, one.layer.counted
    near = rows(one.layer, counted, question, view, whole_squares=True)
    newest = rows_by_time(one.layer, counted, question, view, whole_squares=True)
    ordered = f"{where.text} ORDER BY starts_at DESC, id DESC LIMIT {limit + 1}"
    is_less = f"((SELECT n FROM total)::float8 ^ 2 < {limit + 1} * (SELECT n FROM around_{number})::float8)"
    is_sorted, is_walked = f"(SELECT yes FROM dense) AND {is_less}", f"(SELECT yes FROM dense) AND NOT {is_less}"
    if view.source in (Source.MONTHS, Source.PERIOD):
        is_sorted, is_walked = "false", "(SELECT yes FROM dense)"
    return [
        Sql(f"SELECT '{name}' AS layer, id, starts_at FROM ({near.text}) near WHERE {is_sorted}", near.params),
        Sql(
            f"SELECT layer, id, starts_at FROM (SELECT '{name}'::text AS layer, id, starts_at "
            f"FROM ({newest.text}) newest WHERE {is_walked}) walked WHERE {ordered}",
            (*newest.params, *where.params),
        ),
    ]


def _full_rows(asked: Compiled, *, with_geometry: bool = False) -> Sql:
    """Everything that a row of the page shows, for those of this layer."""
    pairs = [(name, f'rows."{name}"') for name in asked.layer.properties]
    if with_geometry:
        pairs.append(("geometry", "ST_AsGeoJSON(rows.geometry, 6)::json"))
    properties = json_of(pairs)
    full = asked.select(_SHOWN, extra=f"{properties}::text AS properties")
    return Sql(
        f"SELECT full_rows.* FROM page JOIN ({full.text}) full_rows ON full_rows.id = page.id "
        f"WHERE page.layer = '{asked.layer.name}'",
        full.params,
    )


def _where(after: str) -> Sql:
    found = _CURSOR.match(after)
    key = parse_key(found[2]) if found else None
    if not found or not key:
        return Sql("true")
    moment = _EPOCH + timedelta(microseconds=int(found[1]))
    # The first comparison alone can use an index.
    return Sql("starts_at <= %s AND (starts_at, layer, id) < (%s, %s, %s)", (moment, moment, *key))


def _cursor(row: dict[str, Any]) -> str:
    microseconds = (row["starts_at"] - _EPOCH) // timedelta(microseconds=1)
    return f"{microseconds}-{row['layer']}-{row['id']}"


def _row(layer: Layer, record: Sequence[Any]) -> dict[str, Any]:
    *fixed, properties = record
    row = dict(zip(("layer", *_SHOWN), fixed, strict=True))
    for name, value in json.loads(properties).items():
        read = layer.properties.get(name)  # the geometry is no property
        row[name] = read(value) if read and value is not None else value
    return row
