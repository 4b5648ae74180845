"""What a letter to a bounce address says of our own letter: it is lost for good, it is late, or nothing.

Most mail servers say it in a report that programs read (RFC 3464); older ones say it in words.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.letter_parts import Parts, every_part, header, inside, text_of

LOOKED_AT: Final = 4_000  # characters of its words: what it quotes of our letter comes after them


class Fate(StrEnum):
    """What became of our letter."""

    LOST = "lost"
    LATE = "late"
    UNKNOWN = "unknown"  # a holiday notice, a receipt, whatever else


@dataclass(frozen=True, slots=True)
class Bounce:
    """The fate, and the status by RFC 3463 that was given with it, “5.1.1”; "" when none was."""

    fate: Fate
    status: str = ""


_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])(5[05]\d|4[25]\d)(?![\d.])")
_LATE = re.compile(
    r"delay|not yet been delivered|will (?:be retried|keep trying|retry)|still trying|temporar|затрим|задерж|повторн",
    re.IGNORECASE,
)
_LOST = re.compile(
    r"undeliver|returned mail|failure notice|delivery (?:has )?fail|mail delivery failed"
    r"|status notification \(failure\)|could not be delivered"
    r"|не доставлен|недоставлен|не вдалося доставити|не удалось доставить",
    re.IGNORECASE,
)
_DAEMON = re.compile(r"(?:mailer-?daemon|postmaster|mail-?daemon|maildelivery|mdaemon)\b[^@]*@", re.IGNORECASE)


def read_bounce(parts: Parts) -> Bounce:
    """What the letter says. Raises UnreadableError."""
    for part in every_part(parts):
        if part.get_content_type() == "message/delivery-status":
            return _reported(part)
    return _told(parts) if _is_of_a_mail_server(parts) else Bounce(Fate.UNKNOWN)


def _reported(part: Parts) -> Bounce:
    """By the fields of the report; “failed” is final whatever the status says: the server has given up."""
    for block in inside(part):
        action, status = header(block, "Action").lower(), _STATUS.search(header(block, "Status"))
        code = status[1] if status else ""
        if action == "failed" or (not action and code.startswith("5")):
            return Bounce(Fate.LOST, code)
        if action == "delayed" or (not action and code.startswith("4")):
            return Bounce(Fate.LATE, code)
    return Bounce(Fate.UNKNOWN)


def _told(parts: Parts) -> Bounce:
    subject = header(parts, "Subject")
    body = next((text_of(part) for part in every_part(parts) if part.get_content_type() == "text/plain"), "")
    words = body[:LOOKED_AT]
    status, code = _STATUS.search(words), _CODE.search(words)
    said = status[1] if status else ""
    if _LATE.search(subject) or said.startswith("4") or (not said and _LATE.search(words)):
        return Bounce(Fate.LATE, said)
    if said.startswith("5") or (code and code[1].startswith("5")) or _LOST.search(f"{subject}\n{words}"):
        return Bounce(Fate.LOST, said)
    return Bounce(Fate.UNKNOWN, said)


def _is_of_a_mail_server(parts: Parts) -> bool:
    if header(parts, "Auto-Submitted").lower().startswith("auto-replied") and not parts.get("X-Failed-Recipients"):
        return bool(_DAEMON.search(header(parts, "From"))) and bool(_LOST.search(header(parts, "Subject")))
    return bool(_DAEMON.search(header(parts, "From"))) or parts.get("X-Failed-Recipients") is not None
