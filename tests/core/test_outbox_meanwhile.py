"""What changes between the claim of a letter and its sending: visibility, address, or that it is to leave at all."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import outbox
from core.mail import SendingFailedError
from core.models import OutboxMessage, Subject, Visibility
from core.outbox import readdress, send, send_due
from core.outbox_ends import LONGEST_RETRY, give_up
from tests.core.conftest import Channel, Write, take

SECOND = timedelta(seconds=1)
Audience = OutboxMessage.Audience


@pytest.mark.parametrize(
    ("visibility", "leave"),
    [
        (Visibility.PUBLIC, {Audience.ORGANISATION, Audience.AUTHOR, Audience.PUBLIC}),
        (Visibility.COARSE, {Audience.ORGANISATION, Audience.AUTHOR, Audience.PUBLIC}),
        (Visibility.HELD, {Audience.ORGANISATION, Audience.AUTHOR}),
        (Visibility.HIDDEN, {Audience.AUTHOR}),
    ],
)
def test_visibility_is_asked_at_the_moment_of_sending(
    write: Write, subject: Subject, channel: Channel, now: datetime, visibility: Visibility, leave: set[str]
) -> None:
    keys = {write(audience=audience).key: audience for audience in Audience}
    Subject.objects.filter(pk=subject.pk).update(visibility=visibility, hidden_reason="образа")
    send_due(clock=lambda: now)
    assert {keys[key] for key in channel.sent} == leave
    for message in OutboxMessage.objects.filter(sent_at=None):
        assert (message.dead_at, message.last_error) == (now, "hidden before it was sent")


def test_letter_of_what_was_published_after_the_claim_leaves(
    write: Write, subject: Subject, channel: Channel, now: datetime
) -> None:
    write()
    Subject.objects.filter(pk=subject.pk).update(visibility=Visibility.HIDDEN, hidden_reason="образа")
    (message,) = take(now)
    Subject.objects.filter(pk=subject.pk).update(visibility=Visibility.PUBLIC, hidden_reason="")
    assert send(message, clock=lambda: now)
    assert channel.sent == [message.key]


def test_letter_of_what_was_hidden_after_the_claim_does_not_leave(
    write: Write, subject: Subject, channel: Channel, now: datetime
) -> None:
    write()
    (message,) = take(now)
    Subject.objects.filter(pk=subject.pk).update(visibility=Visibility.HIDDEN, hidden_reason="образа")
    assert not send(message, clock=lambda: now)
    assert channel.sent == []
    message.refresh_from_db()
    assert (message.dead_at, message.failure) == (now, "hidden")


def test_readdressed_letter_goes_to_the_new_address_only_with_all_its_tries(
    write: Write, channel: Channel, now: datetime
) -> None:
    waiting = write(attempts=13, due_at=now + LONGEST_RETRY, failure="refused", last_error="SMTP 451")
    channel.fails["roads@example.org"] = SendingFailedError("the old address")
    readdress(waiting, recipient="new@example.org", at=now)
    waiting.refresh_from_db()
    assert (waiting.attempts, waiting.failure, waiting.last_error) == (0, "", "")
    assert send_due(clock=lambda: now) == 1


def test_letter_that_was_readdressed_after_the_claim_goes_to_the_new_address(
    write: Write, channel: Channel, now: datetime
) -> None:
    write()
    (message,) = take(now)
    channel.fails["roads@example.org"] = SendingFailedError("the old address")
    readdress(OutboxMessage.objects.get(), recipient="new@example.org", at=now)
    assert send(message, clock=lambda: now)
    assert OutboxMessage.objects.get().recipient == "new@example.org"


def test_what_left_already_is_neither_readdressed_nor_given_up(write: Write, now: datetime) -> None:
    for settled in ({"sent_at": now}, {"dead_at": now, "failure": "hidden"}):
        message = write(**settled)
        readdress(message, recipient="new@example.org", at=now)
        give_up(message, why="nowhere to go", at=now + SECOND)
        before = OutboxMessage.objects.filter(pk=message.pk).values().get()
        assert before["recipient"] == "roads@example.org"
        assert (before["sent_at"], before["dead_at"]) == (settled.get("sent_at"), settled.get("dead_at"))


def test_letter_given_up_after_the_claim_does_not_leave(write: Write, channel: Channel, now: datetime) -> None:
    write()
    (message,) = take(now)
    give_up(message, why="nowhere to go", at=now)
    assert not send(message, clock=lambda: now)
    assert channel.sent == []
    assert OutboxMessage.objects.get().last_error == "nowhere to go"


@pytest.mark.parametrize("meanwhile", ["readdressed", "given up"])
def test_letter_that_left_meanwhile_is_written_down_as_it_left(
    write: Write, monkeypatch: pytest.MonkeyPatch, now: datetime, meanwhile: str
) -> None:
    write()

    def slow(*, recipient: str, payload: dict[str, Any], key: uuid.UUID) -> None:
        if meanwhile == "readdressed":
            readdress(OutboxMessage.objects.get(), recipient="new@example.org", at=now)
        else:
            give_up(OutboxMessage.objects.get(), why="nowhere to go", at=now)

    monkeypatch.setitem(outbox._channels, "email", slow)
    assert send_due(clock=lambda: now) == 1
    left = OutboxMessage.objects.get()
    assert (left.recipient, left.sent_at, left.dead_at, left.last_error) == ("roads@example.org", now, None, "")
