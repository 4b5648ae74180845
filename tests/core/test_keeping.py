"""A sender that lives keeps its message, however long a receiver takes; one that is gone loses it soon."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from core import outbox, outbox_ends
from core.outbox import claim, send_due
from tests.core.conftest import Channel, Write

pytestmark = pytest.mark.django_db(transaction=True)
SHORT = timedelta(seconds=0.6)
LONGEST = timedelta(seconds=3)


class Slow:
    """A receiver that answers when the test lets it."""

    def __init__(self) -> None:
        self.reached, self.go_on = Event(), Event()

    def __call__(self, **_message: object) -> None:
        self.reached.set()
        assert self.go_on.wait(30)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    monkeypatch.setattr(outbox, "LEASE", SHORT)
    monkeypatch.setattr(outbox, "LONGEST_SENDING", LONGEST)
    found = Slow()
    monkeypatch.setitem(outbox._channels, "email", found)
    yield found
    found.go_on.set()


def in_a_thread() -> Thread:
    """Sends what is due, as a worker does."""

    def work() -> None:
        try:
            send_due()
        finally:
            connection.close()

    worker = Thread(target=work)
    worker.start()
    return worker


def test_nobody_else_gets_a_message_while_its_sender_waits_for_the_receiver(write: Write, slow: Slow) -> None:
    message = write(due_at=timezone.now())
    worker = in_a_thread()
    assert slow.reached.wait(30)
    last = timezone.now() + 3 * SHORT
    while (at := timezone.now()) < last:
        assert claim(at=at) == []
        slow.go_on.wait(0.05)
    slow.go_on.set()
    worker.join(30)
    message.refresh_from_db()
    assert (message.sent_at is not None, message.attempts) == (True, 1)


def test_a_sender_that_never_comes_back_loses_its_message(write: Write, slow: Slow) -> None:
    message = write(due_at=timezone.now())
    worker = in_a_thread()
    assert slow.reached.wait(30)
    last = timezone.now() + 10 * LONGEST
    while not (taken := claim(at=timezone.now())) and timezone.now() < last:
        slow.go_on.wait(0.1)
    assert taken == [message]
    slow.go_on.set()
    worker.join(30)


@pytest.mark.parametrize("times", [1, len(outbox.PAUSES)])
def test_what_left_while_the_database_was_away_is_written_down_when_it_is_back(
    write: Write, channel: Channel, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    message = write(due_at=timezone.now())
    away = [OperationalError("the connection is lost")] * times
    settle = outbox_ends.settle

    def settle_when_it_is_back(*arguments: Any, **fields: Any) -> None:
        if away:
            raise away.pop()
        settle(*arguments, **fields)

    monkeypatch.setattr(outbox, "settle", settle_when_it_is_back)
    monkeypatch.setattr(outbox, "PAUSES", [0.01] * len(outbox.PAUSES))
    assert send_due() == 1
    message.refresh_from_db()
    assert channel.sent == [message.key]
    assert message.sent_at is not None
