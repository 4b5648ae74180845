"""What is near a place: of every layer, by its public geometry, in one query, with the help of the layer's index."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from core.models import Visibility
from geodata.layers import Filters, layer_named
from geodata.models import Area, Community, Division
from geodata.near import Near, things_near
from issues.states import State
from tests.conftest import City
from tests.geodata.conftest import PETITIONS, TODAY, pin
from tests.grid import Town, grid

MONTH = timedelta(days=30)


@pytest.fixture
def street() -> Town:
    """Places 20 m apart, from west to east, in Заріччя."""
    return grid("a b c d e f", cell=20, origin=(28.4615, 49.2225))


def near(city: City, town: Town, place: str, now: datetime, *, metres: float = 50.0, limit: int = 20) -> list[Near]:
    return things_near(
        [layer_named("issues"), PETITIONS],
        town[place],
        metres=metres,
        community_id=city.community.pk,
        at=now,
        today=TODAY,
        closed_since=now - MONTH,
        limit=limit,
    )


def titles(found: list[Near]) -> list[str]:
    return [one.row["title"] for one in found if one.row["layer"] == "issues"]


def test_nearest_comes_first_and_what_is_farther_than_asked_does_not_come(
    city: City, street: Town, now: datetime
) -> None:
    for place in "fdbc":
        pin(city.community, street[place], category=city.roads, title=place)
    assert titles(near(city, street, "a", now)) == ["b", "c"]


def test_distance_is_in_metres_on_the_ground(city: City, street: Town, now: datetime) -> None:
    pin(city.community, street["c"], category=city.roads, title="c")
    (found,) = (one for one in near(city, street, "a", now) if one.row["layer"] == "issues")
    assert found.metres == pytest.approx(40.0, abs=0.05)


def test_inside_an_area_the_distance_is_nothing(city: City, squares: Division, town: Town, now: datetime) -> None:
    Area.objects.create(
        community=city.community,
        division=squares,
        code="park",
        name="Парк",
        boundary=town.area("ABDC"),
        valid_from=TODAY,
    )
    found = [one for one in near(city, town, "p", now) if one.row["title"] == "Парк"]
    assert [one.metres for one in found] == [0.0]


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_what_strangers_do_not_see_is_near_nothing(
    city: City, street: Town, now: datetime, visibility: Visibility
) -> None:
    pin(city.community, street["a"], category=city.roads, title="a", visibility=visibility)
    assert titles(near(city, street, "a", now)) == []


def test_blurred_thing_is_not_found_at_its_true_place(city: City, street: Town, now: datetime) -> None:
    pin(city.community, street["a"], category=city.roads, title="a", visibility=Visibility.COARSE)
    assert titles(near(city, street, "a", now)) == []
    (row,) = layer_named("issues").rows(city.community.pk, Filters(), today=TODAY)
    public = row["geometry"]
    found = things_near(
        [layer_named("issues")],
        public,
        metres=5,
        community_id=city.community.pk,
        at=now,
        today=TODAY,
        closed_since=now - MONTH,
    )
    assert titles(found) == ["a"]


def test_closed_long_ago_is_left_out_and_open_since_long_ago_is_not(city: City, street: Town, now: datetime) -> None:
    old, lately = now - 2 * MONTH, now - timedelta(days=3)
    for title, state, at in (("open", State.NEW, old), ("shut", State.DONE, old), ("fresh", State.DONE, lately)):
        pin(city.community, street["a"], category=city.roads, title=title, state=state, at=at)
    assert set(titles(near(city, street, "a", now))) == {"open", "fresh"}


def test_what_has_not_begun_is_left_out(city: City, street: Town, now: datetime) -> None:
    pin(city.community, street["a"], category=city.roads, title="a", at=now)
    assert titles(near(city, street, "a", now - timedelta(minutes=1))) == []


def test_another_community_is_far_away(city: City, street: Town, now: datetime, elsewhere: Community) -> None:
    pin(city.community, street["a"], category=city.roads, title="a")
    with scope(community=elsewhere):
        found = things_near(
            [layer_named("issues")],
            street["a"],
            metres=50,
            community_id=elsewhere.pk,
            at=now,
            today=TODAY,
            closed_since=now - MONTH,
        )
    assert found == []


def test_no_more_comes_than_is_asked_for(city: City, street: Town, now: datetime) -> None:
    for place in "abc":
        pin(city.community, street[place], category=city.roads, title=place)
    assert len(near(city, street, "a", now, limit=2)) == 2


def test_all_layers_are_asked_in_one_query(city: City, street: Town, now: datetime) -> None:
    pin(city.community, street["a"], category=city.roads, title="a")
    with CaptureQueriesContext(connection) as queries:
        near(city, street, "a", now)
    assert len(queries) == 1
