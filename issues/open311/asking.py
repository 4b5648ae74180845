"""What a program asks, read from the parameters of an address: an empty one is as good as none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

SPAN: Final = timedelta(days=90)  # of the specification: no longer, and the last of them by default
MOST: Final = 1000  # requests in one answer
DEEPEST: Final = 100_000  # requests that `page` may leap over; Link: rel="next" goes on without end
LARGEST_ID: Final = 2**31 - 1
STATUSES: Final = ("open", "closed")
_CURSOR = re.compile(r"(-?\d{1,18})\.(\d{1,18})")
_PLUS = re.compile(r"(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?) (\d\d:?\d\d)$")  # “+02:00” that nobody escaped


class RefusedError(Exception):
    """The answer is an error: its status and a sentence for each thing that is wrong."""

    def __init__(self, status: int, *descriptions: str, retry_after: int = 0) -> None:
        super().__init__(status, *descriptions)
        self.status, self.descriptions, self.retry_after = status, descriptions, retry_after


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the page before ended: moment and id of its last row."""

    at: datetime
    pk: int

    def __str__(self) -> str:
        since = self.at - datetime(1970, 1, 1, tzinfo=UTC)
        return f"{since // timedelta(microseconds=1)}.{self.pk}"


@dataclass(frozen=True, slots=True)
class Span:
    """Moments from `since` on and before `until`; None: no end on that side."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which requests, or updates, are asked for."""

    numbers: tuple[int, ...] | None  # of reports; whatever else is asked does not count then
    services: tuple[str, ...]
    statuses: tuple[str, ...]
    reported: Span
    updated: Span | None
    extended: bool
    size: int
    skip: int
    after: Cursor | None


def parse(given: Mapping[str, str], *, zone: str, at: datetime) -> Asked:
    """What is asked for at that moment. `zone`: the clock of moments that name none. Raises RefusedError."""
    numbers = numbers_in(given["service_request_id"]) if given.get("service_request_id") else None
    updated = _span(given, "updated_after", "updated_before", zone)
    is_open = updated != Span(None, None)
    reported = _span(given, "start_date", "end_date", zone)
    size, skip = _paging(given)
    return Asked(
        numbers=numbers,
        services=tuple(filter(None, given.get("service_code", "").split(","))),
        statuses=_statuses(given.get("status", "")),
        reported=reported if is_open and reported == Span(None, None) else _bounded(reported, at),
        updated=_bounded(updated, at) if is_open else None,
        extended=given.get("extensions", "").lower() in {"true", "1", "yes"},
        size=size,
        skip=skip,
        after=_cursor(given["after"]) if given.get("after") else None,
    )


def numbers_in(text: str) -> tuple[int, ...]:
    """Numbers of reports of a comma list; what is no number is nobody's. Raises RefusedError for too many."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MOST:
        raise RefusedError(400, _("service_request_id: no more than %(most)s at once.") % {"most": MOST})
    return tuple(number for part in parts if (number := number_in(part)) is not None)


def number_in(text: str) -> int | None:
    """The number of a report; None when it is none."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= 10
    return int(text) if is_number and 0 < int(text) <= LARGEST_ID else None


def moment_in(name: str, text: str, *, zone: str, is_end: bool = False) -> datetime:
    """The moment that a parameter names; a day alone begins at midnight, and as an end it lasts until the next one.

    Raises RefusedError.
    """
    try:
        day = parse_date(text)
        if day is not None:
            return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone)) + timedelta(days=int(is_end))
        found = parse_datetime(_PLUS.sub(r"\1+\2", text))
        if found is not None:
            found = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise RefusedError(400, _("%(name)s: write a moment as 2026-11-19T10:00:00+02:00.") % {"name": name})


def _span(given: Mapping[str, str], since: str, until: str, zone: str) -> Span:
    first = moment_in(since, given[since], zone=zone) if given.get(since) else None
    last = moment_in(until, given[until], zone=zone, is_end=True) if given.get(until) else None
    if first and last and first > last:
        raise RefusedError(400, _("%(since)s is later than %(until)s.") % {"since": since, "until": until})
    if first and last and last - first > SPAN + timedelta(days=1):  # whole days on both sides, and a changed clock
        words = _("From %(since)s to %(until)s there may be 90 days at most.")
        raise RefusedError(400, words % {"since": since, "until": until})
    return Span(first, last)


def _bounded(span: Span, at: datetime) -> Span:
    """The last 90 days, or the 90 days on the other side of the end that is named."""
    try:
        if span.since is None and span.until is None:
            return Span(at - SPAN, None)
        if span.since is None and span.until is not None:
            return Span(span.until - SPAN, span.until)
        if span.until is None and span.since is not None:
            return Span(span.since, span.since + SPAN + timedelta(days=1))
    except OverflowError as error:
        raise RefusedError(400, _("There is no such time.")) from error
    return span


def _statuses(text: str) -> tuple[str, ...]:
    found = tuple(filter(None, (part.strip().lower() for part in text.split(","))))
    if not set(found) <= set(STATUSES):
        raise RefusedError(400, _("status: “open” or “closed”."))
    return found


def _paging(given: Mapping[str, str]) -> tuple[int, int]:
    """(requests in the answer, requests before them)."""
    size = _whole("page_size", given.get("page_size") or str(MOST), most=MOST)
    page = _whole("page", given.get("page") or "1", most=DEEPEST)
    if (page - 1) * size > DEEPEST:
        raise RefusedError(400, _('page: too far. Follow the header Link with rel="next" instead.'))
    return size, (page - 1) * size


def _whole(name: str, text: str, *, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0):
        raise RefusedError(400, _("%(name)s: a whole number from 1 on.") % {"name": name})
    return min(int(text), most)


def _cursor(text: str) -> Cursor:
    found = _CURSOR.fullmatch(text)
    try:
        if found:
            return Cursor(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(found[1])), int(found[2]))
    except OverflowError:
        pass
    raise RefusedError(400, _("after: take it from the header Link as it is."))
