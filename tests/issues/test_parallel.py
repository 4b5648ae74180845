"""Two people at the same moment: numbers stay unique, a form is one report, and of two answers one wins."""

import uuid
from collections.abc import Callable
from datetime import datetime

import pytest
from django.utils.translation import override

from core.models import OutboxMessage
from issues.actions import report_issue
from issues.models import Issue, IssueSettings
from issues.moves import MoveRefusedError, add_by_reporter, move_by_organisation, move_by_reporter, not_ours
from issues.states import State
from routing.models import Delivery
from tests.conftest import City, hole
from tests.grid import Town
from tests.issues.conftest import holder
from tests.parallel import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def sending(city: City, town: Town, now: datetime, key: uuid.UUID | None = None) -> Callable[[], Issue]:
    new = hole(city, town["p"], request_key=key)

    def run() -> Issue:
        with override("uk"):
            return report_issue(new=new, community=city.community, at=now)

    return run


def test_numbers_of_reports_sent_at_once_are_unique_and_without_gaps(city: City, town: Town, now: datetime) -> None:
    calls = [sending(city, town, now) for _ in range(12)]
    reports = at_once(calls, community=city.community)
    assert sorted(report.number for report in reports) == list(range(1, 13))
    assert OutboxMessage.objects.count() == 24


def test_form_sent_twice_at_once_is_one_report_and_takes_one_number(city: City, town: Town, now: datetime) -> None:
    key = uuid.uuid4()
    reports = at_once([sending(city, town, now, key)] * 4, community=city.community)
    assert {report.pk for report in reports} == {Issue.objects.get().pk}
    assert OutboxMessage.objects.count() == 2
    assert IssueSettings.objects.get(community=city.community).last_number == 1
    assert sending(city, town, now)().number == 2


def test_of_not_ours_and_done_at_once_one_wins(issue: Issue, city: City, later: datetime) -> None:
    delivery = holder(issue)
    outcomes = at_once(
        [
            lambda: not_ours(delivery=delivery, reason="Не наше.", at=later),
            lambda: move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later),
        ],
        community=city.community,
    )
    (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert isinstance(refusal, MoveRefusedError)
    issue.refresh_from_db()
    kinds = [event.kind for event in issue.events.all()]
    if issue.state == State.DONE:
        assert (refusal.code, kinds) == ("no_such_move", ["reported", "sent", "moved"])
        assert holder(issue) == delivery
    else:
        assert (issue.state, refusal.code) == (State.NEW, "too_late")
        assert kinds == ["reported", "sent", "handed_back", "sent"]
        assert holder(issue) != delivery


def test_handed_back_twice_at_once_goes_to_one_organisation(issue: Issue, city: City, later: datetime) -> None:
    delivery = holder(issue)
    outcomes = at_once([lambda: not_ours(delivery=delivery, reason="Не наше.", at=later)] * 3, community=city.community)
    assert [type(outcome) for outcome in outcomes].count(Delivery) == 1
    assert holder(issue).organisation == city.council
    assert issue.events.filter(kind="handed_back").count() == 1


def test_of_confirm_and_reopen_at_once_both_leave_a_whole_story(issue: Issue, city: City, later: datetime) -> None:
    move_by_organisation(delivery=holder(issue), to=State.DONE, text="Залатали.", at=later)
    at_once(
        [
            lambda: move_by_reporter(issue=issue, to=State.CONFIRMED, at=later),
            lambda: move_by_reporter(issue=issue, to=State.REOPENED, text="Ні.", at=later),
        ],
        community=city.community,
    )
    moves = [(event.was, event.now) for event in issue.events.filter(kind="moved").order_by("id")]
    assert moves in (
        [("new", "done"), ("done", "reopened")],
        [("new", "done"), ("done", "confirmed"), ("confirmed", "reopened")],
    )


def test_question_and_reply_at_once_lose_no_words(issue: Issue, city: City, later: datetime) -> None:
    delivery = holder(issue)
    outcomes = at_once(
        [
            lambda: move_by_organisation(delivery=delivery, to=State.WAITING, text="Де саме?", at=later),
            lambda: add_by_reporter(issue=issue, text="Біля школи.", at=later),
        ],
        community=city.community,
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    issue.refresh_from_db()
    assert issue.state in {State.WAITING, State.ACCEPTED}
    assert issue.events.filter(words__text="Біля школи.").count() == 1
