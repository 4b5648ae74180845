"""Seasons: how much more or less than usual there is in each month of the year, and on each day of the week.

Counts are taken as level · trend · season: log(expected) = a + b · time + (effect of the month) + log(days it has),
fitted as a quasi-Poisson regression, so that the spread that is seen, and not one that is assumed, makes the
intervals. An index of 1 is the geometric mean of all months: 1.5 means half as much again.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from stats.flat import Numbers, Whole
from stats.periods import month_after, months_before

YEARS = 5  # whole years of months, at most
FEWEST_YEARS = 2  # before that, one year's weather would pass for a season
WEEKS = 52  # of which days of the week are told, at most
FEWEST_WEEKS = 8
FEWEST_A_SLOT = 10  # cases of a month of the year, or day of the week, on average
SHARE = 0.975  # both ends of the interval: 95 % lie between
_STEPS, _CLOSE = 50, 1e-10


@dataclass(frozen=True, slots=True)
class Slot:
    """A month of the year (1 to 12) or a day of the week (1 is Monday), and its index with the interval of 95 %."""

    number: int
    cases: int
    index: float
    low: float
    high: float

    @property
    def stands_out(self) -> int:
        """1: surely more than usual, -1: surely less, 0: it may be chance."""
        return 1 if self.low > 1 else -1 if self.high < 1 else 0


def whole_years(begun: date, today: date) -> list[date]:
    """First days of the months of the last whole years before this month, from `begun` on; at most YEARS."""
    last = months_before(today, 1)
    first = begun if begun.day == 1 else month_after(begun)
    many = (last.year - first.year) * 12 + last.month - first.month + 1
    many = min(many // 12, YEARS) * 12
    return [months_before(last, ago) for ago in range(many - 1, -1, -1)]


def whole_weeks(begun: date, today: date) -> list[date]:
    """Mondays of the last whole weeks before today's, from `begun` on; at most WEEKS."""
    last = today - timedelta(days=today.weekday() + 7)
    many = min(((last - begun).days + 7) // 7, WEEKS)
    return [last - timedelta(weeks=ago) for ago in range(many - 1, -1, -1)]


def months_of_year(months: list[date], counts: Whole) -> list[Slot]:
    """The index of each month of the year, from counts of months one after another; empty when they are too few."""
    if len(months) < 12 * FEWEST_YEARS:
        return []
    slots = np.array([month.month - 1 for month in months])
    days = np.array([(month_after(month) - month).days for month in months], dtype=float)
    return indices(counts, slots, time=np.arange(len(months)) / 12, exposure=days, many=12)


def days_of_week(counts: Whole) -> list[Slot]:
    """The index of each day of the week, from counts of whole weeks, Monday first; empty when they are too few."""
    if len(counts) < 7 * FEWEST_WEEKS:
        return []
    at = np.arange(len(counts))
    return indices(counts, at % 7, time=at // 7 / 52, exposure=np.ones(len(counts)), many=7)


def indices(counts: Whole, slots: Whole, *, time: Numbers, exposure: Numbers, many: int) -> list[Slot]:
    """An index for each of the `many` slots; empty when there are too few cases to tell, or none at all in a slot."""
    from scipy.special import stdtrit  # slow to load

    held = np.bincount(slots, counts, minlength=many)
    if held.sum() < FEWEST_A_SLOT * many or not held.all():
        return []
    effects = np.eye(many)[slots][:, 1:]
    columns = np.column_stack([np.ones(len(counts)), time - time.mean(), effects])
    fitted, covariance = _fit(columns, counts.astype(float), np.log(exposure))
    # Each effect less the mean of all: the first slot's effect is 0.
    contrasts = np.zeros((many, columns.shape[1]))
    contrasts[1:, 2:] = np.eye(many - 1)
    contrasts[:, 2:] -= 1 / many
    middle = contrasts @ fitted
    reach = np.sqrt(np.einsum("ij,jk,ik->i", contrasts, covariance, contrasts))
    reach *= stdtrit(len(counts) - columns.shape[1], SHARE)
    ends = np.exp([middle, middle - reach, middle + reach])
    return [Slot(n + 1, int(held[n]), *map(float, ends[:, n])) for n in range(many)]


def _fit(columns: Numbers, counts: Numbers, offset: Numbers) -> tuple[Numbers, Numbers]:
    """Coefficients and their covariance, with the dispersion that is seen (never below Poisson's), by weighted least
    squares."""
    expected: Numbers = counts + 0.5
    found: Numbers = np.zeros(columns.shape[1])
    for _step in range(_STEPS):
        target = np.log(expected) + (counts - expected) / expected - offset
        before = found
        weighed = columns.T * expected
        found = np.asarray(np.linalg.solve(weighed @ columns, weighed @ target), dtype=np.float64)
        expected = np.asarray(np.exp(np.clip(columns @ found + offset, -30, 30)), dtype=np.float64)
        if np.abs(found - before).max() < _CLOSE:
            break
    dispersion = ((counts - expected) ** 2 / expected).sum() / (len(counts) - columns.shape[1])
    return found, max(dispersion, 1.0) * np.linalg.inv((columns.T * expected) @ columns)
