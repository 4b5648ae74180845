"""What is near a place now: things of every layer around a point, nearest first. One SQL query."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.gis.geos import Point

from geodata.boxes import Box
from geodata.layer_sql import Compiled, Question, Sql, json_of, union
from geodata.layers import COLUMNS, Filters, Layer
from geodata.prepared import fetch

METRES_OF_A_DEGREE = 110_574.0  # of latitude at the equator, where it is the shortest
_SHOWN = tuple(name for name in COLUMNS if name != "geometry")

# The layers' own indexes find what lies in the box; the exact distance is asked of those few only.
_NEAR = """
WITH here AS MATERIALIZED (
    SELECT ST_SetSRID(ST_MakePoint(%s, %s), 4326) AS point, ST_MakeEnvelope(%s, %s, %s, %s, 4326) AS box
),
found AS MATERIALIZED (
    SELECT rows.*, ST_Distance(rows.geometry::geography, here.point::geography) AS metres
    FROM ({rows}) rows, here
    WHERE rows.geometry && here.box AND rows.starts_at <= %s AND (rows.ends_at IS NULL OR rows.ends_at > %s)
      AND (rows.state_group IN ('wait', 'work') OR rows.changed_at >= %s)
)
SELECT {shown}, properties, metres FROM found WHERE metres <= %s ORDER BY metres, starts_at DESC, layer, id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Near:
    """One thing near a place: its row (the fixed columns without the geometry, `layer`, the layer's properties)."""

    row: dict[str, Any]
    metres: float  # to the nearest point of its public geometry; 0 inside an area

    @property
    def key(self) -> str:
        """Names it on a page and in a form, for example “issues-42”."""
        return f"{self.row['layer']}-{self.row['id']}"


def things_near(
    layers: Sequence[Layer],
    point: Point,
    *,
    metres: float,
    community_id: int,
    at: datetime,
    today: date,
    closed_since: datetime,
    limit: int = 20,
) -> list[Near]:
    """What strangers may see within `metres` of a point (SRID 4326): what has begun and is not over at `at`, unless it
    was closed before `closed_since`.

    A thing whose place is blurred is as far as its blurred place. Must be called inside the community's scope.
    """
    box = _box(point, metres)
    question = Question(community_id, today, Filters(), box)
    rows = union([_full_rows(question.ask(layer)) for layer in layers])
    text = _NEAR.format(rows=rows.text, shown=", ".join(("layer", *_SHOWN)))
    params = (point.x, point.y, *box, *rows.params, at, at, closed_since, metres, limit)
    found = fetch(Sql(text, params))
    by_name = {layer.name: layer for layer in layers}
    return [_near(by_name[record[0]], record) for record in found]


def _box(point: Point, metres: float) -> Box:
    """The smallest box that surely holds everything within `metres`."""
    up = metres / METRES_OF_A_DEGREE
    across = up / max(math.cos(math.radians(min(abs(point.y) + up, 89.0))), 0.01)
    return Box(point.x - across, point.y - up, point.x + across, point.y + up)


def _full_rows(asked: Compiled) -> Sql:
    properties = json_of([(name, f'rows."{name}"') for name in asked.layer.properties])
    return asked.select(COLUMNS, extra=f"{properties}::text AS properties")


def _near(layer: Layer, record: Sequence[Any]) -> Near:
    *fixed, properties, metres = record
    row = dict(zip(("layer", *_SHOWN), fixed, strict=True))
    for name, value in json.loads(properties).items():
        row[name] = None if value is None else layer.properties[name](value)
    return Near(row, metres)
