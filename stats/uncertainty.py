"""How sure a number is: intervals that hold the true value in 95 of 100 cases, under the usual assumptions.

A count of reports is taken as Poisson, a share as binomial. What people do together (one burst water main, forty
reports) varies more than that: the pages say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, floor, sqrt

Z = 1.959964  # standard deviations on either side of 95 %
FEWEST_COMPARED = 10  # on both sides: a change of fewer says nothing


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, with the value that was seen."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Interval":
        """The same in another unit."""
        return Interval(self.value * factor, self.low * factor, self.high * factor)


def share(part: int, whole: int) -> Interval | None:
    """A share by Wilson (1927), from 0 to 1; None of nothing."""
    if whole <= 0:
        return None
    seen, spread = part / whole, Z * Z / whole
    middle = (seen + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * sqrt(seen * (1 - seen) / whole + spread / (4 * whole))
    return Interval(seen, max(0.0, middle - half), min(1.0, middle + half))


def count(seen: int) -> Interval:
    """A count by Byar's approximation (Breslow and Day 1987, 2.13) of the exact Poisson interval."""
    low = seen * (1 - 1 / (9 * seen) - Z / (3 * sqrt(seen))) ** 3 if seen else 0.0
    above = seen + 1
    return Interval(seen, low, above * (1 - 1 / (9 * above) + Z / (3 * sqrt(above))) ** 3)


def change(before: int, after: int) -> Interval | None:
    """By what share a count changed: 0.12 is 12 % more; None where either is too small to tell.

    The ratio of two Poisson counts, its logarithm taken as normal.
    """
    if min(before, after) < FEWEST_COMPARED:
        return None
    ratio, half = after / before, Z * sqrt(1 / before + 1 / after)
    return Interval(ratio - 1, ratio * exp(-half) - 1, ratio * exp(half) - 1)


def ranks(share_below: float, many: int) -> tuple[int, int]:
    """Ranks, from 1, between which a quantile of `many` values lies: by order statistics (Conover 1999, 3.2)."""
    half = Z * sqrt(many * share_below * (1 - share_below))
    low, high = floor(many * share_below - half), ceil(many * share_below + half)
    return max(1, low), min(many, high + 1)


def quantile(ordered: Sequence[float], share_below: float) -> float:
    """A quantile of values in ascending order, between two of them by proportion (Hyndman and Fan 1996, type 7)."""
    place = (len(ordered) - 1) * share_below
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
