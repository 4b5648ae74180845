"""A report on its way: who holds it, and short ways to read what happened."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from core.tokens import secret_of
from issues.actions import author_token, report_issue
from issues.models import Issue
from routing.models import Delivery
from tests.conftest import City, hole
from tests.grid import Town


@pytest.fixture(autouse=True)
def _clock_of_the_pages(now: datetime) -> Iterator[None]:
    """Pages read the clock themselves: for them it is the day after the report, noon in Kyiv."""
    with time_machine.travel(now + timedelta(days=1, hours=2), tick=False):
        yield


@pytest.fixture
def delivery(issue: Issue) -> Delivery:
    """Яворинавтодор has Оля's report."""
    return holder(issue)


@pytest.fixture
def later(now: datetime) -> datetime:
    """The next day, Friday, 10:00 in Kyiv."""
    return now + timedelta(days=1)


@pytest.fixture
def another(city: City, town: Town, now: datetime) -> Issue:
    """A second report about the same hole."""
    return report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)


def holder(issue: Issue) -> Delivery:
    """The delivery of whoever has the report now."""
    return Delivery.objects.standing().select_related("organisation", "token", "subject").get(subject=issue.subject)


def author_page(issue: Issue) -> str:
    """Address of the author's page."""
    return reverse("mine", args=["yavoryn", secret_of(author_token(issue))])


def answer_page(delivery: Delivery) -> str:
    """Address of the page on which the organisation answers."""
    return reverse("answer", args=["yavoryn", secret_of(delivery.token)])
