"""Яворин is drawn, furnished and told the same way every time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import shapely

from openmap.demo.city import BODIES, DRAFT_DUTY, FALLBACK, FULL_DUTIES, KINDS, SERVICES
from openmap.demo.layout import BUILT_UP, DISTRICTS, POND, RIVER, TERRITORY
from openmap.demo.place import on_globe, spot
from openmap.demo.questions import ASKS
from openmap.demo.registers import draw_registers
from openmap.demo.rulebook import winter_of
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
        known = {(ask.category, ask.code, answer[0]) for ask in ASKS for answer in ask.answers}
        assert {(story.kind, question, answer) for question, answer in story.answers} <= known


def test_fourteen_organisations_serve_the_city_in_28_kinds_with_questions() -> None:
    assert len(SERVICES) == 14
    assert len({kind.code for kind in KINDS}) == len(KINDS) == 28
    assert {ask.category for ask in ASKS} == {kind.code for kind in KINDS}
    assert {(ask.category, ask.code) for ask in ASKS if ask.is_required} == {("yards", "where"), ("animals", "what")}
    told = [(ask.text, ask.text_en, *(words for _code, *both in ask.answers for words in both)) for ask in ASKS]
    assert all(all(words) for words in told)


def test_every_icon_and_organisation_of_the_demo_exists() -> None:
    bodies = {body.key for body in BODIES}
    icons = {body.icon for body in BODIES} | {kind.icon for kind in KINDS}
    assert icons <= all_icon_names()
    duties = (*FULL_DUTIES, DRAFT_DUTY)
    assert ({kind.duty for kind in KINDS} | {duty.body for duty in duties}) - {""} | {FALLBACK} <= bodies
    assert {code for duty in duties for code in duty.districts} <= {district.code for district in DISTRICTS}


@pytest.mark.parametrize("at", [NIGHT, NIGHT + timedelta(hours=9), NIGHT + timedelta(hours=21, days=3)])
def test_nothing_of_the_demo_lies_in_the_future_and_each_story_goes_forward(at: datetime) -> None:
    told = moments(STORIES, zone=KYIV, at=at)
    assert told == sorted(told)
    assert all(moment.at < at for moment in told)
    for order, story in enumerate(STORIES):
        own = [moment for moment in told if moment.order == order]
        assert own[0].turn is None
        assert [moment.turn for moment in own[1:]] == list(story.turns[: len(own) - 1])


def test_registers_are_drawn_the_same_every_time_with_keepers_that_exist(town: Town) -> None:
    names = {body.key: body.name for body in BODIES}
    sheets = draw_registers(town, names=names)
    assert sheets == draw_registers(town, names=names)
    assert {sheet.kind for sheet in sheets} == {"roads", "buildings", "lamps"}
    for sheet in sheets:
        keys = [row.key for row in sheet.rows]
        assert len(set(keys)) == len(keys) > 100
        assert {row.keeper for row in sheet.rows} <= {"", *names.values()}
        assert all(row.shape.is_valid and not row.shape.is_empty for row in sheet.rows)


@pytest.mark.parametrize(
    ("day", "first"),
    [(date(2026, 11, 19), 2026), (date(2027, 3, 31), 2026), (date(2027, 4, 1), 2027), (date(2026, 7, 1), 2026)],
)
def test_winter_of_the_demo_is_this_one_or_the_next(day: date, first: int) -> None:
    assert winter_of(day) == (date(first, 11, 1), date(first + 1, 4, 1))
