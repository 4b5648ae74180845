"""Pausing a lane, emptying it, and letting it go again: for one community, or by an operator for all.

Paused: nothing more is started, everything is accepted and waits. Being emptied: what waited at that moment is tried
once, whatever pause it had before its next try; what fails, and what is written later, waits as in a pause.
"""

from datetime import datetime

from django.db import connection, transaction
from django_scopes import scopes_disabled

from core.broker import nudge_on_commit
from core.models import Lane, OutboxMessage, Stop, StopEverywhere
from core.outbox_ends import TASKS
from geodata.models import Community

Kind = Stop.Kind

# In the order of their ids, as everybody who holds several messages.
ALL_DUE = """
UPDATE core_outboxmessage SET due_at = %(at)s WHERE id IN (
    SELECT id FROM core_outboxmessage
    WHERE sent_at IS NULL AND dead_at IS NULL AND lane = %(lane)s AND due_at > %(at)s
      AND (%(community)s::bigint IS NULL OR community_id = %(community)s)
    ORDER BY id FOR UPDATE
)
"""


def stop_lane(
    lane: Lane, *, kind: Stop.Kind, community: Community | None, by: object, reason: str, at: datetime
) -> Stop | StopEverywhere:
    """Pauses or empties the lane, of one community or everywhere; the last word counts. Urgent is stopped everywhere
    only: the database refuses it for a community."""
    given = {"kind": kind, "since": at, "by": by, "reason": reason}
    with transaction.atomic(), scopes_disabled():
        row: Stop | StopEverywhere
        if community is None:
            row, _made = StopEverywhere.objects.update_or_create(lane=lane, defaults=given)
        else:
            row, _made = Stop.objects.update_or_create(community=community, lane=lane, defaults=given)
        if kind == Kind.DRAINING:
            _try_all_now(lane, community=community, at=at)
    return row


def let_go(lane: Lane, *, community: Community | None) -> bool:
    """What waited leaves again; whether the lane was stopped there."""
    with transaction.atomic(), scopes_disabled():
        everywhere, here = StopEverywhere.objects.filter(lane=lane), Stop.objects.filter(community=community, lane=lane)
        gone, _kinds = everywhere.delete() if community is None else here.delete()
        if gone:
            nudge_on_commit(TASKS[lane])
    return bool(gone)


def is_empty(row: Stop | StopEverywhere, *, at: datetime) -> bool:
    """Whether nothing of the lane is being sent, nor, when it is being emptied, still to be tried: it is safe to stop
    the service."""
    with scopes_disabled():
        waiting = OutboxMessage.objects.pending().filter(lane=row.lane)
        if isinstance(row, Stop):
            waiting = waiting.filter(community=row.community_id)
        if waiting.filter(leased_until__gt=at).exists():
            return False
        return row.kind == Kind.PAUSED or not waiting.filter(due_at__lte=row.since).exists()


def _try_all_now(lane: Lane, *, community: Community | None, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(ALL_DUE, {"lane": lane, "at": at, "community": community.pk if community else None})
    nudge_on_commit(TASKS[lane])
