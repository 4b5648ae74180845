"""Ways out that are down: one message at a time asks whether the receiver is back, and everything else waits for it.

A way is a channel and the host behind it; all e-mail leaves by one server. When two different messages in a row found
nobody there, the way is down: nothing more is started that would wait for an answer that does not come, so a dead
server of one community takes no worker from the others, and no try is used up. One message after the other, in turn,
asks every ASK_EVERY. The first that comes through opens the way, and whatever had failed there is due at once: what
waited leaves within seconds, however long the outage was.

A message that fails alone is its own fault as likely as its receiver's, and keeps its own pauses (core.outbox).
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet
from django_scopes import scopes_disabled

from core.events import way_stays_down
from core.models import Failure, Lane, OutboxMessage, StopEverywhere, Way
from core.outbox_claim import LEASE
from core.outbox_limits import HOST, Limits, host_of

ASK_EVERY: Final = timedelta(seconds=15)
PATIENCE: Final = timedelta(hours=9)  # so long a message waits for a way that is down; about as long as 14 tries take
MOST_AT_ONCE = 1000
RELAYED: Final = frozenset({"email"})  # channels on which one server of ours passes everything on

NOTE = """
INSERT INTO core_way AS way (channel, host, failures, last_message, failing_since, asked_at, why)
VALUES (%(channel)s, %(host)s, 1, %(message)s, %(at)s, %(at)s, %(why)s)
ON CONFLICT (channel, host) DO UPDATE SET
    failures = way.failures + (way.last_message <> excluded.last_message)::integer,
    last_message = excluded.last_message, asked_at = excluded.asked_at, why = excluded.why
"""
ON_THE_WAY = f"m.channel = %(channel)s AND (%(host)s = '' OR {HOST} = %(host)s)"
WAITS = "m.sent_at IS NULL AND m.dead_at IS NULL AND (m.leased_until IS NULL OR m.leased_until <= %(at)s)"
# Takes turns among the messages, so that one that its receiver cannot take keeps nobody from asking with another.
ASK = f"""
UPDATE core_outboxmessage SET claim = %(claim)s, leased_until = %(until)s, attempts = attempts + 1 WHERE id = (
    SELECT m.id FROM core_outboxmessage m
    WHERE {WAITS} AND m.lane = %(lane)s AND {ON_THE_WAY} AND (m.attempts > 0 OR m.due_at <= %(at)s)
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
    return channel, "" if channel in RELAYED else host_of(recipient)[:255]


def found_nobody(message: OutboxMessage, *, why: str, at: datetime) -> None:
    """The receiver's side could not be reached; in the caller's transaction."""
    channel, host = way_of(message.channel, message.recipient)
    given: dict[str, Any] = {"channel": channel, "host": host, "message": message.pk, "at": at, "why": why[:300]}
    with connection.cursor() as cursor:
        cursor.execute(NOTE, given)


def came_through(message: OutboxMessage, *, at: datetime) -> bool:
    """The receiver's side answered, whatever it said: what had failed on this way is due now. In the caller's
    transaction; whether the way had been down."""
    channel, host = way_of(message.channel, message.recipient)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_way WHERE channel = %s AND host = %s RETURNING failures", [channel, host])
        if (found := cursor.fetchone()) is None:
            return False
        cursor.execute(WAKE, {"channel": channel, "host": host, "at": at})
    return bool(found[0] >= Way.DOWN_AFTER)


def claim_to_ask(lane: Lane, *, at: datetime) -> OutboxMessage | None:
    """A message of this lane that asks whether a way is open again; None when none is to be asked for now.

    It is claimed as any other, within the limits; a paused lane asks nothing.
    """
    if not _down().filter(asked_at__lte=at - ASK_EVERY).exists():
        return None
    if StopEverywhere.objects.filter(lane=lane).exists():
        return None
    limits = Limits.read(lane, at=at, heeds_ways=False)
    with transaction.atomic():
        rows = _down().select_for_update(skip_locked=True).filter(asked_at__lte=at - ASK_EVERY)
        for way in rows.order_by("asked_at"):
            found = _claim_on(way, lane, at=at)
            if found is None:
                continue
            if limits.spend(way.channel, found[1], at=at):
                transaction.set_rollback(True)
                return None
            Way.objects.filter(pk=way.pk).update(asked_at=at, last_message=found[0])
            with scopes_disabled():
                return OutboxMessage.objects.select_related("subject").get(pk=found[0])
    return None


def waiting_on(way: Way, *, at: datetime) -> "QuerySet[OutboxMessage]":
    """What waits for this way and is not being sent. Spans communities: call it with scopes disabled."""
    sql = f"SELECT m.id FROM core_outboxmessage m WHERE {WAITS} AND {ON_THE_WAY}"  # noqa: S608
    given: dict[str, Any] = {"channel": way.channel, "host": way.host, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} ORDER BY m.id LIMIT {MOST_AT_ONCE}", given)
        found = [pk for (pk,) in cursor.fetchall()]
    return OutboxMessage.objects.filter(pk__in=found).order_by("pk")


def look(*, at: datetime) -> Iterator[OutboxMessage]:
    """Every minute: tells the apps above of ways that are down, gives what has waited there for PATIENCE, to be given
    up, and forgets what nobody asked for as long."""
    with scopes_disabled():
        for way in _down():
            way_stays_down.send(sender=Way, way=way, at=at)
            if way.failing_since <= at - PATIENCE:
                yield from waiting_on(way, at=at).filter(created_at__lte=at - PATIENCE)
        Way.objects.filter(asked_at__lte=at - PATIENCE).delete()


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
