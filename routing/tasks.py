"""What the workers do with rules and channels, by beat."""

from celery import shared_task
from django.utils import timezone

from routing import open311_pulling, reading, register_map, rule_check


@shared_task(name="routing.tasks.check_what_is_stale")
def check_what_is_stale() -> int:
    """Asks for checks where a day has begun that changes what rules cover; returns how many."""
    return rule_check.check_what_is_stale(at=timezone.now())


@shared_task(name="routing.tasks.show_registers_of_the_day")
def show_registers_of_the_day() -> int:
    """Where a day has begun, shows on the map what is in force of the registers on it; returns how many moved on."""
    return register_map.follow_the_day(at=timezone.now())


@shared_task(name="routing.tasks.read_answers")
def read_answers() -> int:
    """Fetches the answers that organisations put into folders; returns how many."""
    return reading.read_answers(at=timezone.now())


@shared_task(name="routing.tasks.pull_open311")
def pull_open311() -> int:
    """Asks other Open311 servers how our reports stand; returns how many answers were taken."""
    return open311_pulling.pull(at=timezone.now())
