"""The list beside the map: the same things as the marks, newest first, page by page. One SQL query a page."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from geodata.layer_sql import IN_BOX, Compiled, Question, Sql, json_of, union
from geodata.layers import COLUMNS, Layer

PAGE = 20
MOST_COUNTED = 1000  # past it the list says "more than"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEY = re.compile(r"^([a-z_]{1,40})-(\d{1,18})$")
_CURSOR = re.compile(r"^(\d{1,17})-([a-z_]{1,40}-\d{1,18})$")

_SHOWN = tuple(name for name in COLUMNS if name != "geometry")
_ORDER = "starts_at DESC, layer DESC, id DESC"

_KEYS_IN_BOX = """box AS MATERIALIZED (SELECT ST_MakeEnvelope(%s, %s, %s, %s, 4326) AS shape),
keys AS MATERIALIZED (SELECT layer, id, starts_at FROM ({rows}) found, box WHERE {in_box})"""
_KEYS = "keys AS NOT MATERIALIZED (SELECT layer, id, starts_at FROM ({rows}) found)"

_THINGS = """
WITH {keys},
counted AS (SELECT 1 FROM keys LIMIT %s),
page AS MATERIALIZED (SELECT * FROM keys WHERE {where} ORDER BY {order} LIMIT %s)
SELECT total.n, full_rows.* FROM (SELECT count(*) AS n FROM counted) total LEFT JOIN ({full}) full_rows ON true
ORDER BY {order}
"""

Key = tuple[str, int]  # name of a layer, id of a thing in it


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list. `total` counts all pages; `capped`: there are more than that. `next`: "" on the last."""

    rows: list[dict[str, Any]]
    total: int
    capped: bool
    next: str


def parse_key(text: str) -> Key | None:
    """The thing that "issues-42" names, or None for anything else."""
    found = _KEY.match(text)
    return (found[1], int(found[2])) if found else None


def things(
    layers: Sequence[Layer], question: Question, *, after: str = "", only: Key | None = None, limit: int = PAGE
) -> Page:
    """The page that follows the cursor `after` (the `next` of a page; anything else gives the first page).

    Newest first by `starts_at`; what has the same moment is ordered by layer and id, so nothing is lost or shown
    twice. Each row is a dict of the fixed columns without the geometry, `layer` and the layer's properties. `only`
    asks for a single thing. Must be called inside the community's scope.
    """
    sql = _things_sql(layers, question, _where(after, only), limit)
    with connection.cursor() as cursor:
        cursor.execute(sql.text, sql.params)
        found = cursor.fetchall()
    total = found[0][0]
    by_name = {layer.name: layer for layer in layers}
    rows = [_row(by_name[record[1]], record[1:]) for record in found if record[1] is not None]
    follows = _cursor(rows[limit - 1]) if len(rows) > limit else ""
    return Page(rows[:limit], min(total, MOST_COUNTED), total > MOST_COUNTED, follows)


def _things_sql(layers: Sequence[Layer], question: Question, where: Sql, limit: int) -> Sql:
    box = question.box
    listed = ("id", "starts_at", "geometry") if box else ("id", "starts_at")
    asked = [question.ask(layer) for layer in layers]
    rows = union([one.select(listed) for one in asked])
    full = union([_full_rows(one) for one in asked])
    keys = _KEYS_IN_BOX if box else _KEYS
    text = _THINGS.format(
        keys=keys.format(rows=rows.text, in_box=IN_BOX), where=where.text, order=_ORDER, full=full.text
    )
    params = (*(box or ()), *rows.params, MOST_COUNTED + 1, *where.params, limit + 1, *full.params)
    return Sql(text, params)


def _full_rows(asked: Compiled) -> Sql:
    """Everything that a row of the page shows, for those of this layer."""
    properties = json_of([(name, f'rows."{name}"') for name in asked.layer.properties])
    rows = asked.select(_SHOWN, extra=f"{properties}::text AS properties")
    return Sql(f"{rows.text} JOIN page ON page.layer = '{asked.layer.name}' AND page.id = rows.id", rows.params)


def _where(after: str, only: Key | None) -> Sql:
    if only:
        return Sql("layer = %s AND id = %s", only)
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
        row[name] = None if value is None else layer.properties[name](value)
    return row
