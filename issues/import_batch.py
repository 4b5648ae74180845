"""Writes a batch of imported reports: subjects, reports, areas, events, decisions. Nothing is delivered to anybody."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db import connection

from core.calendars import add_working_days, received_on
from core.copying import copy_rows, next_ids
from core.models import CalendarDay, Subject, Visibility
from geodata.models import Community
from issues.actions import KIND
from issues.import_history import Moved, changed_at, history_of
from issues.import_rows import Row
from issues.models import Issue, IssueEvent
from issues.states import State
from issues.visibility import of_new
from routing.bulk import Deciding
from routing.models import CommunityRouting, Decision
from routing.responsibility import Asked, Verdict, taken

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


def judge(rows: Sequence[Row], *, deciding: Deciding) -> list[tuple[Row, Verdict | None]]:
    """Who had to answer for each row on its day: as `decide` would have said, or the organisation that the file names.
    None outside the community."""
    questions = [Asked(row.lon, row.lat, row.category.pk, row.category.code, row.opened, {}) for row in rows]
    verdicts = deciding.decide(questions)
    return [
        (row, taken(verdict, *row.organisation) if verdict and row.organisation else verdict)
        for row, verdict in zip(rows, verdicts, strict=True)
    ]


def write_batch(
    judged: Sequence[tuple[Row, Verdict]], *, community: Community, promises: Promises, at: datetime
) -> list[tuple[Row, Verdict]]:
    """Writes rows that are new here, with numbers of this community in the order of the file; returns them. Needs a
    transaction."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_NUMBERS, [community.pk])
        last, hold = cursor.fetchone()
    still_unknown = {row.external_id for row in unknown([row for row, _verdict in judged], community)}
    chosen = [(row, verdict) for row, verdict in judged if row.external_id in still_unknown]  # another may have run
    _write(_Numbered.of(chosen, last), community=community, promises=promises, hold=hold, at=at)
    with connection.cursor() as cursor:
        cursor.execute(KEEP_NUMBER, [last + len(chosen), community.pk])
    return chosen


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
    moves: tuple[Moved, ...]
    subject: int
    issue: int
    number: int

    @classmethod
    def of(cls, chosen: Sequence[tuple[Row, Verdict]], last: int) -> list["_Numbered"]:
        subjects, issues = next_ids(Subject, len(chosen)), next_ids(Issue, len(chosen))
        numbers = range(last + 1, last + 1 + len(chosen))
        keys = zip(chosen, subjects, issues, numbers, strict=True)
        return [
            cls(row, verdict, tuple(history_of(row)), subject, issue, number)
            for (row, verdict), subject, issue, number in keys
        ]

    @property
    def state(self) -> State:
        """Where its history ends."""
        return self.moves[-1].now if self.moves else State.NEW


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
        f"SRID=4326;POINT({row.lon!r} {row.lat!r})", row.address, row.title, row.text, numbered.state.value,
        Issue.Source.IMPORT.value, row.external_id, "uk", "", "", "{}", row.opened,
        promises.due_on(row), changed_at(row),
    )  # fmt: skip


def _events(numbered: _Numbered, here: int) -> Iterator[tuple[Any, ...]]:
    """Reported, then its moves."""
    row, by = numbered.row, IssueEvent.By.SYSTEM.value
    yield here, numbered.issue, row.opened, False, IssueEvent.Kind.REPORTED.value, by, "", State.NEW.value
    for move in numbered.moves:
        moved = IssueEvent.Kind.MOVED.value
        yield here, numbered.issue, move.at, move.is_undated, moved, by, move.was.value, move.now.value


def _decision(numbered: _Numbered, here: int, at: datetime) -> tuple[Any, ...]:
    verdict = numbered.verdict
    trace = json.dumps(verdict.trace, ensure_ascii=False)
    return (
        here, numbered.subject, verdict.organisation, verdict.rule, verdict.ruleset, verdict.is_fallback, trace,
        numbered.row.opened, at,
    )  # fmt: skip
