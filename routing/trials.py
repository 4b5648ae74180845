"""A message that tries a channel, sent at once by the channel's own way: whoever administers it sees how it went."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.html import linebreaks
from django.utils.translation import gettext as _

from core.mail import SendingFailedError, send_letter
from routing.bodies import TEST
from routing.drops import DropFailedError, as_failure, put
from routing.models import Channel
from routing.open311_trial import try_open311
from routing.reading import drop_of, note_trouble
from routing.webhooks import send_webhook

Trial = Callable[..., str | None]
_trials: dict[str, Trial] = {}


def register_trial(kind: str, trial: Trial) -> None:
    """How a kind of channel is tried: `trial(channel=, payload=, key=)` returns how it went where that is not “taken”,
    and raises SendingFailedError."""
    _trials[kind] = trial


def try_channel(channel: Channel, *, at: datetime) -> str:
    """Sends a message that says it is a test, or reads where a message would become work for people; returns how it
    went, in words. Raises SendingFailedError, and keeps what went wrong on the channel."""
    text = _("This message tries the channel. There is nothing to do.")
    data = {"version": 1, "news": TEST, "community": channel.community.slug, "text": text, "at": at.isoformat()}
    payload: dict[str, Any] = {
        "subject": _("Test message"),
        "text": text,
        "html": linebreaks(text),
        "data": data,
        "channel_id": channel.pk,
    }
    try:
        told = _trials[channel.kind](channel=channel, payload=payload, key=uuid.uuid4())
    except SendingFailedError as failed:
        note_trouble(channel, str(failed), at=at)
        raise
    note_trouble(channel, "", at=at)
    return told or _("The test message was taken.")


def _by_mail(*, channel: Channel, payload: dict[str, Any], key: uuid.UUID) -> None:
    send_letter(recipient=channel.address, payload=payload, key=key)


def _by_webhook(*, channel: Channel, payload: dict[str, Any], key: uuid.UUID) -> None:
    send_webhook(recipient=channel.address, payload=payload, key=key)


def _by_files(*, channel: Channel, payload: dict[str, Any], key: uuid.UUID) -> None:
    try:
        drop = drop_of(channel)
    except DropFailedError as failed:
        raise as_failure(failed) from failed
    try:
        put(drop, payload, key)
    finally:
        drop.close()


_trials |= {"email": _by_mail, "webhook": _by_webhook, "folder": _by_files, "sftp": _by_files}
register_trial("open311", try_open311)
