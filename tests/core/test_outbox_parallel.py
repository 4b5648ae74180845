"""Workers at the same moment, each on its own connection: a message has one of them at a time."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Event

import pytest
from django.db import transaction
from django_scopes import scopes_disabled

from core import outbox
from core.models import Failure, OutboxMessage, Subject, Visibility
from core.outbox import LEASE, claim, resend_hidden, send_due
from geodata.models import Community
from tests.core.conftest import Write, until_somebody_waits
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
    messages = {write(recipient=f"resident{number}@example.org").pk for number in range(60)}
    claimed = at_once([worker(now, limit)] * WORKERS)
    counts = Counter(pk for mine in claimed for pk in mine)
    assert set(counts) == messages
    assert set(counts.values()) == {1}


def test_claim_does_not_wait_for_a_row_that_another_worker_holds(write: Write, now: datetime) -> None:
    held, free = write(), write(recipient="water@example.org")
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
    letters = [write(recipient=f"resident{number}@example.org") for number in range(20)]
    keys = {f"<{letter.key}@localhost>" for letter in letters}
    sent = at_once([lambda: send_due(clock=lambda: now)] * WORKERS)
    assert sum(sent) == 20
    assert Counter(post.keys()) == Counter(keys)


def publish(subject: Subject, now: datetime) -> None:
    """As issues.moves.set_visibility does."""
    Subject.objects.filter(pk=subject.pk).update(visibility=Visibility.PUBLIC, hidden_reason="")
    resend_hidden(subject, at=now)


def hide(subject: Subject) -> None:
    Subject.objects.filter(pk=subject.pk).update(visibility=Visibility.HIDDEN, hidden_reason="Образа.")


def test_who_publishes_while_a_worker_judges_finds_the_letter_dead_and_revives_it(
    write: Write, subject: Subject, inside: Community, post: MailServer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, judging, judge = write(), Event(), outbox.why_not
    hide(subject)

    def slowly(message: OutboxMessage) -> tuple[Failure, str] | None:
        found = judge(message)
        if not judging.is_set():
            judging.set()
            until_somebody_waits()
        return found

    def moderate() -> None:
        judging.wait(timeout=30)
        with transaction.atomic():
            publish(subject, now)

    monkeypatch.setattr(outbox, "why_not", slowly)
    assert at_once([lambda: send_due(clock=lambda: now, most=1), moderate], community=inside) == [0, None]
    message.refresh_from_db()
    assert (message.dead_at, message.failure) == (None, "")
    assert send_due(clock=lambda: now) == 1


def test_worker_that_comes_while_somebody_publishes_sends_the_letter(
    write: Write, subject: Subject, inside: Community, post: MailServer, now: datetime
) -> None:
    write()
    hide(subject)
    published = Event()

    def moderate() -> None:
        with transaction.atomic():
            publish(subject, now)
            published.set()
            until_somebody_waits()

    def work() -> int:
        published.wait(timeout=30)
        return send_due(clock=lambda: now)

    assert at_once([work, moderate], community=inside) == [1, None]
