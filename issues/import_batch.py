"""Writes a batch of imported reports: subjects, reports, areas, events, decisions. Nothing is delivered to anybody."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from issues.import_categories import Categories
from issues.import_history import Moved, changed_at, history_of
from issues.import_organisations import Organisations
from issues.import_rows import Row
from issues.models import Issue, IssueEvent
from issues.states import State
from issues.visibility import of_new
from routing.bulk import Deciding
from routing.models import CommunityRouting, Decision
from routing.responsibility import Asked, Verdict, taken

Judged = tuple[Row, Verdict]

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
    """Who had to answer for each row on its day, as `decide` would have said; None outside the community."""
    questions = [Asked(row.lon, row.lat, row.category.pk, row.category.code, row.opened, {}) for row in rows]
    return list(zip(rows, deciding.decide(questions), strict=True))


def answered(judged: Iterable[Judged], organisations: Organisations | None) -> list[Judged]:
    """The same, with the organisations that the file names in place of the verdicts; they must have been kept."""
    return [
        (row, taken(verdict, *organisations.kept(row.organisation)) if organisations and row.organisation else verdict)
        for row, verdict in judged
    ]


def write_batch(
    judged: Sequence[Judged],
    *,
    community: Community,
    promises: Promises,
    at: datetime,
    categories: Categories,
    organisations: Organisations | None,
) -> list[Judged]:
    """Writes rows that are new here, with numbers of this community in the order of the file, and the categories and
    organisations that they lack; returns them. Needs a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_NUMBERS, [community.pk])
        last, hold = cursor.fetchone()
    still_unknown = {row.external_id for row in unknown([row for row, _verdict in judged], community)}
    chosen = [(row, verdict) for row, verdict in judged if row.external_id in still_unknown]  # another may have run
    chosen = with_what_is_missing(chosen, categories, organisations)
    _write(_Numbered.of(chosen, last), community=community, promises=promises, hold=hold, at=at)
    with connection.cursor() as cursor:
        cursor.execute(KEEP_NUMBER, [last + len(chosen), community.pk])
    return chosen


def with_what_is_missing(
    judged: Sequence[Judged], categories: Categories, organisations: Organisations | None
) -> list[Judged]:
    """The same, after the categories and organisations that these rows lack were made, or in a dry run would be."""
    categories.keep(row.category for row, _verdict in judged)
    if organisations:
        organisations.keep(row.organisation for row, _verdict in judged if row.organisation)
    return answered(judged, organisations)


def unknown(rows: Sequence[Row], community: Community) -> list[Row]:
    """The rows whose number this community does not have."""
    stored = Issue.objects.filter(community=community, external_id__in=list({row.external_id for row in rows}))
    known = set(stored.values_list("external_id", flat=True))
    return [row for row in rows if row.external_id not in known]


def first_of_each(judged: Sequence[Judged]) -> list[Judged]:
    """The first row of each number."""
    first = {row.external_id: row for row, _verdict in reversed(judged)}
    return [(row, verdict) for row, verdict in judged if first[row.external_id] is row]


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
