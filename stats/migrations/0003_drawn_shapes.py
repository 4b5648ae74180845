from django.db import migrations

DAYS = "opened accepted closed confirmed reopened rejected ended kept late".split()
MEASURES = [*DAYS, "supporters"]
COUNTS = ", ".join(f"{measure} integer NOT NULL" for measure in MEASURES)
SUMS = ", ".join(f"sum({measure})::integer" for measure in MEASURES)
# Decision 0032. A case in 30 bytes, as stats.packed reads it: kind, supporters, seconds until it was fixed (-1: it was
# not), then each day as the number of days since 2000 (-32768: none).
PACKED = " || ".join([
    "int4send(category)", "int4send(supporters)", "int4send(coalesce(fix_seconds, -1))",
    *(f"int2send((CASE WHEN {day} IS NULL THEN -32768 ELSE least(32767, greatest(-32767, {day} - '2000-01-01'::date)) END)"
      "::smallint)" for day in DAYS),
])  # fmt: skip
TABLES = f"""
-- Marginal sums of squares: all kinds together (category 0) by month, and each kind of all time (month 0001-01-01).
CREATE TABLE stats_square (
    source smallint, community integer, c bigint, category integer, month date, {COUNTS},
    PRIMARY KEY (source, community, c, category, month)
) WITH (fillfactor = 80);
ALTER TABLE stats_case ADD COLUMN packed bytea NOT NULL GENERATED ALWAYS AS ({PACKED}) STORED;
DROP INDEX stats_case_place;
-- Used by drawn shapes: what lies between two Morton codes, without a look at the rows themselves.
CREATE INDEX stats_case_place ON stats_case (source, community, m) INCLUDE (packed, place);
"""
TABLES_BACK = """
DROP INDEX stats_case_place;
CREATE INDEX stats_case_place ON stats_case (source, community, m);
ALTER TABLE stats_case DROP COLUMN packed;
DROP TABLE stats_square;
"""

# What was counted before has these sums too; times to closed are kept for squares of levels 12 and 16 as well, and of
# all time.
COUNT = f"""
INSERT INTO stats_square SELECT source, community, c, 0, month, {SUMS} FROM stats_cell GROUP BY 1, 2, 3, 5;
INSERT INTO stats_square SELECT source, community, c, category, '0001-01-01', {SUMS} FROM stats_cell GROUP BY 1, 2, 3, 4;
DELETE FROM stats_cell_time;
INSERT INTO stats_cell_time
SELECT source, community, each.month, (m >> (60 - 2 * level)) | (1::bigint << 2 * level),
    floor(ln(greatest(fix_seconds, 1)::float8) / ln(1.1::float8))::smallint, count(*)
FROM stats_case, (VALUES (12), (14), (16)) levels(level),
    LATERAL (VALUES (date_trunc('month', closed)::date), ('0001-01-01')) each(month)
WHERE fix_seconds IS NOT NULL GROUP BY 1, 2, 3, 4, 5;
"""
COUNT_BACK = """
DELETE FROM stats_cell_time WHERE month = '0001-01-01' OR c >> 28 <> 1;
"""

FORGET = """
CREATE FUNCTION stats_forget_squares() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    number smallint := TG_ARGV[0];
BEGIN
    DELETE FROM stats_square WHERE source = number;
    RETURN NULL;
END $$;
CREATE TRIGGER stats_forget_squares_of_reports AFTER TRUNCATE ON issues_issue
    FOR EACH STATEMENT EXECUTE FUNCTION stats_forget_squares('1');
"""
FORGET_BACK = "DROP FUNCTION stats_forget_squares() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("stats", "0002_numbers_of_residents")]
    operations = [
        migrations.RunSQL(TABLES, TABLES_BACK),
        migrations.RunSQL(COUNT, COUNT_BACK),
        migrations.RunSQL(FORGET, FORGET_BACK),
    ]
