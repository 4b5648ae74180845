"""Cases in 30 bytes each, as stats_case.packed has them (migration 0003), added up many at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.counters import DAYS, MEASURES
from stats.case_sql import BUCKET
from stats.numbers import Counts
from stats.periods import Period

NO_DAY = -32768
EPOCH = date(2000, 1, 1)
_ROW = np.dtype([("category", ">i4"), ("supporters", ">i4"), ("fix_seconds", ">i4"), *((day, ">i2") for day in DAYS)])
_FIRST = EPOCH.year * 12


@dataclass(frozen=True, slots=True)
class Sums:
    """What cases add up to: by month of all time, by kind in the period, and how long it took to close, by seconds."""

    months: Mapping[date, Counts]
    categories: Mapping[int, Counts]
    fix_seconds: NDArray[np.int64]  # ascending


def add_up(packed: bytes, period: Period) -> Sums:
    """The sums of these cases."""
    cases = np.frombuffer(packed, dtype=_ROW)
    months = {day: _months()[cases[day].astype(np.int32) - NO_DAY] for day in DAYS}
    first, last = month_number(period.first), month_number(period.last)
    kinds, kind_of = np.unique(cases["category"], return_inverse=True)
    by_month: dict[int, dict[str, int]] = {}
    by_kind = {int(kind): dict.fromkeys(MEASURES, 0) for kind in kinds}
    for measure in MEASURES:
        month = months["opened" if measure == "supporters" else measure]
        weights = cases["supporters"].astype(np.float64) if measure == "supporters" else None
        _add_months(by_month, measure, month, weights)
        inside = (month >= first) & (month <= last)
        weighed = weights[inside] if weights is not None else None
        for place, many in enumerate(np.bincount(kind_of[inside], weighed, minlength=len(kinds)).tolist()):
            by_kind[int(kinds[place])][measure] = int(many)
    closed = months["closed"]
    seconds = cases["fix_seconds"][(closed >= first) & (closed <= last)].astype(np.int64)
    return Sums(
        months={month_of(number): counts for number, counts in sorted(by_month.items())},
        categories={kind: counts for kind, counts in by_kind.items() if any(counts.values())},
        fix_seconds=np.sort(seconds),
    )


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


def _add_months(
    found: dict[int, dict[str, int]], measure: str, month: NDArray[np.int32], weights: NDArray[np.float64] | None
) -> None:
    happened = month != NO_DAY
    if not happened.any():
        return
    there = month[happened]
    least = int(there.min())
    for place, many in enumerate(np.bincount(there - least, None if weights is None else weights[happened]).tolist()):
        if many:
            found.setdefault(least + place, dict.fromkeys(MEASURES, 0))[measure] = int(many)


@cache
def _months() -> NDArray[np.int32]:
    """The month of every day that two bytes can hold, by its place after NO_DAY; NO_DAY for that itself."""
    days = np.datetime64(EPOCH, "D") + np.arange(NO_DAY, 32768)
    numbers = days.astype("datetime64[M]").astype(np.int32) - np.datetime64(EPOCH, "M").astype(np.int32)
    numbers[0] = NO_DAY
    found: NDArray[np.int32] = numbers
    return found
