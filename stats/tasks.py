"""What the workers do for statistics, by beat."""

from celery import shared_task
from django.utils import timezone

from stats import checks, filling, scanning
from stats.opendata.jobs import ask_in_turn

MOST_IN_A_RUN = 20_000  # entries of the queue: letters wait behind it in the same worker


@shared_task(name="stats.tasks.fill")
def fill() -> int:
    """Counts what was written since the last time; returns how many entries of the queue."""
    return filling.fill_all(at=timezone.now(), most=MOST_IN_A_RUN)


@shared_task(name="stats.tasks.check")
def check() -> int:
    """Compares the statistics of every community with its things and repairs them; returns how many rows were wrong."""
    return checks.check_all(at=timezone.now())


@shared_task(name="stats.tasks.export_in_turn")
def export_in_turn() -> int:
    """Asks for the files of open data where it is a community's turn in the night; returns how many."""
    return ask_in_turn(at=timezone.now())


@shared_task(name="stats.tasks.find_clusters")
def find_clusters() -> int:
    """Looks for clusters where a day has begun; returns in how many communities. Runs in the queue of jobs."""
    return scanning.scan_where_a_day_began(at=timezone.now())
