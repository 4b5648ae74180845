from django.db import migrations

# When a worker of each queue last did what beat asks all of them for (core.ticks).
TICKS = "CREATE TABLE core_tick (queue text PRIMARY KEY, at timestamptz NOT NULL);"


class Migration(migrations.Migration):
    dependencies = [("core", "0013_ways_that_fail")]
    operations = [migrations.RunSQL(TICKS, "DROP TABLE core_tick;")]
