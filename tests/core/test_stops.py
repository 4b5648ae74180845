"""Pausing a lane, emptying it, and letting it go: everything is accepted meanwhile, and nothing is lost."""

import uuid
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django_scopes import scopes_disabled

from core import outbox
from core.mail import SendingFailedError
from core.models import Lane, OutboxMessage, Stop, StopEverywhere, Subject
from core.outbox import resend, send_due
from core.outbox_stops import is_empty, let_go, stop_lane
from geodata.models import Community
from tests.core.conftest import Channel, Write
from tests.parallel import at_once

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
PAUSED, DRAINING = Stop.Kind.PAUSED, Stop.Kind.DRAINING


def stop(kind: Stop.Kind, at: datetime, community: Community | None = None, lane: Lane = Lane.DELIVERY) -> Any:
    return stop_lane(lane, kind=kind, community=community, by=None, reason="Перенос сервера.", at=at)


def test_paused_lane_starts_nothing_and_goes_on_when_it_may(write: Write, channel: Channel, now: datetime) -> None:
    message = write()
    stop(PAUSED, now)
    assert send_due(clock=lambda: now) == 0
    message.refresh_from_db()
    assert (message.attempts, message.last_error) == (0, "")
    assert let_go(Lane.DELIVERY, community=None)
    assert send_due(clock=lambda: now) == 1
    assert not let_go(Lane.DELIVERY, community=None)


def test_pause_of_a_lane_stops_no_other(write: Write, channel: Channel, now: datetime) -> None:
    write()
    code = write(lane=Lane.URGENT)
    stop(PAUSED, now)
    assert send_due(clock=lambda: now) == 1
    assert channel.sent == [code.key]


def test_pause_of_a_community_stops_no_other(
    write: Write, channel: Channel, elsewhere: Community, inside: Community, now: datetime
) -> None:
    with scopes_disabled():
        theirs = write(community=elsewhere, subject=Subject.objects.create(community=elsewhere, kind="issue"))
    write()
    stop(PAUSED, now, inside)
    assert send_due(clock=lambda: now) == 1
    assert channel.sent == [theirs.key]


def test_urgent_is_stopped_for_everybody_only(write: Write, channel: Channel, inside: Community, now: datetime) -> None:
    write(lane=Lane.URGENT)
    with pytest.raises(IntegrityError, match="stop_leaves_urgent_alone"), transaction.atomic():
        stop(PAUSED, now, inside, Lane.URGENT)
    stop(PAUSED, now, None, Lane.URGENT)
    assert send_due(clock=lambda: now) == 0


@pytest.mark.parametrize("everywhere", [True, False])
def test_being_emptied_what_waits_is_tried_now_and_what_comes_later_waits(
    write: Write, channel: Channel, inside: Community, now: datetime, everywhere: bool
) -> None:
    retried = write(attempts=9, due_at=now + HOUR, recipient="water@example.org")
    fails = write(recipient="broken@example.org")
    channel.fails["broken@example.org"] = SendingFailedError("SMTP 451")
    row = stop(DRAINING, now, None if everywhere else inside)
    later = write(due_at=now + SECOND, created_at=now + SECOND, recipient="gas@example.org")
    assert not is_empty(row, at=now + SECOND)
    assert send_due(clock=lambda: now + 2 * SECOND) == 1
    assert channel.sent == [retried.key]
    assert is_empty(row, at=now + 2 * SECOND)
    channel.fails.clear()
    assert send_due(clock=lambda: now + HOUR) == 0, "what failed waits as what came later"
    let_go(Lane.DELIVERY, community=None if everywhere else inside)
    assert send_due(clock=lambda: now + HOUR) == 2
    assert set(channel.sent) == {retried.key, fails.key, later.key}


def test_dead_letter_that_is_sent_again_during_a_pause_waits(write: Write, channel: Channel, now: datetime) -> None:
    message = write(dead_at=now, failure="refused")
    stop(DRAINING, now)
    resend(message, at=now + SECOND)
    assert send_due(clock=lambda: now + HOUR) == 0
    let_go(Lane.DELIVERY, community=None)
    assert send_due(clock=lambda: now + HOUR) == 1


def test_last_word_counts(write: Write, now: datetime) -> None:
    stop(PAUSED, now)
    stop(DRAINING, now + SECOND)
    assert StopEverywhere.objects.get().kind == DRAINING


def test_pause_without_a_reason_is_refused_by_the_database(inside: Community, now: datetime) -> None:
    for community in (None, inside):
        with pytest.raises(IntegrityError, match="with_a_reason"), transaction.atomic():
            stop_lane(Lane.BULK, kind=PAUSED, community=community, by=None, reason="", at=now)


@pytest.mark.django_db(transaction=True)
def test_what_is_being_sent_when_the_pause_comes_is_finished(
    write: Write, inside: Community, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _second = write(), write(recipient="water@example.org")
    begun, paused = Event(), Event()

    def slow(*, recipient: str, payload: dict[str, Any], key: uuid.UUID) -> None:
        begun.set()
        assert paused.wait(30)

    def pause() -> bool:
        assert begun.wait(30)
        row = stop(PAUSED, now)
        was_empty = is_empty(row, at=now)
        paused.set()
        return was_empty

    monkeypatch.setitem(outbox._channels, "email", slow)
    assert at_once([lambda: send_due(clock=lambda: now), pause], community=inside) == [1, False]
    assert OutboxMessage.objects.get(sent_at__isnull=False) == first
    assert is_empty(StopEverywhere.objects.get(), at=now)
