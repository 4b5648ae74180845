"""The promise on the page: kept, late, or still running. Promised by Thursday 26 November."""

from datetime import UTC, date, datetime

import pytest

from core.models import CalendarDay
from issues.models import Issue
from issues.moves import move_by_organisation, move_by_reporter
from issues.pages import promise_of
from issues.states import State
from routing.models import Delivery


def noon(day: int) -> datetime:
    """Noon in Kyiv on that day of November 2026."""
    return datetime(2026, 11, day, 10, 0, tzinfo=UTC)


def told(issue: Issue, at: datetime) -> tuple[bool, int, date | None]:
    """(is late, working days late, done on) as the page of that moment says."""
    found = promise_of(Issue.objects.get(pk=issue.pk), at=at)
    return found["is_late"], found["days_late"], found["done_on"]


def finish(delivery: Delivery, at: datetime) -> None:
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=at)


@pytest.mark.parametrize(("day", "late", "days"), [(26, False, 0), (27, True, 1), (28, True, 1), (30, True, 2)])
def test_open_report_is_late_after_its_day_and_weekends_do_not_count(
    issue: Issue, day: int, late: bool, days: int
) -> None:
    assert told(issue, noon(day)) == (late, days, None)


def test_last_day_lasts_until_midnight_in_kyiv(issue: Issue) -> None:
    assert told(issue, datetime(2026, 11, 26, 21, 59, tzinfo=UTC)) == (False, 0, None)
    assert told(issue, datetime(2026, 11, 26, 22, 0, tzinfo=UTC)) == (True, 1, None)


def test_declared_holiday_is_no_day_late(issue: Issue) -> None:
    friday = date(2026, 11, 27)
    CalendarDay.objects.create(community=issue.community, day=friday, is_working=False, reason="День міста")
    assert told(issue, noon(30)) == (True, 1, None)


def test_promise_that_was_kept_stays_kept(issue: Issue, delivery: Delivery) -> None:
    finish(delivery, noon(26))
    assert told(issue, noon(30)) == (False, 0, date(2026, 11, 26))


def test_promise_that_was_broken_says_by_how_much(issue: Issue, delivery: Delivery) -> None:
    finish(delivery, noon(30))
    move_by_reporter(issue=issue, to=State.CONFIRMED, at=noon(30))
    assert told(issue, datetime(2026, 12, 25, 10, 0, tzinfo=UTC)) == (True, 2, date(2026, 11, 30))


def test_report_that_was_rejected_or_withdrawn_is_neither_late_nor_done(issue: Issue, delivery: Delivery) -> None:
    finish(delivery, noon(20))
    move_by_reporter(issue=issue, to=State.REOPENED, text="Знову яма.", at=noon(23))
    move_by_organisation(delivery=delivery, to=State.REJECTED, text="Це подвір’я.", at=noon(24))
    assert told(issue, datetime(2026, 12, 25, 10, 0, tzinfo=UTC)) == (False, 0, None)
