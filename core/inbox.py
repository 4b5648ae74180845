"""The mailbox to which letters come back (MISTO_INBOX_URL): a Maildir folder, or IMAP.

A letter leaves the mailbox only after it was kept (core.incoming.keep). Whoever dies in between finds it again, and
keeps it once; several may look at the same mailbox at the same moment.
"""

import contextlib
import imaplib
import logging
import mailbox
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings

from core.incoming import keep
from core.letter_parts import HEAD_BYTES, MOST_BYTES

log = logging.getLogger(__name__)

SECONDS: Final = 20  # for one answer of a mail server
MOST: Final = 200  # letters in one turn

Keep = Callable[[bytes, int], object]


class InboxError(OSError):
    """The mailbox could not be read. Its words never hold the password."""

    can_be_logged = True


def read_inbox(*, clock: Callable[[], datetime]) -> int:
    """Takes what lies in the mailbox; returns how many letters. Without the setting there is nothing to do. Raises
    InboxError."""
    if not settings.INBOX_URL:
        return 0
    where = urlsplit(settings.INBOX_URL)

    def take(raw: bytes, size: int) -> None:
        keep(raw, size=size, at=clock())

    return _from_folder(Path(unquote(where.path)), take) if where.scheme == "maildir" else _from_server(where, take)


def look_into() -> None:
    """Signs in to the server of MISTO_INBOX_URL and leaves everything there. Raises InboxError."""
    with _signed_in(urlsplit(settings.INBOX_URL)):
        pass


def _from_folder(folder: Path, take: Keep) -> int:
    if not folder.is_dir():
        raise InboxError("The folder of MISTO_INBOX_URL is not there.")
    box, taken = mailbox.Maildir(str(folder), factory=None, create=False), 0
    for name in box.keys()[:MOST]:
        try:
            with box.get_file(name) as file:
                raw = file.read(MOST_BYTES + 1)
                size = len(raw) + len(file.read(1)) if len(raw) <= MOST_BYTES else MOST_BYTES + 1
        except (KeyError, FileNotFoundError):  # another one was quicker
            continue
        except OSError as error:  # one that cannot be read stays, and does not stop the others
            log.warning("A letter in the mailbox cannot be opened (%s).", type(error).__name__)
            continue
        take(raw, size)
        with contextlib.suppress(KeyError, FileNotFoundError):
            box.remove(name)
        taken += 1
    return taken


def _from_server(where: SplitResult, take: Keep) -> int:
    taken = 0
    with _signed_in(where) as server:
        numbers = _said(server.uid("SEARCH", "UNDELETED"))[0]
        for number in numbers.split()[:MOST] if isinstance(numbers, bytes) else []:
            fetched = _fetch(server, number.decode())
            if fetched is None:  # another one was quicker
                continue
            take(*fetched)
            _said(server.uid("STORE", number.decode(), "+FLAGS.SILENT", r"(\Deleted)"))
            taken += 1
        if taken:
            server.expunge()
    return taken


@contextmanager
def _signed_in(where: SplitResult) -> Iterator[imaplib.IMAP4]:
    host, folder = where.hostname or "", unquote(where.path.lstrip("/")) or "INBOX"
    try:
        server = _connected(where, host)
        try:
            server.login(unquote(where.username or ""), unquote(where.password or ""))
            _said(server.select(f'"{folder}"'))
            yield server
        finally:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                server.logout()
    except (imaplib.IMAP4.error, OSError, UnicodeError) as error:  # what a server says may repeat what it was told
        raise InboxError(f"The mail server did not answer as it should ({type(error).__name__}).") from None


def _connected(where: SplitResult, host: str) -> imaplib.IMAP4:
    if where.scheme == "imaps":
        return imaplib.IMAP4_SSL(host, where.port or 993, ssl_context=ssl.create_default_context(), timeout=SECONDS)
    return imaplib.IMAP4(host, where.port or 143, timeout=SECONDS)


def _fetch(server: imaplib.IMAP4, number: str) -> tuple[bytes, int] | None:
    """(the letter, its size in bytes); of one that is too large, its head. None when it is gone."""
    told = b" ".join(line for line in _said(server.uid("FETCH", number, "(RFC822.SIZE)")) if isinstance(line, bytes))
    found = re.search(rb"RFC822\.SIZE (\d+)", told)
    if found is None:
        return None
    size = int(found[1])
    part = f"<0.{HEAD_BYTES}>" if size > MOST_BYTES else ""
    for line in _said(server.uid("FETCH", number, f"(BODY.PEEK[]{part})")):
        if isinstance(line, tuple):
            return line[1], size
    return None


def _said(answer: tuple[str, Sequence[object]]) -> list[object]:
    status, lines = answer
    if status != "OK":
        raise imaplib.IMAP4.error(status)
    return list(lines)
