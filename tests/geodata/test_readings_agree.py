"""Marks, the list and feeds show the same set: what counting the rows by hand gives, whether cells are read or rows."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.models import Visibility
from geodata import cells, counted_sql, feeds, found, lists, mark_sql, word_sql
from geodata.boxes import Box
from geodata.counted_sql import view_of
from geodata.layer_sql import Question, Sql
from geodata.layers import Filters
from geodata.lists import things
from geodata.marks import marks
from geodata.models import Community
from geodata.prepared import fetch
from issues.states import State
from tests.conftest import NOW, City
from tests.examples import rolled_back
from tests.geodata.brute import ISSUES, Asking, askings, check_feeds, check_list, check_marks, read_all
from tests.geodata.conftest import TODAY, pin
from tests.geodata.towns import Dot, dots, seen_by_strangers

PLAIN = (State.NEW, Visibility.PUBLIC, 0)

pytestmark = pytest.mark.usefixtures("_clock")


@pytest.fixture
def _clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


@given(drawn=st.lists(dots, max_size=25), asking=askings)
def test_marks_list_and_feeds_equal_counting_by_hand(
    client: Client, city: City, monkeypatch: pytest.MonkeyPatch, drawn: list[Dot], asking: Asking
) -> None:
    monkeypatch.setattr(counted_sql, "FEW", asking.few)
    monkeypatch.setattr(feeds, "ENTRIES", 7)
    with rolled_back():
        for dot in drawn:
            category = (city.roads, city.manholes)[dot.kind]
            pin(city.community, dot.point, category=category, state=dot.state, visibility=dot.visibility, at=dot.at)
        if asking.folded:
            cells.fold_all()
        seen = seen_by_strangers([city.roads, city.manholes])
        check_marks(asking, city.community, seen)
        check_list(asking, city.community, seen)
        check_feeds(client, asking, city.community, seen)


@pytest.mark.parametrize("around", [0, 1_000_000])
def test_newest_of_many_are_sorted_or_walked_to(city: City, monkeypatch: pytest.MonkeyPatch, around: int) -> None:
    monkeypatch.setattr(counted_sql, "FEW", 0)
    monkeypatch.setattr(lists, "around", lambda *_of: Sql(f"SELECT {around}::bigint AS n"))
    for number in range(9):
        dot = Dot(number % 3, number, *PLAIN, number)
        pin(city.community, dot.point, category=city.roads, at=dot.at, title=f"яма {number}")
    box = Box(28.4, 49.1, 28.6, 49.3)
    asked = Question(city.community.pk, TODAY, Filters(), box, zoom=10)
    assert [row["title"] for row in read_all(asked)] == [f"яма {number}" for number in range(8, -1, -1)]


@pytest.mark.parametrize(("crowd", "kinds"), [(20_000, [False, False]), (1, [True])], ids=["few", "a crowd"])
def test_few_things_of_a_long_period_are_shown_one_by_one_unless_a_crowd_is_there(
    city: City, monkeypatch: pytest.MonkeyPatch, crowd: int, kinds: list[bool]
) -> None:
    monkeypatch.setattr(mark_sql, "CROWD", crowd)
    for day in (0, 100, 101):
        dot = Dot(0, 0, *PLAIN, day)
        pin(city.community, dot.point, category=city.roads, at=dot.at)
    since = Dot(0, 0, *PLAIN, 90).at
    asked = Question(city.community.pk, TODAY, Filters(since=since), Box(28.4, 49.1, 28.6, 49.3), zoom=10)
    answer = json.loads(marks(ISSUES, asked))
    assert answer["total"] == 2
    assert ["cluster" in feature["properties"] for feature in answer["features"]] == kinds
    assert len(things(ISSUES, asked).rows) == 2


def test_thing_alone_in_its_square_is_that_thing_though_only_counts_were_read(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted_sql, "FEW", 0)
    issue = pin(city.community, Dot(0, 0, *PLAIN, 0).point, category=city.roads, title="Самотня яма")
    asked = Question(city.community.pk, TODAY, Filters(), Box(28.4, 49.1, 28.6, 49.3), zoom=10)
    answer = json.loads(marks(ISSUES, asked))
    (feature,) = answer["features"]
    assert (feature["properties"]["id"], feature["properties"]["title"]) == (issue.pk, "Самотня яма")
    ground = view_of(asked).squares.box
    assert answer["bbox"] == pytest.approx(list(ground), abs=1e-6)


def test_words_count_up_to_a_visible_cap(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (found, mark_sql, lists):
        monkeypatch.setattr(module, "MOST_SEARCHED", 3)
    for number in range(5):
        dot = Dot(number, number, *PLAIN, number)
        pin(city.community, dot.point, category=city.roads, at=dot.at, title=f"яма {number}")
    asked = Question(city.community.pk, TODAY, Filters(text="яма"), Box(28.4, 49.1, 28.6, 49.3), zoom=10)
    answer = json.loads(marks(ISSUES, asked))
    assert (answer["total"], answer["capped"]) == (3, True)
    page = things(ISSUES, asked)
    assert [row["title"] for row in page.rows] == ["яма 4", "яма 3", "яма 2"]
    assert (page.total, page.capped) == (3, True)
    rare = replace(asked, filters=Filters(text="яма 4"))
    assert (json.loads(marks(ISSUES, rare))["capped"], things(ISSUES, rare).capped) == (False, False)


@pytest.mark.parametrize(
    ("sample", "frequent", "rare", "passed"),
    [(1000, 0, 0, 0.0), (8, 1000, 0, 1e9), (8, 1000, 3, 0.0), (8, 1, 0, 1e9), (8, 0, 0, -1e9)],
    ids=["few in view", "in view", "rare", "frequent but fewer", "from the newest on"],
)
@pytest.mark.parametrize("box", [Box(28.4, 49.1, 28.6, 49.3), None])
def test_words_are_found_wherever_they_are_looked_for(
    city: City, monkeypatch: pytest.MonkeyPatch, sample: int, frequent: int, rare: int, passed: float, box: Box | None
) -> None:
    for name, value in (("SAMPLE", sample), ("FREQUENT", frequent), ("RARE", rare), ("PASSED", passed)):
        monkeypatch.setattr(word_sql, name, value)
    for number in range(9):
        dot = Dot(number, number, *PLAIN, number)
        pin(
            city.community,
            dot.point,
            category=city.roads,
            at=dot.at,
            title=f"{('яма', 'люк', 'гілка')[number % 3]} {number}",
        )
    cells.fold_all()
    asked = Question(city.community.pk, TODAY, Filters(text="яма"), box, zoom=10)
    assert [row["title"] for row in things(ISSUES, asked).rows] == ["яма 6", "яма 3", "яма 0"]
    if box:
        assert json.loads(marks(ISSUES, asked))["total"] == 3


@pytest.mark.parametrize("box", [Box(28.4, 49.1, 28.6, 49.3), Box(10, 40, 40, 60), None], ids=["town", "land", "all"])
def test_the_weighing_knows_all_things_around_however_wide_the_view_is(
    city: City, elsewhere: Community, box: Box | None
) -> None:
    for number in range(9):
        pin(city.community, Dot(number, number, *PLAIN, number).point, category=city.roads)
    cells.fold_all()
    counted = ISSUES[0].counted
    assert counted

    def known_of(community: Community) -> int:
        asked = Question(community.pk, TODAY, Filters(text="яма"), box, zoom=5)
        ((known,),) = fetch(counted_sql.around(counted, asked, view_of(asked)))
        return int(known)

    assert known_of(city.community) == 9
    assert known_of(elsewhere) == 0


@pytest.mark.parametrize("words", ["ЯМА", "ям", "велика яма", "об'їзд", "об’їзд", "обʼїзд"])
def test_words_are_found_by_how_they_begin_whatever_the_apostrophe(city: City, words: str) -> None:
    issue = pin(city.community, Dot(0, 0, *PLAIN, 0).point, category=city.roads, title="Велика яма, об’їзду немає")
    asked = Question(city.community.pk, TODAY, Filters(text=words))
    assert [row["id"] for row in things(ISSUES, asked).rows] == [issue.pk]


@pytest.mark.parametrize("words", ["міст", "яма міст", "!!!", "& |", "яма:*"])
def test_words_that_stand_nowhere_find_nothing(city: City, words: str) -> None:
    pin(city.community, Dot(0, 0, *PLAIN, 0).point, category=city.roads, title="Велика дорога")
    assert things(ISSUES, Question(city.community.pk, TODAY, Filters(text=words))).rows == []
