"""Intervals against published values, and quantiles against the cases themselves."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.case_sql import BUCKET
from stats.histograms import MOST
from stats.times import ERROR, of_buckets, of_values
from stats.uncertainty import change, count, quantile, ranks, share


def test_a_share_is_that_of_wilson() -> None:
    """Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for part, whole, low, high in (
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718),
    ):  # fmt: skip
        found = share(part, whole)
        assert found
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert share(0, 0) is None


def test_a_count_is_nearly_the_exact_one_of_poisson() -> None:
    """Exact limits: 0 → 3.689, 10 → 4.795 and 18.391, 100 → 81.364 and 121.627."""
    assert count(0).low == 0
    assert count(0).high == pytest.approx(3.689, rel=0.02)
    assert (count(10).low, count(10).high) == pytest.approx((4.795, 18.391), rel=0.01)
    assert (count(100).low, count(100).high) == pytest.approx((81.364, 121.627), rel=0.001)


def test_a_change_of_few_is_not_told() -> None:
    assert change(9, 40) is None
    assert change(40, 9) is None
    found = change(100, 120)
    assert found
    assert found.value == pytest.approx(0.2)
    assert found.low < 0 < found.high, "it may be chance"
    sure = change(1000, 1300)
    assert sure
    assert sure.low > 0


def test_the_ranks_of_a_median_hold_it_in_95_of_100_samples() -> None:
    dice = Random(5)
    held = 0
    for _sample in range(1000):
        values = sorted(dice.random() for _value in range(31))
        low, high = ranks(0.5, 31)
        held += values[low - 1] <= 0.5 <= values[high - 1]
    assert 940 <= held <= 990


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=200))
def test_out_of_buckets_a_value_is_as_exact_as_stated(values: list[int]) -> None:
    ordered = sorted(values)
    buckets = np.zeros(MOST, dtype=np.int64)
    for value in ordered:
        place = 0
        while BUCKET ** (place + 1) <= value:
            place += 1
        buckets[place] += 1
    found = of_buckets(buckets)
    true = ordered[-(-len(ordered) // 2) - 1]
    assert found.median == pytest.approx(true, rel=ERROR + 1e-9)
    assert found.many == len(values)
    assert found.low <= found.median <= found.high


def test_quantiles_of_cases_are_those_of_other_programs() -> None:
    assert quantile([1, 2, 3, 4], 0.5) == 2.5
    assert quantile([1, 2, 3, 4, 5], 0.9) == pytest.approx(4.6)
    found = of_values([10, 20, 30])
    assert (found.median, found.low, found.high, found.error) == (20, 10, 30, 0.0)
