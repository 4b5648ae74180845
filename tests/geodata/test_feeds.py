"""Feeds of whatever can be chosen on the map."""

import json
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client

from core.models import Visibility
from geodata.models import Community
from issues.states import State
from tests.conftest import NOW, City
from tests.geodata.conftest import pin
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("_clock")
ATOM = "{http://www.w3.org/2005/Atom}"
POINT = "{http://www.georss.org/georss}point"


@pytest.fixture
def _clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def entries(client: Client, **query: Any) -> list[ET.Element]:
    response = client.get("/yavoryn/feed.atom", query)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ET.fromstring(response.content).findall(f"{ATOM}entry")


def titles(client: Client, **query: Any) -> list[str]:
    """The titles of both feeds, which are the same."""
    atom = [entry.findtext(f"{ATOM}title") or "" for entry in entries(client, **query)]
    answer = client.get("/yavoryn/feed.geojson", query)
    assert answer.headers["Content-Type"] == "application/geo+json"
    assert [feature["properties"]["title"] for feature in answer.json()["features"]] == atom
    return atom


def test_entry_says_what_where_and_when(client: Client, city: City, town: Town) -> None:
    issue = pin(city.community, town["p"], category=city.roads, title="Яма <b>велика</b>")
    (entry,) = entries(client)
    assert entry.findtext(f"{ATOM}title") == "Яма <b>велика</b>"
    assert entry.findtext(f"{ATOM}id") == f"http://testserver/yavoryn/issues/{issue.number}/"
    assert entry.findtext(f"{ATOM}published") == "2026-11-19T08:00:00+00:00"
    latitude, longitude = map(float, (entry.findtext(POINT) or "").split())
    assert (longitude, latitude) == pytest.approx(town["p"].coords, abs=1e-6)
    assert {one.get("term") for one in entry.findall(f"{ATOM}category")} == {"issues", "roads", "wait"}


def test_every_filter_of_the_map_narrows_the_feeds(client: Client, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, title="нова яма")
    pin(city.community, town["q"], category=city.roads, title="залатана яма", state=State.DONE)
    pin(city.community, town["p"], category=city.manholes, title="старий люк", at=NOW - timedelta(days=400))
    assert titles(client) == ["залатана яма", "нова яма", "старий люк"]
    assert titles(client, state="done") == ["залатана яма"]
    assert titles(client, category="manholes") == ["старий люк"]
    assert titles(client, **{"from": "2026-11"}) == ["залатана яма", "нова яма"]
    assert titles(client, to="2026-10-31") == ["старий люк"]
    assert titles(client, q="люк") == ["старий люк"]
    assert titles(client, q="ЯМ") == ["залатана яма", "нова яма"]
    assert titles(client, area="districts.south") == ["залатана яма"]
    assert titles(client, area="districts.north", state="wait") == ["нова яма", "старий люк"]
    assert titles(client, layer="works") == []
    west, north = town["A"].coords
    east, south = town["D"].coords
    assert titles(client, box=f"{west},{south},{east},{north}") == ["нова яма", "старий люк"]


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_feeds_hold_nothing_that_strangers_do_not_see(
    client: Client, city: City, town: Town, visibility: Visibility
) -> None:
    pin(city.community, town["p"], category=city.roads, visibility=visibility)
    assert titles(client) == []


def test_blurred_report_is_blurred_in_feeds(client: Client, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, visibility=Visibility.COARSE)
    (entry,) = entries(client)
    assert entry.findtext(POINT) == "49.225000 28.465000"
    (feature,) = client.get("/yavoryn/feed.geojson").json()["features"]
    assert feature["geometry"]["coordinates"] == pytest.approx([28.465, 49.225])


def test_pages_of_a_feed_are_the_whole_of_it(client: Client, city: City, town: Town) -> None:
    for ago in range(53):
        pin(city.community, town["p"], category=city.roads, at=NOW - timedelta(hours=ago), title=f"яма {ago}")
    first = ET.fromstring(client.get("/yavoryn/feed.atom", {"state": "wait"}).content)
    links = {link.get("rel"): link.get("href") or "" for link in first.findall(f"{ATOM}link")}
    second = ET.fromstring(client.get(links["next"]).content)
    found = [entry.findtext(f"{ATOM}title") for page in (first, second) for entry in page.findall(f"{ATOM}entry")]
    assert found == [f"яма {ago}" for ago in range(53)]
    assert "next" not in {link.get("rel") for link in second.findall(f"{ATOM}link")}


def test_feed_of_another_community_has_none_of_it(client: Client, city: City, elsewhere: Community, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    assert json.loads(client.get("/sosnivka/feed.geojson").content)["features"] == []


def test_unchanged_feed_is_not_sent_again(client: Client, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    for path in ("/yavoryn/feed.atom", "/yavoryn/feed.geojson"):
        tag = client.get(path).headers["ETag"]
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
