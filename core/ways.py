"""Ways out that are down: one message at a time asks whether the receiver is back, and everything else waits for it.

A way is a channel and the host behind it; all e-mail leaves by one server. When two different messages in a row found
nobody there, the way is down: nothing more is started that would wait for an answer that does not come, so a dead
server of one community takes no worker from the others, and no try is used up. One message after the other, in turn,
asks every ASK_EVERY, and never two at once. The first that comes through opens the way, and whatever had failed there
is due at once: what waited leaves within seconds, however long the outage was.

A message that fails alone is its own fault as likely as its receiver's, and keeps its own pauses (core.outbox).
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django_scopes import scopes_disabled

from core.events import way_stays_down
from core.models import Failure, Lane, OutboxMessage, Stop, StopEverywhere, Way
from core.outbox_claim import LEASE
from core.outbox_limits import HOST, Limits, host_of

ASK_EVERY: Final = timedelta(seconds=15)
PATIENCE: Final = timedelta(hours=9)  # so long a message waits for a way that is down; about as long as 14 tries take
LATELY: Final = timedelta(minutes=2)  # who was asked within it was asked as often as can be
APART: Final = timedelta(hours=1)  # between two failures that are not of one outage
RELAYED: Final = frozenset({"email"})  # channels on which one server of ours passes everything on
OURS: Final = frozenset({"folder"})  # channels on which nobody is waited for

NOTE = """
INSERT INTO core_way AS way (channel, host, failures, last_message, failing_since, asked_at, why)
VALUES (%(channel)s, %(host)s, 1, %(message)s, %(at)s, %(asked_at)s, %(why)s)
ON CONFLICT (channel, host) DO UPDATE SET
    failures = way.failures + (way.last_message <> excluded.last_message)::integer,
    failing_since = CASE
        WHEN way.failures = 1 AND way.asked_at < %(long_ago)s THEN excluded.failing_since ELSE way.failing_since
    END,
    last_message = excluded.last_message, asked_at = excluded.asked_at, why = excluded.why
"""
ON_THE_WAY = f"m.channel = %(channel)s AND (%(host)s = '' OR {HOST} = %(host)s)"
WAITS = "m.sent_at IS NULL AND m.dead_at IS NULL AND (m.leased_until IS NULL OR m.leased_until <= %(at)s)"
# Takes turns among the messages, so that one that its receiver cannot take keeps nobody from asking with another.
ASK = f"""
UPDATE core_outboxmessage SET claim = %(claim)s, leased_until = %(until)s, attempts = attempts + 1 WHERE id = (
    SELECT m.id FROM core_outboxmessage m
    WHERE {WAITS} AND m.lane = %(lane)s AND {ON_THE_WAY}
      AND (m.failure = '{Failure.UNREACHABLE}' OR m.due_at <= %(at)s)
      AND NOT EXISTS (
        SELECT FROM core_outboxmessage asking
        WHERE asking.sent_at IS NULL AND asking.dead_at IS NULL AND asking.leased_until > %(at)s
          AND asking.channel = %(channel)s AND (%(host)s = '' OR {HOST} = %(host)s)
      )
      AND NOT EXISTS (SELECT FROM core_stop s WHERE s.community_id = m.community_id AND s.lane = m.lane)
      AND NOT EXISTS (
        SELECT FROM core_outboxmessage e
        WHERE e.sent_at IS NULL AND e.dead_at IS NULL AND e.subject_id = m.subject_id
          AND e.recipient = m.recipient AND e.channel = m.channel AND e.id < m.id AND e.lane <= m.lane
      )
    ORDER BY m.id <= %(last)s, m.id LIMIT 1 FOR UPDATE OF m SKIP LOCKED
) RETURNING id, recipient
"""  # noqa: S608  the text is ours
WAKE = f"""
UPDATE core_outboxmessage SET due_at = %(at)s WHERE id IN (
    SELECT m.id FROM core_outboxmessage m
    WHERE {WAITS} AND {ON_THE_WAY} AND m.failure = '{Failure.UNREACHABLE}' AND m.due_at > %(at)s
    ORDER BY m.id FOR UPDATE OF m SKIP LOCKED
)
"""  # noqa: S608  the text is ours


def way_of(channel: str, recipient: str) -> tuple[str, str]:
    """(channel, host) by which a message leaves."""
    return channel, "" if channel in RELAYED else host_of(recipient)


def found_nobody(message: OutboxMessage, *, why: str, at: datetime, pause: timedelta = timedelta(0)) -> None:
    """The receiver's side could not be reached, or asked to be left alone for that `pause`; in the caller's
    transaction, after everything else."""
    channel, host = way_of(message.channel, message.recipient)
    if channel in OURS:
        return
    given: dict[str, Any] = {"channel": channel, "host": host, "message": message.pk, "at": at, "why": why[:300]}
    given |= {"asked_at": at + max(pause - ASK_EVERY, timedelta(0)), "long_ago": at - APART}
    with connection.cursor() as cursor:
        cursor.execute(NOTE, given)


def came_through(message: OutboxMessage, *, at: datetime) -> bool:
    """The receiver's side answered, whatever it said: when the way had been down, what failed there is due now. In the
    caller's transaction, after everything else; whether the way had been down."""
    channel, host = way_of(message.channel, message.recipient)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_way WHERE channel = %s AND host = %s RETURNING failures", [channel, host])
        found = cursor.fetchone()
        if found is None or found[0] < Way.DOWN_AFTER:
            return False
        cursor.execute(WAKE, {"channel": channel, "host": host, "at": at})
    return True


def claim_to_ask(lane: Lane, *, at: datetime) -> OutboxMessage | None:
    """A message of this lane that asks whether a way is open again; None when none is to be asked for now.

    It is claimed as any other, within the limits; a paused lane asks nothing.
    """
    if not _down().filter(asked_at__lte=at - ASK_EVERY).exists():
        return None
    if StopEverywhere.objects.filter(lane=lane).exists():
        return None
    for way in _down().filter(asked_at__lte=at - ASK_EVERY).order_by("asked_at"):
        with transaction.atomic():
            mine = _down().select_for_update(skip_locked=True).filter(pk=way.pk, asked_at__lte=at - ASK_EVERY)
            if mine.first() is None or (found := _claim_on(way, lane, at=at)) is None:
                continue
            if Limits.read(lane, at=at, heeds_ways=False).spend(way.channel, found[1], at=at):
                transaction.set_rollback(True)
                continue
            Way.objects.filter(pk=way.pk).update(asked_at=at, last_message=found[0])
            with scopes_disabled():
                return OutboxMessage.objects.select_related("subject").get(pk=found[0])
    return None


def asked_in_vain(message: OutboxMessage, *, at: datetime) -> None:
    """It asked and found nobody: nothing left, so the limits are as before. In the caller's transaction."""
    Limits.read(Lane(message.lane), at=at, heeds_ways=False).give_back(message.channel, message.recipient, at=at)


def waiting_on(way: Way, *, at: datetime) -> "QuerySet[OutboxMessage]":
    """What waits for this way: neither what is being sent, nor what stands behind that, nor what a pause holds. Spans
    communities: call it with scopes disabled."""
    rows = OutboxMessage.objects.pending().filter(channel=way.channel).filter(idle(at))
    if way.host:
        rows = rows.annotate(host=RawSQL(HOST, ())).filter(host=way.host)  # noqa: S611  the text is ours
    ahead = OutboxMessage.objects.pending().filter(
        subject=OuterRef("subject"), recipient=OuterRef("recipient"), channel=OuterRef("channel"), pk__lt=OuterRef("pk")
    )
    stopped = Stop.objects.filter(community=OuterRef("community"), lane=OuterRef("lane"))
    everywhere = StopEverywhere.objects.values("lane")
    rows = rows.exclude(Exists(ahead.filter(leased_until__gt=at))).exclude(Exists(stopped))
    return rows.exclude(lane__in=everywhere).order_by("pk")


def look(*, at: datetime) -> Iterator[OutboxMessage]:
    """Every minute: tells the apps above of ways that are down, gives what has waited there for PATIENCE, to be given
    up, and forgets what nobody asked for as long."""
    with scopes_disabled():
        Way.objects.filter(asked_at__lte=at - PATIENCE).delete()
        for way in _down():
            way_stays_down.send_robust(sender=Way, way=way, at=at)
            if way.failing_since <= at - PATIENCE and way.asked_at >= at - LATELY:
                yield from waiting_on(way, at=at).filter(due_at__lte=at - PATIENCE).iterator()


def idle(at: datetime) -> Q:
    """Condition: nobody is sending the message."""
    return Q(leased_until=None) | Q(leased_until__lte=at)


def _down() -> "QuerySet[Way]":
    return Way.objects.filter(failures__gte=Way.DOWN_AFTER)


def _claim_on(way: Way, lane: Lane, *, at: datetime) -> tuple[int, str] | None:
    given: dict[str, Any] = {
        "channel": way.channel,
        "host": way.host,
        "last": way.last_message,
        "lane": lane,
        "at": at,
        "claim": uuid.uuid4(),
        "until": at + LEASE,
    }
    with connection.cursor() as cursor:
        cursor.execute(ASK, given)
        found: tuple[int, str] | None = cursor.fetchone()
    return found
