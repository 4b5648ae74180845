"""A planted cluster is found where and when it was planted, and chance is called chance."""

import math

import numpy as np
import pytest

from stats.flat import Numbers, Whole
from stats.hotspots import DAYS, FEWEST_CASES, scan, side_for


def ordered(x: Numbers, y: Numbers, day: Whole) -> tuple[Numbers, Numbers, Whole]:
    order = np.lexsort((y, x, day))
    return x[order], y[order], day[order]


def by_chance(seed: int, many: int = 150) -> tuple[Numbers, Numbers, Whole]:
    """Places and days that have nothing to do with each other: a busy centre, and more on weekdays."""
    random = np.random.default_rng(seed)
    day = random.choice(DAYS, many, p=np.tile([2, 2, 2, 2, 2, 1, 1], 13) / (12 * 13))
    return ordered(random.normal(0, 900, many), random.normal(0, 900, many), day)


def test_a_planted_cluster_is_found_in_its_place_and_on_its_days() -> None:
    x, y, day = by_chance(7, 400)
    random = np.random.default_rng(8)
    planted = random.normal(2100, 80, 14), random.normal(-1300, 80, 14), random.integers(40, 43, 14)
    found = scan(*ordered(*(np.concatenate(pair) for pair in zip((x, y, day), planted, strict=True))), shuffles=199)
    first = found[0]
    assert math.hypot(first.x - 2100, first.y + 1300) < 300
    assert (first.first, first.after) == (40, 43)
    assert 12 <= first.observed <= 16
    assert first.expected < 2
    assert first.p == pytest.approx(1 / 200)
    assert all(one.p > 0.05 for one in found[1:])


def test_a_place_where_always_much_happens_is_no_cluster() -> None:
    random = np.random.default_rng(11)
    x = np.concatenate([random.normal(0, 1500, 200), np.full(200, 625.0)])
    y = np.concatenate([random.normal(0, 1500, 200), np.full(200, 625.0)])
    found = scan(*ordered(x, y, random.integers(0, DAYS, 400)), shuffles=99)
    assert all(one.p > 0.05 for one in found)


def test_a_day_on_which_much_happens_everywhere_is_no_cluster() -> None:
    random = np.random.default_rng(12)
    day = np.concatenate([random.integers(0, DAYS, 200), np.full(100, 50)])
    found = scan(*ordered(random.normal(0, 1500, 300), random.normal(0, 1500, 300), day), shuffles=99)
    assert all(one.p > 0.05 for one in found)


def test_p_of_chance_is_spread_evenly() -> None:
    p = np.array([min((one.p for one in scan(*by_chance(seed), shuffles=39)), default=1.0) for seed in range(60)])
    # Of sixty, 15 are expected under a quarter and 3 under a twentieth; these ends are four standard deviations away.
    assert 2 <= (p <= 0.25).sum() <= 28
    assert (p <= 0.05).sum() <= 9
    assert 0.35 < p.mean() < 0.65


def test_the_same_reports_give_the_same_clusters() -> None:
    told = by_chance(21)
    assert scan(*told, shuffles=19) == scan(*told, shuffles=19)


def test_few_reports_are_not_looked_at() -> None:
    x, y, day = by_chance(1, FEWEST_CASES - 1)
    assert scan(x, y, day) == []


def test_squares_grow_until_they_are_few_enough() -> None:
    east, north = np.meshgrid(np.arange(80) * 250.0 + 100, np.arange(80) * 250.0 + 100)
    assert side_for(east.ravel(), north.ravel()) == 500


def test_no_two_clusters_share_ground_and_days() -> None:
    found = scan(*by_chance(33, 500), shuffles=9)
    assert len(found) > 3
    for number, one in enumerate(found):
        for other in found[:number]:
            at_once = one.first < other.after and other.first < one.after
            assert not at_once or math.hypot(one.x - other.x, one.y - other.y) > one.radius + other.radius
