"""Letters that come back: each is kept once, before its mailbox forgets it, then read and settled in one transaction.

What a letter to a reply address becomes is up to the app whose secret link the address names: it registers a reader.
Words of letters never go to logs; neither do the addresses of their senders.
"""

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import connection, transaction
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from core import limits
from core.bounces import Fate, read_bounce
from core.broker import nudge_on_commit
from core.incoming_models import IncomingLetter
from core.letter_parts import (
    HEAD_BYTES,
    MOST_BYTES,
    Parts,
    UnreadableError,
    Written,
    is_automatic,
    message_id_of,
    take_apart,
    written,
)
from core.models import Lane, OutboxMessage, Subject, Token
from core.outbox import Letter, enqueue
from core.outbox_ends import bounce
from core.verp import Kind, ReturnAddress, addresses_in

log = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=5)  # so long a letter is its reader's alone
MOST_TRIES: Final = 3
MOST_ADDRESSES: Final = 5  # of ours, that one letter may be meant for
KEPT: Final = timedelta(days=30)  # the letter itself, when it became nothing: staff may want to look
NOTICES: Final = timedelta(hours=1)  # one automatic answer about one thing in so long
MOST_ANSWERS: Final = 20  # by one right in so long
ENVELOPE: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
WRITTEN_TO: Final = ("To", "Cc")

Outcome = IncomingLetter.Outcome
STAY: Final = (Outcome.REFUSED, Outcome.AUTOMATIC, Outcome.UNKNOWN, Outcome.TOO_BIG, Outcome.BROKEN)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a letter; `note`: a code for the staff, never words of it."""

    outcome: IncomingLetter.Outcome
    note: str = ""


Settle = Callable[[], Verdict]
Reader = Callable[..., Settle]
_readers: dict[str, Reader] = {}


class NotYetError(Exception):
    """What the letter speaks of is on its way here: look again later."""


def register_reader(purpose: str, reader: Reader) -> None:
    """For links of that purpose: `reader(token=, letter=, at=)` prepares what takes long and may be done twice,
    outside of any transaction, in the scope of the community; what it returns is called in the transaction that
    settles the letter."""
    _readers[purpose] = reader


def keep(raw: bytes, *, size: int = 0, recipient: str = "", at: datetime) -> int:
    """Keeps one letter, as it came; returns how many new rows that made (0: it was here before).

    `size`: in bytes, when `raw` is only its head. `recipient`: whom the envelope names, where the mail server tells.
    A letter to several of our addresses is a row for each.
    """
    size = max(size, len(raw))
    raw = raw if size <= MOST_BYTES else raw[:HEAD_BYTES]
    parts = _headers_of(raw)
    ours: list[ReturnAddress | None] = [*_addresses(parts, recipient)] or [None]
    rows = [_row(raw, size, parts, address, at=at) for address in ours]
    with transaction.atomic(), scopes_disabled():
        digests = [row.digest for row in rows]
        before = IncomingLetter.objects.filter(digest__in=digests).count()
        IncomingLetter.objects.bulk_create(rows, ignore_conflicts=True)
        nudge_on_commit("core.tasks.read_letters")
    return len(rows) - before


def read_waiting(*, clock: Callable[[], datetime] = timezone.now, most: int = 50) -> int:
    """Reads and settles what waits, at most `most` letters; returns how many were tried."""
    for turn in range(most):
        letter = _claim(at=clock())
        if letter is None:
            return turn
        _read(letter, at=clock())
    return most


def tell_sender(
    letter: Written, answer: Letter, *, subject: Subject, audience: OutboxMessage.Audience, at: datetime
) -> bool:
    """One automatic letter to whoever wrote, in the caller's transaction; about one thing no more than one an hour,
    so that two programs never write to each other. False when none is written."""
    limit = limits.Limit("mail.notice", f"{subject.pk} {letter.sender.lower()}", 1, NOTICES)
    if not letter.sender or limits.use([limit], community=subject.community, at=at):
        return False
    enqueue(subject=subject, lane=Lane.DELIVERY, audience=audience, recipient=letter.sender, letter=answer, at=at)
    return True


def forget_words(*, at: datetime) -> int:
    """Letters that became nothing are erased after KEPT; that they came is still known. Returns how many."""
    with scopes_disabled():
        old = IncomingLetter.objects.filter(raw__isnull=False, settled_at__lt=at - KEPT)
        return int(old.update(raw=None))


def _row(raw: bytes, size: int, parts: Parts | None, address: ReturnAddress | None, *, at: datetime) -> IncomingLetter:
    row = IncomingLetter(digest=_digest(raw, parts, address), raw=raw, size=size, received_at=at, due_at=at)
    if address is None:
        return row
    row.address, row.names = address.kind, address.names
    with scopes_disabled():
        if address.kind == Kind.BOUNCE:
            row.message = OutboxMessage.objects.filter(key=address.names).select_related("subject").first()
            row.subject = row.message.subject if row.message else None
        else:
            token = Token.objects.filter(pk=address.names).select_related("subject").first()
            row.subject = token.subject if token else None
    row.community_id = row.subject.community_id if row.subject else None
    return row


def _digest(raw: bytes, parts: Parts | None, address: ReturnAddress | None) -> bytes:
    """Of what stays the same when a letter is brought twice: where it goes, its Message-ID and its body, not what mail
    servers write above. Without a Message-ID its whole head counts."""
    text = raw.replace(b"\r\n", b"\n").rstrip()
    head, _end, body = text.partition(b"\n\n")
    name = message_id_of(parts).encode() if parts is not None else b""
    whose = f"{address.kind}{address.names}".encode() if address else b""
    return hashlib.sha256(b"\0".join([whose, name or head, hashlib.sha256(body).digest()])).digest()


def _headers_of(raw: bytes) -> Parts | None:
    """The head alone: where a letter goes must be known though the rest of it cannot be read."""
    head = re.split(rb"\r?\n\r?\n", raw[:HEAD_BYTES], maxsplit=1)[0]
    try:
        return take_apart(head + b"\n\n")
    except UnreadableError:
        return None


def _addresses(parts: Parts | None, recipient: str) -> list[ReturnAddress]:
    """Those of ours that the envelope names, else those that the writer named."""
    if parts is None:
        return addresses_in(recipient)
    for text in (recipient, _lines(parts, ENVELOPE), _lines(parts, WRITTEN_TO)):
        if found := addresses_in(text):
            return found[:MOST_ADDRESSES]
    return []


def _lines(parts: Parts, names: tuple[str, ...]) -> str:
    return ", ".join(str(value) for name in names for value in parts.get_all(name) or [])


# A claim moves the next try on; whoever dies with a letter in hand leaves it to the next one.
CLAIM = """
UPDATE core_incomingletter SET due_at = %(until)s, attempts = attempts + 1
WHERE id = (SELECT id FROM core_incomingletter WHERE settled_at IS NULL AND due_at <= %(now)s
            ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def _claim(*, at: datetime) -> IncomingLetter | None:
    with transaction.atomic(), scopes_disabled(), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": at, "until": at + LEASE})
        found = cursor.fetchone()
        rows = IncomingLetter.objects.select_related("community", "subject", "message")
        return rows.get(pk=found[0]) if found else None


def _read(letter: IncomingLetter, *, at: datetime) -> None:
    """Nothing in one letter stops the others: what breaks is tried again, and at last set aside in sight."""
    try:
        if letter.attempts > MOST_TRIES:  # its readers died, and could not say why
            _settle(letter, lambda: Verdict(Outcome.BROKEN, "its readers died"), at=at)
        else:
            _settle(letter, _judge(letter, at=at), at=at)
    except UnreadableError as error:
        _settle(letter, partial(Verdict, Outcome.BROKEN, str(error)), at=at)
    except NotYetError:
        _again(letter, "not sent yet", at=at)
    except Exception as error:  # noqa: BLE001  the words of an error may be those of the letter
        log.error("Incoming letter %s broke (%s).", letter.pk, type(error).__name__)
        _again(letter, type(error).__name__, at=at)


def _again(letter: IncomingLetter, why: str, *, at: datetime) -> None:
    if letter.attempts >= MOST_TRIES:
        _settle(letter, lambda: Verdict(Outcome.BROKEN, why), at=at)


def _settle(letter: IncomingLetter, settle: Settle, *, at: datetime) -> None:
    """What the letter becomes, and that it did, in one transaction: a second reader finds it settled."""
    with transaction.atomic(), scopes_disabled():
        row = IncomingLetter.objects.select_for_update(of=("self",)).filter(pk=letter.pk, settled_at=None).first()
        if row is None:
            return
        with scope(community=letter.community):
            verdict = settle()
        row.outcome, row.note, row.settled_at = verdict.outcome, verdict.note[:200], at
        row.raw = row.raw if verdict.outcome in STAY else None
        row.save(update_fields=["outcome", "note", "settled_at", "raw"])


def _judge(letter: IncomingLetter, *, at: datetime) -> Settle:
    parts = take_apart(bytes(letter.raw or b""))
    if letter.subject is None or letter.community is None:
        note = "of another installation, or long gone" if letter.address else ""
        return lambda: Verdict(Outcome.AUTOMATIC if is_automatic(parts) else Outcome.UNKNOWN, note)
    if letter.address == Kind.BOUNCE:
        return _judge_bounce(letter, parts, at=at)
    if is_automatic(parts):
        return lambda: Verdict(Outcome.AUTOMATIC)
    return _judge_reply(letter, parts, at=at)


def _judge_reply(letter: IncomingLetter, parts: Parts, *, at: datetime) -> Settle:
    with scope(community=letter.community):
        token = Token.objects.select_related("subject", "community").filter(pk=str(letter.names)).first()
        reader = _readers.get(token.purpose) if token else None
        if token is None or reader is None:
            return lambda: Verdict(Outcome.UNKNOWN, "its link is gone")
        settle = reader(token=token, letter=written(parts, size=letter.size, received_at=letter.received_at), at=at)
        return partial(_unless_too_many, token, settle, at=at)


def _unless_too_many(token: Token, settle: Settle, *, at: datetime) -> Verdict:
    """Two programs that do not say that they are programs would go on for ever."""
    limit = limits.Limit("mail.answers", str(token.pk), MOST_ANSWERS, NOTICES)
    if limits.use([limit], community=token.community, at=at):
        return Verdict(Outcome.REFUSED, "too many in an hour")
    return settle()


def _judge_bounce(letter: IncomingLetter, parts: Parts, *, at: datetime) -> Settle:
    said, message = read_bounce(parts), letter.message

    def settle() -> Verdict:
        if message is None:
            return Verdict(Outcome.UNKNOWN, "our letter is gone")
        if said.fate == Fate.UNKNOWN:
            return Verdict(Outcome.AUTOMATIC)
        if said.fate == Fate.LATE:
            return Verdict(Outcome.DELAYED, said.status)
        if bounce(message, why=f"came back {said.status}".strip(), at=at):
            return Verdict(Outcome.BOUNCED, said.status)
        if OutboxMessage.objects.pending().filter(pk=message.pk).exists():
            raise NotYetError  # it left a moment ago, and whoever sent it has not written that down
        return Verdict(Outcome.REPEATED, said.status)

    return settle
