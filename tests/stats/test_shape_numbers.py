"""What is counted of a drawn shape is what reading every case by ST_Contains tells, whatever the shape."""

import random
from itertools import pairwise

import numpy as np
import pytest
import shapely
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from geodata.models import Community
from geodata.squares import FINEST
from issues.counters import REPORTS
from stats import shape_numbers as module
from stats.case_sql import FIX, LEVELS
from stats.cover import MOST_ON_EDGE, LongEdgeError, as_rows, cover, rim_level
from stats.histograms import bucketed
from stats.numbers import Place, begun_on, numbers, numbers_of
from stats.periods import parse_period
from stats.shape_numbers import RIM, shape_numbers
from stats.times import of_buckets, of_values
from stats.times import times_of as times_of_place
from tests.stats.shapes import (
    HIGH,
    SOUTH,
    STEPS,
    TODAY,
    WEST,
    WIDE,
    Shape,
    comb,
    edges_of_squares,
    place_on,
    scanned,
    shapes,
    write_cases,
)

PERIODS = ["12m", "3m", "all", "2025", "2025-03..2025-06"]


@pytest.fixture
def town_of_cases(inside: Community) -> Community:
    """Cases at random, on a lattice, and on the edges of squares; many at some places."""
    chance = random.Random(6)
    places = [(WEST + WIDE * chance.random(), SOUTH + HIGH * chance.random()) for _n in range(500)]
    places += [place_on(chance.randrange(STEPS + 1), chance.randrange(STEPS + 1)) for _n in range(300)]
    places += edges_of_squares() * 4
    write_cases(inside.pk, places)
    return inside


def check_equal(shape: Shape, community: Community, code: str) -> None:
    period = parse_period(code, today=TODAY, begun=begun_on(REPORTS, community.pk))
    found = shape_numbers(shape, period, counters=REPORTS, community_id=community.pk)
    months, categories, seconds = scanned(shape, community.pk, period)
    assert found.months == months
    assert found.categories == categories
    assert found.fix == (of_values(seconds) if seconds else None)


@given(shape=shapes, code=st.sampled_from(PERIODS))
def test_any_shape_has_what_every_case_tells(town_of_cases: Community, shape: Shape, code: str) -> None:
    check_equal(shape, town_of_cases, code)


@given(shape=shapes, code=st.sampled_from(PERIODS))
def test_times_out_of_squares_are_those_of_the_same_buckets(town_of_cases: Community, shape: Shape, code: str) -> None:
    period = parse_period(code, today=TODAY, begun=begun_on(REPORTS, town_of_cases.pk))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FEW", 0)
        found = shape_numbers(shape, period, counters=REPORTS, community_id=town_of_cases.pk)
    seconds = scanned(shape, town_of_cases.pk, period)[2]
    if found.fix is None or not found.fix.error:
        assert found.fix == (of_values(seconds) if seconds else None)
    else:
        assert found.fix == of_buckets(bucketed(np.array(seconds, dtype=np.int64)))
        exact = sorted(seconds)[-(-len(seconds) // 2) - 1]  # nearest rank
        assert found.fix.median == pytest.approx(max(exact, 1), rel=found.fix.error + 1e-9)


def test_a_long_edge_has_a_coarser_rim_and_the_same_numbers(town_of_cases: Community) -> None:
    shape = comb(140, high=HIGH)
    assert rim_level(shape, finest=RIM) < RIM
    check_equal(shape, town_of_cases, "12m")
    rim = cover(shape, rim=RIM).rim
    cells = sum(high - low + 1 for low, high in zip(*rim, strict=True)) >> 2 * (FINEST - rim_level(shape, finest=RIM))
    assert 1000 < cells <= MOST_ON_EDGE


def test_an_edge_through_millions_of_squares_is_not_covered() -> None:
    with pytest.raises(LongEdgeError):
        cover(comb(180, high=2), rim=RIM)
    district = shapely.Point(28.46, 49.22).buffer(0.12, 125)  # 300 km², 500 corners
    assert rim_level(district, finest=RIM) == RIM


def test_all_of_the_community_is_what_its_own_page_tells(town_of_cases: Community) -> None:
    period = parse_period("12m", today=TODAY)
    place = Place(REPORTS, town_of_cases.pk)
    found = shape_numbers(shapely.box(28, 49, 29, 50), period, counters=REPORTS, community_id=town_of_cases.pk)
    assert numbers_of(found.months, period) == numbers(place, period)
    assert found.fix is not None
    assert found.fix.many == times_of_place(place, FIX, period, total=1).many  # type: ignore[union-attr]


def test_a_shape_that_was_counted_by_squares_is_corrected_with_them(town_of_cases: Community) -> None:
    whole = shapely.box(28.3, 49.1, 28.7, 49.4)
    check_equal(whole, town_of_cases, "all")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM stats_case WHERE thing % 3 = 0")
    write_cases(town_of_cases.pk, [place_on(5, 7)] * 20, first=5000)
    for code in PERIODS:
        check_equal(whole, town_of_cases, code)


def test_of_another_community_nothing_is_counted(town_of_cases: Community) -> None:
    other = Community.objects.create(slug="other", name="Інша", centre=town_of_cases.centre)
    period = parse_period("all", today=TODAY, begun=begun_on(REPORTS, town_of_cases.pk))
    whole = shapely.box(28.3, 49.1, 28.7, 49.4)
    found = shape_numbers(whole, period, counters=REPORTS, community_id=other.pk)
    assert (found.months, found.categories, found.fix, found.total) == ({}, {}, None, 0)


def test_what_lies_on_the_very_edge_does_not_belong(inside: Community) -> None:
    corner, within = place_on(10, 10), place_on(15, 15)
    write_cases(inside.pk, [corner, within])
    shape = shapely.box(*corner, *place_on(20, 20))
    period = parse_period("all", today=TODAY, begun=begun_on(REPORTS, inside.pk))
    assert shape_numbers(shape, period, counters=REPORTS, community_id=inside.pk).total == 1


@given(shape=shapes)
def test_squares_of_a_cover_do_not_overlap_and_hold_all_of_the_shape(shape: Shape) -> None:
    whole = cover(shape, rim=20)
    assert all((low.bit_length() - 1) // 2 in LEVELS for low in whole.cells[0])
    rows = as_rows(whole)
    stretches = sorted([*zip(*rows.rows, strict=True), *zip(*rows.rim, strict=True)])
    assert all(one[1] < other[0] for one, other in pairwise(stretches))
