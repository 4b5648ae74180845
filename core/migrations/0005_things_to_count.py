from django.db import migrations

# What was written and is to be counted anew (core.counters). Appended in the transaction of its cause: whoever reads the
# queue sees a thing no sooner than what was written of it.
QUEUE = """
CREATE TABLE core_to_count (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source smallint NOT NULL, thing bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
-- Up to which day promises of a community have been looked at: what was due before is kept or late.
CREATE TABLE core_counted_until (community integer PRIMARY KEY, day date NOT NULL);
"""
# Makes a table tell the counters with this number which things (a column) were written. Usage, in a migration:
#     SELECT core_tell_counters(1::smallint, 'issues_supporter', 'issue_id');
TELL = """
CREATE FUNCTION core_tell_counters(number smallint, source regclass, thing name) RETURNS void
LANGUAGE plpgsql AS $body$
DECLARE
    called text := format('core_tells_%s_of_%s', number, source);
    append text := format('INSERT INTO public.core_to_count (source, thing) SELECT DISTINCT %s, %I', number, thing);
BEGIN
    EXECUTE format('CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP <> ''INSERT'' THEN %s FROM oldt; END IF;
        IF TG_OP <> ''DELETE'' THEN %s FROM newt; END IF;
        RETURN NULL; END $$', called, append, append);
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS newt
        FOR EACH STATEMENT EXECUTE FUNCTION %I()', called || '_in', source, called);
    EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %s REFERENCING OLD TABLE AS oldt
        FOR EACH STATEMENT EXECUTE FUNCTION %I()', called || '_out', source, called);
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %s REFERENCING OLD TABLE AS oldt NEW TABLE AS newt
        FOR EACH STATEMENT EXECUTE FUNCTION %I()', called || '_change', source, called);
END $body$;
CREATE FUNCTION core_tell_no_counters(number smallint, source regclass) RETURNS void
LANGUAGE plpgsql AS $body$
BEGIN
    EXECUTE format('DROP FUNCTION IF EXISTS %I() CASCADE', format('core_tells_%s_of_%s', number, source));
END $body$;
"""
BACK = """
DROP FUNCTION core_tell_no_counters(smallint, regclass);
DROP FUNCTION core_tell_counters(smallint, regclass, name);
DROP TABLE core_counted_until, core_to_count;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0004_limits")]
    operations = [migrations.RunSQL(QUEUE + TELL, BACK)]
