"""A program sends a report for a resident: by the rules of the form, once for each key, within limits."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey
from geodata.models import Community
from issues.assets import point_on
from issues.models import Issue, IssueSettings
from routing.usual_dangers import found_dangers
from tests.conftest import NOW, City
from tests.grid import Town, degrees_per_metre
from tests.issues.conftest import Houses, new_rule

ISSUES = "/api/v1/yavoryn/issues/"


@pytest.fixture
def program(city: City) -> ApiClient:
    """Водоканал asks by programs."""
    found: ApiClient = ApiClient.objects.create(community=city.community, organisation=city.vodokanal)
    return found


@pytest.fixture
def secret(program: ApiClient) -> str:
    """Its key, with which it may send reports."""
    return make_key(client=program, name="Застосунок", scopes=[ApiKey.Scope.REPORTS], by=None, at=NOW)[1]


def hole(town: Town, place: str = "p", **more: Any) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [town[place].x, town[place].y]}
    return {"category": "roads", "location": point, "text": "Яма на переході.", "confirmed": True} | more


def send(client: Client, secret: str, body: dict[str, Any], **headers: str) -> Any:
    given = {"Authorization": f"Bearer {secret}", "Accept-Language": "en"} | headers
    return client.post(ISSUES, body, content_type="application/json", headers=given)


def places(answer: Any) -> set[str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return {error["pointer"] for error in answer.json()["errors"]}


def test_report_is_accepted_and_tells_who_answers(client: Client, secret: str, city: City, town: Town) -> None:
    answer = send(client, secret, hole(town, email="olia@example.org", name="Оля", device="phone 1"))
    assert answer.status_code == 201, answer.content
    told, issue = answer.json(), Issue.objects.get()
    assert (issue.source, issue.text, issue.shows_name) == (Issue.Source.API, "Яма на переході.", False)
    assert (told["number"], told["organisation"]) == (issue.number, city.road_service.name)
    assert answer.headers["Location"].endswith(f"{ISSUES}{issue.number}/")
    assert client.get(told["author_url"]).status_code == 200
    assert client.get(answer.headers["Location"]).status_code == 200


def test_same_key_again_is_done_once(client: Client, secret: str, town: Town) -> None:
    answers = [send(client, secret, hole(town), **{"Idempotency-Key": "a-1"}) for _turn in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Issue.objects.count() == 1
    assert send(client, secret, hole(town, text="Інше"), **{"Idempotency-Key": "a-1"}).status_code == 422


def test_stranger_and_other_keys_send_nothing(
    client: Client, secret: str, program: ApiClient, elsewhere: Community, city: City, town: Town
) -> None:
    assert client.post(ISSUES, hole(town), content_type="application/json").status_code == 401
    other = make_key(client=program, name="x", scopes=[ApiKey.Scope.WEBHOOKS], by=None, at=NOW)[1]
    assert send(client, other, hole(town)).status_code == 403
    with scope(community=elsewhere):
        theirs = ApiClient.objects.create(community=elsewhere, organisation=city.vodokanal)
        foreign = make_key(client=theirs, name="x", scopes=[ApiKey.Scope.REPORTS], by=None, at=NOW)[1]
    assert send(client, foreign, hole(town)).status_code == 401
    assert not Issue.objects.exists()


def test_problem_points_at_the_member(client: Client, secret: str, town: Town) -> None:
    assert places(send(client, secret, hole(town, text=" "))) == {"/text"}
    assert places(send(client, secret, hole(town, category="nothing"))) == {"/category"}
    assert places(send(client, secret, hole(town, email="olia"))) == {"/email"}
    assert places(send(client, secret, hole(town, photos=["made up"]))) == {"/photos"}
    assert places(send(client, secret, hole(town, "o"))) == {"/location"}
    assert places(send(client, secret, {"category": "roads", "text": "Яма"})) == {"/address"}
    assert not Issue.objects.exists()


def test_danger_is_to_be_passed_first(client: Client, secret: str, city: City, town: Town) -> None:
    found_dangers([city.community])
    answer = send(client, secret, hole(town, text="Пахне газом біля переходу."))
    assert (answer.status_code, places(answer)) == (422, {"/dangers"})
    codes = [danger["code"] for danger in answer.json()["dangers"]]
    assert send(client, secret, hole(town, text="Пахне газом біля переходу.", dangers=codes)).status_code == 201
    assert Issue.objects.get().dangers == codes


def test_check_sends_nothing_and_tells_what_would_come_of_it(
    client: Client, secret: str, issue: Issue, town: Town, city: City
) -> None:
    told = send(client, secret, hole(town, check=True)).json()
    assert (told["organisation"], told["dangers"]) == (city.road_service.name, [])
    assert [one["number"] for one in told["similar"]] == [issue.number]
    assert Issue.objects.count() == 1


def test_device_sends_only_so_many(client: Client, secret: str, city: City, town: Town) -> None:
    IssueSettings.objects.create(community=city.community, device_hour=1)
    assert send(client, secret, hole(town, device="phone 1")).status_code == 201
    refused = send(client, secret, hole(town, text="Ще одна яма.", device="phone 1"))
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
    assert send(client, secret, hole(town, text="Ще одна яма.", device="phone 2")).status_code == 201


def test_place_whose_owner_is_in_doubt_is_to_be_looked_at(client: Client, secret: str, city: City, town: Town) -> None:
    new_rule(city, category=city.roads, division=city.division, area_code="south", organisation=city.vodokanal)
    near = [town["p"].x, town["C"].y + 12 * degrees_per_metre(town["C"].y)[1]]
    body = hole(town, location={"type": "Point", "coordinates": near}, confirmed=False)
    refused = send(client, secret, body)
    assert (refused.status_code, places(refused)) == (422, {"/confirmed"})
    assert "12 m" in refused.json()["detail"]
    assert city.vodokanal.name in send(client, secret, body | {"check": True}).json()["doubt"]
    assert not Issue.objects.exists()
    assert send(client, secret, body | {"confirmed": True}).status_code == 201


def test_who_must_answer_is_decided_once(client: Client, secret: str, town: Town) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert send(client, secret, hole(town)).status_code == 201
    assert sum("routing_decide" in query["sql"] for query in asked.captured_queries) == 1


def test_report_of_a_house_lies_at_the_house_when_no_place_is_named(
    client: Client, secret: str, houses: Houses, town: Town
) -> None:
    body = hole(town, category="houses", asset="14")
    del body["location"]
    assert send(client, secret, body).status_code == 201
    issue = Issue.objects.get()
    assert (issue.location.x, issue.location.y) == point_on(houses.second)
    assert (issue.asset, issue.address) == (houses.second, houses.second.label)
    assert "/asset" in places(send(client, secret, body | {"asset": "99"}))
