"""The words of the buttons on the pages behind secret links, and the moves they stand for."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from core.models import DELIVERED, OutboxMessage
from issues import moves
from issues.corrections import hide_name
from issues.models import Issue
from issues.permissions import may_move
from issues.states import OPEN, State
from issues.workflow import Actor
from media.models import Photo
from routing.actions import is_duty_queue, organisations_to_pass_to
from routing.models import Delivery

ORGANISATION_MOVES = {
    "accept": State.ACCEPTED,
    "start": State.IN_PROGRESS,
    "ask": State.WAITING,
    "finish": State.DONE,
    "reject": State.REJECTED,
}
REPORTER_MOVES = {"confirm": State.CONFIRMED, "reopen": State.REOPENED, "withdraw": State.WITHDRAWN}


def organisation_may(issue: Issue, delivery: Delivery) -> set[str]:
    """Buttons that the organisation has now; while the report is open “reply”, and “refuse”, or “pass” for the duty
    queue."""
    named = {name for name, to in ORGANISATION_MOVES.items() if may_move(Actor.ORGANISATION, issue.state, to)}
    if issue.state not in OPEN:
        return named
    return named | {"reply", "pass" if is_duty_queue(delivery) else "refuse"}


def reporter_may(issue: Issue) -> set[str]:
    """Buttons that the author has now; to hide the name in every state, as that only makes less public."""
    named = {name for name, to in REPORTER_MOVES.items() if may_move(Actor.REPORTER, issue.state, to)}
    return named | ({"reply"} if issue.state in OPEN else set()) | ({"hide_name"} if issue.shows_name else set())


def by_organisation(
    *, delivery: Delivery, do: str, text: str, photos: Sequence[Photo], chosen: str = "", at: datetime
) -> None:
    """Does what the organisation pressed; `chosen`: id of the organisation that “pass” names. Raises
    MoveRefusedError."""
    if do == "pass":
        to = next((row for row in organisations_to_pass_to(delivery) if str(row.pk) == chosen), None)
        if to is None:
            raise moves.MoveRefusedError("no_such_organisation")
        moves.pass_on(delivery=delivery, to=to, reason=text, at=at)
    elif do == "refuse":
        moves.not_ours(delivery=delivery, reason=text, at=at)
    elif do == "reply":
        moves.reply_by_organisation(delivery=delivery, text=text, photos=photos, at=at)
    elif do in ORGANISATION_MOVES:
        moves.move_by_organisation(delivery=delivery, to=ORGANISATION_MOVES[do], text=text, photos=photos, at=at)
    else:
        raise moves.MoveRefusedError("no_such_move")


def by_reporter(*, issue: Issue, do: str, text: str, photos: Sequence[Photo], at: datetime) -> None:
    """Does what the author pressed. Raises MoveRefusedError."""
    if do == "reply":
        moves.add_by_reporter(issue=issue, text=text, photos=photos, at=at)
    elif do == "hide_name":
        hide_name(issue=issue, at=at)
    elif do in REPORTER_MOVES:
        moves.move_by_reporter(issue=issue, to=REPORTER_MOVES[do], text=text, photos=photos, at=at)
    else:
        raise moves.MoveRefusedError("no_such_move")


def organisation_was_told(issue: Issue, *, at: datetime) -> bool:
    """Whether what the author did at that moment goes to an organisation: it has a channel, and the report is shown."""
    theirs = OutboxMessage.Audience.ORGANISATION
    letters = OutboxMessage.objects.filter(subject=issue.subject_id, created_at=at, audience=theirs)
    return issue.subject.visibility in DELIVERED and letters.exists()


def refusal_in_words(code: str) -> str:
    """Why a move was refused, for the person who pressed the button."""
    return {
        "needs_text": _("Write a few words: people will read them."),
        "too_late_to_correct": _("They have begun to work on it meanwhile. Add your words to the report instead."),
        "too_late": _("This report was handed to another organisation meanwhile."),
        "no_such_move": _("The report changed meanwhile, and this is no longer possible. Look at its state above."),
        "name_is_hidden": _("Your name is hidden already: only those who must answer see it."),
        "needs_original": _("Name the report that this one repeats."),
        "no_such_organisation": _("Choose the organisation that must answer."),
        "pass_on": _("Nobody stands behind the duty queue: choose who must answer."),
    }[code]
