"""Marks of a view equal what counting by hand gives, whether they stand alone or in clusters."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from hypothesis import given
from hypothesis import strategies as st

from core.models import Visibility
from geodata.boxes import Box
from geodata.layer_sql import MOST_MARKS as LIMIT
from geodata.layer_sql import Question
from geodata.layers import GROUPS, Layer, layer_named
from geodata.marks import marks
from geodata.models import Area, Community, Division
from geodata.squares import place_in_grid, squares_for
from issues.states import GROUPS as GROUP_OF
from issues.states import State
from tests.conftest import City
from tests.examples import rolled_back
from tests.geodata.conftest import PETITIONS, TODAY, pin, question
from tests.grid import Town, grid

WEST, SOUTH = 28.46, 49.22
STEP = 0.001  # degrees between drawn points


@dataclass(frozen=True)
class Dot:
    """One drawn report."""

    right: int
    up: int
    state: State
    visibility: Visibility

    @property
    def place(self) -> tuple[float, float]:
        return WEST + self.right * STEP, SOUTH + self.up * STEP


dots = st.builds(
    Dot,
    right=st.integers(0, 12),
    up=st.integers(0, 12),
    state=st.sampled_from([State.NEW, State.IN_PROGRESS, State.DONE, State.REJECTED]),
    visibility=st.sampled_from([Visibility.PUBLIC] * 4 + [Visibility.HELD, Visibility.HIDDEN]),
)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """A box whose edges run between the drawn points."""
    west, south = draw(st.integers(-1, 10)), draw(st.integers(-1, 10))
    width, height = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    half = STEP / 2
    left, bottom = WEST + west * STEP + half, SOUTH + south * STEP + half
    return Box(left, bottom, left + width * STEP, bottom + height * STEP)


def inside(box: Box, dot: Dot) -> bool:
    x, y = dot.place
    return box.west <= x <= box.east and box.south <= y <= box.north


def square_of(dot: Dot, shift: int) -> tuple[int, int]:
    x, y = place_in_grid(*dot.place)
    return x >> shift, y >> shift


def read(layer: Layer, asked: Question, *, zoom: float | None = None, limit: int = LIMIT) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(marks([layer], replace(asked, zoom=zoom, most=limit)))
    return answer


@given(drawn=st.lists(dots, max_size=25), box=boxes(), zoom=st.integers(8, 18), limit=st.integers(4, 12))
def test_marks_equal_counting_by_hand(city: City, drawn: list[Dot], box: Box, zoom: int, limit: int) -> None:
    with rolled_back():
        for dot in drawn:
            pin(city.community, Point(*dot.place, srid=4326), category=city.roads, state=dot.state,
                visibility=dot.visibility)  # fmt: skip
        asked = replace(question(city.community), box=box)
        answer = read(layer_named("issues"), asked, zoom=zoom, limit=limit)
    seen = [dot for dot in drawn if dot.visibility == Visibility.PUBLIC and inside(box, dot)]
    found = [feature["properties"] for feature in answer["features"]]
    assert answer["total"] == len(seen)
    assert len(found) <= limit
    if len(seen) <= limit:
        assert len(found) == len(seen)
        assert not any("cluster" in one for one in found)
    else:
        shift = squares_for(box, zoom, limit).shift
        sizes = Counter(Counter(square_of(dot, shift) for dot in seen).values())
        assert Counter(one.get("count", 1) for one in found) == sizes
    for group in GROUPS:
        by_hand = sum(GROUP_OF[dot.state] == group for dot in seen)
        assert sum(one[group] if "cluster" in one else one["state_group"] == group for one in found) == by_hand


def test_as_many_things_as_the_limit_stand_alone_and_one_more_makes_clusters(city: City, town: Town) -> None:
    def count() -> int:
        return len(read(layer_named("issues"), question(city.community, town), limit=5)["features"])

    for _ in range(5):
        pin(city.community, town["p"], category=city.roads)
    assert count() == 5
    pin(city.community, town["p"], category=city.roads)
    assert count() == 1


def test_single_things_stand_where_they_are_with_six_decimals(city: City, town: Town) -> None:
    pin(city.community, Point(28.46123456789, 49.22123456789, srid=4326), category=city.roads)
    (feature,) = read(layer_named("issues"), question(city.community, town))["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [28.461235, 49.221235]}


def test_cluster_stands_at_the_mean_of_its_things(city: City) -> None:
    for place in ((28.4600, 49.2200), (28.4602, 49.2200), (28.4602, 49.2203)):
        pin(city.community, Point(*place, srid=4326), category=city.roads)
    asked = replace(question(city.community), box=Box(28, 49, 29, 50))
    (cluster,) = read(layer_named("issues"), asked, zoom=8, limit=2)["features"]
    assert cluster["geometry"]["coordinates"] == pytest.approx([28.460133, 49.2201], abs=1e-6)
    assert cluster["properties"] == {"cluster": True, "count": 3, "wait": 3, "work": 0, "done": 0, "shut": 0, "none": 0}
    assert cluster["bbox"] == pytest.approx([28.46, 49.22, 28.4602, 49.2203], abs=1e-6)


def test_thing_alone_in_its_cell_stays_that_thing(city: City) -> None:
    for place in ((28.10, 49.10), (28.10, 49.10), (28.90, 49.90)):
        pin(city.community, Point(*place, srid=4326), category=city.roads)
    asked = replace(question(city.community), box=Box(28, 49, 29, 50))
    alone, cluster = read(layer_named("issues"), asked, zoom=10, limit=2)["features"]
    assert alone["properties"]["number"] == 3
    assert cluster["properties"]["count"] == 2


def test_marks_are_read_from_the_north_then_from_the_west(city: City, town: Town) -> None:
    for name in "FEDCBA":
        pin(city.community, town[name], category=city.roads, title=name)
    features = read(layer_named("issues"), question(city.community, town))["features"]
    assert [feature["properties"]["title"] for feature in features] == list("ABCDEF")


def test_clusters_keep_their_cells_while_the_map_is_dragged(city: City) -> None:
    for right in range(12):
        pin(city.community, Point(28.40 + right * 0.01, 49.20, srid=4326), category=city.roads)
    counts = []
    for shift in (0.0, 0.001, 0.002):
        asked = replace(question(city.community), box=Box(28.3 + shift, 49.1, 28.6 + shift, 49.3))
        features = read(layer_named("issues"), asked, zoom=11, limit=8)["features"]
        counts.append([(one["geometry"]["coordinates"], one["properties"].get("count")) for one in features])
    assert counts[0] == counts[1] == counts[2]


def test_huge_view_at_a_street_zoom_still_answers(city: City) -> None:
    pin(city.community, Point(28.46, 49.22, srid=4326), category=city.roads)
    asked = replace(question(city.community), box=Box(-180, -90, 180, 90))
    assert read(layer_named("issues"), asked, zoom=22, limit=1)["total"] == 1


def test_marks_need_a_box(city: City) -> None:
    with pytest.raises(ValueError, match="box"):
        marks([layer_named("issues")], question(city.community))


def test_mark_of_an_area_stands_on_the_part_in_view(inside: Community, squares: Division) -> None:
    town = grid("A . . . . B", "D . . . . C", cell=500)
    Area.objects.create(community=inside, division=squares, code="long", name="Довга", boundary=town.area("ABCD"),
                        valid_from=TODAY)  # fmt: skip
    west, south, _east, north = town.box()
    view = Box(west - 0.001, south - 0.001, west + 0.001, north + 0.001)
    (feature,) = read(PETITIONS, Question(inside.pk, TODAY, box=view))["features"]
    assert feature["geometry"]["type"] == "Point"
    assert west <= feature["geometry"]["coordinates"][0] <= west + 0.001


def test_area_around_a_hole_has_no_mark_in_the_hole(inside: Community, squares: Division) -> None:
    town = grid("A . . B", ". a b .", ". d c .", "D . . C")
    Area.objects.create(community=inside, division=squares, code="ring", name="Кільце",
                        boundary=town.area("ABCD", hole="abcd"), valid_from=TODAY)  # fmt: skip
    middle = Box(town["a"].x + 1e-5, town["d"].y + 1e-5, town["b"].x - 1e-5, town["a"].y - 1e-5)
    assert read(PETITIONS, Question(inside.pk, TODAY, box=middle))["total"] == 0
