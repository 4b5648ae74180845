"""What organisations' own systems say of a report becomes events, in whatever order it arrives.

The state follows what the organisation said in the order of its own clock (`happened_at`), not in that of arrival:
every answer that comes is put among those that came before, and the report moves to where all of them together lead. So
an older answer never moves a report back; its words are shown as a reply. What others did meanwhile (the reporter
reopened it, the staff or the organisation moved it on a page) is where the count begins anew: what happened before it
moves nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from issues import answering, moves
from issues.models import Issue, IssueEvent
from issues.states import OPEN, State
from issues.workflow import Actor, move
from media.models import Photo
from routing.answers import Applied
from routing.models import Answer, Delivery

Outcome = Answer.Outcome
NEEDS_TEXT = frozenset({Answer.Do.ASK.value, Answer.Do.FINISH.value, Answer.Do.REJECT.value})
SHOWN = OPEN | {State.DONE, State.CONFIRMED, State.REJECTED}  # where words that came late are still a part of the story


def apply(*, answer: Answer, photos: Sequence[Photo], at: datetime) -> Applied:
    """Does what the answer says to the report, by the same doors as the organisation's page; says what became of it."""
    delivery = answer.delivery
    issue = moves.locked(delivery.subject_id)
    if Delivery.objects.filter(pk=delivery.pk, refused_at__isnull=False).exists():
        return Applied(Outcome.REFUSED, "too_late")
    if answer.do == Answer.Do.REPLY:
        return _say(issue, answer, photos, at=at)
    if answer.do == Answer.Do.REFUSE:
        return _refuse(issue, answer, at=at)
    if answer.do in NEEDS_TEXT and not answer.text:
        return Applied(Outcome.REFUSED, "needs_text")
    return _move(issue, answer, photos, at=at)


def find(community_id: int, number: int) -> int | None:
    """The key of the subject of the report of that number."""
    found = Issue.objects.filter(community=community_id, number=number).values_list("subject", flat=True)
    return found.first()


def _move(issue: Issue, answer: Answer, photos: Sequence[Photo], *, at: datetime) -> Applied:
    base, since = _where_it_began(issue, answer.delivery)
    if since is not None and answer.happened_at <= since:
        return _late(issue, answer, photos, "older", at=at)
    others = _said_since(answer.delivery, since)
    goal = _led_to(base, sorted([*others, answer], key=_when))
    if goal == issue.state:
        return _late(issue, answer, photos, "older" if _is_older(answer, others) else "no_such_move", at=at)
    try:
        with transaction.atomic():
            became = _go(issue, answer, photos, goal, at=at)
    except moves.MoveRefusedError as refused:
        return _late(issue, answer, photos, refused.code, at=at)
    return Applied(Outcome.APPLIED, became=became)


def _go(issue: Issue, answer: Answer, photos: Sequence[Photo], goal: State, *, at: datetime) -> list[int]:
    """Moves the report by the answer, and then on to the goal: a question that came after what was said later.

    Raises MoveRefusedError.
    """
    delivery, before = answer.delivery, _last_event(issue)
    answering.by_organisation(delivery=delivery, do=answer.do, text=answer.text, photos=photos, at=at)
    if answering.ORGANISATION_MOVES[answer.do] != goal:
        moves.move_by_organisation(delivery=delivery, to=goal, at=at)
    return _events_after(issue, before)


def _refuse(issue: Issue, answer: Answer, *, at: datetime) -> Applied:
    """“Not ours”, unless they went on with it later."""
    _base, since = _where_it_began(issue, answer.delivery)
    others = _said_since(answer.delivery, since)
    if (since is not None and answer.happened_at <= since) or _is_older(answer, others):
        return _late(issue, answer, (), "older", at=at)
    before = _last_event(issue)
    try:
        with transaction.atomic():
            moves.not_ours(delivery=answer.delivery, reason=answer.text, at=at)
    except moves.MoveRefusedError as refused:
        return Applied(Outcome.REFUSED, refused.code)
    return Applied(Outcome.APPLIED, became=_events_after(issue, before))


def _say(issue: Issue, answer: Answer, photos: Sequence[Photo], *, at: datetime) -> Applied:
    if not answer.text:
        return Applied(Outcome.REFUSED, "needs_text")
    if issue.state not in SHOWN:
        return Applied(Outcome.LATE, "no_such_move")
    return Applied(Outcome.APPLIED, became=_show_words(issue, answer, photos, at=at))


def _late(issue: Issue, answer: Answer, photos: Sequence[Photo], code: str, *, at: datetime) -> Applied:
    """The state stays; the words are shown when there are any and the report still shows some."""
    if not answer.text or issue.state not in SHOWN:
        return Applied(Outcome.LATE, code)
    return Applied(Outcome.WORDS_ONLY, code, became=_show_words(issue, answer, photos, at=at))


def _show_words(issue: Issue, answer: Answer, photos: Sequence[Photo], *, at: datetime) -> list[int]:
    before = _last_event(issue)
    moves.words_of_organisation(delivery=answer.delivery, text=answer.text, photos=photos, at=at)
    return _events_after(issue, before)


def _where_it_began(issue: Issue, delivery: Delivery) -> tuple[State, datetime | None]:
    """The state from which the organisation's answers count, and the moment after which they do: those of the last
    change that did not come by an answer. None: all of them do, the report came to them as it is."""
    ours = {
        key for became in Answer.objects.filter(delivery=delivery).values_list("became", flat=True) for key in became
    }
    others = issue.events.exclude(pk__in=ours).exclude(now="").order_by("-id")
    last = others.first()
    if last is None:
        return State.NEW, None
    return State(last.now), last.at if _is_after(last, delivery) else None


def _is_after(event: IssueEvent, delivery: Delivery) -> bool:
    """Whether it happened while the organisation had the report: what made the report theirs is no such thing."""
    return event.at > delivery.created_at


def _said_since(delivery: Delivery, since: datetime | None) -> list[Answer]:
    """Answers that count, without the one that is being applied (it has no outcome yet)."""
    kept = Answer.objects.filter(delivery=delivery, do__in=answering.ORGANISATION_MOVES)
    kept = kept.exclude(outcome=Outcome.REFUSED)
    return list(kept if since is None else kept.filter(happened_at__gt=since))


def _led_to(base: State, answers: Iterable[Answer]) -> State:
    """Where these answers lead, one after another; one that the table of moves does not know there leads nowhere."""
    state = base
    for answer in answers:
        to = answering.ORGANISATION_MOVES[answer.do]
        allowed = move(state, to)
        if allowed is not None and Actor.ORGANISATION in allowed.by:
            state = to
    return state


def _is_older(answer: Answer, others: Iterable[Answer]) -> bool:
    return any(_when(other) > _when(answer) for other in others)


def _when(answer: Answer) -> tuple[datetime, str, str]:
    """Their clock; a moment that has not come is that of arrival, so that a wrong clock does not rule for ever."""
    return min(answer.happened_at, answer.received_at), answer.external_id, answer.via


def _last_event(issue: Issue) -> int:
    found: int = issue.events.order_by("-id").values_list("pk", flat=True).first() or 0
    return found


def _events_after(issue: Issue, last: int) -> list[int]:
    return list(issue.events.filter(pk__gt=last).order_by("id").values_list("pk", flat=True))
