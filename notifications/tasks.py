"""What the workers do with addresses, by beat."""

from celery import shared_task
from django.utils import timezone
from django_scopes import scopes_disabled

from notifications import actions


@shared_task(name="notifications.tasks.forget")
def forget() -> int:
    """Drops addresses that nobody confirmed in time, and those of what is over; returns how many."""
    with scopes_disabled():
        return actions.forget(at=timezone.now())
