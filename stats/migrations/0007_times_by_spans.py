from django.db import migrations

# Decision 0035. `span` is a length in months from `month` on: 1, 3, 12, or 0 for all time (month 0001-01-01). Bucket b holds
# 1.1^b to 1.1^(b+1) seconds; only those that hold any are written, in their order.
KEY = "source, community, kind, place, measure, span, month, category"
TABLE = f"""
ALTER TABLE stats_time RENAME TO stats_time_before;
ALTER INDEX stats_time_pkey RENAME TO stats_time_before_pkey;
CREATE TABLE stats_time (
    source smallint, span smallint, community integer, place bigint, kind smallint, measure smallint, category integer,
    month date, buckets smallint[] NOT NULL, many integer[] NOT NULL,
    PRIMARY KEY ({KEY})
) WITH (fillfactor = 80);
INSERT INTO stats_time ({KEY}, buckets, many)
SELECT {KEY}, array_agg(bucket ORDER BY bucket), array_agg(n ORDER BY bucket) FROM (
    SELECT source, community, kind, place, measure, spans.span, spans.month, category, bucket, sum(n)::integer AS n
    FROM stats_time_before told CROSS JOIN LATERAL (VALUES
        (1, month), (3, date_trunc('quarter', month)::date), (12, date_trunc('year', month)::date), (0, '0001-01-01')
    ) spans(span, month) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
) together WHERE n <> 0 GROUP BY {KEY} ORDER BY {KEY};
DROP TABLE stats_time_before;
ANALYZE stats_time;
"""
TABLE_BACK = """
ALTER TABLE stats_time RENAME TO stats_time_after;
ALTER INDEX stats_time_pkey RENAME TO stats_time_after_pkey;
CREATE TABLE stats_time (
    source smallint, community integer, kind smallint, place bigint, measure smallint, category integer, month date,
    bucket smallint, n integer NOT NULL,
    PRIMARY KEY (source, community, kind, place, measure, category, month, bucket)
) WITH (fillfactor = 80);
INSERT INTO stats_time
SELECT source, community, kind, place, measure, category, month, bucket, n
FROM stats_time_after, unnest(buckets, many) held(bucket, n) WHERE span = 1 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8;
DROP TABLE stats_time_after;
"""


class Migration(migrations.Migration):
    dependencies = [("stats", "0006_what_is_taken_back")]
    operations = [migrations.RunSQL(TABLE, TABLE_BACK)]
