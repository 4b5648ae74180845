"""The private servers of a checkout, for the service, for one command, or for a throw-away run."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from launcher import claim, cluster, console, parts, places, processes, service, supervisor
from launcher.cluster import Cluster
from launcher.places import Places
from launcher.redis import Redis
from launcher.service import Addresses
from launcher.supervisor import Supervisor

THROW_AWAY_PREFIX = "misto-test-"
SECONDS_UNTIL_ABANDONED = 60.0  # a younger folder may be about to take its lock


def start_private(here: Places, keeper: Supervisor) -> Addresses:
    """Start what the operator does not bring, under the supervisor, with role and database in place.

    The caller holds the claim of this checkout.
    """
    server = private_cluster(here)
    account = server.account
    broker = Redis(sockets=here.sockets, account=account, log=here.logs / "redis.log")
    wanted = []
    if not (service.has_own_database() and service.has_own_redis()):
        places.private_folder(here.sockets, account)
    if not service.has_own_database():
        _prepare_cluster(here, server)
        wanted.append(parts.postgres(server, cluster.environment()))
    if not service.has_own_redis():
        wanted.append(parts.redis(broker, cluster.environment()))
    if wanted:
        with console.step("Starting " + " and ".join(part.name for part in wanted)):
            keeper.start(*wanted)
            if not service.has_own_database():
                server.set_up()
    return addresses_of(here)


def addresses_of(here: Places) -> Addresses:
    """Where this checkout's private servers answer, or the operator's own."""
    broker = Redis(sockets=here.sockets, account=None, log=here.logs / "redis.log")
    return Addresses(
        database=os.environ.get("DATABASE_URL") or private_cluster(here).url,
        redis=os.environ.get("REDIS_URL") or broker.url,
    )


def private_cluster(here: Places) -> Cluster:
    """The cluster that keeps this checkout's data."""
    account = None if service.has_own_database() else places.database_account()
    return Cluster(
        data=here.data("postgres", account),
        sockets=here.sockets,
        account=account,
        log=here.logs / "postgres.log",
    )


def new_supervisor(here: Places) -> Supervisor:
    """A supervisor for this checkout, after the leftovers of a killed one are gone."""
    records = here.run / "parts.json"
    ended = supervisor.end_leftovers(records, mark=here.key, names=parts.NAMES)
    if ended:
        console.say(f"Ended {ended} processes that the last start had left running.")
    return Supervisor(cwd=here.root, mark=here.key, records=records)


@contextlib.contextmanager
def throw_away(here: Places, *, careless: bool = True) -> Iterator[tuple[Path, Addresses]]:
    """An empty cluster and Redis in a temporary folder, gone after the block. Yields folder and addresses."""
    _remove_abandoned()
    account = places.database_account()
    folder = Path(tempfile.mkdtemp(prefix=THROW_AWAY_PREFIX, dir="/tmp"))
    with _locked(folder):
        try:
            folder.chmod(0o711)
            sockets = places.private_folder(folder / "run", account)
            data = places.private_folder(folder / "data", account) / "postgres"
            server = Cluster(
                data=data, sockets=sockets, account=account, log=folder / "postgres.log", careless=careless
            )
            with _beside(here, server, folder) as addresses:
                yield folder, addresses
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def kept(here: Places) -> Iterator[tuple[Path, Addresses]]:
    """As throw_away, but its databases are there again the next time: for measurements that take long to fill them.

    Not durable: a power cut may damage it. It is then enough to remove the folder `bench` of the checkout's data.
    """
    account = places.database_account()
    data = here.data("bench", account)
    folder = Path(tempfile.mkdtemp(prefix=THROW_AWAY_PREFIX, dir="/tmp"))
    with _locked(folder), (here.run / "bench.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        try:
            folder.chmod(0o711)
            sockets = places.private_folder(folder / "run", account)
            server = Cluster(
                data=data,
                sockets=sockets,
                account=account,
                log=folder / "postgres.log",
                careless=True,
                settings={"max_wal_size": "16GB", "checkpoint_timeout": "30min"},
            )
            with _beside(here, server, folder) as addresses:
                yield folder, addresses
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Tells others that the folder is in use."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _beside(here: Places, server: Cluster, folder: Path) -> Iterator[Addresses]:
    """Runs the cluster, and Redis beside it, with role and database in place."""
    keeper = Supervisor(cwd=here.root, mark=folder.name, records=folder / "parts.json")
    broker = Redis(sockets=server.sockets, account=server.account, log=folder / "redis.log")
    try:
        with console.step("Throw-away database and Redis"):
            server.create()
            env = cluster.environment()
            keeper.start(parts.postgres(server, env), parts.redis(broker, env))
            server.set_up(template=True)
        yield Addresses(database=server.url, redis=broker.url)
    finally:
        keeper.stop()


def _prepare_cluster(here: Places, server: Cluster) -> None:
    """Make the data folder at the first start, and say where it is when that is not the usual place."""
    _end_unrecorded_server(server)
    if not server.exists():
        with console.step("New database cluster"):
            server.create()
    if not server.data.is_relative_to(here.var):
        console.say(f"Database files are in {server.data}: the account postgres cannot reach {here.var}.")


def _end_unrecorded_server(server: Cluster) -> None:
    """End a PostgreSQL that still runs on our data although no record names it."""
    pid = server.running_server()
    known = processes.identity(pid) if pid else None
    if known is not None and processes.end([known], signals=cluster.STOP_SIGNALS):
        console.fail(f"PostgreSQL {known.pid} still runs on {server.data} and would not end.")


def _remove_abandoned() -> None:
    """Remove folders of throw-away runs that were killed; a running one holds its lock."""
    for folder in Path("/tmp").glob(f"{THROW_AWAY_PREFIX}*"):  # noqa: S108
        try:
            found = folder.lstat()
            if found.st_uid != os.getuid() or time.time() - found.st_mtime < SECONDS_UNTIL_ABANDONED:
                continue
            with (folder / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


@contextlib.contextmanager
def for_command(here: Places) -> Iterator[Addresses]:
    """The database for one command: the running service's, or private servers started for the block."""
    if service.has_own_database() and service.has_own_redis():
        yield addresses_of(here)
        return
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(claim.hold(here.run, role=claim.COMMAND))
        except claim.TakenError as taken:
            if taken.holder is None or taken.holder.role != claim.SERVICE:
                console.fail(
                    "Another ./misto command is using the database. Wait for it, or start ./misto up:\n"
                    "beside a running service several commands can work at once."
                )
            yield addresses_of(here)
            return
        keeper = new_supervisor(here)
        stack.callback(keeper.stop)
        yield start_private(here, keeper)
