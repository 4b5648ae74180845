"""How a webhook is told: JSON, written at the moment of sending from what strangers may know then, and signed."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import override
from django_scopes import scope, scopes_disabled
from rest_framework.utils.encoders import JSONEncoder

from core.mail import SendingFailedError
from core.models import Failure
from core.outward import OutwardFailedError, OutwardRefusedError, Reply, fetch
from core.sealed import BrokenSealError
from core.signing import sign
from notifications.hook_kinds import told
from notifications.hooks import PING, secrets_of
from notifications.models import Webhook

ID: Final = "Misto-Id"
SECONDS: Final = 5.0  # for a receiver to answer: it takes the message, and works later
MOST_BYTES: Final = 64 * 1024  # of its answer, which nobody reads
GONE: Final = 410

State = Webhook.State


def send_hook(*, recipient: str, payload: dict[str, Any], key: uuid.UUID) -> Callable[[datetime], None]:
    """Tells one webhook one thing. Raises SendingFailedError."""
    with scopes_disabled():
        hook = Webhook.objects.select_related("community", "client").filter(pk=recipient).first()
    if hook is None:
        raise SendingFailedError("the webhook is gone", permanent=True)
    if not hook.client.is_active:
        raise SendingFailedError("its client was stopped", permanent=True)
    if payload["name"] != PING and hook.state != State.ACTIVE:
        raise SendingFailedError(f"the webhook is {hook.state}", permanent=True)
    body = body_of(hook, payload, key=key)
    _judge(hook, _ask(hook, body, key=key))

    def remember(at: datetime) -> None:
        answered = Webhook.objects.filter(pk=hook.pk, url=hook.url)
        answered.update(last_delivered_at=at, failing_since=None)
        answered.filter(state=State.UNCONFIRMED).update(state=State.ACTIVE, confirmed_at=at)

    return remember


def body_of(hook: Webhook, payload: dict[str, Any], *, key: uuid.UUID) -> bytes:
    """The message as it is told now. Raises SendingFailedError when nothing may be told any more."""
    with scope(community=hook.community), override(hook.language):
        facts = {} if payload["name"] == PING else told(payload["name"], payload["fact"])
    if facts is None:
        raise SendingFailedError("strangers may know nothing of it", failure=Failure.HIDDEN, permanent=True)
    message = {"id": str(key), "name": payload["name"], "at": payload["at"], "community": hook.community.slug} | facts
    return json.dumps(message, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":")).encode()


def _ask(hook: Webhook, body: bytes, *, key: uuid.UUID) -> Reply:
    at = timezone.now()
    try:
        signed = sign(body, secrets=secrets_of(hook, at=at), at=at)
        headers = {"Content-Type": "application/json", ID: str(key)} | signed
        return fetch("POST", hook.url, body=body, headers=headers, seconds=SECONDS, most=MOST_BYTES)
    except BrokenSealError as error:
        raise SendingFailedError("its secret was sealed by a key that is gone", permanent=True) from error
    except OutwardRefusedError as error:
        # A name may be back in an hour; an address inside a private network is never asked.
        final = error.code != "unknown"
        raise SendingFailedError(f"not asked: {error.code}", failure=Failure.UNREACHABLE, permanent=final) from error
    except OutwardFailedError as error:
        raise SendingFailedError(str(error), failure=Failure.UNREACHABLE) from error


def _judge(hook: Webhook, reply: Reply) -> None:
    """Raises SendingFailedError unless the receiver took it. One that says to be gone is told nothing more."""
    if 200 <= reply.status < 300:
        return
    if reply.status == GONE:
        with scopes_disabled():
            known = Webhook.objects.filter(~Q(state=State.GONE), pk=hook.pk, url=hook.url)
            known.update(state=State.GONE)
    raise SendingFailedError(f"it answered {reply.status}", failure=Failure.REFUSED, permanent=reply.status == GONE)
