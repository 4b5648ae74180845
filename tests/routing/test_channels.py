"""Letters with a secret link go only to an address that the organisation has now."""

from datetime import datetime

import pytest

from accounts.models import Organisation
from core.models import OutboxMessage
from core.outbox import Letter
from core.tokens import revoke_token
from issues.models import Issue
from routing.actions import deliver, leave_address, send_again, write_again
from routing.models import Channel, Delivery
from tests.conftest import City
from tests.issues.conftest import link_of


@pytest.fixture
def delivery(issue: Issue) -> Delivery:
    """Яворинавтодор has Оля's report; its letter waits."""
    return Delivery.objects.select_related("message", "token", "subject", "organisation").get(subject=issue.subject)


@pytest.fixture
def channel(city: City) -> Channel:
    """Of Яворинавтодор."""
    return Channel.objects.select_related("organisation").get(organisation=city.road_service)


def letter(secret: str) -> Letter:
    return Letter("Яма", secret, secret)


def end(channel: Channel, now: datetime) -> None:
    """As the administration page does."""
    Channel.objects.filter(pk=channel.pk).update(is_active=False)
    leave_address(was=channel, at=now)


def another_channel(channel: Channel, address: str, organisation: Organisation | None = None) -> Channel:
    whose = organisation or channel.organisation
    found: Channel = Channel.objects.create(
        community=channel.community, organisation=whose, address=address, position=2
    )
    return found


def waiting_for(recipient: str) -> int:
    return OutboxMessage.objects.pending().filter(recipient=recipient).count()


def test_waiting_letter_follows_its_organisation_to_the_next_channel(
    delivery: Delivery, channel: Channel, now: datetime
) -> None:
    another_channel(channel, "new@example.org")
    end(channel, now)
    assert (waiting_for("roads@example.org"), waiting_for("new@example.org")) == (0, 1)


def test_waiting_letter_without_any_channel_ends_in_sight(delivery: Delivery, channel: Channel, now: datetime) -> None:
    end(channel, now)
    message = OutboxMessage.objects.get(delivery=delivery)
    assert (message.dead_at, message.failure) == (now, "ours")
    assert message.last_error == "the organisation has no address here"


def test_letters_to_the_author_and_letters_that_left_stay_as_they_were(
    delivery: Delivery, channel: Channel, now: datetime
) -> None:
    OutboxMessage.objects.filter(delivery=delivery).update(sent_at=now)
    OutboxMessage.objects.filter(audience="author").update(recipient="roads@example.org")
    end(channel, now)
    assert not OutboxMessage.objects.filter(dead_at__isnull=False).exists()
    assert OutboxMessage.objects.filter(recipient="roads@example.org").count() == 2


def test_letter_of_another_organisation_at_the_same_address_stays(
    delivery: Delivery, channel: Channel, city: City, now: datetime
) -> None:
    Channel.objects.filter(organisation=city.vodokanal).update(address="roads@example.org")
    assert delivery.decision
    theirs = deliver(decision=delivery.decision, organisation=city.vodokanal, compose=letter, at=now)
    end(channel, now)
    assert list(OutboxMessage.objects.pending().filter(audience="organisation")) == [theirs.message]


def test_letter_whose_link_was_replaced_leaves_the_address_too(
    delivery: Delivery, channel: Channel, now: datetime
) -> None:
    revoke_token(link_of(delivery), at=now)
    link_of(delivery).refresh_from_db()
    write_again(delivery=delivery, compose=letter, at=now)
    another_channel(channel, "new@example.org")
    end(channel, now)
    assert (waiting_for("roads@example.org"), waiting_for("new@example.org")) == (0, 2)


def test_address_that_another_channel_still_has_is_not_left(
    delivery: Delivery, channel: Channel, now: datetime
) -> None:
    leave_address(was=channel, at=now)
    assert waiting_for("roads@example.org") == 1


def test_dead_letter_of_an_organisation_without_a_channel_is_not_sent_again(
    delivery: Delivery, channel: Channel, now: datetime
) -> None:
    end(channel, now)
    message = OutboxMessage.objects.get(delivery=delivery)
    assert not send_again(message=message, at=now)
    assert waiting_for("roads@example.org") == 0
    another_channel(channel, "new@example.org")
    assert send_again(message=message, at=now)
    assert waiting_for("new@example.org") == 1


def test_dead_letter_to_the_author_needs_no_channel(delivery: Delivery, now: datetime) -> None:
    OutboxMessage.objects.filter(audience="author").update(dead_at=now)
    assert send_again(message=OutboxMessage.objects.get(audience="author"), at=now)
    assert waiting_for("olia@example.org") == 1
