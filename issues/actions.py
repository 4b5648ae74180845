"""Every change of a report goes through one of these doors: one transaction, an event, and what must leave."""

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.contrib.gis.geos import Point
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from accounts.models import Organisation, User
from core.calendars import add_working_days, received_on
from core.models import Lane, OutboxMessage, Subject, Token
from core.outbox import Letter
from core.together import AT_ONCE, Together, Writer
from core.tokens import issue_token, placeholder_for
from geodata.models import Area, Community
from issues import letters
from issues.events import append_event
from issues.gate import NotAdmittedError
from issues.made import Made
from issues.models import Issue, IssueEvent, IssueSettings, Supporter
from issues.states import State
from issues.support import Voice, note_author
from issues.visibility import of_new
from media.actions import attach
from media.models import Photo
from notifications.actions import ask, begin, follow, link_of
from notifications.actions import write as write_letter
from notifications.models import Follow
from routing.actions import deliver, inform, record_decision
from routing.channels import reached
from routing.models import Asset, Category, Decision, Delivery
from routing.office import office_hours
from routing.responsibility import Verdict, decide

KIND = "issue"
AUTHOR_PURPOSE = "mine"
AUTHOR_LIFETIME_YEARS = 3
HEADLINE = 90  # characters
# A full stop behind a word that is written short ends no sentence; nor behind a letter alone: «с.», «І. Франка».
_SHORT = re.compile(
    r"(?:^|[^\w’'ʼ-])(?:вул|пров|просп|пр|бул|пл|наб|мкр|буд|корп|під|кв|пов|обл|смт|ім|грн|тис|млн|год|хв|див|напр|тел"
    r"|ул|пер|дом|[^\W\d_])\.$",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?…]\s|\n")

Kind = IssueEvent.Kind
By = IssueEvent.By

# Also creates the settings row of a community that has none; holds its lock until the report is committed. Whatever
# happened to that row, a number that is in use is not given again: the index of issue_number_once tells the highest.
_SETTINGS = [field.attname for field in IssueSettings._meta.concrete_fields]
NEXT_NUMBER = f"""
INSERT INTO issues_issuesettings (community_id, hold_new, last_number)
SELECT c.id, false, COALESCE((SELECT max(number) FROM issues_issue WHERE community_id = c.id), 0) + 1
FROM geodata_community c WHERE c.id = %s
ON CONFLICT (community_id) DO UPDATE
SET last_number = GREATEST(issues_issuesettings.last_number + 1, excluded.last_number)
RETURNING {", ".join(f"issues_issuesettings.{name}" for name in _SETTINGS)}
"""  # noqa: S608  the text is ours
SENT_ONCE = "issue_sent_once"
WAS_SENT = "SELECT 1 FROM issues_issue WHERE community_id = %s AND request_key = %s"  # asked for every report
# Keys that a report needs: one question for all of them.
KEYS: dict[type[Model], int] = {
    Subject: 1,
    Issue: 1,
    Issue.areas.through: 3,
    IssueEvent: 2,
    Supporter: 1,
    Decision: 1,
    Delivery: 1,
    OutboxMessage: 2,
    Follow: 1,
}


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
    # Who answers by when, when whoever sends it found that out at this very moment, and that it was not sent before.
    decided: tuple[Verdict, date] | None = None
    source: Issue.Source = Issue.Source.WEB


@dataclass(frozen=True, slots=True)
class Promise:
    """When the report counts as received, and by which day it must be answered."""

    received_on: date
    due_on: date


def promise(*, category: Category, community: Community, at: datetime) -> Promise:
    """The promise a report of this category would get at this moment."""
    closes_at, declared = office_hours(community, since=community.day_of(at))
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
    admit: Callable[[IssueSettings], bool] = lambda kept: False,
) -> Issue:
    """Accepts a report: subject, number, decision, delivery and letters in one transaction.

    The same report with the same `request_key` again returns the first one, completed by what is new in it. `admit` is
    asked, inside the transaction, about one that is new: it raises to refuse it, or says whether a moderator is to look
    first (issues.gate). Raises OutsideCommunityError.
    """
    key = _key_of(new)
    if new.decided is None and _sent_before(community, key):
        return _complete(new, community=community, key=key, at=at)
    verdict, due_on = new.decided or _decided(new, community=community, at=at)
    if new.confirmed:
        verdict = verdict.confirmed()
    try:
        with transaction.atomic():
            kept = _settings_with_next_number(community)
            held = admit(kept) or kept.hold_new
            draft = _Draft(new, community, number=kept.last_number, held=held, key=key, due_on=due_on, user=reporter)
            return _accept(draft, verdict, at=at)
    except (IntegrityError, NotAdmittedError) as error:
        if isinstance(error, IntegrityError) and SENT_ONCE not in str(error):
            raise
        sent_meanwhile = _sent_before(community, key)
        if sent_meanwhile is None:
            raise
        return sent_meanwhile  # at the same moment, by the same press


@dataclass(frozen=True, slots=True)
class _Draft:
    """A report that is let in, and what the service adds to it."""

    new: NewReport
    community: Community
    number: int
    held: bool
    key: uuid.UUID | None
    due_on: date
    user: User | None


def _decided(new: NewReport, *, community: Community, at: datetime) -> tuple[Verdict, date]:
    verdict = who_answers(
        category=new.category, point=new.point, community=community, at=at, answers=new.answers, asset=new.asset
    )
    return verdict, promise(category=new.category, community=community, at=at).due_on


def _accept(draft: _Draft, verdict: Verdict, *, at: datetime) -> Issue:
    """Writes the report and everything that begins with it."""
    new, rows = draft.new, Together(KEYS)
    issue = _new_issue(draft, rows, at=at)
    for area in verdict.areas:
        rows.create(Issue.areas.through, issue=issue, area_id=area)
    append_event(issue, Kind.REPORTED, by=By.REPORTER, at=at, user=draft.user, now=State.NEW, write=rows)
    note_author(issue, Voice.of(user=draft.user, device=new.device), at=at, write=rows)
    areas = tuple(Area(id=area["id"], code=area["code"], name=area["name"]) for area in verdict.trace["areas"])
    issue.made = Made(_author_token(issue, at=at, write=rows), areas, tuple(new.photos))
    if new.email:
        _follow_new(issue, new, issue.made.token, at=at, write=rows)
    send_to_responsible(issue=issue, verdict=verdict, at=at, write=rows)
    rows.write()
    if new.photos:
        attach(photos=new.photos, subject=issue.subject, role=Photo.Role.PROBLEM, at=at)
    return issue


def _new_issue(draft: _Draft, rows: Together, *, at: datetime) -> Issue:
    new, community = draft.new, draft.community
    visibility = of_new(new.category, held=draft.held)
    subject = rows.create(Subject, community=community, kind=KIND, visibility=visibility)
    return rows.create(
        Issue,
        subject=subject,
        community=community,
        number=draft.number,
        category=new.category,
        location=new.point,
        address=new.address,
        asset=new.asset,
        entrance=new.entrance,
        flat=new.flat,
        answers=dict(new.answers),
        title=headline(new.text),
        text=new.text,
        source=new.source,
        reporter=draft.user,
        reporter_name=new.name,
        shows_name=new.shows_name and new.name != "",
        language=new.language,
        dangers=list(new.dangers),
        request_key=draft.key,
        created_at=at,
        changed_at=at,
        due_on=draft.due_on,
    )


def was_sent(new: NewReport, *, community: Community) -> bool:
    """Whether this very report arrived already: a photo that it names is then attached, not lost."""
    key = _key_of(new)
    if key is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(WAS_SENT, [community.pk, key])
        return cursor.fetchone() is not None


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
    *,
    issue: Issue,
    verdict: Verdict,
    at: datetime,
    user: User | None = None,
    note: str = "",
    write: Writer = AT_ONCE,
) -> Delivery | None:
    """Keeps the decision and hands the report to whom it names; None when it names nobody. `note`: why whoever had it
    before gave it on. Those who are to be informed hear of it too, each once."""
    decision = record_decision(subject=issue.subject, verdict=verdict, as_of=issue.created_at, at=at, write=write)
    if verdict.informed:
        inform_of(issue, decision, verdict.informed, at=at, write=write)
    if verdict.organisation is None:
        return None
    organisation, channels = reached(verdict.organisation, community_id=issue.community_id)

    def compose(secret: str) -> Letter:
        return letters.new_report(issue, secret, verdict.trace, note=note)

    delivery = deliver(
        decision=decision, organisation=organisation, compose=compose, at=at, channels=channels, write=write
    )
    by = By.STAFF if user else By.SYSTEM
    append_event(issue, Kind.SENT, by=by, at=at, user=user, organisation=organisation, write=write)
    return delivery


def inform_of(
    issue: Issue, decision: Decision, organisations: Sequence[int], *, at: datetime, write: Writer = AT_ONCE
) -> None:
    """A letter to each of these organisations that has not heard of the report yet."""
    told = Delivery.objects.filter(subject=issue.subject).values("organisation")
    responsible = decision.organisation
    for organisation in Organisation.objects.filter(pk__in=organisations).exclude(pk__in=told).order_by("name"):
        letter = letters.for_information(issue, responsible=responsible)
        inform(decision=decision, organisation=organisation, letter=letter, at=at, write=write)
        append_event(issue, Kind.INFORMED, by=By.SYSTEM, at=at, organisation=organisation, write=write)


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


def _follow_new(issue: Issue, new: NewReport, token: Token, *, at: datetime, write: Writer) -> None:
    """The author of a report that is just being made: letters begin at once, or one letter asks for that."""
    confirmed_at = at if new.email_is_known else None
    row = begin(
        subject=issue.subject,
        email=new.email,
        role=Follow.Role.AUTHOR,
        language=issue.language,
        confirmed_at=confirmed_at,
        at=at,
        write=write,
    )
    if new.email_is_known:
        right = placeholder_for(row.token)
        letter = letters.receipt(issue, placeholder_for(token), stop=link_of(row), reply_to=right)
        write_letter(row, letter, at=at, lane=Lane.URGENT, writer=write)
    else:
        ask(row, at=at, write=write)


def author_token(issue: Issue) -> Token:
    """The right behind the reporter's secret link, the last one made."""
    if issue.made is not None:
        return issue.made.token
    found: Token = Token.objects.filter(subject=issue.subject_id, purpose=AUTHOR_PURPOSE).latest("created_at")
    return found


def working_author_token(issue: Issue, *, at: datetime) -> Token:
    """The same for a new letter: made anew when the last was revoked or is over."""
    found = author_token(issue)
    return found if found.is_good(at) else _author_token(issue, at=at)


def headline(text: str) -> str:
    """The first sentence or line of a report, at most HEADLINE characters, cut between words."""
    first = _first_sentence(text.strip()).strip()
    if len(first) <= HEADLINE:
        return first.rstrip(".") or first
    return first[:HEADLINE].rsplit(" ", 1)[0].rstrip(",;:—- ") + "…"


def _first_sentence(text: str) -> str:
    for end in _END.finditer(text):
        if not _SHORT.search(text[max(0, end.start() - 8) : end.start() + 1]):
            return text[: end.end()]
    return text


def _author_token(issue: Issue, *, at: datetime, write: Writer = AT_ONCE) -> Token:
    expires_at = at.replace(year=at.year + AUTHOR_LIFETIME_YEARS, day=min(at.day, 28))
    return issue_token(subject=issue.subject, purpose=AUTHOR_PURPOSE, at=at, expires_at=expires_at, write=write)


def _settings_with_next_number(community: Community) -> IssueSettings:
    """The community's settings, locked until the transaction ends; `last_number` is that of the next report."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, [community.pk])
        kept = IssueSettings.from_db(connection.alias, _SETTINGS, cursor.fetchone())
    kept.community = community
    return kept


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
