"""A webhook gave a report up, a letter carried it on: who answers that letter is heard, once."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from core.incoming import keep, read_waiting
from core.models import OutboxMessage
from core.outbox import send_due
from issues.actions import report_issue
from issues.models import Issue
from issues.states import State
from routing.channel_secrets import give_secret
from routing.models import Answer, Channel, Delivery
from tests.conftest import City, hole
from tests.core.conftest import post  # noqa: F401  a mail server
from tests.grid import Town
from tests.hooks import Receiver, receiving
from tests.issues.test_mail_answers import answer_to, last
from tests.smtp import MailServer

HOUR = timedelta(hours=1)


@pytest.fixture
def hook(city: City, settings: Settings) -> Iterator[Receiver]:
    """Яворинавтодор has a webhook that refuses everything, and after it its mailbox."""
    settings.REPLY_ADDRESS = "misto+{}@city.example"
    with receiving() as server:
        server.status = 410
        settings.OUTWARD_ALLOWED = [server.allowed]
        Channel.objects.filter(organisation=city.road_service).update(position=2)
        first = Channel.objects.create(
            community=city.community, organisation=city.road_service, kind="webhook", address=server.url, position=1
        )
        give_secret(first)
        yield server


@pytest.fixture
def report(hook: Receiver, city: City, town: Town, now: datetime) -> Issue:
    return report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)


def test_answer_to_the_letter_after_a_webhook_is_one_event(
    report: Issue,
    hook: Receiver,
    post: MailServer,  # noqa: F811
    now: datetime,
) -> None:
    for _turn in range(3):
        send_due(clock=lambda: now)
    assert (len(hook.posted), post.recipients) == (1, ["roads@example.org"])
    (letter,) = post.letters
    carried = Delivery.objects.get(subject=report.subject).message
    assert carried is not None
    assert (carried.channel, letter["Message-ID"].count(str(carried.key))) == ("email", 1)
    before = report.events.count()
    said = answer_to(str(letter["Reply-To"]), "Виконано. Яму засипали.", now + HOUR)
    said["In-Reply-To"] = letter["Message-ID"]
    for hours in (2, 3, 3):
        keep(said.as_bytes(), at=now + hours * HOUR)
        read_waiting(clock=lambda hours=hours: now + hours * HOUR)  # type: ignore[misc]
    report.refresh_from_db()
    assert (report.state, report.events.count()) == (State.DONE, before + 1)
    answer = Answer.objects.get()
    assert (answer.via, answer.text, answer.delivery.organisation.name) == (
        "email", "Яму засипали.", "КП «Яворинавтодор»"
    )  # fmt: skip
    assert last().outcome == "applied"


def test_bounce_of_that_letter_ends_it_and_nothing_is_left_to_try(
    report: Issue,
    hook: Receiver,
    post: MailServer,  # noqa: F811
    now: datetime,
) -> None:
    """The last way failed too: the report says so, and the webhook is not asked again."""
    post.replies["RCPT"] = "550 5.1.1 no such user"
    for hours in range(3):
        send_due(clock=lambda hours=hours: now + hours * HOUR)  # type: ignore[misc]
    assert len(hook.posted) == 1
    dead = OutboxMessage.objects.filter(audience="organisation", dead_at__isnull=False)
    assert set(dead.values_list("channel", flat=True)) == {"webhook", "email"}
