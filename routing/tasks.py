"""What the workers do with rules, by beat."""

from celery import shared_task
from django.utils import timezone

from routing import rule_check


@shared_task(name="routing.tasks.check_what_is_stale")
def check_what_is_stale() -> int:
    """Asks for checks where a day has begun that changes what rules cover; returns how many."""
    return rule_check.check_what_is_stale(at=timezone.now())
