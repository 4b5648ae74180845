"""What other Open311 servers answer, read with suspicion: XML or JSON, of bounded size, without entities.

Whatever cannot be used is an UnreadableError, never a crash; a row that makes no sense is left out, the others stay.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError
from zoneinfo import ZoneInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.dateparse import parse_datetime

LONGEST_ID: Final = 150  # characters
LONGEST_TEXT: Final = 4000
MOST_ROWS: Final = 5000
_NOT_TEXT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
Row = Mapping[str, str]


class UnreadableError(ValueError):
    """The answer is not what the specification says; the argument says why, for staff."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a server gave for a request that was sent: its number, or a token for it."""

    request_id: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """How a request stands there. `changed_at`: None when it does not say."""

    request_id: str
    status: str
    notes: str
    description: str
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Update:
    """One thing that happened to a request there."""

    update_id: str
    request_id: str
    status: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Service:
    """What can be asked of a server."""

    code: str
    name: str
    group: str


def rows_of(body: bytes) -> list[Row]:
    """The rows of an answer, each as name → text. Raises UnreadableError."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        return _of_xml(body)
    if start in (b"[", b"{"):
        return _of_json(body)
    raise UnreadableError("neither XML nor JSON")


def receipt_of(body: bytes) -> Receipt:
    """Raises UnreadableError when there is neither a number nor a token."""
    for row in rows_of(body):
        request_id, token = _id(row, "service_request_id"), _id(row, "token")
        if request_id or token:
            return Receipt(request_id, token)
    raise UnreadableError("neither a number nor a token")


def states_of(body: bytes, *, zone: str) -> list[State]:
    """Raises UnreadableError."""
    return [
        State(
            request_id=_id(row, "service_request_id"),
            status=row.get("status", "").strip().lower()[:40],
            notes=text_of(row.get("status_notes", "")),
            description=text_of(row.get("description", "")),
            changed_at=_moment(row.get("updated_datetime", ""), zone),
        )
        for row in rows_of(body)
        if _id(row, "service_request_id")
    ]


def updates_of(body: bytes, *, zone: str) -> list[Update]:
    """Raises UnreadableError."""
    found = []
    for row in rows_of(body):
        update_id, request_id = _id(row, "update_id"), _id(row, "service_request_id")
        at = _moment(row.get("updated_datetime", ""), zone)
        if update_id and request_id and at:
            status = row.get("status", "").strip().lower()[:40]
            found.append(Update(update_id, request_id, status, text_of(row.get("description", "")), at))
    return found


def services_of(body: bytes) -> list[Service]:
    """Raises UnreadableError."""
    return [
        Service(code, text_of(row.get("service_name", ""))[:200], text_of(row.get("group", ""))[:200])
        for row in rows_of(body)
        if (code := _id(row, "service_code"))
    ]


def update_id_of(body: bytes) -> str:
    """The number that a server gave to an update that was sent; "" when it gave none. Raises UnreadableError."""
    return next((found for row in rows_of(body) if (found := _id(row, "update_id"))), "")


def errors_of(body: bytes) -> str:
    """What an error says, for staff: its descriptions, or "" when it cannot be read."""
    try:
        told = [row.get("description", "") for row in rows_of(body)]
    except UnreadableError:
        return ""
    return text_of("; ".join(filter(None, told)))[:300]


def text_of(text: str) -> str:
    """Words fit to be kept and shown, at most LONGEST_TEXT characters."""
    return _NOT_TEXT.sub("", text).strip()[:LONGEST_TEXT]


def _of_xml(body: bytes) -> list[Row]:
    try:
        root = fromstring(body, forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError) as error:
        raise UnreadableError(f"XML that is not read: {type(error).__name__}") from error
    if root.tag.lower().endswith("html"):
        raise UnreadableError("a page, no answer")
    return [{field.tag: _words_in(field) for field in row} for row in _some(iter(root))]


def _words_in(field: Element) -> str:
    """The text of an element; what stands in elements inside it is no text of ours."""
    return field.text or ""


def _of_json(body: bytes) -> list[Row]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"JSON that is not read: {type(error).__name__}") from error
    if isinstance(told, dict):  # wrapped under a name, as FixMyStreet and some others do; or one row alone
        told = next((inner for inner in told.values() if isinstance(inner, list)), [told])
    return [_row(row) for row in _some(iter(told)) if isinstance(row, dict)]


def _row(row: Mapping[str, Any]) -> Row:
    """Texts and numbers of a row; nothing else is expected where we look."""
    kept = (str, int, float)
    return {name: str(value) for name, value in row.items() if isinstance(value, kept) and not isinstance(value, bool)}


def _some(rows: Iterator[Any]) -> Iterator[Any]:
    for count, row in enumerate(rows):
        if count >= MOST_ROWS:
            raise UnreadableError("more rows than anybody asked for")
        yield row


def _id(row: Row, name: str) -> str:
    """A number of theirs, "" for what cannot be one."""
    text = row.get(name, "").strip()
    return text if 0 < len(text) <= LONGEST_ID and text.isprintable() else ""


def _moment(text: str, zone: str) -> datetime | None:
    try:
        found = parse_datetime(text.strip()[:40])
        if found is not None and found.tzinfo is None:
            found = found.replace(tzinfo=ZoneInfo(zone))
        return found.astimezone(ZoneInfo("UTC")) if found else None
    except (ValueError, OverflowError):
        return None
