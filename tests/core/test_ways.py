"""A receiver that is down: one message asks, everything else waits without a try, and leaves as soon as it is back."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Event
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django_scopes import scopes_disabled

from core import outbox
from core.events import way_stays_down
from core.mail import SendingFailedError
from core.models import Failure, Lane, OutboxMessage, SendingLimit, Stop, StopEverywhere, Way
from core.outbox import send_due
from core.outbox_ends import MOST_ATTEMPTS, look_at_ways
from core.ways import ASK_EVERY, PATIENCE, way_of
from geodata.models import Community
from tests.core.conftest import Write
from tests.parallel import at_once

HOOKS = "https://hooks.example/in"
SECOND = timedelta(seconds=1)
pytestmark = pytest.mark.django_db


class Receiver:
    """The host of webhooks. Remembers who came, and who was let in."""

    def __init__(self) -> None:
        self.is_there, self.refuses = True, False
        self.came: list[str] = []
        self.got: list[str] = []
        self.poison: set[str] = set()  # what breaks it

    def __call__(self, *, recipient: str, payload: dict[str, str], key: object) -> None:
        words = payload["text"]
        self.came.append(words)
        if not self.is_there or words in self.poison:
            raise SendingFailedError("nobody answers", failure=Failure.UNREACHABLE)
        if self.refuses:
            raise SendingFailedError("HTTP 422", failure=Failure.REFUSED, permanent=True)
        self.got.append(words)

    def since_last(self) -> list[str]:
        found, self.came = self.came, []
        return found


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    found = Receiver()
    monkeypatch.setitem(outbox._channels, "webhook", found)
    return found


@pytest.fixture(autouse=True)
def _everywhere() -> Iterator[None]:
    with scopes_disabled():
        yield


def at(moment: datetime) -> Callable[[], datetime]:
    """A clock that stands."""
    return lambda: moment


def news(write: Write, text: str, **fields: object) -> OutboxMessage:
    """A message about something of its own, so that none waits for another."""
    message = write(**{"channel": "webhook", "recipient": HOOKS, "payload": {"text": text}} | fields)
    own = type(message.subject).objects.create(community=message.community, kind="issue")
    OutboxMessage.objects.filter(pk=message.pk).update(subject=own)
    return message


def spent(moment: datetime) -> list[list[int]]:
    """A limit of an hour that is used up."""
    return [[int(moment.timestamp() * 10 / 3600), 1]]


def went_down(write: Write, hooks: Receiver, now: datetime) -> list[OutboxMessage]:
    """Two messages found nobody."""
    hooks.is_there = False
    found = [news(write, name) for name in ("a", "b")]
    assert send_due(clock=at(now)) == 0
    assert hooks.since_last() == ["a", "b"]
    return found


def attempts_of(message: OutboxMessage) -> int:
    return OutboxMessage.objects.values_list("attempts", flat=True).get(pk=message.pk)


# One asks, the others wait -----------------------------------------------------------------------------------
def test_after_two_messages_found_nobody_the_others_wait_without_a_try(
    write: Write, hooks: Receiver, now: datetime
) -> None:
    went_down(write, hooks, now)
    others = [news(write, name) for name in "cdefg"]
    assert send_due(clock=at(now + SECOND)) == 0
    assert hooks.since_last() == []
    assert [attempts_of(message) for message in others] == [0] * 5


def test_one_message_asks_in_turn_and_uses_up_no_try(write: Write, hooks: Receiver, now: datetime) -> None:
    first, second = went_down(write, hooks, now)
    third = news(write, "c")
    asked = []
    for turn in range(1, 7):
        send_due(clock=at(now + turn * ASK_EVERY))
        asked += hooks.since_last()
    assert asked == ["c", "a", "b", "c", "a", "b"]
    assert [attempts_of(message) for message in (first, second, third)] == [1, 1, 0]


def test_the_first_that_comes_through_lets_all_others_leave_at_once(
    write: Write, hooks: Receiver, now: datetime
) -> None:
    went_down(write, hooks, now)
    for name in "cdefg":
        news(write, name)
    for turn in range(1, 100):  # 25 minutes
        send_due(clock=at(now + turn * ASK_EVERY))
    hooks.is_there = True
    assert send_due(clock=at(now + 100 * ASK_EVERY)) == 7
    assert sorted(hooks.got) == list("abcdefg")
    assert not Way.objects.exists()


def test_an_answer_that_refuses_opens_the_way_too(write: Write, hooks: Receiver, now: datetime) -> None:
    went_down(write, hooks, now)
    hooks.is_there, hooks.refuses = True, True
    send_due(clock=at(now + ASK_EVERY))
    assert not Way.objects.exists()


def test_a_message_that_breaks_its_receiver_keeps_nobody_waiting(write: Write, hooks: Receiver, now: datetime) -> None:
    hooks.poison = {"a", "b"}
    for name in ("a", "b"):
        news(write, name)
    send_due(clock=at(now))
    assert Way.objects.get().is_down
    news(write, "good")
    news(write, "good too")
    assert send_due(clock=at(now + ASK_EVERY)) == 2
    assert hooks.got == ["good", "good too"]


def test_one_message_alone_closes_no_way_and_dies_after_its_own_tries(
    write: Write, hooks: Receiver, now: datetime
) -> None:
    hooks.is_there = False
    message = news(write, "a")
    for turn in range(MOST_ATTEMPTS):
        send_due(clock=at(now + turn * timedelta(hours=1)))
    message.refresh_from_db()
    assert (message.attempts, message.dead_at is not None) == (MOST_ATTEMPTS, True)
    assert not Way.objects.get().is_down


def test_other_hosts_and_other_channels_go_on(write: Write, hooks: Receiver, channel: object, now: datetime) -> None:
    went_down(write, hooks, now)
    hooks.is_there = True  # for whoever else is behind the same sender
    news(write, "elsewhere", recipient="https://other.example/in")
    news(write, "letter", channel="email", recipient="roads@hooks.example")
    assert send_due(clock=at(now + SECOND)) == 2
    assert hooks.got == ["elsewhere"]


def test_all_letters_leave_by_one_server() -> None:
    assert way_of("email", "a@one.example") == way_of("email", "b@two.example") == ("email", "")
    assert way_of("webhook", "https://User@Hooks.Example:8443/in") == ("webhook", "hooks.example")


def test_order_of_one_thing_is_kept_through_an_outage(write: Write, hooks: Receiver, now: datetime) -> None:
    went_down(write, hooks, now)
    for name in ("one", "two", "three"):
        write(channel="webhook", recipient=HOOKS, payload={"text": name})
    for turn in range(1, 12):
        send_due(clock=at(now + turn * ASK_EVERY))
    assert not {"two", "three"} & set(hooks.since_last())
    hooks.is_there = True
    send_due(clock=at(now + 12 * ASK_EVERY))
    assert [name for name in hooks.got if len(name) > 1] == ["one", "two", "three"]


# What asking heeds: pauses, limits, other ways ---------------------------------------------------------------
def test_nobody_asks_in_a_lane_that_is_paused(write: Write, hooks: Receiver, now: datetime, yavoryn: Community) -> None:
    went_down(write, hooks, now)
    here = Stop.objects.create(
        community=yavoryn, lane=Lane.DELIVERY, kind=Stop.Kind.PAUSED, since=now, reason="Переїзд."
    )
    send_due(clock=at(now + ASK_EVERY))
    here.delete()
    StopEverywhere.objects.create(lane=Lane.DELIVERY, kind=Stop.Kind.PAUSED, since=now, reason="Переїзд.")
    send_due(clock=at(now + 2 * ASK_EVERY))
    assert hooks.since_last() == []


def test_asking_in_vain_uses_up_no_limit_and_what_leaves_does(write: Write, hooks: Receiver, now: datetime) -> None:
    went_down(write, hooks, now)
    SendingLimit.objects.create(channel="webhook", most=1, window=3600)
    for turn in range(1, 5):
        send_due(clock=at(now + turn * ASK_EVERY))
    assert len(hooks.since_last()) == 4
    hooks.is_there = True
    assert [send_due(clock=at(now + turn * ASK_EVERY)) for turn in (5, 6)] == [1, 0]


def test_a_limit_that_is_used_up_keeps_no_other_way_from_being_asked(
    write: Write, hooks: Receiver, now: datetime
) -> None:
    went_down(write, hooks, now)
    for name in ("x", "y"):
        news(write, name, recipient="https://other.example/in")
    send_due(clock=at(now + SECOND))
    assert hooks.since_last() == ["x", "y"]
    SendingLimit.objects.create(channel="webhook", host="hooks.example", most=1, window=3600, spent=spent(now))
    send_due(clock=at(now + 2 * ASK_EVERY))
    assert len(hooks.since_last()) == 1, "the other host was asked"


def test_a_message_that_fails_for_our_reason_is_not_asked_with_before_its_own_time(
    write: Write, hooks: Receiver, now: datetime
) -> None:
    went_down(write, hooks, now)
    waits = news(write, "waits for its number", attempts=3, failure=Failure.OURS, due_at=now + timedelta(hours=1))
    for turn in range(1, 7):
        send_due(clock=at(now + turn * ASK_EVERY))
    assert "waits for its number" not in hooks.since_last()
    assert attempts_of(waits) == 3


def test_one_that_failed_alone_keeps_its_pauses_while_others_come_through(
    write: Write, hooks: Receiver, now: datetime
) -> None:
    hooks.poison = {"bad"}
    bad = news(write, "bad")
    for turn in range(20):
        news(write, f"good {turn}", due_at=now + turn * SECOND)
        send_due(clock=at(now + turn * SECOND))
    assert len(hooks.got) == 20
    assert attempts_of(bad) <= 2


def test_nobody_asks_where_somebody_asks_already(write: Write, hooks: Receiver, now: datetime) -> None:
    first, _second = went_down(write, hooks, now)
    OutboxMessage.objects.filter(pk=first.pk).update(claim=uuid4(), leased_until=now + timedelta(minutes=1))
    send_due(clock=at(now + 2 * ASK_EVERY))
    assert hooks.since_last() == []


# Which way it is ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address",
    ["https://[2606:4700::1]/in", "https://user@[2606:4700::1]:8443/in", f"https://{'a.' * 140}example/in", "x" * 300],
)
def test_strange_hosts_go_down_are_asked_and_come_back(
    write: Write, hooks: Receiver, now: datetime, address: str
) -> None:
    hooks.is_there = False
    for name in "abc":
        news(write, name, recipient=address[:500])
    send_due(clock=at(now))
    assert Way.objects.get().is_down
    send_due(clock=at(now + ASK_EVERY))
    hooks.is_there = True
    assert send_due(clock=at(now + 2 * ASK_EVERY)) == 3


def test_a_host_that_sql_reads_otherwise_is_set_aside_all_the_same(
    write: Write, hooks: Receiver, now: datetime
) -> None:
    """No thread may turn in circles about a message whose host the database spells otherwise."""
    news(write, "a", recipient="https://МІСТО.example/in")
    Way.objects.create(
        channel="webhook", host="місто.example", failures=2, last_message=0, failing_since=now, asked_at=now
    )
    assert send_due(clock=at(now + SECOND)) == 0
    assert OutboxMessage.objects.get(channel="webhook").queue == "місто.example"


def test_a_receiver_that_names_a_pause_is_asked_after_it(
    write: Write, hooks: Receiver, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*, payload: dict[str, str], **_message: object) -> None:
        hooks.came.append(payload["text"])
        raise SendingFailedError("HTTP 503", failure=Failure.UNREACHABLE, pause=timedelta(minutes=5))

    went_down(write, hooks, now)
    monkeypatch.setitem(outbox._channels, "webhook", busy)
    for turn in range(1, 41):  # ten minutes
        send_due(clock=at(now + turn * ASK_EVERY))
    assert len(hooks.since_last()) == 2


def test_folders_keep_nobody_waiting(write: Write, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_message: object) -> None:
        raise SendingFailedError("no such folder", failure=Failure.UNREACHABLE)

    monkeypatch.setitem(outbox._channels, "folder", broken)
    for name in "abc":
        news(write, name, channel="folder", recipient="roads/in")
    send_due(clock=at(now))
    assert not Way.objects.exists()


def test_an_old_failure_does_not_make_an_outage_older(write: Write, hooks: Receiver, now: datetime) -> None:
    hooks.is_there = False
    news(write, "a")
    send_due(clock=at(now))
    OutboxMessage.objects.update(dead_at=now)
    news(write, "b", due_at=now + timedelta(hours=5))
    send_due(clock=at(now + timedelta(hours=5)))
    assert Way.objects.get().is_down
    assert Way.objects.get().failing_since == now + timedelta(hours=5)


# What is looked at every minute ------------------------------------------------------------------------------
def test_after_hours_what_waits_is_given_up_in_sight(write: Write, hooks: Receiver, now: datetime) -> None:
    old = went_down(write, hooks, now)
    late = news(write, "c", created_at=now + timedelta(hours=5), due_at=now + timedelta(hours=5))
    over = now + PATIENCE + timedelta(minutes=2)
    assert look_at_ways(at=over) == 0, "whether it is still away was not asked lately"
    assert Way.objects.count() == 0
    went = Way.objects.create(
        channel="webhook", host="hooks.example", failures=2, last_message=0, failing_since=now, asked_at=over
    )
    assert look_at_ways(at=now + PATIENCE - SECOND) == 0
    assert look_at_ways(at=over) == 2
    assert Way.objects.get() == went
    for message in old:
        message.refresh_from_db()
        assert message.dead_at == over
        assert (message.failure, message.last_error) == (Failure.UNREACHABLE, "nobody answers")
    late.refresh_from_db()
    assert late.dead_at is None


def test_what_a_pause_holds_or_somebody_is_sending_is_not_given_up(
    write: Write, hooks: Receiver, now: datetime, yavoryn: Community
) -> None:
    first, _second = went_down(write, hooks, now)
    over = now + PATIENCE + timedelta(minutes=2)
    Way.objects.update(asked_at=over)
    OutboxMessage.objects.filter(pk=first.pk).update(claim=uuid4(), leased_until=over + SECOND)
    here = Stop.objects.create(
        community=yavoryn, lane=Lane.DELIVERY, kind=Stop.Kind.PAUSED, since=now, reason="Переїзд."
    )
    assert look_at_ways(at=over) == 0
    here.delete()
    assert look_at_ways(at=over) == 1


def test_apps_above_hear_every_minute_of_what_is_down_and_of_nothing_else(
    write: Write, hooks: Receiver, now: datetime
) -> None:
    heard: list[str] = []

    def hear(sender: object, *, way: Way, **_more: object) -> None:
        heard.append(str(way))

    way_stays_down.connect(hear)
    try:
        hooks.is_there = False
        news(write, "a")
        send_due(clock=at(now))
        look_at_ways(at=now)
        assert heard == []
        news(write, "b")
        send_due(clock=at(now))
        look_at_ways(at=now)
    finally:
        way_stays_down.disconnect(hear)
    assert heard == ["webhook hooks.example"]


def test_a_way_for_which_nobody_asked_for_hours_is_forgotten(write: Write, hooks: Receiver, now: datetime) -> None:
    went_down(write, hooks, now)
    OutboxMessage.objects.update(dead_at=now)
    look_at_ways(at=now + PATIENCE - SECOND)
    assert Way.objects.exists()
    look_at_ways(at=now + PATIENCE)
    assert not Way.objects.exists()


def test_a_way_is_written_down_once(now: datetime) -> None:
    row = {"channel": "webhook", "host": "a.example", "last_message": 1, "failing_since": now, "asked_at": now}
    Way.objects.create(**row)
    with pytest.raises(IntegrityError, match="way_once"), transaction.atomic():
        Way.objects.create(**row)
    with pytest.raises(IntegrityError, match="way_failed_at_least_once"), transaction.atomic():
        Way.objects.create(**row | {"host": "b.example", "failures": 0})


# Many workers ------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_asks(write: Write, hooks: Receiver, now: datetime) -> None:
    went_down(write, hooks, now)
    for name in "cdefgh":
        news(write, name)
    send_due(clock=at(now + SECOND))  # sets them aside, which holds their rows for a moment
    assert at_once([lambda: send_due(Lane.DELIVERY, clock=at(now + ASK_EVERY))] * 4) == [0] * 4
    assert len(hooks.since_last()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_server_that_says_nothing_takes_no_worker_from_the_others(
    write: Write, hooks: Receiver, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four workers, many messages for a host that hangs: when two of them gave up, the others' turn comes."""
    answered, hung = Event(), []

    def hang(*, recipient: str, payload: dict[str, str], key: object) -> None:
        if "hooks.example" not in recipient:
            answered.set()
            return
        hung.append(payload["text"])
        raise SendingFailedError("timed out", failure=Failure.UNREACHABLE)

    monkeypatch.setitem(outbox._channels, "webhook", hang)
    for number in range(50):
        news(write, str(number))
    news(write, "elsewhere", recipient="https://other.example/in")
    assert sum(at_once([lambda: send_due(Lane.DELIVERY, clock=at(now))] * 4)) == 1
    assert answered.is_set()
    assert len(hung) <= 2 + 4, "each worker may have had one in hand when the way went down"
