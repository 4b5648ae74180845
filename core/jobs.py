"""Jobs: long work as a row, with progress, cancelling, and a lease, so that a killed worker's job is done by another.

A kind is a function that an app registers with `job_kind`. It may run more than once: what it writes, it writes in one
transaction at its end, together with `Running.complete`; or piece by piece, each in a transaction with `Running.keep`,
from which the next try goes on. A thread of its own (core.heartbeat) keeps the lease while the
worker lives, however long a step or that transaction takes.
"""

import errno
import logging
import shutil
import sqlite3
import tempfile
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

from django.core.files.base import File
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scope, scopes_disabled
from psycopg.errors import DiskFull

from core.broker import nudge_on_commit
from core.files import StorageAwayError
from core.heartbeat import Heart
from core.models import Job
from geodata.models import Community

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # how long the job of a dead worker waits for another
MOST_ATTEMPTS = 3
PUT_OFF = timedelta(minutes=1)  # while the storage of files is away
PAUSE = 0.5  # seconds between two writes of progress
KEEP_INPUT = timedelta(days=30)
TASK = "core.tasks.run_jobs"
DISK_FULL = "the disk is full"  # the error of a job that found no room

Kind = Callable[["Running"], dict[str, Any]]
Clock = Callable[[], datetime]
_kinds: dict[str, Kind] = {}


class JobRefusedError(Exception):
    """The job cannot be done, and its words say why: they are for whoever asked, in the language of the service."""


class JobStoppedError(Exception):
    """Somebody asked to stop, or another worker has the job: nothing may be written any more."""


class Running:
    """A job in the hands of this worker."""

    def __init__(self, job: Job, *, clock: Clock) -> None:
        self.job = job
        self.community: Community = job.community
        self.parameters: dict[str, Any] = job.parameters
        self.heart = Heart(job, lease=LEASE, clock=clock)
        self._clock, self._told = clock, 0.0
        self._outside = len(connection.atomic_blocks)
        self.is_complete = False

    def now(self) -> datetime:
        """What time it is."""
        return self._clock()

    def progress(self, done: int, total: int) -> None:
        """Tells how far the work is, in a transaction of the job too. Raises JobStoppedError."""
        if done < total and time.monotonic() - self._told < PAUSE:
            return
        self._told = time.monotonic()
        how_far = {"done": min(done, total), "total": total}
        self.heart.columns = how_far
        if len(connection.atomic_blocks) == self._outside:
            self._write(**how_far, leased_until=self._clock() + LEASE)
        # In a transaction of the job nobody would see what it writes here: the heart tells it.
        mine = Job.objects.filter(pk=self.job.pk, claim=self.job.claim)
        if not mine.filter(cancel_asked_at=None).exists():
            raise JobStoppedError("asked to stop, or another worker has it")

    @property
    def kept(self) -> dict[str, Any] | None:
        """What an earlier try kept; None for the first."""
        found: dict[str, Any] | None = self.job.result
        return found

    def keep(self, so_far: dict[str, Any]) -> None:
        """So much is done, in the transaction of what it wrote: another try begins there, and none of the tries before
        counts against it. Raises JobStoppedError, and then nothing of the transaction may stay."""
        self._write(result=so_far, attempts=1)

    def complete(self, result: dict[str, Any]) -> None:
        """The job is done with this result; in the transaction of what it wrote, if there is one. Raises
        JobStoppedError."""
        self._write(state=Job.State.DONE, result=result, finished_at=self._clock(), claim=None, leased_until=None)
        self.is_complete = True

    def input(self) -> bytes:
        """The file that came with the job. Raises JobRefusedError when it was cleared away."""
        return input_of(self.job)

    @contextmanager
    def input_file(self) -> Iterator[Path]:
        """The same as a file on this machine, however large it is. Raises JobRefusedError, StorageAwayError."""
        with tempfile.TemporaryDirectory(prefix="misto-") as folder:
            path = Path(folder) / "input"
            try:
                with self.job.input.open("rb") as kept, path.open("wb") as file:
                    shutil.copyfileobj(kept, file, 2**20)
            except (OSError, ValueError) as mistake:
                if isinstance(mistake, StorageAwayError) or is_disk_full(mistake):
                    raise
                raise JobRefusedError(_("The file is no longer kept: upload it again.")) from None
            yield path

    def _write(self, **columns: Any) -> None:
        mine = Job.objects.filter(pk=self.job.pk, claim=self.job.claim, state=Job.State.RUNNING)
        if not mine.update(**columns):
            raise JobStoppedError("another worker has it")


def job_kind(name: str) -> Callable[[Kind], Kind]:
    """Registers the function that does jobs of this kind; what it returns is the result."""

    def register(run: Kind) -> Kind:
        _kinds[name] = run
        return run

    return register


def input_of(job: Job) -> bytes:
    """The file that came with a job. Raises JobRefusedError when it was cleared away, StorageAwayError."""
    try:
        with job.input.open("rb") as file:
            return bytes(file.read())
    except StorageAwayError:
        raise
    except (OSError, ValueError):
        raise JobRefusedError(_("The file is no longer kept: upload it again.")) from None


def enqueue_job(
    *,
    community: Community,
    kind: str,
    at: datetime,
    parameters: dict[str, Any] | None = None,
    by: Any = None,
    file: "File[bytes] | None" = None,
    file_of: Job | None = None,
) -> Job:
    """Asks for a job in the caller's transaction; a worker begins after the commit.

    `file_of` is an earlier job whose file this one reads too. Raises core.files.StorageAwayError, and asks for
    nothing, when there is nowhere to keep `file` now.
    """
    job = Job(
        community=community,
        kind=kind,
        parameters=parameters or {},
        input=file_of.input.name if file_of and not file else "",
        input_name=(file.name or "")[:200] if file else (file_of.input_name if file_of else ""),
        created_by=by,
        created_at=at,
    )
    if file:  # before any statement: a storage that is away leaves the caller's transaction whole
        # No two files ever have the same name, in whichever storage they lie.
        job.input.save(f"{token_hex(8)}-{Path(file.name or 'file').name}", file, save=False)
    job.save()
    nudge_on_commit(TASK)
    return job


def cancel_job(job: Job, *, at: datetime) -> bool:
    """A waiting job ends here; a running one when it next tells its progress. False when it was over."""
    with transaction.atomic():
        row = Job.objects.select_for_update().get(pk=job.pk)
        if row.is_over:
            return False
        row.cancel_asked_at = row.cancel_asked_at or at
        if row.state == Job.State.QUEUED:
            row.state, row.finished_at = Job.State.CANCELLED, at
        row.save(update_fields=["cancel_asked_at", "state", "finished_at"])
    return True


def run_again(job: Job, *, at: datetime, by: Any = None) -> Job | None:
    """Asks for the same once more: kind, parameters and file. None when the job did end well, or its file is gone.

    A second press finds the job that the first one asked for.
    """
    with transaction.atomic():
        row = Job.objects.select_for_update(of=("self",)).select_related("community").get(pk=job.pk)
        if not row.may_run_again:
            return None
        same = Job.objects.filter(community=row.community, kind=row.kind, parameters=row.parameters, finished_at=None)
        return same.filter(input=row.input.name).first() or enqueue_job(
            community=row.community,
            kind=row.kind,
            at=at,
            parameters=row.parameters,
            by=by,
            file_of=row,
        )


CLAIM = """
WITH next AS MATERIALIZED (
    SELECT id FROM core_job
    WHERE state = 'queued' OR (state = 'running' AND leased_until <= %(now)s)
    ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE core_job j SET state = 'running', claim = %(claim)s, leased_until = %(until)s, attempts = attempts + 1,
                      started_at = coalesce(started_at, %(now)s)
FROM next WHERE j.id = next.id RETURNING j.id
"""


def claim(*, at: datetime) -> Job | None:
    """Takes the job that waits longest, or one whose worker died; nobody else gets it until the lease ends."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"claim": uuid.uuid4(), "until": at + LEASE, "now": at})
        row = cursor.fetchone()
    if row is None:
        return None
    with scopes_disabled():
        found: Job = Job.objects.select_related("community").get(pk=row[0])
    return found


def run_jobs(*, clock: Clock = timezone.now) -> int:
    """Does what waits, one job after another; returns how many were taken."""
    taken = 0
    while (job := claim(at=clock())) is not None:
        run(job, clock=clock)
        taken += 1
    return taken


def run(job: Job, *, clock: Clock) -> None:
    """Does one claimed job in the scope of its community, and writes down how it ended."""
    running = Running(job, clock=clock)
    with scope(community=job.community):
        if job.attempts > MOST_ATTEMPTS:
            _end(job, Job.State.FAILED, at=clock(), error="its workers died")
            return
        try:
            if job.cancel_asked_at:
                raise JobStoppedError("asked to stop")
            with running.heart:
                result = _kinds[job.kind](running)
            if not running.is_complete:
                running.complete(result)
        except JobStoppedError:
            _end(job, Job.State.CANCELLED, at=clock())
        except JobRefusedError as refusal:
            _end(job, Job.State.FAILED, at=clock(), error=str(refusal))
        except StorageAwayError as fault:
            log.warning("Job %s of kind %s waits for the storage: %s.", job.pk, job.kind, fault)
            _put_off(job, at=clock())
        except Exception as error:  # noqa: BLE001  one bad job must not stop the others; staff see it as failed
            # Where it broke, and not what the error says: that may name a person.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("Job %s of kind %s broke: %s\n%s", job.pk, job.kind, type(error).__name__, where)
            words = DISK_FULL if is_disk_full(error) else type(error).__name__
            _end(job, Job.State.FAILED, at=clock(), error=words)


def is_disk_full(error: BaseException | None) -> bool:
    """Whether a full disk of the service is what is behind an error: a fault of nobody's file."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
            return True
        if isinstance(error, DiskFull):
            return True
        error = error.__cause__
    return False


def _put_off(job: Job, *, at: datetime) -> None:
    """It is taken anew when the lease ends, by any worker, and this was none of its tries."""
    mine = Job.objects.filter(pk=job.pk, claim=job.claim, state=Job.State.RUNNING)
    mine.update(leased_until=at + PUT_OFF, attempts=job.attempts - 1)


def clear_old_inputs(*, at: datetime) -> int:
    """Deletes the files of jobs that ended long ago; their rows stay. Returns how many."""
    with scopes_disabled():
        old = list(Job.objects.filter(finished_at__lt=at - KEEP_INPUT).exclude(input=""))
        for job in old:
            if not Job.objects.filter(input=job.input.name).exclude(pk=job.pk).exists():
                job.input.delete(save=False)
            Job.objects.filter(pk=job.pk).update(input="")
    return len(old)


def _end(job: Job, state: Job.State, *, at: datetime, error: str = "") -> None:
    """The outcome, while the job is still ours: a late worker overwrites nobody."""
    mine = Job.objects.filter(pk=job.pk, claim=job.claim, state=Job.State.RUNNING)
    mine.update(state=state, error=error[:500], finished_at=at, claim=None, leased_until=None)
