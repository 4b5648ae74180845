"""Times out of histograms are those of the cases' own buckets, whatever spans a period is put together from."""

import random
from datetime import date

import numpy as np
import pytest

from geodata.models import Community
from issues.counters import REPORTS
from stats.case_sql import FIX
from stats.histograms import MOST, added_up, bucketed
from stats.numbers import Place, begun_on
from stats.periods import Period, parse_period
from stats.times import of_buckets, out_of_buckets, times_by_category
from tests.stats.reading import read
from tests.stats.shapes import HIGH, SOUTH, TODAY, WEST, WIDE, write_cases

PERIODS = ["1m", "3m", "12m", "2025", "2026", "all", "2025-03..2025-06", "2024-11..2026-02"]


@pytest.fixture
def town_of_cases(inside: Community) -> Community:
    chance = random.Random(3)
    write_cases(inside.pk, [(WEST + WIDE * chance.random(), SOUTH + HIGH * chance.random()) for _n in range(900)])
    return inside


def seconds_by_kind(period: Period) -> dict[int, list[int]]:
    rows = read(
        "SELECT category, array_agg(fix_seconds) FROM stats_case WHERE fix_seconds IS NOT NULL AND closed >= %s "
        "AND closed < %s GROUP BY 1",
        period.since,
        period.until,
    )
    return dict(rows)


@pytest.mark.parametrize("code", PERIODS)
@pytest.mark.parametrize("today", [TODAY, date(2026, 5, 20)])
def test_every_kind_has_the_times_of_its_cases(town_of_cases: Community, code: str, today: date) -> None:
    period = parse_period(code, today=today, begun=begun_on(REPORTS, town_of_cases.pk))
    if code != "all":  # it has what came after that day too
        told = times_by_category(Place(REPORTS, town_of_cases.pk), FIX, Period("", period.first, period.last, TODAY))
        seconds = seconds_by_kind(Period("", period.first, period.last, TODAY))
    else:
        told = times_by_category(Place(REPORTS, town_of_cases.pk), FIX, period)
        seconds = seconds_by_kind(Period("", date(1990, 1, 1), TODAY.replace(day=1), TODAY))
    assert told == {kind: of_buckets(bucketed(np.array(values, dtype=np.int64))) for kind, values in seconds.items()}
    assert told or code in {"1m", "3m"}


def test_a_place_without_cases_has_no_times(town_of_cases: Community) -> None:
    nowhere = Place(REPORTS, town_of_cases.pk + 1)
    period = parse_period("12m", today=TODAY)
    assert times_by_category(nowhere, FIX, period) == {}
    assert out_of_buckets(nowhere, FIX, period, keys=[0]) == {}
    assert out_of_buckets(nowhere, FIX, period, keys=[]) == {}


def test_the_longest_time_that_a_case_can_have_has_a_bucket() -> None:
    assert bucketed(np.array([0, 1, 2**31 - 1])).nonzero()[0].tolist() == [0, MOST - 1]


def test_what_a_span_has_too_many_is_taken_away() -> None:
    def sent(pairs: dict[int, int]) -> tuple[bytes, bytes]:
        buckets = b"".join((2).to_bytes(4, "big") + bucket.to_bytes(2, "big") for bucket in pairs)
        return buckets, b"".join((4).to_bytes(4, "big") + many.to_bytes(4, "big") for many in pairs.values())

    found = added_up([(7, 1, *sent({3: 5, 90: 2})), (7, -1, *sent({3: 4, 90: 2})), (9, 1, *sent({}))])
    assert {key: histogram.nonzero()[0].tolist() for key, histogram in found.items()} == {7: [3], 9: []}
    assert found[7][3] == 1
