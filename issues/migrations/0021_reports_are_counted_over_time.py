from django.db import migrations

# Everything that a case of issues.counters is made of. Events come with a change of their report, but for those of another
# person's joining or adding; all of them tell by themselves.
TABLES = {
    "issues_issue": "id",
    "issues_issueevent": "issue_id",
    "issues_issue_areas": "issue_id",
    "issues_supporter": "issue_id",
}
ALREADY_THERE = "INSERT INTO core_to_count (source, thing) SELECT 1, id FROM issues_issue;"


class Migration(migrations.Migration):
    dependencies = [("core", "0005_things_to_count"), ("issues", "0020_words_are_kept")]
    operations = [
        migrations.RunSQL(
            f"SELECT core_tell_counters(1::smallint, '{table}', '{thing}');",
            f"SELECT core_tell_no_counters(1::smallint, '{table}');",
        )
        for table, thing in TABLES.items()
    ]
    operations += [migrations.RunSQL(ALREADY_THERE, migrations.RunSQL.noop)]
