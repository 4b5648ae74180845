"""Indexes of the outbox are made while it works: nobody waits for them."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('core', '0010_lanes_pauses_and_limits'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('dead_at', None), ('sent_at', None)), fields=['lane', 'community', 'channel', 'queue', 'due_at', 'id'], name='outbox_round'),
        ),
        AddIndexConcurrently(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('dead_at', None), ('sent_at', None)), fields=['subject', 'recipient', 'channel', 'id'], name='outbox_order'),
        ),
        AddIndexConcurrently(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('dead_at__isnull', False)), fields=['dead_at'], name='outbox_dead'),
        ),
        RemoveIndexConcurrently(
            model_name='outboxmessage',
            name='outbox_due',
        ),
    ]
