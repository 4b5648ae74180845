"""Working days, by the Civil Code of Ukraine: the day of the event does not count (art. 253), and a promise ends on a
working day. Under martial law holidays do not move days off (law 2136-IX, art. 6), so only weekends count by default;
a community may declare single days otherwise (CalendarDay)."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from core.models import CalendarDay
from geodata.models import Community

SATURDAY = 5
LOOK_AHEAD = timedelta(days=800)  # longer than 250 working days with any holidays


def declared_days(community: Community, *, since: date) -> dict[date, bool]:
    """Days that are not what their weekday says: day → whether it is a working day."""
    return dict(declared(community, since=since).values_list("day", "is_working"))


def declared(community: Community, *, since: date) -> QuerySet[CalendarDay]:
    """The rows of these days."""
    return CalendarDay.objects.filter(community=community, day__gte=since, day__lte=since + LOOK_AHEAD)


def is_working(day: date, declared: Mapping[date, bool]) -> bool:
    """Monday to Friday, unless declared otherwise."""
    return declared.get(day, day.weekday() < SATURDAY)


def received_on(moment: datetime, *, zone: str, closes_at: time, declared: Mapping[date, bool]) -> date:
    """The day on which a report counts as received: the next working day when it came after hours or on a day off."""
    local = moment.astimezone(ZoneInfo(zone))
    day = local.date()
    if local.time() >= closes_at:
        day += timedelta(days=1)
    while not is_working(day, declared):
        day += timedelta(days=1)
    return day


def add_working_days(start: date, days: int, declared: Mapping[date, bool]) -> date:
    """The last of `days` working days that follow `start`; the start itself does not count."""
    day = start
    while days:
        day += timedelta(days=1)
        days -= is_working(day, declared)
    return day


def working_days_between(start: date, end: date, declared: Mapping[date, bool]) -> int:
    """How many working days follow `start` up to and including `end`; negative when `end` comes first."""
    first, last = sorted((start, end))
    count = sum(is_working(first + timedelta(days=n), declared) for n in range(1, (last - first).days + 1))
    return count if end >= start else -count
