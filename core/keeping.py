"""Keeps the claim on a message while its sender lives: a thread asks the database for more time when that is needed.

Most messages leave within a second, and for them the thread only waits: no connection is opened.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Final

from django.db import Error, connection
from django_scopes import scopes_disabled

from core.models import OutboxMessage

log = logging.getLogger(__name__)

RENEWALS: Final = 3  # of one lease, so that a database that starts anew loses no claim


@contextmanager
def kept(
    message: OutboxMessage, *, lease: timedelta, longest: timedelta, clock: Callable[[], datetime]
) -> Iterator[None]:
    """While the block lasts, and for `longest` at most, nobody else may claim the message: a sender that never comes
    back loses it."""
    over = Event()
    renewals = range(int(longest / lease * RENEWALS))

    def renew() -> None:
        try:
            for _turn in renewals:
                if over.wait(lease.total_seconds() / RENEWALS):
                    return
                _renew(message, until=clock() + lease)
        finally:
            connection.close()

    thread = Thread(target=renew, name=f"claim of message {message.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _renew(message: OutboxMessage, *, until: datetime) -> None:
    """More time for this claim, while it is still ours."""
    try:
        with scopes_disabled():
            ours = OutboxMessage.objects.filter(pk=message.pk, claim=message.claim, sent_at=None)
            ours.update(leased_until=until)
    except Error as error:  # the database will be back before the lease ends, or another sends it with the same key
        log.warning("The claim on message %s was not renewed: %s", message.key, type(error).__name__)
        connection.close()
