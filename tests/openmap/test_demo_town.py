"""Яворин is drawn, furnished and told the same way every time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import shapely

from openmap.demo.city import BODIES, DUTIES, FALLBACK, KINDS
from openmap.demo.layout import BUILT_UP, DISTRICTS, POND, RIVER, TERRITORY
from openmap.demo.place import on_globe, spot
from openmap.demo.scenes import SCENES, photo_of
from openmap.demo.stories_of_yards import STORIES
from openmap.demo.telling import moments
from openmap.demo.town import Town, draw_town
from openmap.icons import all_icon_names

KYIV = ZoneInfo("Europe/Kyiv")
NIGHT = datetime(2026, 11, 19, 0, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def town() -> Town:
    return draw_town()


def test_town_is_drawn_the_same_every_time(town: Town) -> None:
    again = draw_town.__wrapped__()
    assert [shape.wkb for shape in again.buildings] == [shape.wkb for shape in town.buildings]
    assert [street.name for street in again.streets] == [street.name for street in town.streets]


def test_buildings_stand_clear_of_water_and_of_each_other(town: Town) -> None:
    tree = shapely.STRtree(town.buildings)
    ones, others = tree.query(town.buildings, predicate="overlaps")
    assert not len(ones)
    assert not len(others)
    assert not len(tree.query([RIVER, POND], predicate="intersects")[0])
    assert TERRITORY.contains(BUILT_UP)


def test_streets_of_a_town_have_names_of_their_own(town: Town) -> None:
    names = [street.name for street in town.streets]
    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_scene_is_the_same_for_a_seed_and_different_for_another(scene: str) -> None:
    assert photo_of(scene, seed="1") == photo_of(scene, seed="1")
    assert photo_of(scene, seed="1") != photo_of(scene, seed="2")


def test_stories_name_what_there_is(town: Town) -> None:
    kinds = {kind.code for kind in KINDS}
    for story in STORIES:
        assert story.kind in kinds
        assert {story.scene, *(turn.scene for turn in story.turns)} <= {"", *SCENES}
        point, address = spot(story.where, story.along)
        assert on_globe(TERRITORY).contains(shapely.Point(point.x, point.y))
        assert address.startswith(story.where)


def test_every_icon_and_organisation_of_the_demo_exists() -> None:
    bodies = {body.key for body in BODIES}
    icons = {body.icon for body in BODIES} | {kind.icon for kind in KINDS}
    assert icons <= all_icon_names()
    assert {kind.duty for kind in KINDS} - {""} | {duty.body for duty in DUTIES} | {FALLBACK} <= bodies
    assert {code for duty in DUTIES for code in duty.districts} <= {district.code for district in DISTRICTS}


@pytest.mark.parametrize("at", [NIGHT, NIGHT + timedelta(hours=9), NIGHT + timedelta(hours=21, days=3)])
def test_nothing_of_the_demo_lies_in_the_future_and_each_story_goes_forward(at: datetime) -> None:
    told = moments(STORIES, zone=KYIV, at=at)
    assert told == sorted(told)
    assert all(moment.at < at for moment in told)
    for order, story in enumerate(STORIES):
        own = [moment for moment in told if moment.order == order]
        assert own[0].turn is None
        assert [moment.turn for moment in own[1:]] == list(story.turns[: len(own) - 1])
