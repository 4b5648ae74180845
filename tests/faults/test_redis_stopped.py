"""Redis stops while reports are accepted: nobody waits for it, nothing is lost, everything is delivered once."""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.contrib.gis.geos import Point

from core.models import OutboxMessage
from issues.models import Issue
from tests.conftest import City
from tests.faults.service import ROOT, environment, eventually, process
from tests.grid import Town
from tests.smtp import mail_server

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30.0  # seconds: Redis is waited for 1.5, and a busy machine takes its time


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: a socket's may have at most 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="misto-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def redis(folder: Path) -> Iterator[subprocess.Popen[str]]:
    socket = folder / "redis.sock"
    socket.unlink(missing_ok=True)
    keep = ["--save", "", "--appendonly", "no"]
    command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--dir", str(folder), *keep]
    with process(command, environment(), folder / "redis.log") as server:
        assert eventually(socket.exists, seconds=30)
        yield server


class Reporter:
    """The process that accepts reports."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self.running = running

    def send(self, count: int) -> list[float]:
        """Accepts so many reports; the seconds that each took."""
        return [self._one() for _ in range(count)]

    def _one(self) -> float:
        assert self.running.stdin
        assert self.running.stdout
        print("Яма на переході", file=self.running.stdin, flush=True)
        _number, seconds = self.running.stdout.readline().split()
        return float(seconds)


def delivered() -> bool:
    return not OutboxMessage.objects.filter(sent_at=None).exists()


def test_reports_are_accepted_without_redis_and_delivered_once_when_it_is_back(
    city: City, town: Town, folder: Path
) -> None:
    with mail_server() as post:
        variables = environment(
            redis_url=f"unix://{folder}/redis.sock", email_url=post.url, MISTO_VAR=str(folder / "var")
        )
        with process(reporting(town["p"]), variables, folder / "web.log") as web:
            reporter = Reporter(web)
            with redis(folder) as server, ExitStack() as started:
                workers: list[subprocess.Popen[str]] = []

                def served() -> bool:
                    """Whether all is delivered, by a worker that is started anew when it ends, as the service does."""
                    if not workers or workers[-1].poll() is not None:
                        one = process(worker(folder), variables, folder / "worker.log")
                        workers.append(started.enter_context(one))
                    return delivered()

                served()
                waited = reporter.send(2)
                assert eventually(served, seconds=30), (folder / "worker.log").read_text()
                server.send_signal(signal.SIGSTOP)
                waited += reporter.send(2)  # Redis hangs: takes the line, and never answers
                server.kill()
                server.wait()
                waited += reporter.send(2)  # Redis is gone
                assert max(waited) < PATIENCE, (folder / "web.log").read_text()
                assert not delivered(), "letters wait in the database"
                with redis(folder):  # a worker that lost Redis finds it again, or gives up and is started anew
                    assert eventually(served, seconds=60), (folder / "worker.log").read_text()
        assert list(Issue.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]
        assert set(Counter(post.keys()).values()) == {1}
        residents = {f"resident{number}@example.org": 1 for number in range(1, 7)}
        assert Counter(post.recipients) == {"roads@example.org": 6, **residents}


@pytest.mark.parametrize(
    "trouble", ["CONFIG SET maxmemory 1", "CONFIG SET requirepass secret", "REPLICAOF 127.0.0.1 1"]
)
def test_reports_are_accepted_whatever_redis_answers(city: City, town: Town, folder: Path, trouble: str) -> None:
    """It is full, wants a password, or became a replica that nobody may write to."""
    variables = environment(redis_url=f"unix://{folder}/redis.sock")
    with redis(folder), process(reporting(town["p"]), variables, folder / "web.log") as web:
        reporter = Reporter(web)
        done = subprocess.run(
            ["redis-cli", "-s", str(folder / "redis.sock"), *trouble.split()],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == "OK"
        assert max(reporter.send(2)) < PATIENCE, (folder / "web.log").read_text()
        said = folder / "web.log"  # by the thread that asks, while nobody waits for it
        assert eventually(lambda: "The broker does not answer" in said.read_text(), seconds=30), said.read_text()
    assert Issue.objects.count() == 2


def reporting(place: Point) -> list[str]:
    """The command that accepts reports of roads there."""
    return [sys.executable, str(ROOT / "tests/faults/reporter.py"), "yavoryn", "roads", str(place.x), str(place.y)]


def worker(folder: Path) -> list[str]:
    """A Celery worker with beat inside."""
    command = [sys.executable, "-m", "celery", "-A", "openmap", "worker", "-B", "--pool=solo", "--without-gossip"]
    queues = "--queues=celery,urgent,deliveries,bulk"
    return [*command, queues, "--without-mingle", f"--schedule={folder}/beat"]
