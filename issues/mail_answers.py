"""Answers by e-mail: of the organisation by the right of its link, of the author by the right of their follow.

They do what the buttons of the pages do. The first line may name a button; without it the letter is words. What
cannot be done is told to whoever wrote, and kept for the staff.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import Final
from uuid import UUID, uuid5

from core.incoming import Outcome, Settle, Verdict, tell_sender
from core.letter_parts import Written
from core.models import DELIVERED, OutboxMessage, Token
from core.written_words import command_in
from issues import answering
from issues.mail_notices import not_applied
from issues.models import MAX_TEXT, Issue
from issues.moves import MoveRefusedError
from issues.states import OPEN
from issues.uploads import MOST_PHOTOS
from media.actions import keep_draft
from media.models import Photo
from media.refusals import PhotoRefused
from notifications.models import Follow
from routing.answers import Incoming, receive
from routing.models import Answer, Delivery
from routing.models.answers import LONGEST_ID

# How people name the buttons, whatever the language of the letter that they answer.
ORGANISATION_SAYS: Final = {
    "accept": ("прийнято", "приймаємо", "прийнято в роботу", "accepted", "accept"),
    "start": ("в роботі", "у роботі", "взято в роботу", "розпочато", "in work", "in progress", "started", "start"),
    "ask": ("запитання", "питання", "уточнення", "question", "ask"),
    "finish": ("виконано", "зроблено", "усунено", "done", "fixed", "finished"),
    "reject": ("відхилено", "відмовлено", "rejected", "reject", "cannot be done"),
    "refuse": ("не наше", "не до нас", "не належить нам", "not ours"),
}
AUTHOR_SAYS: Final = {
    "confirm": ("підтверджую", "підтверджено", "confirm", "confirmed"),
    "reopen": ("відкрити знову", "не виконано", "не зроблено", "reopen", "not done"),
}
AUDIENCE = OutboxMessage.Audience
VIA: Final = "email"


def from_organisation(*, token: Token, letter: Written, at: datetime) -> Settle:
    """Reader of letters to the reply address of a delivery (core.incoming)."""
    delivery = Delivery.objects.select_related("organisation", "subject", "token").filter(token=token).first()
    issue = _issue_of(token.subject_id)
    is_theirs = delivery is not None and token.is_good(at) and delivery.subject.visibility in DELIVERED
    refused = partial(_refuse, issue, letter, audience=AUDIENCE.ORGANISATION, at=at)
    if delivery is None or not is_theirs:
        return partial(refused, "ended")
    do, text = command_in(letter.words, ORGANISATION_SAYS)
    if trouble := _trouble(letter, text):
        return partial(refused, trouble)
    photos, left_out = _photos(letter, token.pk, issue, at=at)
    said = Incoming(_number_of(letter), do or Answer.Do.REPLY, text, letter.written_at, photos)
    return partial(_receive, delivery, said, refused, left_out, at=at)


def _receive(
    delivery: Delivery, said: Incoming, refused: Callable[[str], Verdict], left_out: int, *, at: datetime
) -> Verdict:
    """By the door of all channels, which orders what came out of order, and takes nothing twice."""
    if Answer.objects.filter(delivery=delivery, via=VIA, external_id=said.external_id).exists():
        return Verdict(Outcome.REPEATED)
    answer = receive(delivery=delivery, via=VIA, incoming=said, at=at)
    if answer.outcome in (Answer.Outcome.APPLIED, Answer.Outcome.WORDS_ONLY):
        return _applied(left_out, answer.code)
    return refused(answer.code)


def from_author(*, follow: Follow, letter: Written, at: datetime) -> Settle:
    """Reader of letters to the reply address of an author (notifications.mail)."""
    issue = _issue_of(follow.subject_id)
    refused = partial(_refuse, issue, letter, audience=AUDIENCE.AUTHOR, at=at)
    if follow.role != Follow.Role.AUTHOR:
        return partial(refused, "ended")
    do, text = command_in(letter.words, AUTHOR_SAYS)
    if not do and issue.state not in OPEN:
        return partial(refused, "closed")
    if trouble := _trouble(letter, text):
        return partial(refused, trouble)
    photos, left_out = _photos(letter, follow.token_id, issue, at=at)
    act = partial(answering.by_reporter, issue=issue, do=do or "reply", text=text, photos=photos, at=at)
    return partial(_act, act, refused, left_out)


def _act(act: Callable[[], None], refused: Callable[[str], Verdict], left_out: int) -> Verdict:
    try:
        act()
    except MoveRefusedError as error:
        return refused(error.code)
    return _applied(left_out)


def _applied(left_out: int, code: str = "") -> Verdict:
    return Verdict(Outcome.APPLIED, ", ".join(filter(None, [code, f"left out: {left_out}" if left_out else ""])))


def _number_of(letter: Written) -> str:
    """What the answer is called where it comes from: its Message-ID, or one made of what it says."""
    if 0 < len(letter.message_id) <= LONGEST_ID:
        return letter.message_id
    whole = f"{letter.message_id} {letter.written_at.isoformat()} {letter.words}"
    return f"sha256:{sha256(whole.encode()).hexdigest()}"


def _refuse(issue: Issue, letter: Written, code: str, *, audience: OutboxMessage.Audience, at: datetime) -> Verdict:
    answer = not_applied(issue, code, audience=audience, message_id=letter.message_id)
    told = tell_sender(letter, answer, subject=issue.subject, audience=audience, at=at)
    return Verdict(Outcome.TOO_BIG if code == "too_big" else Outcome.REFUSED, code if told else f"{code}, not told")


def _trouble(letter: Written, text: str) -> str:
    """Why it cannot even be tried; "" when it can."""
    if letter.is_too_big:
        return "too_big"
    if not letter.words:
        return "no_words"
    return "too_long" if len(text) > MAX_TEXT else ""


def _photos(letter: Written, right: UUID, issue: Issue, *, at: datetime) -> tuple[Sequence[Photo], int]:
    """(the pictures, kept as drafts; how many attachments are not among them). Twice the same letter keeps them
    once."""
    photos: list[Photo] = []
    for number, picture in enumerate(letter.pictures[:MOST_PHOTOS]):
        key = uuid5(right, f"{letter.message_id or letter.written_at.isoformat()} {number}")
        try:
            photos.append(
                keep_draft(
                    community=issue.community, file=BytesIO(picture.data), name=picture.name, at=at, upload_key=key
                )
            )
        except PhotoRefused:
            continue
    return photos, letter.left_out + len(letter.pictures) - len(photos)


def _issue_of(subject_id: int) -> Issue:
    found: Issue = Issue.objects.select_related("subject", "community", "category").get(subject=subject_id)
    return found
