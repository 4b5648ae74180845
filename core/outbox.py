"""The outbox: what must leave is a row written with its cause; workers claim, send, retry, and give up in sight.

A claim is a lease that a living sender renews (core.keeping): when a worker dies between claim and commit, the lease
ends and another sends again, with the same idempotency key. Which message is next: core.outbox_claim. Each lane has
workers of its own: core.seats.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django_scopes import scopes_disabled

from core.broker import nudge, nudge_on_commit
from core.keeping import kept
from core.mail import SendingFailedError, send_letter
from core.models import (
    DELIVERED,
    ON_THE_MAP,
    Failure,
    Lane,
    OutboxMessage,
    Outcome,
    Subject,
    Visibility,
)
from core.outbox_claim import LEASE, claim
from core.outbox_ends import MOST_ATTEMPTS, TASKS, note_answer, postpone, settle
from core.outbox_limits import Limits
from core.together import AT_ONCE, Writer
from core.tokens import UnknownTokenError
from core.ways import claim_to_ask

log = logging.getLogger(__name__)

__all__ = ["LEASE", "Letter", "claim", "enqueue", "enqueue_message", "register_channel", "resend", "send", "send_due"]

# A mail server that answers each of a letter's ten commands just before EMAIL_TIMEOUT takes 200 s.
LONGEST_SENDING = timedelta(minutes=5)
PAUSES = (0.5, 1, 2, 4, 8, 8)  # seconds in which the database may come back before a sender gives up writing down
FORGOTTEN = "its reader wants no more letters"
TURN = 20.0  # seconds after which a task starts no further message, so that other tasks get the worker
WORTH_WAITING = 2.0  # seconds: a limit that opens later is found open by a later task

_asking = {lane: Lock() for lane in Lane}

Remember = Callable[[datetime], None]
Sender = Callable[..., Remember | None]
_channels: dict[str, Sender] = {"email": send_letter}


def register_channel(name: str, sender: Sender) -> None:
    """Adds a way out: `sender(recipient=, payload=, key=)` sends or raises SendingFailedError.

    What it returns, if anything, is called with the moment, in the transaction that writes down that the message left:
    the number that the receiver gave it, for example.
    """
    _channels[name] = sender


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered message; secrets in it are placeholders (core.tokens)."""

    subject: str
    text: str
    html: str
    stop_url: str = ""  # where a mail program asks for no more of them (List-Unsubscribe, RFC 8058)
    reply_to: str = ""  # placeholder of the secret link by whose right its reader may answer by e-mail (core.verp)
    answers: str = ""  # Message-ID of the letter that it answers by itself (RFC 3834)
    data: Mapping[str, Any] = field(default_factory=dict)  # the same as facts, for programs; to organisations only


def enqueue(
    *,
    subject: Subject,
    lane: Lane,
    audience: OutboxMessage.Audience,
    recipient: str,
    letter: Letter,
    at: datetime,
    write: Writer = AT_ONCE,
) -> OutboxMessage:
    """Writes an e-mail into the outbox, in the caller's transaction, and asks a worker to hurry after the commit."""
    return enqueue_message(
        subject=subject,
        lane=lane,
        audience=audience,
        channel="email",
        recipient=recipient,
        payload=rendered(letter),
        at=at,
        write=write,
    )


def rendered(letter: Letter) -> dict[str, Any]:
    """The payload of an e-mail."""
    optional = {"stop_url": letter.stop_url, "reply_to": letter.reply_to, "answers": letter.answers}
    always = {"subject": letter.subject, "text": letter.text, "html": letter.html}
    return always | {name: value for name, value in optional.items() if value}


def enqueue_message(
    *,
    subject: Subject,
    lane: Lane,
    audience: OutboxMessage.Audience,
    channel: str,
    recipient: str,
    payload: Mapping[str, Any],
    at: datetime,
    write: Writer = AT_ONCE,
) -> OutboxMessage:
    """Writes a message for any registered channel into the outbox, as `enqueue` does."""
    message = write.create(
        OutboxMessage,
        community_id=subject.community_id,
        subject=subject,
        lane=lane,
        channel=channel,
        audience=audience,
        recipient=recipient,
        payload=dict(payload),
        created_at=at,
        due_at=at,
    )
    nudge_on_commit(TASKS[Lane(lane)])
    return message


def send_due(
    *lanes: Lane,
    clock: Callable[[], datetime] = timezone.now,
    most: int = 200,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Claims and sends what is due in these lanes (in all, when none is named), one message at a time, at most `most`
    and for about TURN; returns how many left. Begins none once `stopping` says so."""
    chosen = lanes or tuple(Lane)
    sent = sum(_ask(lane, clock=clock) for lane in chosen)
    tries, ends = 0, time.monotonic() + TURN
    while tries < most and not stopping():
        if time.monotonic() > ends:
            for lane in chosen:
                nudge(TASKS[lane])
            break
        claimed = claim(at=clock(), lanes=chosen, limit=1)
        if claimed:
            tries += 1
            sent += send(claimed[0], clock=clock)
        elif not _waited_for_a_limit(chosen, clock=clock):
            break
    return sent


def _ask(lane: Lane, *, clock: Callable[[], datetime]) -> bool:
    """Lets one message ask whether its way is open again, if that is due; whether it left. Of the threads of a process
    one asks for a lane: however many receivers hang, the others send."""
    if not _asking[lane].acquire(blocking=False):
        return False
    try:
        asking = claim_to_ask(lane, at=clock())
        return asking is not None and send(asking, clock=clock, asks=True)
    finally:
        _asking[lane].release()


def _waited_for_a_limit(lanes: Iterable[Lane], *, clock: Callable[[], datetime]) -> bool:
    """Sleeps until a limit that holds one of these lanes lets something out, if that is soon; whether it did."""
    now = clock()
    pauses = [(opens - now).total_seconds() for lane in lanes if (opens := Limits.read(lane, at=now).opens)]
    with scopes_disabled():
        waits = bool(pauses) and OutboxMessage.objects.pending().filter(lane__in=lanes, due_at__lte=now).exists()
    if not waits or min(pauses) > WORTH_WAITING:
        return False
    time.sleep(max(min(pauses), 0.01))
    return clock() > now


def send(message: OutboxMessage, *, clock: Callable[[], datetime], asks: bool = False) -> bool:
    """Sends one claimed message and writes down how it went; returns whether it left. `asks`: whether its way, which
    was down, is open again: when nobody is found there, that was no try of the message."""
    if _is_over(message, at=clock()):
        return False
    try:
        with kept(message, lease=LEASE, longest=LONGEST_SENDING, clock=clock):
            remember = _channels[message.channel](recipient=message.recipient, payload=message.payload, key=message.key)
    except SendingFailedError as error:
        _write_down(partial(postpone, message, error, at=clock(), asked=asks))
        return False
    except UnknownTokenError:
        gone = SendingFailedError("its secret link is gone", permanent=True)
        _write_down(partial(postpone, message, gone, at=clock()))
        return False
    except Exception as error:  # one bad message must not stop the lane; it is seen as a dead letter in the end
        log.exception("Message %s broke its channel", message.key)
        _write_down(partial(postpone, message, SendingFailedError(type(error).__name__), at=clock()))
        return False
    _write_down(partial(_note_sent, message, remember, at=clock()))
    return True


def _note_sent(message: OutboxMessage, remember: Remember | None, *, at: datetime) -> None:
    with transaction.atomic():
        went = {"channel": message.channel, "recipient": message.recipient}
        settle(message, Outcome.Kind.SENT, at=at, sent_at=at, dead_at=None, failure="", last_error="", **went)
        if remember:
            with scopes_disabled():
                remember(at)
        note_answer(message, at=at)


def _write_down(write: Callable[[], None]) -> None:
    """Does it again and again while the database is away: what has left must not leave twice because of that."""
    for pause in PAUSES:
        try:
            return write()
        except OperationalError as error:
            log.warning("What was sent is not written down yet: %s", type(error).__name__)
            connection.close()
            time.sleep(pause)
    return write()


def why_not(message: OutboxMessage) -> tuple[Failure, str] | None:
    """Why this message must not leave, asked at the moment of sending, as a code and words for staff; None: it may."""
    allowed: dict[str, tuple[Visibility, ...]] = {
        OutboxMessage.Audience.ORGANISATION: DELIVERED,
        OutboxMessage.Audience.AUTHOR: tuple(Visibility),
        OutboxMessage.Audience.PUBLIC: ON_THE_MAP,
    }
    if message.subject.visibility not in allowed[message.audience]:
        return Failure.HIDDEN, "hidden before it was sent"
    if not message.recipient:
        return Failure.OURS, FORGOTTEN
    if message.channel not in _channels:
        return Failure.OURS, f"no channel {message.channel}"
    if message.attempts > MOST_ATTEMPTS:  # claimed again and again, and nobody lived to say how it went
        return Failure.OURS, "its workers died"
    return None


def _is_over(message: OutboxMessage, *, at: datetime) -> bool:
    """Whether it has ended, or ends here. Reads visibility, channel and words as they are now, not as claimed.

    One transaction judges and writes down, and holds the subject: who changes its visibility meanwhile waits, and then
    finds the dead letter (`resend_hidden`).
    """
    with transaction.atomic(), scopes_disabled():
        held = OutboxMessage.objects.select_for_update(of=("subject",), no_key=True).select_related("subject")
        row = held.filter(pk=message.pk, sent_at=None, dead_at=None).first()
        if row is None:
            return True
        message.subject, message.payload = row.subject, row.payload
        message.channel, message.recipient = row.channel, row.recipient
        refusal = why_not(message)
        if refusal:
            settle(message, Outcome.Kind.DIED, at=at, dead_at=at, failure=refusal[0], last_error=refusal[1])
    return refusal is not None


def resend(message: OutboxMessage, *, at: datetime) -> None:
    """Puts a dead letter back, due now, with a fresh count of tries and the same key; not one that was written off."""
    changed = OutboxMessage.objects.filter(pk=message.pk, dead_at__isnull=False, written_off=None).update(
        sent_at=None,
        dead_at=None,
        bounced_at=None,
        due_at=at,
        attempts=0,
        failure="",
        last_error="",
        claim=None,
        leased_until=None,
        queue="",
    )
    if changed:
        nudge_on_commit(TASKS[Lane(message.lane)])


def resend_hidden(subject: Subject, *, at: datetime) -> None:
    """What did not leave because the thing was hidden goes now that it is not."""
    for message in OutboxMessage.objects.filter(subject=subject, failure=Failure.HIDDEN):
        resend(message, at=at)


def readdress(
    message: OutboxMessage,
    *,
    recipient: str,
    channel: str = "",
    payload: Mapping[str, Any] | None = None,
    at: datetime,
) -> bool:
    """What waits goes elsewhere, with a fresh count of tries; by another channel and with another payload, if given.
    One that is being sent now is written down truly. False when it waits no longer."""
    given: dict[str, Any] = {"recipient": recipient}
    given |= {"channel": channel} if channel else {}
    given |= {"payload": dict(payload)} if payload is not None else {}
    waiting = OutboxMessage.objects.pending().filter(pk=message.pk)
    changed = waiting.update(due_at=at, attempts=0, failure="", last_error="", queue="", **given)
    if changed:
        nudge_on_commit(TASKS[Lane(message.lane)])
    return bool(changed)


def forget_recipient(*, subject: Subject, recipient: str, audience: OutboxMessage.Audience, at: datetime) -> None:
    """Somebody wants no letters about this any more: what waits ends, and the address is erased from what left."""
    theirs = OutboxMessage.objects.filter(subject=subject, recipient__iexact=recipient, audience=audience)
    theirs.pending().update(dead_at=at, failure=Failure.OURS, last_error=FORGOTTEN)
    theirs.update(recipient="")
