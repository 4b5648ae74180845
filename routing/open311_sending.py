"""The channel “open311”: a report becomes a service request at another server once, and later news updates of it.

A try whose outcome nobody knows (a broken line, a worker that died, an answer that cannot be read) is followed by
looking: the description holds a mark, and only when no request there has it is the report sent again.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from django_scopes import scopes_disabled

from core.mail import SendingFailedError
from core.models import OutboxMessage
from routing.carrier import channel_in
from routing.channels import deliveries_of
from routing.models import Channel, RemoteRequest
from routing.open311_fields import mark_of, request_fields, service_of
from routing.open311_reading import Receipt
from routing.open311_remote import (
    NotThereError,
    Remote,
    post_request,
    post_update,
    remote_of,
    states_between,
)
from routing.open311_words import status_of

CHANNEL: Final = "open311"
FIRST: Final = frozenset({"new", "information"})  # news that begin a request there; all others follow it
AROUND: Final = timedelta(days=1)  # clocks differ, and a server may write its own day
SOON: Final = timedelta(seconds=5)  # until a token is asked for the first time
LATER: Final = timedelta(minutes=5)  # until a request is read the first time
Remember = Callable[[datetime], None]


def send_open311(*, recipient: str, payload: dict[str, Any], key: uuid.UUID) -> Remember:
    """Sends one message. Raises SendingFailedError."""
    channel = channel_in(payload)
    data = payload.get("data") or {}
    if not data:
        raise SendingFailedError("it is a letter only, without facts for programs", permanent=True)
    with scopes_disabled():
        message = OutboxMessage.objects.select_related("subject").get(key=key)
        if data.get("news") in FIRST:
            return _send_request(channel, message, data)
        return _send_update(channel, message, data)


def _send_request(channel: Channel, message: OutboxMessage, data: dict[str, Any]) -> Remember:
    remote = remote_of(channel)
    fields = request_fields(data, channel.settings, key=message.key)
    receipt = _found_there(remote, message, service_of(data, channel.settings)) if message.attempts > 1 else None
    receipt = receipt or post_request(remote, fields, key=message.key)
    return _keeper(channel, message, receipt)


def _found_there(remote: Remote, message: OutboxMessage, service: str) -> Receipt | None:
    """Our own request of an earlier try; None when it is not there, and where that cannot be asked: then it is sent
    again, and the receiver may have it twice. Raises SendingFailedError while the server does not answer."""
    mark = mark_of(message.key)
    try:
        states = states_between(remote, service, message.created_at - AROUND, timezone.now() + AROUND)
    except NotThereError:
        return None
    return next((Receipt(one.request_id) for one in states if mark in one.description), None)


def _keeper(channel: Channel, message: OutboxMessage, receipt: Receipt) -> Remember:
    """What is written down in the transaction that says that the message left."""

    def keep(at: datetime) -> None:
        RemoteRequest.objects.get_or_create(
            key=message.key,
            defaults={
                "community_id": message.community_id,
                "channel": channel,
                "delivery": deliveries_of(message).first(),
                "subject_id": message.subject_id,
                "remote_id": receipt.request_id,
                "token": receipt.token,
                "sent_at": at,
                "due_at": at + (LATER if receipt.request_id else SOON),
            },
        )

    return keep


def _send_update(channel: Channel, message: OutboxMessage, data: dict[str, Any]) -> Remember:
    """News about a request that is there. Another channel of the organisation takes them where this one cannot."""
    if channel.settings.get("takes_updates") is not True:
        raise SendingFailedError("the channel is not set to send updates", permanent=True)
    request = RemoteRequest.objects.filter(channel=channel, subject=message.subject_id).order_by("-id").first()
    if request is None:
        raise SendingFailedError("the report never went there", permanent=True)
    if not request.remote_id:
        raise SendingFailedError("its number there is not known yet")
    got = post_update(remote_of(channel), _update_fields(request, message, data), key=message.key)

    def keep(at: datetime) -> None:
        if got:
            request.refresh_from_db(fields=["sent_updates"])
            request.sent_updates = [*request.sent_updates, got]
            request.save(update_fields=["sent_updates"])

    return keep


def _update_fields(request: RemoteRequest, message: OutboxMessage, data: dict[str, Any]) -> list[tuple[str, str]]:
    words = str(data.get("words") or data.get("note") or "")
    return [
        ("service_request_id", request.remote_id),
        ("service_request_id_ext", str(data.get("report", ""))),
        ("update_id", str(message.key)),
        ("status", status_of(str(data.get("news", "")))),
        ("updated_datetime", str(data.get("at") or message.created_at.isoformat())),
        ("description", "\n\n".join(filter(None, [words, str(data.get("url", ""))]))),
    ]
