"""Servers on loopback ports to compare: our own service as it runs in production, and tipg from PyPI."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import psycopg

TIPG = ("tipg==1.6.1", "uvicorn==0.54.0")
TOOLS = Path(os.environ.get("MISTO_BENCH", "/nowhere"))
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `pids`: its own processes and those of the database that serve it."""

    port: int
    pids: tuple[int, ...]

    def get(self, path: str) -> bytes:
        """The body of an answer. Raises RuntimeError for any that is none (204 is one)."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)
        try:
            line.request("GET", path, headers={"Accept-Encoding": "gzip"})
            answer = line.getresponse()
            body = answer.read()
        finally:
            line.close()
        if answer.status not in {200, 204}:
            raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
        return body


@contextmanager
def ours(address: str) -> Iterator[Server]:
    """The whole service with the settings of production, one process, on the database of that DATABASE_URL."""
    with _gunicorn("openmap.wsgi", address, warm="/bench/tiles.json") as server:
        yield server


@contextmanager
def empty(address: str) -> Iterator[Server]:
    """An empty Django view in the same kind of process."""
    with _gunicorn("tests.bench._empty", address, warm="/empty/") as server:
        yield server


@contextmanager
def _gunicorn(application: str, address: str, *, warm: str) -> Iterator[Server]:
    env = os.environ | {
        "MISTO_ENV": "production",  # the one with a pool of connections
        "DATABASE_URL": address,
        "MISTO_HOSTS": "127.0.0.1",
        "MISTO_SITE_URL": "http://127.0.0.1",
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(collect, check=True, env=env)  # its pages name their files by what is in them
    gunicorn = [sys.executable, "-m", "gunicorn", application, "--worker-class", "gthread", "--threads", "4"]
    command = [*gunicorn, "--workers", "1", "--log-level", "warning"]
    with _running(command, "--bind", env, address, warm=warm) as server:
        yield server


@contextmanager
def tipg(address: str) -> Iterator[Server]:
    """tipg, one process with one connection, on the same tables. Installed at the first use."""
    python = TOOLS / "tipg" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(TOOLS / "tipg")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *TIPG], check=True)
    env = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": _with_host(address),
        "DB_MIN_CONN_SIZE": "1",
        "DB_MAX_CONN_SIZE": "1",
        "TIPG_DB_DATETIME_EXTENT": "false",  # asked once, at its start, of all rows
        "TIPG_DB_SPATIAL_EXTENT": "false",
        "TIPG_DB_SCHEMAS": '["public"]',
        "TIPG_DB_TABLES": '["public.issues_issue"]',
    }
    command = [str(python), "-m", "uvicorn", "tipg.main:app", "--log-level", "warning", "--host", "127.0.0.1"]
    with _running(command, "--port", env, address, warm="/healthz") as server:
        yield server


def _with_host(address: str) -> str:
    """The same DATABASE_URL with the folder of the socket as its host, which tipg cannot do without."""
    url = urlsplit(address)
    folder = parse_qs(url.query).get("host", [url.hostname or ""])[0]
    return f"postgresql://{url.username}@{quote(folder, safe='')}{url.path}"


def tipg_tile(z: int, x: int, y: int) -> str:
    """The address of a tile of reports."""
    return f"/collections/public.issues_issue/tiles/WebMercatorQuad/{z}/{x}/{y}?geom-column=location"


@contextmanager
def _running(command: list[str], option: str, env: dict[str, str], address: str, *, warm: str) -> Iterator[Server]:
    port = _free_port()
    before = _backends(address)
    where = f"127.0.0.1:{port}" if option == "--bind" else str(port)
    process = subprocess.Popen([*command, option, where], env=env)
    try:
        server = Server(port, ())
        _wait_for(server, warm, process)
        family = [process.pid, *_children(process.pid)]
        yield Server(port, (*family, *sorted(_backends(address) - before)))
    finally:
        process.terminate()
        process.wait()


def _wait_for(server: Server, path: str, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + _SECONDS
    while True:
        try:
            server.get(path)
        except (OSError, RuntimeError):
            if process.poll() is not None or time.monotonic() > ends:
                raise
            time.sleep(0.2)
        else:
            return


def _backends(address: str) -> set[int]:
    """Processes of the database that serve connections to it."""
    url = address.replace("postgis://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as line:
        found = line.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return {int(row[0]) for row in found}


def _children(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
