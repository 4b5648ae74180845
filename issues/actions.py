"""Every change of a report goes through one of these doors: one transaction, an event, and what must leave."""

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.contrib.gis.geos import Point
from django.db import connection, transaction

from accounts.models import Organisation, User
from core.calendars import add_working_days, declared_days, received_on
from core.models import Subject, Token
from core.outbox import Letter
from core.tokens import issue_token
from geodata.models import Community
from issues import letters
from issues.events import append_event
from issues.models import Issue, IssueEvent
from issues.states import State
from issues.support import Voice, note_author
from issues.visibility import of_new
from media.actions import attach
from media.models import Photo
from notifications.actions import follow
from notifications.models import Follow
from routing.actions import deliver, inform, record_decision
from routing.models import Asset, Category, CommunityRouting, Decision, Delivery
from routing.responsibility import Verdict, decide

KIND = "issue"
AUTHOR_PURPOSE = "mine"
AUTHOR_LIFETIME_YEARS = 3
HEADLINE = 90  # characters

Kind = IssueEvent.Kind
By = IssueEvent.By

# Also creates the settings row of a community that has none; holds its lock until the report is committed. Whatever
# happened to that row, a number that is in use is not given again: the index of issue_number_once tells the highest.
NEXT_NUMBER = """
INSERT INTO issues_issuesettings (community_id, hold_new, last_number)
SELECT c.id, false, COALESCE((SELECT max(number) FROM issues_issue WHERE community_id = c.id), 0) + 1
FROM geodata_community c WHERE c.id = %s
ON CONFLICT (community_id) DO UPDATE
SET last_number = GREATEST(issues_issuesettings.last_number + 1, excluded.last_number)
RETURNING last_number, hold_new
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """What a resident gives; checked by issues.forms."""

    category: Category
    point: Point  # SRID 4326
    text: str
    address: str = ""
    email: str = ""
    email_is_known: bool = False  # its owner confirmed it before, in this browser
    name: str = ""  # strangers see it only when `shows_name`
    shows_name: bool = False
    language: str = "uk"
    photos: Sequence[Photo] = ()
    asset: Asset | None = None  # the house, lamp… of the category's register
    entrance: str = ""
    flat: str = ""  # never shown to strangers
    answers: Mapping[str, str] = field(default_factory=dict)  # code of a question → code of an answer
    confirmed: bool = False  # the resident looked closely, because another owner is near
    request_key: uuid.UUID | None = None
    dangers: Sequence[str] = ()  # codes of those that the reporter was warned of, and went on
    device: str = ""  # key of the browser (accounts.devices), so that nobody supports their own report


@dataclass(frozen=True, slots=True)
class Promise:
    """When the report counts as received, and by which day it must be answered."""

    received_on: date
    due_on: date


def promise(*, category: Category, community: Community, at: datetime) -> Promise:
    """The promise a report of this category would get at this moment."""
    routing = CommunityRouting.objects.filter(community=community).first()
    closes_at = (routing or CommunityRouting()).office_closes_at
    declared = declared_days(community, since=community.day_of(at))
    received = received_on(at, zone=community.time_zone, closes_at=closes_at, declared=declared)
    return Promise(received, add_working_days(received, category.working_days, declared))


def who_answers(
    *,
    category: Category,
    point: Point,
    community: Community,
    at: datetime,
    answers: Mapping[str, str] | None = None,
    asset: Asset | None = None,
) -> Verdict:
    """The decision that a report here and now would get. Raises OutsideCommunityError."""
    return decide(point, category, community=community, at=at, answers=answers, asset=asset)


def report_issue(
    *,
    new: NewReport,
    community: Community,
    at: datetime,
    reporter: User | None = None,
    admit: Callable[[], bool] = lambda: False,
) -> Issue:
    """Accepts a report: subject, number, decision, delivery and letters in one transaction.

    The same report with the same `request_key` again returns the first one, completed by what is new in it. `admit` is
    asked, inside the transaction, about one that is new: it raises to refuse it, or says whether a moderator is to look
    first (issues.gate). Raises OutsideCommunityError.
    """
    key = _key_of(new)
    if _sent_before(community, key):
        return _complete(new, community=community, key=key, at=at)
    verdict = who_answers(
        category=new.category, point=new.point, community=community, at=at, answers=new.answers, asset=new.asset
    )
    if new.confirmed:
        verdict = verdict.confirmed()
    due_on = promise(category=new.category, community=community, at=at).due_on
    with transaction.atomic():
        number, hold = _next_number(community)
        sent_meanwhile = _sent_before(community, key)
        if sent_meanwhile:
            transaction.set_rollback(True)  # gives the number back
            return sent_meanwhile  # at the same moment, by the same press
        hold = admit() or hold
        subject = Subject.objects.create(community=community, kind=KIND, visibility=of_new(new.category, held=hold))
        issue: Issue = Issue.objects.create(
            subject=subject,
            community=community,
            number=number,
            category=new.category,
            location=new.point,
            address=new.address,
            asset=new.asset,
            entrance=new.entrance,
            flat=new.flat,
            answers=dict(new.answers),
            title=headline(new.text),
            text=new.text,
            reporter=reporter,
            reporter_name=new.name,
            shows_name=new.shows_name and new.name != "",
            language=new.language,
            dangers=list(new.dangers),
            request_key=key,
            created_at=at,
            changed_at=at,
            due_on=due_on,
        )
        issue.areas.set(verdict.areas)
        append_event(issue, Kind.REPORTED, by=By.REPORTER, at=at, user=reporter, now=State.NEW)
        note_author(issue, Voice.of(user=reporter, device=new.device), at=at)
        if new.photos:
            attach(photos=new.photos, subject=subject, role=Photo.Role.PROBLEM, at=at)
        send_to_responsible(issue=issue, verdict=verdict, at=at)
        _author_token(issue, at=at)
        _follow_as_author(issue, new, at=at)
    return issue


def was_sent(new: NewReport, *, community: Community) -> bool:
    """Whether this very report arrived already: a photo that it names is then attached, not lost."""
    return _sent_before(community, _key_of(new)) is not None


def _complete(new: NewReport, *, community: Community, key: uuid.UUID | None, at: datetime) -> Issue:
    """The report that was sent before, with the address, e-mail and photos that it lacked then."""
    with transaction.atomic():
        issue: Issue = Issue.objects.select_for_update(of=("self",)).get(community=community, request_key=key)
        attach(photos=new.photos, subject=issue.subject, role=Photo.Role.PROBLEM, at=at)
        issue.address = issue.address or new.address
        issue.save(update_fields=["address"])
        if not Follow.objects.filter(subject=issue.subject_id, role=Follow.Role.AUTHOR).exists():
            _follow_as_author(issue, new, at=at)
    return issue


def send_to_responsible(
    *, issue: Issue, verdict: Verdict, at: datetime, user: User | None = None, note: str = ""
) -> Delivery | None:
    """Keeps the decision and hands the report to whom it names; None when it names nobody. `note`: why whoever had it
    before gave it on. Those who are to be informed hear of it too, each once."""
    decision = record_decision(subject=issue.subject, verdict=verdict, as_of=issue.created_at, at=at)
    inform_of(issue, decision, verdict.informed, at=at)
    if verdict.organisation is None:
        return None
    organisation = Organisation.objects.get(pk=verdict.organisation)

    def compose(secret: str) -> Letter:
        return letters.new_report(issue, secret, verdict.trace, note=note)

    delivery = deliver(decision=decision, organisation=organisation, compose=compose, at=at)
    by = By.STAFF if user else By.SYSTEM
    append_event(issue, Kind.SENT, by=by, at=at, user=user, organisation=organisation)
    return delivery


def inform_of(issue: Issue, decision: Decision, organisations: Sequence[int], *, at: datetime) -> None:
    """A letter to each of these organisations that has not heard of the report yet."""
    told = Delivery.objects.filter(subject=issue.subject).values("organisation")
    responsible = decision.organisation
    for organisation in Organisation.objects.filter(pk__in=organisations).exclude(pk__in=told).order_by("name"):
        letter = letters.for_information(issue, responsible=responsible)
        inform(decision=decision, organisation=organisation, letter=letter, at=at)
        append_event(issue, Kind.INFORMED, by=By.SYSTEM, at=at, organisation=organisation)


def _follow_as_author(issue: Issue, new: NewReport, *, at: datetime) -> None:
    if new.email:
        follow(
            subject=issue.subject,
            email=new.email,
            role=Follow.Role.AUTHOR,
            language=issue.language,
            known=new.email_is_known,
            at=at,
        )


def author_token(issue: Issue) -> Token:
    """The right behind the reporter's secret link, the last one made."""
    found: Token = Token.objects.filter(subject=issue.subject_id, purpose=AUTHOR_PURPOSE).latest("created_at")
    return found


def working_author_token(issue: Issue, *, at: datetime) -> Token:
    """The same for a new letter: made anew when the last was revoked or is over."""
    found = author_token(issue)
    return found if found.is_good(at) else _author_token(issue, at=at)


def headline(text: str) -> str:
    """The first sentence or line of a report, at most HEADLINE characters, cut between words."""
    first = re.split(r"(?<=[.!?…])\s|\n", text.strip(), maxsplit=1)[0].strip()
    if len(first) <= HEADLINE:
        return first.rstrip(".") or first
    return first[:HEADLINE].rsplit(" ", 1)[0].rstrip(",;:—- ") + "…"


def _author_token(issue: Issue, *, at: datetime) -> Token:
    expires_at = at.replace(year=at.year + AUTHOR_LIFETIME_YEARS, day=min(at.day, 28))
    return issue_token(subject=issue.subject, purpose=AUTHOR_PURPOSE, at=at, expires_at=expires_at)


def _next_number(community: Community) -> tuple[int, bool]:
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, [community.pk])
        number, hold = cursor.fetchone()
    return number, hold


def _key_of(new: NewReport) -> uuid.UUID | None:
    """The key of this very report: a form that was changed and sent again is another report."""
    if new.request_key is None:
        return None
    chosen = f"{new.asset.key if new.asset else ''} {new.entrance} {new.flat} {sorted(new.answers.items())}"
    place = f"{new.point.x:.6f} {new.point.y:.6f}"
    return uuid.uuid5(new.request_key, f"{new.category.pk} {place} {new.text} {chosen}")


def _sent_before(community: Community, request_key: uuid.UUID | None) -> Issue | None:
    if request_key is None:
        return None
    found: Issue | None = Issue.objects.filter(community=community, request_key=request_key).first()
    return found
