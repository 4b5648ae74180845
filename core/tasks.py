"""What the workers do with the outbox and with jobs, by beat and when they are asked to hurry."""

import logging

from celery import shared_task
from django.utils import timezone

from core import inbox, incoming, jobs, limits, outbox, outbox_ends, outbox_figures, seats, ticks
from core.models import Lane

log = logging.getLogger(__name__)


@shared_task(name="core.tasks.send_urgent")
def send_urgent() -> int:
    """Sends sign-in codes and receipts; returns how many left. Each lane has a queue and threads of its own."""
    return seats.serve(Lane.URGENT)


@shared_task(name="core.tasks.send_deliveries")
def send_deliveries() -> int:
    """Sends what goes to organisations and to those who follow; returns how many messages left."""
    return seats.serve(Lane.DELIVERY)


@shared_task(name="core.tasks.send_bulk")
def send_bulk() -> int:
    """Sends mass mailings; returns how many messages left."""
    return seats.serve(Lane.BULK)


@shared_task(name=ticks.TASK)
def tick(queue: str) -> None:
    """A worker of that queue is there."""
    ticks.tick(queue, at=timezone.now())


@shared_task(name="core.tasks.send_due")
def send_due() -> int:
    """Sends what is due in all lanes, in this one worker: for a process that stands alone."""
    return outbox.send_due()


@shared_task(name="core.tasks.look_at_ways")
def look_at_ways() -> int:
    """Gives up what has waited too long for a receiver that is down; returns how many."""
    return outbox_ends.look_at_ways(at=timezone.now())


@shared_task(name="core.tasks.run_jobs")
def run_jobs() -> int:
    """Does the jobs that wait; returns how many were taken. Runs in the queue of jobs, so that no letter waits."""
    return jobs.run_jobs()


@shared_task(name="core.tasks.clear_old_inputs")
def clear_old_inputs() -> int:
    """Deletes the files of jobs that ended long ago; returns how many."""
    return jobs.clear_old_inputs(at=timezone.now())


@shared_task(name="core.tasks.forget_ended_limits")
def forget_ended_limits() -> int:
    """Deletes counters of limits whose windows have ended; returns how many."""
    return limits.forget_ended(at=timezone.now())


@shared_task(name="core.tasks.fold_outcomes")
def fold_outcomes() -> None:
    """Ends of tries that are hours old become numbers."""
    outbox_figures.fold_outcomes(at=timezone.now())


@shared_task(name="core.tasks.receive_letters")
def receive_letters() -> int:
    """Takes what lies in the mailbox to which letters come back, and reads what waits; returns how many were read."""
    try:
        inbox.read_inbox(clock=timezone.now)
    except inbox.InboxError as error:
        log.warning("%s What came by another way is read.", error)
    return incoming.read_waiting()


@shared_task(name="core.tasks.read_letters")
def read_letters() -> int:
    """Reads letters that were just kept; returns how many."""
    return incoming.read_waiting()


@shared_task(name="core.tasks.forget_letters")
def forget_letters() -> int:
    """Erases letters that became nothing a month ago; returns how many."""
    return incoming.forget_words(at=timezone.now())
