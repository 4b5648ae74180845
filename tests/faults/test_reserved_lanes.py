"""Deliveries and a mass mailing hang on a server that says nothing: a sign-in code leaves by a thread of its own."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from core.models import Lane, OutboxMessage, Subject
from core.seats import SEATS
from geodata.models import Community
from launcher.parts import OUTBOX_QUEUES, OUTBOX_THREADS
from tests.faults.service import environment, eventually, process
from tests.faults.test_redis_stopped import redis
from tests.smtp import mail_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="misto-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def write(community: Community, lane: Lane, count: int) -> None:
    subject, now = Subject.objects.create(community=community, kind="issue"), timezone.now()
    for number in range(count):
        OutboxMessage.objects.create(
            community=community,
            subject=subject,
            lane=lane,
            channel="email",
            audience=OutboxMessage.Audience.AUTHOR,
            recipient=f"{lane}-{number}@example.org",
            payload={"subject": "Код", "text": "1234", "html": "<p>1234</p>"},
            created_at=now,
            due_at=now,
        )


def outbox(folder: Path) -> list[str]:
    """The part of the service that sends, with beat inside."""
    lanes = ["--queues", ",".join(OUTBOX_QUEUES), "--pool", "threads", "--concurrency", str(OUTBOX_THREADS)]
    beat = ["-B", f"--schedule={folder}/beat", "--without-gossip", "--without-mingle"]
    return [sys.executable, "-m", "celery", "-A", "openmap", "worker", *lanes, *beat]


def being_sent(lane: Lane) -> int:
    return OutboxMessage.objects.filter(lane=lane, leased_until__gt=timezone.now(), sent_at=None).count()


def test_code_leaves_while_everything_else_hangs(inside: Community, short: Path) -> None:
    write(inside, Lane.DELIVERY, 8)
    write(inside, Lane.BULK, 8)
    log = short / "outbox.log"
    with mail_server() as post, redis(short):
        post.hangs_at = "EHLO"
        variables = environment(
            redis_url=f"unix://{short}/redis.sock", email_url=post.url, MISTO_EMAIL_TIMEOUT="300", MISTO_DB_POOL="16"
        )
        with process(outbox(short), variables, log):
            hang = {lane: SEATS[lane] for lane in (Lane.DELIVERY, Lane.BULK)}
            assert eventually(lambda: all(being_sent(lane) == hang[lane] for lane in hang), seconds=90), log.read_text()
            assert eventually(lambda: post.held == sum(hang.values()), seconds=60), log.read_text()
            post.hangs_at = ""  # for whoever comes from now on
            write(inside, Lane.URGENT, 1)
            assert eventually(lambda: bool(post.recipients), seconds=60), log.read_text()
            assert post.recipients == [f"{Lane.URGENT}-0@example.org"], "no other lane has a thread to spare"
            assert {lane: being_sent(lane) for lane in hang} == hang
