"""Log lines: one event each, with the request or task that it belongs to, and nothing of a person.

Whoever reads them could act as the author of a report or as an organisation if secret links stood there; docs/
monitoring.md lists the fields. `formatter` writes what `Clean` left, as JSON or for eyes.
"""

import json
import logging
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import structlog
from django.middleware import csrf

from core import trace
from openmap.log_words import HIDDEN, described, mask, safe_argument, scrub, told

SERVERS = ("gunicorn.error", "gunicorn.access")
OURS: Final = frozenset(
    {"openmap", "stats", "issues", "works", "notifications", "routing", "media", "accounts", "core", "geodata", "api"}
)
# Servers and queues: their words are about themselves.
KNOWN: Final = OURS | {"celery", "kombu", "gunicorn", "misto"}
LONGEST_ARGUMENT: Final = 200
__all__ = ["Clean", "MaskSecrets", "formatter", "guard_servers", "guard_threads", "mask", "of_request", "shown_path"]
_PHRASES = {status.phrase for status in HTTPStatus} | {
    words for name, words in vars(csrf).items() if name.startswith("REASON_") and "%" not in words
}
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class MaskSecrets(logging.Filter):
    """Masks the message with its arguments and the traceback; lets every record through."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (KeyError, TypeError, ValueError):  # arguments that do not fit: the handler reports it its own way
            return True
        masked = mask(message)
        if masked != message:
            record.msg, record.args = masked, ()
        if record.exc_info:
            record.exc_text = told(record.exc_info[1])
        return True


class Clean(MaskSecrets):
    """Leaves of a record only what may stand in a log; lets every record through."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "is_clean", False):
            return True
        try:
            words, trace_told = _said(record), told(record.exc_info[1]) if record.exc_info else None
        except Exception:  # noqa: BLE001  what cannot be understood is not shown, and nobody's work ends for a log line
            if not _fits(record):
                return True  # the handler reports it its own way
            words, trace_told, record.exc_info = f"{HIDDEN} ({record.module}:{record.lineno})", None, None
        record.is_clean = True
        record.msg, record.args, record.stack_info, record.exc_text = words, (), None, trace_told
        record.told = trace_told  # structlog forgets the other one
        return True


def _fits(record: logging.LogRecord) -> bool:
    """Whether the arguments of a record are those that its message wants."""
    try:
        record.getMessage()
    except (KeyError, TypeError, ValueError):
        return False
    return True


def _said(record: logging.LogRecord) -> str:
    """The message of a record. Raises what `%` raises when its arguments do not fit."""
    name = record.name
    if name == "openmap.request":  # made of nothing that could be somebody's
        return str(record.msg)
    if (data := getattr(record, "data", None)) and name == "celery.app.trace":
        return _of_task(record, data)
    if isinstance(record.msg, BaseException):
        return described(record.msg)
    if name.startswith("django.security.") and name != "django.security.csrf":
        return name.rpartition(".")[2]  # the message is that of the error, which quotes what was sent
    if name.startswith("gunicorn.") and str(record.msg).startswith(("Invalid request", "Error handling request")):
        return " ".join(str(record.msg).split()[:3]).replace("request from", "request")
    request = getattr(record, "request", None)
    return scrub(" ".join(_filled(record, _argument_of(record, request)).split()))


def _filled(record: logging.LogRecord, shown: Any) -> str:
    if not record.args:
        return str(record.msg)
    if isinstance(record.args, Mapping):
        return str(record.msg) % {key: shown(value) for key, value in record.args.items()}
    return str(record.msg) % tuple(map(shown, record.args))


def _argument_of(record: logging.LogRecord, request: Any) -> Any:
    """How an argument of that record is shown."""
    is_known = record.name.partition(".")[0] in KNOWN
    is_refused_form = record.name == "django.security.csrf" and getattr(request, "resolver_match", None) is not None

    def shown(value: Any) -> Any:
        if path := getattr(request, "path", None):
            if value == path:
                kept = request.resolver_match.kwargs.get("community", "") if is_refused_form else ""
                return shown_path(request, scrub(kept))
            return value if value in _PHRASES or value in _METHODS else HIDDEN
        words = safe_argument(value, keeps_words=is_known)
        is_long = isinstance(words, str) and ("\n" in words or len(words) > LONGEST_ARGUMENT)
        return HIDDEN if is_long and record.name.partition(".")[0] not in OURS else words

    return shown


def shown_path(request: Any, kept_slug: str = "") -> str:
    """The path of a request as the code knows it: what was in it stands for “…”, but the slug of a community.

    `kept_slug` is shown where nobody has looked yet whether there is such a community.
    """
    match = getattr(request, "resolver_match", None)
    if match is None:
        return HIDDEN
    community = getattr(getattr(request, "community", None), "slug", None) or kept_slug
    path, route = "/", match.route
    for part in route.replace("^", "").replace("$", "").split("/"):
        if part.endswith("community>"):
            path += community or HIDDEN
        else:
            path += HIDDEN if "<" in part or "(" in part else part
        path += "/"
    return path.removesuffix("/")


def _of_task(record: logging.LogRecord, data: Mapping[str, Any]) -> str:
    """Celery tells of a task that it broke, with its arguments, its result and the message of the error."""
    record.fields = {"task": str(data.get("name", "")), "task_id": str(data.get("id", ""))}
    error = record.exc_info[1] if record.exc_info else None
    return f"Task {data.get('description', 'ended')}" + (f" ({described(error)})" if error else "")


def guard_servers() -> None:
    """gunicorn has loggers of its own, made before the settings are read; an operator may turn its access log on."""
    for name in SERVERS:
        logging.getLogger(name).addFilter(MaskSecrets())


def guard_threads() -> None:
    """In a server: what breaks where nobody catches it is told by the log, not by Python with its message."""
    log = logging.getLogger("misto.uncaught")
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a line that does not fit would be shown with its arguments
    threading.excepthook = lambda how: log.error(
        "A thread broke", exc_info=how.exc_value if how.exc_value is not None else None
    )
    sys.excepthook = lambda _kind, error, _trace: log.critical("The process broke", exc_info=error)


def formatter(kind: str = "json") -> structlog.stdlib.ProcessorFormatter:
    """Writes one line of JSON for each event, or, as “text”, lines for eyes."""
    end: Any = (
        structlog.processors.JSONRenderer(
            serializer=partial(json.dumps, ensure_ascii=False, default=lambda _one: HIDDEN)
        )
        if kind == "json"
        else structlog.dev.ConsoleRenderer(colors=False, sort_keys=False, pad_event_to=0, pad_level=False)
    )
    return structlog.stdlib.ProcessorFormatter(processors=[_fields, end])


def _fields(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    record: logging.LogRecord = event["_record"]
    line: dict[str, Any] = {
        "timestamp": datetime.fromtimestamp(record.created, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": event["event"],
    }
    for name, value in trace.fields().items():
        if name == "request":
            line |= of_request(value)
        elif value:
            line[name] = value
    line |= getattr(record, "fields", {})
    if trace_told := getattr(record, "told", None):
        line["exception"] = trace_told
    return line


def of_request(request: Any) -> dict[str, str]:
    """Which community and which address, by its name, as far as they are known yet."""
    told_of: dict[str, str] = {}
    if community := getattr(request, "community", None):
        told_of["community"] = community.slug
    if match := getattr(request, "resolver_match", None):
        told_of["route"] = match.view_name
    return told_of
