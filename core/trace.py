"""What this thread is doing, for its lines in the log: which request, or which task and the request that caused it.

Nothing here is personal: identifiers that the service made itself. Whoever asks a worker for something hands the
identifier of the request on (core.broker, openmap.task_log).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

_doing: ContextVar[dict[str, Any] | None] = ContextVar("doing", default=None)


def begin(**fields: Any) -> "Token[dict[str, Any] | None]":
    """From now on the thread does this; returns what `end` takes."""
    return _doing.set(fields)


def end(token: "Token[dict[str, Any] | None]") -> None:
    """The thread does again what it did before."""
    _doing.reset(token)


@contextmanager
def doing(**fields: Any) -> Iterator[None]:
    """The thread does this while the block lasts."""
    token = begin(**fields)
    try:
        yield
    finally:
        end(token)


def fields() -> dict[str, Any]:
    """What the thread is doing now; empty when nobody said so. Not to be changed."""
    return _doing.get() or {}


def request_id() -> str:
    """Of the request that caused what the thread is doing; "" when there is none."""
    found: str = fields().get("request_id", "")
    return found
