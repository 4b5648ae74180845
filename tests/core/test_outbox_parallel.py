"""Workers at the same moment, each on its own connection: a message has one of them at a time."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django_scopes import scopes_disabled

from core.models import OutboxMessage
from core.outbox import LEASE, claim, send_due
from geodata.models import Community
from tests.core.conftest import Write
from tests.parallel import at_once
from tests.smtp import MailServer

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 4


@pytest.fixture
def all_communities(inside: Community) -> Iterator[None]:
    with scopes_disabled():
        yield


def worker(now: datetime, limit: int) -> Callable[[], list[int]]:
    """Claims until nothing is left."""

    def run() -> list[int]:
        mine: list[int] = []
        while claimed := claim(at=now, limit=limit):
            mine += [message.pk for message in claimed]
        return mine

    return run


@pytest.mark.parametrize("limit", [1, 7])
def test_parallel_workers_never_claim_one_message_together(write: Write, now: datetime, limit: int) -> None:
    messages = {write().pk for _ in range(60)}
    claimed = at_once([worker(now, limit)] * WORKERS)
    counts = Counter(pk for mine in claimed for pk in mine)
    assert set(counts) == messages
    assert set(counts.values()) == {1}


def test_claim_does_not_wait_for_a_row_that_another_worker_holds(write: Write, now: datetime) -> None:
    from django.db import transaction

    held, free = write(), write()
    with transaction.atomic():
        OutboxMessage.objects.select_for_update().get(pk=held.pk)
        (claimed,) = at_once([lambda: claim(at=now, limit=2)])
    assert claimed == [free]


def test_parallel_workers_after_a_dead_one_take_its_message_once(write: Write, now: datetime) -> None:
    message = write()
    assert claim(at=now) == [message]
    claimed = at_once([lambda: claim(at=now + LEASE)] * WORKERS)
    assert sorted(len(mine) for mine in claimed) == [0, 0, 0, 1]


def test_parallel_workers_send_each_letter_once(write: Write, post: MailServer, now: datetime) -> None:
    keys = {f"<{write().key}@localhost>" for _ in range(20)}
    sent = at_once([lambda: send_due(clock=lambda: now)] * WORKERS)
    assert sum(sent) == 20
    assert Counter(post.keys()) == Counter(keys)
