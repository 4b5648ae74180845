"""Signed webhooks: the message arrives once it is signed, and a refusal is taken for what it says."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from pytest_django import Settings

from core.models import OutboxMessage
from core.outbox import claim, send
from core.signing import SignatureRefusedError, verify
from core.tokens import secret_of
from issues.actions import report_issue
from issues.models import Issue
from routing.channel_secrets import RotationRefusedError, end_former, give_secret, rotate, secrets_of
from routing.models import Channel, Delivery
from tests.conftest import City, hole
from tests.grid import Town
from tests.hooks import Receiver, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """Яворинавтодор's own server, which the operator allows."""
    with receiving() as server:
        settings.OUTWARD_ALLOWED = [server.allowed]
        yield server


@pytest.fixture
def channel(city: City, receiver: Receiver) -> Channel:
    """Яворинавтодор's webhook, its only channel."""
    channel: Channel = Channel.objects.get(organisation=city.road_service)
    channel.kind, channel.address = "webhook", receiver.url
    channel.save()
    give_secret(channel)
    return channel


@pytest.fixture
def report(city: City, town: Town, channel: Channel, now: datetime) -> Issue:
    return report_issue(new=hole(city, town["p"], email="", flat="12", name="Оля"), community=city.community, at=now)


def send_it(now: datetime) -> OutboxMessage:
    """What is due is sent; returns the message to the organisation as it is then."""
    with time_machine.travel(now, tick=False):
        for message in claim(at=now):
            send(message, clock=lambda: now)
    return OutboxMessage.objects.get(channel="webhook")


def test_message_arrives_signed_with_its_key_and_link(
    report: Issue, channel: Channel, receiver: Receiver, now: datetime
) -> None:
    message = send_it(now)
    (posted,) = receiver.posted
    assert message.sent_at == now
    verify(posted.body, posted.headers, secrets=secrets_of(channel), at=now)
    told = json.loads(posted.body)
    assert posted.headers["Misto-Id"] == told["id"] == str(message.key)
    assert posted.headers["Misto-Channel"] == str(channel.pk)
    delivery = Delivery.objects.get(subject=report.subject)
    assert delivery.token
    assert told["answer_url"].endswith(f"/yavoryn/answer/{secret_of(delivery.token)}/")
    assert (told["news"], told["report"], told["role"], told["flat"]) == ("new", report.number, "responsible", "12")
    assert told["place"] == {"latitude": round(report.location.y, 6), "longitude": round(report.location.x, 6)}
    assert told["category"] == {"code": "roads", "name": "Дороги"}


def test_secret_link_is_not_in_the_database(report: Issue) -> None:
    message = OutboxMessage.objects.get(channel="webhook")
    assert "[[secret:" in message.payload["data"]["answer_url"]


def test_somebody_elses_secret_does_not_fit(report: Issue, channel: Channel, receiver: Receiver, now: datetime) -> None:
    send_it(now)
    (posted,) = receiver.posted
    with pytest.raises(SignatureRefusedError):
        verify(posted.body, posted.headers, secrets=["another"], at=now)


def test_while_the_secret_is_replaced_both_sign(
    report: Issue, channel: Channel, receiver: Receiver, now: datetime
) -> None:
    (old,) = secrets_of(channel)
    new = rotate(channel)
    with pytest.raises(RotationRefusedError):
        rotate(channel)
    send_it(now)
    (posted,) = receiver.posted
    for secret in (old, new):
        verify(posted.body, posted.headers, secrets=[secret], at=now)
    assert end_former(channel)
    assert not end_former(channel)
    channel.refresh_from_db()
    assert secrets_of(channel) == [new]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 301])
def test_refusal_of_the_message_is_final(report: Issue, receiver: Receiver, now: datetime, status: int) -> None:
    receiver.status = status
    message = send_it(now)
    assert (message.dead_at, message.failure, message.last_error) == (now, "refused", f"HTTP {status}")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_refusal_of_the_moment_is_tried_again(report: Issue, receiver: Receiver, now: datetime, status: int) -> None:
    receiver.status = status
    message = send_it(now)
    assert message.dead_at is None
    assert now < message.due_at <= now + timedelta(seconds=30)


@pytest.mark.parametrize("asked", ["600", "Thu, 19 Nov 2026 08:10:00 GMT"])
def test_asked_pause_is_kept(report: Issue, receiver: Receiver, now: datetime, asked: str) -> None:
    receiver.status, receiver.extra = 429, {"Retry-After": asked}
    assert send_it(now).due_at == now + timedelta(minutes=10)


@pytest.mark.parametrize("asked", ["soon", "-5", "99999999999999", "Thu, 19 Nov 2020 08:10:00 GMT"])
def test_pause_that_makes_no_sense_is_ours(report: Issue, receiver: Receiver, now: datetime, asked: str) -> None:
    receiver.status, receiver.extra = 503, {"Retry-After": asked}
    assert now < send_it(now).due_at <= now + timedelta(seconds=30)


def test_private_address_is_not_asked(report: Issue, receiver: Receiver, settings: Settings, now: datetime) -> None:
    settings.OUTWARD_ALLOWED = []
    message = send_it(now)
    assert (message.dead_at, message.failure, receiver.posted) == (now, "ours", [])


def test_server_that_is_down_is_asked_again_with_the_same_key(
    report: Issue, channel: Channel, receiver: Receiver, now: datetime
) -> None:
    receiver.status = 500
    first = send_it(now)
    receiver.status = 200
    send_it(first.due_at)
    assert [posted.headers["Misto-Id"] for posted in receiver.posted] == [str(first.key)] * 2


def test_channel_that_is_gone_or_without_a_secret_sends_nothing(
    report: Issue, channel: Channel, receiver: Receiver, now: datetime
) -> None:
    Channel.objects.filter(pk=channel.pk).update(secret="")
    assert "secret" in send_it(now).last_error
    Channel.objects.all().delete()
    OutboxMessage.objects.update(due_at=now)
    assert send_it(now).last_error == "its channel is gone"
    assert receiver.posted == []


def test_informed_of_a_sensitive_place_learns_what_strangers_may_know(
    city: City, town: Town, channel: Channel, receiver: Receiver, now: datetime
) -> None:
    from issues.letters import for_information

    type(city.roads).objects.filter(pk=city.roads.pk).update(is_sensitive=True)
    city.roads.refresh_from_db()
    issue = report_issue(new=hole(city, town["p"], flat="12", name="Оля"), community=city.community, at=now)
    told = for_information(issue, responsible=city.road_service).data
    assert (told["place"], told["address"], told["answers"], told["answer_url"]) == (None, "", [], "")
    assert not {"flat", "reporter_name", "entrance"} & told.keys()
    assert f"{issue.location.x:.4f}" not in json.dumps(dict(told))
