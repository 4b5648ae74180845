"""The parts of the service: how each is started, and how it shows that it is ready."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from launcher import cluster, ports
from launcher.cluster import Cluster
from launcher.places import Places
from launcher.redis import Redis
from launcher.supervisor import Part

NAMES = ("postgres", "redis", "web", "worker", "outbox", "jobs", "beat")
WEB_PROCESSES = 2
WEB_THREADS = 4
WORKER_PROCESSES = 2
OUTBOX_QUEUES = ("urgent", "deliveries", "bulk")
OUTBOX_THREADS = 8  # as many as core.seats gives to the lanes
LONGEST_LINE = 8190  # characters of a request's first line: drawn shapes are in addresses; gunicorn takes no more
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")  # few workers, no talk between them


def postgres(server: Cluster, env: Mapping[str, str]) -> Part:
    """The private database."""
    return Part(
        name="postgres",
        command=server.command(),
        env=env,
        log=server.log,
        account=server.account,
        before=server.forget_the_dead,
        is_ready=server.is_ready,
        seconds_to_start=120.0,  # it may have to replay its log after a crash
        stop=cluster.STOP_SIGNALS,
    )


def redis(server: Redis, env: Mapping[str, str]) -> Part:
    """The private broker."""
    return Part(
        name="redis",
        command=server.command(),
        env=env,
        log=server.log,
        account=server.account,
        before=server.forget_the_dead,
        is_ready=server.is_ready,
        stop=((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)),
    )


def web(places: Places, env: Mapping[str, str], port: int) -> Part:
    """gunicorn with threads; the code is read once, connections are opened after the fork."""
    options = {
        "--config": "python:openmap.gunicorn_conf",
        "--worker-class": "gthread",
        "--workers": str(WEB_PROCESSES),
        "--threads": str(WEB_THREADS),
        "--bind": f"{ports.HOST}:{port}",
        "--limit-request-line": str(LONGEST_LINE),
        "--graceful-timeout": "10",
        "--timeout": "60",
        "--worker-tmp-dir": "/dev/shm",  # noqa: S108 - heartbeats must not wait for a disk
    }
    words = [*(word for pair in options.items() for word in pair), "--preload", "--no-control-socket"]
    return Part(
        name="web",
        command=[
            str(places.python),
            "-m",
            "gunicorn",
            *words,
            "openmap.wsgi:application",
        ],
        env=env,
        log=places.logs / "web.log",
        is_ready=lambda: is_healthy(port, first_host(env["MISTO_HOSTS"])),
        seconds_to_start=60.0,
    )


def worker(places: Places, env: Mapping[str, str]) -> Part:
    """The Celery worker of photos and of what is counted."""
    options = [
        "worker",
        "--hostname",
        "worker@%h",
        "--concurrency",
        str(WORKER_PROCESSES),
        "--loglevel",
        "INFO",
        *QUIET,
    ]
    return _worker("worker", places, env, options)


def outbox(places: Places, env: Mapping[str, str]) -> Part:
    """What leaves: one process, because sending is waiting; each lane has threads in it that no other takes."""
    lanes = ["--queues", ",".join(OUTBOX_QUEUES), "--pool", "threads", "--concurrency", str(OUTBOX_THREADS)]
    connections = {"MISTO_DB_POOL": str(2 * OUTBOX_THREADS)}  # a thread that sends long renews its claim by another
    return _worker(
        "outbox",
        places,
        {**connections, **env},
        ["worker", "--hostname", "outbox@%h", *lanes, "--loglevel", "INFO", *QUIET],
    )


def jobs(places: Places, env: Mapping[str, str]) -> Part:
    """The worker of long jobs, in a queue of its own: photos never wait behind an import."""
    options = [
        "worker",
        "--hostname",
        "jobs@%h",
        "--queues",
        "jobs",
        "--concurrency",
        "1",
        "--loglevel",
        "INFO",
        *QUIET,
    ]
    return _worker("jobs", places, env, options)


def _worker(name: str, places: Places, env: Mapping[str, str], options: list[str]) -> Part:
    return Part(
        name=name,
        command=_celery(places, options),
        env=env,
        log=places.logs / f"{name}.log",
        stop=((signal.SIGTERM, 20.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 5.0)),
    )


def beat(places: Places, env: Mapping[str, str]) -> Part:
    """Celery's clock."""
    schedule = str(places.run / "beat-schedule")
    return Part(
        name="beat",
        command=_celery(places, ["beat", "--loglevel", "INFO", "--schedule", schedule, "--pidfile="]),
        env=env,
        log=places.logs / "beat.log",
        before=lambda: _forget_schedule(Path(schedule)),
        stop=((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)),
    )


def is_healthy(port: int, host: str) -> bool:
    """Whether the service answers under /health/.

    A redirect counts: with an https site URL that is the service's own answer to plain HTTP.
    """
    request = urllib.request.Request(f"http://{ports.HOST}:{port}/health/", headers={"Host": host})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    try:
        with opener.open(request, timeout=5.0) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        return error.code in {301, 308}
    except OSError:
        return False


def first_host(hosts: str) -> str:
    """A host name that the service accepts, out of the comma list of MISTO_HOSTS."""
    first = hosts.split(",", maxsplit=1)[0].strip().lstrip(".")
    return ports.HOST if first in {"", "*"} else first


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves redirects as they are."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        """No second request."""
        return


def _celery(places: Places, options: list[str]) -> list[str]:
    """The words of a Celery command."""
    return [str(places.python), "-m", "celery", "-A", "openmap", "--quiet", *options]


def _forget_schedule(schedule: Path) -> None:
    """Drop beat's notes of the last run: a crash may have damaged them."""
    for file in schedule.parent.glob(schedule.name + "*"):
        file.unlink()
