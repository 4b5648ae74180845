"""What the lanes are doing: how much waits and since when, how much left, failed and died lately.

Every try that ends is a row (Outcome), written with its end; after some hours only its number is kept (OutcomeTotal).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q
from django_scopes import scopes_disabled

from core.models import Lane, OutboxMessage, Outcome
from core.ways import idle

KEPT = timedelta(hours=2)  # rows of single tries; the pages look back for an hour
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

FOLD = """
WITH gone AS (DELETE FROM core_outcome WHERE at < %s RETURNING lane, channel, kind)
INSERT INTO core_outcometotal (lane, channel, kind, count)
SELECT lane, channel, kind, count(*) FROM gone GROUP BY lane, channel, kind
ON CONFLICT (lane, channel, kind) DO UPDATE SET count = core_outcometotal.count + excluded.count
"""
TOTALS = """
SELECT lane, channel, kind, sum(count)::bigint FROM (
    SELECT lane, channel, kind, count FROM core_outcometotal
    UNION ALL
    SELECT lane, channel, kind, count(*) FROM core_outcome GROUP BY lane, channel, kind
) parts GROUP BY lane, channel, kind ORDER BY lane, channel, kind
"""


@dataclass(slots=True)
class Figures:
    """Of one lane, in one community and channel or in several together."""

    waiting: int = 0
    due: int = 0  # of those that wait: their moment has come
    sending: int = 0
    oldest_due_at: datetime | None = None  # of those that are due: since when they could have left
    oldest_written_at: datetime | None = None  # of those that wait
    sent_minute: int = 0
    sent_hour: int = 0
    failed_hour: int = 0
    died_hour: int = 0
    dead: int = 0  # given up, and nobody decided yet what becomes of them

    def add(self, other: "Figures") -> None:
        """Takes in what another counted."""
        for name in ("waiting", "due", "sending", "sent_minute", "sent_hour", "failed_hour", "died_hour", "dead"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.oldest_due_at = _earlier(self.oldest_due_at, other.oldest_due_at)
        self.oldest_written_at = _earlier(self.oldest_written_at, other.oldest_written_at)


@dataclass(frozen=True, slots=True)
class Place:
    """Where figures belong."""

    community: int
    lane: Lane
    channel: str


def figures(*, at: datetime, communities: Iterable[int] | None = None) -> dict[Place, Figures]:
    """Everything that is not nought, in three statements; of all communities, or of those named."""
    found: dict[Place, Figures] = defaultdict(Figures)
    here = Q() if communities is None else Q(community__in=list(communities))
    places = ("community_id", "lane", "channel")
    with scopes_disabled():
        _count_waiting(found, OutboxMessage.objects.pending().filter(here).values(*places).order_by(), at=at)
        recent = Outcome.objects.filter(here, at__gt=at - HOUR).values(*places, "kind").order_by()
        for row in recent.annotate(all=Count("id"), minute=Count("id", filter=Q(at__gt=at - MINUTE))):
            one = found[_place(row)]
            match row["kind"]:
                case Outcome.Kind.SENT:
                    one.sent_hour, one.sent_minute = row["all"], row["minute"]
                case Outcome.Kind.FAILED:
                    one.failed_hour = row["all"]
                case Outcome.Kind.DIED:
                    one.died_hour = row["all"]
        dead = OutboxMessage.objects.filter(here, dead_at__isnull=False, written_off=None)
        for row in dead.values(*places).order_by().annotate(all=Count("id")):
            found[_place(row)].dead = row["all"]
    return dict(found)


def totals() -> list[tuple[str, str, str, int]]:
    """Lane, channel, how it ended, how often so far: numbers that only grow."""
    with connection.cursor() as cursor:
        cursor.execute(TOTALS)
        return list(cursor.fetchall())


def fold_outcomes(*, at: datetime) -> None:
    """What ended long ago is kept as a number."""
    with connection.cursor() as cursor:
        cursor.execute(FOLD, [at - KEPT])


def _count_waiting(found: dict[Place, Figures], waiting: Any, *, at: datetime) -> None:
    due = Q(due_at__lte=at) & idle(at)
    counted = waiting.annotate(
        all=Count("id"),
        due=Count("id", filter=due),
        sending=Count("id", filter=Q(leased_until__gt=at)),
        oldest_due=Min("due_at", filter=due),
        oldest=Min("created_at"),
    )
    for row in counted:
        one = found[_place(row)]
        one.waiting, one.due, one.sending = row["all"], row["due"], row["sending"]
        one.oldest_due_at, one.oldest_written_at = row["oldest_due"], row["oldest"]


def _place(row: dict[str, Any]) -> Place:
    return Place(row["community_id"], Lane(row["lane"]), row["channel"])


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other
