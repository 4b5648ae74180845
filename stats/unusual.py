"""What is unusual this week: counts that the weeks before do not explain.

After Farrington and others (1996) and Noufaily and others (2013), made simpler. What is expected is the mean of the
weeks before, times how the same kind changed at this time a year ago. How far a week may stray from it is told by the
spread of those weeks, as a negative binomial distribution. Hundreds of places and kinds are looked at each week, so
some would stand out by chance alone: Benjamini and Hochberg's rule (1995) keeps such false alarms below a share.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from stats.flat import Numbers, Whole

BEFORE = 12  # weeks that tell what is usual
FEWEST_BEFORE = 8
FEWEST = 5  # cases of a week that is told
FALSE = 0.05  # share of false alarms among what is told
AROUND = 3  # weeks on both sides of the same week a year ago
A_YEAR = 52  # weeks
FEWEST_SEASON = 60  # cases in the weeks before, a year ago: fewer tell no season
MOST_CHANGE = 2.0  # a season never makes more than so many times more or less
Key = TypeVar("Key", bound=Hashable)
USUAL = (0.05, 0.95)  # nine weeks of ten lie between


@dataclass(frozen=True, slots=True)
class Weeks:
    """Cases of a week, the mean that was expected, the ends of what is usual, and the probability of so many or
    more."""

    cases: int
    expected: float
    low: int
    high: int
    p: float


def unusual(weeks: Mapping[Key, Whole], seasons: Mapping[Key, float] | None = None) -> dict[Key, Weeks]:
    """Those that had unusually many cases in the last of their weeks, the least likely first.

    `weeks`: counts of the weeks before and, at the end, of the week in question; all equally long. `seasons`: what the
    weeks before are multiplied by, 1 where nothing is told.
    """
    keys = [key for key, counts in weeks.items() if counts.any()]
    if not keys:
        return {}
    counts = np.array([weeks[key] for key in keys])
    season = np.array([(seasons or {}).get(key, 1.0) for key in keys])
    mean, ratio = expected_of(counts[:, :-1], season)
    last = counts[:, -1]
    p = tail(last, mean, ratio)
    told = accepted(p, FALSE) & (last >= FEWEST)
    low, high = (quantile(share, mean[told], ratio[told]) for share in USUAL)
    found = [
        (keys[at], Weeks(int(last[at]), float(mean[at]), int(low[n]), int(high[n]), float(p[at])))
        for n, at in enumerate(np.flatnonzero(told))
    ]
    return dict(sorted(found, key=lambda pair: (pair[1].p, -pair[1].cases)))


def expected_of(before: Whole, season: Numbers) -> tuple[Numbers, Numbers]:
    """The mean of the coming week, and how many times its variance is greater, for each line of weeks.

    With a spread like Poisson's this is the prediction from Jeffreys' prior: half a case is added to what was.
    """
    many = before.shape[1]
    usual = before.mean(axis=1)
    spread = np.where(usual > 0, before.var(axis=1, ddof=1) / np.maximum(usual, 1e-9), 1.0)
    return (before.sum(axis=1) + 0.5) / many * season, np.maximum(spread, 1.0) * (1 + season / many)


def tail(cases: Whole, mean: Numbers, ratio: Numbers) -> Numbers:
    """The probability of so many or more, by a negative binomial distribution whose variance is `ratio` times its
    mean."""
    from scipy.special import betainc  # slow to load

    size = mean / (ratio - 1)
    found: Numbers = np.where(cases > 0, betainc(np.maximum(cases, 1), size, 1 - 1 / ratio), 1.0)
    return found


def quantile(share: float, mean: Numbers, ratio: Numbers) -> Whole:
    """The fewest cases that, with all fewer ones, are so likely."""
    found = np.zeros(len(mean), dtype=np.int64)
    step = 1 << max(int(np.log2((mean + 10 * np.sqrt(mean * ratio)).max(initial=1))) + 1, 1)
    while step:  # the greatest number of which more than 1 - share reach it, bit by bit
        reached = tail(found + step, mean, ratio) > 1 - share
        found += step * reached
        step //= 2
    return found


def accepted(p: Numbers, share: float) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool]]":
    """Which of these are told, so that about `share` of the told ones are false (Benjamini and Hochberg)."""
    ordered = np.sort(p)
    below = np.flatnonzero(ordered <= share * np.arange(1, len(p) + 1) / len(p))
    return p <= (ordered[below[-1]] if len(below) else -1.0)


def season_of(year_ago: Whole) -> float:
    """How this week usually differs from the BEFORE weeks before it: by those weeks a year ago, up to AROUND weeks
    after the same week. 1 where too few cases tell it."""
    before, around = year_ago[:BEFORE], year_ago[BEFORE - AROUND :]
    if before.sum() < FEWEST_SEASON:
        return 1.0
    return float(np.clip(around.mean() / before.mean(), 1 / MOST_CHANGE, MOST_CHANGE))
