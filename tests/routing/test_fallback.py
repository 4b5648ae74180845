"""An organisation has several channels: roles, an order, copies; what one cannot carry, the next one does."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core import outbox
from core.mail import SendingFailedError
from core.models import OutboxMessage, Visibility, Way
from core.outbox import claim, register_channel, send
from core.outbox_ends import look_at_ways
from core.tokens import revoke_token
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import not_ours
from routing.actions import leave_address, send_again
from routing.channels import GO_ROUND_AFTER, channel_of, organisations_reached_in, reroute
from routing.models import Channel, Delivery
from tests.conftest import City, hole
from tests.grid import Town

HOOK = "https://hook.example.org/in"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ways(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What each kind of channel carried; a webhook refuses everything for good."""
    carried: dict[str, list[str]] = {"email": [], "folder": []}

    def refuse(**_message: Any) -> None:
        raise SendingFailedError("HTTP 410", permanent=True)

    def carry(kind: str) -> Any:
        return lambda recipient, payload, key: carried[kind].append(recipient)

    monkeypatch.setattr(outbox, "_channels", {})
    register_channel("webhook", refuse)
    for kind in carried:
        register_channel(kind, carry(kind))
    return carried


def of_roads(city: City, address: str, kind: str = "email", position: int = 2, **more: Any) -> Channel:
    found: Channel = Channel.objects.create(
        community=city.community, organisation=city.road_service, kind=kind, address=address, position=position, **more
    )
    return found


def report(city: City, town: Town, now: datetime) -> Issue:
    return report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)


def delivery_of(issue: Issue) -> Delivery:
    return Delivery.objects.select_related("message", "token").get(subject=issue.subject, organisation__isnull=False)


def send_everything(now: datetime) -> None:
    while claimed := claim(at=now, limit=1):
        send(claimed[0], clock=lambda: now)


def test_the_first_in_order_gets_it(city: City, town: Town, now: datetime) -> None:
    of_roads(city, HOOK, "webhook", position=0)
    message = delivery_of(report(city, town, now)).message
    assert message
    assert (message.channel, message.recipient) == ("webhook", HOOK)
    assert message.payload["data"]["report"] == 1


def test_what_one_cannot_carry_the_next_one_does(
    city: City, town: Town, now: datetime, ways: dict[str, list[str]]
) -> None:
    of_roads(city, HOOK, "webhook", position=0)
    issue = report(city, town, now)
    given_up = delivery_of(issue).message
    send_everything(now)
    assert given_up
    given_up.refresh_from_db()
    delivery = delivery_of(issue)
    assert given_up.dead_at == now
    assert (delivery.state, ways["email"]) == ("delivered", ["roads@example.org"])
    assert delivery.message
    assert str(delivery.token_id) in delivery.message.payload["text"]


def test_every_channel_is_tried_once_and_the_end_is_seen(city: City, town: Town, now: datetime) -> None:
    of_roads(city, HOOK, "webhook", position=0)
    of_roads(city, HOOK + "/2", "webhook", position=2)
    Channel.objects.filter(address="roads@example.org").update(kind="webhook", address=HOOK + "/1")
    issue = report(city, town, now)
    send_everything(now)
    messages = OutboxMessage.objects.filter(subject=issue.subject).order_by("id")
    assert [message.recipient for message in messages] == [HOOK, HOOK + "/1", HOOK + "/2"]
    assert all(message.dead_at for message in messages)
    assert delivery_of(issue).state == "failed"


def test_what_was_hidden_and_what_was_handed_back_goes_no_further(city: City, town: Town, now: datetime) -> None:
    of_roads(city, HOOK, "webhook", position=0)
    hidden, back = report(city, town, now), report(city, town, now)
    type(hidden.subject).objects.filter(pk=hidden.subject_id).update(
        visibility=Visibility.HIDDEN, hidden_reason="образи"
    )
    not_ours(delivery=delivery_of(back), reason="Не наше.", at=now)
    send_everything(now)
    for issue in (hidden, back):
        to_roads = OutboxMessage.objects.filter(subject=issue.subject, recipient="roads@example.org")
        assert not to_roads.exists()


def test_roles_divide_what_comes(city: City, town: Town, now: datetime) -> None:
    informed = of_roads(city, "info@example.org", position=0, role="informed")
    here = city.community.pk
    assert channel_of(city.road_service, community_id=here, role="informed") == informed
    answering = channel_of(city.road_service, community_id=here)
    assert answering
    assert answering.address == "roads@example.org"
    Channel.objects.filter(pk=answering.pk).update(is_active=False)
    assert city.road_service not in organisations_reached_in(here)
    assert delivery_of(report(city, town, now)).state == "unreachable"


def test_copies_get_everything_too_and_fall_back_to_nobody(
    city: City, town: Town, now: datetime, ways: dict[str, list[str]]
) -> None:
    of_roads(city, HOOK, "webhook", is_copy=True)
    of_roads(city, "/drop/roads", "folder", is_copy=True)
    issue = report(city, town, now)
    send_everything(now)
    assert ways == {"email": ["roads@example.org"], "folder": ["/drop/roads"]}
    assert delivery_of(issue).state == "delivered"
    Channel.objects.filter(organisation=city.road_service, is_copy=False).update(is_active=False)
    assert delivery_of(report(city, town, now)).state == "unreachable"


def test_ended_copy_ends_its_messages_in_sight(city: City, town: Town, now: datetime) -> None:
    copy = of_roads(city, "/drop/roads", "folder", is_copy=True)
    issue = report(city, town, now)
    Channel.objects.filter(pk=copy.pk).update(is_active=False)
    leave_address(was=copy, at=now)
    message = OutboxMessage.objects.get(subject=issue.subject, channel="folder")
    assert message.last_error == "the organisation has no address here"


def test_message_follows_its_channel_to_another_address_and_kind(city: City, town: Town, now: datetime) -> None:
    channel = Channel.objects.get(organisation=city.road_service)
    issue = report(city, town, now)
    Channel.objects.filter(pk=channel.pk).update(kind="folder", address="/drop/roads")
    leave_address(was=channel, at=now)
    message = delivery_of(issue).message
    assert message
    assert (message.channel, message.recipient) == ("folder", "/drop/roads")


def test_staff_send_by_another_channel(city: City, town: Town, now: datetime, ways: dict[str, list[str]]) -> None:
    channel = Channel.objects.get(organisation=city.road_service)
    Channel.objects.filter(pk=channel.pk).update(kind="webhook", address=HOOK)
    folder = of_roads(city, "/drop/roads", "folder", role="informed")
    issue = report(city, town, now)
    send_everything(now)
    message = delivery_of(issue).message
    assert message
    assert message.dead_at
    assert reroute(message=message, to=folder, at=now)
    send_everything(now)
    assert (delivery_of(issue).state, ways["folder"]) == ("delivered", ["/drop/roads"])
    assert not reroute(message=message, to=folder, at=now)


def test_staff_cannot_send_it_to_another_organisation(city: City, town: Town, now: datetime) -> None:
    message = delivery_of(report(city, town, now)).message
    assert message
    assert not reroute(message=message, to=Channel.objects.get(organisation=city.vodokanal), at=now)
    ended = of_roads(city, "/drop/roads", "folder", is_active=False)
    assert not reroute(message=message, to=ended, at=now)


def test_dead_letter_that_another_carried_on_is_sent_again_alone(
    city: City, town: Town, now: datetime, ways: dict[str, list[str]]
) -> None:
    of_roads(city, HOOK, "webhook", position=0)
    issue = report(city, town, now)
    first = delivery_of(issue).message
    send_everything(now)
    assert first
    first.refresh_from_db()
    assert send_again(message=first, at=now)
    send_everything(now)
    assert ways["email"] == ["roads@example.org"]


def test_letter_whose_link_was_replaced_still_says_whose_it_is(city: City, town: Town, now: datetime) -> None:
    of_roads(city, HOOK, "webhook", position=0)
    issue = report(city, town, now)
    delivery = delivery_of(issue)
    assert delivery.token
    revoke_token(delivery.token, at=now)
    send_everything(now)
    assert delivery_of(issue).state == "delivered"


@pytest.mark.parametrize(
    "wrong", [{"kind": "pigeon"}, {"role": "everybody"}, {"address": ""}, {"former_secret": "sealed"}]
)
def test_database_knows_what_a_channel_is(city: City, wrong: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Channel.objects.filter(organisation=city.road_service).update(**wrong)


# A receiver that is down --------------------------------------------------------------------------------------
def is_down(host: str, since: datetime, channel: str = "webhook") -> Way:
    found: Way = Way.objects.create(
        channel=channel, host=host, failures=2, last_message=0, failing_since=since, asked_at=since, why="HTTP 502"
    )
    return found


def message_of(issue: Issue) -> OutboxMessage:
    """What the public page speaks of."""
    found = delivery_of(issue).message
    assert found
    return found


def test_what_waits_for_a_receiver_that_is_down_goes_round_it_after_ten_minutes(
    city: City, town: Town, now: datetime, ways: dict[str, list[str]]
) -> None:
    of_roads(city, HOOK, "webhook", position=0)
    issue = report(city, town, now)
    is_down("hook.example.org", now)
    look_at_ways(at=now + GO_ROUND_AFTER - timedelta(seconds=1))
    assert message_of(issue).channel == "webhook"
    look_at_ways(at=now + GO_ROUND_AFTER)
    carried = message_of(issue)
    assert (carried.channel, carried.recipient) == ("email", "roads@example.org")
    given_up = OutboxMessage.objects.get(channel="webhook")
    assert (given_up.failure, given_up.payload["passed_on"]) == ("unreachable", True)
    assert given_up.last_error == "nobody could be reached there"
    send_everything(now + GO_ROUND_AFTER)
    assert ways["email"] == ["roads@example.org"]


def test_nothing_goes_round_to_a_channel_that_is_down_too(city: City, town: Town, now: datetime) -> None:
    of_roads(city, HOOK, "webhook", position=0)
    issue = report(city, town, now)
    is_down("hook.example.org", now)
    is_down("", now, channel="email")
    look_at_ways(at=now + GO_ROUND_AFTER)
    assert message_of(issue).channel == "webhook"
    assert message_of(issue).dead_at is None


def test_an_organisation_with_one_channel_waits(city: City, town: Town, now: datetime) -> None:
    issue = report(city, town, now)
    is_down("", now, channel="email")
    look_at_ways(at=now + GO_ROUND_AFTER)
    assert message_of(issue).dead_at is None


def test_what_stands_behind_a_message_that_is_being_sent_does_not_overtake_it(
    city: City, town: Town, now: datetime
) -> None:
    of_roads(city, HOOK, "webhook", position=0)
    issue = report(city, town, now)
    first = message_of(issue)
    until = now + GO_ROUND_AFTER + timedelta(minutes=1)
    OutboxMessage.objects.filter(pk=first.pk).update(claim=uuid.uuid4(), leased_until=until)
    first.pk, first.key = None, uuid.uuid4()
    first.save()  # later news of the same report
    is_down("hook.example.org", now)
    look_at_ways(at=now + GO_ROUND_AFTER)
    assert not OutboxMessage.objects.filter(channel="webhook", dead_at__isnull=False).exists()
