from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the table may be large, and letters are written into it all the time
    dependencies = [("core", "0008_longer_addresses")]
    operations = [
        AddIndexConcurrently(
            "outboxmessage",
            models.Index(
                fields=["recipient", "-id"], condition=models.Q(("channel", "hook")), name="outbox_of_webhook"
            ),
        )
    ]
