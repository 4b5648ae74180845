"""By which channel an organisation is reached: what is sent, which channel is next, and what staff send elsewhere.

The payload of a message to an organisation says by which channel it goes (`channel_id`), whose it is
(`organisation`), in which role they got the thing, which channels were `tried` before, whether it is a copy, and holds
the same news as a letter and as data: any channel can take it over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.models import Organisation
from core.models import Failure, Lane, OutboxMessage, Subject, Way
from core.outbox import Letter, enqueue_message, readdress, rendered, resend
from core.outbox_ends import give_up
from core.together import AT_ONCE, Writer
from core.ways import waiting_on, way_of
from routing.models import Channel, Delivery, DeliveryQuerySet

RESPONSIBLE = Delivery.Role.RESPONSIBLE.value
# Asked for every report: written out, because Django would write it anew each time.
_OF_ORGANISATION = [field.attname for field in Organisation._meta.concrete_fields]
REACHED = f"""
SELECT c.*, {", ".join(f"o.{name} AS of_{name}" for name in _OF_ORGANISATION)}
FROM routing_channel c JOIN accounts_organisation o ON o.id = c.organisation_id
WHERE c.community_id = %s AND c.organisation_id = %s AND c.is_active AND c.role = ANY (%s)
ORDER BY c.position, c.id
"""  # noqa: S608  the text is ours
GO_ROUND_AFTER = timedelta(minutes=10)  # so long a receiver may be down before its next channel takes over


def channel_of(organisation: Organisation, *, community_id: int, role: str = RESPONSIBLE) -> Channel | None:
    """How this organisation is reached in this community, or None."""
    rows = Channel.objects.filter(community=community_id, organisation=organisation)
    return rows.chosen_for(role).first()


def organisations_reached_in(community_id: int) -> "QuerySet[Organisation]":
    """Organisations that work and have a channel in the community for what they must answer, by name."""
    reachable = Channel.objects.filter(community=community_id).chosen_for(RESPONSIBLE).values("organisation")
    return Organisation.objects.filter(pk__in=reachable, is_active=True).order_by("name")


def reached(organisation: int, *, community_id: int, role: str = RESPONSIBLE) -> tuple[Organisation, list[Channel]]:
    """The organisation with that id, and its active channels for the role, by one question when it has any."""
    given = [community_id, organisation, [Channel.Role.ANY.value, role]]
    rows = list(Channel.objects.raw(REACHED, given))
    if not rows:
        return Organisation.objects.get(pk=organisation), rows
    values = [getattr(rows[0], f"of_{name}") for name in _OF_ORGANISATION]
    found = Organisation.from_db(rows[0]._state.db, _OF_ORGANISATION, values)
    for row in rows:
        row.organisation = found
    return found, rows


def send(
    *,
    subject: Subject,
    organisation: Organisation,
    letter: Letter,
    at: datetime,
    role: str = RESPONSIBLE,
    channels: Sequence[Channel] | None = None,
    write: Writer = AT_ONCE,
) -> OutboxMessage | None:
    """Writes it into the outbox for the first channel of the organisation that takes such, and for its copies.

    None when there is no such channel. `channels`: those of the role, where they are at hand (`reached`).
    """
    rows = channels
    if rows is None:
        rows = list(_active_of(organisation.pk, community_id=subject.community_id, role=role))
    chosen = next((row for row in rows if not row.is_copy), None)
    if chosen is None:
        return None
    payload = _payload(letter, organisation, role=role, at=at)
    for copy in (row for row in rows if row.is_copy):
        _enqueue(copy, payload | {"is_copy": True}, subject=subject, at=at, write=write)
    return _enqueue(chosen, payload, subject=subject, at=at, write=write)


def fall_back(*, message: OutboxMessage, at: datetime) -> OutboxMessage | None:
    """A message was given up: the next channel of the organisation that did not try yet gets it, in the caller's
    transaction, and the recipient's state on the public page is that of the new one from now on.

    None when there is no other channel, and for what is not to go on: copies, what was hidden, what another message
    carries on already, what only answered a letter of theirs, what the organisation handed back meanwhile.
    """
    following = next_for(message)
    if following is None:
        return None
    payload: dict[str, Any] = message.payload
    tried = _tried(message)
    OutboxMessage.objects.filter(pk=message.pk).update(payload=payload | {"passed_on": True})
    carried = _enqueue(following, payload | {"tried": tried}, subject=message.subject, lane=message.lane, at=at)
    Delivery.objects.filter(message=message).update(message=carried)
    return carried


def next_for(message: OutboxMessage) -> Channel | None:
    """The channel that would carry the message on, as `fall_back` says."""
    if not _goes_on(message):
        return None
    whose = organisations_of(message)
    if len(whose) != 1:
        return None
    rows = Channel.objects.filter(community=message.community_id, organisation=whose.pop())
    mine = rows.filter(kind=message.channel, address=message.recipient).values("pk")  # of before channels had a number
    to = rows.chosen_for(message.payload.get("role", RESPONSIBLE)).exclude(pk__in=[pk for pk in _tried(message) if pk])
    following: Channel | None = to.exclude(pk__in=mine).first()
    return following


def go_round(way: Way, *, at: datetime) -> int:
    """A way has been down for GO_ROUND_AFTER: what waits there for an organisation goes by its next channel, unless
    that is down too; returns how many. Spans communities: call it with scopes disabled."""
    if way.failing_since > at - GO_ROUND_AFTER:
        return 0
    down = {(row.channel, row.host) for row in Way.objects.all() if row.is_down}
    gone = 0
    waiting = waiting_on(way, at=at).filter(audience=OutboxMessage.Audience.ORGANISATION)
    for message in waiting.select_related("subject").iterator():
        to = next_for(message)
        if to and way_of(to.kind, to.address) not in down:
            why = message.last_error or "nobody could be reached there"
            gone += give_up(message, why=why, at=at, failure=Failure.UNREACHABLE, only_idle=True)
    return gone


def reroute(*, message: OutboxMessage, to: Channel, at: datetime) -> bool:
    """Staff send what waits, or was given up, by another channel of the same organisation, with a fresh count of tries.

    False when it has left, or when the channel is not active or not of the organisation whose message it is.
    """
    whose = organisations_of(message)
    if not to.is_active or to.community_id != message.community_id or whose != {to.organisation}:
        return False
    payload = {key: value for key, value in message.payload.items() if key not in ("tried", "passed_on")}
    return _move_to(message, to, payload, at=at)


def move_to_now(message: OutboxMessage, organisation: Organisation, *, at: datetime) -> bool:
    """The message goes by its own channel as that is now, or by the first of the organisation when it is gone.

    False when there is none: then it stays as it is.
    """
    payload = message.payload
    rows = Channel.objects.filter(community=message.community_id, organisation=organisation)
    role, own = payload.get("role", RESPONSIBLE), rows.filter(pk=payload.get("channel_id"), is_active=True)
    to = own.first() or (None if payload.get("is_copy") else rows.chosen_for(role).first())
    return to is not None and _move_to(message, to, payload, at=at)


def organisations_of(message: OutboxMessage) -> set[Organisation]:
    """Whose message it is: as it says; of an old one by the link in it; when that was replaced since, all who have or
    had the thing."""
    named = Organisation.objects.filter(pk=message.payload.get("organisation")).first()
    if named is not None:
        return {named}
    rows = list(Delivery.objects.filter(subject=message.subject_id).select_related("organisation"))
    by_link = {row.organisation for row in rows if str(row.token_id) in message.payload["text"]}
    return by_link or {row.organisation for row in rows}


def deliveries_of(message: OutboxMessage) -> DeliveryQuerySet:
    """The deliveries of the thing to the organisation whose message it is, of its role; the last first."""
    rows: DeliveryQuerySet = Delivery.objects.filter(
        subject=message.subject_id,
        organisation__in=organisations_of(message),
        role=message.payload.get("role", RESPONSIBLE),
    )
    return rows.order_by("-created_at", "-id")


def _active_of(organisation: int, *, community_id: int, role: str) -> "QuerySet[Channel]":
    rows = Channel.objects.filter(community=community_id, organisation=organisation, is_active=True)
    return rows.filter(role__in=[Channel.Role.ANY, role])


def _tried(message: OutboxMessage) -> list[Any]:
    return [*message.payload.get("tried", []), message.payload.get("channel_id")]


def _goes_on(message: OutboxMessage) -> bool:
    payload = message.payload
    if message.audience != OutboxMessage.Audience.ORGANISATION or message.failure == Failure.HIDDEN:
        return False
    if payload.get("is_copy") or payload.get("passed_on") or payload.get("answers"):
        return False
    return not Delivery.objects.filter(message=message, refused_at__isnull=False).exists()


def _move_to(message: OutboxMessage, to: Channel, payload: Mapping[str, Any], *, at: datetime) -> bool:
    """One that waits is due now at the channel; one that was given up comes back there. False when it has left."""
    moved = {**payload, "channel_id": to.pk}
    dead = OutboxMessage.objects.filter(pk=message.pk, dead_at__isnull=False)
    if dead.update(channel=to.kind, recipient=to.address, payload=moved):
        resend(message, at=at)
        return True
    return readdress(message, channel=to.kind, recipient=to.address, payload=moved, at=at)


def _payload(letter: Letter, organisation: Organisation, *, role: str, at: datetime) -> dict[str, Any]:
    data = {**letter.data, "role": role, "at": at.isoformat()} if letter.data else {}
    return {**rendered(letter), "data": data, "role": role, "organisation": organisation.pk}


def _enqueue(
    channel: Channel,
    payload: Mapping[str, Any],
    *,
    subject: Subject,
    lane: str = Lane.DELIVERY,
    at: datetime,
    write: Writer = AT_ONCE,
) -> OutboxMessage:
    return enqueue_message(
        subject=subject,
        lane=Lane(lane),
        audience=OutboxMessage.Audience.ORGANISATION,
        channel=channel.kind,
        recipient=channel.address,
        payload={**payload, "channel_id": channel.pk},
        at=at,
        write=write,
    )
