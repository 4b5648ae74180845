"""Signed webhooks: the message as JSON, posted to the organisation's server; docs/channels.md says how to verify it."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from django.utils import timezone

from core.mail import SendingFailedError
from core.models import Failure
from core.outward import OutwardFailedError, OutwardRefusedError, Reply, fetch
from core.signing import sign
from routing.bodies import as_json, message_of
from routing.carrier import channel_in
from routing.channel_secrets import secrets_of
from routing.models import Channel

SECONDS: Final = 20.0
MOST: Final = 64 * 1024  # bytes of an answer, which nobody reads
GOOD = range(200, 300)
SERVERS_OWN = range(500, 600)
TRY_AGAIN = frozenset({408, 425, 429})  # of the refusals, those that speak of the moment and not of the message
CHANNEL: Final = "Misto-Channel"  # whose secret signs
ID: Final = "Misto-Id"  # the receiver's key: what comes with it again is the same message


def send_webhook(*, recipient: str, payload: dict[str, Any], key: uuid.UUID) -> None:
    """Posts one message. Any 2xx is taken for “delivered”; raises SendingFailedError otherwise."""
    channel = channel_in(payload)
    secrets = secrets_of(channel)
    if not secrets:
        raise SendingFailedError("the channel has no secret that opens")
    post(recipient, message_of(payload, key), key=key, channel=channel, secrets=secrets)


def post(url: str, message: Mapping[str, Any], *, key: uuid.UUID, channel: Channel, secrets: list[str]) -> None:
    """Signs and posts. Raises SendingFailedError."""
    body = as_json(message)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        CHANNEL: str(channel.pk),
        ID: str(key),
        **sign(body, secrets=secrets, at=timezone.now()),
    }
    judge(ask("POST", url, body=body, headers=headers), at=timezone.now())


def ask(method: str, url: str, *, body: bytes, headers: Mapping[str, str]) -> Reply:
    """`core.outward.fetch`, with its failures in the words of the outbox. Raises SendingFailedError."""
    try:
        return fetch(method, url, body=body, headers=headers, seconds=SECONDS, most=MOST)
    except OutwardRefusedError as refused:
        unknown = refused.code == "unknown"  # a name server may be down for an hour
        failure = Failure.UNREACHABLE if unknown else Failure.OURS
        raise SendingFailedError(f"not asked: {refused.code}", failure=failure, permanent=not unknown) from refused
    except OutwardFailedError as failed:
        raise SendingFailedError(str(failed), failure=Failure.UNREACHABLE) from failed


def judge(reply: Reply, *, at: datetime) -> None:
    """Raises SendingFailedError for anything but a 2xx: for good when the status speaks of the message or the address,
    for now when it speaks of the moment."""
    if reply.status in GOOD:
        return
    for_now = reply.status in TRY_AGAIN or reply.status in SERVERS_OWN
    raise SendingFailedError(
        f"HTTP {reply.status}",
        failure=Failure.UNREACHABLE if reply.status in SERVERS_OWN else Failure.REFUSED,
        permanent=not for_now,
        pause=_asked_pause(reply, at=at) if for_now else timedelta(0),
    )


def _asked_pause(reply: Reply, *, at: datetime) -> timedelta:
    """What Retry-After asks for: seconds, or a moment (RFC 9110)."""
    asked = reply.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit() and len(asked) < 9:
        return timedelta(seconds=int(asked))
    try:
        moment = parsedate_to_datetime(asked)
    except ValueError:
        return timedelta(0)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(moment - at, timedelta(0))
