"""The lines of this process to the replica, so that those of one which says nothing any more can be cut.

A frozen server takes questions and never answers, and nothing in psycopg gives up waiting. Whoever waits on a line that
is cut gets an OperationalError at once.
"""

import os
import socket
from contextlib import suppress
from threading import Lock
from typing import Any, Final
from weakref import WeakSet

import psycopg

_guard: Final = Lock()


class Line(psycopg.Connection[Any]):
    """A connection that is known to cut_all() for as long as it is there. The pool of the replica makes such ones."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        with _guard:
            _lines.add(self)


_lines: Final = WeakSet[Line]()


def cut_all() -> int:
    """Cuts every line of this process that the pool made, used or not; how many there were."""
    with _guard:
        lines = [line for line in _lines if not line.closed]
    for line in lines:
        cut(line)
    return len(lines)


def cut(line: "psycopg.Connection[Any]") -> None:
    """Ends a line from another thread than the one that waits on it, which then closes it."""
    with suppress(psycopg.Error, OSError):
        about = line.info
        ends = {f"{about.host}/.s.PGSQL.{about.port}", f"{about.hostaddr} {about.port}"}
        with socket.socket(fileno=os.dup(line.pgconn.socket)) as own:
            # The waiting thread may have closed the line just now, and its number be another file's.
            if _other_end(own) in ends:
                own.shutdown(socket.SHUT_RDWR)


def _other_end(own: socket.socket) -> str:
    there = own.getpeername()
    return str(there) if own.family == socket.AF_UNIX else f"{there[0].partition('%')[0]} {there[1]}"
