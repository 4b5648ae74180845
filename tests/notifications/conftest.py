"""The clock of the pages, the day after a report, and a program that hears of everything."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ApiClient
from core.outbox import send_due
from core.signing import verify
from notifications.hooks import Wanted, create
from notifications.models import Webhook
from tests.conftest import City
from tests.receiver import Receiver, running_receiver


@pytest.fixture(autouse=True)
def _clock_of_the_pages(now: datetime) -> Iterator[None]:
    """Pages read the clock themselves: for them it is the day of the report."""
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def later(now: datetime) -> datetime:
    """The next day, Friday, 10:00 in Kyiv."""
    return now + timedelta(days=1)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """A server that takes messages, and that the operator allows."""
    with running_receiver() as found:
        settings.OUTWARD_ALLOWED = [f"127.0.0.1:{found.port}"]
        yield found


@pytest.fixture
def program(city: City) -> ApiClient:
    """Водоканал asks by programs in Яворин."""
    found: ApiClient = ApiClient.objects.create(
        community=city.community, organisation=city.vodokanal, contact="dev@example.org"
    )
    return found


@dataclass
class Hook:
    """A webhook that answered, and its secret."""

    row: Webhook
    secret: str
    receiver: Receiver

    def told(self) -> list[dict[str, Any]]:
        """Every message that arrived, without the first one, each by a signature that fits."""
        messages = []
        for one in self.receiver.taken:
            verify(one.body, one.headers, secrets=[self.secret], at=timezone.now())
            messages.append(json.loads(one.body))
            assert messages[-1]["id"] == one.headers["misto-id"]
        return [message for message in messages if message["name"] != "ping"]

    def names(self) -> list[str]:
        """Names of the events that arrived."""
        return [message["name"] for message in self.told()]


Subscribe = Callable[..., Hook]


@pytest.fixture
def subscribe(program: ApiClient, receiver: Receiver, now: datetime) -> Subscribe:
    """Makes a webhook and lets it answer."""

    def make(**wanted: Any) -> Hook:
        row, secret = create(client=program, wanted=Wanted(url=receiver.url, **wanted), at=now)
        send_due(clock=lambda: now)
        row.refresh_from_db()
        return Hook(row, secret, receiver)

    return make


@pytest.fixture
def hook(subscribe: Subscribe) -> Hook:
    """A webhook that hears everything."""
    return subscribe()
