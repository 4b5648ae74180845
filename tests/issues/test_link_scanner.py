"""Mail servers open every link of a letter before a person does. Opening changes nothing, in no table."""

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django import Settings

from core.models import OutboxMessage
from core.tokens import fill_secrets
from issues.models import Issue
from issues.moves import add_by_reporter, move_by_organisation, move_by_reporter, not_ours
from issues.states import State
from tests.issues.conftest import holder
from tests.tables import fingerprint

LINK = re.compile(r"https?://[^\s\"'<>]+")
QUERIES = ["", "?new", "?do=finish&text=done", "?do=withdraw", "?do=refuse&text=no", "?utm_source=mail&fbclid=1"]


@pytest.fixture
def links(issue: Issue, later: datetime, settings: Settings) -> list[str]:
    """Every link of ours in every letter of a report with a long story."""
    hour = timedelta(hours=1)
    not_ours(delivery=holder(issue), reason="Не наше.", at=later)
    move_by_organisation(delivery=holder(issue), to=State.WAITING, text="Де саме?", at=later + hour)
    add_by_reporter(issue=issue, text="Біля школи.", at=later + 2 * hour)
    move_by_organisation(delivery=holder(issue), to=State.DONE, text="Залатали.", at=later + 3 * hour)
    move_by_reporter(issue=issue, to=State.REOPENED, text="Знову яма.", at=later + 4 * hour)
    found: set[str] = set()
    for message in OutboxMessage.objects.all():
        for part in ("text", "html"):
            found |= set(LINK.findall(fill_secrets(message.payload[part])))
        found |= {fill_secrets(message.payload.get("stop_url", ""))}
    ours = {urlsplit(link).path for link in found if link.startswith(settings.SITE_URL)}
    return sorted(ours)


def test_letters_hold_the_links_that_this_file_speaks_of(links: list[str]) -> None:
    assert sum("/answer/" in link for link in links) == 2, "the old organisation's link and the new one's"
    assert sum("/mine/" in link for link in links) == 1
    assert [link.endswith("/stop/") for link in links if "/follow/" in link] == [False, True]


@pytest.mark.parametrize("query", QUERIES)
def test_program_that_opens_every_link_of_every_letter_changes_nothing(
    client: Client, links: list[str], query: str
) -> None:
    before = fingerprint()
    statuses = set()
    for link in links:
        for ask in (client.get, client.head):
            statuses.add(ask(link + query, follow=True).status_code)
    assert statuses <= {200, 410}
    assert fingerprint() == before


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_change_nothing_either(client: Client, links: list[str], method: str) -> None:
    before = fingerprint()
    for link in links:
        if any(part in link for part in ("/answer/", "/mine/", "/follow/")):
            assert getattr(client, method)(link).status_code == 405
    assert fingerprint() == before


def test_fingerprint_sees_a_change(issue: Issue) -> None:
    before = fingerprint()
    Issue.objects.filter(pk=issue.pk).update(title="Інше")
    changed = {table for table, found in fingerprint().items() if found != before[table]}
    assert changed == {"issues_issue"}
