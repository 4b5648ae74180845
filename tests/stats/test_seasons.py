"""A season is told when there is one, with the spread that was seen, and not before two whole years."""

from datetime import date, timedelta

import numpy as np
import pytest

from stats.flat import Whole
from stats.periods import months_before
from stats.seasons import days_of_week, months_of_year, whole_weeks, whole_years

TODAY = date(2026, 11, 19)


def months(many: int) -> list[date]:
    return [months_before(date(2026, 10, 1), ago) for ago in range(many - 1, -1, -1)]


def days_in(told: list[date]) -> Whole:
    return np.array([((month + timedelta(days=32)).replace(day=1) - month).days for month in told])


def test_whole_years_end_with_the_last_full_month() -> None:
    found = whole_years(date(2024, 3, 15), TODAY)
    assert (found[0], found[-1], len(found)) == (date(2024, 11, 1), date(2026, 10, 1), 24)
    assert whole_years(date(2025, 12, 1), TODAY) == []
    assert len(whole_years(date(2010, 1, 1), TODAY)) == 60


def test_whole_weeks_are_from_monday_to_sunday_and_over() -> None:
    found = whole_weeks(date(2026, 10, 1), TODAY)
    assert found[0] == date(2026, 10, 5)
    assert found[-1] == date(2026, 11, 9)
    assert len(whole_weeks(date(2020, 1, 1), TODAY)) == 52


def test_a_month_with_twice_as_much_is_told_with_its_number() -> None:
    many = np.array([200 if month.month == 3 else 100 for month in months(48)])
    found = months_of_year(months(48), many)
    march = found[2]
    usual = 2 ** (-1 / 12)  # a geometric mean of 1
    assert march.index == pytest.approx(2 * usual * 30.4 / 31, rel=0.02)
    assert march.stands_out == 1
    assert march.low < march.index < march.high
    assert march.cases == 800


def test_growth_over_the_years_is_no_season() -> None:
    many = np.round(days_in(months(48)) * 30 * 1.5 ** (np.arange(48) / 12)).astype(int)
    found = months_of_year(months(48), many)
    assert all(one.index == pytest.approx(1, abs=0.001) for one in found)


def test_months_that_differ_from_year_to_year_say_little() -> None:
    even = months_of_year(months(36), np.random.default_rng(1).poisson(100, 36))
    uneven = months_of_year(months(36), np.random.default_rng(1).negative_binomial(2, 2 / 102, 36))
    assert uneven[0].high / uneven[0].low > 2 * even[0].high / even[0].low
    assert not any(one.stands_out for one in uneven)


def test_bands_hold_the_truth_nineteen_times_in_twenty() -> None:
    random, held = np.random.default_rng(2), 0
    for _ in range(100):
        found = months_of_year(
            months(36), random.poisson([(month - date(2020, 1, 1)).days / 10 for month in months(36)])
        )
        held += sum(one.low <= 1 <= one.high for one in found)
    assert 0.90 < held / 1200 < 0.98


def test_less_than_two_years_tell_no_season() -> None:
    assert months_of_year(months(12), np.full(12, 100)) == []


def test_too_few_reports_tell_nothing() -> None:
    assert months_of_year(months(24), np.full(24, 2)) == []
    empty_march = np.array([0 if month.month == 3 else 100 for month in months(24)])
    assert months_of_year(months(24), empty_march) == []
    assert days_of_week(np.full(7 * 7, 100)) == []


def test_a_quiet_sunday_is_told() -> None:
    found = days_of_week(np.tile([50, 50, 50, 50, 50, 50, 10], 20))
    assert [one.number for one in found] == [1, 2, 3, 4, 5, 6, 7]
    assert found[6].stands_out == -1
    assert found[6].index / found[0].index == pytest.approx(0.2)


def test_february_is_not_low_because_it_is_short() -> None:
    found = months_of_year(months(24), days_in(months(24)) * 10)
    assert all(one.index == pytest.approx(1) for one in found)
