"""Long work as a row: progress, cancelling, and what a worker that died leaves behind."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from celery import current_app
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from accounts.models import User
from core import jobs
from core.jobs import LEASE, JobRefusedError, Running, cancel_job, claim, enqueue_job, run_again, run_jobs
from core.models import Job
from geodata.models import Community, Division
from tests.parallel import at_once

Kind = Callable[[Running], dict[str, Any]]
KIND = "test.count"


@pytest.fixture
def does(monkeypatch: pytest.MonkeyPatch) -> Callable[[Kind], None]:
    """What jobs of the test's kind do."""
    known: dict[str, Kind] = {}
    monkeypatch.setattr(jobs, "_kinds", known)
    return lambda kind: known.update({KIND: kind})


@pytest.fixture
def ask(inside: Community, now: datetime) -> Callable[..., Job]:
    """Asks for a job of the test's kind."""
    return lambda **more: enqueue_job(community=inside, kind=KIND, at=now, **more)


def run(now: datetime) -> int:
    return run_jobs(clock=lambda: now)


def fresh(job: Job) -> Job:
    found: Job = Job.objects.get(pk=job.pk)
    return found


def test_job_runs_in_the_scope_of_its_community_and_keeps_its_result(
    does: Any, ask: Callable[..., Job], now: datetime
) -> None:
    does(lambda running: {"divisions": Division.objects.count(), "given": running.parameters["given"]})
    job = ask(parameters={"given": 5})
    assert (job.state, run(now)) == (Job.State.QUEUED, 1)
    job = fresh(job)
    assert (job.state, job.result, job.started_at, job.finished_at) == (
        Job.State.DONE,
        {"divisions": 0, "given": 5},
        now,
        now,
    )
    assert run(now) == 0


def test_progress_is_seen_while_the_job_runs_and_keeps_its_lease(
    does: Any, ask: Callable[..., Job], now: datetime
) -> None:
    seen: list[tuple[int, int, int]] = []

    def work(running: Running) -> dict[str, Any]:
        running.progress(3, 4)
        job = fresh(running.job)
        seen.append((job.done, job.total, job.percent))
        assert job.leased_until == now + LEASE
        return {}

    does(work)
    job = ask()
    run(now)
    assert seen == [(3, 4, 75)]
    assert fresh(job).percent == 100


def test_file_comes_with_the_job_and_is_cleared_a_month_after_its_end(
    does: Any, ask: Callable[..., Job], now: datetime
) -> None:
    does(lambda running: {"size": len(running.input())})
    job = ask(file=ContentFile(b"12345", name="межі.geojson"))
    run(now)
    job = fresh(job)
    assert (job.result, job.input_name) == ({"size": 5}, "межі.geojson")
    assert jobs.clear_old_inputs(at=now + timedelta(days=29)) == 0
    assert jobs.clear_old_inputs(at=now + timedelta(days=31)) == 1
    assert not default_storage.exists(str(job.input.name))
    assert fresh(job).result == {"size": 5}
    again = ask(file=ContentFile(b"12345", name="межі.geojson"))
    assert again.input.name != job.input.name, "whoever kept the old file under its name never takes it for this one"


def test_job_whose_file_is_gone_says_so(does: Any, ask: Callable[..., Job], now: datetime) -> None:
    does(lambda running: {"size": len(running.input())})
    job = ask()
    run(now)
    assert fresh(job).state == Job.State.FAILED
    assert fresh(job).error == gettext("The file is no longer kept: upload it again.")


def test_refusal_is_kept_in_its_words_and_a_mistake_by_its_kind(
    does: Any, ask: Callable[..., Job], now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(running: Running) -> dict[str, Any]:
        raise JobRefusedError("У файлі немає меж.")

    does(refuse)
    refused = ask()
    run(now)
    assert (fresh(refused).state, fresh(refused).error) == (Job.State.FAILED, "У файлі немає меж.")

    def stumble(running: Running) -> dict[str, Any]:
        raise ZeroDivisionError(running.parameters["person"])

    does(stumble)
    broken = ask(parameters={"person": "olia@example.org"})
    run(now)
    assert fresh(broken).error == "ZeroDivisionError", "what an error says may name a person"
    assert "ZeroDivisionError" in caplog.text
    assert "stumble" in caplog.text, "it says where"
    assert "olia@example.org" not in caplog.text


def test_job_of_an_unknown_kind_fails_and_the_next_one_is_done(
    does: Any, ask: Callable[..., Job], inside: Community, now: datetime
) -> None:
    does(lambda running: {})
    unknown = enqueue_job(community=inside, kind="test.unheard", at=now)
    known = ask()
    assert run(now) == 2
    assert (fresh(unknown).state, fresh(known).state) == (Job.State.FAILED, Job.State.DONE)


def test_failed_job_is_run_again_with_what_it_was_given(
    does: Any, ask: Callable[..., Job], now: datetime, taras: User
) -> None:
    def refuse(running: Running) -> dict[str, Any]:
        raise JobRefusedError("Не цього разу.")

    does(refuse)
    first = ask(parameters={"given": 5}, file=ContentFile(b"12345", name="межі.geojson"))
    assert run_again(first, at=now) is None, "it waits"
    run(now)
    again = run_again(first, at=now, by=taras)
    assert again
    assert run_again(first, at=now) == again, "a second press"
    assert (again.created_by, again.input_name) == (taras, "межі.geojson")
    does(lambda running: {"given": running.parameters["given"], "size": len(running.input())})
    assert run(now) == 1
    assert fresh(again).result == {"given": 5, "size": 5}
    assert fresh(first).state == Job.State.FAILED, "what happened stays"
    assert run_again(again, at=now) is None, "it ended well"


def test_job_whose_file_was_cleared_away_is_not_run_again(does: Any, ask: Callable[..., Job], now: datetime) -> None:
    job = ask(file=ContentFile(b"12345", name="межі.geojson"))
    cancel_job(job, at=now)
    assert fresh(job).may_run_again
    jobs.clear_old_inputs(at=now + timedelta(days=31))
    assert run_again(job, at=now) is None


def test_file_stays_while_a_later_job_needs_it(does: Any, ask: Callable[..., Job], now: datetime) -> None:
    first = ask(file=ContentFile(b"12345", name="межі.geojson"))
    cancel_job(first, at=now)
    again = run_again(first, at=now + timedelta(days=30))
    assert again
    later = now + timedelta(days=31)
    jobs.clear_old_inputs(at=later)
    does(lambda running: {"size": len(running.input())})
    run(later)
    assert fresh(again).result == {"size": 5}
    assert jobs.clear_old_inputs(at=later + timedelta(days=31)) == 1
    assert not default_storage.exists(str(again.input.name))


def test_jobs_have_a_queue_that_letters_and_photos_do_not_use() -> None:
    """The worker of letters and photos takes the default queue, the worker of jobs only this one."""

    def queue(task: str) -> str:
        return str(current_app.amqp.router.route({}, task)["queue"].name)

    assert queue(jobs.TASK) == "jobs"
    default = current_app.conf.task_default_queue
    assert {queue(task) for task in ("core.tasks.send_due", "media.tasks.clean_waiting")} == {default}
    asked = [entry["task"] for entry in current_app.conf.beat_schedule.values()]
    assert jobs.TASK in asked
    assert "core.tasks.clear_old_inputs" in asked


def test_waiting_job_is_cancelled_at_once(does: Any, ask: Callable[..., Job], now: datetime) -> None:
    job = ask()
    assert cancel_job(job, at=now)
    assert fresh(job).state == Job.State.CANCELLED
    assert run(now) == 0
    assert not cancel_job(job, at=now)


def test_running_job_stops_when_it_next_tells_its_progress(does: Any, ask: Callable[..., Job], now: datetime) -> None:
    def work(running: Running) -> dict[str, Any]:
        cancel_job(running.job, at=now)
        running.progress(1, 1)
        raise AssertionError("it went on")

    does(work)
    job = ask()
    run(now)
    assert (fresh(job).state, fresh(job).result) == (Job.State.CANCELLED, None)


def test_job_of_a_dead_worker_is_done_by_another_after_its_lease(
    does: Any, ask: Callable[..., Job], now: datetime
) -> None:
    does(lambda running: {"attempt": running.job.attempts})
    job = ask()
    claim(at=now)
    assert run(now + LEASE - timedelta(seconds=1)) == 0
    assert run(now + LEASE) == 1
    assert fresh(job).result == {"attempt": 2}


def test_worker_that_lost_its_job_writes_nothing_more(
    does: Any, ask: Callable[..., Job], now: datetime, inside: Community
) -> None:
    """It was slow, the lease ended, another worker took the job: what it writes is rolled back."""

    def work(running: Running) -> dict[str, Any]:
        later = claim(at=now + LEASE)
        assert later
        with transaction.atomic():
            Division.objects.create(community=inside, code="late", name="Пізні")
            running.complete({"by": "the late one"})
        raise AssertionError("it went on")

    does(work)
    job = ask()
    run(now)
    assert (fresh(job).state, fresh(job).result) == (Job.State.RUNNING, None)
    assert not Division.objects.filter(code="late").exists()


def test_job_that_kills_its_workers_is_given_up(does: Any, ask: Callable[..., Job], now: datetime) -> None:
    does(lambda running: {})
    job = ask()
    for attempt in range(jobs.MOST_ATTEMPTS):
        assert claim(at=now + attempt * LEASE)
    run(now + jobs.MOST_ATTEMPTS * LEASE)
    assert (fresh(job).state, fresh(job).error) == (Job.State.FAILED, "its workers died")


def test_database_keeps_jobs_sensible(ask: Callable[..., Job], now: datetime) -> None:
    job = ask()
    wrong: list[dict[str, Any]] = [
        {"done": 5, "total": 4},
        {"state": "running"},
        {"state": "done"},
        {"finished_at": now},
        {"state": "lost"},
    ]
    for columns in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Job.objects.filter(pk=job.pk).update(**columns)


@pytest.mark.django_db(transaction=True)
def test_parallel_workers_take_each_job_once(
    does: Any, ask: Callable[..., Job], now: datetime, inside: Community
) -> None:
    taken: list[int] = []

    def work(running: Running) -> dict[str, Any]:
        taken.append(running.job.pk)
        return {}

    does(work)
    asked = {ask().pk for _ in range(12)}
    found = at_once([lambda: run(now)] * 4, community=inside)
    assert sum(found) == 12
    assert sorted(taken) == sorted(asked)


@pytest.mark.django_db(transaction=True)
def test_stopping_and_finishing_at_the_same_moment_agree(
    does: Any, ask: Callable[..., Job], now: datetime, inside: Community
) -> None:
    """Whoever comes first wins: what was written is there only when the job says that it is done."""

    def work(running: Running) -> dict[str, Any]:
        running.progress(1, 2)
        with transaction.atomic():
            Division.objects.create(community=inside, code=f"of-{running.job.pk}", name="Поділ")
            running.complete({})
        return {}

    does(work)
    for _time in range(5):
        job = ask()
        found = at_once([partial(run, now), partial(cancel_job, job, at=now)], community=inside)
        assert not [error for error in found if isinstance(error, Exception)]
        job = fresh(job)
        assert job.is_over
        assert Division.objects.filter(code=f"of-{job.pk}").exists() == (job.state == Job.State.DONE)
