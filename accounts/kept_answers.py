"""Answers of the API that are kept for who sends the same again: for how long."""

from datetime import datetime, timedelta
from typing import Final

from django_scopes import scopes_disabled

from accounts.models import KeptAnswer

LIFE: Final = timedelta(hours=24)


def forget_answers(*, at: datetime) -> int:
    """Deletes answers that were kept long enough, of all communities; returns how many."""
    with scopes_disabled():
        return KeptAnswer.objects.filter(created_at__lte=at - LIFE).delete()[0]
