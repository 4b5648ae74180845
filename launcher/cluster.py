"""A private PostGIS cluster on a unix socket: created once, started by whoever needs it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from launcher import console, places, processes, system
from launcher.places import Account

DATABASE = ROLE = "misto"
SUPERUSER = "postgres"
CREATE_ROLE = r"""
    SELECT 'CREATE ROLE misto LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'misto') \gexec
"""
CREATE_DATABASE = r"""
    SELECT 'CREATE DATABASE misto OWNER misto'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'misto') \gexec
"""
EXTENSIONS = ("postgis", "btree_gist", "pg_trgm")
PORT = 5432  # only names the socket: the cluster listens on no network address
SOCKET = f".s.PGSQL.{PORT}"
INITDB = (
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--locale-provider=icu",
    "--icu-locale=uk",
    "--auth-local=trust",  # whoever can open the private folder of the socket is its owner
    "--auth-host=reject",
)
SETTINGS = {
    "listen_addresses": "",
    "jit": "off",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
CARELESS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_preload_libraries": "postgis-3",  # tests open many connections: each would load it anew
}
# PostgreSQL's fast, immediate and forced end.
STOP_SIGNALS = (
    (signal.SIGINT, 30.0),
    (signal.SIGQUIT, 5.0),
    (signal.SIGKILL, 5.0),
)


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where a cluster lives and how it runs. `careless` ones may lose everything at a power cut; `settings` are its
    own, beside SETTINGS."""

    data: Path
    sockets: Path
    account: Account | None
    log: Path
    careless: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def binaries(self) -> Path:
        """The PostgreSQL that wrote the data, or the newest one for a new cluster."""
        newest = system.postgresql_bin()
        if newest is None:
            console.fail("PostgreSQL with PostGIS is not installed.")
        version = self.data / "PG_VERSION"
        if not _is_file(version):
            return newest
        wanted = version.read_text(encoding="ascii").strip()
        own = newest.parent.parent / wanted / "bin"
        if not (own / "postgres").exists():
            console.fail(
                f"The database in {self.data} was made by PostgreSQL {wanted}, which is not here.\n"
                f"Install postgresql-{wanted} and postgresql-{wanted}-postgis-3, or use pg_upgrade."
            )
        return own

    @property
    def url(self) -> str:
        """DATABASE_URL for Django."""
        return f"postgis://{ROLE}@/{DATABASE}?host={quote(str(self.sockets), safe='/')}"

    def command(self) -> list[str]:
        """The words that run the server in the foreground."""
        settings = SETTINGS | (CARELESS if self.careless else {}) | dict(self.settings)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        socket = ["-k", str(self.sockets), "-p", str(PORT)]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *socket, *options]

    def exists(self) -> bool:
        """Whether the data folder was made."""
        return _is_file(self.data / "PG_VERSION")

    def create(self) -> None:
        """Make the data folder unless it is there; a half-made one from an interrupted start is redone."""
        places.socket_path(self.sockets, SOCKET)
        if self.exists():
            return
        draft = self.data.with_name(self.data.name + ".new")
        if draft.exists():
            shutil.rmtree(draft)
        self.data.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        places.private_folder(draft, self.account)
        flags = ["--no-sync"] if self.careless else []
        command = [self.binaries / "initdb", "-D", draft, f"--username={SUPERUSER}", *INITDB, *flags]
        done = subprocess.run(
            [str(word) for word in command],
            env=environment(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=None if self.account is None else self.account.uid,
            group=None if self.account is None else self.account.gid,
            extra_groups=None if self.account is None else [],
        )
        if done.returncode != 0:
            console.fail(f"initdb failed:\n{done.stdout}{done.stderr}")
        draft.rename(self.data)

    def forget_the_dead(self) -> None:
        """Remove lock files of a server that was killed, also when its id now belongs to another process."""
        for lock in (self.data / "postmaster.pid", self.sockets / f"{SOCKET}.lock"):
            if _is_file(lock) and not self._is_our_server(_first_number(lock)):
                lock.unlink()
                if lock.name.endswith(".lock"):
                    (self.sockets / SOCKET).unlink(missing_ok=True)

    def running_server(self) -> int | None:
        """The id of a server that runs on this data now, whoever started it."""
        lock = self.data / "postmaster.pid"
        pid = _first_number(lock) if _is_file(lock) else 0
        return pid if self._is_our_server(pid) else None

    def is_ready(self) -> bool:
        """Whether the server answers."""
        return self._client("pg_isready", "-q").returncode == 0

    def set_up(self, *, template: bool = False) -> None:
        """Create role, database and extensions where they are missing.

        With `template`, new databases get the extensions too and the role may create databases:
        tests then run with the same modest rights as the service.
        """
        right = "CREATEDB" if template else "NOCREATEDB"
        extensions = [f"CREATE EXTENSION IF NOT EXISTS {name};" for name in EXTENSIONS]
        if template:
            self._sql("template1", ["SET client_min_messages = warning;", *extensions])
        self._sql("postgres", [CREATE_ROLE, f"ALTER ROLE {ROLE} {right};", CREATE_DATABASE])
        self._sql(DATABASE, ["SET client_min_messages = warning;", *extensions])

    def _sql(self, database: str, lines: list[str]) -> None:
        """Run statements as the superuser; stops at the first error."""
        options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database]
        done = self._client("psql", *options, text="\n".join(lines) + "\n")
        if done.returncode != 0:
            console.fail(f"Setting up the database failed:\n{done.stdout}{done.stderr}")

    def _client(self, program: str, *options: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a PostgreSQL client program against this cluster's socket."""
        return subprocess.run(
            [
                str(self.binaries / program),
                "-h",
                str(self.sockets),
                "-p",
                str(PORT),
                "-U",
                SUPERUSER,
                *options,
            ],
            env=environment(),
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )

    def _is_our_server(self, pid: int) -> bool:
        """Whether the process with this id is a PostgreSQL server on our data folder."""
        words = processes.command_line(pid) if pid else []
        return bool(words) and Path(words[0]).name == "postgres" and str(self.data) in words


def environment() -> dict[str, str]:
    """What PostgreSQL programs may see of the caller's environment: nothing that redirects them."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


def _is_file(path: Path) -> bool:
    """Like Path.is_file; a folder we may not look into holds no file of ours."""
    try:
        return path.is_file()
    except PermissionError:
        return False


def _first_number(lock: Path) -> int:
    """The process id on the first line of a PostgreSQL lock file; 0 when there is none."""
    found = re.match(r"\s*(\d+)", lock.read_text(encoding="utf-8", errors="replace"))
    return int(found[1]) if found else 0
