"""Django's migrate, for a service that runs: no lock is waited for long, because whoever waits for one holds up
everybody who comes after.
"""

from time import monotonic, sleep
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

LONGEST_WAIT: Final = 3  # seconds for one lock
PATIENCE: Final = 120  # seconds of tries altogether
PAUSES: Final = (1, 2, 4, 8, 15)  # seconds between tries; the last one again and again
# Who holds what somebody of ours waited for: transactions that are open longest.
HOLDERS: Final = """
SELECT pid, coalesce(nullif(application_name, ''), usename::text), extract(epoch FROM now() - xact_start)::integer
FROM pg_stat_activity
WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
ORDER BY xact_start LIMIT 5
"""


class Command(migrate.Command):
    help = (
        "Brings the tables up to date beside a running service: a lock that is not to be had in a few seconds is asked "
        "for again later, and meanwhile everybody goes on. docs/upgrading.md"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--lock-timeout", type=float, default=LONGEST_WAIT, help="seconds to wait for one lock")
        parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds to go on trying")

    def handle(self, *args: Any, **options: Any) -> None:
        self.lock_timeout = max(1, round(options["lock_timeout"] * 1000))
        self.connection = connections[options["database"]]
        end, tries = monotonic() + options["patience"], 0
        while True:
            try:
                self._wait_at_most(self.lock_timeout)
                super().handle(*args, **options)
            except OperationalError as trouble:
                if not isinstance(trouble.__cause__, LockNotAvailable):
                    raise
                pause = PAUSES[min(tries, len(PAUSES) - 1)]
                if monotonic() + pause > end:
                    raise CommandError(self._who_holds()) from trouble
                self.stdout.write(_("A table is in use; the next try in %(seconds)d s.") % {"seconds": pause})
                sleep(pause)
                tries += 1
            else:
                return
            finally:
                self._wait_at_most(0)

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        """What runs in no transaction is made to run beside everybody (tests/migrations/rules.py): it holds up nobody
        while it waits, and half an index would stay if it gave up."""
        if migration is not None and action in {"apply_start", "unapply_start"}:
            self._wait_at_most(self.lock_timeout if migration.atomic else 0)
        super().migration_progress_callback(action, migration, fake)

    def _wait_at_most(self, milliseconds: int) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{milliseconds}ms"])

    def _who_holds(self) -> str:
        with self.connection.cursor() as cursor:
            cursor.execute(HOLDERS)
            found = [f"{pid} ({name}, {seconds} s)" for pid, name, seconds in cursor.fetchall()]
        return _(
            "A table was in use all the time. What was applied stays; repeat later. Open transactions, by process: "
            "%(names)s"
        ) % {"names": ", ".join(found) or "–"}
