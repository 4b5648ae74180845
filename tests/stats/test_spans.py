"""A period is put together from few spans, and has each of its months once."""

from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from stats.case_sql import ALL_TIME, MONTH, QUARTER, YEAR
from stats.periods import Period, month_after, parse_period
from stats.spans import Span, spans_of

months = st.dates(date(1990, 1, 1), date(2030, 12, 31)).map(lambda day: day.replace(day=1))


def months_in(span: Span) -> list[date]:
    found = [span.first]
    while len(found) < span.length:
        found.append(month_after(found[-1]))
    return found


@given(months, months)
def test_the_spans_of_a_period_have_each_of_its_months_once(one: date, other: date) -> None:
    period = Period("", min(one, other), max(one, other), date(2031, 1, 1))
    told: Counter[date] = Counter()
    for span in spans_of(period):
        for month in months_in(span):
            told[month] += span.sign
    assert {month: n for month, n in told.items() if n} == dict.fromkeys(period.months, 1)


@given(months)
def test_spans_begin_where_sums_are_kept(month: date) -> None:
    for span in spans_of(parse_period("12m", today=month)):
        assert span.length in {MONTH, QUARTER, YEAR}
        assert (span.first.month - 1) % span.length == 0


def test_twelve_months_need_six_spans_at_most() -> None:
    many = [len(spans_of(parse_period("12m", today=date(2026, month, 9)))) for month in range(1, 13)]
    assert many == [3, 5, 3, 5, 6, 4, 6, 5, 3, 5, 3, 1]


def test_eleven_months_are_a_year_without_one() -> None:
    assert spans_of(parse_period("2026", today=date(2026, 11, 19))) == [
        Span(1, YEAR, date(2026, 1, 1)),
        Span(-1, MONTH, date(2026, 12, 1)),
    ]


def test_all_time_is_one_span() -> None:
    (span,) = spans_of(parse_period("all", today=date(2026, 11, 19), begun=date(2020, 2, 1)))
    assert (span.sign, span.length, span.first) == (1, ALL_TIME, date(1, 1, 1))
