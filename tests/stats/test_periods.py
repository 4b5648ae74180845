"""Periods of whole months."""

from datetime import date

import pytest
from django.utils import translation

from stats.periods import choices, parse_period

TODAY = date(2026, 11, 19)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("12m", date(2025, 12, 1), date(2026, 11, 1)),
        ("3m", date(2026, 9, 1), date(2026, 11, 1)),
        ("1m", date(2026, 11, 1), date(2026, 11, 1)),
        ("2025", date(2025, 1, 1), date(2025, 12, 1)),
        ("2026", date(2026, 1, 1), date(2026, 11, 1)),
        ("2025-03..2025-06", date(2025, 3, 1), date(2025, 6, 1)),
        ("2025-06..2025-03", date(2025, 3, 1), date(2025, 6, 1)),
        ("2026-06..2031-03", date(2026, 6, 1), date(2026, 11, 1)),
        ("all", date(2024, 2, 1), date(2026, 11, 1)),
        ("2027", date(2025, 12, 1), date(2026, 11, 1)),
        ("1200-01..1300-01", date(2025, 12, 1), date(2026, 11, 1)),
        ("x..y", date(2025, 12, 1), date(2026, 11, 1)),
    ],
)
def test_words_are_read(text: str, first: date, last: date) -> None:
    found = parse_period(text, today=TODAY, begun=date(2024, 2, 14))
    assert (found.first, found.last) == (first, last)


def test_the_same_a_year_ago_ends_on_the_same_day() -> None:
    earlier = parse_period("3m", today=TODAY).before()
    assert earlier
    assert (earlier.since, earlier.until) == (date(2025, 9, 1), date(2025, 11, 20))
    assert parse_period("all", today=TODAY).before() is None
    leap = parse_period("1m", today=date(2024, 2, 29)).before()
    assert leap
    assert leap.until == date(2023, 3, 1)


def test_what_is_offered_has_names() -> None:
    with translation.override("en"):
        names = [one.name for one in choices(today=TODAY, begun=date(2025, 3, 1))]
    assert names == ["1 month", "3 months", "12 months", "year 2026", "year 2025", "all time"]
