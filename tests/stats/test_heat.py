"""Heat is what the formula says, at every cell."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.contours import rings
from stats.heat import CLASSES, breaks, class_of, spots, surface

METRES = st.floats(-3000, 3000, allow_nan=False)


def quartic(distance: float, h: float) -> float:
    return 3 / (math.pi * h**2) * max(0.0, 1 - (distance / h) ** 2) ** 2 * 1e6


@given(cases=st.lists(st.tuples(METRES, METRES), min_size=1, max_size=8), h=st.sampled_from([200.0, 400.0]))
def test_every_cell_has_what_the_formula_gives_point_by_point(cases: list[tuple[float, float]], h: float) -> None:
    x, y = np.array(cases).T
    found = surface(x, y, bandwidth=h)
    easts, norths = found.middles()
    for line in range(0, len(norths), 3):
        for column in range(0, len(easts), 3):
            expected = sum(quartic(math.hypot(easts[column] - a, norths[line] - b), h) for a, b in cases)
            assert found.densities[line, column] == pytest.approx(expected, abs=1e-9)


def test_all_cells_together_hold_all_cases() -> None:
    random = np.random.default_rng(3)
    x, y = random.normal(0, 900, 500), random.normal(0, 400, 500)
    found = surface(x, y, bandwidth=400)
    assert found.densities.sum() * (found.side / 1000) ** 2 == pytest.approx(500, rel=2e-3)


def test_a_case_with_a_weight_is_as_many_cases() -> None:
    place = np.array([10.0]), np.array([20.0])
    twice = surface(np.array([10.0, 10.0]), np.array([20.0, 20.0]), bandwidth=200)
    assert np.allclose(surface(*place, bandwidth=200, weights=np.array([2.0])).densities, twice.densities)


def test_cases_on_two_continents_do_not_fill_the_memory() -> None:
    found = surface(np.array([0.0, 9e6]), np.array([0.0, 4e6]), bandwidth=200)
    assert found.densities.size < 5_000_000


@given(top=st.floats(0.01, 1e6))
def test_classes_double_and_the_last_has_somebody(top: float) -> None:
    begin = breaks(top)
    assert len(begin) == CLASSES
    assert begin[-1] <= top * (1 + 1e-8) < begin[-1] * 2
    assert all(after == pytest.approx(2 * before) for before, after in pairwise(begin))
    assert class_of(np.array([begin[0] / 2, top * (1 + 1e-8)]), begin).tolist() == [0, CLASSES]


def test_the_densest_places_are_told_apart_and_counted() -> None:
    random = np.random.default_rng(5)
    x = np.concatenate([random.normal(0, 60, 80), random.normal(3000, 60, 40)])
    y = np.concatenate([random.normal(0, 60, 80), random.normal(500, 60, 40)])
    first, second = spots(surface(x, y, bandwidth=400), x, y, bandwidth=400)
    assert math.hypot(first.x, first.y) < 120
    assert math.hypot(second.x - 3000, second.y - 500) < 120
    assert (first.cases, second.cases) == (80, 40)


def test_a_wide_surface_has_wider_cells_and_the_same_places() -> None:
    x, y = np.array([0.0, 0.0, 30, 150_000]), np.array([0.0, 0.0, 30, 90_000])
    found = surface(x, y, bandwidth=200)
    assert found.densities.size <= 400_000
    first, second = spots(found, x, y, bandwidth=200)
    assert (first.cases, math.hypot(second.x - 150_000, second.y - 90_000) < found.side) == (3, True)


def test_rings_go_around_what_is_high_and_around_its_holes() -> None:
    heights = np.zeros((7, 7))
    heights[1:6, 1:6] = 2
    heights[3, 3] = 0
    steps = np.arange(7.0)
    outer, inner = sorted(rings(heights, 1, steps, steps), key=len, reverse=True)
    assert min(x for x, _y in outer) == 0.5
    assert max(y for _x, y in outer) == 5.5
    assert sorted(inner) == [(2.5, 3.0), (3.0, 2.5), (3.0, 3.5), (3.5, 3.0)]


@given(seed=st.integers(0, 50))
def test_rings_enclose_as_much_as_is_high(seed: int) -> None:
    heights = np.zeros((12, 12))
    heights[1:-1, 1:-1] = np.random.default_rng(seed).random((10, 10)) > 0.5
    steps = np.arange(12.0)
    found = rings(heights, 0.5, steps, steps)
    assert abs(sum(signed_area(ring) for ring in found)) == pytest.approx(area_of_corners(heights > 0.5))


def signed_area(ring: list[tuple[float, float]]) -> float:
    return sum(a * d - b * c for (a, b), (c, d) in zip(ring, [*ring[1:], ring[0]], strict=True)) / 2


def area_of_corners(high: "np.ndarray[tuple[int, ...], np.dtype[np.bool]]") -> float:
    """What marching squares leaves of each square whose sides are cut in their middles."""
    told = {0: 0.0, 1: 1 / 8, 2: 1 / 2, 3: 7 / 8, 4: 1.0}
    total = 0.0
    for line in range(high.shape[0] - 1):
        for column in range(high.shape[1] - 1):
            corners = high[line : line + 2, column : column + 2]
            across = corners.sum() == 2 and corners[0, 0] == corners[1, 1]
            total += 3 / 4 if across else told[int(corners.sum())]
    return total
