from django.db import migrations, models

# Until now an imported end without a date was told by its moment alone, which what was done at once has too. Of those that
# are there nobody knows more than that.
MARK = """
ALTER TABLE issues_issueevent DISABLE TRIGGER event_is_appended_only;
UPDATE issues_issueevent e SET is_undated = true FROM issues_issue i
WHERE i.id = e.issue_id AND i.source = 'import' AND e.kind = 'moved' AND e.by = 'system' AND e.at = i.created_at;
ALTER TABLE issues_issueevent ENABLE TRIGGER event_is_appended_only;
"""


class Migration(migrations.Migration):
    dependencies = [("issues", "0023_time_zones_move_days")]
    operations = [
        migrations.AddField(
            "issueevent",
            "is_undated",
            models.BooleanField(default=False, db_default=False, verbose_name="nobody knows when"),
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
