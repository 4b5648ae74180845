"""Periods of an address: both ends are included, by the community's clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from geodata.periods import first_day, last_day, moments

KYIV = ZoneInfo("Europe/Kyiv")


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-05", date(2026, 5, 1), date(2026, 5, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-05-12", date(2026, 5, 12), date(2026, 5, 12)),
        ("2026-13", None, None),
        ("2026-02-30", None, None),
        ("1066-10", None, None),
        ("травень", None, None),
        ("2026-5", None, None),
        ("", None, None),
    ],
)
def test_days_and_months_are_read(text: str, first: date | None, last: date | None) -> None:
    assert (first_day(text), last_day(text)) == (first, last)


def test_period_ends_before_the_first_moment_outside() -> None:
    since, until = moments("2026-03", "2026-03", KYIV)
    assert (since, until) == (datetime(2026, 2, 28, 22, tzinfo=UTC), datetime(2026, 3, 31, 21, tzinfo=UTC))


def test_open_ends_stay_open() -> None:
    assert moments("", "2026-03-01", KYIV)[0] is None
    assert moments("2026-03-01", "", KYIV)[1] is None
