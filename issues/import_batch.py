"""Writes a batch of imported reports: subjects, reports, areas, events, decisions. Nothing is delivered to anybody."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from typing import Any

from django.db import connection, transaction

from core.calendars import add_working_days, received_on
from core.copying import copy_rows, next_ids
from core.models import CalendarDay, Subject, Visibility
from geodata.models import Community
from issues.actions import KIND
from issues.import_rows import Row
from issues.models import Issue, IssueEvent
from issues.states import State
from issues.visibility import of_new
from issues.workflow import MOVES
from routing.bulk import decide_many
from routing.models import CommunityRouting, Decision
from routing.responsibility import Asked, Verdict

# Creates the settings row of a community that has none; holds its lock until the batch is committed.
LOCK_NUMBERS = """
INSERT INTO issues_issuesettings (community_id, hold_new, last_number) VALUES (%s, false, 0)
ON CONFLICT (community_id) DO UPDATE SET last_number = issues_issuesettings.last_number
RETURNING last_number, hold_new
"""
KEEP_NUMBER = "UPDATE issues_issuesettings SET last_number = %s WHERE community_id = %s"

SUBJECT = ("id", "community_id", "kind", "visibility", "hidden_reason")
ISSUE = (
    "id", "subject_id", "community_id", "number", "category_id", "location", "address", "title", "text", "state",
    "source", "external_id", "language", "entrance", "flat", "answers", "created_at", "due_on", "changed_at",
)  # fmt: skip
AREA = ("issue_id", "area_id")
EVENT = ("community_id", "issue_id", "at", "is_undated", "kind", "by", "was", "now")
DECISION = (
    "community_id", "subject_id", "organisation_id", "rule_id", "ruleset_id", "is_fallback", "trace", "as_of",
    "decided_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch."""

    imported: int
    repeated: int  # were here already
    outside: list[Row]


class Promises:
    """Due days as issues.actions.promise counts them, with the calendar read once."""

    def __init__(self, community: Community) -> None:
        self._zone = community.time_zone
        routing = CommunityRouting.objects.filter(community=community).first() or CommunityRouting()
        self._closes_at = routing.office_closes_at
        days = CalendarDay.objects.filter(community=community).values_list("day", "is_working")
        self._declared: Mapping[date, bool] = dict(days)
        self._due = cache(self._add)

    def due_on(self, row: Row) -> date:
        """What the file says, or the category's promise."""
        if row.due_on:
            return row.due_on
        received = received_on(row.opened, zone=self._zone, closes_at=self._closes_at, declared=self._declared)
        return self._due(received, row.category.working_days)

    def _add(self, received: date, days: int) -> date:
        return add_working_days(received, days, self._declared)


def judge(rows: Sequence[Row], *, community: Community) -> list[tuple[Row, Verdict | None]]:
    """Who had to answer for each row on its day, as `decide` would have said; None outside the community."""
    questions = [Asked(row.lon, row.lat, row.category.pk, row.category.code, row.opened, {}) for row in rows]
    return list(zip(rows, decide_many(questions, community=community), strict=True))


def write_batch(rows: Sequence[Row], *, community: Community, promises: Promises, at: datetime) -> Outcome:
    """One transaction: rows that are new here are written, with numbers of this community in the order of the file."""
    fresh = unknown(rows, community)
    judged = judge(fresh, community=community)
    outside = [row for row, verdict in judged if verdict is None]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LOCK_NUMBERS, [community.pk])
            last, hold = cursor.fetchone()
        still_unknown = {row.external_id for row in unknown(fresh, community)}  # another import may have run
        chosen = [(row, verdict) for row, verdict in judged if verdict and row.external_id in still_unknown]
        _write(_Numbered.of(chosen, last), community=community, promises=promises, hold=hold, at=at)
        with connection.cursor() as cursor:
            cursor.execute(KEEP_NUMBER, [last + len(chosen), community.pk])
    return Outcome(len(chosen), len(rows) - len(chosen) - len(outside), outside)


def unknown(rows: Sequence[Row], community: Community) -> list[Row]:
    """The first row of each number that this community does not have."""
    first = {row.external_id: row for row in reversed(rows)}
    stored = Issue.objects.filter(community=community, external_id__in=list(first))
    known = set(stored.values_list("external_id", flat=True))
    return [row for row in rows if first[row.external_id] is row and row.external_id not in known]


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A row with the keys that it gets."""

    row: Row
    verdict: Verdict
    subject: int
    issue: int
    number: int

    @classmethod
    def of(cls, chosen: Sequence[tuple[Row, Verdict]], last: int) -> list["_Numbered"]:
        subjects, issues = next_ids(Subject, len(chosen)), next_ids(Issue, len(chosen))
        numbers = range(last + 1, last + 1 + len(chosen))
        keys = zip(chosen, subjects, issues, numbers, strict=True)
        return [cls(row, verdict, subject, issue, number) for (row, verdict), subject, issue, number in keys]


def _write(rows: Sequence[_Numbered], *, community: Community, promises: Promises, hold: bool, at: datetime) -> None:
    here = community.pk

    def visibility(row: Row) -> Visibility:
        return of_new(row.category, held=hold)

    copy_rows(Subject, SUBJECT, ((n.subject, here, KIND, visibility(n.row).value, "") for n in rows))
    copy_rows(Issue, ISSUE, (_issue(n, here, promises) for n in rows))
    copy_rows(Issue.areas.through, AREA, ((n.issue, area) for n in rows for area in n.verdict.areas))
    copy_rows(IssueEvent, EVENT, (event for n in rows for event in _events(n, here)))
    copy_rows(Decision, DECISION, (_decision(n, here, at) for n in rows))


def _issue(numbered: _Numbered, here: int, promises: Promises) -> tuple[Any, ...]:
    row = numbered.row
    return (
        numbered.issue, numbered.subject, here, numbered.number, row.category.pk,
        f"SRID=4326;POINT({row.lon!r} {row.lat!r})", row.address, row.title, row.text, row.state.value,
        Issue.Source.IMPORT.value, row.external_id, "uk", "", "", "{}", row.opened,
        promises.due_on(row), row.changed,
    )  # fmt: skip


def _events(numbered: _Numbered, here: int) -> Iterator[tuple[Any, ...]]:
    """Reported, then the shortest way of the workflow to the state that the file tells."""
    row, by = numbered.row, IssueEvent.By.SYSTEM.value
    yield here, numbered.issue, row.opened, False, IssueEvent.Kind.REPORTED.value, by, "", State.NEW.value
    for was, now in way_to(row.state):
        moved = IssueEvent.Kind.MOVED.value
        yield here, numbered.issue, row.changed, row.resolved is None, moved, by, was.value, now.value


def _decision(numbered: _Numbered, here: int, at: datetime) -> tuple[Any, ...]:
    verdict = numbered.verdict
    trace = json.dumps(verdict.trace, ensure_ascii=False)
    return (
        here, numbered.subject, verdict.organisation, verdict.rule, verdict.ruleset, verdict.is_fallback, trace,
        numbered.row.opened, at,
    )  # fmt: skip


@cache
def way_to(state: State) -> tuple[tuple[State, State], ...]:
    """The moves of the shortest way from NEW to `state`; none for NEW itself."""
    ways: deque[tuple[State, ...]] = deque([(State.NEW,)])
    while ways:
        way = ways.popleft()
        if way[-1] == state:
            return tuple(pairwise(way))
        ways.extend((*way, now) for now in _unvisited(way))
    raise ValueError(f"No way leads to {state}.")


def _unvisited(way: tuple[State, ...]) -> Iterable[State]:
    return (now for now in MOVES[way[-1]] if now not in way)
