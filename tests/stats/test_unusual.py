"""What stands out is told, what may be chance is not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.unusual import accepted, expected_of, quantile, season_of, tail, unusual

USUAL_WEEKS = [4, 5, 3, 6, 4, 4, 5, 3, 5, 4, 6, 4]


def test_a_week_with_three_times_the_usual_is_told_with_what_is_usual() -> None:
    found = unusual({"люки": np.array([*USUAL_WEEKS, 14]), "ями": np.array([*USUAL_WEEKS, 5])})
    assert list(found) == ["люки"]
    weeks = found["люки"]
    assert (weeks.cases, weeks.low, weeks.high) == (14, 1, 8)
    assert weeks.expected == pytest.approx(53.5 / 12)
    assert weeks.p < 0.001


def test_four_are_never_told() -> None:
    assert unusual({"люки": np.array([0] * 12 + [4])}) == {}
    assert list(unusual({"люки": np.array([0] * 12 + [5])})) == ["люки"]


def test_weeks_that_always_jump_about_make_a_high_one_usual() -> None:
    jumping = [0, 14, 1, 0, 12, 0, 1, 13, 0, 0, 9, 2]
    assert unusual({"люки": np.array([*jumping, 14])}) == {}


def test_a_season_makes_more_usual() -> None:
    weeks = {"листя": np.array([*USUAL_WEEKS, 12])}
    assert list(unusual(weeks)) == ["листя"]
    assert unusual(weeks, {"листя": 2.0}) == {}


def test_benjamini_and_hochberg_by_hand() -> None:
    # The fourth smallest is 0.025 ≤ 0.05 · 4 / 8, the fifth is 0.04 > 0.05 · 5 / 8.
    p = np.array([0.04, 0.001, 0.5, 0.012, 0.9, 0.025, 0.02, 0.6])
    assert accepted(p, 0.05).tolist() == [False, True, False, True, False, True, True, False]
    assert not accepted(np.array([0.2, 0.3]), 0.05).any()


def test_a_year_without_anything_unusual_gives_few_false_alarms() -> None:
    random, weeks_with_alarm = np.random.default_rng(4), 0
    for _ in range(100):
        means = random.gamma(1, 6, 60)
        counts = random.poisson(means, (13, 60)).T
        weeks_with_alarm += bool(unusual(dict(enumerate(counts))))
    assert weeks_with_alarm <= 10


@given(cases=st.integers(0, 60), mean=st.floats(0.05, 40), ratio=st.floats(1.05, 6))
def test_tail_is_the_sum_of_the_negative_binomial(cases: int, mean: float, ratio: float) -> None:
    size, share = mean / (ratio - 1), 1 - 1 / ratio
    below = sum(
        math.exp(math.lgamma(n + size) - math.lgamma(size) - math.lgamma(n + 1) - size * math.log(ratio)) * share**n
        for n in range(cases)
    )
    found = tail(np.array([cases]), np.array([mean]), np.array([ratio]))[0]
    assert found == pytest.approx(1 - below, abs=1e-9)


@given(share=st.floats(0.02, 0.98), mean=st.floats(0.05, 300), ratio=st.floats(1.05, 6))
def test_quantile_is_where_the_tail_passes_the_share(share: float, mean: float, ratio: float) -> None:
    given = np.array([mean]), np.array([ratio])
    found = quantile(share, *given)
    assert tail(found + 1, *given)[0] <= 1 - share + 1e-12
    assert found[0] == 0 or tail(found, *given)[0] > 1 - share - 1e-12


def test_an_even_spread_is_taken_as_chance_would_have_it() -> None:
    mean, ratio = expected_of(np.full((1, 12), 7), np.ones(1))
    assert (mean[0], ratio[0]) == (pytest.approx(84.5 / 12), pytest.approx(13 / 12))


def test_season_is_read_a_year_ago_and_kept_in_bounds() -> None:
    assert season_of(np.array([10] * 9 + [15] * 7)) == pytest.approx(15 / (135 / 12))
    assert season_of(np.array([10] * 9 + [90] * 7)) == 2.0
    assert season_of(np.array([1] * 9 + [90] * 7)) == 2.0
    assert season_of(np.array([1] * 16)) == 1.0
