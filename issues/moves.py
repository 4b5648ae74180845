"""Doors that change a report after it was sent: moves between states, answers, “not ours”, moderation."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Organisation, User
from core.models import OutboxMessage, Subject, Visibility
from core.outbox import Letter, resend_hidden
from geodata.models import Community
from issues import letters
from issues.actions import promise, send_to_responsible
from issues.carrying import carry_supporters, is_original, take_supporters_back
from issues.events import append_event
from issues.following import author_wants_no_more, tell, tell_supporters
from issues.models import Issue, IssueEvent
from issues.redaction import take_out_of_letters
from issues.states import OPEN, State
from issues.visibility import published
from issues.workflow import HANDED_BACK, Actor, move
from media.actions import attach
from media.models import Photo
from routing.actions import (
    drop_unheard,
    forget_refusal,
    hand_back,
    is_duty_queue,
    mark_answered,
    organisations_to_pass_to,
    refused_by,
    unheard,
    write_again,
)
from routing.models import Decision, Delivery
from routing.responsibility import chosen_by_hand, decide

SAME_PRESS = timedelta(minutes=10)  # a page that did not answer in so long is sent again

Kind = IssueEvent.Kind
By = IssueEvent.By


class MoveRefusedError(ValueError):
    """The workflow has no such move, or it needs words. `code`: a key of issues.answering.refusal_in_words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def move_by_organisation(
    *, delivery: Delivery, to: State, text: str = "", photos: Sequence[Photo] = (), at: datetime
) -> Issue:
    """The organisation moves its report on; the reporter is told. Raises MoveRefusedError."""
    with transaction.atomic():
        issue = locked(delivery.subject_id)
        _still_theirs(delivery)
        _move(issue, to, actor=Actor.ORGANISATION, text=text, at=at, organisation=delivery.organisation)
        if photos:
            attach(photos=photos, subject=issue.subject, role=Photo.Role.ANSWER, at=at)
        mark_answered(delivery=delivery, at=at)
        tell(issue, who=delivery.organisation, text=text, at=at)
    return issue


def reply_by_organisation(*, delivery: Delivery, text: str, photos: Sequence[Photo] = (), at: datetime) -> Issue:
    """Words without a move: the public answer of the organisation. Raises MoveRefusedError."""
    if not text:
        raise MoveRefusedError("needs_text")
    with transaction.atomic():
        issue = locked(delivery.subject_id)
        _still_theirs(delivery)
        if issue.state not in OPEN:
            raise MoveRefusedError("no_such_move")
        if not photos and is_said(issue, by=By.ORGANISATION, organisation=delivery.organisation, text=text, at=at):
            return issue
        return words_of_organisation(delivery=delivery, text=text, photos=photos, at=at)


def words_of_organisation(*, delivery: Delivery, text: str, photos: Sequence[Photo] = (), at: datetime) -> Issue:
    """The same in any state, and as often as it is said: for answers that arrive late (issues.incoming)."""
    with transaction.atomic():
        issue = locked(delivery.subject_id)
        append_event(issue, Kind.ANSWERED, by=By.ORGANISATION, at=at, organisation=delivery.organisation, text=text)
        if photos:
            attach(photos=photos, subject=issue.subject, role=Photo.Role.ANSWER, at=at)
        mark_answered(delivery=delivery, at=at)
        touch(issue, at=at)
        tell(issue, who=delivery.organisation, news="reply", text=text, at=at)
    return issue


def not_ours(*, delivery: Delivery, reason: str, at: datetime) -> Delivery | None:
    """The organisation hands the report back; the next rule, or the fallback queue, gets it.

    The duty queue itself does not hand back: it passes on (`pass_on`), so that no report is left with nobody. Returns
    the new delivery, or None when a community without a duty queue has nobody left: its staff find somebody
    (`give_by_staff`). The promise to the resident stays as it was. Raises MoveRefusedError.
    """
    if not reason:
        raise MoveRefusedError("needs_text")
    if is_duty_queue(delivery):
        raise MoveRefusedError("pass_on")
    with transaction.atomic():
        issue = _let_go(delivery, Kind.HANDED_BACK, reason=reason, at=at)
        verdict = decide(
            issue.location,
            issue.category,
            community=issue.community,
            at=issue.created_at,
            rules_at=at,
            answers=issue.answers,
            asset=issue.asset,
            excluding=refused_by(issue.subject),
            anywhere=True,
        )
        note = letters.said_by(delivery.organisation, reason)
        return send_to_responsible(issue=issue, verdict=verdict, at=at, note=note)


def pass_on(*, delivery: Delivery, to: Organisation, reason: str, at: datetime) -> Delivery | None:
    """The duty queue hands the report to an organisation that it chose. Raises MoveRefusedError."""
    if not reason:
        raise MoveRefusedError("needs_text")
    if not is_duty_queue(delivery) or to not in organisations_to_pass_to(delivery):
        raise MoveRefusedError("no_such_organisation")
    with transaction.atomic():
        issue = _let_go(delivery, Kind.PASSED_ON, reason=reason, at=at)
        note = letters.said_by(delivery.organisation, reason)
        return _give(issue, to, chosen_by=delivery.organisation.name, at=at, note=note)


def give_by_staff(*, issue: Issue, to: Organisation, user: User, text: str = "", at: datetime) -> Delivery | None:
    """The community's staff hand a report that nobody holds, or nobody who can be reached, to an organisation.

    Raises MoveRefusedError.
    """
    with transaction.atomic():
        issue = locked(issue.subject_id)
        if not nobody_holds(issue):
            raise MoveRefusedError("no_such_move")
        drop_unheard(subject=issue.subject, at=at)
        touch(issue, at=at)
        note = letters.said_by(issue.community, text)
        return _give(issue, to, chosen_by=str(issue.community), at=at, user=user, note=note)


def write_once_more(*, delivery: Delivery, at: datetime) -> OutboxMessage | None:
    """The letter about an open report again, with a link that works. None when nobody is to get it: the report is
    closed, the organisation let it go, or has no channel."""
    with transaction.atomic():
        issue = locked(delivery.subject_id)
        if issue.state not in OPEN or Delivery.objects.filter(pk=delivery.pk, refused_at__isnull=False).exists():
            return None
        trace = Decision.objects.filter(subject=issue.subject).latest("decided_at", "id").trace
        fresh = Delivery.objects.select_related("organisation", "token", "subject", "message").get(pk=delivery.pk)

        def compose(secret: str) -> Letter:
            return letters.new_report(issue, secret, trace)

        return write_again(delivery=fresh, compose=compose, at=at)


def send_waiting(*, organisation: Organisation, community: Community, at: datetime) -> int:
    """The letters of open reports that this organisation holds and never heard of, now that it has a channel.

    Returns how many were written.
    """
    waiting = (
        Delivery.objects.standing()
        .responsible()
        .filter(organisation=organisation, community=community, message=None, answered_at=None)
    )
    return sum(write_once_more(delivery=delivery, at=at) is not None for delivery in waiting)


def move_by_reporter(*, issue: Issue, to: State, text: str = "", photos: Sequence[Photo] = (), at: datetime) -> Issue:
    """Confirm, reopen, withdraw, or answer a question; the organisation is told. Raises MoveRefusedError."""
    with transaction.atomic():
        issue = locked(issue.subject_id)
        answers = issue.state == State.WAITING and to == State.ACCEPTED
        _move(issue, to, actor=Actor.REPORTER, text=text, at=at)
        if photos:
            attach(photos=photos, subject=issue.subject, role=Photo.Role.PROBLEM, at=at)
        tell_organisations(issue, text=text, at=at, news="reply" if answers else "")
        if not answers:
            tell_supporters(issue, text=text, at=at)
        if to == State.WITHDRAWN:
            author_wants_no_more(issue, at=at)
    return issue


def add_by_reporter(*, issue: Issue, text: str, photos: Sequence[Photo] = (), at: datetime) -> Issue:
    """More words or photos from the reporter. In WAITING they answer the question and the report goes on."""
    if not text:
        raise MoveRefusedError("needs_text")
    with transaction.atomic():
        issue = locked(issue.subject_id)
        if issue.state == State.WAITING:
            return move_by_reporter(issue=issue, to=State.ACCEPTED, text=text, photos=photos, at=at)
        if issue.state not in OPEN:
            raise MoveRefusedError("no_such_move")
        if not photos and is_said(issue, by=By.REPORTER, organisation=None, text=text, at=at):
            return issue
        append_event(issue, Kind.ADDED, by=By.REPORTER, at=at, text=text)
        if photos:
            attach(photos=photos, subject=issue.subject, role=Photo.Role.PROBLEM, at=at)
        touch(issue, at=at)
        tell_organisations(issue, text=text, at=at, news="added")
    return issue


def move_by_staff(
    *, issue: Issue, to: State, user: User, text: str = "", duplicate_of: Issue | None = None, at: datetime
) -> Issue:
    """A moderator moves a report; a duplicate names its original, of the same community. Raises MoveRefusedError."""
    original = duplicate_of if to == State.DUPLICATE else None
    if to == State.DUPLICATE and not is_original(original, of=issue):
        raise MoveRefusedError("needs_original")
    with transaction.atomic():
        if original:
            original = _locked_together(issue, original)
        issue = locked(issue.subject_id)
        was, issue.duplicate_of = issue.state, original
        _move(issue, to, actor=Actor.STAFF, text=text, at=at, user=user)
        tell(issue, who=issue.community, text=text, at=at)
        tell_organisations(issue, text=text, at=at, news=to if to == State.DUPLICATE else "moderated")
        if original:
            carry_supporters(issue, to=original, at=at)
        elif was == State.DUPLICATE:
            take_supporters_back(issue, at=at)
    return issue


def set_visibility(*, issue: Issue, visibility: Visibility, reason: str = "", user: User, at: datetime) -> Issue:
    """A moderator publishes, blurs, holds or hides a report (hiding needs a reason, which stays with the staff).

    A report of a sensitive category that is published is blurred. What could not leave while it was hidden leaves when
    it no longer is.
    """
    if visibility == Visibility.HIDDEN and not reason:
        raise MoveRefusedError("needs_text")
    with transaction.atomic():
        issue = locked(issue.subject_id)
        subject = issue.subject
        subject.refresh_from_db()  # as it is now that the report is locked
        if visibility == Visibility.PUBLIC:
            visibility = published(issue.category)
        was, hidden_reason = subject.visibility, reason if visibility == Visibility.HIDDEN else ""
        if (was, subject.hidden_reason) == (visibility, hidden_reason):
            return issue
        Subject.objects.filter(pk=subject.pk).update(visibility=visibility, hidden_reason=hidden_reason)
        append_event(issue, Kind.VISIBILITY, by=By.STAFF, at=at, user=user, text=hidden_reason, changed=was)
        touch(issue, at=at)
        if was in (Visibility.HIDDEN, Visibility.HELD):
            resend_hidden(subject, at=at)
    issue.subject.refresh_from_db()
    return issue


def redact_words(*, event: IssueEvent, user: User, at: datetime) -> None:
    """Takes the words out of an event, and out of letters that have not left, for good; that it was done is an event
    itself."""
    with transaction.atomic():
        issue = locked(event.issue.subject_id)
        words = event.words
        if words is None or words.redacted_at:
            return
        take_out_of_letters(event, words.text)
        words.text, words.redacted_at = "", at
        words.save(update_fields=["text", "redacted_at"])
        if event.kind in (Kind.HANDED_BACK, Kind.PASSED_ON):
            forget_refusal(subject=issue.subject, organisation=event.organisation, refused_at=event.at)
        append_event(issue, Kind.REDACTED, by=By.STAFF, at=at, user=user)
        touch(issue, at=at)


def locked(subject_id: int) -> Issue:
    """The report of that subject, which nobody else changes until the transaction ends.

    Locked first and read after: a statement that does both joins what it read before it waited, and finds no row when
    a correction meanwhile changed the category.
    """
    Issue.objects.select_for_update().only("pk").get(subject=subject_id)
    issue: Issue = Issue.objects.select_related("subject", "community", "category").get(subject=subject_id)
    return issue


def nobody_holds(issue: Issue) -> bool:
    """True for an open report that waits for the community's staff to find who must answer: nobody has it, or only
    an organisation without a channel does."""
    standing = Delivery.objects.standing().responsible().filter(subject=issue.subject_id)
    return issue.state in OPEN and standing.count() == unheard(subject=issue.subject).count()


def _let_go(delivery: Delivery, kind: IssueEvent.Kind, *, reason: str, at: datetime) -> Issue:
    """The delivery ends with its reason, the report is new again, and the reporter hears of it. `kind`: handed back,
    or passed on by the duty queue."""
    issue = locked(delivery.subject_id)
    was = State(issue.state)
    if was not in HANDED_BACK:
        raise MoveRefusedError("no_such_move")
    if not hand_back(delivery=delivery, reason=reason, at=at):
        raise MoveRefusedError("too_late")
    issue.state = HANDED_BACK[was]
    touch(issue, at=at)
    append_event(
        issue,
        kind,
        by=By.ORGANISATION,
        at=at,
        organisation=delivery.organisation,
        was=was,
        now=issue.state,
        text=reason,
    )
    tell(issue, who=delivery.organisation, news=kind, text=reason, at=at)
    return issue


def _give(
    issue: Issue, to: Organisation, *, chosen_by: str, at: datetime, user: User | None = None, note: str
) -> Delivery | None:
    verdict = chosen_by_hand(
        to,
        chosen_by=chosen_by,
        point=issue.location,
        category=issue.category,
        community=issue.community,
        at=issue.created_at,
    )
    return send_to_responsible(issue=issue, verdict=verdict, at=at, user=user, note=note)


def is_said(issue: Issue, *, by: By, organisation: Organisation | None, text: str, at: datetime) -> bool:
    """Whether these very words are the last that happened, a moment ago: a form that was sent twice says them once."""
    last = issue.events.select_related("words", "organisation").latest("at", "id")
    said = last.words.text if last.words else ""
    return (last.by, last.organisation, said) == (by, organisation, text) and at - last.at < SAME_PRESS


def _still_theirs(delivery: Delivery) -> None:
    if Delivery.objects.filter(pk=delivery.pk, refused_at__isnull=False).exists():
        raise MoveRefusedError("too_late")


def _move(
    issue: Issue,
    to: State,
    *,
    actor: Actor,
    text: str,
    at: datetime,
    organisation: Organisation | None = None,
    user: User | None = None,
) -> None:
    allowed = move(issue.state, to)
    if allowed is None or actor not in allowed.by:
        raise MoveRefusedError("no_such_move")
    if allowed.needs_text and not text:
        raise MoveRefusedError("needs_text")
    was, issue.state = issue.state, to
    if to == State.REOPENED:
        issue.due_on = promise(category=issue.category, community=issue.community, at=at).due_on
    issue.changed_at = at
    issue.save(update_fields=["state", "due_on", "changed_at", "duplicate_of"])
    append_event(
        issue, Kind.MOVED, by=By(actor.value), at=at, organisation=organisation, user=user, was=was, now=to, text=text
    )


def _locked_together(issue: Issue, original: Issue) -> Issue:
    """The original as it is now. Both rows are locked in one order: two reports that are closed as duplicates of each
    other at the same moment wait, and the second is refused."""
    both = Issue.objects.select_for_update(of=("self",)).filter(pk__in=[issue.pk, original.pk]).order_by("pk")
    now = next((row for row in both.select_related("subject", "community", "category") if row.pk == original.pk), None)
    if now is None or not is_original(now, of=issue):
        raise MoveRefusedError("needs_original")
    return now


def touch(issue: Issue, *, at: datetime) -> None:
    """Something happened to the report at that moment."""
    issue.changed_at = at
    issue.save(update_fields=["state", "changed_at"])


def tell_organisations(issue: Issue, *, text: str, at: datetime, news: str = "") -> None:
    """Those who hold the report hear what was done besides; `news`: “reply”, “added”, “supporter”, “corrected” or
    “moderated”, else the state."""
    standing = Delivery.objects.standing().responsible().filter(subject=issue.subject)
    for delivery in standing.select_related("organisation", "token", "subject", "message"):

        def compose(secret: str) -> Letter:
            return letters.to_organisation(issue, secret, news=news or issue.state, text=text)

        write_again(delivery=delivery, compose=compose, at=at)
