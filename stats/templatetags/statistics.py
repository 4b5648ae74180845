"""Numbers in the words of the reader: `{% load statistics %}`."""

from django import template

from stats import saying
from stats.uncertainty import Interval

register = template.Library()


@register.filter
def duration(seconds: float) -> str:
    """“4 days”."""
    return str(saying.duration(seconds))


@register.filter
def percent(share: float) -> str:
    """A share from 0 to 1: “78 %”."""
    return saying.percent(share)


@register.filter
def percents(interval: Interval) -> str:
    """“73–82 %”."""
    return saying.percents(interval)


@register.filter
def hundredths(share: float) -> str:
    """A share as SVG wants a place on an axis: “78.2%”, whatever the language."""
    return f"{share * 100:.1f}%"


@register.filter
def wide(interval: Interval) -> str:
    """How long an interval of shares is on that axis."""
    return f"{(interval.high - interval.low) * 100:.1f}%"


@register.filter
def px(length: float) -> str:
    """A length with a point, whatever the language."""
    return f"{length:g}"
