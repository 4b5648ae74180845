from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """What came back was sent and is dead. Rows that are there are looked at by the next migration, while others write."""

    dependencies = [
        ("core", "0005_things_to_count"),
        ("geodata", "0012_checks_of_counts"),
    ]

    operations = [
        migrations.AddField(
            model_name="outboxmessage",
            name="bounced_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="came back"),
        ),
        migrations.RemoveConstraint(model_name="outboxmessage", name="outbox_sent_or_dead"),
        AddConstraintNotValid(
            model_name="outboxmessage",
            constraint=models.CheckConstraint(
                condition=Q(bounced_at=None) & (Q(sent_at=None) | Q(dead_at=None))
                | Q(bounced_at__isnull=False, sent_at__isnull=False, dead_at__isnull=False),
                name="outbox_sent_or_dead",
            ),
        ),
    ]
