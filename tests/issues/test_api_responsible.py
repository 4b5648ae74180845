"""GET /api/v1/<community>/responsible/: who would answer at a place, in codes, for other people's programs."""

import pytest
import time_machine
from django.test import Client

from geodata.models import Community
from issues.models import Issue
from tests.conftest import NOW, City
from tests.grid import Town, degrees_per_metre
from tests.issues.conftest import Houses, ask_where, new_rule

ADDRESS = "/api/v1/yavoryn/responsible/"


@pytest.fixture
def asked(city: City, town: Town) -> dict[str, str]:
    """A hole at p."""
    city.road_service.edrpou = "12345678"
    city.road_service.save()
    return {"lat": f"{town['p'].y:.6f}", "lon": f"{town['p'].x:.6f}", "category": "roads"}


def test_names_the_organisation_the_rule_and_the_areas(client: Client, asked: dict[str, str]) -> None:
    told = client.get(ADDRESS, asked).json()
    assert told["organisation"] == {"name": "КП «Яворинавтодор»", "edrpou": "12345678"}
    assert (told["rule"]["category"], told["rule"]["division"], told["rule"]["area_code"]) == (
        "roads", "districts", "north",
    )  # fmt: skip
    assert told["areas"] == [{"division": "districts", "code": "north", "name": "Заріччя"}]
    assert (told["fallback"], told["informed"], told["doubt"]) == (False, [], None)
    assert Issue.objects.count() == 0


def test_answer_has_these_names_and_no_others(client: Client, asked: dict[str, str]) -> None:
    told = client.get(ADDRESS, asked).json()
    assert set(told) == {
        "point", "at", "category", "answers", "organisation", "fallback", "informed", "rule", "areas", "doubt",
    }  # fmt: skip
    assert set(told["rule"]) == {
        "category", "division", "area_code", "register", "asks", "within", "answers", "weekdays", "hours_from",
        "hours_to", "valid_from", "valid_to", "priority", "asset",
    }  # fmt: skip


def test_duty_queue_is_marked_as_such(client: Client, asked: dict[str, str], town: Town) -> None:
    told = client.get(ADDRESS, asked | {"lat": f"{town['q'].y:.6f}"}).json()
    assert (told["organisation"]["name"], told["fallback"], told["rule"]) == ("Яворинська міська рада", True, None)


def test_informed_and_doubt_are_named(client: Client, asked: dict[str, str], city: City, town: Town) -> None:
    new_rule(city, role="informed", category=city.roads, organisation=city.council)
    new_rule(city, category=city.roads, division=city.division, area_code="south", organisation=city.vodokanal)
    _per_lon, per_lat = degrees_per_metre(town["C"].y)
    told = client.get(ADDRESS, asked | {"lat": f"{town['C'].y + 9 * per_lat:.6f}"}).json()
    assert told["informed"] == [{"name": "Яворинська міська рада", "edrpou": None}]
    assert told["doubt"]["organisation"]["name"] == "КП «Яворинводоканал»"
    assert 8 < told["doubt"]["metres"] < 10


def test_asset_is_named_by_its_key(client: Client, asked: dict[str, str], houses: Houses) -> None:
    told = client.get(ADDRESS, asked | {"category": "houses", "asset": "14"}).json()
    assert told["organisation"]["name"] == "«Домком»"
    assert told["rule"]["asset"]["key"] == "14"


def test_answers_decide(client: Client, asked: dict[str, str], city: City) -> None:
    ask_where(city)
    new_rule(city, category=city.roads, answers={"where": ["yard"]}, priority=5, organisation=city.vodokanal)
    told = client.get(ADDRESS, asked | {"answer-where": "yard"}).json()
    assert (told["organisation"]["name"], told["answers"]) == ("КП «Яворинводоканал»", {"where": "yard"})


@pytest.mark.parametrize(
    "bad",
    [
        {"lat": ""},
        {"lat": "north"},
        {"lat": "91"},
        {"lon": "nan"},
        {"category": ""},
        {"category": "no\0thing"},
        {"asset": "12"},
        {"asset": "\0"},
        {"answer-where": "yard"},
        {"answer-\0": "\0"},
        {"lat": "1", "lon": "2"},
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(client: Client, asked: dict[str, str], bad: dict[str, str]) -> None:
    answer = client.get(ADDRESS, asked | bad)
    assert answer.status_code == 422
    assert len(answer.json()["error"]) > 10


def test_place_in_another_community_tells_where_to_go(
    client: Client, asked: dict[str, str], elsewhere: Community
) -> None:
    there = {"lon": str(elsewhere.centre.x + 0.0001), "lat": str(elsewhere.centre.y - 0.0001)}
    assert client.get(ADDRESS, asked | there).json()["elsewhere"]["name"] == "Соснівська громада"


def test_only_reading_is_possible(client: Client, asked: dict[str, str]) -> None:
    assert client.post(ADDRESS, asked).status_code == 405


def test_plain_question_is_one_for_the_database(
    client: Client, asked: dict[str, str], django_assert_num_queries: pytest.FixtureRequest
) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        client.get(ADDRESS, asked)


@time_machine.travel(NOW, tick=False)
def test_short_way_and_long_way_say_the_same(client: Client, asked: dict[str, str], town: Town) -> None:
    for place in "pqo":
        at = asked | {"lat": f"{town[place].y:.6f}", "lon": f"{town[place].x:.6f}"}
        short, long = client.get(ADDRESS, at), client.get(ADDRESS, at | {"asset": ""})
        told = [answer.json() | {"request_id": ""} for answer in (short, long)]
        assert (short.status_code, told[0]) == (long.status_code, told[1])


@pytest.mark.parametrize("path", ["/api/v1/nowhere/responsible/", "/api/v1/sosnivka/responsible/"])
def test_category_of_one_community_is_asked_in_no_other(
    client: Client, asked: dict[str, str], elsewhere: Community, path: str
) -> None:
    assert client.get(path, asked).status_code in {404, 422}


def test_category_that_is_no_longer_offered_is_refused(client: Client, asked: dict[str, str], city: City) -> None:
    city.roads.is_active = False
    city.roads.save()
    assert client.get(ADDRESS, asked).status_code == 422
