"""Who is informed reads what happened; nothing is asked of them, and nothing waits for them."""

import re
from datetime import datetime

import pytest
from django.test import Client

from core.models import OutboxMessage, Visibility
from issues.actions import report_issue
from issues.models import Issue, IssueEvent
from issues.moves import add_by_reporter, nobody_holds, not_ours
from routing.models import CommunityRouting, Delivery
from tests.conftest import City, hole
from tests.grid import Town
from tests.issues.conftest import new_rule


@pytest.fixture
def told(city: City, town: Town, now: datetime) -> Issue:
    """A hole in Заріччя; the water utility is informed of every hole."""
    new_rule(city, role="informed", category=city.roads, organisation=city.vodokanal)
    return report_issue(new=hole(city, town["p"]), community=city.community, at=now)


def letters_to(address: str) -> list[str]:
    return [row.payload["text"] for row in OutboxMessage.objects.filter(recipient=address).order_by("id")]


def test_letter_says_what_where_and_who_answers_and_asks_nothing(told: Issue) -> None:
    (letter,) = letters_to("water@example.org")
    assert "КП «Яворинавтодор»" in letter
    assert told.text.splitlines()[0] in letter
    assert "/yavoryn/issues/1/" in letter
    assert "[[secret:" not in letter


def test_page_shows_them_for_information_and_without_an_answer(client: Client, told: Issue) -> None:
    page = client.get(told.get_absolute_url())
    roles = {row.organisation.name: (row.role, row.state) for row in page.context["deliveries"]}
    assert roles["КП «Яворинводоканал»"] == ("informed", "queued")
    assert page.content.decode().count("для відома") >= 1
    kinds = [line.kind for line in page.context["events"]]
    assert kinds.count(IssueEvent.Kind.INFORMED) == 1


def test_news_go_only_to_who_must_answer(told: Issue, now: datetime) -> None:
    add_by_reporter(issue=told, text="Ще глибша.", at=now)
    assert len(letters_to("water@example.org")) == 1
    assert len(letters_to("roads@example.org")) == 2


def test_nobody_is_informed_twice(told: Issue, now: datetime) -> None:
    not_ours(delivery=Delivery.objects.responsible().get(), reason="Не наша.", at=now)
    assert len(letters_to("water@example.org")) == 1


def test_report_that_only_the_informed_have_is_held_by_nobody(city: City, told: Issue, now: datetime) -> None:
    CommunityRouting.objects.all().delete()
    not_ours(delivery=Delivery.objects.responsible().get(), reason="Не наша.", at=now)
    told.refresh_from_db()
    assert nobody_holds(told)


def test_letter_about_a_held_report_says_when_its_page_opens(city: City, town: Town, now: datetime) -> None:
    new_rule(city, role="informed", category=city.roads, organisation=city.vodokanal)
    city.roads.hold_new = True
    city.roads.save()
    issue = report_issue(new=hole(city, town["p"]), community=city.community, at=now)
    assert issue.subject.visibility == Visibility.HELD
    assert re.search("одератор|oderator", letters_to("water@example.org")[0])
