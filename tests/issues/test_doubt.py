"""Another owner within 30 m: the resident looks closely and confirms the place, and the trace says so."""

import uuid

import pytest
import time_machine
from django.test import Client

from issues.models import Issue
from routing.models import Decision, Rule
from tests.conftest import NOW, City
from tests.grid import Town, degrees_per_metre
from tests.issues.conftest import new_rule, new_rules

ADDRESS = "/yavoryn/report/"
pytestmark = pytest.mark.usefixtures("_morning")


@pytest.fixture
def _morning() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def filled(city: City, town: Town) -> dict[str, str]:
    """A hole in Заріччя, 12 m from Слобідка, where the water utility keeps the roads."""
    new_rule(city, category=city.roads, division=city.division, area_code="south", organisation=city.vodokanal)
    border, (_per_lon, per_lat) = town["C"].y, degrees_per_metre(town["C"].y)
    return {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{border + 12 * per_lat:.6f}",
        "category": "roads",
        "text": "Яма на межі.",
        "key": str(uuid.uuid4()),
        "do": "send",
    }


def looked(client: Client, filled: dict[str, str]) -> dict[str, str]:
    """The form after the look, with the place confirmed."""
    answerer = client.post(ADDRESS, filled).context["answerer"]
    return filled | {"seen": answerer.seen, "sure": answerer.sure}


def test_form_tells_who_else_is_near_how_far_and_shows_the_place(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled)
    answerer, text = page.context["answerer"], page.content.decode()
    assert "12 м" in answerer.doubt
    assert "КП «Яворинводоканал»" in answerer.doubt
    assert 'name="sure"' in text
    assert client.get(answerer.close_view)["Content-Type"].startswith("image/svg+xml")
    assert answerer.close_view.replace("&", "&amp;") in text


def test_unconfirmed_place_is_not_sent_and_everything_stays(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, looked(client, filled) | {"sure": ""})
    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["sure"]
    assert page.context["form"]["text"].value() == filled["text"]
    assert Issue.objects.count() == 0
    text = page.content.decode()
    assert text.count("autofocus") == 1
    assert 'id="sure" name="sure"' in text.partition("autofocus")[0].splitlines()[-1]


def test_confirmed_place_is_sent_and_the_trace_says_so(client: Client, filled: dict[str, str]) -> None:
    assert client.post(ADDRESS, looked(client, filled)).status_code == 302
    doubt = Decision.objects.get().trace["doubt"]
    assert (doubt["confirmed"], doubt["organisation_name"]) == (True, "КП «Яворинводоканал»")


@pytest.mark.parametrize("changed", ["place", "category", "neighbour"])
def test_confirmation_is_of_one_place_category_and_neighbour(
    client: Client, filled: dict[str, str], city: City, changed: str
) -> None:
    sure = looked(client, filled)["sure"]
    if changed == "place":
        filled |= {"lon": f"{float(filled['lon']) + 0.00002:.6f}"}
    elif changed == "category":
        given = {"category": city.manholes, "division": city.division}
        new_rule(city, area_code="south", organisation=city.vodokanal, priority=2, **given)
        new_rule(city, area_code="north", organisation=city.road_service, priority=2, **given)
        filled |= {"category": "manholes"}
    else:
        with new_rules(city) as draft:
            Rule.objects.filter(ruleset=draft, area_code="south").update(organisation=city.council)
    again = looked(client, filled)
    assert again["sure"]
    assert client.post(ADDRESS, again | {"sure": sure}).status_code == 422
    assert client.post(ADDRESS, again).status_code == 302


def test_where_nobody_else_is_near_nothing_is_asked(client: Client, filled: dict[str, str], town: Town) -> None:
    page = client.post(ADDRESS, filled | {"lat": f"{town['p'].y:.6f}"})
    assert page.context["answerer"].doubt == ""
    assert 'name="sure"' not in page.content.decode()


def test_fragment_brings_the_box_to_confirm(client: Client, filled: dict[str, str]) -> None:
    asked = {name: filled[name] for name in ("lon", "lat", "category")}
    assert 'name="sure"' in client.get(f"{ADDRESS}answerer/", asked).content.decode()


def test_forged_confirmation_of_a_place_without_doubt_leaves_no_trace(
    client: Client, filled: dict[str, str], town: Town
) -> None:
    filled |= {"lat": f"{town['p'].y:.6f}", "sure": "roads:1,2:3"}
    seen = client.post(ADDRESS, filled).context["answerer"].seen
    assert client.post(ADDRESS, filled | {"seen": seen}).status_code == 302
    assert Decision.objects.get().trace["doubt"] is None
