"""The list holds the same set as the map; its pages together are the whole list, each thing once."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models import Subject
from geodata.boxes import Box
from geodata.counted_sql import FEW
from geodata.layers import Filters, layer_named
from geodata.lists import Page, only, parse_key, things
from geodata.marks import marks
from geodata.models import Area, Division
from issues.models import Issue
from issues.states import State
from media.models import Photo
from tests.conftest import NOW, City
from tests.examples import rolled_back
from tests.geodata.conftest import PETITIONS, TODAY, pin, question
from tests.grid import Town

LAYERS = [layer_named("issues"), PETITIONS]


def keys(page: Page) -> list[tuple[str, int]]:
    return [(row["layer"], row["id"]) for row in page.rows]


@given(hours=st.lists(st.integers(0, 2), max_size=12), size=st.integers(1, 5), in_view=st.booleans())
def test_pages_together_are_the_whole_list_once(
    city: City, town: Town, hours: list[int], size: int, in_view: bool
) -> None:
    asked = question(city.community, town if in_view else None)
    with rolled_back():
        for ago in hours:
            pin(city.community, town["p"], category=city.roads, at=NOW - timedelta(hours=ago))
        whole = things(LAYERS, asked, limit=100)
        pages = [things(LAYERS, asked, limit=size)]
        while pages[-1].next and len(pages) <= len(hours) + 2:
            pages.append(things(LAYERS, asked, after=pages[-1].next, limit=size))
    assert [key for page in pages for key in keys(page)] == keys(whole)
    assert len(set(keys(whole))) == len(hours) + 2  # and the two districts as petitions
    assert {page.total for page in pages} == {whole.total} == {len(hours) + 2}
    moments = [row["starts_at"] for row in whole.rows]
    assert moments == sorted(moments, reverse=True)


def test_list_holds_the_same_things_as_the_marks(city: City, town: Town) -> None:
    for name in "Apq":
        pin(city.community, town[name], category=city.roads)
    pin(city.community, town["o"], category=city.roads)
    _west, south, east, north = town.box()
    asked = replace(question(city.community), box=Box(town["C"].x + 1e-4, south, east - 1e-4, north))
    drawn = json.loads(marks(LAYERS, asked))
    assert sorted((one["properties"]["layer"], one["properties"]["id"]) for one in drawn["features"]) == sorted(
        keys(things(LAYERS, asked))
    )


def test_new_thing_does_not_move_the_pages_that_follow(city: City, town: Town) -> None:
    for ago in range(4):
        pin(city.community, town["p"], category=city.roads, at=NOW - timedelta(hours=ago), title=f"{ago}")
    asked = question(city.community)
    first = things(LAYERS[:1], asked, limit=2)
    pin(city.community, town["p"], category=city.roads, at=NOW + timedelta(hours=1), title="щойно")
    second = things(LAYERS[:1], asked, after=first.next, limit=2)
    assert [row["title"] for row in second.rows] == ["2", "3"]
    assert second.next == ""


@pytest.mark.parametrize("cursor", ["", "x", "1-issues", "-5-issues-1", "1" * 40 + "-issues-1", "1-'-1", "12-issues-x"])
def test_cursor_that_makes_no_sense_gives_the_first_page(city: City, town: Town, cursor: str) -> None:
    pin(city.community, town["p"], category=city.roads)
    assert len(things(LAYERS[:1], question(city.community), after=cursor).rows) == 1


def test_cursor_of_the_far_future_is_no_error(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    assert len(things(LAYERS[:1], question(city.community), after="9" * 17 + "-issues-1").rows) == 1


def test_single_thing_can_be_asked_for(city: City, town: Town) -> None:
    one, _other = (pin(city.community, town["p"], category=city.roads) for _ in range(2))
    page = only(LAYERS, question(city.community), ("issues", one.pk))
    assert keys(page) == [("issues", one.pk)]


def test_key_names_a_layer_and_a_thing() -> None:
    assert parse_key("issues-42") == ("issues", 42)
    assert parse_key("issues") is None
    assert parse_key("issues-4x") is None
    assert parse_key("issues-" + "9" * 30) is None


def test_thousands_are_counted_all(city: City, town: Town) -> None:
    many = FEW + 5
    subjects = Subject.objects.bulk_create(Subject(community=city.community, kind="issue") for _ in range(many))
    Issue.objects.bulk_create(
        Issue(subject=subject, community=city.community, number=number, category=city.roads, location=town["p"],
              title="Яма", text="Яма", created_at=NOW, changed_at=NOW, due_on=TODAY)
        for number, subject in enumerate(subjects, start=1)
    )  # fmt: skip
    for asked in (question(city.community), question(city.community, town)):
        page = things(LAYERS[:1], asked)
        assert (page.total, page.capped, len(page.rows)) == (many, False, 20)


def test_filters_by_state_and_category_combine(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, title="нова яма")
    pin(city.community, town["p"], category=city.roads, state=State.DONE, title="залатана яма")
    pin(city.community, town["p"], category=city.manholes, title="новий люк")
    asked = replace(question(city.community), filters=Filters(groups=("wait",), categories=("roads",)))
    assert [row["title"] for row in things(LAYERS[:1], asked).rows] == ["нова яма"]


def test_row_has_days_as_days_and_moments_as_moments(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, due_on=date(2026, 11, 26))
    (row,) = things(LAYERS[:1], question(city.community)).rows
    assert row["due_on"] == date(2026, 11, 26)
    assert row["starts_at"] == NOW
    assert row["ends_at"] is None
    assert row["number"] == 1
    assert row["url"] == "/yavoryn/issues/1/"


def test_row_shows_the_first_clean_photo_of_the_problem(city: City, town: Town) -> None:
    issue = pin(city.community, town["p"], category=city.roads)

    def photo(minutes: int, **fields: str) -> Photo:
        given = {"state": Photo.State.CLEAN, "large": "l.webp", "small": "s.webp", "name": "a.jpg", "original": "o"}
        return Photo.objects.create(
            community=city.community,
            subject=issue.subject,
            uploaded_at=NOW + timedelta(minutes=minutes),
            **(given | fields),
        )

    photo(0, state=Photo.State.FAILED, large="", small="")
    photo(1, role=Photo.Role.ANSWER)
    assert things(LAYERS[:1], question(city.community)).rows[0]["photo_url"] is None
    first = photo(2)
    photo(3)
    assert things(LAYERS[:1], question(city.community)).rows[0]["photo_url"] == first.small_url


def test_area_that_no_longer_is_in_force_leaves_the_list(city: City, squares: Division, town: Town) -> None:
    Area.objects.filter(division=city.division).update(valid_to=TODAY)
    Area.objects.create(community=city.community, division=squares, code="new", name="Нова", boundary=town.area("ABDC"),
                        valid_from=TODAY)  # fmt: skip
    assert [row["title"] for row in things([PETITIONS], question(city.community)).rows] == ["Нова"]
