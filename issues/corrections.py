"""The author corrects a report before anybody has accepted it: words, kind, answers, place, photos, name.

What strangers read on the page says only which parts were corrected. How they were before stays in the words of the
event, for the staff, who may redact them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.gis.geos import Point
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Organisation
from core.models import ON_THE_MAP, Subject, Visibility
from issues import letters, visibility
from issues.actions import headline, inform_of, promise, send_to_responsible
from issues.additions import photos_of_supporters
from issues.events import append_event
from issues.models import MAX_TEXT, Issue, IssueEvent, IssueSettings
from issues.moves import MoveRefusedError, locked, tell_organisations
from issues.states import State
from media.actions import attach
from media.models import Photo
from routing.actions import record_decision, take_back, write_to
from routing.models import Asset, Category, Delivery
from routing.responsibility import Verdict, decide

CORRECTABLE = frozenset({State.NEW})  # later they have begun to act on what they read: then words are added
Kind, By = IssueEvent.Kind, IssueEvent.By

# Columns of each part that a correction may change, as an event names the part.
PARTS: Mapping[str, tuple[str, ...]] = {
    "text": ("text",),
    "category": ("category_id",),
    "place": ("location", "address", "asset_id", "entrance", "flat"),
    "answers": ("answers",),
    "name": ("reporter_name", "shows_name"),
}
DECIDES = frozenset({"category_id", "location", "asset_id", "answers"})  # who must answer depends on these


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The report as it should be; checked by issues.forms. `removed`: ids of its photos that go."""

    category: Category
    point: Point  # SRID 4326
    text: str
    address: str = ""
    asset: Asset | None = None
    entrance: str = ""
    flat: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    shows_name: bool = False
    photos: Sequence[Photo] = ()
    removed: Sequence[UUID] = ()
    dangers: Sequence[str] = ()  # codes of those that the corrected words or kind mean
    confirmed: bool = False

    def columns(self) -> dict[str, Any]:
        """Columns of the report, with their values."""
        return {
            "text": self.text,
            "category_id": self.category.pk,
            "location": self.point,
            "address": self.address,
            "asset_id": self.asset.pk if self.asset else None,
            "entrance": self.entrance,
            "flat": self.flat,
            "answers": dict(self.answers),
            "dangers": list(self.dangers),
            "reporter_name": self.name,
            "shows_name": self.shows_name and self.name != "",
        }


def may_correct(issue: Issue) -> bool:
    """True while nobody has accepted the report and strangers may see it, or a moderator is still to look."""
    return issue.state in CORRECTABLE and issue.subject.visibility != Visibility.HIDDEN


def changed_columns(issue: Issue, columns: Mapping[str, Any]) -> set[str]:
    """Names of those columns that differ from the report's. A place counts as moved from a tenth of a metre on."""
    return {name for name, value in columns.items() if not _same(getattr(issue, name), value)}


def correct(*, issue: Issue, to: Correction, at: datetime) -> Issue:
    """Corrects the report: one transaction, one event, and letters to whoever has it or had it.

    A changed kind, place or answer asks anew who must answer; the promise then counts from this moment. Nothing
    changed: nothing happens. Raises MoveRefusedError("too_late_to_correct") when somebody accepted it meanwhile, and
    OutsideCommunityError.
    """
    with transaction.atomic():
        issue = locked(issue.subject_id)
        issue.subject.refresh_from_db()
        if not may_correct(issue):
            raise MoveRefusedError("too_late_to_correct")
        changed = changed_columns(issue, to.columns())
        before = _in_words(issue, changed)
        photos = _change_photos(issue, to, at=at)
        parts = [part for part, columns in PARTS.items() if changed.intersection(columns)]
        parts += ["photos"] if photos else []
        if not parts:
            return issue
        verdict = _verdict(issue, to, at=at) if changed & DECIDES else None
        _write(issue, to, verdict, at=at)
        _look_again(issue, is_same_kind="category_id" not in changed)
        append_event(issue, Kind.CORRECTED, by=By.REPORTER, at=at, text=before, changed=",".join(parts))
        _hand_on(issue, verdict, at=at)
    return issue


def hide_name(*, issue: Issue, at: datetime) -> Issue:
    """From now on strangers do not read the author's name, in whatever state the report is: it only makes less public.

    Those who must answer, and the staff, keep it. Raises MoveRefusedError when nobody else sees it anyway.
    """
    with transaction.atomic():
        issue = locked(issue.subject_id)
        if not issue.shows_name:
            raise MoveRefusedError("name_is_hidden")
        issue.shows_name, issue.changed_at = False, at
        issue.save(update_fields=["shows_name", "changed_at"])
        append_event(issue, Kind.CORRECTED, by=By.REPORTER, at=at, changed="name")
    return issue


def own_photos(issue: Issue) -> "QuerySet[Photo]":
    """Photos that the author may take away: not the answers', nor those that supporters added."""
    problem = Photo.objects.filter(subject=issue.subject, role=Photo.Role.PROBLEM)
    return problem.exclude(pk__in=photos_of_supporters(issue).values("pk"))


def is_elsewhere(was: Point, now: Point) -> bool:
    """True from a tenth of a metre on."""
    return (round(was.x, 6), round(was.y, 6)) != (round(now.x, 6), round(now.y, 6))


def _same(was: Any, now: Any) -> bool:
    return not is_elsewhere(was, now) if isinstance(was, Point) else bool(was == now)


def _in_words(issue: Issue, changed: set[str]) -> str:
    """How the parts were that change: a line for each column."""
    lines = {
        "text": issue.text,
        "category_id": issue.category.name,
        "location": letters.coordinates(issue),
        "address": issue.address,
        "asset_id": issue.asset.label if issue.asset else "",
        "entrance": issue.entrance,
        "flat": issue.flat,
        "answers": ", ".join(f"{code}: {answer}" for code, answer in issue.answers.items()),
        "reporter_name": issue.reporter_name,
    }
    return "\n".join(lines[name] for name in lines if name in changed and lines[name])[:MAX_TEXT]


def _change_photos(issue: Issue, to: Correction, *, at: datetime) -> bool:
    """Takes photos away and adds new ones; whether any changed. What was taken away is seen by nobody from now on, and
    is deleted with other drafts that nobody sent."""
    removed = own_photos(issue).filter(pk__in=to.removed).update(subject=None)
    added = attach(photos=to.photos, subject=issue.subject, role=Photo.Role.PROBLEM, at=at) if to.photos else []
    return bool(removed or added)


def _verdict(issue: Issue, to: Correction, *, at: datetime) -> Verdict:
    """Who must answer for the report as it is now: asked as for a new one."""
    verdict = decide(to.point, to.category, community=issue.community, at=at, answers=to.answers, asset=to.asset)
    return verdict.confirmed() if to.confirmed else verdict


def _write(issue: Issue, to: Correction, verdict: Verdict | None, *, at: datetime) -> None:
    issue.category, issue.asset = to.category, to.asset
    for name, value in to.columns().items():
        setattr(issue, name, value)
    issue.title, issue.changed_at = headline(to.text), at
    if verdict:
        issue.due_on = promise(category=to.category, community=issue.community, at=at).due_on
        issue.areas.set(verdict.areas)
    issue.save()


def _look_again(issue: Issue, *, is_same_kind: bool) -> None:
    """Who sees it: where moderators look first, they look at corrections too. What one of them blurred stays so."""
    was = Visibility(issue.subject.visibility)
    if was not in ON_THE_MAP:
        return
    kept = IssueSettings.objects.filter(community=issue.community).first() or IssueSettings()
    now = visibility.of_new(issue.category, held=kept.hold_new)
    if now == Visibility.PUBLIC and was == Visibility.COARSE and is_same_kind:
        return
    Subject.objects.filter(pk=issue.subject_id).update(visibility=now)
    issue.subject.visibility = now


def _hand_on(issue: Issue, verdict: Verdict | None, *, at: datetime) -> None:
    """Whoever has the report reads what it is now. When somebody else must answer, they get it as a new one, and who
    had it is told that it is theirs no longer."""
    standing = Delivery.objects.standing().responsible().filter(subject=issue.subject)
    holders = list(standing.select_related("organisation", "token", "message", "subject"))
    if verdict is None or {row.organisation_id for row in holders} == {verdict.organisation}:
        if verdict:
            decision = record_decision(subject=issue.subject, verdict=verdict, as_of=issue.created_at, at=at)
            standing.update(decision=decision)
            inform_of(issue, decision, verdict.informed, at=at)
        tell_organisations(issue, text=issue.text, at=at, news="corrected")
        return
    for row in holders:
        _take_from(row, issue, at=at)
    send_to_responsible(issue=issue, verdict=verdict, at=at)


def _take_from(delivery: Delivery, issue: Issue, *, at: datetime) -> None:
    """A letter that has not left stays here; whoever may have read it is told."""
    unread = take_back(delivery=delivery, at=at)
    if not unread:
        letter = letters.taken_back(issue)
        write_to(subject=issue.subject, organisation=delivery.organisation, letter=letter, at=at)


def holder_of(issue: Issue) -> Organisation | None:
    """Who must answer now; None when nobody has it."""
    row = Delivery.objects.standing().responsible().filter(subject=issue.subject).select_related("organisation").last()
    return row.organisation if row else None
