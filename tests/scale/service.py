"""The parts of a service that is spread: web processes on sockets of their own, workers, and browsers that ask them."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django_scopes import scopes_disabled

from issues.models import Issue
from launcher.parts import LONGEST_LINE, OUTBOX_QUEUES, OUTBOX_THREADS
from tests.faults.service import environment, eventually, process
from tests.grid import Town

CSRF = "scaleOutTokenOfThirtyTwoLetters0"  # any 32 letters, in the cookie and in the header
SECONDS = 60.0


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets, and which other accounts may pass."""
    path = Path(tempfile.mkdtemp(prefix="misto-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def variables(folder: Path, **more: str) -> dict[str, str]:
    """Of a process that runs as in production, with pools and caches, on the database of this test."""
    given = {
        "MISTO_ENV": "development",
        "MISTO_HOSTS": "localhost",
        "MISTO_PROXIES": "1",
        "MISTO_PROOF_BITS": "2",
        "MISTO_DB_POOL": "16",
        "MISTO_VAR": str(folder / "var"),
        "MISTO_SERVICE_WORKER": "0",
    }
    return environment(**(given | more))


class _OnSocket(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(SECONDS)
        self.sock.connect(str(self._path))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a web process said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as words."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Browser:
    """Somebody with cookies, at an address of their own, who may be led to any web process."""

    network: str = "10.1.1.1"
    cookies: dict[str, str] = field(default_factory=lambda: {"csrftoken": CSRF})

    def get(self, web: Path, path: str, **headers: str) -> Answer:
        """Asks the web process on that socket. Raises OSError."""
        return self._ask(web, "GET", path, None, headers)

    def post(self, web: Path, path: str, form: Mapping[str, Any], **headers: str) -> Answer:
        """Sends a form."""
        given = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask(web, "POST", path, urlencode(form, doseq=True).encode(), given | headers)

    def upload(self, web: Path, path: str, name: str, data: bytes) -> Answer:
        """Sends a file."""
        edge = "----edge"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="a.jpg"\r\n'
        body = f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + data + f"\r\n--{edge}--\r\n".encode()
        return self._ask(web, "POST", path, body, {"Content-Type": f"multipart/form-data; boundary={edge}"})

    def _ask(self, web: Path, method: str, path: str, body: bytes | None, more: Mapping[str, str]) -> Answer:
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-CSRFToken": self.cookies.get("csrftoken", CSRF),
            "X-Forwarded-For": self.network,
        }
        line = _OnSocket(web)
        try:
            line.request(method, path, body, headers | {name.replace("_", "-"): told for name, told in more.items()})
            said = line.getresponse()
            answer = Answer(said.status, dict(said.headers), said.read())
            for told in said.headers.get_all("Set-Cookie", []):
                for name, morsel in SimpleCookie(told).items():
                    self.cookies[name] = morsel.value
        finally:
            line.close()
        return answer


@dataclass(frozen=True, slots=True)
class Running:
    """A web process: where it listens, and how to end it."""

    socket: Path
    process: "subprocess.Popen[str]"
    log: Path


def descendants(pid: int) -> list[int]:
    """Processes that this one started, and theirs."""
    try:
        own = [int(word) for file in Path(f"/proc/{pid}/task").glob("*/children") for word in file.read_text().split()]
    except OSError:
        return []
    return [*own, *(below for child in own for below in descendants(child))]


def kill_whole(running: "subprocess.Popen[str]") -> None:
    """Kills a process with all that it started."""
    for pid in (*descendants(running.pid), running.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    running.wait(timeout=30)


@contextmanager
def web(folder: Path, name: str, env: Mapping[str, str], *, threads: int = 4) -> Iterator[Running]:
    """gunicorn on a unix socket of its own, until the block ends. It is ready when it answers."""
    path, log = folder / f"{name}.sock", folder / f"{name}.log"
    words = ["--workers", "1", "--threads", str(threads), "--worker-class", "gthread", "--bind", f"unix:{path}"]
    limits = ["--limit-request-line", str(LONGEST_LINE), "--no-control-socket", "--graceful-timeout", "1"]
    command = [sys.executable, "-m", "gunicorn", *words, *limits, "openmap.wsgi:application"]
    with process(command, dict(env), log) as running:
        try:
            yield Running(path, running, log)
        finally:
            kill_whole(running)


def answers(running: Running) -> bool:
    """Whether a web process serves."""
    try:
        return Browser().get(running.socket, "/health/").status == 200
    except (OSError, http.client.HTTPException):
        return False


def wait_for(*running: Running, seconds: float = 120) -> None:
    """Until they all serve."""
    for one in running:
        assert eventually(lambda one=one: answers(one), seconds=seconds), one.log.read_text()  # type: ignore[misc]


def worker(folder: Path, kind: str) -> list[str]:
    """The command of one of the three workers: "photos", "outbox" (with beat inside) or "jobs"."""
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    options = {
        "photos": ["--queues=celery", "--pool=threads", "--concurrency=2"],
        "outbox": [
            f"--queues={','.join(OUTBOX_QUEUES)}",
            "--pool=threads",
            f"--concurrency={OUTBOX_THREADS}",
            "-B",
            f"--schedule={folder}/beat",
        ],
        "jobs": ["--queues=jobs", "--pool=threads", "--concurrency=1"],
    }[kind]
    name = ["--hostname", f"{kind}@localhost"]
    return [sys.executable, "-m", "celery", "-A", "openmap", "worker", *options, *name, *quiet]


def form(town: Town, text: str, **more: str) -> dict[str, Any]:
    """A report of a hole in the road, as a script of the page sends it; its sender knows of those that are there."""
    place = {"lon": f"{town['p'].x:.6f}", "lat": f"{town['p'].y:.6f}"}
    with scopes_disabled():
        known = [f"issues-{key}" for row in Issue.objects.values_list("pk", "number") for key in row]
    return place | {"category": "roads", "text": text, "unseen": "on", "do": "send", "similar": known} | more
