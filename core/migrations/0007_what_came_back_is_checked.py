from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0006_what_came_back")]

    operations = [ValidateConstraint(model_name="outboxmessage", name="outbox_sent_or_dead")]
