"""Writes tales in bulk: the rows that the doors of issues, routing and media would have left, many at once.

tests/openmap/test_demo_history.py tells the same tales through the doors and compares. Two things differ by intent:
letters are settled at once, and keep their subject and words only; nobody follows these reports by e-mail.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from html import escape
from typing import Final, TypedDict

from accounts.models import Organisation, User
from core.calendars import add_working_days, received_on
from core.copying import Copied
from core.models import OutboxMessage, Subject, Visibility
from core.outbox import Letter
from core.tokens import issue_token
from geodata.models import Community
from issues.actions import AUTHOR_LIFETIME_YEARS, AUTHOR_PURPOSE, KIND, headline
from issues.answering import ORGANISATION_MOVES, REPORTER_MOVES
from issues.events import append_event
from issues.models import Issue, IssueEvent, IssueSettings, Supporter
from issues.states import State
from issues.visibility import of_new, published
from issues.workflow import HANDED_BACK
from media.models import Photo
from openmap.demo.history.tale import Act, Shot, Tale
from openmap.demo.post import ON_THE_WAY
from routing.actions import ANSWER_LIFETIME, deliver, inform, record_decision
from routing.channels import reached, send
from routing.models import Category, Channel, Delivery
from routing.office import office_hours
from routing.responsibility import Verdict

AT_ONCE: Final = 300  # reports that are written together

By, Kind = IssueEvent.By, IssueEvent.Kind


@dataclass(frozen=True, slots=True)
class Wanted:
    """A photo that belongs to a report that was written."""

    shot: Shot
    subject: Subject
    role: Photo.Role
    at: datetime


class Whose(TypedDict, total=False):
    """In whose name something was done."""

    organisation: Organisation
    user: User


@dataclass(slots=True)
class _Told:
    """A report in the making."""

    issue: Issue
    tale: Tale
    deliveries: list[Delivery] = field(default_factory=list)  # to those who must answer, the last one stands
    heard: set[int] = field(default_factory=set)  # organisations

    @property
    def delivery(self) -> Delivery:
        return self.deliveries[-1]


class Ledger:
    """Writes tales of one community. Must be used inside its scope and inside a transaction.

    `photos` are those that the written reports wait for.
    """

    def __init__(self, community: Community, *, moderator: User, since: date) -> None:
        self.photos: list[Wanted] = []
        self._community, self._moderator = community, moderator
        self._closes_at, self._declared = office_hours(community, since=since)
        self._categories = {row.code: row for row in Category.objects.filter(community=community)}
        self._reached: dict[tuple[int, str], tuple[Organisation, list[Channel]]] = {}
        self._written: dict[int, Issue] = {}
        self._rows = Copied()

    def write(self, tales: Sequence[Tale], *, told: Callable[[int], None] = lambda written: None) -> None:
        """Writes them with the next numbers, in their order; after each batch `told` hears how many there are."""
        if not tales:
            return
        kept, _is_new = IssueSettings.objects.select_for_update().get_or_create(community=self._community)
        rows = self._rows
        for start in range(0, len(tales), AT_ONCE):
            for tale in tales[start : start + AT_ONCE]:
                kept.last_number += 1
                self._tell(tale, rows, number=kept.last_number)
            rows.write()
            told(min(start + AT_ONCE, len(tales)))
        kept.save(update_fields=["last_number"])

    def _tell(self, tale: Tale, rows: Copied, *, number: int) -> None:
        told = self._report(tale, rows, number=number)
        self._written[id(tale)] = told.issue
        for order, at in enumerate(tale.joined):
            digest = sha256(f"{number} {order}".encode()).hexdigest()
            rows.create(Supporter, community_id=self._community.pk, issue=told.issue, voice=digest, created_at=at)
        for act in tale.acts:
            self._happen(told, act, rows)

    def _report(self, tale: Tale, rows: Copied, *, number: int) -> _Told:
        assert tale.verdict is not None
        category, community, at = self._categories[tale.kind], self._community, tale.at
        visibility = of_new(category, held=False)
        subject = rows.create(Subject, community=community, kind=KIND, visibility=visibility)
        issue = rows.create(
            Issue,
            subject=subject,
            community=community,
            number=number,
            category=category,
            location=tale.place.point,
            address=tale.place.address,
            asset=tale.place.asset,
            entrance=tale.place.entrance,
            answers=dict(tale.answers),
            title=headline(tale.words),
            text=tale.words,
            reporter_name=tale.name,
            shows_name=tale.name != "",
            created_at=at,
            changed_at=at,
            due_on=self._due(category, at),
        )
        for area in tale.verdict.areas:
            rows.create(Issue.areas.through, issue=issue, area_id=area)
        append_event(issue, Kind.REPORTED, by=By.REPORTER, at=at, now=State.NEW, write=rows)
        expires_at = at.replace(year=at.year + AUTHOR_LIFETIME_YEARS, day=min(at.day, 28))
        issue_token(subject=subject, purpose=AUTHOR_PURPOSE, at=at, expires_at=expires_at, write=rows)
        told = _Told(issue, tale)
        self._send(told, tale.verdict, rows, at=at)
        if tale.shot:
            self._photograph(told, tale.shot, Photo.Role.PROBLEM, at)
        return told

    def _due(self, category: Category, at: datetime) -> date:
        """As issues.actions.promise says, with the calendar read once."""
        zone = self._community.time_zone
        received = received_on(at, zone=zone, closes_at=self._closes_at, declared=self._declared)
        return add_working_days(received, category.working_days, self._declared)

    def _send(self, told: _Told, verdict: Verdict, rows: Copied, *, at: datetime) -> None:
        """As issues.actions.send_to_responsible does."""
        issue = told.issue
        decision = record_decision(subject=issue.subject, verdict=verdict, as_of=issue.created_at, at=at, write=rows)
        assert verdict.organisation is not None
        for other in verdict.informed:
            if other not in told.heard:
                organisation, _channels = self._whom(other, role=Delivery.Role.INFORMED)
                letter = _brief(issue, issue.text)
                delivery = inform(decision=decision, organisation=organisation, letter=letter, at=at, write=rows)
                _settle(delivery.message)
                append_event(issue, Kind.INFORMED, by=By.SYSTEM, at=at, organisation=organisation, write=rows)
                told.heard.add(other)
        organisation, channels = self._whom(verdict.organisation)
        delivery = deliver(
            decision=decision,
            organisation=organisation,
            compose=lambda secret: _brief(issue, issue.text, secret),
            at=at,
            channels=channels,
            write=rows,
        )
        _settle(delivery.message)
        told.deliveries.append(delivery)
        told.heard.add(organisation.pk)
        append_event(issue, Kind.SENT, by=By.SYSTEM, at=at, organisation=organisation, write=rows)

    def _whom(self, organisation: int, role: str = Delivery.Role.RESPONSIBLE) -> tuple[Organisation, list[Channel]]:
        key = (organisation, str(role))
        if key not in self._reached:
            self._reached[key] = reached(organisation, community_id=self._community.pk, role=role)
        return self._reached[key]

    def _happen(self, told: _Told, act: Act, rows: Copied) -> None:
        """One act, as its door would have done it."""
        issue, do = told.issue, act.do
        if do in ORGANISATION_MOVES:
            self._move(told, ORGANISATION_MOVES[do], act, rows, by=By.ORGANISATION)
        elif do == "reply":
            self._note(told, Kind.ANSWERED, act, rows, by=By.ORGANISATION)
        elif do in ("refuse", "pass"):
            self._hand_on(told, act, rows)
        elif do == "add" and issue.state == State.WAITING:
            self._move(told, State.ACCEPTED, act, rows, by=By.REPORTER)
        elif do == "add":
            self._note(told, Kind.ADDED, act, rows, by=By.REPORTER)
        elif do in REPORTER_MOVES:
            self._move(told, REPORTER_MOVES[do], act, rows, by=By.REPORTER)
        elif do == "duplicate":
            assert told.tale.repeats is not None
            issue.duplicate_of = self._written[id(told.tale.repeats)]
            self._move(told, State.DUPLICATE, act, rows, by=By.STAFF)
        else:
            self._show(told, act, rows)
        issue.changed_at = act.at

    def _move(self, told: _Told, to: State, act: Act, rows: Copied, *, by: IssueEvent.By) -> None:
        issue, was = told.issue, told.issue.state
        issue.state = to
        if to == State.REOPENED:
            issue.due_on = self._due(issue.category, act.at)
        append_event(
            issue, Kind.MOVED, by=by, at=act.at, was=was, now=to, text=act.words, write=rows, **self._whose(told, by)
        )
        self._after(told, act, rows, by=by)

    def _note(self, told: _Told, kind: IssueEvent.Kind, act: Act, rows: Copied, *, by: IssueEvent.By) -> None:
        append_event(told.issue, kind, by=by, at=act.at, text=act.words, write=rows, **self._whose(told, by))
        self._after(told, act, rows, by=by)

    def _whose(self, told: _Told, by: IssueEvent.By) -> Whose:
        if by == By.ORGANISATION:
            return {"organisation": told.delivery.organisation}
        return {"user": self._moderator} if by == By.STAFF else {}

    def _after(self, told: _Told, act: Act, rows: Copied, *, by: IssueEvent.By) -> None:
        """Whose photo it is; that the organisation answered, or hears what others did."""
        delivery = told.delivery
        if act.shot:
            role = Photo.Role.ANSWER if by == By.ORGANISATION else Photo.Role.PROBLEM
            self._photograph(told, act.shot, role, act.at)
        if by == By.ORGANISATION:
            delivery.answered_at = delivery.answered_at or act.at
            return
        token, until = delivery.token, act.at + ANSWER_LIFETIME
        if token:
            token.expires_at = max(token.expires_at, until)
        _organisation, channels = self._whom(delivery.organisation_id)
        letter = _brief(told.issue, act.words, f"[[secret:{delivery.token_id}]]")
        _settle(
            send(
                subject=told.issue.subject,
                organisation=delivery.organisation,
                letter=letter,
                at=act.at,
                channels=channels,
                write=rows,
            )
        )

    def _hand_on(self, told: _Told, act: Act, rows: Copied) -> None:
        """“Not ours”, or passed on by the duty queue."""
        assert act.verdict is not None
        issue, delivery, was = told.issue, told.delivery, State(told.issue.state)
        delivery.refused_at, delivery.refusal = act.at, act.words[:500]
        if delivery.token:
            delivery.token.revoked_at = act.at
        issue.state = HANDED_BACK[was]
        append_event(
            issue,
            Kind.HANDED_BACK if act.do == "refuse" else Kind.PASSED_ON,
            by=By.ORGANISATION,
            at=act.at,
            organisation=delivery.organisation,
            was=was,
            now=issue.state,
            text=act.words,
            write=rows,
        )
        self._send(told, act.verdict, rows, at=act.at)

    def _show(self, told: _Told, act: Act, rows: Copied) -> None:
        """A moderator publishes what was held, or hides what is not for everybody, with a reason."""
        issue, subject = told.issue, told.issue.subject
        now = Visibility.HIDDEN if act.do == "hide" else published(issue.category)
        was, subject.visibility = subject.visibility, now
        subject.hidden_reason = act.words if act.do == "hide" else ""
        append_event(
            issue, Kind.VISIBILITY, by=By.STAFF, at=act.at, user=self._moderator, text=subject.hidden_reason,
            changed=was, write=rows,
        )  # fmt: skip

    def _photograph(self, told: _Told, shot: Shot, role: Photo.Role, at: datetime) -> None:
        self.photos.append(Wanted(shot, told.issue.subject, role, at))


def _brief(issue: Issue, words: str, secret: str = "") -> Letter:
    """A letter of long ago: its subject and what was said."""
    subject = f"Заявка № {issue.number}: {issue.title}"
    return Letter(subject=subject, text=words, html=f"<p>{escape(words)}</p>", reply_to=secret)


def _settle(message: OutboxMessage | None) -> None:
    if message is not None:
        message.sent_at, message.attempts = message.created_at + ON_THE_WAY, 1
