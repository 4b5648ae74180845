"""The life of a report under any moves of anybody: only moves of the table happen, and its events tell them all."""

from datetime import date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accounts.models import User
from issues.models import Issue, IssueEvent
from issues.moves import (
    MoveRefusedError,
    add_by_reporter,
    move_by_organisation,
    move_by_reporter,
    move_by_staff,
    not_ours,
    pass_on,
    reply_by_organisation,
)
from issues.states import OPEN, State
from issues.workflow import MOVES, Actor
from routing.actions import is_duty_queue, organisations_to_pass_to
from routing.models import Delivery

pytestmark = pytest.mark.django_db
WORDS = st.sampled_from(["", "Кілька слів."])
STATES = st.sampled_from(State)


class Life(RuleBasedStateMachine):
    """One report; whoever tries whatever. `self.state` is what the table says."""

    issue: Issue  # as it was when it was sent: every actor works with a page that may be stale
    original: Issue
    moderator: User
    start: datetime

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.at = self.start
        self.state = State.NEW
        self.promised: date = self.issue.due_on
        self.moved = 0
        self.told = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @rule(to=STATES, text=WORDS)
    def the_organisation_moves_it(self, to: State, text: str) -> None:
        delivery = self._holder()
        if delivery is None:
            return
        if self._should(Actor.ORGANISATION, to, text):
            move_by_organisation(delivery=delivery, to=to, text=text, at=self._next())
            self._moved(to)
        else:
            with pytest.raises(MoveRefusedError):
                move_by_organisation(delivery=delivery, to=to, text=text, at=self._next())

    @rule(to=STATES, text=WORDS)
    def the_reporter_moves_it(self, to: State, text: str) -> None:
        if self._should(Actor.REPORTER, to, text):
            move_by_reporter(issue=self.issue, to=to, text=text, at=self._next())
            self._moved(to)
        else:
            with pytest.raises(MoveRefusedError):
                move_by_reporter(issue=self.issue, to=to, text=text, at=self._next())

    @rule(to=STATES, text=WORDS, knows_original=st.booleans())
    def the_staff_moves_it(self, to: State, text: str, knows_original: bool) -> None:
        original = self.original if knows_original else None
        named = to != State.DUPLICATE or knows_original

        def act() -> None:
            move_by_staff(
                issue=self.issue, to=to, user=self.moderator, text=text, duplicate_of=original, at=self._next()
            )

        if named and self._should(Actor.STAFF, to, text):
            act()
            self._moved(to)
        else:
            with pytest.raises(MoveRefusedError):
                act()

    @rule(text=WORDS)
    def the_reporter_writes(self, text: str) -> None:
        if text and self.state in OPEN:
            add_by_reporter(issue=self.issue, text=text, at=self._next())
            if self.state == State.WAITING:
                self._moved(State.ACCEPTED)
            else:
                self.told += 1
        else:
            with pytest.raises(MoveRefusedError):
                add_by_reporter(issue=self.issue, text=text, at=self._next())

    @rule(text=WORDS)
    def the_organisation_writes(self, text: str) -> None:
        delivery = self._holder()
        if delivery is None:
            return
        if text and self.state in OPEN:
            reply_by_organisation(delivery=delivery, text=text, at=self._next())
            self.told += 1
        else:
            with pytest.raises(MoveRefusedError):
                reply_by_organisation(delivery=delivery, text=text, at=self._next())

    @rule(reason=WORDS)
    def the_organisation_hands_it_back(self, reason: str) -> None:
        delivery = self._holder()
        if delivery is None:
            return
        if is_duty_queue(delivery):
            to = organisations_to_pass_to(delivery)[0]
            if reason and self.state in OPEN:
                pass_on(delivery=delivery, to=to, reason=reason, at=self._next())
                self.state = State.NEW
                self.told += 2  # handed back, and given to the chosen one
            else:
                with pytest.raises(MoveRefusedError):
                    pass_on(delivery=delivery, to=to, reason=reason, at=self._next())
        elif reason and self.state in OPEN:
            fresh = not_ours(delivery=delivery, reason=reason, at=self._next())
            self.state = State.NEW
            self.told += 2 if fresh else 1  # handed back, and sent to the next
        else:
            with pytest.raises(MoveRefusedError):
                not_ours(delivery=delivery, reason=reason, at=self._next())

    @rule(to=STATES)
    def who_handed_it_back_tries_a_move(self, to: State) -> None:
        old = Delivery.objects.filter(subject=self.issue.subject, refused_at__isnull=False).first()
        if old is not None:
            with pytest.raises(MoveRefusedError):
                move_by_organisation(delivery=old, to=to, text="Ми передумали.", at=self._next())
            with pytest.raises(MoveRefusedError):
                reply_by_organisation(delivery=old, text="Ми передумали.", at=self._next())
            with pytest.raises(MoveRefusedError):
                not_ours(delivery=old, reason="Знову не наше.", at=self._next())

    @invariant()
    def the_state_is_the_one_of_the_table(self) -> None:
        row = Issue.objects.get(pk=self.issue.pk)
        assert row.state == self.state
        assert (row.duplicate_of is not None) == (self.state == State.DUPLICATE)

    @invariant()
    def replayed_events_give_the_state(self) -> None:
        state = ""
        for event in self._events():
            if event.now:
                assert event.was == state, "the chain is broken"
                state = event.now
        assert state == self.state

    @invariant()
    def each_move_is_one_event_and_nothing_else_is(self) -> None:
        events = self._events()
        assert sum(event.kind == "moved" for event in events) == self.moved
        assert len(events) == 2 + self.moved + self.told

    @invariant()
    def one_organisation_holds_it_at_most(self) -> None:
        assert Delivery.objects.standing().filter(subject=self.issue.subject).count() <= 1

    @invariant()
    def only_reopening_changes_the_promise(self) -> None:
        assert Issue.objects.get(pk=self.issue.pk).due_on == self.promised

    def _should(self, actor: Actor, to: State, text: str) -> bool:
        allowed = MOVES[self.state].get(to)
        return allowed is not None and actor in allowed.by and bool(text or not allowed.needs_text)

    def _moved(self, to: State) -> None:
        self.state, self.moved = to, self.moved + 1
        if to == State.REOPENED:
            promised = Issue.objects.get(pk=self.issue.pk).due_on
            assert promised > self.at.date()
            self.promised = promised

    def _next(self) -> datetime:
        self.at += timedelta(hours=7)
        return self.at

    def _holder(self) -> Delivery | None:
        standing = Delivery.objects.standing().filter(subject=self.issue.subject)
        return standing.select_related("organisation", "token", "subject").first()

    def _events(self) -> list[IssueEvent]:
        return list(self.issue.events.order_by("at", "id"))


def test_only_moves_of_the_table_happen_and_events_tell_them_all(
    issue: Issue, another: Issue, marta: User, now: datetime
) -> None:
    class Here(Life):
        pass

    Here.issue, Here.original, Here.moderator, Here.start = issue, another, marta, now
    run_state_machine_as_test(Here)
