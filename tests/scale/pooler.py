"""A real PgBouncer in transaction mode, in front of the database of a test."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from django.conf import settings
from django.db import connection

from launcher import places, processes
from tests.faults.service import eventually

PORT = 6432  # only names the socket
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CONFIGURATION = """
[databases]
* = host={database} user=misto pool_size={connections}

[pgbouncer]
pool_mode = transaction
unix_socket_dir = {folder}
unix_socket_mode = 0777
listen_port = {port}
listen_addr =
auth_type = any
max_client_conn = 200
default_pool_size = {connections}
reserve_pool_size = 0
server_login_retry = 1
query_wait_timeout = 30
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
"""


class Pooler:
    """One PgBouncer with so many connections to the server. Its folder is short: sockets lie in it."""

    def __init__(self, folder: Path, *, connections: int) -> None:
        self.folder = folder
        self._account = places.database_account()
        self._connections = connections
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """DATABASE_URL behind it."""
        name = connection.settings_dict["NAME"]
        return f"postgis://misto@/{name}?host={quote(str(self.folder), safe='/')}&port={PORT}"

    def start(self) -> None:
        """Starts it, and waits until its socket is there."""
        assert PROGRAM, "PgBouncer is missing: ./misto test installs it."
        places.private_folder(self.folder, self._account).chmod(0o755)
        database = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)["host"][0]
        given = {"database": database, "folder": self.folder, "port": PORT, "connections": self._connections}
        configuration = self.folder / "pgbouncer.ini"
        configuration.write_text(CONFIGURATION.format(**given), encoding="utf-8")
        configuration.chmod(0o644)
        log = self.folder.with_suffix(".log")
        command = [PROGRAM, str(configuration)]
        self._running = processes.spawn(
            command, env=os.environ, cwd=Path(settings.BASE_DIR), log=log, account=self._account
        )
        assert eventually((self.folder / f".s.PGSQL.{PORT}").exists, seconds=20), log.read_text()

    def kill(self) -> None:
        """As a crash would: every connection breaks."""
        if self._running is not None:
            self._running.send_signal(signal.SIGKILL)
            self._running.wait(timeout=20)
            self._running = None
        for left in self.folder.glob(".s.PGSQL.*"):
            left.unlink()
        (self.folder / "pgbouncer.pid").unlink(missing_ok=True)


@contextmanager
def pooler(folder: Path, *, connections: int) -> Iterator[Pooler]:
    """Runs until the block ends."""
    found = Pooler(folder, connections=connections)
    found.start()
    try:
        yield found
    finally:
        found.kill()
