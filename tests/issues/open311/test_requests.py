"""Requests that are read: what of them, which of them, in what portions."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import Subject, Visibility
from geodata.models import Community
from issues.actions import report_issue
from issues.blur import blurred
from issues.models import Issue
from issues.moves import move_by_organisation, redact_words, reply_by_organisation
from issues.states import State
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.issues.conftest import Houses, ask_where, holder
from tests.issues.open311 import schemas
from tests.issues.open311.conftest import API, ask, ask_xml, errors_of
from tests.issues.open311.schemas import fits


def show_as(issue: Issue, visibility: Visibility) -> None:
    why = "так треба" if visibility == Visibility.HIDDEN else ""
    Subject.objects.filter(pk=issue.subject_id).update(visibility=visibility, hidden_reason=why)


def several(city: City, town: Town, count: int) -> list[Issue]:
    """So many reports, an hour apart, the newest last."""
    return [
        report_issue(new=hole(city, town["p"], email=""), community=city.community, at=NOW - timedelta(hours=count - n))
        for n in range(count)
    ]


def ids(told: list[dict[str, Any]]) -> list[str]:
    return [one["service_request_id"] for one in told]


def test_request_says_what_everybody_may_know(issue: Issue, client: Client) -> None:
    told = fits(ask(client, "requests"), schemas.REQUESTS)
    assert told == [
        {
            "service_request_id": "1",
            "status": "open",
            "status_notes": "Нова",
            "service_name": "Дороги",
            "service_code": "roads",
            "description": "Яма на переході. Машини об’їжджають її тротуаром.",
            "agency_responsible": "КП «Яворинавтодор»",
            "service_notice": None,
            "requested_datetime": "2026-11-19T10:00:00+02:00",
            "updated_datetime": "2026-11-19T10:00:00+02:00",
            "expected_datetime": "2026-11-26T23:59:59+02:00",
            "address": None,
            "address_id": None,
            "zipcode": None,
            "lat": round(issue.location.y, 6),
            "long": round(issue.location.x, 6),
            "media_url": None,
        }
    ]
    assert ask(client, "requests/1") == told
    tree = ask_xml(client, "requests/1")
    assert tree.tag == "service_requests"
    assert [field.tag for field in tree.findall("request")[0]] == list(told[0])
    assert tree.findtext("request/zipcode") == ""


def test_closed_request_says_when_and_with_which_words(issue: Issue, later: Any, client: Client) -> None:
    move_by_organisation(delivery=holder(issue), to=State.DONE, text="Залатали.", at=later)
    told = ask(client, "requests/1")[0]
    assert (told["status"], told["status_notes"]) == ("closed", "Готово: Залатали.")
    assert told["updated_datetime"] == "2026-11-20T10:00:00+02:00"


def test_words_that_a_moderator_removed_are_not_told(issue: Issue, marta: Any, later: Any, client: Client) -> None:
    reply_by_organisation(delivery=holder(issue), text="Дзвоніть Петрові, 050…", at=later)
    assert "Петрові" in ask(client, "requests/1")[0]["status_notes"]
    redact_words(event=issue.events.latest("at", "id"), user=marta, at=later)
    assert "Петрові" not in ask(client, "requests/1")[0]["status_notes"]
    assert "Петрові" not in str(ask(client, "servicerequestupdates"))


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_stranger_sees_nothing_of_what_is_not_public(issue: Issue, client: Client, visibility: Visibility) -> None:
    show_as(issue, visibility)
    assert ask(client, "requests") == ask(client, "requests", service_request_id="1") == []
    fits(ask(client, "requests/1", expect=404), schemas.ERRORS)
    assert ask(client, "servicerequestupdates", extensions="true") == []


def test_moderator_asking_sees_no_more_than_anybody(issue: Issue, marta: Any, client: Client) -> None:
    show_as(issue, Visibility.HELD)
    client.force_login(marta)
    assert ask(client, "requests") == []


def test_requests_of_another_community_are_not_here(issue: Issue, elsewhere: Community, client: Client) -> None:
    assert client.get("/sosnivka/open311/v2/requests.json").json() == []
    assert client.get("/sosnivka/open311/v2/requests/1.json").status_code == 404
    assert client.get("/sosnivka/open311/v2/servicerequestupdates.json").json() == []
    assert client.get("/sosnivka/open311/v2/services.json").json() == []


def test_true_place_of_a_blurred_report_is_nowhere(city: City, town: Town, houses: Houses, client: Client) -> None:
    new = hole(
        city, town["p"], category=houses.category, asset=houses.first, address="вул. Соборна, 12", flat="7", email=""
    )
    issue = report_issue(new=new, community=city.community, at=NOW)
    open_one = ask(client, "requests/1", extensions="true")
    assert open_one[0]["address_id"] == "12"
    assert open_one[0]["address"] == "вул. Соборна, 12"
    show_as(issue, Visibility.COARSE)
    told = fits(ask(client, "requests/1", extensions="true"), schemas.REQUESTS)[0]
    assert (told["long"], told["lat"]) == tuple(round(part, 6) for part in blurred(town["p"].x, town["p"].y))
    assert told["address"] is told["address_id"] is None
    assert "Соборна" not in str(told)
    assert '"7"' not in str(open_one)


def test_extensions_tell_more(city: City, town: Town, client: Client) -> None:
    ask_where(city)
    new = hole(city, town["p"], answers={"where": "yard"}, email="")
    report_issue(new=new, community=city.community, at=NOW)
    told = fits(ask(client, "requests", extensions="true", locale="en"), schemas.REQUESTS)[0]["extended_attributes"]
    assert told["state"] == "new"
    assert told["url"] == "http://testserver/yavoryn/issues/1/"
    assert told["answers"] == [
        {"code": "where", "question": "Where exactly?", "key": "yard", "name": "In the yard"}
    ]  # fmt: skip
    assert ask_xml(client, "requests/1", extensions="true").findtext("request/extended_attributes/answers/answer/key")


def test_ids_override_everything_else(city: City, town: Town, client: Client) -> None:
    several(city, town, 3)
    told = ask(client, "requests", service_request_id="1, 3,99,x", status="closed", start_date="2020-01-01")
    assert sorted(ids(told)) == ["1", "3"]
    too_many = ",".join(["1"] * 1001)
    assert ask(client, "requests", service_request_id=too_many, expect=400)


def test_requests_are_filtered_by_service_status_and_time(city: City, town: Town, later: Any, client: Client) -> None:
    _first, second, _third = several(city, town, 3)
    move_by_organisation(delivery=holder(second), to=State.DONE, text="Залатали.", at=later)
    assert ids(ask(client, "requests", status="open")) == ["3", "1"]
    assert ids(ask(client, "requests", status="closed")) == ["2"]
    assert ids(ask(client, "requests", status="open,CLOSED")) == ["3", "2", "1"]
    assert ids(ask(client, "requests", service_code="manholes")) == []
    assert ids(ask(client, "requests", service_code="manholes,roads")) == ["3", "2", "1"]
    assert ids(ask(client, "requests", start_date="2026-11-19T07:30:00+02:00")) == ["3", "2"]
    assert ids(ask(client, "requests", end_date="2026-11-19T07:30:00+02:00")) == ["1"]
    assert ids(ask(client, "requests", end_date="2026-11-19")) == ["3", "2", "1"], "a day lasts until the next"
    assert ids(ask(client, "requests", updated_after="2026-11-20T00:00:00Z")) == ["2"]
    assert ids(ask(client, "requests", updated_before="2026-11-20T00:00:00Z")) == ["3", "1"]
    assert ids(ask(client, "requests", service_code="", status="", start_date="")) == ["3", "2", "1"]


def test_by_default_the_last_ninety_days_are_told(city: City, town: Town, client: Client) -> None:
    for days in (100, 80):
        new = hole(city, town["p"], email="")
        report_issue(new=new, community=city.community, at=NOW - timedelta(days=days))
    assert ids(ask(client, "requests")) == ["2"]
    assert ids(ask(client, "requests", end_date="2026-08-20")) == ["1"]
    assert ids(ask(client, "requests", start_date="2026-08-01")) == ["2", "1"]
    assert ids(ask(client, "requests", updated_after="2026-08-01")) == ["2", "1"]


@pytest.mark.parametrize(
    ("given", "about"),
    [
        ({"start_date": "2026-01-01", "end_date": "2026-12-01"}, "90"),
        ({"start_date": "2026-03-01", "end_date": "2026-02-01"}, "end_date"),
        ({"start_date": "вчора"}, "start_date"),
        ({"updated_after": "2026-13-41"}, "updated_after"),
        ({"end_date": "0001-01-01"}, ""),
        ({"start_date": "9999-12-31T23:59:59Z"}, ""),
        ({"status": "frozen"}, "status"),
        ({"page": "0"}, "page"),
        ({"page_size": "-1"}, "page_size"),
        ({"page": "99999", "page_size": "1000"}, "Link"),
        ({"after": "x"}, "after"),
        ({"after": "999999999999999999.1"}, "after"),
        ({"service_code": "roads\0"}, "0"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said(city: City, client: Client, given: dict[str, str], about: str) -> None:
    answer = client.get(f"{API}/requests.json", given)
    assert answer.status_code == 400
    assert about in errors_of(fits(answer.json(), schemas.ERRORS))


def test_service_that_there_is_not_is_not_found(city: City, client: Client) -> None:
    assert client.get(f"{API}/requests.json", {"service_code": "nothing"}).status_code == 404


def test_zone_whose_plus_nobody_escaped_is_read(city: City, town: Town, client: Client) -> None:
    several(city, town, 2)
    answer = client.get(f"{API}/requests.json?start_date=2026-11-19T08:30:00+02:00")
    assert ids(answer.json()) == ["2"]


def test_pages_by_number_and_by_link_hold_each_request_once(city: City, town: Town, client: Client) -> None:
    several(city, town, 5)
    assert [ids(ask(client, "requests", page=page, page_size=2)) for page in (1, 2, 3, 4)] == [
        ["5", "4"], ["3", "2"], ["1"], []
    ]  # fmt: skip
    found, address = [], f"{API}/requests.json?page_size=2"
    while address:
        answer = client.get(address)
        found += ids(answer.json())
        link = answer.headers.get("Link", "")
        address = link[1 : link.index(">")].removeprefix("http://testserver") if link else ""
        if len(found) == 2:  # what comes meanwhile shifts nothing
            report_issue(new=hole(city, town["p"], email=""), community=city.community, at=NOW + timedelta(minutes=1))
    assert found == ["5", "4", "3", "2", "1"]


def test_number_of_statements_does_not_grow(city: City, town: Town, client: Client, later: Any) -> None:
    def statements(**given: Any) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            ask(client, "requests", **given)
            ask(client, "servicerequestupdates", **given)
        return len(asked)

    for issue in several(city, town, 2):
        move_by_organisation(delivery=holder(issue), to=State.DONE, text="Залатали.", at=later)
    few = statements(), statements(extensions="true")
    for issue in several(city, town, 8):
        move_by_organisation(delivery=holder(issue), to=State.DONE, text="Залатали.", at=later)
    assert (statements(), statements(extensions="true")) == few
    assert few[0] <= 8
