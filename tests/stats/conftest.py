"""Яворин with a year behind it: reports of two kinds in both districts, some done, some late."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from issues.actions import report_issue
from issues.models import Issue
from issues.moves import move_by_organisation
from issues.states import State
from routing.models import Delivery
from stats.filling import fill_all
from tests.conftest import NOW, City, hole
from tests.grid import Town

DAY = timedelta(days=1)
Reported = Callable[..., Issue]


@pytest.fixture
def reported(city: City, town: Town) -> Reported:
    """Reports a hole so many days ago at a place of the town; `done_after` so many days it is done."""

    def report(days_ago: int, *, place: str = "p", done_after: float | None = None, **changes: object) -> Issue:
        at = NOW - days_ago * DAY
        issue = report_issue(new=hole(city, town[place], **changes), community=city.community, at=at)
        if done_after is not None:
            delivery = Delivery.objects.standing().responsible().get(subject=issue.subject)
            move_by_organisation(delivery=delivery, to=State.DONE, text="Зроблено.", at=at + done_after * DAY)
        return issue

    return report


@pytest.fixture
def year(city: City, reported: Reported) -> City:
    """24 holes in Заріччя: 22 were done, one is late, one is new; 3 manholes in Слобідка, done. All of this year."""
    for number in range(22):
        reported(60 + 10 * (number % 20), done_after=1 + number % 5)
    reported(40)
    reported(1)
    for days in (10, 20, 30):
        reported(days, place="q", category=city.manholes, done_after=0.5)
    fill_all(at=NOW)
    return city
