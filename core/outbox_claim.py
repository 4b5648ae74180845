"""Which message leaves next: one worker of one lane asks, and gets one message that nobody else has until a lease ends.

In a lane the communities take turns, so that 150,000 letters of one delay a letter of another by one message of each
worker. In a community the message goes that is due longest, of those that no limit and no pause holds. Of one thing to
one reader messages leave in the order in which they were written: while an earlier one waits or is tried again, the
later ones wait too. One that was given up holds nobody back.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django_scopes import scopes_disabled

from core.models import Lane, OutboxMessage, StopEverywhere
from core.outbox_limits import Limits, set_aside

LEASE = timedelta(seconds=60)  # so long a message waits for another worker when its own was killed
BATCH = 10

# Reads the index outbox_round by leaps: one look for each community and each way out of it, however much waits there.
# `lap`: communities after the one served last (part 1), then those from the first on to that one (part 2). No other
# index has the order (lane, community), so no plan can walk through all that left long ago.
# `ways`: channels of one community, and in each the hosts with a limit. Of what a thing has for one reader only the
# earliest may go; that is asked for each row apart (LIMIT), so that no plan joins all that waits with itself.
CLAIM = """
WITH RECURSIVE lap (part, community_id) AS (
    SELECT 0, %(after)s::bigint
    UNION ALL
    SELECT found.part, found.community_id FROM lap CROSS JOIN LATERAL (
        (SELECT greatest(lap.part, 1) AS part, lane, community_id FROM core_outboxmessage
         WHERE sent_at IS NULL AND dead_at IS NULL AND (lane, community_id) > (%(lane)s, lap.community_id)
         ORDER BY lane, community_id LIMIT 1)
        UNION ALL
        (SELECT 2, lane, community_id FROM core_outboxmessage
         WHERE sent_at IS NULL AND dead_at IS NULL AND (lane, community_id) > (%(lane)s, 0) AND lap.part < 2
         ORDER BY lane, community_id LIMIT 1)
        ORDER BY lane, part LIMIT 1
    ) found WHERE found.lane = %(lane)s AND (found.part = 1 OR found.community_id <= %(after)s)
),
next AS MATERIALIZED (
    SELECT oldest.id FROM lap
    CROSS JOIN LATERAL (
        SELECT least(%(due)s, (
            SELECT CASE kind WHEN 'paused' THEN '-infinity' ELSE since END FROM core_stop
            WHERE community_id = lap.community_id AND lane = %(lane)s
        )) AS due
    ) until
    CROSS JOIN LATERAL (
        WITH RECURSIVE ways (channel, queue) AS (
            (SELECT channel, queue FROM core_outboxmessage
             WHERE sent_at IS NULL AND dead_at IS NULL AND lane = %(lane)s AND community_id = lap.community_id
             ORDER BY channel, queue LIMIT 1)
            UNION ALL
            SELECT way.channel, way.queue FROM ways CROSS JOIN LATERAL (
                SELECT channel, queue FROM core_outboxmessage
                WHERE sent_at IS NULL AND dead_at IS NULL AND lane = %(lane)s AND community_id = lap.community_id
                  AND (channel, queue) > (ways.channel, ways.queue)
                ORDER BY channel, queue LIMIT 1
            ) way
        )
        SELECT head.id FROM ways CROSS JOIN LATERAL (
            SELECT m.id, m.due_at FROM core_outboxmessage m
            WHERE m.sent_at IS NULL AND m.dead_at IS NULL AND m.lane = %(lane)s AND m.community_id = lap.community_id
              AND m.channel = ways.channel AND m.queue = ways.queue AND m.due_at <= until.due
              AND (m.leased_until IS NULL OR m.leased_until <= %(now)s)
              AND (
                SELECT true FROM core_outboxmessage e
                WHERE e.sent_at IS NULL AND e.dead_at IS NULL AND e.subject_id = m.subject_id
                  AND e.recipient = m.recipient AND e.channel = m.channel AND e.id < m.id AND e.lane <= m.lane
                LIMIT 1
              ) IS NULL
            ORDER BY m.due_at, m.id LIMIT 1 FOR UPDATE OF m SKIP LOCKED
        ) head
        WHERE ways.channel <> ALL (%(shut_channels)s::text[])
          AND ways.channel || ' ' || ways.queue <> ALL (%(shut_hosts)s::text[])
        ORDER BY head.due_at, head.id LIMIT 1
    ) oldest
    WHERE lap.part > 0
    LIMIT 1
)
UPDATE core_outboxmessage m SET claim = %(claim)s, leased_until = %(until)s, attempts = attempts + 1
WHERE m.id = (SELECT id FROM next)
RETURNING m.id, m.community_id, m.channel, m.queue, m.recipient
"""


@dataclass(slots=True)
class Round:
    """Which community each lane served last. Every process keeps its own."""

    last: dict[Lane, int] = field(default_factory=dict)


ROUND = Round()


def claim(
    *, at: datetime, lanes: Iterable[Lane] = tuple(Lane), limit: int = BATCH, going: Round = ROUND
) -> list[OutboxMessage]:
    """Takes up to `limit` due messages for this worker until the lease ends; nobody else gets them meanwhile.

    What a more hurried lane has comes first.
    """
    found: list[OutboxMessage] = []
    for lane in lanes:
        while len(found) < limit:
            message = claim_one(lane, at=at, going=going)
            if message is None:
                break
            found.append(message)
    return found


def claim_one(lane: Lane, *, at: datetime, going: Round = ROUND) -> OutboxMessage | None:
    """The message of this lane whose turn it is, or None when nothing may leave now."""
    everywhere = StopEverywhere.objects.filter(lane=lane).first()
    due = at if everywhere is None else everywhere.due_until
    if due is None:
        return None
    limits = Limits.read(lane, at=at)
    while True:
        pk, met_a_limit = _take(lane, at=at, due=min(due, at), limits=limits, going=going)
        if pk is None and not met_a_limit:
            return None
        if pk is not None:
            with scopes_disabled():
                return OutboxMessage.objects.select_related("subject").get(pk=pk)


def _take(lane: Lane, *, at: datetime, due: datetime, limits: Limits, going: Round) -> tuple[int | None, bool]:
    """Claims the next one and counts it against its limits, or does neither; whether a limit was the reason."""
    given: dict[str, Any] = {
        "lane": lane,
        "now": at,
        "due": due,
        "after": going.last.get(lane, 0),
        "claim": uuid.uuid4(),
        "until": at + LEASE,
        "shut_channels": limits.shut_channels,
        "shut_hosts": limits.shut_hosts,
    }
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, given)
            found = cursor.fetchone()
        if found is None:
            return None, False
        pk, community, channel, queue, recipient = found
        refusing = limits.spend(channel, recipient, at=at)
        if refusing is None:
            going.last[lane] = community
            return pk, False
        transaction.set_rollback(True)
    if refusing.host and queue != refusing.host:
        set_aside(refusing, lane=lane, community_id=community, met=pk)
    return None, True
