"""Danger first: whoever writes of gas or fire is asked to call before the form goes on. Nothing typed is lost."""

import uuid

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from issues.models import Issue
from routing.models import Category
from routing.usual_dangers import found_dangers
from tests.conftest import NOW, City
from tests.grid import Town

ADDRESS = "/yavoryn/report/"
WORDS = "/yavoryn/report/words/"
TEXT = "Пахне газом біля п’ятого будинку"
pytestmark = pytest.mark.usefixtures("_morning")


@pytest.fixture
def _morning() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def filled(city: City, town: Town) -> dict[str, str]:
    """Everything that a resident gives, who smells gas."""
    return {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{town['p'].y:.6f}",
        "category": "roads",
        "text": TEXT,
        "key": str(uuid.uuid4()),
    }


def seen(client: Client, filled: dict[str, str]) -> str:
    """What the page that shows who answers would send along."""
    answer: str = client.post(ADDRESS, filled | {"do": "check"}).context["answerer"].seen
    return answer


def test_next_brings_the_numbers_to_call_before_the_form_goes_on(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"do": "check"})
    html = page.content.decode()
    assert 'href="tel:104"' in html
    assert 'role="alert"' in html
    assert page.context["is_stopped_by_danger"]
    assert TEXT.replace("’", "’") in html


def test_sending_waits_for_the_tick_and_keeps_everything(client: Client, filled: dict[str, str]) -> None:
    filled["seen"] = seen(client, filled)
    page = client.post(ADDRESS, filled | {"do": "send"})
    assert page.status_code == 200
    assert [one.danger.code for one in page.context["warnings"]] == ["gas"]
    assert Issue.objects.count() == 0
    assert client.post(ADDRESS, filled | {"do": "send", "danger": "gas"}).status_code == 302
    assert Issue.objects.get().dangers == ["gas"]


def test_tick_is_remembered_for_the_same_danger_but_not_for_another(client: Client, filled: dict[str, str]) -> None:
    filled |= {"seen": seen(client, filled), "danger": "gas"}
    kept = client.post(ADDRESS, filled | {"do": "check"})
    assert [(one.danger.code, one.is_passed) for one in kept.context["warnings"]] == [("gas", True)]
    page = client.post(ADDRESS, filled | {"do": "send", "text": TEXT + ". Горить смітник"})
    assert [(one.danger.code, one.is_passed) for one in page.context["warnings"]] == [("gas", True), ("fire", False)]
    assert Issue.objects.count() == 0


def test_an_invalid_form_shows_the_warning_too(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"do": "send", "category": ""})
    assert page.status_code == 422
    assert 'href="tel:104"' in page.content.decode()


def test_chosen_category_alone_brings_the_warning(client: Client, filled: dict[str, str], city: City) -> None:
    Category.objects.create(community=city.community, code="gas", name="Газ")
    page = client.post(WORDS, {"text": "", "category": "gas"})
    assert 'href="tel:104"' in page.content.decode()


def test_warning_comes_while_it_is_typed(client: Client, filled: dict[str, str]) -> None:
    assert 'href="tel:104"' in client.post(WORDS, {"text": TEXT}).content.decode()
    assert "tel:" not in client.post(WORDS, {"text": "Пахне газоном"}).content.decode()


def test_nobody_joins_another_report_past_the_warning(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"do": "join:1"})
    assert page.status_code == 200
    assert page.context["is_stopped_by_danger"]


def test_report_without_danger_keeps_none(client: Client, filled: dict[str, str]) -> None:
    filled |= {"text": "Яма на переході"}
    filled["seen"] = seen(client, filled)
    assert client.post(ADDRESS, filled | {"do": "send"}).status_code == 302
    assert Issue.objects.get().dangers == []


def test_moderator_sees_danger_in_the_list_and_finds_what_is_in_danger(
    client: Client, filled: dict[str, str], city: City, marta: User
) -> None:
    found_dangers([city.community])
    staff = Client()
    staff.force_login(marta)
    for text, name in ((TEXT, "gas"), ("Яма на дорозі", "")):
        given = filled | {"text": text, "key": str(uuid.uuid4())}
        client.post(ADDRESS, given | {"do": "send", "seen": seen(client, given), "danger": name})
    found = staff.get("/admin/issues/issue/")
    assert found.content.decode().count("<b>Чути запах газу?</b>") == 1
    only = staff.get("/admin/issues/issue/?danger=yes").context["cl"].result_list
    assert [issue.dangers for issue in only] == [["gas"]]
    page = staff.get(f"/admin/issues/issue/{only[0].pk}/change/")
    assert "Чути запах газу?" in page.content.decode()


def test_numbers_to_call_are_in_the_page_for_the_time_without_network(client: Client, city: City) -> None:
    html = client.get(ADDRESS).content.decode()
    unknown = html[html.index('id="danger-unknown"') :]
    assert 'href="tel:104"' in unknown
    assert 'href="tel:101"' in unknown
