"""Periods that statistics are asked for: whole months, the last of which may still be running."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

FIRST_YEAR = 1990  # nothing is counted before
USUAL = "12m"
ALL_TIME = "all"
_LAST_MONTHS = {"1m": 1, "3m": 3, USUAL: 12}


@dataclass(frozen=True, slots=True)
class Period:
    """Months from `first` to `last`, both their first days and both included, counted up to `today`."""

    code: str
    first: date
    last: date
    today: date

    @property
    def since(self) -> date:
        """Its first day."""
        return self.first

    @property
    def until(self) -> date:
        """The day after its last: not later than tomorrow."""
        return min(month_after(self.last), self.today + timedelta(days=1))

    @property
    def months(self) -> Sequence[date]:
        """First days of all its months."""
        found = [self.first]
        while found[-1] < self.last:
            found.append(month_after(found[-1]))
        return found

    @property
    def is_all_time(self) -> bool:
        """Whether everything counts, whenever it was."""
        return self.code == ALL_TIME

    @property
    def is_running(self) -> bool:
        """Whether its last month is not over."""
        return self.today < month_after(self.last)

    @property
    def name(self) -> str:
        """In the reader's language."""
        if self.is_all_time:
            return _("all time")
        if self.code in _LAST_MONTHS:
            months = _LAST_MONTHS[self.code]
            return ngettext("%(n)d month", "%(n)d months", months) % {"n": months}
        if self.code.isdecimal():
            return _("year %(year)d") % {"year": self.first.year}
        return " – ".join(dict.fromkeys(date_format(month, "F Y") for month in (self.first, self.last)))

    def before(self) -> "Period | None":
        """The same months a year earlier, up to the same day; None for all time."""
        if self.is_all_time:
            return None
        today = self.until - timedelta(days=1)
        return Period("", a_year_before(self.first), a_year_before(self.last), a_year_before(today))


def parse_period(text: str, *, today: date, begun: date | None = None) -> Period:
    """Reads “3m”, “2025”, “all” (since `begun`) or “2025-03..2025-06”; whatever else it is, the last twelve months."""
    this_month = today.replace(day=1)
    if text == ALL_TIME:
        return Period(text, min((begun or today).replace(day=1), this_month), this_month, today)
    if text in _LAST_MONTHS:
        return Period(text, months_before(this_month, _LAST_MONTHS[text] - 1), this_month, today)
    first, dots, last = text.partition("..")
    if dots and (begin := _month(first)) and (end := _month(last)):
        begin, end = sorted((min(begin, this_month), min(end, this_month)))
        return Period(text, begin, end, today)
    if text.isdecimal() and len(text) == 4 and FIRST_YEAR <= int(text) <= today.year:
        return Period(text, date(int(text), 1, 1), min(date(int(text), 12, 1), this_month), today)
    return parse_period(USUAL, today=today)


def choices(*, today: date, begun: date | None) -> list[Period]:
    """What a page offers: the last months, then each year that anything happened in, then all time."""
    years = range(today.year, (begun or today).year - 1, -1)
    return [parse_period(text, today=today, begun=begun) for text in (*_LAST_MONTHS, *map(str, years), ALL_TIME)]


def month_after(month: date) -> date:
    """The first day of the next month."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def months_before(month: date, many: int) -> date:
    """The first day of the month so many months earlier."""
    number = month.year * 12 + month.month - 1 - many
    return date(number // 12, number % 12 + 1, 1)


def a_year_before(day: date) -> date:
    """The same day of the year before; 28 February for the 29th."""
    return day.replace(year=day.year - 1, day=min(day.day, 28) if day.month == 2 else day.day)


def _month(text: str) -> date | None:
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return month if month.year >= FIRST_YEAR else None
