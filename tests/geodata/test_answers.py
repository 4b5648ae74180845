"""Answers that are the same for everybody are given again for two seconds, never to who asked otherwise."""

from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from geodata.models import Community
from openmap.settings import CACHES, LOCAL
from tests.conftest import City
from tests.geodata.conftest import pin
from tests.grid import Town

MARKS = "/yavoryn/marks.geojson?box=28.4,49.1,28.6,49.3"
TILE = "/yavoryn/tiles/1/issues/0/0/0.mvt"


@pytest.fixture
def keeps(settings: Settings) -> Iterator[None]:
    """The memory that the service has, and tests do not."""
    settings.CACHES = CACHES | {"answers": CACHES["answers"] | {"BACKEND": LOCAL}}
    yield
    caches["answers"].clear()


def total(client: Client, address: str = MARKS) -> int:
    return int(client.get(address).json()["total"])


@pytest.mark.usefixtures("keeps")
def test_same_question_has_the_same_answer_without_a_query(
    client: Client, city: City, town: Town, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    pin(city.community, town["p"], category=city.roads)
    first = client.get(MARKS)
    pin(city.community, town["q"], category=city.roads)
    with django_assert_num_queries(0):
        again = client.get(MARKS)
    assert (again.content, again.headers["Content-Type"]) == (first.content, first.headers["Content-Type"])
    assert again.headers["Cache-Control"] == "no-store"
    assert total(client, f"{MARKS}&state=wait") == 2


def test_answers_live_for_two_seconds() -> None:
    assert CACHES["answers"]["TIMEOUT"] == 2


@pytest.mark.usefixtures("keeps")
def test_answer_is_packed_only_for_who_can_unpack_it(client: Client, city: City, town: Town) -> None:
    for n in range(3):
        pin(city.community, town["p"], category=city.roads, title=f"Дуже довга назва заявки {n}")
    packed = {"Accept-Encoding": "gzip"}
    assert client.get(MARKS, headers=packed).headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in client.get(MARKS).headers
    assert client.get(MARKS, headers=packed).headers["Content-Encoding"] == "gzip"


@pytest.mark.usefixtures("keeps")
def test_another_community_has_its_own_answer(client: Client, city: City, elsewhere: Community, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    assert total(client) == 1
    assert total(client, MARKS.replace("yavoryn", elsewhere.slug)) == 0


@pytest.mark.usefixtures("keeps")
def test_tile_that_a_browser_has_is_not_sent_again(client: Client, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    etag = client.get(TILE).headers["ETag"]
    again = client.get(TILE, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(TILE).status_code == 200


@pytest.mark.usefixtures("keeps")
def test_mistakes_and_empty_places_are_not_mixed_up(client: Client, city: City) -> None:
    assert client.get("/yavoryn/marks.geojson?box=1").status_code == 400
    assert client.get("/yavoryn/marks.geojson?box=1").json()["error"]
    assert [client.get(TILE).status_code for _ in range(2)] == [204, 204]
    assert client.get(MARKS).status_code == 200
    assert client.post(MARKS).status_code == 405
    assert client.head(MARKS).status_code == 200
