"""What the workers do with photos, by beat and as soon as one is uploaded."""

from celery import shared_task
from django.utils import timezone

from media import actions, redaction
from media.limits import memory_bounded


@shared_task(name="media.tasks.clean_waiting", time_limit=int(actions.TIME_LIMIT.total_seconds()))
def clean_waiting() -> int:
    """Cleans waiting photos; returns how many were tried. A decoder that hangs is killed with its process, one that
    wants all memory gets no more than a good photo needs."""
    with memory_bounded():
        tried = actions.clean_waiting(at=timezone.now())
    redaction.forget_originals(at=timezone.now())
    return tried


@shared_task(name="media.tasks.drop_abandoned_drafts")
def drop_abandoned_drafts() -> int:
    """Drops drafts that nobody attached, and what dead workers left of photos that hide something; returns how many
    drafts."""
    redaction.sweep(at=timezone.now())
    return actions.drop_abandoned_drafts(at=timezone.now())


@shared_task(name="media.tasks.forget_originals")
def forget_originals() -> int:
    """Deletes originals of what is hidden on photos that were sent; returns how many."""
    return redaction.forget_originals(at=timezone.now())
