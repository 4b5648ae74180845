"""Cases in 30 bytes each, as stats_case.packed has them (migration 0003), added up many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.counters import DAYS, MEASURES
from stats.case_sql import BUCKET
from stats.numbers import Counts
from stats.periods import Period

NO_DAY = -32768
EPOCH = date(2000, 1, 1)
_BYTES = 12 + 2 * len(DAYS)
_BEFORE = 1920  # months that the table of months has before the epoch: more than two bytes of days reach
_MOST_KINDS = 1_000_000  # keys up to which kinds are counted in place
_FIRST = EPOCH.year * 12
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Sums:
    """What cases add up to: by month of all time, by kind in the period, and how long it took to close, by seconds."""

    months: Mapping[date, Counts]
    categories: Mapping[int, Counts]
    fix_seconds: NDArray[np.int64]  # ascending


def add_up(packed: bytes, period: Period) -> Sums:
    """The sums of these cases."""
    cases = np.frombuffer(packed, dtype=">i2").reshape(-1, _BYTES // 2)
    kinds, supporters, fix_seconds = cases[:, :6].copy().view(">i4").T.astype(np.int64)
    months = _months()[cases[:, 6:].T.astype(np.int32) - NO_DAY]
    first, last = (month_number(month) + _BEFORE for month in (period.first, period.last))
    known, kind_of = _numbered(kinds)
    of_months, of_kinds = [], []
    for measure in MEASURES:
        month = months[DAYS.index("opened" if measure == "supporters" else measure)]
        inside = (month >= first) & (month <= last)
        weights = supporters if measure == "supporters" else None
        of_months.append(np.bincount(month, weights, minlength=_BEFORE * 2))
        of_kinds.append(
            np.bincount(kind_of[inside], None if weights is None else weights[inside], minlength=len(known))
        )
    closed = months[DAYS.index("closed")]
    return Sums(
        months=_told(of_months, _month_keys()),
        categories=_told(of_kinds, known),
        fix_seconds=np.sort(fix_seconds[(closed >= first) & (closed <= last)]),
    )


def _numbered(kinds: NDArray[np.int64]) -> tuple[Sequence[int], NDArray[np.int64]]:
    """Keys of kinds, and of every case the place of its key among them."""
    if len(kinds) == 0 or kinds.max() < _MOST_KINDS:
        return range(int(kinds.max(initial=0)) + 1), kinds
    known, places = np.unique(kinds, return_inverse=True)
    return known.tolist(), places


def _told(sums: Sequence[NDArray[Any]], keys: Sequence[Key | None]) -> dict[Key, Counts]:
    """Key → counts, of those that have any."""
    table = np.stack(sums).astype(np.int64)
    return {
        key: dict(zip(MEASURES, table[:, place].tolist(), strict=True))
        for place in np.flatnonzero(table.any(axis=0)).tolist()
        if (key := keys[place]) is not None
    }


def bucketed(seconds: NDArray[np.int64]) -> dict[int, int]:
    """Bucket (as stats.case_sql.bucket_of has them) → how many of these times are in it."""
    buckets, many = np.unique(np.floor(np.log(np.maximum(seconds, 1)) / np.log(BUCKET)).astype(int), return_counts=True)
    return dict(zip(buckets.tolist(), many.tolist(), strict=True))


def month_number(month: date) -> int:
    """Months since the year 2000."""
    return month.year * 12 + month.month - 1 - _FIRST


def month_of(number: int) -> date:
    """The first day of the month; the inverse of `month_number`."""
    return date((number + _FIRST) // 12, (number + _FIRST) % 12 + 1, 1)


@cache
def _month_keys() -> list[date | None]:
    """First days of the months by that number; None for 0."""
    return [month_of(number - _BEFORE) if number else None for number in range(_BEFORE * 2)]


@cache
def _months() -> NDArray[np.int64]:
    """The month of every day that two bytes can hold, by its place after NO_DAY, from 1 on; 0 for NO_DAY itself."""
    days = np.datetime64(EPOCH, "D") + np.arange(NO_DAY, 32768)
    numbers = days.astype("datetime64[M]").astype(np.int64) - np.datetime64(EPOCH, "M").astype(np.int64) + _BEFORE
    numbers[0] = 0
    found: NDArray[np.int64] = numbers
    return found
