"""Guesses in the report form: shown beside the text, one tap away, never chosen for anybody."""

import logging
import re

import pytest
import time_machine
from django.test import Client

from geodata.models import Community
from issues.models import Issue
from routing.models import Category
from tests.conftest import NOW, City
from tests.grid import Town

ADDRESS = "/yavoryn/report/"
FRAGMENT = "/yavoryn/report/words/"
MANHOLE = "Відкритий люк на тротуарі, кришка поруч."
pytestmark = pytest.mark.usefixtures("_morning")


@pytest.fixture
def _morning() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def offered(html: str) -> list[str]:
    """Codes of the guesses, in their order."""
    return re.findall(r'value="guess:([^"]*)"', html)


def test_fragment_names_the_likeliest_and_the_words(client: Client, city: City) -> None:
    answer = client.post(FRAGMENT, {"text": MANHOLE}).content.decode()
    assert offered(answer) == ["manholes", "roads"]
    assert "люк" in answer.split("</button>")[-1], "the reason is told"


def test_nothing_typed_brings_nothing(client: Client, city: City) -> None:
    for sent in ({}, {"text": ""}, {"text": "\0"}, {"text": "Добрий день"}):
        answer = client.post(FRAGMENT, sent)
        assert answer.status_code == 200
        assert offered(answer.content.decode()) == []


def test_huge_text_is_answered(client: Client, city: City) -> None:
    answer = client.post(FRAGMENT, {"text": "люк " * 20_000})
    assert offered(answer.content.decode())[0] == "manholes"


def test_what_was_typed_is_escaped(client: Client, city: City) -> None:
    Category.objects.filter(pk=city.roads.pk).update(name="<b>Дороги</b>")
    answer = client.post(FRAGMENT, {"text": "<script>яма</script>"}).content.decode()
    assert "<script>" not in answer
    assert "<b>" not in answer


def test_words_never_stand_in_an_address(client: Client, city: City) -> None:
    assert client.get(FRAGMENT, {"text": MANHOLE}).status_code == 405


def test_foreign_page_cannot_ask(city: City) -> None:
    assert Client(enforce_csrf_checks=True).post(FRAGMENT, {"text": MANHOLE}).status_code == 403


def test_nothing_of_the_text_is_logged(client: Client, city: City, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post(FRAGMENT, {"text": "люк біля Коваленків"})
    assert "Коваленк" not in caplog.text


def test_category_that_can_no_longer_be_chosen_is_not_guessed(client: Client, city: City) -> None:
    Category.objects.filter(pk=city.manholes.pk).update(is_active=False)
    assert "guess:manholes" not in client.post(FRAGMENT, {"text": MANHOLE}).content.decode()


def test_words_of_another_community_are_its_own(client: Client, city: City, elsewhere: Community) -> None:
    from django_scopes import scope

    with scope(community=elsewhere):
        Category.objects.create(community=elsewhere, code="wells", name="Криниці", keywords="журавель")
    assert offered(client.post(FRAGMENT, {"text": "журавель"}).content.decode()) == []
    assert offered(client.post("/sosnivka/report/words/", {"text": "журавель"}).content.decode()) == ["wells"]


def test_without_scripts_the_page_after_a_check_shows_them_and_a_tap_chooses(
    client: Client, city: City, town: Town
) -> None:
    sent = {"lon": f"{town['p'].x:.6f}", "lat": f"{town['p'].y:.6f}", "text": MANHOLE}
    page = client.post(ADDRESS, sent | {"do": "check"})
    assert page.status_code == 422, "the choice itself is still the resident's"
    assert [one.code for one in page.context["guesses"]] == ["manholes", "roads"]
    again = client.post(ADDRESS, sent | {"do": "guess:manholes"})
    assert again.context["form"]["category"].value() == "manholes"
    assert again.context["form"]["text"].value() == MANHOLE
    assert Issue.objects.count() == 0


@pytest.mark.parametrize("pressed", ["guess:", "guess:nothing", "guess:\0", "guess:" + "x" * 5000])
def test_guess_that_is_none_is_told_beside_the_categories(client: Client, city: City, pressed: str) -> None:
    page = client.post(ADDRESS, {"text": MANHOLE, "do": pressed})
    assert page.status_code == 422
    assert "category" in page.context["form"].errors


def test_what_was_chosen_is_never_overridden(client: Client, city: City) -> None:
    page = client.post(ADDRESS, {"text": MANHOLE, "category": "roads", "do": "check"})
    assert page.context["guesses"] == []
    assert page.context["form"]["category"].value() == "roads"
    assert offered(client.post(FRAGMENT, {"text": MANHOLE, "category": "roads"}).content.decode()) == []
