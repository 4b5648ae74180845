"""The demo's letters. They were written to invented people, so nobody sends them: each is settled as a mail server
would have settled it, but for the last ones, which are left to the worker."""

from datetime import datetime, timedelta

from django.db.models import F

from core.models import Failure, OutboxMessage
from geodata.models import Community
from issues.models import Issue

ON_THE_WAY = timedelta(seconds=40)
LEFT_TO_THE_WORKER = 2
REFUSED = "SMTP 550 5.1.1 mailbox unavailable"


def settle_letters(community: Community, *, bounced: list[Issue], at: datetime) -> None:
    """Marks letters as sent shortly after they were written, those to the organisations of `bounced` as refused by
    their mail server; the last two letters to organisations stay queued, due now. What was given up stays so."""
    letters = OutboxMessage.objects.filter(community=community, dead_at=None)
    to_organisations = letters.filter(audience=OutboxMessage.Audience.ORGANISATION)
    last = (
        to_organisations.filter(sent_at=None)
        .order_by("-created_at", "-id")
        .values_list("pk", flat=True)[:LEFT_TO_THE_WORKER]
    )
    queued = list(last)
    refused = list(to_organisations.filter(subject__in=[issue.subject_id for issue in bounced]))
    settled = letters.filter(sent_at=None).exclude(pk__in=[*queued, *(letter.pk for letter in refused)])
    settled.update(sent_at=F("created_at") + ON_THE_WAY, attempts=1)
    for letter in refused:
        letter.dead_at, letter.attempts = letter.created_at + ON_THE_WAY, 1
        letter.failure, letter.last_error = Failure.REFUSED, REFUSED
        letter.save(update_fields=["dead_at", "attempts", "failure", "last_error"])
    letters.filter(pk__in=queued).update(due_at=at)
