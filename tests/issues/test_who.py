"""“Who would answer here?”: anybody asks, nothing is sent, and the address holds the question."""

import pytest
import time_machine
from django.test import Client

from geodata.models import Community
from issues.models import Issue
from tests.conftest import NOW, City
from tests.grid import Town
from tests.issues.conftest import Houses, ask_where, new_rule

ADDRESS = "/yavoryn/who/"
pytestmark = pytest.mark.usefixtures("_morning")


@pytest.fixture
def _morning() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def asked(city: City, town: Town) -> dict[str, str]:
    """A hole at p."""
    return {"lat": f"{town['p'].y:.6f}", "lon": f"{town['p'].x:.6f}", "category": "roads"}


def test_address_with_place_and_category_shows_who_answers_and_why(client: Client, asked: dict[str, str]) -> None:
    page = client.get(ADDRESS, asked)
    text = page.content.decode()
    assert page.context["answerer"].organisation.name == "КП «Яворинавтодор»"
    assert "Заріччя" in text
    assert 'name="seen"' not in text
    assert f"/yavoryn/report/?lat={asked['lat']}&amp;lon={asked['lon']}&amp;category=roads" in text
    assert Issue.objects.count() == 0


def test_empty_page_says_what_to_do(client: Client, city: City) -> None:
    page = client.get(ADDRESS)
    assert page.status_code == 200
    assert page.context["answerer"] is None
    assert page.context["trouble"] == []


def test_question_without_a_place_is_told_so(client: Client, city: City) -> None:
    assert client.get(ADDRESS, {"category": "roads", "ask": "1"}).context["trouble"]


def test_typed_coordinates_are_a_place(client: Client, asked: dict[str, str]) -> None:
    page = client.get(ADDRESS, {"address": f"{asked['lat']}, {asked['lon']}", "category": "roads", "ask": "1"})
    assert page.context["answerer"].organisation.name == "КП «Яворинавтодор»"


def test_tap_without_javascript_leads_to_an_address_with_the_place(
    client: Client, asked: dict[str, str], yavoryn: Community
) -> None:
    assert yavoryn.boundary
    box = ",".join(map(str, yavoryn.boundary.extent))
    answer = client.get(ADDRESS, {"category": "roads", "tap.x": "320", "tap.y": "100", "tap_box": box})
    assert answer.status_code == 302
    page = client.get(answer["Location"])
    assert page.context["answerer"].organisation.name == "КП «Яворинавтодор»"


@pytest.mark.parametrize("place", [("1", "2"), ("nan", "28"), ("91", "28"), ("north", "east"), ("", "")])
def test_bad_place_is_no_traceback(client: Client, city: City, place: tuple[str, str]) -> None:
    page = client.get(ADDRESS, {"lat": place[0], "lon": place[1], "category": "roads", "tap_box": "x", "ask": "1"})
    assert page.status_code == 200


def test_place_outside_is_said(client: Client, asked: dict[str, str], town: Town) -> None:
    there = {"lat": str(town["o"].y), "lon": str(town["o"].x)}
    assert "Яворинська громада" in client.get(ADDRESS, asked | there).context["answerer"].refusal


def test_questions_are_asked_here_too(client: Client, asked: dict[str, str], city: City) -> None:
    ask_where(city)
    new_rule(city, category=city.roads, answers={"where": ["yard"]}, priority=5, organisation=city.vodokanal)
    assert client.get(ADDRESS, asked).context["answerer"].asks_first
    assert client.get(ADDRESS, asked | {"answer-where": "yard"}).context["answerer"].organisation == city.vodokanal


def test_house_is_chosen_here_but_no_flat_is_asked(client: Client, asked: dict[str, str], houses: Houses) -> None:
    page = client.get(ADDRESS, asked | {"category": "houses", "asset": str(houses.first.pk)})
    assert page.context["answerer"].organisation == houses.osbb
    assert 'name="flat"' not in page.content.decode()


def test_chosen_house_is_a_place_without_javascript(client: Client, asked: dict[str, str], houses: Houses) -> None:
    question = {"category": "houses", "asset": str(houses.second.pk), "lat": "", "lon": "", "ask": "1"}
    answer = client.get(ADDRESS, question)
    assert answer.status_code == 302
    assert answer["Location"].endswith("#step-who")
    page = client.get(answer["Location"])
    assert page.context["answerer"].organisation == houses.domkom
    assert page.context["trouble"] == []


def test_pin_that_a_house_set_follows_to_another_house(client: Client, houses: Houses) -> None:
    question = {"category": "houses", "asset": str(houses.first.pk)}
    standing = client.get(client.get(ADDRESS, question)["Location"]).context["form"]
    on_the_first = {"lat": standing["lat"].value(), "lon": standing["lon"].value(), "pinned": str(houses.first.pk)}
    answer = client.get(ADDRESS, question | on_the_first | {"asset": str(houses.second.pk)})
    assert answer.status_code == 302
    moved = client.get(answer["Location"]).context["form"]
    assert moved["lon"].value() != standing["lon"].value()
    assert moved["pinned"].value() == str(houses.second.pk)
    assert client.get(ADDRESS, question | on_the_first).status_code == 200, "the same house leads nowhere"


def test_pin_that_was_put_by_hand_stays(client: Client, asked: dict[str, str], houses: Houses) -> None:
    question = asked | {"category": "houses", "asset": str(houses.second.pk), "pinned": str(houses.first.pk)}
    question["lat"] = f"{float(asked['lat']) + 0.0005:.6f}"
    assert client.get(ADDRESS, question).status_code == 200


@pytest.mark.parametrize("choice", ["none", "", "0", "x", "9" * 19])
def test_choice_that_is_no_house_is_no_place(client: Client, houses: Houses, choice: str) -> None:
    page = client.get(ADDRESS, {"category": "houses", "asset": choice, "ask": "1"})
    assert page.status_code == 200
    assert page.context["trouble"]


def test_fragment_promises_nothing(client: Client, asked: dict[str, str]) -> None:
    page = client.get(f"{ADDRESS}answerer/", asked).content.decode()
    assert "КП «Яворинавтодор»" in page
    assert 'name="seen"' not in page


def test_map_page_and_the_form_lead_there(client: Client, asked: dict[str, str]) -> None:
    assert 'href="/yavoryn/who/"' in client.get("/yavoryn/").content.decode()
    assert 'href="/yavoryn/who/"' in client.get("/yavoryn/report/answerer/", asked).content.decode()


def test_report_form_opens_with_the_same_question(client: Client, asked: dict[str, str], houses: Houses) -> None:
    page = client.get("/yavoryn/report/", asked | {"category": "houses", "asset": str(houses.first.pk), "text": "x"})
    form = page.context["form"]
    assert (form["category"].value(), form["asset"].value()) == ("houses", str(houses.first.pk))
    assert not form["text"].value()
