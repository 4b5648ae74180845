"""Which message is next: communities take turns, things keep their order, and no lane takes another's workers."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection
from django_scopes import scopes_disabled

from core import outbox, seats
from core.mail import SendingFailedError
from core.models import Lane, OutboxMessage, Subject
from core.outbox import resend, send, send_due
from core.outbox_claim import Round, claim, claim_one
from core.outbox_ends import give_up
from core.seats import SEATS, Seats
from geodata.models import Community
from launcher import parts
from tests.core.conftest import Channel, Write

SECOND = timedelta(seconds=1)


@pytest.fixture
def elsewhere_subject(elsewhere: Community) -> Subject:
    with scopes_disabled():
        return Subject.objects.create(community=elsewhere, kind="issue")


def many(write: Write, count: int, **fields: Any) -> list[OutboxMessage]:
    """Letters to so many residents."""
    return [write(recipient=f"resident{number}@example.org", **fields) for number in range(count)]


# Communities take turns -------------------------------------------------------------------------------------
def test_one_letter_of_a_small_community_waits_for_one_of_a_big_one(
    write: Write, elsewhere_subject: Subject, now: datetime
) -> None:
    many(write, 5, due_at=now - timedelta(days=1))
    single = write(community=elsewhere_subject.community, subject=elsewhere_subject)
    assert single in claim(at=now, limit=2, going=Round())


def test_turns_go_on_where_they_stopped(write: Write, elsewhere_subject: Subject, now: datetime) -> None:
    many(write, 3)
    many(write, 3, community=elsewhere_subject.community, subject=elsewhere_subject)
    going = Round()
    served = [message.community_id for message in claim(at=now, limit=6, going=going)]
    assert served[0:2] != served[1:3]
    assert served[0:2] == served[2:4] == served[4:6]


def test_community_that_has_nothing_due_loses_its_turn_only(
    write: Write, elsewhere_subject: Subject, now: datetime
) -> None:
    write(due_at=now + SECOND)
    theirs = many(write, 3, community=elsewhere_subject.community, subject=elsewhere_subject)
    assert claim(at=now, limit=3, going=Round()) == theirs


def test_in_a_community_what_is_due_longest_goes_first_whatever_its_channel(write: Write, now: datetime) -> None:
    mail, hook = write(due_at=now - SECOND), write(channel="webhook", due_at=now - 2 * SECOND)
    assert claim(at=now, going=Round()) == [hook, mail]


# Things keep their order ------------------------------------------------------------------------------------
def test_second_letter_of_a_thing_waits_while_the_first_is_being_sent(write: Write, now: datetime) -> None:
    first, second = write(), write()
    assert claim(at=now) == [first]
    assert claim(at=now) == []
    OutboxMessage.objects.filter(pk=first.pk).update(sent_at=now, claim=None, leased_until=None)
    assert claim(at=now) == [second]


def test_second_letter_waits_while_the_first_is_tried_again_and_leaves_right_after_it(
    write: Write, channel: Channel, now: datetime
) -> None:
    first, second = write(), write()
    channel.fails["roads@example.org"] = SendingFailedError("SMTP 451 try later")
    send_due(clock=lambda: now)
    channel.fails.clear()
    assert send_due(clock=lambda: now + SECOND) == 0
    first.refresh_from_db()
    assert send_due(clock=lambda: first.due_at) == 2
    assert channel.sent == [first.key, second.key]


@pytest.mark.parametrize("end", ["refused for good", "given up by staff"])
def test_dead_letter_holds_nobody_back(write: Write, channel: Channel, now: datetime, end: str) -> None:
    first, second = write(), write()
    channel.fails["roads@example.org"] = SendingFailedError("SMTP 451 try later", permanent=end == "refused for good")
    send_due(clock=lambda: now, most=1)
    channel.fails.clear()
    give_up(first, why="nobody lives there", at=now)
    assert send_due(clock=lambda: now) == 1
    assert channel.sent == [second.key]


@pytest.mark.parametrize("other", [{"recipient": "water@example.org"}, {"channel": "webhook"}, {"subject": "another"}])
def test_another_reader_channel_or_thing_is_not_held_back(
    write: Write, subject: Subject, now: datetime, other: dict[str, Any]
) -> None:
    if "subject" in other:
        other = {"subject": Subject.objects.create(community=subject.community, kind="issue")}
    assert len(claim(at=now)) == 0
    messages = [write(), write(**other)]
    assert claim(at=now) == messages


def test_urgent_letter_overtakes_a_mass_mailing_to_the_same_reader(write: Write, now: datetime) -> None:
    write(lane=Lane.BULK)
    code = write(lane=Lane.URGENT)
    assert claim_one(Lane.URGENT, at=now) == code


def test_dead_letter_that_is_sent_again_goes_before_what_was_written_later(
    write: Write, channel: Channel, now: datetime
) -> None:
    first, second = write(dead_at=now, failure="refused"), write()
    resend(first, at=now)
    assert send_due(clock=lambda: now) == 2
    assert channel.sent == [first.key, second.key]


def test_what_waits_behind_a_failing_letter_is_not_read_at_every_turn(
    write: Write, channel: Channel, now: datetime
) -> None:
    """It is due when the first is tried again."""
    first, second = write(), write()
    channel.fails["roads@example.org"] = SendingFailedError("SMTP 451 try later")
    (message,) = claim(at=now)
    send(message, clock=lambda: now)
    first.refresh_from_db()
    second.refresh_from_db()
    assert second.due_at == first.due_at


# Workers of their own ---------------------------------------------------------------------------------------
def test_worker_of_a_lane_takes_nothing_of_another(write: Write, channel: Channel, now: datetime) -> None:
    keys = {lane: write(lane=lane, recipient=f"{lane}@example.org").key for lane in Lane}
    for lane in Lane:
        assert send_due(lane, clock=lambda: now) == 1
    assert channel.sent == list(keys.values())


def test_lane_takes_no_more_threads_than_its_seats() -> None:
    row = Seats(2)
    assert [row.take(), row.take(), row.take()] == [True, True, False]
    assert row.leave(), "somebody came in vain: look once more"
    assert not row.leave()


def test_process_of_the_outbox_has_a_thread_for_every_seat() -> None:
    assert sum(SEATS.values()) == parts.OUTBOX_THREADS


def test_task_that_finds_no_seat_ends_and_who_sits_looks_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Lane] = []

    def look(lane: Lane, **_how: object) -> int:
        looked.append(lane)
        if len(looked) == 1:
            assert seats.serve(lane) == 0
        return 1

    monkeypatch.setattr(seats, "_seats", {Lane.BULK: Seats(1)})
    monkeypatch.setattr(outbox, "send_due", look)
    assert seats.serve(Lane.BULK) == 2
    assert looked == [Lane.BULK, Lane.BULK]


@pytest.fixture
def shutting_down() -> Iterator[Event]:
    yield seats._shutting_down
    seats._shutting_down.clear()


def test_worker_that_is_asked_to_stop_begins_no_further_message(
    write: Write, channel: Channel, shutting_down: Event
) -> None:
    write()
    seats.start_nothing_more()
    assert seats.serve(Lane.DELIVERY) == 0
    assert channel.sent == []


# How it is found --------------------------------------------------------------------------------------------
def test_claim_reads_a_handful_of_rows_however_much_waits(write: Write, now: datetime) -> None:
    """Not 3,000 waiting letters."""
    message = write()
    rows = [
        OutboxMessage(**{**_copied(message), "recipient": f"resident{number}@example.org"}) for number in range(3000)
    ]
    OutboxMessage.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE core_outboxmessage")
        before = _rows_read(cursor)
        claim_one(Lane.DELIVERY, at=now, going=Round())
        assert _rows_read(cursor) - before < 300


def _copied(message: OutboxMessage) -> dict[str, Any]:
    names = ("community_id", "subject_id", "lane", "channel", "audience", "payload", "created_at", "due_at")
    return {name: getattr(message, name) for name in names}


def _rows_read(cursor: Any) -> int:
    """Rows of the outbox that this transaction read so far, by any way."""
    cursor.execute(
        "SELECT pg_stat_get_xact_tuples_returned(c.oid) + pg_stat_get_xact_tuples_fetched(c.oid) + ("
        "SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index WHERE indrelid = c.oid"
        ") FROM pg_class c WHERE relname = 'core_outboxmessage'"
    )
    return int(cursor.fetchone()[0])
