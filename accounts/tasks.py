"""What the workers do for people and programs, by beat."""

from celery import shared_task
from django.utils import timezone

from accounts.kept_answers import forget_answers


@shared_task(name="accounts.tasks.forget_kept_answers")
def forget_kept_answers() -> int:
    """Deletes kept answers of the API that are a day old; returns how many."""
    return forget_answers(at=timezone.now())
