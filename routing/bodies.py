"""What programs of organisations exchange with us, as JSON: our messages to them, and their answers. docs/channels.md
describes every part of both.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from core.tokens import fill_secrets
from routing.answers import BadAnswerError, Incoming

MOST_BYTES: Final = 64 * 1024  # of an answer
TEST: Final = "test"  # news of a message by which a channel is tried


def message_of(payload: Mapping[str, Any], key: uuid.UUID) -> dict[str, Any]:
    """The message as facts, its secret link written in. One from before there were facts is its letter.

    Raises UnknownTokenError.
    """
    data: Mapping[str, Any] = payload.get("data") or {}
    told = {"id": str(key), "is_copy": bool(payload.get("is_copy")), **data}
    if not data:
        told |= {"news": "letter", "subject": payload["subject"], "text": fill_secrets(payload["text"])}
    if told.get("answer_url"):
        told["answer_url"] = fill_secrets(told["answer_url"])
    return told


def as_json(message: Mapping[str, Any]) -> bytes:
    """UTF-8, readable by people too."""
    return json.dumps(message, ensure_ascii=False, indent=1).encode()


@dataclass(frozen=True, slots=True)
class NamedAnswer:
    """An answer, and the number of the report that it is about."""

    report: int
    incoming: Incoming


class NoAnswerError(ValueError):
    """It is not even a JSON object (RFC 8259) in UTF-8."""


def answer_in(body: bytes) -> NamedAnswer:
    """The answer {id, report, do, text, happened_at} that a body holds; other parts are passed over.

    Raises NoAnswerError, or BadAnswerError with the name of the part that is wrong.
    """
    try:
        given = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise NoAnswerError from error
    if not isinstance(given, dict):
        raise NoAnswerError
    number, text = given.get("report"), given.get("text", "")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**31:
        raise BadAnswerError("report")
    if not isinstance(text, str):
        raise BadAnswerError("text")
    incoming = Incoming(_id(given.get("id")), _do(given.get("do")), text.strip(), _moment(given.get("happened_at")))
    return NamedAnswer(number, incoming)


def mistake_in_words(code: str) -> str:
    """What is wrong with an answer, for whoever wrote the program that sent it."""
    return {
        "json": _("The answer is a JSON object in UTF-8."),
        "long": _("An answer has at most 64 KB."),
        "id": _("“id” names this answer, the same whenever it is sent: 1 to 200 characters."),
        "report": _("“report” is the number of the report."),
        "do": _("“do” is one of accept, start, ask, finish, reject, refuse, reply."),
        "text": _("“text” is at most 4000 characters."),
        "happened_at": _("“happened_at” is a moment with its zone, as in 2026-11-19T10:00:00+02:00."),
        "unknown": _("You have, and had, no report of this number."),
        "other": _("An answer of this “id” came before, and said something else."),
    }[code]


def _id(given: object) -> str:
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    if not isinstance(given, str) or not given.strip():
        raise BadAnswerError("id")
    return given.strip()


def _do(given: object) -> str:
    if not isinstance(given, str):
        raise BadAnswerError("do")
    return given


def _moment(given: object) -> datetime:
    try:
        moment = parse_datetime(given) if isinstance(given, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadAnswerError("happened_at")
    return moment
