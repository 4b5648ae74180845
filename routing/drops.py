"""File drop, for old systems: a message is a file in a folder, and so is an answer.

In the folder of the channel: `messages/` is written by us, one KEY.json and one KEY.txt per message; `answers/` is
written by them, and each file in it is read once and moved into `answers/done/` or `answers/refused/`, there beside a
.txt that says why. A file that is being written is left alone: it is no whole JSON yet, or its name says so.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from core.mail import SendingFailedError
from core.models import Failure
from core.tokens import fill_secrets
from routing.answers import BadAnswerError, OtherWordsError, UnknownReportError, receive_named
from routing.bodies import MOST_BYTES, NoAnswerError, answer_in, as_json, message_of, mistake_in_words
from routing.models import Answer, Channel

MESSAGES: Final = "messages"
ANSWERS: Final = "answers"
DONE: Final = "answers/done"
REFUSED: Final = "answers/refused"
MOST_FILES: Final = 200  # answers that are read in one turn
PATIENCE: Final = timedelta(minutes=10)  # with a file that is no whole JSON: it may still be written


class DropFailedError(OSError):
    """The folder cannot be used now. `permanent`: not before a person changes something."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class GoneError(DropFailedError):
    """The file is not there any more: somebody else took it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plain file that lies there."""

    name: str
    size: int  # bytes
    changed_at: datetime  # by the clock of where it lies


class Drop(Protocol):
    """A folder, on this machine or another. `folder` is one of those above, `name` a single component. Everything
    raises DropFailedError."""

    def write(self, folder: str, name: str, data: bytes) -> None:
        """At once: whoever looks finds the whole file, or the one that was there before."""

    def files(self, folder: str) -> Iterable[Found]:
        """Plain files in the folder; none when there is no such folder."""

    def read(self, folder: str, name: str, *, most: int) -> bytes:
        """At most so many bytes of the file."""

    def move(self, folder: str, name: str, to: str) -> None:
        """Into another folder, in the place of one that has that name there."""

    def close(self) -> None:
        """Nothing more is asked of it."""


def put(drop: Drop, payload: Mapping[str, Any], key: uuid.UUID) -> None:
    """Writes a message: first for people, then for programs, so that whoever finds the JSON finds both. One that is
    written again takes the place of the first. Raises SendingFailedError."""
    message = message_of(payload, key)
    try:
        drop.write(MESSAGES, f"{key}.txt", fill_secrets(payload["text"]).encode())
        drop.write(MESSAGES, f"{key}.json", as_json(message))
    except DropFailedError as failed:
        raise as_failure(failed) from failed


def as_failure(failed: DropFailedError) -> SendingFailedError:
    """In the words of the outbox."""
    failure = Failure.OURS if failed.permanent else Failure.UNREACHABLE
    return SendingFailedError(str(failed)[:300], failure=failure, permanent=failed.permanent)


def collect(drop: Drop, channel: Channel, *, at: datetime) -> int:
    """Reads the answers that lie there; returns how many were taken. A file that cannot be read stops no other. Raises
    DropFailedError when the folder cannot be used, or for the last such file."""
    ready = [found for found in drop.files(ANSWERS) if _is_an_answer(found.name)]
    ready.sort(key=lambda found: (found.changed_at, found.name))
    taken, failed = 0, None
    for found in ready[:MOST_FILES]:
        try:
            taken += _take(drop, found, channel, at=at)
        except GoneError:
            continue
        except DropFailedError as error:
            failed = error
    if failed is not None:
        raise failed
    return taken


def _take(drop: Drop, found: Found, channel: Channel, *, at: datetime) -> bool:
    """Applies one file and puts it aside: first the one, then the other, and what is interrupted between them is
    repeated, which does nothing."""
    if found.size > MOST_BYTES:
        return _put_aside(drop, found, mistake_in_words("long"))
    try:
        named = answer_in(drop.read(ANSWERS, found.name, most=MOST_BYTES + 1))
        answer = receive_named(channel=channel, number=named.report, incoming=named.incoming, at=at)
    except NoAnswerError:
        if at - found.changed_at < PATIENCE:
            return False
        return _put_aside(drop, found, mistake_in_words("json"))
    except BadAnswerError as bad:
        return _put_aside(drop, found, mistake_in_words(bad.code))
    except UnknownReportError:
        return _put_aside(drop, found, mistake_in_words("unknown"))
    except OtherWordsError:
        return _put_aside(drop, found, mistake_in_words("other"))
    if answer.outcome == Answer.Outcome.REFUSED:
        return _put_aside(drop, found, f"{answer.get_outcome_display()}: {answer.code}")
    drop.move(ANSWERS, found.name, DONE)
    return True


def _put_aside(drop: Drop, found: Found, why: str) -> bool:
    drop.write(REFUSED, f"{found.name.removesuffix('.json')}.txt", f"{why}\n".encode())
    drop.move(ANSWERS, found.name, REFUSED)
    return False


def _is_an_answer(name: str) -> bool:
    """Whether the name is one that people and programs give; a leading dot or another ending means “not finished”."""
    plain = name.isprintable() and "/" not in name and len(name) <= 200
    return plain and name.endswith(".json") and not name.startswith(".")
