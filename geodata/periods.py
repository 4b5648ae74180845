"""Periods as people write them in an address: days and months, both ends included, by the community's clock."""

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_WRITTEN = re.compile(r"^(\d{4})-(\d{2})(?:-(\d{2}))?$")
FIRST_YEAR, LAST_YEAR = 1900, 2200


def first_day(text: str) -> date | None:
    """The day, or the first day of the month, that “2026-05-12” or “2026-05” names; None for anything else."""
    found = _WRITTEN.match(text)
    if not found or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3] or 1))
    except ValueError:
        return None


def last_day(text: str) -> date | None:
    """The day, or the last day of the month, that the text names."""
    day = first_day(text)
    return day.replace(day=monthrange(day.year, day.month)[1]) if day and len(text) == len("2026-05") else day


def moments(since: str, until: str, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first day up to the end of the last, None for an open end or one that is no date.

    The second moment is the first that is outside.
    """
    begin, end = first_day(since), last_day(until)
    after = end + timedelta(days=1) if end else None
    return (
        datetime.combine(begin, time.min, zone) if begin else None,
        datetime.combine(after, time.min, zone) if after else None,
    )
