"""The reader's own new reports on the map, and nobody else's."""

from typing import Any

import pytest
from django.test import Client

from accounts.devices import COOKIE, device_of
from core.models import Subject, Visibility
from issues.models import Supporter
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


def own(client: Client) -> list[str]:
    answer = client.get("/yavoryn/own.geojson")
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
