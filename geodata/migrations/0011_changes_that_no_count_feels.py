from django.db import migrations

# Changes are told row by row: the condition of the trigger is weighed without calling anything, so an update that no
# count feels costs next to nothing, and one row costs less than a statement over two transition tables did.
# `geodata_tell_changes` may be called again for a layer that is counted already.
TELL = """
CREATE OR REPLACE FUNCTION geodata_tell_changes(number smallint, source regclass, category text, starts text) RETURNS void
LANGUAGE plpgsql AS $body$
DECLARE
    name text := 'geodata_counts_' || number || '_change';
    into_deltas text := 'INSERT INTO geodata_cell_delta (layer, community, category, sg, m, x, y, mon, d) VALUES';
    side text := format('(%s, %%1$s.community_id, %%1$s.%I, %%1$s.map_group, %%1$s.map_code, %%1$s.map_x, %%1$s.map_y,'
                        ' geodata_month(%%1$s.%I), %%2$s)', number, category, starts);
    cell text := format('(%%1$s.community_id, %%1$s.%I, %%1$s.map_group, %%1$s.map_code, %%1$s.%I)', category, starts);
    old_cell text := format(cell, 'OLD');
    new_cell text := format(cell, 'NEW');
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', name, source);
    -- What changed no cell but its looks is told with 0: tiles have a new version.
    EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF OLD.map_group IS NULL THEN
            %s %s;
        ELSIF NEW.map_group IS NULL THEN
            %s %s;
        ELSIF %s = %s THEN
            %s %s;
        ELSE
            %s %s, %s;
        END IF;
        RETURN NULL; END $$', name,
        into_deltas, format(side, 'NEW', 1),
        into_deltas, format(side, 'OLD', -1),
        old_cell, new_cell, into_deltas, format(side, 'NEW', 0),
        into_deltas, format(side, 'OLD', -1), format(side, 'NEW', 1));
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %s FOR EACH ROW WHEN (
        (OLD.map_group IS NOT NULL OR NEW.map_group IS NOT NULL)
        AND (%s IS DISTINCT FROM %s OR OLD.changed_at IS DISTINCT FROM NEW.changed_at)) EXECUTE FUNCTION %I()',
        name, source, old_cell, new_cell, name);
END $body$;

CREATE OR REPLACE FUNCTION geodata_count_layer(number smallint, source regclass, category text, starts text) RETURNS void
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
    EXECUTE format('CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        DELETE FROM geodata_cell_delta WHERE layer = %s; DELETE FROM geodata_cell WHERE layer = %s;
        DELETE FROM geodata_cell_month WHERE layer = %s; RETURN NULL; END $$', name || '_none', number, number, number);
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS newt
        FOR EACH STATEMENT EXECUTE FUNCTION %I()', name || '_in', source, name || '_in');
    PERFORM geodata_tell_changes(number, source, category, starts);
    EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %s REFERENCING OLD TABLE AS oldt
        FOR EACH STATEMENT EXECUTE FUNCTION %I()', name || '_out', source, name || '_out');
    EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
        name || '_none', source, name || '_none');
    -- What stands there already.
    EXECUTE format('%s SELECT %s, 1 FROM %s WHERE map_group IS NOT NULL', into_deltas, cells, source);
END $body$;
"""


class Migration(migrations.Migration):
    dependencies = [("geodata", "0010_grid_at_less_cost")]
    operations = [migrations.RunSQL(TELL, migrations.RunSQL.noop)]
