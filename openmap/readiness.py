"""Whether this process can serve people: the database answers, its tables are those of this release, nobody ends it.

What is found holds for KEPT seconds, and one thread looks while the others tell what was found before: however often
somebody asks, the database is asked once a second by each process. A broker that is away makes things slower, never
wrong, so it is told and nothing more; it is looked at by a thread of its own, for a broker may hang.
"""

import logging
import time
from dataclasses import dataclass, replace
from threading import Lock, Thread
from typing import Any, Final

from celery import current_app
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.loader import MigrationLoader

from openmap import leaving

log = logging.getLogger(__name__)
KEPT: Final = 1.0  # seconds that what was found holds
OLD: Final = 15.0  # seconds after which what was found says nothing any more
WAIT: Final = 2  # seconds that the database has for an answer
BROKER_KEPT: Final = 5.0
BROKER_WAIT: Final = 2

OK, AWAY, UNKNOWN = "ok", "away", "unknown"


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was found, in words that tell a stranger nothing about the installation."""

    database: str = UNKNOWN
    migrations: str = UNKNOWN
    broker: str = UNKNOWN
    leaving: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether people may be sent here."""
        return self.database == self.migrations == OK and not self.leaving

    def told(self) -> dict[str, str]:
        """As the address answers it."""
        if not self.is_ready:
            status = "leaving" if self.leaving else "unready"
        else:
            status = "degraded" if self.broker == AWAY else "ok"
        return {"status": status, "database": self.database, "migrations": self.migrations, "broker": self.broker}


class Look:
    """What one process knows of itself."""

    def __init__(self) -> None:
        self._lock, self._broker_lock = Lock(), Lock()
        self._found, self._found_at = Readiness(), float("-inf")
        self._broker, self._broker_at = UNKNOWN, float("-inf")
        self._is_migrated = False  # stays so: nobody takes migrations back below a running release

    def now(self) -> Readiness:
        """Asks the database when what is known is older than KEPT and nobody else is asking."""
        self._look_at_broker()
        if time.monotonic() - self._found_at >= KEPT and self._lock.acquire(blocking=False):
            try:
                self._found, self._found_at = self._database(), time.monotonic()
            finally:
                self._lock.release()
        is_old = time.monotonic() - self._found_at >= OLD
        return replace(Readiness() if is_old else self._found, broker=self._broker, leaving=leaving.has_begun())

    def _database(self) -> Readiness:
        try:
            applied = _applied()
        except Exception as error:  # noqa: BLE001  whatever it is, nobody can be served
            if self._found.database != AWAY:
                log.warning("The database does not answer: %s", type(error).__name__)
            return Readiness(database=AWAY)
        if not self._is_migrated:
            self._is_migrated = applied is not None and not missing_migrations(applied)
        return Readiness(database=OK, migrations=OK if self._is_migrated else "pending")

    def _look_at_broker(self) -> None:
        if time.monotonic() - self._broker_at < BROKER_KEPT or not self._broker_lock.acquire(blocking=False):
            return
        try:
            Thread(target=self._ask_broker, name="look at the broker", daemon=True).start()
        except RuntimeError:  # no more threads, or the process ends
            self._broker_lock.release()

    def _ask_broker(self) -> None:
        try:
            self._broker = OK if broker_answers() else AWAY
            self._broker_at = time.monotonic()
        finally:
            self._broker_lock.release()


def broker_answers(seconds: int = BROKER_WAIT) -> bool:
    """Whether a new connection to the broker can be made within that time."""
    try:
        with current_app.connection_for_write(connect_timeout=seconds) as line:
            line.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=seconds)
    except Exception:  # noqa: BLE001  each kind of broker has errors of its own
        return False
    return True


def missing_migrations(applied: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Migrations of this release, app and name, that are not among those."""
    on_disk = MigrationLoader(None, ignore_no_migrations=True)
    replaced = {old for new in on_disk.replacements.values() for old in new.replaces}
    return sorted(key for key in on_disk.disk_migrations if key not in applied and key not in replaced)


def _applied() -> set[tuple[str, str]] | None:
    """Migrations that the database has; None when it has no table of them.

    By a connection of its own: a pool that is busy is no reason to send nobody here, and this one waits for little.
    """
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    given = {name: value for name, value in wrapper.get_connection_params().items() if name not in {"pool", "options"}}
    with wrapper.Database.connect(**(given | {"connect_timeout": WAIT})) as line, line.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {WAIT * 1000}")
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("SELECT app, name FROM django_migrations")
        return set(cursor.fetchall())


look = Look()
