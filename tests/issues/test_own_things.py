"""The reader's own new reports on the map, and nobody else's."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.test import Client

from accounts.devices import COOKIE, device_of
from core.models import Subject, Visibility
from issues.models import Issue, Supporter
from tests.conftest import NOW, City
from tests.geodata.conftest import pin
from tests.grid import Town


@pytest.fixture
def device(client: Client, rf: Any, time_machine: Any, city: City) -> str:
    """The key of a browser that was here before."""
    time_machine.move_to(NOW, tick=False)
    client.get("/yavoryn/report/")
    request = rf.get("/")
    request.COOKIES[COOKIE] = client.cookies[COOKIE].value
    return device_of(request)


def own(client: Client, **query: Any) -> list[str]:
    answer = client.get("/yavoryn/own.geojson", query)
    assert "no-store" in answer.headers["Cache-Control"]
    return [feature["properties"]["title"] for feature in answer.json()["features"]]


def test_author_alone_sees_what_waits_for_a_moderator(client: Client, device: str, city: City, town: Town) -> None:
    issue = pin(city.community, town["p"], category=city.roads, visibility=Visibility.HELD, title="Моя яма")
    Supporter.objects.create(community=city.community, issue=issue, voice=device, is_author=True, created_at=NOW)
    assert [title.startswith("Моя яма (") for title in own(client)] == [True]
    assert own(Client()) == []


def test_whoever_only_joined_does_not_see_it_when_it_is_held(
    client: Client, device: str, city: City, town: Town
) -> None:
    issue = pin(city.community, town["p"], category=city.roads, title="Чужа яма")
    for voice, is_author in (("0" * 64, True), (device, False)):
        Supporter.objects.create(
            community=city.community, issue=issue, voice=voice, is_author=is_author, created_at=NOW
        )
    Subject.objects.filter(pk=issue.subject_id).update(visibility=Visibility.HELD)
    assert own(client) == []


def reported(city: City, device: str, place: Point, **facts: Any) -> Issue:
    """A report of that browser which waits for a moderator, unless the facts say otherwise."""
    given: dict[str, Any] = {"category": city.roads, "visibility": Visibility.HELD} | facts
    issue = pin(city.community, place, **given)
    Supporter.objects.create(community=city.community, issue=issue, voice=device, is_author=True, created_at=NOW)
    return issue


FITTING = (
    {"state": "wait"},
    {"state": ["wait", "done"]},
    {"category": "roads"},
    {"layer": "issues"},
    {"q": "мо"},
    {"from": "2026-11"},
    {"to": "2026-11-19"},
    {"area": "districts.north"},
    {"box": "28.46,49.21,28.47,49.23"},
    {"category": "dragons"},
    {"box": "nonsense"},
)
OTHER = (
    {"state": "done"},
    {"state": ["work", "shut"]},
    {"category": "manholes"},
    {"layer": "works"},
    {"q": "люк"},
    {"from": "2026-12"},
    {"to": "2026-11-18"},
    {"area": "districts.south"},
    {"box": "28.5,49.21,28.6,49.23"},
    {"category": "roads", "state": "done"},
)


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.PUBLIC])
def test_the_filters_of_the_map_choose_own_things_too(
    client: Client, device: str, city: City, town: Town, visibility: Visibility
) -> None:
    reported(city, device, town["p"], title="Моя яма", visibility=visibility)
    assert len(own(client)) == 1
    assert [query for query in FITTING if len(own(client, **query)) != 1] == []
    assert [query for query in OTHER if own(client, **query)] == []


def test_what_is_long_known_to_everybody_is_not_own_any_more(
    client: Client, device: str, city: City, town: Town
) -> None:
    reported(city, device, town["p"], visibility=Visibility.PUBLIC, at=NOW - timedelta(hours=25), title="Видна всім")
    reported(city, device, town["p"], at=NOW - timedelta(days=29), title="Ще чекає")
    reported(city, device, town["p"], at=NOW - timedelta(days=31), title="Забута")
    reported(city, device, town["p"], visibility=Visibility.HIDDEN, title="Прихована")
    assert [title.partition(" (")[0] for title in own(client)] == ["Ще чекає"]


def test_the_card_of_what_waits_is_for_its_author_alone(client: Client, device: str, city: City, town: Town) -> None:
    issue = reported(city, device, town["p"], title="Моя <b>яма</b>")
    card = client.get("/yavoryn/own/", {"only": f"issues-{issue.pk}"})
    assert "no-store" in card.headers["Cache-Control"]
    assert f'data-key="issues-{issue.pk}"' in card.content.decode()
    assert "Моя &lt;b&gt;яма&lt;/b&gt;" in card.content.decode()
    assert "href" not in card.content.decode()
    for reader, only in (
        (Client(), f"issues-{issue.pk}"),
        (client, "issues-0"),
        (client, f"works-{issue.pk}"),
        (client, "x"),
    ):
        answer = reader.get("/yavoryn/own/", {"only": only})
        assert answer.status_code == 200
        assert "<li" not in answer.content.decode()
    Subject.objects.filter(pk=issue.subject_id).update(visibility=Visibility.PUBLIC)
    assert "<li" not in client.get("/yavoryn/own/", {"only": f"issues-{issue.pk}"}).content.decode()


def test_a_mark_of_what_waits_leads_to_its_card_and_of_what_is_seen_to_its_page(
    client: Client, device: str, city: City, town: Town
) -> None:
    held = reported(city, device, town["p"])
    seen = reported(city, device, town["p"], visibility=Visibility.PUBLIC)
    features = client.get("/yavoryn/own.geojson").json()["features"]
    assert {one["properties"]["id"]: one["properties"]["url"] for one in features} == {
        held.pk: f"/yavoryn/?selected=issues-{held.pk}",
        seen.pk: f"/yavoryn/issues/{seen.number}/",
    }
