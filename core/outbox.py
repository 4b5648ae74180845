"""The outbox: what must leave is a row written with its cause; workers claim, send, retry, and give up in sight.

A claim is a lease that a living sender renews (core.keeping): when a worker dies between claim and commit, the lease
ends and another sends again, with the same idempotency key. Order of work: lanes first, then what is due longest.
"""

import logging
import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django_scopes import scopes_disabled

from core.broker import nudge, nudge_on_commit
from core.events import message_died
from core.keeping import kept
from core.mail import SendingFailedError, send_letter
from core.models import DELIVERED, ON_THE_MAP, Failure, Lane, OutboxMessage, Subject, Visibility
from core.together import AT_ONCE, Writer
from core.tokens import UnknownTokenError

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # so long a message waits for another worker when its own was killed
# A mail server that answers each of a letter's ten commands just before EMAIL_TIMEOUT takes 200 s.
LONGEST_SENDING = timedelta(minutes=5)
PAUSES = (0.5, 1, 2, 4, 8, 8)  # seconds in which the database may come back before a sender gives up writing down
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
MOST_ATTEMPTS = 14  # about nine hours of trying
BATCH = 10
FORGOTTEN = "its reader wants no more letters"
TURN = 20.0  # seconds after which a task starts no further message, so that other tasks get the worker

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
    nudge_on_commit("core.tasks.send_due")
    return message


# MATERIALIZED: no plan may ask twice for "the next ones" and so take more than `limit`.
CLAIM = """
WITH next AS MATERIALIZED (
    SELECT id FROM core_outboxmessage
    WHERE sent_at IS NULL AND dead_at IS NULL AND due_at <= %(now)s
      AND (leased_until IS NULL OR leased_until <= %(now)s)
    ORDER BY lane, due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE core_outboxmessage m SET claim = %(claim)s, leased_until = %(until)s, attempts = attempts + 1
FROM next WHERE m.id = next.id RETURNING m.id
"""


def claim(*, at: datetime, limit: int = BATCH) -> list[OutboxMessage]:
    """Takes up to `limit` due messages for this worker until the lease ends; nobody else gets them meanwhile."""
    mine = uuid.uuid4()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"claim": mine, "until": at + LEASE, "now": at, "limit": limit})
        ids = [row[0] for row in cursor.fetchall()]
    with scopes_disabled():
        rows = OutboxMessage.objects.filter(pk__in=ids).select_related("subject").order_by("lane", "due_at", "id")
        return list(rows)


def send_due(*, clock: Callable[[], datetime] = timezone.now, most: int = 200) -> int:
    """Claims and sends what is due, one message at a time, at most `most` and for about TURN; returns how many left."""
    sent, began = 0, time.monotonic()
    for _turn in range(most):
        if time.monotonic() - began > TURN:
            nudge("core.tasks.send_due")
            break
        claimed = claim(at=clock(), limit=1)
        if not claimed:
            break
        sent += send(claimed[0], clock=clock)
    return sent


def send(message: OutboxMessage, *, clock: Callable[[], datetime]) -> bool:
    """Sends one claimed message and writes down how it went; returns whether it left."""
    if _is_over(message, at=clock()):
        return False
    try:
        with kept(message, lease=LEASE, longest=LONGEST_SENDING, clock=clock):
            remember = _channels[message.channel](recipient=message.recipient, payload=message.payload, key=message.key)
    except SendingFailedError as error:
        _postpone(message, error, at=clock())
        return False
    except UnknownTokenError:
        _postpone(message, SendingFailedError("its secret link is gone", permanent=True), at=clock())
        return False
    except Exception as error:  # one bad message must not stop the lane; it is seen as a dead letter in the end
        log.exception("Message %s broke its channel", message.key)
        _postpone(message, SendingFailedError(type(error).__name__), at=clock())
        return False
    _write_down(partial(_note_sent, message, remember, at=clock()))
    return True


def _note_sent(message: OutboxMessage, remember: Remember | None, *, at: datetime) -> None:
    with transaction.atomic():
        went = {"channel": message.channel, "recipient": message.recipient}
        _settle(message, sent_at=at, dead_at=None, failure="", last_error="", **went)
        if remember:
            with scopes_disabled():
                remember(at)


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
            _settle(message, dead_at=at, failure=refusal[0], last_error=refusal[1])
    return refusal is not None


def retry_after(attempts: int, *, jitter: float) -> timedelta:
    """Capped exponential backoff: 30 s, 60 s, … 1 h, each shortened by up to a half (`jitter` from 0 to 1)."""
    doublings = min(max(attempts - 1, 0), 16)
    full = min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)
    return full * (1 - jitter / 2)


def resend(message: OutboxMessage, *, at: datetime) -> None:
    """Puts a dead letter back, due now, with a fresh count of tries and the same key."""
    changed = OutboxMessage.objects.filter(pk=message.pk, dead_at__isnull=False).update(
        sent_at=None,
        dead_at=None,
        bounced_at=None,
        due_at=at,
        attempts=0,
        failure="",
        last_error="",
        claim=None,
        leased_until=None,
    )
    if changed:
        nudge_on_commit("core.tasks.send_due")


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
    changed = waiting.update(due_at=at, attempts=0, failure="", last_error="", **given)
    if changed:
        nudge_on_commit("core.tasks.send_due")
    return bool(changed)


def give_up(message: OutboxMessage, *, why: str, at: datetime) -> None:
    """What waits ends as a dead letter. Its claim stays: one that is being sent now may still turn out to have left."""
    OutboxMessage.objects.pending().filter(pk=message.pk).update(dead_at=at, failure=Failure.OURS, last_error=why)


def forget_recipient(*, subject: Subject, recipient: str, audience: OutboxMessage.Audience, at: datetime) -> None:
    """Somebody wants no letters about this any more: what waits ends, and the address is erased from what left."""
    theirs = OutboxMessage.objects.filter(subject=subject, recipient__iexact=recipient, audience=audience)
    theirs.pending().update(dead_at=at, failure=Failure.OURS, last_error=FORGOTTEN)
    theirs.update(recipient="")


def bounce(message: OutboxMessage, *, why: str, at: datetime) -> bool:
    """It left, and its receiver's side sent it back for good: a dead letter, though `sent_at` stays. False when that
    was known, or when it has not left."""
    with transaction.atomic(), scopes_disabled():
        left = OutboxMessage.objects.filter(pk=message.pk, sent_at__isnull=False, dead_at=None)
        changed = left.update(dead_at=at, bounced_at=at, failure=Failure.REFUSED, last_error=why[:500])
        if changed:
            tell_of_death(message, at=at)
    return bool(changed)


def tell_of_death(message: OutboxMessage, *, at: datetime) -> None:
    """Apps above hear that a message was given up, in the caller's transaction: another way may be tried."""
    message.refresh_from_db()
    message_died.send(sender=OutboxMessage, message=message, at=at)


def _postpone(message: OutboxMessage, error: SendingFailedError, *, at: datetime) -> None:
    given_up = error.permanent or message.attempts >= MOST_ATTEMPTS
    # The reason stays in the row: what a mail server says often names the recipient, and that is not for logs.
    log.warning("Message %s was not sent (try %s%s)", message.key, message.attempts, ", the last" if given_up else "")
    when = {"dead_at": at}
    if not given_up:
        jitter = random.random()  # noqa: S311  spreads retries, decides nothing
        asked = min(error.pause, LONGEST_RETRY)
        when = {"due_at": at + max(retry_after(message.attempts, jitter=jitter), asked)}
    _settle(message, **when, failure=error.failure, last_error=str(error))


def _settle(message: OutboxMessage, **fields: Any) -> None:
    """Writes the outcome, but only while the claim is still ours: a late worker overwrites nobody."""
    with transaction.atomic(), scopes_disabled():
        ours = OutboxMessage.objects.filter(pk=message.pk, claim=message.claim, sent_at=None)
        if ours.update(claim=None, leased_until=None, **fields) and fields.get("dead_at"):
            tell_of_death(message, at=fields["dead_at"])
