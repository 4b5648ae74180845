"""Cases in 30 bytes each, as stats_case.packed has them (migration 0003), added up many at once.

Those of a square stand in one value, each after its Morton code, in the order of these codes (stats_packed).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.counters import DAYS, MEASURES
from stats.cover import Ranges
from stats.numbers import Counts
from stats.periods import Period, month_after

NO_DAY = -32768
_FLIPPED = np.uint16(1 << 15)  # turns NO_DAY into 0
EPOCH = date(2000, 1, 1)
_CASE = np.dtype([("kind", ">i4"), ("supporters", ">i4"), ("fix_seconds", ">i4"), ("days", ">i2", len(DAYS))])
_WITH_CODE = np.dtype([("code", ">i8"), ("case", _CASE)])
_BEFORE = 1920  # months that the table of months has before the epoch: more than two bytes of days reach
_FIRST = EPOCH.year * 12
_MOST_KINDS = 1_000_000  # keys up to which kinds are counted in place
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Sums:
    """What cases add up to: by month of all time, by kind in the period, and how long it took to close, in seconds."""

    months: Mapping[date, Counts]
    categories: Mapping[int, Counts]
    fix_seconds: NDArray[np.int64]


def within(packed: bytes, ranges: Ranges) -> bytes:
    """The cases whose codes are in one of the ranges, without their codes."""
    cases = np.frombuffer(packed, dtype=_WITH_CODE)
    codes = cases["code"].astype(np.int64)
    lows, highs = (np.array(ends, dtype=np.int64) for ends in ranges)
    first, last = np.searchsorted(codes, lows), np.searchsorted(codes, highs, side="right")
    return b"".join(cases["case"][low:high].tobytes() for low, high in zip(first.tolist(), last.tolist(), strict=True))


def add_up(packed: bytes, period: Period) -> Sums:
    """The sums of these cases."""
    cases = np.frombuffer(packed, dtype=_CASE)
    if not len(cases):
        return Sums({}, {}, np.empty(0, dtype=np.int64))
    known, kind_of = _numbered(cases["kind"].astype(np.int64))
    days = cases["days"].T.astype(np.int16).view(np.uint16) ^ _FLIPPED  # 0 is no day, 1 the first that there is
    earliest = int((days - np.uint16(1)).min()) + 1
    begun = int(_months()[earliest]) - 1
    month_of_day = np.maximum(_months() - begun, 0)  # 0 is no month, 1 the first that any of the cases has
    wide = int(month_of_day[days.max()]) + 1
    months = [month_of_day.take(those) for those in days]
    begin, end = 1, wide
    if not period.is_all_time:
        limits = (period.first, month_after(period.last))
        begin, end = (max(1, month_number(month) + _BEFORE - begun) for month in limits)
    lines = kind_of * wide
    # One table of kinds by months for each measure; what is told are sums of its lines and columns.
    tables = np.stack([
        np.bincount(lines + month, weights, minlength=len(known) * wide).reshape(-1, wide)
        for month, weights in _counted(months, cases["supporters"])
    ]).astype(np.int64)  # fmt: skip
    closed, seconds = months[DAYS.index("closed")], cases["fix_seconds"]
    return Sums(
        months=_told(tables[:, :, 1:].sum(axis=1), [month_of(begun - _BEFORE + n) for n in range(1, wide)]),
        categories=_told(tables[:, :, begin:end].sum(axis=2), known),
        fix_seconds=seconds[(closed >= begin) & (closed < end) & (seconds >= 0)].astype(np.int64),
    )


def month_number(month: date) -> int:
    """Months since the year 2000."""
    return month.year * 12 + month.month - 1 - _FIRST


def month_of(number: int) -> date:
    """The first day of the month; the inverse of `month_number`."""
    return date((number + _FIRST) // 12, (number + _FIRST) % 12 + 1, 1)


def _numbered(kinds: NDArray[np.int64]) -> tuple[Sequence[int], NDArray[np.int64]]:
    """Keys of kinds, ascending, and of every case the place of its key among them."""
    if kinds.max() >= _MOST_KINDS:
        known, places = np.unique(kinds, return_inverse=True)
        return known.tolist(), places
    known = np.flatnonzero(np.bincount(kinds))
    numbers = np.zeros(known[-1] + 1, dtype=np.int64)
    numbers[known] = np.arange(len(known))
    return known.tolist(), numbers[kinds]


def _counted(months: Sequence[NDArray[np.int64]], supporters: NDArray[Any]) -> Iterator[tuple[NDArray[np.int64], Any]]:
    """Of each measure: the months in which it counts, and how much (None: one for each case)."""
    for measure in MEASURES:
        if measure == "supporters":
            yield months[DAYS.index("opened")], supporters
        else:
            yield months[DAYS.index(measure)], None


def _told(sums: NDArray[np.int64], keys: Sequence[Key]) -> dict[Key, Counts]:
    """Key → counts, of those that have any."""
    return {
        keys[place]: dict(zip(MEASURES, sums[:, place].tolist(), strict=True))
        for place in np.flatnonzero(sums.any(axis=0)).tolist()
    }


@cache
def _months() -> NDArray[np.int64]:
    """The month of every day that two bytes can hold, by its place after NO_DAY, from 1 on; 0 for NO_DAY itself."""
    days = np.datetime64(EPOCH, "D") + np.arange(NO_DAY, 32768)
    numbers = days.astype("datetime64[M]").astype(np.int64) - np.datetime64(EPOCH, "M").astype(np.int64) + _BEFORE
    numbers[0] = 0
    found: NDArray[np.int64] = numbers
    return found
