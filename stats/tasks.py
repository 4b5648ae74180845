"""What the workers do for statistics, by beat."""

from celery import shared_task
from django.utils import timezone

from stats import checks, filling


@shared_task(name="stats.tasks.fill")
def fill() -> int:
    """Counts what was written since the last time; returns how many things."""
    return filling.fill_all(at=timezone.now())


@shared_task(name="stats.tasks.check")
def check() -> int:
    """Compares the statistics of every community with its things and repairs them; returns how many rows were wrong."""
    return checks.check_all(at=timezone.now())
