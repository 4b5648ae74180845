"""Marks of the current view, for the map: single things, or clusters when there are too many. One SQL query."""

import math
from collections.abc import Sequence

from django.db import connection

from geodata.boxes import TILE, Box, to_mercator, zoom_to_fit
from geodata.layer_sql import IN_BOX, Question, json_of, union
from geodata.layers import GROUPS, Layer

CELL = 64.0  # px; cells grow on a screen so large that too many of them would fit
DECIMALS = 6  # of degrees, about a tenth of a metre
MAX_ZOOM = 22.0

_COLUMNS = ("id", "title", "state", "state_group", "icon", "url")

# A mark stands on the part of its thing that is in view.
_PLACE = """CASE WHEN ST_GeometryType(found.geometry) = 'ST_Point' THEN found.geometry
    ELSE ST_PointOnSurface(ST_Intersection(found.geometry, box.shape)) END"""

_MARKS = """
WITH box AS MATERIALIZED (SELECT ST_MakeEnvelope(%s, %s, %s, %s, 4326) AS shape),
things AS MATERIALIZED (SELECT found.*, {place} AS place FROM ({rows}) found, box WHERE {in_box}),
total AS MATERIALIZED (SELECT count(*) AS n FROM things),
cells AS MATERIALIZED (
    SELECT count(*) AS n, avg(ST_X(place)) AS x, avg(ST_Y(place)) AS y, min(layer) AS layer, min(id) AS id, {groups},
        json_build_array(min(ST_X(place)), min(ST_Y(place)), max(ST_X(place)), max(ST_Y(place))) AS extent
    FROM things
    WHERE (SELECT n FROM total) > %s
    GROUP BY floor((ST_X(place) / 360 + 0.5) * %s),
        floor((0.5 - atanh(sind(greatest(-85.05, least(85.05, ST_Y(place))))) / (2 * pi())) * %s)
),
shown AS (
    SELECT place, {thing} AS properties, NULL::json AS extent FROM things WHERE (SELECT n FROM total) <= %s
    UNION ALL
    SELECT place, {thing}, NULL FROM cells JOIN things USING (layer, id) WHERE n = 1
    UNION ALL
    SELECT ST_Point(x, y, 4326), {cluster}, extent FROM cells WHERE n > 1
)
SELECT json_build_object('type', 'FeatureCollection', 'total', (SELECT n FROM total), 'features', coalesce(
    (SELECT json_agg(CASE WHEN extent IS NULL
        THEN json_build_object('type', 'Feature', 'geometry', ST_AsGeoJSON(place, {decimals})::json,
            'properties', properties)
        ELSE json_build_object('type', 'Feature', 'geometry', ST_AsGeoJSON(place, {decimals})::json,
            'bbox', extent, 'properties', properties) END
        ORDER BY ST_Y(place) DESC, ST_X(place)) FROM shown), '[]'::json))::text
"""


def marks(layers: Sequence[Layer], question: Question) -> str:
    """GeoJSON text: a FeatureCollection of at most `question.most` marks in its box, and `total`, the things there.

    More things than that: clusters of a constant grid of about CELL px at its zoom, at the mean place of their
    things, with counts by family of states and their extent (`bbox`); a thing alone in its cell stays that thing.
    Every mark is a point, ordered as one reads: from the north, then from the west. Must be called inside the
    community's scope. Raises ValueError without a box.
    """
    if question.box is None:
        raise ValueError("Marks are read for a box.")
    asked = [question.ask(layer) for layer in layers]
    rows = union([one.select((*_COLUMNS, "geometry"), extra=_extra(one.layer, layers)) for one in asked])
    limit = question.most
    cells = cells_across_the_world(question.box, question.zoom, limit)
    text = _MARKS.format(
        rows=rows.text,
        place=_PLACE,
        in_box=IN_BOX,
        groups=", ".join(f"count(*) FILTER (WHERE state_group = '{group}') AS \"{group}\"" for group in GROUPS),
        thing=json_of([(name, name) for name in ("layer", *_COLUMNS)] + [(n, f'"{n}"') for n in _names(layers)]),
        cluster=json_of([("cluster", "true"), ("count", "n"), *((group, f'"{group}"') for group in GROUPS)]),
        decimals=DECIMALS,
    )
    with connection.cursor() as cursor:
        cursor.execute(text, (*question.box, *rows.params, limit, cells, cells, limit))
        row = cursor.fetchone()
    return str(row[0])


def cells_across_the_world(box: Box, zoom: float | None, limit: int) -> float:
    """How many cells of the clusters' grid stand side by side around the world, so that at most `limit` touch `box`.

    `zoom` is the map's; without it the zoom at which the box fits a desktop's map.
    """
    west, north = to_mercator(box.west, box.north)
    east, south = to_mercator(box.east, box.south)
    zoom = zoom_to_fit(box, 1024, 768) if zoom is None else zoom
    cells = TILE * 2 ** max(0.0, min(MAX_ZOOM, zoom)) / CELL
    while (math.ceil((east - west) * cells) + 1) * (math.ceil((south - north) * cells) + 1) > max(limit, 4):
        cells /= 1.1
    return cells


def _names(layers: Sequence[Layer]) -> list[str]:
    """What marks of any of these layers carry beyond the fixed columns."""
    return sorted({name for layer in layers for name in layer.on_marks})


def _extra(layer: Layer, layers: Sequence[Layer]) -> str:
    """The same columns for every layer: JSON of the property, or null where a layer has none."""
    columns = []
    for name in _names(layers):
        column = layer.on_marks.get(name)
        columns.append(f'to_json(rows."{column}") AS "{name}"' if column else f'NULL::json AS "{name}"')
    return ", ".join(columns)
