"""Answers of organisations by whatever channel: each is kept first, once, and then applied by the app whose thing it is
about, in the same transaction. Whoever brings one may bring it again, later, and in any order.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction

from media.models import Photo
from routing.models import Answer, Channel, Delivery
from routing.models.answers import LONGEST_ANSWER, LONGEST_ID

NOT_APPLIED: Final = "not_applied"
REDACTED: Final = "…"  # in place of words that a moderator removed
NO_TEXT = re.compile("[\0\ud800-\udfff]")  # PostgreSQL keeps no text with these


class BadAnswerError(ValueError):
    """It says nothing that could be applied. `code`: “id”, “do”, “text” or “happened_at”: the part that is wrong."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Incoming:
    """What an organisation says: `do` is one of Answer.Do; `external_id` names this answer where it comes from, the
    same whenever it is brought; `happened_at` is a moment by their clock."""

    external_id: str
    do: str
    text: str
    happened_at: datetime
    photos: Sequence[Photo] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of it; `code`: why it was refused or came too late; `became`: keys of the events that it became."""

    outcome: str
    code: str = ""
    became: list[int] = field(default_factory=list)


class UnknownReportError(LookupError):
    """The organisation has, and had, nothing of that number here."""


class OtherWordsError(ValueError):
    """An answer of that number came before, and said something else."""


Applier = Callable[..., Applied]
Finder = Callable[[int, int], int | None]


@dataclass(frozen=True, slots=True)
class _Kind:
    apply: Applier
    find: Finder


_kinds: dict[str, _Kind] = {}


def register_applier(kind: str, apply: Applier, *, find: Finder) -> None:
    """For subjects of that kind: `apply(answer=, photos=, at=)` does what the answer says, by the usual doors, and
    returns an Applied. It locks the thing first, so that two answers about it never judge at once.

    `find(community_id, number)` returns the key of the subject that people know by that number, or None.
    """
    _kinds[kind] = _Kind(apply, find)


def receive(
    *, delivery: Delivery, via: str, incoming: Incoming, at: datetime, channel: Channel | None = None
) -> Answer:
    """Keeps the answer and applies it. One that came before by this way is returned as it is, and does nothing.

    `via`: the kind of channel that brought it. Raises BadAnswerError for what cannot even be kept.
    """
    _check(incoming)
    with transaction.atomic():
        answer, is_new = Answer.objects.get_or_create(
            delivery=delivery,
            via=via,
            external_id=incoming.external_id,
            defaults={
                "community_id": delivery.community_id,
                "channel": channel,
                "do": incoming.do,
                "text": incoming.text,
                "happened_at": incoming.happened_at,
                "received_at": at,
                "outcome": Answer.Outcome.REFUSED,
                "code": NOT_APPLIED,
            },
        )
        if is_new:
            applied = _apply(answer, incoming.photos, at=at)
            answer.outcome, answer.code, answer.became = applied.outcome, applied.code, applied.became
            answer.save(update_fields=["outcome", "code", "became"])
    return answer


def receive_named(*, channel: Channel, number: int, incoming: Incoming, at: datetime, kind: str = "issue") -> Answer:
    """The same for whoever names the thing by its number: about the delivery to the organisation of this channel.

    Raises BadAnswerError, UnknownReportError, and OtherWordsError when the repetition is none.
    """
    delivery = delivery_named(channel=channel, number=number, kind=kind)
    if delivery is None:
        raise UnknownReportError(str(number))
    return receive_same(delivery=delivery, via=channel.kind, incoming=incoming, at=at, channel=channel)


def receive_same(
    *, delivery: Delivery, via: str, incoming: Incoming, at: datetime, channel: Channel | None = None
) -> Answer:
    """As `receive`, for whoever can be told, and gives its answers ids of its own: those that came before it left
    the organisation and came back are known. Raises OtherWordsError too, when the repetition is none."""
    _check(incoming)
    answer = known_answer(delivery=delivery, via=via, external_id=incoming.external_id) or receive(
        delivery=delivery, via=via, incoming=incoming, at=at, channel=channel
    )
    same_words = answer.text in (incoming.text, REDACTED)
    if not same_words or (answer.do, answer.happened_at) != (incoming.do, incoming.happened_at):
        raise OtherWordsError(incoming.external_id)
    return answer


def known_answer(*, delivery: Delivery, via: str, external_id: str) -> Answer | None:
    """The answer of that id that came by this way before, about this delivery or another of the same thing to the same
    organisation; the first of them."""
    theirs = {"delivery__subject": delivery.subject_id, "delivery__organisation": delivery.organisation_id}
    known = Answer.objects.filter(**theirs, via=via, external_id=external_id).order_by("id")
    found: Answer | None = known.select_related("delivery").first()
    return found


def forget_words(*, subject_id: int, event: int) -> None:
    """A moderator removed the words of an event: the answer that became it keeps them no longer."""
    kept = Answer.objects.filter(delivery__subject=subject_id, became__contains=[event]).exclude(text="")
    kept.update(text=REDACTED)


def delivery_named(*, channel: Channel, number: int, kind: str = "issue") -> Delivery | None:
    """The delivery that an answer by this channel is about: see `delivery_to`."""
    return delivery_to(channel.organisation_id, community_id=channel.community_id, number=number, kind=kind)


def delivery_to(organisation_id: int, *, community_id: int, number: int, kind: str = "issue") -> Delivery | None:
    """The delivery of the thing to that organisation: what stands before what has ended, the last first. None when the
    organisation never had it."""
    subject = _kinds[kind].find(community_id, number)
    here = {"organisation": organisation_id, "community": community_id}
    rows = Delivery.objects.select_related("subject", "organisation", "token").filter(subject=subject, **here)
    answering = rows.responsible()
    found: Delivery | None = answering.filter(refused_at=None).last() or answering.last() or rows.last()
    return found


def _apply(answer: Answer, photos: Sequence[Photo], *, at: datetime) -> Applied:
    delivery = answer.delivery
    if delivery.role != Delivery.Role.RESPONSIBLE:
        return Applied(Answer.Outcome.REFUSED, "not_asked")
    known = _kinds.get(delivery.subject.kind)
    if known is None:
        return Applied(Answer.Outcome.REFUSED, NOT_APPLIED)
    return known.apply(answer=answer, photos=photos, at=at)


def _check(incoming: Incoming) -> None:
    is_id = 0 < len(incoming.external_id) <= LONGEST_ID and incoming.external_id.isprintable()
    is_text = len(incoming.text) <= LONGEST_ANSWER and not NO_TEXT.search(incoming.text)
    good = {
        "id": is_id,
        "do": incoming.do in Answer.Do.values,
        "text": is_text,
        "happened_at": incoming.happened_at.tzinfo is not None,
    }
    for code, fits in good.items():
        if not fits:
            raise BadAnswerError(code)
