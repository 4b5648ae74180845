from django.db import migrations

# A constant grid in web mercator: 2^30 squares around the world, about 4 cm wide. Interleaving the bits of x and y (Morton)
# gives one number of 60 bits whose leading 2·L bits name the square of level L that a place lies in.
GRID = """
CREATE FUNCTION geodata_grid_x(place geometry) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT greatest(0, least(1073741823, floor((ST_X(place) / 360 + 0.5) * 1073741824)))::integer
$$;
CREATE FUNCTION geodata_grid_y(place geometry) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT greatest(0, least(1073741823, floor((0.5
        - atanh(sind(greatest(-85.05112878, least(85.05112878, ST_Y(place))))) / (2 * pi())) * 1073741824)))::integer
$$;
CREATE FUNCTION geodata_morton(x integer, y integer) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    a bigint := x;
    b bigint := y;
BEGIN
    a := (a | (a << 16)) & 281470681808895;
    a := (a | (a << 8)) & 71777214294589695;
    a := (a | (a << 4)) & 1085102592571150095;
    a := (a | (a << 2)) & 3689348814741910323;
    a := (a | (a << 1)) & 6148914691236517205;
    b := (b | (b << 16)) & 281470681808895;
    b := (b | (b << 8)) & 71777214294589695;
    b := (b | (b << 4)) & 1085102592571150095;
    b := (b | (b << 2)) & 3689348814741910323;
    b := (b | (b << 1)) & 6148914691236517205;
    RETURN a | (b << 1);
END $$;
CREATE FUNCTION geodata_code(place geometry) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT geodata_morton(geodata_grid_x(place), geodata_grid_y(place))
$$;
-- Where a thing of any kind stands when it is counted: a point of it.
CREATE FUNCTION geodata_anchor(shape geometry) RETURNS geometry LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE GeometryType(shape) WHEN 'POINT' THEN shape ELSE ST_PointOnSurface(shape) END
$$;
-- Words of titles and texts as they are searched: three apostrophes are one letter.
CREATE FUNCTION geodata_words(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT to_tsvector('pg_catalog.simple', translate(lower(said), '''’`', 'ʼʼʼ'))
$$;
"""
GRID_BACK = """
DROP FUNCTION geodata_words(text);
DROP FUNCTION geodata_anchor(geometry);
DROP FUNCTION geodata_code(geometry);
DROP FUNCTION geodata_morton(integer, integer);
DROP FUNCTION geodata_grid_y(geometry);
DROP FUNCTION geodata_grid_x(geometry);
"""

# Counts per square (decision 0027). `c` is the code of a square with a leading 1, so that it tells its level; category 0 is
# all categories together; sx and sy are sums of grid places. Nobody but the folding writes cells: writers append deltas.
CELLS = """
CREATE TABLE geodata_cell (
    layer smallint, category integer, c bigint, community integer, sg smallint,
    n integer NOT NULL, sx bigint NOT NULL, sy bigint NOT NULL,
    PRIMARY KEY (layer, category, c, community, sg)
) WITH (fillfactor = 80);
CREATE TABLE geodata_cell_month (
    layer smallint, category integer, mon smallint, c bigint, community integer, sg smallint,
    n integer NOT NULL, sx bigint NOT NULL, sy bigint NOT NULL,
    PRIMARY KEY (layer, category, mon, c, community, sg)
) WITH (fillfactor = 80);
CREATE TABLE geodata_cell_delta (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    layer smallint NOT NULL, community integer NOT NULL, category integer NOT NULL, sg smallint NOT NULL,
    m bigint NOT NULL, x integer NOT NULL, y integer NOT NULL, mon smallint NOT NULL, d integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
-- How often what strangers see of a community has changed: versions of tiles.
CREATE TABLE geodata_map_version (community integer PRIMARY KEY, version bigint NOT NULL);
-- Only its lock matters: one folding, rebuilding or checking at a time.
CREATE TABLE geodata_fold_lock (nothing boolean);
-- Months since year 0, in UTC: the same for every community; what lies beside whole months is read from the rows.
CREATE FUNCTION geodata_month(at timestamptz) RETURNS smallint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (extract(year FROM at AT TIME ZONE 'UTC') * 12 + extract(month FROM at AT TIME ZONE 'UTC') - 1)::smallint
$$;
"""
CELLS_BACK = """
DROP FUNCTION geodata_month(timestamptz);
DROP TABLE geodata_fold_lock;
DROP TABLE geodata_map_version;
DROP TABLE geodata_cell_delta;
DROP TABLE geodata_cell_month;
DROP TABLE geodata_cell;
"""

# Makes a table of a layer tell what changes in it. The table has map_group (null: strangers do not see the row), map_code,
# map_x, map_y, community_id, changed_at, and two columns that are named. Usage, in a migration:
#     SELECT geodata_count_layer(1::smallint, 'issues_issue', 'category_id', 'created_at');
COUNT = """
CREATE FUNCTION geodata_count_layer(number smallint, source regclass, category text, starts text) RETURNS void
LANGUAGE plpgsql AS $body$
DECLARE
    cells text := format('%s AS layer, community_id, %I::integer AS category, map_group, map_code, map_x, map_y,'
                         ' geodata_month(%I) AS mon', number, category, starts);
    into_deltas text := 'INSERT INTO geodata_cell_delta (layer, community, category, sg, m, x, y, mon, d)';
    name text := 'geodata_counts_' || number;
BEGIN
    EXECUTE format('CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        %s SELECT %s, 1 FROM newt WHERE map_group IS NOT NULL; RETURN NULL; END $$', name || '_in', into_deltas, cells);
    EXECUTE format('CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        %s SELECT %s, -1 FROM oldt WHERE map_group IS NOT NULL; RETURN NULL; END $$', name || '_out', into_deltas, cells);
    -- What changed no cell but its looks is told with 0: tiles have a new version.
    EXECUTE format('CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        %s SELECT layer, community_id, category, map_group, map_code, map_x, map_y, mon, sum(d) FROM (
            SELECT %s, changed_at, -1 AS d FROM oldt WHERE map_group IS NOT NULL
            UNION ALL SELECT %s, changed_at, 1 FROM newt WHERE map_group IS NOT NULL) both_sides
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(d) <> 0 OR min(changed_at) <> max(changed_at);
        RETURN NULL; END $$', name || '_change', into_deltas, cells, cells);
    EXECUTE format('CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        DELETE FROM geodata_cell_delta WHERE layer = %s; DELETE FROM geodata_cell WHERE layer = %s;
        DELETE FROM geodata_cell_month WHERE layer = %s; RETURN NULL; END $$', name || '_none', number, number, number);
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS newt
        FOR EACH STATEMENT EXECUTE FUNCTION %I()', name || '_in', source, name || '_in');
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %s REFERENCING OLD TABLE AS oldt NEW TABLE AS newt
        FOR EACH STATEMENT EXECUTE FUNCTION %I()', name || '_change', source, name || '_change');
    EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %s REFERENCING OLD TABLE AS oldt
        FOR EACH STATEMENT EXECUTE FUNCTION %I()', name || '_out', source, name || '_out');
    EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
        name || '_none', source, name || '_none');
    -- What stands there already.
    EXECUTE format('%s SELECT %s, 1 FROM %s WHERE map_group IS NOT NULL', into_deltas, cells, source);
END $body$;
CREATE FUNCTION geodata_stop_counting(number smallint) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    name text := 'geodata_counts_' || number;
BEGIN
    EXECUTE format('DROP FUNCTION %I() CASCADE', name || '_in');
    EXECUTE format('DROP FUNCTION %I() CASCADE', name || '_out');
    EXECUTE format('DROP FUNCTION %I() CASCADE', name || '_change');
    EXECUTE format('DROP FUNCTION %I() CASCADE', name || '_none');
    DELETE FROM geodata_cell_delta WHERE layer = number;
    DELETE FROM geodata_cell WHERE layer = number;
    DELETE FROM geodata_cell_month WHERE layer = number;
END $body$;
"""
COUNT_BACK = """
DROP FUNCTION geodata_stop_counting(smallint);
DROP FUNCTION geodata_count_layer(smallint, regclass, text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("geodata", "0007_slips_of_words")]
    operations = [
        migrations.RunSQL(GRID, GRID_BACK),
        migrations.RunSQL(CELLS, CELLS_BACK),
        migrations.RunSQL(COUNT, COUNT_BACK),
    ]
