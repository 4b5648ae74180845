"""Marks, the list and feeds show the same set: what counting the rows by hand gives, whether cells are read or rows."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models import Visibility
from geodata import cells, counted_sql, found, lists, mark_sql
from geodata.boxes import Box
from geodata.counted_sql import Source, view_of
from geodata.layer_sql import Question
from geodata.layers import GROUPS, Filters, layer_named
from geodata.lists import things
from geodata.marks import marks
from issues.states import State
from tests.conftest import City
from tests.examples import rolled_back
from tests.geodata.conftest import TODAY, pin
from tests.geodata.towns import FIRST_DAY, Dot, Seen, boxes, dots, in_box, in_squares, seen_by_strangers

ISSUES = [layer_named("issues")]
PLAIN = (State.NEW, Visibility.PUBLIC, 0)


@dataclass(frozen=True)
class Asking:
    """A question as hypothesis draws it."""

    box: Box
    zoom: int
    most: int
    few: int
    folded: bool
    groups: tuple[str, ...]
    categories: tuple[str, ...]
    since: datetime | None
    until: datetime | None

    def question(self, community_id: int) -> Question:
        filters = Filters(self.groups, self.categories, self.since, self.until)
        return Question(community_id, TODAY, filters, self.box, zoom=self.zoom, most=self.most)

    def wants(self, one: Seen) -> bool:
        return (
            (not self.groups or one.group in self.groups)
            and (not self.categories or one.category in self.categories)
            and (self.since is None or one.at >= self.since)
            and (self.until is None or one.at < self.until)
        )


def day(number: int | None) -> datetime | None:
    return None if number is None else FIRST_DAY + timedelta(days=number, hours=9, minutes=59)


askings = st.builds(
    Asking,
    box=boxes(),
    zoom=st.integers(8, 20),
    most=st.integers(4, 40),
    few=st.sampled_from([0, 3, 2000]),
    folded=st.booleans(),
    groups=st.sampled_from([(), ("wait",), ("work", "done"), ("shut",)]),
    categories=st.sampled_from([(), ("roads",), ("roads", "manholes")]),
    since=st.sampled_from([None, 0, 95, 200]).map(day),
    until=st.sampled_from([None, 120, 210, 500]).map(day),
)


@given(drawn=st.lists(dots, max_size=25), asking=askings)
def test_marks_and_list_equal_counting_by_hand(
    city: City, monkeypatch: pytest.MonkeyPatch, drawn: list[Dot], asking: Asking
) -> None:
    monkeypatch.setattr(counted_sql, "FEW", asking.few)
    with rolled_back():
        for dot in drawn:
            category = (city.roads, city.manholes)[dot.kind]
            pin(city.community, dot.point, category=category, state=dot.state, visibility=dot.visibility, at=dot.at)
        if asking.folded:
            cells.fold_all()
        asked = asking.question(city.community.pk)
        answer = json.loads(marks(ISSUES, asked))
        pages = read_all(asked)
        seen = seen_by_strangers([city.roads, city.manholes])
    wanted = expected(asked, asking, seen)
    assert answer["total"] == len(wanted)
    assert len(answer["features"]) <= asking.most
    shown = [feature["properties"] for feature in answer["features"]]
    assert sum(one.get("count", 1) for one in shown) == len(wanted)
    for group in GROUPS:
        by_hand = sum(one.group == group for one in wanted)
        assert sum(one[group] if "cluster" in one else one["state_group"] == group for one in shown) == by_hand
    if len(shown) < len(wanted):
        by_square = in_squares(wanted, view_of(asked).squares)
        assert Counter(one.get("count", 1) for one in shown) == Counter(by_square.values())
    assert {one["id"] for one in shown if "cluster" not in one} <= {one.pk for one in wanted}
    newest_first = sorted(wanted, key=lambda one: (one.at, one.pk), reverse=True)
    assert [row["id"] for row in pages] == [one.pk for one in newest_first]


def read_all(asked: Question) -> list[dict[str, Any]]:
    """The list page by page, and every page tells the same total."""
    rows: list[dict[str, Any]] = []
    after, totals = "", set()
    while True:
        page = things(ISSUES, asked, after=after, limit=7)
        totals.add(page.total)
        rows += page.rows
        if not page.next:
            assert totals == {len(rows)}
            return rows
        after = page.next


def expected(asked: Question, asking: Asking, seen: list[Seen]) -> list[Seen]:
    """What should be shown: of whole squares where there is much, else of the box."""
    view = view_of(asked)
    assert asked.box
    wanted = [one for one in seen if asking.wants(one)]
    left, right, top, bottom = view.squares.edges
    near = [one for one in seen if left <= one.x <= right and top <= one.y <= bottom]
    kinds = [one for one in near if not asking.categories or one.category in asking.categories]
    if view.source == Source.MONTHS or (view.source == Source.CELLS and len(kinds) > asking.few):
        return [one for one in wanted if left <= one.x <= right and top <= one.y <= bottom]
    return in_box(wanted, asked.box)


@pytest.mark.parametrize("sorted_", [0, 20_000])
def test_newest_of_very_many_are_walked_to(city: City, monkeypatch: pytest.MonkeyPatch, sorted_: int) -> None:
    monkeypatch.setattr(counted_sql, "FEW", 0)
    monkeypatch.setattr(lists, "MOST_SORTED", sorted_)
    for number in range(9):
        dot = Dot(number % 3, number, *PLAIN, number)
        pin(city.community, dot.point, category=city.roads, at=dot.at, title=f"яма {number}")
    box = Box(28.4, 49.1, 28.6, 49.3)
    asked = Question(city.community.pk, TODAY, Filters(), box, zoom=10)
    assert [row["title"] for row in read_all(asked)] == [f"яма {number}" for number in range(8, -1, -1)]


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


@pytest.mark.parametrize("words", ["ЯМА", "ям", "велика яма", "об'їзд", "об’їзд", "обʼїзд"])
def test_words_are_found_by_how_they_begin_whatever_the_apostrophe(city: City, words: str) -> None:
    issue = pin(city.community, Dot(0, 0, *PLAIN, 0).point, category=city.roads, title="Велика яма, об’їзду немає")
    asked = Question(city.community.pk, TODAY, Filters(text=words))
    assert [row["id"] for row in things(ISSUES, asked).rows] == [issue.pk]


@pytest.mark.parametrize("words", ["міст", "яма міст", "!!!", "& |", "яма:*"])
def test_words_that_stand_nowhere_find_nothing(city: City, words: str) -> None:
    pin(city.community, Dot(0, 0, *PLAIN, 0).point, category=city.roads, title="Велика дорога")
    assert things(ISSUES, Question(city.community.pk, TODAY, Filters(text=words))).rows == []
