"""Every error below /api/ is a problem by RFC 9457, in the language that was asked for."""

from typing import Any

import pytest
from django.test import Client

from api.problems import KINDS, PROBLEM_JSON
from issues.models import Issue
from tests.api.conftest import ISSUES

MEMBERS = {"type", "title", "status", "detail", "instance"}


def problem(answer: Any, status: int, kind: str) -> dict[str, Any]:
    """The body of an answer that is this problem."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM_JSON)
    told: dict[str, Any] = answer.json()
    assert set(told) >= MEMBERS
    assert (told["status"], told["type"].rpartition("#problem-")[2]) == (status, kind)
    assert told["detail"]
    return told


def test_address_that_leads_nowhere(client: Client, db: None) -> None:
    told = problem(client.get("/api/v1/nothing/here/"), 404, "not-found")
    assert (told["title"], told["instance"]) == ("Такого немає", "/api/v1/nothing/here/")


def test_community_and_report_that_are_not_there(client: Client, issue: Issue) -> None:
    problem(client.get("/api/v1/nowhere/issues/"), 404, "not-found")
    problem(client.get(f"{ISSUES}99/"), 404, "not-found")
    problem(client.get(f"{ISSUES}{'9' * 30}/"), 404, "not-found")


@pytest.mark.parametrize(
    ("query", "header", "title"),
    [
        ("", "", "Такого немає"),
        ("", "de, fr;q=0.5", "Такого немає"),
        ("", "en-GB,en;q=0.9", "There is no such thing"),
        ("", "uk, en;q=0.5", "Такого немає"),
        ("?language=en", "uk", "There is no such thing"),
        ("?language=uk", "en", "Такого немає"),
        ("?language=%00", "en", "Такого немає"),
    ],
)
def test_words_are_in_the_language_that_was_asked_for(
    client: Client, db: None, query: str, header: str, title: str
) -> None:
    answer = client.get(f"/api/v1/nothing/here/{query}", headers={"accept-language": header})
    assert answer.json()["title"] == title
    assert answer.headers["Content-Language"] == ("en" if title.startswith("There") else "uk")


def test_wrong_parameters_are_named(client: Client, issue: Issue) -> None:
    told = problem(client.get(ISSUES + "?bbox=1,2&reported_from=soon&language=en"), 400, "invalid")
    assert {one["parameter"]: one["code"] for one in told["errors"]} == {"bbox": "box", "reported_from": "day"}
    for query in ("page_size=0", "page_size=many", "q=%00", "area=districts.nowhere", "changed_since=soon"):
        told = problem(client.get(f"{ISSUES}?{query}"), 400, "invalid")
        assert [one["parameter"] for one in told["errors"]] == [query.partition("=")[0]]


def test_method_and_type_that_are_not_taken(client: Client, issue: Issue) -> None:
    answer = client.delete(ISSUES)
    problem(answer, 405, "method")
    assert "GET" in answer.headers["Allow"]
    problem(client.get(ISSUES, headers={"accept": "text/turtle"}), 406, "not-acceptable")


def test_too_many_parameters_are_refused(client: Client, issue: Issue) -> None:
    problem(client.get(ISSUES + "?" + "&".join(["state=wait"] * 1001)), 400, "malformed")


def test_fault_of_ours_is_told_without_its_details(
    client: Client, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("secret detail")

    client.raise_request_exception = False
    monkeypatch.setattr("issues.api.seen", broken)
    answer = client.get(f"{ISSUES}1/")
    problem(answer, 500, "error")
    assert "secret" not in answer.content.decode()


def test_every_type_leads_to_its_words(client: Client, db: None) -> None:
    for language, words in (("uk", "Забагато запитів"), ("en", "Too many requests")):
        page = client.get(f"/api/v1/docs/?language={language}").content.decode()
        assert all(f'id="problem-{kind}"' in page for kind in KINDS)
        assert words in page
