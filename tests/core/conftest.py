"""Things that leave: a subject, a way to write messages about it, and a mail server."""

import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

import pytest
from django.db import connection
from django_scopes import scope
from pytest_django import Settings

from core import outbox
from core.models import Lane, OutboxMessage, Subject
from geodata.models import Community
from tests.smtp import MailServer, mail_server


class Write(Protocol):
    """Writes one message into the outbox; keywords replace what it has by default."""

    def __call__(self, **fields: Any) -> OutboxMessage: ...


@pytest.fixture
def subject(inside: Community) -> Subject:
    """Something public in Яворин."""
    return Subject.objects.create(community=inside, kind="issue")


@pytest.fixture
def write(subject: Subject, now: datetime) -> Write:
    """A letter to an organisation, due now, in the lane of deliveries."""

    def make(**fields: Any) -> OutboxMessage:
        given = {
            "community": subject.community,
            "subject": subject,
            "lane": Lane.DELIVERY,
            "channel": "email",
            "audience": OutboxMessage.Audience.ORGANISATION,
            "recipient": "roads@example.org",
            "payload": {"subject": "Яма", "text": "Яма на переході", "html": "<p>Яма на переході</p>"},
            "created_at": now,
            "due_at": now,
        }
        with scope(community=subject.community):
            return OutboxMessage.objects.create(**(given | fields))

    return make


@pytest.fixture
def post(settings: Settings) -> Iterator[MailServer]:
    """A mail server, and settings that send there."""
    with mail_server() as server:
        for name, value in {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": server.port,
            "EMAIL_TIMEOUT": 20,
        }.items():
            setattr(settings, name, value)
        yield server


def until_somebody_waits() -> None:
    """Returns when another connection waits for a lock that this one, or a third, holds."""
    asked = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
    )
    for _turn in range(1000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # in a transaction the answer would stay as it was
            cursor.execute(asked)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("Nobody waits.")


class Channel:
    """A way out that remembers what it was given; `fails` says what happens instead."""

    def __init__(self) -> None:
        self.sent: list[uuid.UUID] = []
        self.fails: dict[str, Exception] = {}

    def __call__(self, *, recipient: str, payload: dict[str, Any], key: uuid.UUID) -> None:
        if recipient in self.fails:
            raise self.fails[recipient]
        self.sent.append(key)


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Channel:
    """Takes the place of e-mail."""
    found = Channel()
    monkeypatch.setitem(outbox._channels, "email", found)
    return found


def take(now: datetime, limit: int = 10) -> list[OutboxMessage]:
    """What a worker would claim."""
    return outbox.claim(at=now, limit=limit)
