"""What holds for every call: formats, methods, languages, caches, other sites."""

from datetime import date
from typing import Any

from django.test import Client

from issues.actions import report_issue
from issues.models import Issue
from issues.moves import reply_by_organisation
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.issues.conftest import holder
from tests.issues.open311 import schemas
from tests.issues.open311.conftest import API, ask, ask_xml, errors_of, tree_of
from tests.issues.open311.schemas import fits


def test_format_comes_from_the_end_of_the_address_or_from_accept(city: City, client: Client) -> None:
    def kind(end: str = "", accept: str | None = None) -> str:
        headers = {"Accept": accept} if accept else {}
        return client.get(f"{API}/services{end}", headers=headers).headers["Content-Type"]

    xml, json = "text/xml; charset=utf-8", "application/json; charset=utf-8"
    assert kind() == kind(".xml") == kind(".xml", "application/json") == kind(accept="application/xml") == xml
    assert kind(".json") == kind(accept="application/json") == json
    assert client.get(f"{API}/services.yaml").status_code == 404


def test_answers_are_kept_only_until_they_change(issue: Issue, later: Any, client: Client) -> None:
    answer = client.get(f"{API}/requests.xml")
    etag = answer.headers["ETag"]
    again = client.get(f"{API}/requests.xml", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    reply_by_organisation(delivery=holder(issue), text="Приїдемо завтра.", at=later)
    assert client.get(f"{API}/requests.xml", headers={"If-None-Match": etag}).status_code == 200


def test_answers_are_compressed_strictly_guarded_and_open_to_other_sites(city: City, client: Client) -> None:
    answer = client.get(f"{API}/services.xml", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Cookie" not in answer.headers["Vary"]
    assert not answer.cookies


def test_other_jurisdiction_is_not_found(city: City, client: Client) -> None:
    assert ask(client, "services", jurisdiction_id="yavoryn")
    assert ask(client, "services", jurisdiction_id="")
    for address in (f"{API}/services.json?jurisdiction_id=sosnivka", "/nowhere/open311/v2/services.json"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "jurisdiction_id" in errors_of(fits(answer.json(), schemas.ERRORS))


def test_errors_are_xml_where_xml_is_asked(city: City, client: Client) -> None:
    answer = client.get(f"{API}/requests/77.xml")
    assert answer.status_code == 404
    tree = tree_of(answer)
    assert (tree.tag, tree.findtext("error/code")) == ("errors", "404")
    assert tree.findtext("error/description", "").startswith("service_request_id")


def test_other_methods_are_not_allowed(city: City, client: Client) -> None:
    answer = client.delete(f"{API}/requests.json")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert client.post(f"{API}/services.json").status_code == 405
    assert client.head(f"{API}/services.json").content == b""


def test_characters_that_xml_does_not_hold_are_left_out(city: City, town: Town, client: Client) -> None:
    new = hole(city, town["p"], text="Яма\x0b на \x1fпереході <b>&amp; 👷", email="")
    report_issue(new=new, community=city.community, at=NOW)
    assert ask_xml(client, "requests").findtext("request/description") == "Яма на переході <b>&amp; 👷"


def test_promise_is_a_day(issue: Issue, client: Client) -> None:
    Issue.objects.filter(pk=issue.pk).update(due_on=date(2026, 12, 31))
    assert ask(client, "requests")[0]["expected_datetime"] == "2026-12-31T23:59:59+02:00"
