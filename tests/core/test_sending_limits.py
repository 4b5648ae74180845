"""What a provider takes: exact under parallel workers, shared by the lanes, and in nobody's way."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django_scopes import scopes_disabled
from hypothesis import given
from hypothesis import strategies as st

from core.models import Lane, OutboxMessage, SendingLimit
from core.outbox import send_due
from core.outbox_claim import Round, claim
from core.outbox_limits import _with_one_more, host_of, most_for, opens_at, used
from geodata.models import Community
from tests.core.conftest import Channel, Write
from tests.parallel import at_once

SECOND = timedelta(seconds=1)


def limit(**fields: Any) -> SendingLimit:
    return SendingLimit.objects.create(**({"channel": "email", "most": 10, "window": 60} | fields))


def residents(write: Write, count: int, host: str = "example.org", **fields: Any) -> list[OutboxMessage]:
    return [write(recipient=f"resident{number}@{host}", **fields) for number in range(count)]


def test_no_more_leaves_than_the_limit_says_and_the_rest_later(write: Write, channel: Channel, now: datetime) -> None:
    limit(most=3, window=60)
    residents(write, 5, lane=Lane.URGENT)
    assert send_due(clock=lambda: now) == 3
    assert send_due(clock=lambda: now + 59 * SECOND) == 0
    assert send_due(clock=lambda: now + 70 * SECOND) == 2


def test_what_waits_for_a_limit_uses_up_no_try_and_shows_no_error(
    write: Write, channel: Channel, now: datetime
) -> None:
    limit(most=1)
    residents(write, 3, lane=Lane.URGENT)
    before = list(OutboxMessage.objects.order_by("pk").values())
    send_due(clock=lambda: now)
    assert list(OutboxMessage.objects.order_by("pk").values())[1:] == before[1:]


def test_mass_mailing_leaves_room_for_deliveries_and_both_for_codes(
    write: Write, channel: Channel, now: datetime
) -> None:
    limit(most=10)
    for lane in Lane:
        residents(write, 20, host=f"{lane}.example.org", lane=lane)
    left = [send_due(lane, clock=lambda: now) for lane in (Lane.BULK, Lane.DELIVERY, Lane.URGENT)]
    assert left == [7, 2, 1]


def test_small_limit_lets_every_lane_out() -> None:
    assert [most_for(lane, SendingLimit(most=1)) for lane in Lane] == [1, 1, 1]


def test_limit_of_a_host_does_not_hold_up_other_hosts(write: Write, channel: Channel, now: datetime) -> None:
    limit(host="slow.example", most=1)
    residents(write, 5, host="Slow.Example", lane=Lane.URGENT)
    others = residents(write, 3, host="quick.example", lane=Lane.URGENT)
    assert send_due(clock=lambda: now) == 4
    assert set(channel.sent) >= {message.key for message in others}


def test_limit_of_a_channel_does_not_hold_up_other_channels(write: Write, now: datetime) -> None:
    limit(most=1)
    residents(write, 3, lane=Lane.URGENT)
    hook = write(channel="webhook", recipient="https://hooks.example/in", due_at=now)
    claimed = claim(at=now, going=Round())
    assert hook in claimed
    assert len(claimed) == 2


def test_while_a_limit_is_used_up_nothing_is_written_again_and_again(write: Write, now: datetime) -> None:
    """Those of the host are set aside once; after that a claim changes nothing and finds nothing."""
    limit(host="slow.example", most=1)
    residents(write, 20, host="slow.example", lane=Lane.URGENT)
    claim(at=now, limit=1)
    claim(at=now, limit=1)
    assert set(OutboxMessage.objects.filter(claim=None).values_list("queue", flat=True)) == {"slow.example"}
    with connection.cursor() as cursor:
        before = _rows_written(cursor)
        for _turn in range(5):
            assert claim(at=now, limit=1) == []
        assert _rows_written(cursor) == before


def _rows_written(cursor: Any) -> int:
    cursor.execute("SELECT pg_stat_get_xact_tuples_updated(oid) FROM pg_class WHERE relname = 'core_outboxmessage'")
    return int(cursor.fetchone()[0])


def test_limit_that_is_taken_away_holds_nobody(write: Write, channel: Channel, now: datetime) -> None:
    row = limit(host="slow.example", most=1)
    residents(write, 5, host="slow.example", lane=Lane.URGENT)
    send_due(clock=lambda: now)
    row.delete()
    assert send_due(clock=lambda: now) == 4


@pytest.mark.parametrize("wrong", [{"most": 0}, {"window": 7}])
def test_limit_that_makes_no_sense_is_refused_by_the_database(db: None, wrong: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        limit(**wrong)


def test_host_of_a_recipient() -> None:
    assert host_of("olia@Mail.Example.ORG") == "mail.example.org"
    assert host_of("https://User:pw@Hooks.example:8443/in?x=a@b") == "hooks.example"


@given(st.lists(st.integers(0, 4000), max_size=60), st.integers(1, 8))
def test_no_stretch_of_a_window_holds_more_than_the_limit(steps: list[int], most: int) -> None:
    """Whenever workers come (steps are milliseconds), any minute holds at most so many; and a wait ends as foretold."""
    row, now, left = SendingLimit(most=most, window=60, spent=[]), datetime.fromisoformat("2026-03-02T10:00Z"), []
    for step in steps:
        now += timedelta(milliseconds=step)
        if used(row, at=now) < most:
            row.spent = _with_one_more(row, at=now)
            left.append(now)
        else:
            opens = opens_at(row, lane=Lane.URGENT, at=now)
            assert used(row, at=opens) < most
            assert opens - now <= timedelta(seconds=67)
    assert all(sum(one - 60 * SECOND < other <= one for other in left) <= most for one in left)


@pytest.fixture
def all_communities(inside: Community) -> Iterator[None]:
    with scopes_disabled():
        yield


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("all_communities")
def test_parallel_workers_together_send_exactly_what_the_limit_says(
    write: Write, channel: Channel, now: datetime
) -> None:
    limit(most=10)
    limit(host="slow.example", most=4, window=3600)
    residents(write, 12, host="slow.example", lane=Lane.URGENT)
    residents(write, 12, host="quick.example", lane=Lane.URGENT)
    sent = at_once([lambda: send_due(Lane.URGENT, clock=lambda: now)] * 4)
    assert sum(sent) == len(channel.sent) == 10
    assert OutboxMessage.objects.filter(sent_at__isnull=False, recipient__contains="slow").count() <= 4
