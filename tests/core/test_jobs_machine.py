"""Jobs under anything that may happen: what a job writes is there once if it is done, and not at all if it is not.

Hypothesis plays the workers, the people who stop jobs and run them again, and the clock.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django_scopes import scope
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from core import jobs
from core.jobs import LEASE, MOST_ATTEMPTS, JobRefusedError, Running, cancel_job, claim, enqueue_job, run_again
from core.models import Job
from geodata.models import Community, Division

KIND = "test.played"
OVER = {Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED}

pytestmark = pytest.mark.django_db


class WorkerDiedError(BaseException):
    """The process of a worker ended: nothing after this line ran."""


class Jobs(RuleBasedStateMachine):
    """Jobs are asked for, claimed, done, refused, stopped and run again; workers die and come late; time passes."""

    community: Community
    start: datetime
    asked: Bundle[int] = Bundle("asked")
    claims: Bundle[Job] = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.now = self.start
        self.ended: dict[int, str] = {}

    def teardown(self) -> None:
        """When the story ends, one worker lives on, and in the end nothing waits any more."""
        try:
            self.now += LEASE
            while (job := claim(at=self.now)) is not None:
                self._work(job, "well")
            assert not Job.objects.filter(finished_at=None).exists()
            self.what_was_written_agrees_with_the_state()
        finally:
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)

    @rule(target=asked)
    def somebody_asks(self) -> int:
        return enqueue_job(community=self.community, kind=KIND, at=self.now).pk

    @rule(target=claims)
    def a_worker_claims(self) -> Any:
        before = {job.pk: job for job in Job.objects.all()}
        found = claim(at=self.now)
        if found is None:
            assert not [job for job in before.values() if self._waits(job)], "something waits, and nobody got it"
            return multiple()
        assert self._waits(before[found.pk]), "claimed what another worker holds, or what is over"
        return multiple(found)

    @rule(job=consumes(claims), ending=st.sampled_from(["well", "well", "refuses", "breaks", "dies"]))
    def the_worker_works(self, job: Job, ending: str) -> None:
        """Whether at once or long after its lease ended."""
        before = Job.objects.values().get(pk=job.pk)
        try:
            self._work(job, ending)
        except WorkerDiedError:
            return
        after = Job.objects.values().get(pk=job.pk)
        if before["claim"] != job.claim:
            assert after == before, "a late worker overwrote what another wrote"
        else:
            assert after["state"] in OVER, "a worker that lived says how it ended"

    @rule(pk=asked)
    def somebody_stops_it(self, pk: int) -> None:
        job = Job.objects.get(pk=pk)
        assert cancel_job(job, at=self.now) is not job.is_over

    @rule(target=asked, pk=asked)
    def somebody_runs_it_again(self, pk: int) -> Any:
        again = run_again(Job.objects.get(pk=pk), at=self.now)
        return multiple(again.pk) if again else multiple()

    @rule(seconds=st.sampled_from([1, 60, int(LEASE.total_seconds()), 3600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def what_was_written_agrees_with_the_state(self) -> None:
        written = [int(code) for code in Division.objects.filter(name="played").values_list("code", flat=True)]
        done = Job.objects.filter(state=Job.State.DONE).values_list("pk", flat=True)
        assert sorted(written) == sorted(done)

    @invariant()
    def what_is_over_stays_as_it_is(self) -> None:
        now = {job.pk: str(job.state) for job in Job.objects.all() if job.is_over}
        assert now.items() >= self.ended.items()
        self.ended = now

    @invariant()
    def nobody_tries_for_ever(self) -> None:
        assert not Job.objects.filter(attempts__gt=MOST_ATTEMPTS + 1).exists()

    def _waits(self, job: Job) -> bool:
        lost = job.leased_until is not None and job.leased_until <= self.now
        return job.state == Job.State.QUEUED or (job.state == Job.State.RUNNING and lost)

    def _work(self, job: Job, ending: str) -> None:
        def work(running: Running) -> dict[str, object]:
            running.progress(1, 1)
            if ending == "refuses":
                raise JobRefusedError("no")
            with transaction.atomic():
                Division.objects.create(community=self.community, code=str(job.pk), name="played")
                if ending == "breaks":
                    raise ZeroDivisionError
                if ending == "dies":
                    raise WorkerDiedError
                running.complete({})
            return {}

        jobs.job_kind(KIND)(work)
        jobs.run(job, clock=lambda: self.now)


@pytest.fixture
def _no_played_kind_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_kinds", dict(jobs._kinds))


@pytest.mark.usefixtures("_no_played_kind_stays")
def test_what_a_job_writes_is_there_once_or_not_at_all(inside: Community, now: datetime) -> None:
    class Here(Jobs):
        pass

    Here.community, Here.start = inside, now
    with scope(community=inside):
        run_state_machine_as_test(Here)
