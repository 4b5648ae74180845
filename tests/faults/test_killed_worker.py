"""A worker is killed with SIGKILL at the two worst moments: nothing is lost, and who honours the key counts one."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from core.models import Lane, OutboxMessage, Subject
from core.outbox import LEASE, send_due
from geodata.models import Community
from tests.faults.service import environment, process, python
from tests.smtp import MailServer, mail_server

pytestmark = pytest.mark.django_db(transaction=True)
WORKER = python("from core.tasks import send_due\nsend_due()")


@pytest.fixture
def post(settings: Settings) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
        yield server


@pytest.fixture
def message(inside: Community) -> OutboxMessage:
    subject = Subject.objects.create(community=inside, kind="issue")
    due = timezone.now() - timedelta(seconds=1)
    found: OutboxMessage = OutboxMessage.objects.create(
        community=inside,
        subject=subject,
        lane=Lane.DELIVERY,
        channel="email",
        audience=OutboxMessage.Audience.ORGANISATION,
        recipient="roads@example.org",
        payload={"subject": "Яма", "text": "Яма на переході", "html": "<p>Яма на переході</p>"},
        created_at=due,
        due_at=due,
    )
    return found


def kill_a_worker_at(command: str, post: MailServer, log: Path) -> None:
    """Starts a worker, and kills it when the mail server holds it at that command."""
    post.hangs_at = command
    with process(WORKER, environment(email_url=post.url), log) as worker:
        assert post.reached.wait(timeout=60), log.read_text()
        assert worker.poll() is None
        worker.kill()
        assert worker.wait(timeout=30) == -9
    post.hangs_at = ""


def is_sent(message: OutboxMessage) -> bool:
    message.refresh_from_db()
    return message.sent_at is not None


def test_worker_killed_between_claim_and_send_loses_nothing(
    post: MailServer, message: OutboxMessage, tmp_path: Path
) -> None:
    kill_a_worker_at("EHLO", post, tmp_path / "log")
    assert not is_sent(message)
    assert message.attempts == 1
    assert message.claim is not None
    assert post.letters == []

    assert send_due() == 0, "the lease of the dead worker still runs"
    assert send_due(clock=lambda: timezone.now() + LEASE) == 1
    assert is_sent(message)
    assert post.keys() == [f"<{message.key}@localhost>"]


def test_worker_killed_after_send_before_commit_sends_again_with_the_same_key(
    post: MailServer, message: OutboxMessage, tmp_path: Path
) -> None:
    kill_a_worker_at("QUIT", post, tmp_path / "log")  # the letter was answered with 250
    assert len(post.letters) == 1
    assert not is_sent(message)

    assert send_due() == 0, "the lease of the dead worker still runs"
    assert send_due(clock=lambda: timezone.now() + LEASE) == 1
    assert is_sent(message)
    assert len(post.letters) == 2
    assert set(post.keys()) == {f"<{message.key}@localhost>"}, "a receiver that honours the key counts one"
    assert send_due(clock=lambda: timezone.now() + 2 * LEASE) == 0
