from django.db import migrations

MEASURES = "opened accepted closed confirmed reopened rejected ended kept late supporters".split()
COUNTS = ", ".join(f"{measure} integer NOT NULL" for measure in MEASURES)

# Decision 0031. `source` is the number of core.counters; nobody but stats.filling writes these. `kind` says what `place` is:
# 0 the community (place 0), 1 an area, 2 an organisation (0: nobody), 3 an area and an organisation (area << 32 | organisation).
# category 0 is all of them together. `month` is its first day, days are those of the community's time zone.
TABLES = f"""
CREATE TABLE stats_case (
    source smallint, thing bigint, community integer NOT NULL, category integer NOT NULL, organisation integer,
    areas integer[] NOT NULL, m bigint NOT NULL, place geometry(Point, 4326) NOT NULL,
    opened date NOT NULL, accepted date, closed date, confirmed date, reopened date, rejected date, ended date,
    kept date, late date, answered date, supporters integer NOT NULL, answer_seconds integer, fix_seconds integer,
    PRIMARY KEY (source, thing)
) WITH (fillfactor = 90);
-- Used by drawn shapes: what lies between two Morton codes.
CREATE INDEX stats_case_place ON stats_case (source, community, m);
-- Used where an area has few cases: their times one by one.
CREATE INDEX stats_case_area ON stats_case USING gin (areas);
CREATE INDEX stats_case_organisation ON stats_case (source, community, organisation);
-- Used by what is unusual, and by the nightly exports: what was opened lately.
CREATE INDEX stats_case_opened ON stats_case (source, community, opened);

CREATE TABLE stats_day (
    source smallint, community integer, kind smallint, place bigint, day date, {COUNTS},
    PRIMARY KEY (source, community, kind, place, day)
) WITH (fillfactor = 80);
CREATE TABLE stats_month (
    source smallint, community integer, kind smallint, place bigint, category integer, month date, {COUNTS},
    PRIMARY KEY (source, community, kind, place, category, month)
) WITH (fillfactor = 80);
-- Times to the first answer (measure 1) and to closed (2), by the month of either: bucket b holds 1.1^b to 1.1^(b+1) seconds.
CREATE TABLE stats_time (
    source smallint, community integer, kind smallint, place bigint, measure smallint, category integer, month date,
    bucket smallint, n integer NOT NULL,
    PRIMARY KEY (source, community, kind, place, measure, category, month, bucket)
) WITH (fillfactor = 80);
-- The same for squares (levels 12, 14, 16; `c` with its leading 1), each category by itself, and times to closed (level 14).
CREATE TABLE stats_cell (
    source smallint, community integer, month date, c bigint, category integer, {COUNTS},
    PRIMARY KEY (source, community, month, c, category)
) WITH (fillfactor = 80);
CREATE TABLE stats_cell_time (
    source smallint, community integer, month date, c bigint, bucket smallint, n integer NOT NULL,
    PRIMARY KEY (source, community, month, c, bucket)
) WITH (fillfactor = 80);
-- Only its lock matters: one filling or rebuilding at a time.
CREATE TABLE stats_fill_lock (nothing boolean);
"""
TABLES_BACK = """
DROP TABLE stats_fill_lock, stats_cell_time, stats_cell, stats_time, stats_month, stats_day, stats_case;
"""

# A table that is emptied takes its counts along.
FORGET = """
CREATE FUNCTION stats_forget_source() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    number smallint := TG_ARGV[0];
BEGIN
    DELETE FROM core_to_count WHERE source = number;
    DELETE FROM stats_case WHERE source = number;
    DELETE FROM stats_day WHERE source = number;
    DELETE FROM stats_month WHERE source = number;
    DELETE FROM stats_time WHERE source = number;
    DELETE FROM stats_cell WHERE source = number;
    DELETE FROM stats_cell_time WHERE source = number;
    DELETE FROM core_counted_until;
    RETURN NULL;
END $$;
CREATE TRIGGER stats_forget_reports AFTER TRUNCATE ON issues_issue
    FOR EACH STATEMENT EXECUTE FUNCTION stats_forget_source('1');
"""
FORGET_BACK = "DROP FUNCTION stats_forget_source() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("core", "0005_things_to_count"), ("issues", "0021_reports_are_counted_over_time")]
    operations = [migrations.RunSQL(TABLES, TABLES_BACK), migrations.RunSQL(FORGET, FORGET_BACK)]
