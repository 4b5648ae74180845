"""A working day in the administration pages: letters, links and rows that are told by the number of the report."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.models import OutboxMessage, Token
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import not_ours, reply_by_organisation
from routing.models import Channel, Delivery
from tests.conftest import City, hole
from tests.grid import Town
from tests.issues.conftest import holder

PAGES = ["routing.delivery", "routing.decision", "core.token", "core.outboxmessage"]


@pytest.fixture(autouse=True)
def _signed_in(client: Client, taras: User) -> None:
    client.force_login(taras)
    client.cookies["language"] = "en"


@pytest.fixture
def unheard(city: City, town: Town, now: datetime) -> Issue:
    """A report whose organisation has no active channel."""
    Channel.objects.filter(organisation=city.road_service).update(is_active=False)
    return report_issue(new=hole(city, town["p"]), community=city.community, at=now)


def address_of(page: str) -> str:
    """Of a list: `core.token`."""
    return reverse(f"admin:{page.replace('.', '_')}_changelist")


def do(client: Client, page: str, action: str, *rows: object) -> str:
    """What the page says after the action on these rows."""
    form = {"action": action, "_selected_action": [str(row) for row in rows]}
    return client.post(address_of(page), form, follow=True).content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_rows_are_known_and_found_by_the_report(client: Client, issue: Issue, page: str) -> None:
    Issue.objects.filter(pk=issue.pk).update(number=4207)
    html = client.get(address_of(page)).content.decode()
    assert f"№ 4207 {issue.title}" in html
    assert f'href="/admin/issues/issue/{issue.pk}/change/"' in html
    assert "№ 4207" in client.get(address_of(page), {"q": "4207"}).content.decode()
    assert "№ 4207" not in client.get(address_of(page), {"q": "4208"}).content.decode()


def test_links_are_told_apart_by_whose_they_are(client: Client, issue: Issue, city: City) -> None:
    html = client.get(address_of("core.token")).content.decode()
    assert "the author" in html
    assert city.road_service.name in html


def test_channel_that_is_added_sends_the_letters_that_waited_for_it(client: Client, unheard: Issue, city: City) -> None:
    channel = Channel.objects.get(organisation=city.road_service)
    form = {
        "organisation": city.road_service.pk,
        "address": "roads@example.org",
        "kind": "email",
        "role": "any",
        "position": 1,
    }
    given = form | {"is_active": "on"}
    said = client.post(f"/admin/routing/channel/{channel.pk}/change/", given, follow=True).content.decode()
    assert "Letters that waited for an address: 1." in said
    assert OutboxMessage.objects.filter(recipient="roads@example.org").count() == 1


def test_organisation_is_written_to_once_more(client: Client, issue: Issue) -> None:
    said = do(client, "routing.delivery", "write_once_more", holder(issue).pk)
    assert "Letters written: 1." in said
    assert OutboxMessage.objects.filter(recipient="roads@example.org").count() == 2


def test_nobody_is_written_to_about_what_was_given_back(client: Client, issue: Issue, now: datetime) -> None:
    old = holder(issue)
    not_ours(delivery=old, reason="Не наше.", at=now)
    assert "Not written: 1." in do(client, "routing.delivery", "write_once_more", old.pk)


def test_actions_say_how_much_they_changed(client: Client, issue: Issue, now: datetime) -> None:
    token = holder(issue).token_id
    assert token
    assert "Links revoked: 1." in do(client, "core.token", "revoke", token)
    assert "Nothing was changed." in do(client, "core.token", "revoke", token)
    assert Token.objects.get(pk=token).revoked_at
    assert "Nothing was changed." in do(client, "issues.issue", "publish", issue.pk)
    letter = OutboxMessage.objects.get(recipient="roads@example.org")
    assert "Nothing was changed." in do(client, "core.outboxmessage", "send_again", letter.pk)


def test_redaction_counts_only_what_had_words(client: Client, issue: Issue, now: datetime) -> None:
    reply_by_organisation(delivery=holder(issue), text="Дзвоніть Петрові.", at=now)
    events = list(issue.events.values_list("pk", flat=True))
    assert "Words that nobody sees any more: 1." in do(client, "issues.issueevent", "redact", *events)
    assert "Nothing was changed." in do(client, "issues.issueevent", "redact", *events)


def test_staff_give_a_report_on_with_their_words(client: Client, unheard: Issue, city: City) -> None:
    form = {"visibility": "public", "reason": "", "to": "", "original": "", "words": "Візьміть."}
    client.post(f"/admin/issues/issue/{unheard.pk}/change/", form | {"give_to": city.vodokanal.pk})
    assert Delivery.objects.standing().get(subject=unheard.subject).organisation == city.vodokanal
    assert "Візьміть." in OutboxMessage.objects.get(recipient="water@example.org").payload["text"]
