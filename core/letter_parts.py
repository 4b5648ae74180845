"""Taking a letter apart, within limits: who wrote it, when, whether a program did, the words, what is attached."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import Final

from core.html_words import words_of_html
from core.written_words import new_words

MOST_BYTES: Final = 26 * 1024 * 1024  # a letter; large providers take 25 MB
HEAD_BYTES: Final = 64 * 1024  # so much is kept of a larger one, and read of one that tells of a delivery
MOST_PARTS: Final = 60
DEEPEST: Final = 8
MOST_ATTACHED: Final = 10
MOST_TEXT: Final = 1024 * 1024  # characters of one part that are read
LOGO: Final = 40 * 1024  # a picture that stands inside the words, and is no larger, is no photo of anything
OLDEST: Final = timedelta(days=60)  # a clock that says so is wrong
AHEAD: Final = timedelta(minutes=5)

Parts = Message  # as email.parser makes them

_BOUNDARY = re.compile(rb"boundary\s*\*?[0-9]*\*?\s*=", re.IGNORECASE)
_TYPE = re.compile(rb"^content-type\s*:", re.IGNORECASE | re.MULTILINE)
_REPORT = re.compile(rb"delivery-status", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,250}")
_PICTURES = re.compile(r"\.(?:jpe?g|png|webp|avif|heic|heif|tiff?)$", re.IGNORECASE)
_AWAY = re.compile(
    r"\W*(?:auto(?:matic)?[ -]?reply|auto[ -]?response|out of (?:the )?office"
    r"|автовідповідь|автоматична відповідь|автоответ|автоматический ответ)",
    re.IGNORECASE,
)
_BY_PROGRAMS = ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "X-Failed-Recipients", "X-Idempotency-Key")


class UnreadableError(ValueError):
    """The letter has more parts, or deeper ones, than any that a person writes, or cannot be taken apart."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture that came with a letter; what it really is, nobody has looked at yet."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """A letter as its readers get it."""

    message_id: str  # with its brackets; "" when it has none that is sane
    sender: str  # where one answers it automatically: the sender on the envelope, else From
    written_at: datetime  # by its own Date when that can be true, else when it came
    words: str  # newly written ones only
    pictures: tuple[Attachment, ...] = ()
    left_out: int = 0  # attachments that are no pictures, or too many
    is_too_big: bool = False


@dataclass(slots=True)
class _Found:
    """What the parts hold, collected on the way through them."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    pictures: list[Attachment] = field(default_factory=list)
    left_out: int = 0


def take_apart(raw: bytes) -> Parts:
    """The parts of a letter. Raises UnreadableError before much work was done."""
    if len(_BOUNDARY.findall(raw)) > MOST_PARTS or len(_TYPE.findall(raw)) > MOST_PARTS:
        raise UnreadableError("too many parts")
    tells = _REPORT.search(raw) is not None  # each empty line of such a part would become a part
    try:
        return message_from_bytes(raw[:HEAD_BYTES] if tells else raw, policy=policy.compat32)
    except (RecursionError, LookupError, ValueError, TypeError) as error:
        raise UnreadableError(type(error).__name__) from error


def written(parts: Parts, *, size: int, received_at: datetime) -> Written:
    """The letter as its readers get it. Raises UnreadableError."""
    found, is_too_big = _Found(), size > MOST_BYTES
    if not is_too_big:
        _collect(parts, found)
    words = new_words("\n".join(found.plain)) or new_words("\n".join(words_of_html(html) for html in found.html))
    pictures = found.pictures[:MOST_ATTACHED]
    return Written(
        message_id=message_id_of(parts),
        sender=_sender(parts),
        written_at=_written_at(parts, received_at),
        words=words,
        pictures=tuple(pictures),
        left_out=found.left_out + len(found.pictures) - len(pictures),
        is_too_big=is_too_big,
    )


def is_automatic(parts: Parts) -> bool:
    """Whether a program wrote it (RFC 3834, and what programs did before it): nobody answers that, and it answers
    nothing. Our own letters, when they come back, are among them."""
    by = header(parts, "Auto-Submitted").lower()
    bulk = header(parts, "Precedence").lower() in {"bulk", "junk", "auto_reply"}
    envelope = parts.get("Return-Path") is not None and not parseaddr(header(parts, "Return-Path"))[1]
    named = any(parts.get(name) is not None for name in _BY_PROGRAMS)
    reports = parts.get_content_type() == "multipart/report"
    away = bool(_AWAY.match(header(parts, "Subject")))
    return (by not in ("", "no") and not by.startswith("no;")) or bulk or envelope or named or reports or away


def header(parts: Parts, name: str) -> str:
    """A header in words; "" when it is missing, whatever it holds when nobody can decode it."""
    raw = next((str(value) for key, value in parts.raw_items() if key.lower() == name.lower()), "")[:2000]
    value = _decoded(raw.encode("utf-8", "surrogateescape"), "")  # some programs encode nothing
    with contextlib.suppress(ValueError, LookupError, AttributeError):  # undecodable words stay as they are
        value = str(make_header(decode_header(value)))
    return " ".join(value.replace("\x00", "").split())


def message_id_of(parts: Parts) -> str:
    """The Message-ID with its brackets; "" without a sane one."""
    found = _MESSAGE_ID.search(str(parts.get("Message-ID") or "").replace("\x00", ""))
    return found[0] if found and found[0].isascii() and found[0].isprintable() else ""


def text_of(part: Parts) -> str:
    """The text of one part, in whatever it is written."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    text = _decoded(data, part.get_content_charset() or "")[:MOST_TEXT]
    flowed = str(part.get_param("format") or "").lower() == "flowed"
    return _unfolded(text, str(part.get_param("delsp") or "").lower() == "yes") if flowed else text


def every_part(parts: Parts, depth: int = 0) -> Iterator[Parts]:
    """The letter and its parts, one after another; what is attached as a letter is not opened. Raises
    UnreadableError."""
    if depth > DEEPEST:
        raise UnreadableError("too deep")
    yield parts
    if parts.get_content_maintype() == "multipart":
        for part in inside(parts):
            yield from every_part(part, depth + 1)


def inside(part: Parts) -> list[Parts]:
    """The parts of which this one consists."""
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _collect(parts: Parts, found: _Found) -> None:
    in_words: set[int] = set()
    for number, part in enumerate(every_part(parts)):
        if number > MOST_PARTS:
            raise UnreadableError("too many parts")
        if part.get_content_type() == "multipart/related":
            in_words |= {id(child) for child in inside(part)}
        if part.get_content_maintype() != "multipart":
            _sort_in(part, found, is_inside=id(part) in in_words)


def _sort_in(part: Parts, found: _Found, *, is_inside: bool) -> None:
    kind, name = part.get_content_type(), _name_of(part)
    is_attached = part.get_content_disposition() == "attachment" or bool(name)
    if kind == "text/plain" and not is_attached:
        found.plain.append(text_of(part))
    elif kind == "text/html" and not is_attached:
        found.html.append(text_of(part))
    elif kind.startswith("image/") or _PICTURES.search(name):
        data = part.get_payload(decode=True)
        if isinstance(data, bytes) and not (is_inside and len(data) <= LOGO):
            found.pictures.append(Attachment(name or "photo", data))
    elif kind not in ("application/pgp-signature", "application/pkcs7-signature", "text/calendar"):
        found.left_out += 1


def _name_of(part: Parts) -> str:
    try:
        return str(make_header(decode_header(part.get_filename() or "")))[:200]
    except (ValueError, LookupError, TypeError, AttributeError):
        return "file"


def _decoded(data: bytes, charset: str) -> str:
    for name in (charset, "utf-8", "windows-1251"):
        if name and not (name == "us-ascii" and not data.isascii()):
            try:
                return data.decode(name)
            except (LookupError, UnicodeError):
                continue
    return data.decode("utf-8", "replace")


def _unfolded(text: str, delsp: bool) -> str:
    """format=flowed (RFC 3676): a line that ends with a space goes on in the next one."""
    lines: list[str] = []
    goes_on = False
    for raw_line in text.replace("\r\n", "\n").split("\n"):
        line = raw_line.removeprefix(" ")
        if goes_on and not line.startswith(">"):
            lines[-1] = (lines[-1][:-1] if delsp else lines[-1]) + line
        else:
            lines.append(line)
        goes_on = line.endswith(" ") and line != "-- " and not line.startswith(">")
    return "\n".join(lines)


def _sender(parts: Parts) -> str:
    for name in ("Return-Path", "From"):
        address = parseaddr(header(parts, name))[1]
        if _ADDRESS.fullmatch(address):
            return address[:320]
    return ""


def _written_at(parts: Parts, received_at: datetime) -> datetime:
    try:
        moment = parsedate_to_datetime(str(parts.get("Date") or ""))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if received_at - OLDEST <= moment <= received_at + AHEAD:
            return min(moment, received_at).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        pass
    return received_at
