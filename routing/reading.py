"""Answers that lie in folders are fetched: ours to ask, as old systems cannot call us."""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django_scopes import scope, scopes_disabled

from routing.drops import Drop, DropFailedError, collect
from routing.folders import folder_of
from routing.models import Channel
from routing.sftp import SftpFolder

log = logging.getLogger(__name__)

AGAIN: Final = timedelta(minutes=10)  # a folder that failed is asked again after so long


def read_answers(*, at: datetime) -> int:
    """Reads the folders of all active channels; returns how many answers were taken. One that fails stops no other, and
    says so on the channel's page."""
    with scopes_disabled():
        resting = Q(troubled_at__gt=at - AGAIN)
        rows = Channel.objects.filter(is_active=True, kind__in=[Channel.Kind.FOLDER, Channel.Kind.SFTP])
        ready = list(rows.exclude(resting).select_related("community", "organisation").order_by("pk"))
    return sum(_read(channel, at=at) for channel in ready)


def drop_of(channel: Channel) -> Drop:
    """The folder of a channel. Raises DropFailedError."""
    if channel.kind == Channel.Kind.SFTP:
        return SftpFolder(channel, channel.address)
    return folder_of(channel, channel.address)


def note_trouble(channel: Channel, trouble: str, *, at: datetime) -> None:
    """Says on the channel's page what went wrong; "" when it works again."""
    rows = Channel.objects.filter(pk=channel.pk)
    if trouble:
        rows.update(trouble=trouble[:300], troubled_at=at)
    else:
        rows.exclude(trouble="").update(trouble="", troubled_at=None)


def _read(channel: Channel, *, at: datetime) -> int:
    with scope(community=channel.community):
        try:
            drop = drop_of(channel)
            try:
                taken = collect(drop, channel, at=at)
            finally:
                drop.close()
        except DropFailedError as failed:
            log.warning("The folder of channel %s could not be read", channel.pk)
            note_trouble(channel, str(failed), at=at)
            return 0
        note_trouble(channel, "", at=at)
    return taken
