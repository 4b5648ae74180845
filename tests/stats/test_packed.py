"""Cases in bytes add up to what they say, whatever their days and keys are."""

from datetime import date, timedelta

import numpy as np
import pytest

from core.counters import DAYS
from stats.cover import squares_of
from stats.packed import EPOCH, NO_DAY, add_up, within
from stats.periods import parse_period

YEAR = parse_period("12m", today=date(2026, 11, 19))
EVER = parse_period("all", today=date(2026, 11, 19))


def case(*, kind: int = 7, supporters: int = 0, seconds: int = -1, **days: date) -> bytes:
    """As stats_case.packed has it."""
    told = [(days[day] - EPOCH).days if day in days else NO_DAY for day in DAYS]
    return b"".join(n.to_bytes(4, "big", signed=True) for n in (kind, supporters, seconds)) + b"".join(
        n.to_bytes(2, "big", signed=True) for n in told
    )


def test_each_case_counts_in_its_months_and_with_its_kind() -> None:
    found = add_up(
        case(opened=date(2026, 1, 31), closed=date(2026, 2, 1), seconds=60, supporters=5)
        + case(opened=date(2025, 11, 30), kind=9)
        + case(opened=date(2026, 1, 1), kind=9),
        YEAR,
    )
    assert {month: counts["opened"] for month, counts in found.months.items()} == {
        date(2025, 11, 1): 1, date(2026, 1, 1): 2, date(2026, 2, 1): 0,
    }  # fmt: skip
    assert {kind: counts["opened"] for kind, counts in found.categories.items()} == {7: 1, 9: 1}
    assert found.categories[7]["supporters"] == 5
    assert found.months[date(2026, 2, 1)]["closed"] == 1
    assert found.fix_seconds.tolist() == [60]


def test_what_was_closed_nobody_knows_when_took_no_time() -> None:
    found = add_up(case(opened=date(2026, 1, 3), closed=date(2026, 1, 3)), YEAR)
    assert found.months[date(2026, 1, 1)]["closed"] == 1
    assert found.fix_seconds.tolist() == []


@pytest.mark.parametrize("day", [date(1911, 4, 15), date(1999, 12, 31), date(2000, 1, 1), date(2089, 1, 1)])
def test_days_of_other_centuries_count_in_all_time_only(day: date) -> None:
    found = add_up(case(opened=day), EVER)
    assert [(month, counts["opened"]) for month, counts in found.months.items()] == [(day.replace(day=1), 1)]
    assert found.categories[7]["opened"] == 1
    assert add_up(case(opened=day), YEAR).categories == {}


def test_keys_of_kinds_may_be_large() -> None:
    cases = [case(kind=kind, opened=date(2026, 3, 1)) for kind in (3, 2_000_000_000, 3)]
    found = add_up(b"".join(cases), YEAR)
    assert {kind: counts["opened"] for kind, counts in found.categories.items()} == {3: 2, 2_000_000_000: 1}


def test_nothing_adds_up_to_nothing() -> None:
    found = add_up(b"", YEAR)
    assert (found.months, found.categories, len(found.fix_seconds)) == ({}, {}, 0)


def test_only_cases_inside_the_ranges_are_taken() -> None:
    codes = [5, 5, 6, 9, 12]
    packed = b"".join(code.to_bytes(8, "big") + case(kind=n, opened=date(2026, 3, 1)) for n, code in enumerate(codes))
    found = within(packed, ([5, 7, 10], [5, 8, 20]))
    assert sorted(add_up(found, YEAR).categories) == [0, 1, 4]
    assert within(packed, ([], [])) == b""
    assert within(b"", ([0], [9])) == b""


def test_ranges_that_meet_in_a_square_have_it_once() -> None:
    side = 1 << 24  # codes in a square of level 18
    lead = 1 << 36
    ranges = ([0, 5, 2 * side - 1, 4 * side], [3, side, 2 * side, 4 * side + timedelta(1).days])
    assert squares_of(ranges, 18) == ([lead, lead | 4], [lead | 2, lead | 4])
    assert np.array_equal(squares_of(([], []), 18), ([], []))
