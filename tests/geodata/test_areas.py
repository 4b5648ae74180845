"""Lists by area: what each area holds, by the filters of the address."""

from typing import Any

import pytest
from django.test import Client

from core.models import Visibility
from geodata import area_counts
from issues.states import State
from tests.conftest import NOW, City
from tests.geodata.conftest import pin
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("_clock")


@pytest.fixture
def _clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def numbers(client: Client, **query: Any) -> dict[str, str]:
    """Name of an area → what the page says it holds."""
    response = client.get("/yavoryn/areas/", query)
    assert response.status_code == 200
    found = [one for _part, areas in response.context["divisions"] for one, _url in areas]
    return {one.area.name: f"{one.total}{'+' if one.capped else ''}" for one in found}


def test_stranger_reads_how_much_each_area_holds(client: Client, city: City, town: Town) -> None:
    for _time in range(2):
        pin(city.community, town["p"], category=city.roads)
    pin(city.community, town["q"], category=city.manholes, state=State.DONE)
    pin(city.community, town["q"], category=city.roads, visibility=Visibility.HELD)
    pin(city.community, town["o"], category=city.roads)
    assert numbers(client) == {"Заріччя": "2", "Слобідка": "1"}
    assert numbers(client, state="done") == {"Заріччя": "0", "Слобідка": "1"}
    assert numbers(client, category="roads") == {"Заріччя": "2", "Слобідка": "0"}
    assert numbers(client, layer="works") == {"Заріччя": "0", "Слобідка": "0"}


def test_the_way_to_a_list_keeps_the_filters_but_no_other_area(client: Client, city: City) -> None:
    response = client.get("/yavoryn/areas/", {"state": "wait", "area": "districts.north", "box": "28,49,29,50"})
    urls = [url for _part, areas in response.context["divisions"] for _one, url in areas]
    assert urls == ["/yavoryn/?state=wait&area=districts.north", "/yavoryn/?state=wait&area=districts.south"]


def test_a_crowded_area_is_not_counted_to_the_end(
    client: Client, city: City, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(area_counts, "MOST_COUNTED", 3)
    for _time in range(5):
        pin(city.community, town["p"], category=city.roads)
    assert numbers(client)["Заріччя"] == "3+"


def test_many_areas_cost_as_many_queries_as_few(client: Client, city: City, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(12):
        client.get("/yavoryn/areas/")


def test_a_community_without_areas_says_so(client: Client, inside: Any) -> None:
    response = client.get("/yavoryn/areas/")
    assert response.context["divisions"] == []
    assert b'class="empty"' in response.content
