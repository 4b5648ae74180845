"""Dead letters that staff decided about: given up for good, with a reason."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from core.models import OutboxMessage, WrittenOff
from core.outbox_ends import give_up

GIVEN_UP = "given up by staff"


def write_off(messages: Iterable[OutboxMessage], *, by: Any, reason: str, at: datetime) -> int:
    """What waits ends, and with what was given up before it is neither revived nor counted any more; returns how many.
    What left, or is being sent, is left alone."""
    count = 0
    for message in messages:
        with transaction.atomic():
            row = OutboxMessage.objects.select_for_update().get(pk=message.pk)
            if (row.sent_at and not row.dead_at) or (row.leased_until and row.leased_until > at):
                continue
            if row.dead_at is None:
                give_up(row, why=GIVEN_UP, at=at, for_good=True)
            _row, made = WrittenOff.objects.get_or_create(
                message=row, defaults={"community_id": row.community_id, "by": by, "reason": reason, "at": at}
            )
            count += made
    return count
