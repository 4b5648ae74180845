"""How a try of a message ends: again after a pause, or given up in sight; and whoever waited behind it goes.

What is written here is written by whoever holds the claim, or asks whether it still waits: a late worker overwrites
nobody.
"""

import logging
import random
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django_scopes import scopes_disabled

from core.broker import nudge_on_commit
from core.events import message_died
from core.mail import SendingFailedError
from core.models import Failure, Lane, OutboxMessage, OutboxQuerySet, Outcome
from core.ways import asked_in_vain, came_through, found_nobody, idle, look

log = logging.getLogger("core.outbox")

TASKS = {  # by which the workers of a lane are asked to hurry
    Lane.URGENT: "core.tasks.send_urgent",
    Lane.DELIVERY: "core.tasks.send_deliveries",
    Lane.BULK: "core.tasks.send_bulk",
}
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
MOST_ATTEMPTS = 14  # about nine hours of trying


def retry_after(attempts: int, *, jitter: float) -> timedelta:
    """Capped exponential backoff: 30 s, 60 s, … 1 h, each shortened by up to a half (`jitter` from 0 to 1)."""
    doublings = min(max(attempts - 1, 0), 16)
    full = min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)
    return full * (1 - jitter / 2)


def look_at_ways(*, at: datetime) -> int:
    """What has waited for hours for a way that is down is given up, in sight; returns how many."""
    why = "nobody could be reached there for hours"
    with scopes_disabled():
        return sum(
            give_up(row, why=row.last_error or why, at=at, failure=Failure.UNREACHABLE, only_idle=True)
            for row in look(at=at)
        )


def give_up(
    message: OutboxMessage,
    *,
    why: str,
    at: datetime,
    for_good: bool = False,
    failure: Failure = Failure.OURS,
    only_idle: bool = False,
) -> bool:
    """What waits ends as a dead letter, and those who may try another way hear of it, unless it ends `for_good`.
    `only_idle`: not while somebody is sending it.

    Its claim stays: one that is being sent now may still turn out to have left. Returns whether it was waiting.
    """
    with transaction.atomic():
        waiting = OutboxMessage.objects.pending().filter(pk=message.pk)
        if only_idle:
            waiting = waiting.filter(idle(at))
        if not waiting.update(dead_at=at, failure=failure, last_error=why):
            return False
        note_outcome(message, Outcome.Kind.DIED, failure=failure, at=at)
        let_the_next_go(message, at=at)
        if not for_good:
            tell_of_death(message, at=at)
    return True


def bounce(message: OutboxMessage, *, why: str, at: datetime) -> bool:
    """It left, and its receiver's side sent it back for good: a dead letter, though `sent_at` stays. False when that
    was known, or when it has not left."""
    with transaction.atomic(), scopes_disabled():
        left = OutboxMessage.objects.filter(pk=message.pk, sent_at__isnull=False, dead_at=None)
        changed = left.update(dead_at=at, bounced_at=at, failure=Failure.REFUSED, last_error=why[:500])
        if changed:
            note_outcome(message, Outcome.Kind.DIED, failure=Failure.REFUSED, at=at)
            tell_of_death(message, at=at)
    return bool(changed)


def tell_of_death(message: OutboxMessage, *, at: datetime) -> None:
    """Apps above hear that a message was given up, in the caller's transaction: another way may be tried."""
    message.refresh_from_db()
    message_died.send(sender=OutboxMessage, message=message, at=at)


def note_answer(message: OutboxMessage, *, at: datetime) -> None:
    """Its receiver's side answered: a way that was down is open, and what waited for it leaves."""
    if came_through(message, at=at):
        for lane in Lane:
            nudge_on_commit(TASKS[lane])


def postpone(message: OutboxMessage, error: SendingFailedError, *, at: datetime, asked: bool = False) -> None:
    """Writes down that it did not leave. The way comes last: whoever writes rows of it takes them in this order."""
    in_vain = asked and error.failure == Failure.UNREACHABLE and not error.permanent
    with transaction.atomic():
        if in_vain:
            before = {"due_at": message.due_at, "attempts": message.attempts - 1}
            settle(message, Outcome.Kind.FAILED, at=at, failure=error.failure, last_error=str(error), **before)
        else:
            _postpone_or_end(message, error, at=at)
        if error.failure == Failure.UNREACHABLE:
            found_nobody(message, why=str(error), at=at, pause=min(error.pause, LONGEST_RETRY))
        elif error.failure == Failure.REFUSED:
            note_answer(message, at=at)
        if in_vain:
            asked_in_vain(message, at=at)


def _postpone_or_end(message: OutboxMessage, error: SendingFailedError, *, at: datetime) -> None:
    given_up = error.permanent or message.attempts >= MOST_ATTEMPTS
    # The reason stays in the row: what a mail server says often names the recipient, and that is not for logs.
    log.warning("Message %s was not sent (try %s%s)", message.key, message.attempts, ", the last" if given_up else "")
    why = {"failure": error.failure, "last_error": str(error)}
    if given_up:
        settle(message, Outcome.Kind.DIED, at=at, dead_at=at, **why)
    else:
        jitter = random.random()  # noqa: S311  spreads retries, decides nothing
        asked = min(error.pause, LONGEST_RETRY)
        due_at = at + max(retry_after(message.attempts, jitter=jitter), asked)
        settle(message, Outcome.Kind.FAILED, at=at, due_at=due_at, **why)


def let_the_next_go(message: OutboxMessage, *, at: datetime) -> None:
    """What waited behind this message, which waits no more, is due now."""
    _behind(message).filter(attempts=0, due_at__gt=at).update(due_at=at)


def _behind(message: OutboxMessage) -> OutboxQuerySet:
    """What was written later about the same thing for the same reader, and neither left nor is being sent."""
    with scopes_disabled():
        same = OutboxMessage.objects.pending().filter(subject=message.subject_id, recipient=message.recipient)
    return same.filter(channel=message.channel, pk__gt=message.pk, lane__gte=message.lane, leased_until=None)


def settle(message: OutboxMessage, how: Outcome.Kind, *, at: datetime, **fields: Any) -> None:
    """Writes the outcome, but only while the claim is still ours: a late worker overwrites nobody."""
    with transaction.atomic(), scopes_disabled():
        ours = OutboxMessage.objects.filter(pk=message.pk, claim=message.claim, sent_at=None)
        if not ours.update(claim=None, leased_until=None, **fields):
            return
        note_outcome(message, how, failure=fields["failure"], at=at)
        if how == Outcome.Kind.FAILED:  # so that nobody reads again and again what waits behind it
            _behind(message).filter(due_at__lt=fields["due_at"]).update(due_at=fields["due_at"])
        else:
            let_the_next_go(message, at=at)
        if how == Outcome.Kind.DIED:
            tell_of_death(message, at=at)


def note_outcome(message: OutboxMessage, how: Outcome.Kind, *, failure: str, at: datetime) -> None:
    """For the figures of the lanes (core.outbox_figures), in the caller's transaction."""
    where = {"community_id": message.community_id, "lane": message.lane, "channel": message.channel}
    Outcome.objects.create(**where, kind=how, failure=failure, at=at)
