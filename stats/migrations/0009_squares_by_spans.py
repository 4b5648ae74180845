from django.db import migrations

MEASURES = "opened accepted closed confirmed reopened rejected ended kept late supporters".split()
COUNTS = ", ".join(f"{measure} integer NOT NULL" for measure in MEASURES)
COLUMNS = ", ".join(MEASURES)
SUMS = ", ".join(f"sum({measure})::integer" for measure in MEASURES)
SPANS = """(VALUES
    (1, month), (3, date_trunc('quarter', month)::date), (12, date_trunc('year', month)::date), (0, '0001-01-01')
) spans(span, month)"""
# In the order in which a drawn shape reads them: it would wait for ever otherwise, and one of both be sent away.
LOCK = """
LOCK TABLE stats_fill_lock IN EXCLUSIVE MODE;
LOCK TABLE stats_square, stats_cell, stats_cell_time IN ACCESS EXCLUSIVE MODE;
"""
# Decision 0035: squares have sums by the same spans as places have times; all kinds together stay by month only.
KINDS = f"""
ALTER TABLE stats_cell RENAME TO stats_cell_before;
ALTER INDEX stats_cell_pkey RENAME TO stats_cell_before_pkey;
CREATE TABLE stats_cell (
    source smallint, span smallint, community integer, month date, category integer, c bigint, {COUNTS},
    PRIMARY KEY (source, community, span, month, c, category)
) WITH (fillfactor = 80);
INSERT INTO stats_cell (source, community, span, month, c, category, {COLUMNS})
SELECT source, community, spans.span, spans.month, c, category, {SUMS} FROM stats_cell_before told
CROSS JOIN LATERAL {SPANS} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6;
DROP TABLE stats_cell_before;
ANALYZE stats_cell;
"""
KINDS_BACK = f"""
ALTER TABLE stats_cell RENAME TO stats_cell_after;
ALTER INDEX stats_cell_pkey RENAME TO stats_cell_after_pkey;
CREATE TABLE stats_cell (
    source smallint, community integer, month date, c bigint, category integer, {COUNTS},
    PRIMARY KEY (source, community, month, c, category)
) WITH (fillfactor = 80);
INSERT INTO stats_cell SELECT source, community, month, c, category, {COLUMNS} FROM stats_cell_after WHERE span = 1
ORDER BY 1, 2, 3, 4, 5;
DROP TABLE stats_cell_after;
"""
MONTHS = f"""
ALTER TABLE stats_square RENAME TO stats_square_before;
ALTER INDEX stats_square_pkey RENAME TO stats_square_before_pkey;
CREATE TABLE stats_square (
    source smallint, community integer, c bigint, month date, {COUNTS},
    PRIMARY KEY (source, community, c, month)
) WITH (fillfactor = 80);
INSERT INTO stats_square SELECT source, community, c, month, {COLUMNS} FROM stats_square_before WHERE category = 0
ORDER BY 1, 2, 3, 4;
DROP TABLE stats_square_before;
ANALYZE stats_square;
"""
MONTHS_BACK = f"""
ALTER TABLE stats_square RENAME TO stats_square_after;
ALTER INDEX stats_square_pkey RENAME TO stats_square_after_pkey;
CREATE TABLE stats_square (
    source smallint, community integer, c bigint, category integer, month date, {COUNTS},
    PRIMARY KEY (source, community, c, category, month)
) WITH (fillfactor = 80);
INSERT INTO stats_square SELECT source, community, c, 0, month, {COLUMNS} FROM stats_square_after;
INSERT INTO stats_square SELECT source, community, c, category, month, {COLUMNS} FROM stats_cell WHERE span = 0;
DROP TABLE stats_square_after;
"""
TIMES = f"""
ALTER TABLE stats_cell_time RENAME TO stats_cell_time_before;
ALTER INDEX stats_cell_time_pkey RENAME TO stats_cell_time_before_pkey;
CREATE TABLE stats_cell_time (
    source smallint, span smallint, community integer, month date, c bigint, buckets smallint[] NOT NULL,
    many integer[] NOT NULL,
    PRIMARY KEY (source, community, span, month, c)
) WITH (fillfactor = 80);
INSERT INTO stats_cell_time (source, community, span, month, c, buckets, many)
SELECT source, community, span, month, c, array_agg(bucket ORDER BY bucket), array_agg(n ORDER BY bucket) FROM (
    SELECT source, community, spans.span, spans.month, c, bucket, sum(n)::integer AS n
    FROM (SELECT * FROM stats_cell_time_before WHERE month > '0001-01-01') told CROSS JOIN LATERAL {SPANS}
    GROUP BY 1, 2, 3, 4, 5, 6
) together WHERE n <> 0 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5;
DROP TABLE stats_cell_time_before;
ANALYZE stats_cell_time;
"""
TIMES_BACK = """
ALTER TABLE stats_cell_time RENAME TO stats_cell_time_after;
ALTER INDEX stats_cell_time_pkey RENAME TO stats_cell_time_after_pkey;
CREATE TABLE stats_cell_time (
    source smallint, community integer, month date, c bigint, bucket smallint, n integer NOT NULL,
    PRIMARY KEY (source, community, month, c, bucket)
) WITH (fillfactor = 80);
INSERT INTO stats_cell_time SELECT source, community, month, c, bucket, n
FROM stats_cell_time_after, unnest(buckets, many) held(bucket, n) WHERE span IN (0, 1) ORDER BY 1, 2, 3, 4, 5;
DROP TABLE stats_cell_time_after;
"""


class Migration(migrations.Migration):
    dependencies = [("stats", "0008_cases_by_squares")]
    operations = [
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
        migrations.RunSQL(KINDS, KINDS_BACK),
        migrations.RunSQL(MONTHS, MONTHS_BACK),
        migrations.RunSQL(TIMES, TIMES_BACK),
        migrations.RunSQL(migrations.RunSQL.noop, LOCK),
    ]
