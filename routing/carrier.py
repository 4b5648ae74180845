"""The channel that carries a message."""

from collections.abc import Mapping
from typing import Any

from django_scopes import scopes_disabled

from core.mail import SendingFailedError
from routing.models import Channel


def channel_in(payload: Mapping[str, Any]) -> Channel:
    """The channel that a message goes by, as it is now. Raises SendingFailedError when it is gone."""
    with scopes_disabled():
        found: Channel | None = Channel.objects.filter(pk=payload.get("channel_id") or 0).first()
    if found is None:
        raise SendingFailedError("its channel is gone", permanent=True)
    return found
