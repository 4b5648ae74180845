"""Answers that may be kept, and limits of who asks."""

from datetime import datetime

import pytest
from django.test import Client
from django_scopes import scope

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey, Organisation
from geodata.models import Community
from issues.models import Issue
from tests.api.conftest import ISSUES
from tests.api.test_problems import problem


def test_unchanged_answer_is_not_sent_again(client: Client, issue: Issue) -> None:
    for address in (ISSUES, f"{ISSUES}1/", f"{ISSUES}1/events/", "/api/v1/schema/"):
        first = client.get(address)
        again = client.get(address, headers={"if-none-match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "Accept-Language" in again.headers["Vary"]


def test_changed_answer_is_sent(client: Client, issue: Issue) -> None:
    tag = client.get(f"{ISSUES}1/").headers["ETag"]
    Issue.objects.update(title="Інша яма")
    assert client.get(f"{ISSUES}1/", headers={"if-none-match": tag}).status_code == 200


def test_key_in_either_header_is_counted_and_told(client: Client, issue: Issue, secret: str) -> None:
    for n, headers in enumerate(({"authorization": f"Bearer {secret}"}, {"x-api-key": secret})):
        answer = client.get(ISSUES, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == '"minute";q=3;w=60, "day";q=5;w=86400'
        assert f'"minute";r={2 - n};' in answer.headers["RateLimit"]
        assert answer.headers["Cache-Control"].startswith("private")
    assert ApiKey.objects.get().last_used_on is not None


def test_organisation_that_asks_too_often_waits(client: Client, issue: Issue, secret: str) -> None:
    for _turn in range(3):
        client.get(ISSUES, headers={"x-api-key": secret})
    answer = client.get(ISSUES, headers={"x-api-key": secret})
    problem(answer, 429, "too-many")
    assert 1 <= int(answer.headers["Retry-After"]) <= 61


@pytest.mark.parametrize("wrong", ["", "misto_nothing", "misto_" + "a" * 43, "\xff", "ключ"])
def test_wrong_key_is_refused_even_for_reading(client: Client, issue: Issue, wrong: str) -> None:
    answer = client.get(ISSUES, headers={"x-api-key": wrong})
    problem(answer, 401, "key-refused")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_key_of_another_community_is_refused(client: Client, issue: Issue, elsewhere: Community, now: datetime) -> None:
    with scope(community=elsewhere):
        theirs = ApiClient.objects.create(community=elsewhere, organisation=Organisation.objects.create(name="Чужі"))
        _key, secret = make_key(client=theirs, name="x", scopes=[ApiKey.Scope.REPORTS], by=None, at=now)
    problem(client.get(ISSUES, headers={"x-api-key": secret}), 401, "key-refused")


def test_network_that_asks_too_often_waits_and_others_do_not(
    client: Client, issue: Issue, settings: pytest.FixtureRequest
) -> None:
    settings.API_READS_PER_MINUTE = 2  # type: ignore[attr-defined]
    answers = [client.get(ISSUES) for _turn in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert '"minute";r=1;' in answers[0].headers["RateLimit"]
    problem(answers[2], 429, "too-many")
    assert client.get(ISSUES, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_signed_in_browser_is_nobody_here(client: Client, issue: Issue, taras: object) -> None:
    client.force_login(taras)  # type: ignore[arg-type]
    answer = client.get(ISSUES)
    assert answer.headers["Cache-Control"].startswith("public")


def test_no_date_is_told_where_one_would_be_wrong(client: Client, issue: Issue) -> None:
    assert "Last-Modified" not in client.get(f"{ISSUES}1/").headers


def test_community_leads_on_to_everything_that_it_has(client: Client, issue: Issue) -> None:
    links = client.get("/api/v1/communities/yavoryn/").json()["links"]
    assert links["open311"].endswith("/yavoryn/open311/v2/")
    lost = [name for name, link in links.items() if client.get(link).status_code in {404, 500}]
    assert lost == []


def test_page_of_the_api_is_read_in_the_language_that_the_site_was_switched_to(client: Client, db: None) -> None:
    assert 'lang="uk"' in client.get("/api/v1/docs/").content.decode()
    client.cookies["language"] = "en"
    page = client.get("/api/v1/docs/")
    assert 'lang="en"' in page.content.decode()
    assert "Cookie" in page.headers["Vary"]
    assert 'lang="uk"' in client.get("/api/v1/docs/?language=uk").content.decode()
