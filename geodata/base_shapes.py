"""The drawn base map: a community's own shapes, its areas and its boundary, built as GeoJSON in SQL."""

from datetime import date
from typing import Any

from django.db import connection

from geodata.models import Community

TOLERANCE = 0.00001  # degrees, about a metre: finer than any screen shows

# Kinds of the base map, from the bottom up, with what is added to the shapes that a community imported.
_SHAPES = """
SELECT kind, name, geometry AS shape FROM geodata_mapshape WHERE community_id = %s
UNION ALL
SELECT 'area', name, boundary FROM geodata_area
WHERE community_id = %s AND valid_from <= %s AND (valid_to IS NULL OR valid_to > %s)
UNION ALL
SELECT 'boundary', '', boundary FROM geodata_community WHERE id = %s AND boundary IS NOT NULL
"""

_GEOJSON = """
SELECT json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(json_build_object(
    'type', 'Feature',
    'geometry', ST_AsGeoJSON(ST_SimplifyPreserveTopology(shape, %s), 6)::json,
    'properties', json_build_object('kind', kind, 'name', name))), '[]'::json))::text
FROM ({shapes}) shapes
"""


def base_shapes(community: Community, *, on: date) -> str:
    """GeoJSON text: a FeatureCollection whose features have the properties `kind` and `name`.

    Kinds are those of geodata.models.MapShape, then "area" for the areas in force on that day and "boundary".
    """
    with connection.cursor() as cursor:
        cursor.execute(_GEOJSON.format(shapes=_SHAPES), (TOLERANCE, *shape_params(community, on)))
        row = cursor.fetchone()
    return str(row[0])


def shape_params(community: Community, on: date) -> tuple[Any, ...]:
    """Parameters of the shapes' SQL."""
    return community.pk, community.pk, on, on, community.pk


def shapes_sql() -> str:
    """SQL of all shapes of a base map: kind, name, shape (SRID 4326). Its parameters: `shape_params`."""
    return _SHAPES
