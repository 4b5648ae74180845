"""RabbitMQ in place of Redis, by one setting: letters leave, jobs run, and nobody waits for a broker that is away."""

import signal
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django_scopes import scopes_disabled

from core.jobs import enqueue_job
from core.models import Job, OutboxMessage
from issues.models import Issue
from openmap.brokers import broker_url, transport_options
from stats.opendata.jobs import KIND
from tests.conftest import City
from tests.faults.service import environment, eventually, process
from tests.faults.test_redis_stopped import Reporter, reporting
from tests.grid import Town
from tests.scale.rabbit import rabbit
from tests.smtp import mail_server

MORE = 0.75  # seconds that a report may take longer than while the broker is well: giving up on it takes 1.5


def delivered() -> bool:
    with scopes_disabled():
        return not OutboxMessage.objects.filter(sent_at=None).exists()


def worker(folder: Path) -> list[str]:
    """One worker of all queues, with beat inside."""
    queues = ["--queues=celery,urgent,deliveries,bulk,jobs", "--pool=threads", "--concurrency=3"]
    beat = ["-B", f"--schedule={folder}/beat", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [sys.executable, "-m", "celery", "-A", "openmap", "worker", *queues, *beat]


@pytest.mark.django_db(transaction=True)
def test_reports_are_delivered_and_jobs_run_through_rabbitmq_and_wait_for_it_while_it_is_away(
    city: City, town: Town, folder: Path
) -> None:
    with mail_server() as post, rabbit(folder / "mq") as broker, ExitStack() as started:
        # REDIS_URL leads nowhere: nothing else needs it.
        env = environment(email_url=post.url, MISTO_BROKER_URL=broker.url, MISTO_VAR=str(folder / "var"))
        reporter = Reporter(started.enter_context(process(reporting(town["p"]), env, folder / "web.log")))
        workers: list[subprocess.Popen[str]] = []

        def served() -> bool:
            """By a worker that is started anew when it ends, as the service does."""
            if not workers or workers[-1].poll() is not None:
                workers.append(started.enter_context(process(worker(folder), env, folder / "worker.log")))
            return delivered()

        served()
        job = enqueue_job(community=city.community, kind=KIND, at=timezone.now())
        reporter.send(2)
        assert eventually(served, seconds=60), said(folder)
        assert eventually(lambda: Job.objects.get(pk=job.pk).state == Job.State.DONE, seconds=60), said(folder)

        def first_of_a_process() -> float:
            """It has no line to the broker yet; while that is frozen it gets none."""
            with process(reporting(town["p"]), env, folder / "other.log") as other:
                return max(Reporter(other).send(1))

        well = first_of_a_process()
        broker.freeze()
        frozen = [first_of_a_process(), *reporter.send(1)]
        broker.freeze(signal.SIGCONT)
        assert eventually(served, seconds=60), said(folder)

        broker.kill()
        gone = reporter.send(2)
        assert not delivered(), "letters wait in the database"
        broker.start()
        assert eventually(served, seconds=90), said(folder)

        print(f"seconds for a report: {well:.2f} well, {max(frozen):.2f} frozen, {max(gone):.2f} gone")  # noqa: T201
        assert max(frozen + gone) < well + MORE, said(folder)
        assert Issue.objects.count() == 7
        assert set(Counter(post.keys()).values()) == {1}
        residents = {f"resident{number}@example.org": 1 + 2 * (number == 1) for number in range(1, 6)}
        assert Counter(post.recipients) == {"roads@example.org": 7, **residents}


def said(folder: Path) -> str:
    """What the processes wrote, for whoever reads a failure."""
    return "\n".join(f"── {log.name}\n{log.read_text()[-4000:]}" for log in sorted(folder.glob("*.log")))


def asked(**given: str) -> str:
    env = environ.Env()
    env.ENVIRON = given
    return broker_url(env)


def test_redis_is_the_broker_unless_another_is_named() -> None:
    assert asked() == "redis://127.0.0.1:6379/0"
    assert asked(REDIS_URL="unix:///run/r.sock") == "redis+socket:///run/r.sock"
    assert asked(REDIS_URL="redis://a", MISTO_BROKER_URL="amqp://b//") == "amqp://b//"


def test_a_broker_that_is_neither_is_refused_by_name() -> None:
    with pytest.raises(ImproperlyConfigured, match="MISTO_BROKER_URL"):
        asked(MISTO_BROKER_URL="sqs://")


@pytest.mark.parametrize("url", ["redis://a", "amqp://a//", "amqps://a//"])
def test_no_broker_is_waited_for_longer_than_a_moment(url: str) -> None:
    found = transport_options(url)
    waits = [value for name, value in found.items() if "timeout" in name and name != "visibility_timeout"]
    assert waits
    assert max(waits) <= 1.5
