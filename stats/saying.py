"""Puts numbers into words: durations, shares, changes. Digits as the reader's language writes them."""

from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from stats.times import Times
from stats.uncertainty import Interval

MINUTE, HOUR, DAY = 60, 3600, 86_400


class Said(NamedTuple):
    """A number and what it is a number of."""

    number: str
    unit: str

    def __str__(self) -> str:
        return f"{self.number}\N{NO-BREAK SPACE}{self.unit}" if self.unit else self.number


def duration(seconds: float) -> Said:
    """In the largest unit of which there are two at least; under ten with a digit more."""
    if seconds < 2 * HOUR:
        minutes = round(seconds / MINUTE)
        return Said(number(minutes), ngettext("minute", "minutes", minutes))
    size, is_days = (HOUR, False) if seconds < 2 * DAY else (DAY, True)
    many = seconds / size
    digits = 1 if many < 10 and round(many, 1) % 1 else 0
    whole = round(many) if digits == 0 else 2  # of a fraction the unit stands in the genitive or plural
    words = ngettext("day", "days", whole) if is_days else ngettext("hour", "hours", whole)
    if digits:
        words = pgettext("of a fraction", "days") if is_days else pgettext("of a fraction", "hours")
    return Said(number(many, digits), words)


def number(value: float, digits: int = 0) -> str:
    """With the separators of the reader's language."""
    return str(number_format(round(value, digits), decimal_pos=digits, use_l10n=True, force_grouping=True))


def percent(share: float) -> str:
    """A share from 0 to 1."""
    return f"{number(share * 100)}\N{NO-BREAK SPACE}%"


def percents(interval: Interval) -> str:
    """From and to, of a share."""
    return f"{number(interval.low * 100)}–{number(interval.high * 100)}\N{NO-BREAK SPACE}%"


def change(interval: Interval | None) -> str:
    """“+12 % (from −5 to +32 %)”, or "" when there is too little to compare."""
    if interval is None:
        return ""
    return _("%(change)s (95 %% sure: from %(low)s to %(high)s)") % {
        "change": _signed(interval.value),
        "low": _signed(interval.low),
        "high": _signed(interval.high),
    }


def about(times: Times) -> str:
    """How exact a time is."""
    if not times.error:
        return _("Every case was read.")
    return _("Out of classes of time, exact to %(error)s.") % {"error": percent(times.error)}


def _signed(share: float) -> str:
    sign = "+" if round(share * 100) > 0 else "−" if round(share * 100) < 0 else ""
    return f"{sign}{number(abs(share) * 100)}\N{NO-BREAK SPACE}%"
