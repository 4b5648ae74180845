"""Яворин is drawn, furnished and told the same way every time."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely

from openmap.demo.addresses import FORMER
from openmap.demo.city import BODIES, DRAFT_DUTY, FALLBACK, FULL_DUTIES, KINDS, RESIDENTS
from openmap.demo.countryside import alleys, woods
from openmap.demo.keepers import KEEPERS
from openmap.demo.layout import BUILT_UP, DISTRICTS, METRES, POND, RAILWAY, RIVER, ROADS, TERRITORY, Style
from openmap.demo.organisations import SERVICES
from openmap.demo.place import on_globe, spot
from openmap.demo.questions import ASKS
from openmap.demo.registers import Sheet, draw_registers
from openmap.demo.rulebook import winter_of
from openmap.demo.scenes import SCENES, photo_of
from openmap.demo.stories_of_yards import STORIES
from openmap.demo.telling import moments
from openmap.demo.town import Town, draw_town
from openmap.icons import all_icon_names

ROOT = Path(__file__).resolve().parents[2]
KYIV = ZoneInfo("Europe/Kyiv")
NIGHT = datetime(2026, 11, 19, 0, 10, tzinfo=UTC)


# What a process that is new draws: a hash of all shapes and names.
FINGERPRINT = """
import hashlib
from openmap.demo.town import draw_town
town = draw_town()
drawn = [piece.wkb for street in town.streets for piece in street.pieces]
drawn += [building.shape.wkb + bytes([building.floors]) for building in town.buildings]
names = "".join(street.name for street in town.streets).encode()
print(hashlib.sha256(names + b"".join(drawn)).hexdigest(), len(drawn))
"""
KILOMETRE = 1000 / METRES  # in units of the drawing


@pytest.fixture(scope="module")
def town() -> Town:
    return draw_town()


@pytest.fixture(scope="module")
def sheets(town: Town) -> dict[str, Sheet]:
    """The registers by their codes."""
    return {sheet.code: sheet for sheet in draw_registers(town, names={body.key: body.name for body in BODIES})}


@pytest.fixture(scope="module")
def plans(town: Town) -> Any:
    """Ground plans of all buildings, an array."""
    return np.array([building.shape for building in town.buildings], dtype=object)


def test_two_processes_draw_the_same_town(town: Town) -> None:
    other = subprocess.run(
        [sys.executable, "-c", FINGERPRINT],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    said = io.StringIO()
    with redirect_stdout(said):
        exec(FINGERPRINT, {})
    assert other == said.getvalue()
    assert other.split()[1] == str(len(town.streets) + len(town.buildings))


def test_town_is_as_large_as_a_town_of_150_000(town: Town) -> None:
    west, north, east, south = BUILT_UP.bounds
    assert (east - west) / KILOMETRE == pytest.approx(7, abs=0.4)
    assert (south - north) / KILOMETRE == pytest.approx(6, abs=0.5)
    assert TERRITORY.contains(BUILT_UP)
    assert set(RESIDENTS) == set(town.districts)
    assert len(RESIDENTS) == 7
    assert sum(RESIDENTS.values()) == 150_000
    for code, people in RESIDENTS.items():
        per_square_kilometre = people / (town.districts[code].area / KILOMETRE**2)
        assert 2_000 < per_square_kilometre < 9_000, code


def test_town_has_500_streets_with_names_of_their_own(town: Town) -> None:
    names = [*ROADS, *(street.name for street in town.streets)]
    assert len(names) == len(set(names)) == 500
    assert {name.split()[0] for name in names} == {
        "вул.", "пров.", "бульв.", "проспект", "площа", "узвіз", "набережна", "проїзд", "тупик",
    }  # fmt: skip
    assert set(FORMER) <= set(names)
    assert not {former for several in FORMER.values() for former in several} & set(names)
    for district in DISTRICTS:
        lengths = [
            sum(piece.length for piece in street.pieces) / KILOMETRE
            for street in town.streets
            if street.district == district.code
        ]
        assert lengths == sorted(lengths, reverse=True)
        assert 0.05 < lengths[-1] < lengths[0] < 2


def test_about_10_000_buildings_have_the_sizes_of_real_ones(town: Town) -> None:
    assert 9_500 <= len(town.buildings) <= 11_000
    sizes = {Style.HOMES: (7, 15), Style.SLABS: (50, 91), Style.OLD: (11, 35), Style.WORKS: (24, 131)}
    for style, (least, most) in sizes.items():
        lengths = [building.length for building in town.buildings if building.style == style]
        assert len(lengths) > 40
        assert least < min(lengths) <= max(lengths) < most, style
    assert {building.district for building in town.buildings} == set(town.districts)


def test_buildings_stand_clear_of_water_ways_and_each_other(town: Town, plans: Any) -> None:
    tree = shapely.STRtree(plans)
    ones, others = tree.query(plans, predicate="intersects")
    assert (ones == others).all()
    streets = shapely.union_all([piece for street in town.streets for piece in street.pieces])
    ways = [(shapely.union_all(list(ROADS.values())), 10), (streets, 5), (RAILWAY, 25), (RIVER, 20), (POND, 20)]
    for shape, metres in ways:
        assert not len(tree.query(shape, predicate="dwithin", distance=metres / METRES)), metres
    assert shapely.contains(BUILT_UP, plans).all()


def test_woods_and_alleys_lie_where_nothing_else_is(town: Town, plans: Any) -> None:
    tree = shapely.STRtree(plans)
    grounds = [*woods(), *(alley.buffer(2 / METRES) for alley in alleys())]
    assert len(grounds) > 20
    assert not len(tree.query(grounds, predicate="intersects")[0])
    assert all(TERRITORY.buffer(0.1).contains(ground) for ground in grounds)
    assert not any(RIVER.intersects(ground) or POND.intersects(ground) for ground in grounds)


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


def test_registers_have_every_street_building_and_900_lamps_with_keepers_that_exist(
    town: Town, sheets: dict[str, Sheet]
) -> None:
    assert {sheet.kind for sheet in sheets.values()} == {"roads", "buildings", "lamps"}
    assert {code: len(sheet.rows) for code, sheet in sheets.items()} == {
        "roads": 500, "houses": len(town.buildings), "lamps": 900,
    }  # fmt: skip
    names = {body.name for body in BODIES}
    for sheet in sheets.values():
        assert len({row.key for row in sheet.rows}) == len(sheet.rows)
        assert {row.keeper for row in sheet.rows} <= {"", *names}
        assert all(row.shape.is_valid and not row.shape.is_empty for row in sheet.rows)
    assert all(row.keeper for code in ("roads", "lamps") for row in sheets[code].rows)
    assert len({row.number for row in sheets["lamps"].rows}) == 900


def test_most_houses_with_flats_have_one_of_many_keepers_and_homes_have_none(
    town: Town, sheets: dict[str, Sheet]
) -> None:
    rows = sheets["houses"].rows
    flats = [row for building, row in zip(town.buildings, rows, strict=True) if building.has_flats]
    assert len(flats) > 2_000
    assert all(row.entrances for row in flats)
    kept = [row for row in flats if row.keeper]
    assert 0.85 < len(kept) / len(flats) < 0.97
    assert {row.keeper for row in rows} - {""} == {row.keeper for row in kept} == {body.name for body in KEEPERS}
    assert sum(body.name.startswith("ОСББ") for body in KEEPERS) >= 40


def test_houses_have_numbers_that_a_person_would_look_for(town: Town, sheets: dict[str, Sheet]) -> None:
    rows = sheets["houses"].rows
    assert len({(row.name, row.number) for row in rows}) == len(rows)
    assert max(int(row.number) for row in rows) < 320
    ways = ROADS | {street.name: shapely.MultiLineString(street.pieces) for street in town.streets}
    far = shapely.distance([ways[row.name] for row in rows], [building.shape for building in town.buildings]) * METRES
    assert np.quantile(far, 0.99) < 130


@pytest.mark.parametrize(
    ("day", "first"),
    [(date(2026, 11, 19), 2026), (date(2027, 3, 31), 2026), (date(2027, 4, 1), 2027), (date(2026, 7, 1), 2026)],
)
def test_winter_of_the_demo_is_this_one_or_the_next(day: date, first: int) -> None:
    assert winter_of(day) == (date(first, 11, 1), date(first + 1, 4, 1))
