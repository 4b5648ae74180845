"""The drawn base map: a community's own shapes, its areas and its boundary, built as GeoJSON in SQL.

A page can draw some thousands of them. Past that it gets the main ones, coarser; geodata.basemap_build makes tiles.
"""

from datetime import date
from typing import Any

from geodata.models import Community
from geodata.replica import reading

TOLERANCE = 0.00001  # degrees, about a metre: finer than any screen shows
COARSE = 0.0001  # degrees, about ten metres
MOST_SHAPES = 20_000
MOST_POINTS = 100_000  # of all shapes together: about so many bytes as the next
MOST_BYTES = 2_000_000  # of GeoJSON, before it is compressed

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


# How many shapes there are and of how many points, counted no further than it matters.
_SIZE = """
SELECT count(*), coalesce(sum(ST_NPoints(shape)), 0) FROM (SELECT shape FROM ({shapes}) shapes LIMIT %s) counted
"""

# What is seen from farther away comes first, the larger before the smaller, until the bytes are used up.
_MAIN = """
WITH coarse AS (
    SELECT kind, name, ST_SimplifyPreserveTopology(shape, %s) AS shape,
        array_position(ARRAY['boundary', 'area', 'land', 'road', 'water', 'rail', 'park', 'street'], kind) AS turn,
        CASE WHEN ST_Dimension(shape) = 2 THEN ST_Area(shape) ELSE ST_Length(shape) END AS size
    FROM ({shapes}) shapes WHERE kind <> 'building'
),
feature AS (
    SELECT turn, size, json_build_object(
        'type', 'Feature',
        'geometry', ST_AsGeoJSON(shape, 5)::json,
        'properties', json_build_object('kind', kind, 'name', name))::text AS written
    FROM coarse
),
counted AS (
    SELECT row_number() OVER place AS place, written, sum(octet_length(written) + 1) OVER place AS bytes FROM feature
    WINDOW place AS (ORDER BY turn, size DESC, written ROWS UNBOUNDED PRECEDING)
)
SELECT '{{"type": "FeatureCollection", "features": [' || coalesce(string_agg(written, ',' ORDER BY place), '') || ']}}'
FROM counted WHERE bytes <= %s AND place <= %s
"""


def base_shapes(community: Community, *, on: date) -> str:
    """GeoJSON text: a FeatureCollection whose features have the properties `kind` and `name`.

    Kinds are those of geodata.models.MapShape, then "area" for the areas in force on that day and "boundary". Of
    more than MOST_SHAPES shapes or MOST_POINTS points it is the main part only: without buildings, COARSE, at most
    MOST_BYTES long. A phone cannot draw more, and build_basemap is there for such communities.
    """
    with reading().cursor() as cursor:
        cursor.execute(_SIZE.format(shapes=_SHAPES), (*shape_params(community, on), MOST_SHAPES + 1))
        shapes, points = cursor.fetchone()
        if shapes <= MOST_SHAPES and points <= MOST_POINTS:
            cursor.execute(_GEOJSON.format(shapes=_SHAPES), (TOLERANCE, *shape_params(community, on)))
        else:
            limits = (MOST_BYTES, MOST_SHAPES)
            cursor.execute(_MAIN.format(shapes=_SHAPES), (COARSE, *shape_params(community, on), *limits))
        row = cursor.fetchone()
    return str(row[0])


def shape_params(community: Community, on: date) -> tuple[Any, ...]:
    """Parameters of the shapes' SQL."""
    return community.pk, community.pk, on, on, community.pk


def shapes_sql() -> str:
    """SQL of all shapes of a base map: kind, name, shape (SRID 4326). Its parameters: `shape_params`."""
    return _SHAPES
