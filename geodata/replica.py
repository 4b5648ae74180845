"""Where reads go: to the primary, or, for a stranger's page, to a replica that has caught up.

openmap.replica decides for each request, and opens `from_replica` around it. The router of Django and whoever writes
SQL of their own ask here, so one request reads from one place. Within a transaction on the primary, and once something
was written, everything is read from the primary.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

PRIMARY: Final = DEFAULT_DB_ALIAS
REPLICA: Final = "replica"


@dataclass(slots=True)
class Reads:
    """What one request reads from."""

    is_from_replica: bool = True
    was_asked: bool = False  # whether anything was read from the replica

    def stop(self) -> None:
        """From here on the primary is read."""
        self.is_from_replica = False


_reads: ContextVar[Reads | None] = ContextVar("reads", default=None)


@contextmanager
def from_replica() -> Iterator[Reads]:
    """Within the block reads go to the replica."""
    reads = Reads()
    token = _reads.set(reads)
    try:
        yield reads
    finally:
        _reads.reset(token)


def read_alias() -> str:
    """Which database of the settings is read now."""
    reads = _reads.get()
    if reads is None or not reads.is_from_replica or connections[PRIMARY].in_atomic_block:
        return PRIMARY
    return REPLICA


def reading() -> BaseDatabaseWrapper:
    """The connection for SQL of one's own that only reads."""
    alias, reads = read_alias(), _reads.get()
    if alias == REPLICA and reads:
        reads.was_asked = True
    return connections[alias]


class Router:
    """DATABASE_ROUTERS of an installation that has a replica."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """Where reading() reads, whatever database a row at hand came from."""
        return reading().alias

    def db_for_write(self, model: Any, **hints: Any) -> str:
        """The primary; what is read later in the same request may be what is written now."""
        if reads := _reads.get():
            reads.stop()
        return PRIMARY

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        """Both hold the same rows."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """The replica gets its tables from the primary."""
        return db == PRIMARY
