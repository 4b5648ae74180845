"""A worker that lives keeps its job, however long its one transaction takes, and says from within how far it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_scopes import scopes_disabled

from core import heartbeat, jobs
from core.jobs import Running, cancel_job, claim, enqueue_job, run_jobs
from core.models import Job
from geodata.models import Community, Division
from tests.faults.service import eventually

KIND = "test.long"
SHORT_LEASE = timedelta(seconds=1)
pytestmark = pytest.mark.django_db(transaction=True)


class Stage:
    """A job that another thread does: it says `begun`, and goes on when it is told `go_on`."""

    def __init__(self) -> None:
        self.begun, self.go_on = Event(), Event()

    def wait(self) -> None:
        self.begun.set()
        assert self.go_on.wait(30)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A job that writes in one transaction, and in its middle waits for the test."""
    stage = Stage()

    def write(running: Running) -> dict[str, Any]:
        with transaction.atomic():
            Division.objects.create(community=running.community, code="new", name="Новий")
            running.progress(1, 2)
            stage.wait()
            running.progress(2, 2)
            running.complete({"made": 1})
        return {}

    monkeypatch.setattr(jobs, "_kinds", {KIND: write})
    monkeypatch.setattr(jobs, "LEASE", SHORT_LEASE)
    monkeypatch.setattr(heartbeat, "BEAT", 0.05)
    return stage


@pytest.fixture
def job(inside: Community) -> Job:
    return enqueue_job(community=inside, kind=KIND, at=timezone.now())


@contextmanager
def worker(stage: Stage) -> Iterator[None]:
    """A worker that takes what waits; it has begun when the block begins, and has ended when the block ends."""

    def work() -> None:
        try:
            run_jobs()
        finally:
            connection.close()

    thread = Thread(target=work)
    thread.start()
    try:
        assert stage.begun.wait(30)
        yield
    finally:
        stage.go_on.set()
        thread.join(30)


def fresh(job: Job) -> Job:
    with scopes_disabled():
        found: Job = Job.objects.get(pk=job.pk)
    return found


def during(lease: timedelta, look: Callable[[], Any]) -> list[Any]:
    """What a look found again and again, for three times as long as the lease."""
    end = timezone.now() + 3 * lease
    found = []
    while timezone.now() < end:
        found.append(look())
    return found


def test_transaction_that_outlasts_the_lease_loses_its_job_to_nobody(stage: Stage, job: Job) -> None:
    with worker(stage):
        assert not any(during(SHORT_LEASE, lambda: claim(at=timezone.now())))
    ended = fresh(job)
    assert (ended.state, ended.attempts, ended.result) == (Job.State.DONE, 1, {"made": 1})


def test_progress_inside_the_transaction_is_seen_outside(stage: Stage, job: Job) -> None:
    with worker(stage):
        assert eventually(lambda: fresh(job).percent == 50, seconds=10)
    assert fresh(job).percent == 100


def test_job_is_stopped_inside_its_transaction_and_leaves_nothing(stage: Stage, job: Job) -> None:
    with worker(stage):
        assert cancel_job(job, at=timezone.now())
    assert fresh(job).state == Job.State.CANCELLED
    assert not Division.objects.exists()


def test_job_that_another_worker_has_stops_at_its_next_word(stage: Stage, job: Job) -> None:
    """The heart was still for longer than a lease: the machine slept."""
    with worker(stage):
        taken = claim(at=timezone.now() + 2 * SHORT_LEASE)
        assert taken == job
    assert (fresh(job).state, fresh(job).claim) == (Job.State.RUNNING, taken.claim if taken else None)
    assert not Division.objects.exists()


def test_heart_survives_a_database_that_hangs_up(stage: Stage, job: Job) -> None:
    """Of the connections to this database only the heart's is idle: the worker's is in its transaction."""
    hang_up = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'idle' AND pid <> pg_backend_pid()"
    )
    with worker(stage), connection.cursor() as cursor:
        assert eventually(lambda: fresh(job).percent == 50, seconds=10)
        cursor.execute(hang_up)
        assert cursor.fetchone() == (1,)
        assert not any(during(SHORT_LEASE, lambda: claim(at=timezone.now())))
    assert fresh(job).state == Job.State.DONE
