"""Working days by the Civil Code, art. 253: the day of the event does not count."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendars import add_working_days, declared_days, is_working, received_on, working_days_between
from core.models import CalendarDay
from geodata.models import Community

THURSDAY, FRIDAY = date(2026, 11, 19), date(2026, 11, 20)
SATURDAY, MONDAY, TUESDAY = date(2026, 11, 21), date(2026, 11, 23), date(2026, 11, 24)
SIX = time(18)
DAYS = st.dates(min_value=date(2026, 1, 1), max_value=date(2027, 12, 31))
DECLARED = st.dictionaries(DAYS, st.booleans(), max_size=30)


def received(moment: datetime, declared: dict[date, bool] | None = None, closes_at: time = SIX) -> date:
    return received_on(moment, zone="Europe/Kyiv", closes_at=closes_at, declared=declared or {})


def test_day_of_the_event_does_not_count() -> None:
    assert add_working_days(THURSDAY, 1, {}) == FRIDAY


def test_weekend_does_not_count() -> None:
    assert add_working_days(FRIDAY, 1, {}) == MONDAY


def test_declared_holiday_does_not_count() -> None:
    assert add_working_days(FRIDAY, 1, {MONDAY: False}) == TUESDAY


def test_declared_working_saturday_counts() -> None:
    assert add_working_days(FRIDAY, 1, {SATURDAY: True}) == SATURDAY


def test_no_days_end_on_the_day_itself() -> None:
    assert add_working_days(SATURDAY, 0, {}) == SATURDAY


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 19, 15, 59, 59, tzinfo=UTC), THURSDAY),  # 17:59:59 in Kyiv
        (datetime(2026, 11, 19, 16, 0, tzinfo=UTC), FRIDAY),  # 18:00
        (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), MONDAY),  # Friday, 18:00
        (datetime(2026, 11, 21, 9, 0, tzinfo=UTC), MONDAY),  # Saturday noon
        (datetime(2026, 11, 18, 22, 30, tzinfo=UTC), THURSDAY),  # half past midnight
    ],
)
def test_report_counts_as_received_in_office_hours(moment: datetime, day: date) -> None:
    assert received(moment) == day


def test_report_on_a_declared_holiday_counts_from_the_next_working_day() -> None:
    assert received(datetime(2026, 11, 19, 9, 0, tzinfo=UTC), {THURSDAY: False}) == FRIDAY


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        # Kyiv is two hours ahead of UTC in winter and three in summer; clocks move on 29 March and 25 October 2026.
        (datetime(2026, 3, 27, 15, 59, tzinfo=UTC), date(2026, 3, 27)),
        (datetime(2026, 3, 30, 15, 59, tzinfo=UTC), date(2026, 3, 31)),
        (datetime(2026, 3, 30, 14, 59, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 23, 15, 30, tzinfo=UTC), date(2026, 10, 26)),
        (datetime(2026, 10, 26, 15, 30, tzinfo=UTC), date(2026, 10, 26)),
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), date(2026, 3, 30)),
    ],
)
def test_office_closes_by_the_clock_on_the_wall_in_summer_and_in_winter(moment: datetime, day: date) -> None:
    assert received(moment) == day


def test_days_late_are_working_days_after_the_promise() -> None:
    assert working_days_between(FRIDAY, TUESDAY, {}) == 2
    assert working_days_between(TUESDAY, FRIDAY, {}) == -2
    assert working_days_between(SATURDAY, MONDAY, {}) == 1


@given(start=DAYS, days=st.integers(0, 60), declared=DECLARED)
def test_end_of_a_promise_equals_counting_days_one_by_one(start: date, days: int, declared: dict[date, bool]) -> None:
    end = add_working_days(start, days, declared)
    counted, day = 0, start
    while day < end:
        day += timedelta(days=1)
        works = declared[day] if day in declared else day.isoweekday() <= 5
        counted += 1 if works else 0
    assert counted == days
    assert days == 0 or is_working(end, declared)


@given(start=DAYS, days=st.integers(0, 60), declared=DECLARED)
def test_counting_back_gives_the_days_that_were_added(start: date, days: int, declared: dict[date, bool]) -> None:
    assert working_days_between(start, add_working_days(start, days, declared), declared) == days


@given(moment=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)), declared=DECLARED)  # noqa: DTZ001
def test_day_of_receipt_is_a_working_day_and_never_before_the_report(
    moment: datetime, declared: dict[date, bool]
) -> None:
    day = received(moment, declared)
    assert is_working(day, declared)
    assert day >= moment.date()


def test_days_are_declared_per_community(inside: Community, elsewhere: Community) -> None:
    from django_scopes import scope

    CalendarDay.objects.create(community=inside, day=MONDAY, is_working=False, reason="День міста")
    with scope(community=elsewhere):
        CalendarDay.objects.create(community=elsewhere, day=TUESDAY, is_working=False, reason="День селища")
    assert declared_days(inside, since=THURSDAY) == {MONDAY: False}


def test_a_day_is_declared_once(inside: Community) -> None:
    from django.db import IntegrityError

    CalendarDay.objects.create(community=inside, day=MONDAY, is_working=False, reason="День міста")
    with pytest.raises(IntegrityError, match="calendar_day_once"):
        CalendarDay.objects.create(community=inside, day=MONDAY, is_working=True, reason="Переглянуто")
