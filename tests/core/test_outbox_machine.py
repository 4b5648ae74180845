"""The outbox under anything that may happen: nothing is lost, nothing is sent twice to who honours the key.

Hypothesis plays the workers and the clock. The machine keeps its own book of what left, and compares.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django_scopes import scope
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from core import outbox
from core.mail import SendingFailedError
from core.models import Lane, OutboxMessage, Subject
from core.outbox import LEASE, claim, resend, send
from core.outbox_claim import Round
from core.outbox_ends import LONGEST_RETRY, MOST_ATTEMPTS

pytestmark = pytest.mark.django_db


class WorkerDiedError(BaseException):
    """The process of a worker ended: nothing after this line ran."""


class Outbox(RuleBasedStateMachine):
    """Messages are enqueued, claimed and sent; workers fail, die and come late; time passes."""

    subject: Subject
    start: datetime
    claims: Bundle[OutboxMessage] = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.now = self.start
        self.going = Round()
        self.written: dict[int, uuid.UUID] = {}
        self.left: dict[int, list[uuid.UUID]] = {}  # what receivers got, by message
        self.excused: dict[int, int] = {}  # how often a worker died, or lost its lease, between send and commit

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @rule(lane=st.sampled_from(Lane), wait=st.integers(0, 60), reader=st.sampled_from(["roads", "water"]))
    def enqueue(self, lane: Lane, wait: int, reader: str) -> None:
        message: OutboxMessage = OutboxMessage.objects.create(
            community=self.subject.community,
            subject=self.subject,
            lane=lane,
            channel="played",
            audience=OutboxMessage.Audience.ORGANISATION,
            recipient=f"{reader}@example.org",
            payload={},
            created_at=self.now,
            due_at=self.now + timedelta(seconds=wait),
        )
        self.written[message.pk] = message.key

    @rule(target=claims, limit=st.integers(1, 3))
    def a_worker_claims(self, limit: int) -> Any:
        return multiple(*self._claim(limit))

    @rule(target=claims, _slow=claims)
    def a_lease_ends_and_another_worker_takes_over(self, _slow: OutboxMessage) -> Any:
        """Who was slow still has the message in hand, and may send it later."""
        self.now += LEASE
        return multiple(*self._claim(10))

    def _claim(self, limit: int) -> list[OutboxMessage]:
        before = {row.pk: row for row in OutboxMessage.objects.all()}
        mine = claim(at=self.now, limit=limit, going=self.going)
        for message in mine:
            row = before[message.pk]
            assert row.due_at <= self.now, "claimed before it was due"
            assert row.sent_at is None, "claimed what was sent"
            assert row.dead_at is None, "claimed what was given up"
            assert row.leased_until is None or row.leased_until <= self.now, "claimed what another worker holds"
            assert not any(_is_behind(row, other) for other in before.values()), (
                "claimed before an earlier one had left"
            )
        return mine

    @rule(message=consumes(claims), outcome=st.sampled_from(["", "", "passing", "permanent"]))
    def the_worker_sends(self, message: OutboxMessage, outcome: str) -> None:
        """Whether at once or long after its lease ended."""
        late = self._is_late(message)
        if late and not outcome:
            self._excuse(message)
        before = OutboxMessage.objects.filter(pk=message.pk).values().get()
        self._send(message, outcome)
        if late:
            after = OutboxMessage.objects.filter(pk=message.pk).values().get()
            assert after == before, "a late worker overwrote what another wrote"

    @rule(message=consumes(claims))
    def the_worker_dies_before_it_sends(self, message: OutboxMessage) -> None:
        """Its claim stays in the row; nobody comes back for it."""

    @rule(message=consumes(claims))
    def the_worker_dies_between_send_and_commit(self, message: OutboxMessage) -> None:
        self._excuse(message)
        with pytest.raises(WorkerDiedError):
            self._send(message, "died")

    @rule(seconds=st.sampled_from([1, 30, 119, 120, 121, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def somebody_sends_the_dead_letters_again(self) -> None:
        for message in OutboxMessage.objects.filter(dead_at__isnull=False):
            resend(message, at=self.now)

    @invariant()
    def nothing_is_lost(self) -> None:
        rows = dict(OutboxMessage.objects.values_list("pk", "key"))
        assert rows == self.written
        for row in OutboxMessage.objects.filter(sent_at__isnull=False):
            assert self.left.get(row.pk), "written down as sent, but nobody got it"

    @invariant()
    def nothing_is_both_sent_and_given_up(self) -> None:
        assert not OutboxMessage.objects.filter(sent_at__isnull=False, dead_at__isnull=False).exists()

    @invariant()
    def who_honours_the_key_counts_one(self) -> None:
        for pk, keys in self.left.items():
            assert set(keys) == {self.written[pk]}
            assert len(keys) <= 1 + self.excused.get(pk, 0), "sent twice without a death or a lost lease"

    @invariant()
    def nobody_tries_for_ever(self) -> None:
        assert not OutboxMessage.objects.filter(attempts__gt=MOST_ATTEMPTS + 1).exists()

    def _is_late(self, message: OutboxMessage) -> bool:
        assert message.leased_until is not None
        row = OutboxMessage.objects.get(pk=message.pk)
        return row.claim != message.claim

    def _excuse(self, message: OutboxMessage) -> None:
        self.excused[message.pk] = self.excused.get(message.pk, 0) + 1

    def _send(self, message: OutboxMessage, outcome: str) -> None:
        """Outcomes: "" is sent, "passing" and "permanent" fail, "died" is sent and nobody comes back."""

        def play(*, recipient: str, payload: dict[str, Any], key: uuid.UUID) -> None:
            if outcome in {"passing", "permanent"}:
                raise SendingFailedError("SMTP no", permanent=outcome == "permanent")
            self.left.setdefault(message.pk, []).append(key)
            if outcome == "died":
                raise WorkerDiedError

        outbox.register_channel("played", play)
        send(message, clock=lambda: self.now)


def _is_behind(row: OutboxMessage, other: OutboxMessage) -> bool:
    """Whether the other was written before, to the same reader, and still waits."""
    waits = other.sent_at is None and other.dead_at is None
    return waits and other.recipient == row.recipient and other.pk < row.pk and other.lane <= row.lane


@pytest.fixture
def _no_played_channel_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_channels", dict(outbox._channels))


@pytest.mark.usefixtures("_no_played_channel_stays")
def test_nothing_is_lost_and_nothing_is_sent_twice(subject: Subject, now: datetime) -> None:
    class Here(Outbox):
        pass

    Here.subject, Here.start = subject, now
    with scope(community=subject.community):
        run_state_machine_as_test(Here)


@pytest.mark.usefixtures("_no_played_channel_stays")
def test_whatever_happened_a_working_line_delivers_everything_in_the_end(subject: Subject, now: datetime) -> None:
    """The same machine; when each story ends, the line works, and every message that was not given up arrives."""

    class ToTheEnd(Outbox):
        def teardown(self) -> None:
            try:
                for _turn in range(3):  # the longest pause, and a lease that may begin in it
                    self.now += LONGEST_RETRY
                    while claimed := claim(at=self.now, limit=100, going=self.going):
                        for message in claimed:  # of each thing the first; when it has left, the next one
                            self._send(message, "")
                pending = OutboxMessage.objects.filter(sent_at=None, dead_at=None)
                assert not pending.exists()
                for row in OutboxMessage.objects.filter(dead_at=None):
                    assert self.left[row.pk]
            finally:
                super().teardown()

    ToTheEnd.subject, ToTheEnd.start = subject, now
    with scope(community=subject.community):
        run_state_machine_as_test(ToTheEnd)
