"""What other servers say of our reports, pulled back: numbers behind tokens, states, updates. Each becomes an answer
once (routing.answers), by their clock, in whatever order and however often it is told.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override
from django_scopes import scope, scopes_disabled

from core.mail import SendingFailedError
from routing.answers import BadAnswerError, Incoming, receive
from routing.models import Answer, Channel, RemoteRequest
from routing.open311_reading import State, Update
from routing.open311_remote import NotThereError, Remote, id_behind, remote_of, states_with, updates_between
from routing.open311_words import do_of, is_closed

log = logging.getLogger(__name__)

Do = Answer.Do
BATCH: Final = 50  # numbers in one question
AT_ONCE: Final = 500  # requests that one turn asks about
EVERY: Final = timedelta(minutes=5)  # an open request is asked about
LONGEST_PAUSE: Final = timedelta(hours=1)  # between questions that get no answer
TOKEN_TRIES: Final = 48  # two days, nearly all of it at LONGEST_PAUSE
WATCHED: Final = timedelta(days=30)  # after it was closed there: somebody may open it again
OVERLAP: Final = timedelta(hours=1)  # updates are asked for again: servers write some down late
FARTHEST: Final = timedelta(days=89)  # of the specification
WORDS_READ: Final = "uk"  # by residents, where the other side gave none


def pull(*, at: datetime) -> int:
    """Asks about what is due at all servers; returns how many answers were taken. One that fails stops no other."""
    return sum(_pull_channel(channel, rows, at=at) for channel, rows in _claimed(at=at))


def ask_again(rows: QuerySet[RemoteRequest], *, at: datetime) -> int:
    """Staff have these asked about at once, with a fresh count of tries, also such as were asked no more; returns how
    many."""
    return rows.update(due_at=at, tries=0)


def _claimed(*, at: datetime) -> list[tuple[Channel, list[RemoteRequest]]]:
    """What is due, by channel. It is due again soon whatever happens: a worker that dies loses nothing."""
    with transaction.atomic(), scopes_disabled():
        due = RemoteRequest.objects.select_for_update(skip_locked=True, of=("self",)).filter(due_at__lte=at)
        rows = list(due.select_related("channel__community", "delivery__subject").order_by("due_at")[:AT_ONCE])
        for row in rows:
            row.due_at = at + _pause(row)
        RemoteRequest.objects.bulk_update(rows, ["due_at"])
    found: dict[Channel, list[RemoteRequest]] = defaultdict(list)
    for row in rows:
        found[row.channel].append(row)
    return list(found.items())


def _pause(row: RemoteRequest) -> timedelta:
    """A token is asked again after 5, 10, 20… seconds; a number after EVERY; what fails ever more seldom."""
    first = EVERY if row.remote_id else timedelta(seconds=5)
    return min(first * (1 << min(row.tries, 12)), LONGEST_PAUSE)


def _pull_channel(channel: Channel, rows: Sequence[RemoteRequest], *, at: datetime) -> int:
    taken = 0
    with scope(community=channel.community):
        try:
            remote = remote_of(channel)
        except SendingFailedError as failed:
            _in_vain(rows, str(failed))
            return 0
        for row in (one for one in rows if not one.remote_id):
            _ask_token(remote, row, at=at)
        known = {row.remote_id: row for row in rows if row.remote_id}
        keys = list(known)
        for first in range(0, len(keys), BATCH):
            taken += _ask_states(remote, {key: known[key] for key in keys[first : first + BATCH]}, at=at)
    return taken


def _ask_token(remote: Remote, row: RemoteRequest, *, at: datetime) -> None:
    try:
        number = id_behind(remote, row.token)
    except SendingFailedError as failed:
        number, row.trouble = "", str(failed)[:300]
    row.tries += 1
    if number:
        row.remote_id, row.tries, row.trouble, row.due_at = number, 0, "", at
    elif row.tries >= TOKEN_TRIES:
        row.due_at, row.trouble = None, row.trouble or "no number came for its token"
    try:
        with transaction.atomic():
            row.save(update_fields=["remote_id", "tries", "trouble", "due_at"])
    except IntegrityError:  # two tokens became one number there
        RemoteRequest.objects.filter(pk=row.pk).update(due_at=None, trouble=f"{number} is another report's number")


def _ask_states(remote: Remote, known: Mapping[str, RemoteRequest], *, at: datetime) -> int:
    rows = list(known.values())
    try:
        updates = _updates(remote, rows, at=at)
        states = states_with(remote, list(known))
    except SendingFailedError as failed:
        _in_vain(rows, str(failed))
        return 0
    taken = 0
    for update in sorted(updates, key=lambda one: (one.at, one.update_id)):
        row = known.get(update.request_id)
        if row and update.update_id not in row.sent_updates:
            taken += _take_update(row, update, at=at)
    for state in states:
        row = known.get(state.request_id)
        if row:
            taken += _take_state(row, state, at=at)
    for row in rows:
        _was_read(row, at=at)
    return taken


def _updates(remote: Remote, rows: Sequence[RemoteRequest], *, at: datetime) -> list[Update]:
    """What happened since they were read last, where the channel is set to ask, or nothing is known against it."""
    if rows[0].channel.settings.get("reads_updates") is False:
        return []
    since = max(min(row.read_at or row.sent_at for row in rows) - OVERLAP, at - FARTHEST)
    try:
        return updates_between(remote, since, at + OVERLAP)
    except NotThereError:
        return []  # it has no such extension: states tell enough


def _take_update(row: RemoteRequest, update: Update, *, at: datetime) -> int:
    do = do_of(update.status)
    row.status = "closed" if is_closed(update.status) else "open"
    return _receive(row, f"update {update.update_id}", do, update.text, update.at, at=at)


def _take_state(row: RemoteRequest, state: State, *, at: datetime) -> int:
    """A request that was closed since, when no update said so; new notes of one that is open."""
    was_closed, closes = row.status == "closed", is_closed(state.status)
    notes = hashlib.sha256(state.notes.encode()).hexdigest() if state.notes else ""
    has_news = bool(notes) and notes != row.notes
    row.status, row.notes = ("closed" if closes else "open"), notes or row.notes
    happened = state.changed_at or at
    if closes and not was_closed:
        return _receive(row, f"closed {happened.isoformat()}", do_of(state.status), state.notes, happened, at=at)
    reads_updates = row.channel.settings.get("reads_updates") is not False
    if has_news and not closes and not reads_updates:
        return _receive(row, f"notes {notes[:32]}", Do.REPLY, state.notes, happened, at=at)
    return 0


def _receive(row: RemoteRequest, number: str, do: Answer.Do, text: str, happened: datetime, *, at: datetime) -> int:
    """One answer; 0 when there is nothing to say, or nobody to say it of."""
    if row.delivery is None or (do == Do.REPLY and not text):
        return 0
    with override(WORDS_READ):
        words = text or _("It was closed in their system, without words.")
    incoming = Incoming(external_id=number, do=do.value, text=words, happened_at=happened)
    try:
        receive(delivery=row.delivery, via="open311", incoming=incoming, at=at, channel=row.channel)
    except BadAnswerError as bad:
        log.warning("An answer from channel %s could not be kept (%s)", row.channel_id, bad.code)
        return 0
    return 1


def _was_read(row: RemoteRequest, *, at: datetime) -> None:
    row.read_at, row.tries, row.trouble = at, 0, ""
    is_over = row.status == "closed" and at - row.sent_at > WATCHED
    row.due_at = None if is_over else at + (EVERY if row.status != "closed" else LONGEST_PAUSE)
    row.save(update_fields=["read_at", "tries", "trouble", "due_at", "status", "notes"])


def _in_vain(rows: Iterable[RemoteRequest], why: str) -> None:
    for row in rows:
        row.tries, row.trouble = row.tries + 1, why[:300]
        row.save(update_fields=["tries", "trouble"])
