"""The worker of a job is killed with SIGKILL in its middle: another does the job, and its effect is there once."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from core import jobs
from core.jobs import LEASE, Running, claim, enqueue_job, run_jobs
from core.models import Job
from geodata.models import Community, Division
from tests.faults.service import environment, eventually, process, python

pytestmark = pytest.mark.django_db(transaction=True)
# Writes, and is killed before the transaction commits: it says "here" and waits for good.
STUCK = """
from django.db import transaction
from core import jobs
from geodata.models import Division

@jobs.job_kind("test.divide")
def divide(running):
    with transaction.atomic():
        Division.objects.create(community=running.community, code="new", name="New")
        print("here", flush=True)
        import signal
        signal.pause()

jobs.run_jobs()
"""


def test_killed_worker_leaves_no_half_and_another_finishes(
    inside: Community, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = enqueue_job(community=inside, kind="test.divide", at=timezone.now() - timedelta(seconds=1))
    with process(python(STUCK), environment(), tmp_path / "log") as worker:
        assert worker.stdout
        assert worker.stdout.readline() == "here\n", (tmp_path / "log").read_text()
        worker.kill()
        assert worker.wait(timeout=30) == -9

    def divide(running: Running) -> dict[str, Any]:
        with transaction.atomic():
            Division.objects.create(community=running.community, code="new", name="New")
            running.complete({"made": 1})
        return {}

    monkeypatch.setitem(jobs._kinds, "test.divide", divide)
    assert run_jobs() == 0, "the lease of the dead worker still runs"
    assert run_jobs(clock=lambda: timezone.now() + LEASE) == 1
    found = Job.objects.get(pk=job.pk)
    assert (found.state, found.result, found.attempts) == (Job.State.DONE, {"made": 1}, 2)
    assert Division.objects.filter(code="new").count() == 1


def test_heart_of_a_killed_worker_beats_no_more(inside: Community, tmp_path: Path) -> None:
    """While the worker lives, nobody else gets the job; killed, it loses it with the lease that it had."""
    job = enqueue_job(community=inside, kind="test.divide", at=timezone.now() - timedelta(seconds=1))
    lease = timedelta(seconds=2)
    in_seconds = (
        f"from datetime import timedelta\nfrom core import jobs\njobs.LEASE = timedelta(seconds={lease.seconds})"
    )
    with process(python(f"{in_seconds}\n{STUCK}"), environment(), tmp_path / "log") as worker:
        assert worker.stdout
        assert worker.stdout.readline() == "here\n", (tmp_path / "log").read_text()
        assert not eventually(lambda: claim(at=timezone.now()) is not None, seconds=3 * lease.seconds)
        worker.kill()
        worker.wait(timeout=30)
    assert eventually(lambda: claim(at=timezone.now()) == job, seconds=2 * lease.seconds)
