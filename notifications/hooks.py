"""Webhooks: a program of a client is told what happens. An address hears nothing before it answered a first message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import ApiClient
from core.models import Lane, OutboxMessage, Subject
from core.outbox import enqueue, enqueue_message, resend
from core.sealed import seal, unseal
from core.signing import new_secret
from notifications import hook_letters
from notifications.models import MOST_WEBHOOKS, Webhook

CHANNEL: Final = "hook"
KIND: Final = "webhook"
PING: Final = "ping"
OLD_SECRET_SIGNS = timedelta(hours=24)
FAILS_FOR = timedelta(days=3)  # then it is paused

State = Webhook.State


class TooManyWebhooksError(ValueError):
    """The client has MOST_WEBHOOKS already."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client wants to hear, and where; checked by notifications.forms."""

    url: str
    events: Sequence[str] = ()  # none: all
    categories: Sequence[str] = ()  # codes; none: all
    areas: Sequence[str] = ()  # “division.code”; none: all
    language: str = "uk"


def create(*, client: ApiClient, wanted: Wanted, at: datetime) -> tuple[Webhook, str]:
    """A new one, which is asked to answer, and its secret. Raises TooManyWebhooksError."""
    secret = new_secret()
    with transaction.atomic():
        ApiClient.objects.select_for_update().get(pk=client.pk)  # two at the same moment take different places
        subject = Subject.objects.create(community_id=client.community_id, kind=KIND)
        hook = Webhook.objects.create(
            community_id=client.community_id,
            subject=subject,
            client=client,
            slot=_free_slot(client),
            secret=seal(secret),
            created_at=at,
            **_columns(wanted),
        )
        ping(hook, at=at)
    return hook, secret


def change(hook: Webhook, wanted: Wanted, *, at: datetime) -> None:
    """Wants something else from now on; another address must answer before it is told anything."""
    with transaction.atomic():
        now = Webhook.objects.select_for_update().get(pk=hook.pk)
        moves = now.url != wanted.url
        Webhook.objects.filter(pk=hook.pk).update(**_columns(wanted))
        if moves:
            _ask_anew(hook, at=at)
    hook.refresh_from_db()


def pause(hook: Webhook) -> None:
    """It is told nothing of what happens meanwhile."""
    Webhook.objects.filter(pk=hook.pk).exclude(state=State.PAUSED).update(state=State.PAUSED, failing_since=None)
    hook.refresh_from_db()


def resume(hook: Webhook, *, at: datetime) -> None:
    """It is told again, once it has answered. One that is active goes on as it is."""
    with transaction.atomic():
        now = Webhook.objects.select_for_update().get(pk=hook.pk)
        if now.state != State.ACTIVE:
            _ask_anew(hook, at=at)
    hook.refresh_from_db()


def remove(hook: Webhook) -> None:
    """It is gone with its secret; what still waits for it will end."""
    hook.subject.delete()  # takes the row along, and what was said to it alone


def rotate(hook: Webhook, *, at: datetime) -> str:
    """A new secret. Both sign for OLD_SECRET_SIGNS, so that the receiver changes in its own time."""
    secret = new_secret()
    with transaction.atomic():
        now = Webhook.objects.select_for_update().get(pk=hook.pk)
        Webhook.objects.filter(pk=hook.pk).update(
            secret=seal(secret), old_secret=now.secret, old_until=at + OLD_SECRET_SIGNS
        )
    hook.refresh_from_db()
    return secret


def secrets_of(hook: Webhook, *, at: datetime) -> list[str]:
    """Those that sign at that moment, the newest first. Raises BrokenSealError."""
    old = [hook.old_secret] if hook.old_until and at < hook.old_until else []
    return [unseal(sealed) for sealed in (hook.secret, *old)]


def ping(hook: Webhook, *, at: datetime) -> OutboxMessage:
    """A message about nothing: whoever answers it hears of everything else; also to try the way."""
    return enqueue_message(
        subject=hook.subject,
        lane=Lane.DELIVERY,
        audience=OutboxMessage.Audience.PUBLIC,
        channel=CHANNEL,
        recipient=str(hook.pk),
        payload={"name": PING, "fact": {}, "at": at.isoformat()},
        at=at,
    )


def deliveries(hook: Webhook) -> QuerySet[OutboxMessage]:
    """What was and is to be sent there, the newest first."""
    return OutboxMessage.objects.filter(channel=CHANNEL, recipient=str(hook.pk)).order_by("-id")


def status_of(message: OutboxMessage) -> str:
    """“sent”, “waiting” or “failed”."""
    if message.sent_at:
        return "sent"
    return "failed" if message.dead_at else "waiting"


def send_again(hook: Webhook, message: OutboxMessage, *, at: datetime) -> bool:
    """What was given up goes again, with the same key; False when it had not been given up."""
    if message.dead_at is None or hook.state != State.ACTIVE:
        return False
    resend(message, at=at)
    return True


def note_death(message: OutboxMessage, *, at: datetime) -> None:
    """A message was given up. When that goes on for FAILS_FOR, the webhook is paused and its keeper hears of it."""
    hook = Webhook.objects.select_for_update().filter(pk=message.recipient, state=State.ACTIVE).first()
    if hook is None:
        return
    if hook.failing_since is None:
        Webhook.objects.filter(pk=hook.pk).update(failing_since=at)
    elif at - hook.failing_since >= FAILS_FOR:
        Webhook.objects.filter(pk=hook.pk).update(state=State.FAILED)
        _tell_keeper(hook, at=at)


def _tell_keeper(hook: Webhook, *, at: datetime) -> None:
    if contact := hook.client.contact:
        enqueue(
            subject=hook.subject,
            lane=Lane.DELIVERY,
            audience=OutboxMessage.Audience.ORGANISATION,
            recipient=contact,
            letter=hook_letters.paused(hook),
            at=at,
        )


def _ask_anew(hook: Webhook, *, at: datetime) -> None:
    Webhook.objects.filter(pk=hook.pk).update(state=State.UNCONFIRMED, failing_since=None)
    ping(hook, at=at)


def _free_slot(client: ApiClient) -> int:
    """Raises TooManyWebhooksError."""
    taken = set(Webhook.objects.filter(client=client).values_list("slot", flat=True))
    free = next((slot for slot in range(1, MOST_WEBHOOKS + 1) if slot not in taken), None)
    if free is None:
        raise TooManyWebhooksError
    return free


def _columns(wanted: Wanted) -> dict[str, Any]:
    return {
        "url": wanted.url,
        "events": sorted(set(wanted.events)),
        "categories": sorted(set(wanted.categories)),
        "areas": sorted(set(wanted.areas)),
        "language": wanted.language,
    }
