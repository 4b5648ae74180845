"""SQL that makes vector tiles of a community's shapes: gathered once, generalised for each zoom, cut for each tile.

All temporary tables go with the transaction. Geometry is in web mercator (SRID 3857), metres of its plane.
Layers and kinds are words of the Protomaps schema, so that its extracts of a planet are drawn by the same rules.
"""

# Shapes as they were imported → layer, kind, name, first zoom, geometry. What is drawn as a line is one, also when it
# came as a polygon; streets of one name become few long lines, along which the name fits.
GATHERED = """
CREATE TEMPORARY TABLE basemap_shape ON COMMIT DROP AS
WITH source AS (
    SELECT kind, name, ST_Transform(CASE WHEN ST_IsValid(geometry) THEN geometry ELSE ST_MakeValid(geometry) END, 3857)
        AS shape
    FROM geodata_mapshape WHERE community_id = %(community)s
),
area AS (
    SELECT name, ST_Transform(boundary, 3857) AS shape FROM geodata_area
    WHERE community_id = %(community)s AND valid_from <= %(day)s AND (valid_to IS NULL OR valid_to > %(day)s)
),
edge AS (
    SELECT ST_Transform(boundary, 3857) AS shape FROM geodata_community
    WHERE id = %(community)s AND boundary IS NOT NULL
),
way AS (
    SELECT kind, name, CASE WHEN ST_Dimension(shape) = 2 THEN ST_Boundary(shape) ELSE shape END AS shape
    FROM source WHERE kind IN ('street', 'road', 'rail') AND ST_Dimension(shape) > 0
),
long_way AS (
    SELECT kind, name, ST_LineMerge(ST_Collect(shape ORDER BY md5(ST_AsBinary(shape)))) AS shape
    FROM way WHERE name <> '' GROUP BY kind, name
    UNION ALL
    SELECT kind, name, shape FROM way WHERE name = ''
),
drawn (layer, kind, name, first, shape) AS (
    SELECT 'earth', 'earth', '', 0, ST_CollectionExtract(shape, 3) FROM source WHERE kind = 'land'
    UNION ALL  -- a community without drawn land stands on its own ground
    SELECT 'earth', 'community', '', 0, shape FROM edge WHERE NOT EXISTS (SELECT FROM source WHERE kind = 'land')
    UNION ALL SELECT 'landuse', 'park', '', 9, ST_CollectionExtract(shape, 3) FROM source WHERE kind = 'park'
    UNION ALL SELECT 'water', 'water', '', 0, ST_CollectionExtract(shape, 3) FROM source WHERE kind = 'water'
    UNION ALL SELECT 'water', 'river', name, 10, ST_CollectionExtract(shape, 2) FROM source WHERE kind = 'water'
    UNION ALL
    SELECT 'buildings', 'building', '', 14, ST_CollectionExtract(shape, 3) FROM source WHERE kind = 'building'
    UNION ALL
    SELECT 'roads', CASE kind WHEN 'street' THEN 'minor_road' WHEN 'road' THEN 'major_road' ELSE 'rail' END, name,
        CASE kind WHEN 'street' THEN 12 WHEN 'road' THEN 7 ELSE 9 END, (ST_Dump(ST_CollectionExtract(shape, 2))).geom
    FROM long_way
    UNION ALL SELECT 'boundaries', 'district', '', 9, ST_Boundary(shape) FROM area
    UNION ALL SELECT 'boundaries', 'community', '', 0, ST_Boundary(shape) FROM edge
    UNION ALL SELECT 'places', 'district', name, 11, ST_PointOnSurface(shape) FROM area
    UNION ALL
    SELECT CASE kind WHEN 'park' THEN 'landuse' ELSE 'water' END, kind, name, 14, ST_PointOnSurface(shape)
    FROM source WHERE kind IN ('park', 'water') AND name <> '' AND ST_Dimension(shape) = 2
)
SELECT row_number() OVER (ORDER BY layer, kind, name, md5(ST_AsBinary(shape))) AS rank,
    layer, kind, nullif(name, '') AS name, first, ST_Dimension(shape) AS dimension, ST_Area(shape) AS area, shape
FROM drawn WHERE NOT ST_IsEmpty(shape) AND (ST_Dimension(shape) > 0 OR name <> '')
"""

COUNTED = "SELECT layer, kind, count(*) FROM basemap_shape GROUP BY layer, kind ORDER BY layer, kind"

# What one zoom shows: without what is smaller than `smallest` square metres, without bends finer than `tolerance`.
# At the closest zoom everything is there as it is, because maps enlarge it.
GENERALISED = """
CREATE TEMPORARY TABLE basemap_zoom ON COMMIT DROP AS
SELECT rank, layer, kind, name, dimension, CASE
    WHEN %(closest)s OR dimension = 0 THEN shape ELSE ST_SimplifyPreserveTopology(shape, %(tolerance)s) END AS shape
FROM basemap_shape
WHERE %(closest)s OR (first <= %(zoom)s AND (dimension < 2 OR area >= %(smallest)s))
"""
GENERALISED_INDEX = "CREATE INDEX ON basemap_zoom USING gist (layer, shape)"
GENERALISED_KNOWN = "ANALYZE basemap_zoom"
NO_LONGER_GENERALISED = "DROP TABLE IF EXISTS basemap_zoom"

# West, south, east, north of everything; nulls when nothing is shown.
EXTENT_OF_ALL = """
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) FROM (SELECT ST_Extent(shape) AS box FROM {table}) found
"""

# Non-empty tiles of a rectangle of tiles: x, y, MVT. `extent`: units of a tile's side; `buffer`: so many around it are
# drawn too, so that wide lines do not end at its edge; `margin`: the same as a share of the side. Rows go into a tile
# by their rank, so the same rows make the same bytes; the name of a point is in the one tile that has the point.
TILES = """
SELECT x, y, mvt
FROM generate_series(%(left)s, %(right)s) x, generate_series(%(top)s, %(bottom)s) y,
LATERAL (
    SELECT ST_TileEnvelope(%(zoom)s, x, y) AS frame,
        ST_TileEnvelope(%(zoom)s, x, y, margin => %(margin)s) AS wide
) tile,
LATERAL (
    SELECT string_agg(layer_mvt, ''::bytea ORDER BY wanted) AS mvt
    FROM unnest(ARRAY['boundaries', 'buildings', 'earth', 'landuse', 'places', 'roads', 'water']) wanted,
    LATERAL (
        SELECT ST_AsMVT(piece, wanted, %(extent)s, 'geom') AS layer_mvt
        FROM (
            SELECT kind, name, geom FROM (
                SELECT rank, kind, name, ST_AsMVTGeom(
                    shape, frame, %(extent)s, CASE dimension WHEN 0 THEN 0 ELSE %(buffer)s END) AS geom
                FROM basemap_zoom shown WHERE shown.layer = wanted AND shape && wide
            ) cut WHERE geom IS NOT NULL ORDER BY rank
        ) piece
    ) layer_of_tile
) whole
WHERE length(mvt) > 0
"""
