"""What must leave: claimed lane by lane, sent or tried again, and given up in sight."""

import logging
import smtplib
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core import outbox
from core.mail import SendingFailedError
from core.models import Lane, OutboxMessage, Subject
from core.outbox import (
    LEASE,
    resend,
    send,
    send_due,
)
from core.outbox_ends import LONGEST_RETRY, MOST_ATTEMPTS, retry_after
from tests.core.conftest import Channel, Write, take

SECOND = timedelta(seconds=1)
Audience = OutboxMessage.Audience


def test_lanes_are_served_in_order_and_in_a_lane_what_is_due_longest(write: Write, now: datetime) -> None:
    bulk = write(lane=Lane.BULK, due_at=now - timedelta(days=1))
    late = write(lane=Lane.DELIVERY, due_at=now - 2 * SECOND, recipient="water@example.org")
    early = write(lane=Lane.DELIVERY, due_at=now - 3 * SECOND)
    code = write(lane=Lane.URGENT, due_at=now)
    assert take(now) == [code, early, late, bulk]


def test_message_of_tomorrow_waits(write: Write, now: datetime) -> None:
    write(due_at=now + SECOND)
    assert take(now) == []


def test_claim_takes_no_more_than_it_asks_for(write: Write, now: datetime) -> None:
    first, *_others = [write() for _ in range(5)]
    assert take(now, limit=1) == [first]
    assert OutboxMessage.objects.exclude(claim=None).count() == 1


def test_claimed_message_belongs_to_its_worker_until_the_lease_ends(write: Write, now: datetime) -> None:
    message = write()
    assert take(now) == [message]
    assert take(now + LEASE - SECOND) == []
    assert take(now + LEASE) == [message]


def test_claim_crosses_communities_without_an_open_scope(write: Write, now: datetime) -> None:
    from django_scopes import scopes_disabled

    message = write()
    with scopes_disabled():
        assert take(now) == [message]


def test_sent_message_is_never_claimed_again(write: Write, channel: Channel, now: datetime) -> None:
    message = write()
    assert send_due(clock=lambda: now) == 1
    assert send_due(clock=lambda: now + timedelta(days=30)) == 0
    assert channel.sent == [message.key]


def test_passing_failure_is_tried_again_later_with_the_same_key(write: Write, channel: Channel, now: datetime) -> None:
    message = write()
    channel.fails["roads@example.org"] = SendingFailedError("SMTP 451 try later")
    assert send_due(clock=lambda: now) == 0
    message.refresh_from_db()
    assert now + 15 * SECOND <= message.due_at <= now + 30 * SECOND
    assert (message.attempts, message.last_error, message.claim) == (1, "SMTP 451 try later", None)
    channel.fails.clear()
    assert send_due(clock=lambda: message.due_at) == 1
    message.refresh_from_db()
    assert channel.sent == [message.key]
    assert message.last_error == ""


def test_permanent_failure_is_a_dead_letter_at_once(write: Write, channel: Channel, now: datetime) -> None:
    message = write()
    channel.fails["roads@example.org"] = SendingFailedError("SMTP 550 no such box", permanent=True)
    send_due(clock=lambda: now)
    message.refresh_from_db()
    assert (message.dead_at, message.last_error) == (now, "SMTP 550 no such box")
    assert send_due(clock=lambda: now + timedelta(days=1)) == 0


def test_letter_is_given_up_after_the_last_try_about_nine_hours_later(
    write: Write, channel: Channel, now: datetime
) -> None:
    message = write()
    channel.fails["roads@example.org"] = SendingFailedError("TimeoutError")
    at = now
    while message.dead_at is None:
        send_due(clock=lambda at=at: at)  # type: ignore[misc]
        message.refresh_from_db()
        at = message.due_at
    assert message.attempts == MOST_ATTEMPTS
    assert timedelta(hours=4) < message.dead_at - now < timedelta(hours=10)


def test_message_that_kills_its_workers_is_given_up_too(write: Write, channel: Channel, now: datetime) -> None:
    message = write()
    for death in range(MOST_ATTEMPTS):
        assert take(now + death * LEASE) == [message]
    send_due(clock=lambda: now + MOST_ATTEMPTS * LEASE)
    message.refresh_from_db()
    assert message.dead_at is not None
    assert message.last_error == "its workers died"
    assert channel.sent == []


def test_pause_grows_is_capped_and_is_spread() -> None:
    full = [retry_after(attempts, jitter=0) for attempts in range(1, 40)]
    assert full[:4] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert full == sorted(full)
    assert max(full) == full[-1] == LONGEST_RETRY
    assert [retry_after(attempts, jitter=1) for attempts in range(1, 40)] == [pause / 2 for pause in full]


def test_dead_letter_is_sent_again_with_the_same_key_and_a_fresh_count(
    write: Write, channel: Channel, now: datetime
) -> None:
    message = write(dead_at=now, attempts=MOST_ATTEMPTS, last_error="SMTP 550 no such box")
    resend(message, at=now + SECOND)
    message.refresh_from_db()
    assert (message.attempts, message.last_error, message.dead_at) == (0, "", None)
    assert send_due(clock=lambda: now + SECOND) == 1
    assert channel.sent == [message.key]


def test_resend_leaves_what_is_not_dead_alone(write: Write, channel: Channel, now: datetime) -> None:
    sent, waiting = write(sent_at=now), write(due_at=now + timedelta(hours=1))
    resend(sent, at=now)
    resend(waiting, at=now)
    assert send_due(clock=lambda: now) == 0
    assert channel.sent == []


def test_poison_stops_neither_its_lane_nor_the_next(write: Write, channel: Channel, now: datetime) -> None:
    poison = write(recipient="poison@example.org", due_at=now - SECOND)
    good, bulk = write(), write(lane=Lane.BULK)
    channel.fails["poison@example.org"] = ValueError("Header values can't contain newlines")
    assert send_due(clock=lambda: now) == 2
    assert channel.sent == [good.key, bulk.key]
    poison.refresh_from_db()
    assert (poison.last_error, poison.attempts, poison.dead_at) == ("ValueError", 1, None)


def test_payload_without_its_parts_stops_nothing(write: Write, now: datetime) -> None:
    broken, good = write(payload={}, recipient="broken@example.org"), write()
    assert send_due(clock=lambda: now) == 1
    broken.refresh_from_db()
    good.refresh_from_db()
    assert (broken.last_error, good.sent_at) == ("KeyError", now)


def test_letter_whose_link_is_gone_is_a_dead_letter(write: Write, now: datetime) -> None:
    message = write(payload={"subject": "", "text": f"[[secret:{uuid.uuid4()}]]", "html": ""})
    send_due(clock=lambda: now)
    message.refresh_from_db()
    assert (message.dead_at, message.last_error) == (now, "its secret link is gone")


def test_unknown_channel_is_a_dead_letter_with_its_name(write: Write, now: datetime) -> None:
    message = write(channel="pigeon")
    send_due(clock=lambda: now)
    message.refresh_from_db()
    assert (message.dead_at, message.last_error) == (now, "no channel pigeon")


def test_registered_channel_sends(write: Write, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    pigeon = Channel()
    monkeypatch.setattr(outbox, "_channels", {})
    outbox.register_channel("pigeon", pigeon)
    message = write(channel="pigeon")
    assert send_due(clock=lambda: now) == 1
    assert pigeon.sent == [message.key]


def test_late_worker_overwrites_nobody(write: Write, channel: Channel, now: datetime) -> None:
    message = write()
    (slow,) = take(now)
    (quick,) = take(now + LEASE)
    assert send(quick, clock=lambda: now + LEASE)
    channel.fails["roads@example.org"] = SendingFailedError("TimeoutError")
    send(slow, clock=lambda: now + LEASE + SECOND)
    message.refresh_from_db()
    assert (message.sent_at, message.last_error) == (now + LEASE, "")


def test_failure_of_a_late_worker_takes_nothing_from_who_holds_the_message(
    write: Write, channel: Channel, now: datetime
) -> None:
    message = write()
    (slow,) = take(now)
    (quick,) = take(now + LEASE)
    channel.fails["roads@example.org"] = SendingFailedError("SMTP 550 no", permanent=True)
    send(slow, clock=lambda: now + LEASE)
    message.refresh_from_db()
    assert (message.claim, message.dead_at) == (quick.claim, None)
    channel.fails.clear()
    assert send(quick, clock=lambda: now + LEASE)
    message.refresh_from_db()
    assert message.sent_at == now + LEASE


def test_late_worker_that_nobody_overtook_still_writes_down_that_it_sent(
    write: Write, channel: Channel, now: datetime
) -> None:
    message = write()
    (slow,) = take(now)
    assert send(slow, clock=lambda: now + 2 * LEASE)
    message.refresh_from_db()
    assert message.sent_at == now + 2 * LEASE


def test_logs_name_no_recipient(
    write: Write, channel: Channel, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    write(recipient="olia@example.org")
    words = b"5.1.1 <olia@example.org>: Recipient address rejected"
    refusal = smtplib.SMTPRecipientsRefused({"olia@example.org": (550, words)})
    channel.fails["olia@example.org"] = SendingFailedError(str(refusal), permanent=True)
    with caplog.at_level(logging.DEBUG):
        send_due(clock=lambda: now)
    assert "was not sent" in caplog.text
    assert "olia" not in caplog.text


def test_message_is_never_both_sent_and_dead(write: Write, now: datetime) -> None:
    with pytest.raises(IntegrityError, match="outbox_sent_or_dead"), transaction.atomic():
        write(sent_at=now, dead_at=now)


def test_message_written_in_a_transaction_that_fails_was_never_there(write: Write) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        _write_and_fail(write)
    assert OutboxMessage.objects.count() == 0


def _write_and_fail(write: Write) -> None:
    write()
    raise ZeroDivisionError


def test_broker_is_asked_only_after_the_commit(
    subject: Subject,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("core.broker.nudge", asked.append)
    with django_capture_on_commit_callbacks(execute=True):
        outbox.enqueue(
            subject=subject,
            lane=Lane.URGENT,
            audience=Audience.AUTHOR,
            recipient="olia@example.org",
            letter=outbox.Letter("Тема", "Слова", "<p>Слова</p>"),
            at=now,
        )
        assert asked == []
    assert asked == ["core.tasks.send_urgent"]
