from django.db import migrations

# Used by stats.opendata.taken_back at every download: few events are of these kinds.
INDEX = """
CREATE INDEX stats_taken_back ON issues_issueevent (community_id, at)
WHERE kind IN ('visibility', 'corrected', 'redacted');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0023_time_zones_move_days"),
        ("stats", "0005_clusters_in_space_and_time"),
    ]
    operations = [migrations.RunSQL(INDEX, "DROP INDEX stats_taken_back;")]
