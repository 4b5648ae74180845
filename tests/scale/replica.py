"""A real streaming replica of the cluster that the tests run on, made by pg_basebackup and thrown away."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
from django.db import connection

from launcher import cluster, places, processes
from launcher.cluster import Cluster
from tests.faults.service import eventually
from tests.scale.service import descendants

STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)")
OF_THE_WATCH = re.compile(r"pg_(current|last|wal)_|pg_stat|^(BEGIN|COMMIT|SELECT 1)\b")
SMALL = {"shared_buffers": "64MB", "hot_standby": "on"}


class Server:
    """A PostgreSQL that is asked as its administrator, about the database of this test. It logs every statement."""

    def __init__(self, sockets: Path, log: Path) -> None:
        self.sockets, self.log = sockets, log

    def asked(self) -> int:
        """How many statements it was asked so far, besides those that look where it stands or keep a line alive."""
        said = self.log.read_text(encoding="utf-8", errors="replace")
        return sum(1 for told in STATEMENT.findall(said) if told.strip() and not OF_THE_WATCH.search(told))

    @property
    def url(self) -> str:
        """DATABASE_URL of the service."""
        name = connection.settings_dict["NAME"]
        return f"postgis://misto@/{name}?host={quote(str(self.sockets), safe='/')}"

    def sql(self, text: str) -> list[tuple[object, ...]]:
        """The rows of one statement."""
        where = f"host={self.sockets} user=postgres dbname={connection.settings_dict['NAME']}"
        with psycopg.connect(where, autocommit=True) as line:
            found = line.execute(text.encode())
            return list(found.fetchall()) if found.description else []


class Replica(Server):
    """One replica in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        account = places.database_account()
        places.private_folder(folder, account)
        super().__init__(places.private_folder(folder / "run", account), folder.with_suffix(".postgres.log"))
        self.cluster = Cluster(
            data=folder / "data",
            sockets=self.sockets,
            account=account,
            log=self.log,
            careless=True,
            settings=SMALL,
        )
        self._running: subprocess.Popen[bytes] | None = None

    def copy_from(self, primary: Server) -> None:
        """Copies the whole cluster, and has it follow. Raises CalledProcessError."""
        account = self.cluster.account
        words = ["-h", str(primary.sockets), "-U", "postgres", "-D", str(self.cluster.data), "-R", "-c", "fast", "-N"]
        subprocess.run(
            [str(Path(self.cluster.binaries) / "pg_basebackup"), *words],
            env=cluster.environment(),
            cwd="/",
            check=True,
            capture_output=True,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )

    def start(self) -> None:
        """Starts it and waits until it answers."""
        here = self.cluster
        here.forget_the_dead()
        self._running = processes.spawn(
            here.command(), env=cluster.environment(), cwd=Path("/"), log=here.log, account=here.account
        )
        assert eventually(here.is_ready, seconds=60), here.log.read_text()

    def freeze(self, number: signal.Signals = signal.SIGSTOP) -> None:
        """Takes lines and questions and says nothing, until SIGCONT."""
        assert self._running
        for one in (self._running.pid, *descendants(self._running.pid)):
            with suppress(ProcessLookupError):
                os.kill(one, number)

    def kill(self) -> None:
        """Every session ends at once, as by a crash."""
        if self._running is not None:
            self.freeze(signal.SIGCONT)
            self._running.send_signal(signal.SIGQUIT)
            self._running.wait(timeout=30)
            self._running = None


@contextmanager
def streaming(folder: Path) -> Iterator[tuple[Server, Replica]]:
    """(primary, replica) until the block ends."""
    sockets = Path(parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)["host"][0])
    primary, replica = Server(sockets, sockets.parent / "postgres.log"), Replica(folder / "replica")
    logs = f'ALTER DATABASE "{connection.settings_dict["NAME"]}" {{}} log_statement'
    primary.sql(logs.format("SET") + " = 'all'")
    try:
        replica.copy_from(primary)
        replica.start()
        yield primary, replica
    finally:
        primary.sql(logs.format("RESET"))
        replica.kill()
