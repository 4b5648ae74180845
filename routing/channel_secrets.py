"""Secrets of channels: sealed in the database, shown once when they are made, replaced without a moment in between."""

from django.db import transaction

from core.sealed import BrokenSealError, seal, unseal
from core.signing import new_secret
from routing.models import Channel


class RotationRefusedError(ValueError):
    """The secret is being replaced already: the former one is to be ended first."""


def secrets_of(channel: Channel) -> list[str]:
    """Those that sign and are taken now: the secret, and the one that it replaces. One whose seal no key of the
    installation opens is left out."""
    return [secret for sealed in (channel.secret, channel.former_secret) if (secret := _opened(sealed))]


def give_secret(channel: Channel) -> str:
    """A new secret for a channel that has none; returns it, to be shown once."""
    secret = new_secret()
    channel.secret = seal(secret)
    channel.save(update_fields=["secret"])
    return secret


def rotate(channel: Channel) -> str:
    """A new secret beside the present one, which signs and is taken until `end_former`; returns the new one, to be
    shown once. Raises RotationRefusedError."""
    secret = new_secret()
    with transaction.atomic():
        now = Channel.objects.select_for_update(of=("self",)).get(pk=channel.pk)
        if now.former_secret:
            raise RotationRefusedError
        now.former_secret, now.secret = now.secret, seal(secret)
        now.save(update_fields=["secret", "former_secret"])
    channel.refresh_from_db(fields=["secret", "former_secret"])
    return secret


def end_former(channel: Channel) -> bool:
    """The former secret signs no more and is taken no more. False when there was none."""
    ended = Channel.objects.filter(pk=channel.pk).exclude(former_secret="").update(former_secret="")
    return bool(ended)


def _opened(sealed: str) -> str:
    try:
        return unseal(sealed)
    except BrokenSealError:
        return ""
