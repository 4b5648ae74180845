"""Every change of works goes through one of these doors."""

from datetime import datetime

from django.db import transaction

from core.models import Subject, Visibility
from works.models import Work

KIND = "work"


def announce(work: Work, *, is_shown: bool, at: datetime) -> Work:
    """Keeps new works, with a subject of their own; strangers see them when `is_shown`. Must be checked before."""
    with transaction.atomic():
        work.subject = Subject.objects.create(
            community=work.community, kind=KIND, visibility=_visibility(is_shown=is_shown)
        )
        work.created_at = work.changed_at = at
        work.save()
    return work


def correct(work: Work, *, is_shown: bool, at: datetime) -> Work:
    """Keeps what was changed in works that are there already. What a moderator hid stays hidden."""
    with transaction.atomic():
        subject = Subject.objects.select_for_update().get(pk=work.subject_id)
        if subject.visibility != Visibility.HIDDEN:
            subject.visibility = _visibility(is_shown=is_shown)
            subject.save(update_fields=["visibility"])
        work.changed_at = at
        work.save()
    return work


def _visibility(*, is_shown: bool) -> Visibility:
    return Visibility.PUBLIC if is_shown else Visibility.HELD
