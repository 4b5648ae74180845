from django.db import migrations

# Decision 0035. What drawn shapes read case by case: those of a square of level 18 in one value, 38 bytes each (the Morton
# code, then stats_case.packed), in the order of their codes. Not compressed: taking apart what is would cost more.
TABLE = """
CREATE TABLE stats_packed (
    source smallint, community integer, c bigint, cases bytea NOT NULL,
    PRIMARY KEY (source, community, c)
) WITH (fillfactor = 90);
ALTER TABLE stats_packed ALTER cases SET STORAGE EXTERNAL;
INSERT INTO stats_packed
SELECT source, community, (m >> 24) | (1::bigint << 36), string_agg(int8send(m) || packed, ''::bytea ORDER BY m, packed)
FROM stats_case GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
ANALYZE stats_packed;
"""
FORGET = """
CREATE FUNCTION stats_forget_packed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    number smallint := TG_ARGV[0];
BEGIN
    DELETE FROM stats_packed WHERE source = number;
    RETURN NULL;
END $$;
CREATE TRIGGER stats_forget_packed_reports AFTER TRUNCATE ON issues_issue
    FOR EACH STATEMENT EXECUTE FUNCTION stats_forget_packed('1');
"""


class Migration(migrations.Migration):
    dependencies = [("stats", "0007_times_by_spans")]
    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE stats_packed;"),
        migrations.RunSQL(FORGET, "DROP FUNCTION stats_forget_packed() CASCADE;"),
    ]
