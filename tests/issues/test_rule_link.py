"""From the page of a report to the rule that decided it: for the staff of its community, and for nobody else."""

from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from issues.models import Issue
from issues.moves import not_ours
from routing.models import Decision, Delivery
from tests.conftest import City
from tests.issues.conftest import answer_page, author_page
from tests.people import person


@pytest.fixture
def operator(db: None) -> User:
    """Keeps the whole service."""
    user = person("operator", staff=True)
    user.is_superuser = True
    user.save()
    return user


def rule_page(issue: Issue) -> str:
    """The page of the rule that decided last."""
    decision = Decision.objects.filter(subject=issue.subject).latest("decided_at", "id")
    return reverse("admin:routing_rule_change", args=[decision.rule_id])


def record_page(issue: Issue) -> str:
    """The report in the administration."""
    return reverse("admin:issues_issue_change", args=[issue.pk])


@pytest.mark.parametrize("who", ["taras", "operator"])
def test_administrators_are_led_to_the_rule(
    client: Client, issue: Issue, who: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(who))
    page = client.get(issue.get_absolute_url())
    assert f'href="{rule_page(issue)}"' in page.content.decode()
    assert page["Cache-Control"] == "private, no-store"
    assert client.get(rule_page(issue)).status_code == 200


def test_moderator_is_led_to_the_report(client: Client, issue: Issue, marta: User) -> None:
    client.force_login(marta)
    page = client.get(issue.get_absolute_url())
    assert f'href="{record_page(issue)}"' in page.content.decode()
    assert rule_page(issue) not in page.content.decode()
    assert page["Cache-Control"] == "private, no-store"
    assert client.get(record_page(issue)).status_code == 200


@pytest.mark.parametrize("who", ["", "serhii", "lesia"])
def test_nobody_else_is_led_anywhere(client: Client, issue: Issue, who: str, request: pytest.FixtureRequest) -> None:
    if who:
        client.force_login(request.getfixturevalue(who))
    page = client.get(issue.get_absolute_url())
    assert page.status_code == 200
    assert "/admin/" not in page.content.decode()
    assert "no-store" not in page.get("Cache-Control", "")


def test_administrator_who_may_not_open_the_administration_is_led_nowhere(
    client: Client, issue: Issue, taras: User
) -> None:
    taras.is_staff = False
    taras.save()
    client.force_login(taras)
    assert "/admin/" not in client.get(issue.get_absolute_url()).content.decode()


def test_report_that_no_rule_decided_leads_the_administrator_to_itself(
    client: Client, issue: Issue, delivery: Delivery, taras: User, later: datetime
) -> None:
    not_ours(delivery=delivery, reason="Не наша дорога.", at=later)
    client.force_login(taras)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert f'href="{record_page(issue)}"' in page
    assert "/admin/routing/rule/" not in page


def test_strangers_are_asked_for_no_membership(client: Client, issue: Issue, city: City) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get(issue.get_absolute_url())
    assert not [query for query in asked.captured_queries if "accounts_membership" in query["sql"]]


def test_pages_behind_secret_links_lead_to_no_rule(
    client: Client, issue: Issue, delivery: Delivery, taras: User
) -> None:
    client.force_login(taras)
    for address in (author_page(issue), answer_page(delivery)):
        page = client.get(address)
        assert page.status_code == 200
        assert "/admin/" not in page.content.decode()
