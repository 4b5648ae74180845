"""Programs ask what changed, and what happened, in a time. Both tables may be large: nothing waits for the indexes."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("issues", "0026_events_are_announced"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="issue",
            index=models.Index(fields=["community", "-changed_at", "-id"], name="issue_changed_last"),
        ),
        AddIndexConcurrently(
            model_name="issueevent",
            index=models.Index(fields=["community", "at", "id"], name="issue_event_when"),
        ),
    ]
