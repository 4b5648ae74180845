"""What the workers do for reports, by beat."""

from celery import shared_task
from django.utils import timezone

from issues import import_jobs, kept_drafts, learning


@shared_task(name="issues.tasks.drop_old_drafts")
def drop_old_drafts() -> int:
    """Drops kept forms that nobody touched for a week; returns how many."""
    return kept_drafts.drop_old(at=timezone.now())


@shared_task(name="issues.tasks.learn_where_new")
def learn_where_new() -> int:
    """Asks for learning where enough new reports came; returns in how many communities. The jobs run one by one."""
    return learning.learn_where_new(at=timezone.now())


@shared_task(name="issues.tasks.clear_old_rejected")
def clear_old_rejected() -> int:
    """Deletes rows that imports left out long ago; returns how many."""
    return import_jobs.clear_old_rejected(at=timezone.now())
