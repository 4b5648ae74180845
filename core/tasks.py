"""What the workers do with the outbox and with jobs, by beat and when they are asked to hurry."""

from celery import shared_task
from django.utils import timezone

from core import jobs, limits, outbox


@shared_task(name="core.tasks.send_due")
def send_due() -> int:
    """Sends what is due in the outbox; returns how many messages left."""
    return outbox.send_due()


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
