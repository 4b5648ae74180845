"""The page of the lanes and of dead letters: who sees what, who may stop what, and what is done with dead letters."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_scopes import scopes_disabled
from pytest_django import Settings

from accounts.models import Organisation, User
from core.models import Lane, OutboxMessage, SendingLimit, Stop, StopEverywhere, Way, WrittenOff
from core.outbox import resend
from geodata.models import Community
from issues.models import Issue
from routing.models import Channel

PAGE = "/admin/core/outboxmessage/lanes/"
LETTERS = "/admin/core/outboxmessage/"
TOKEN = "a token that nobody guesses"

pytestmark = pytest.mark.usefixtures("issue", "_everywhere")


@pytest.fixture
def _everywhere(issue: Issue) -> Any:
    with scopes_disabled():
        yield


@pytest.fixture
def olha(issue: Issue) -> User:
    """Runs the installation."""
    found: User = User.objects.create_superuser("olha@example.org")
    return found


def stop(client: Client, **fields: Any) -> Any:
    return client.post(PAGE, {"lane": Lane.DELIVERY, "do": "paused", "reason": "Переїзд пошти.", **fields})


def letter(community: Community) -> OutboxMessage:
    found = OutboxMessage.objects.filter(community=community, audience="organisation").first()
    assert found
    return found


def act(client: Client, message: OutboxMessage, action: str, **more: Any) -> str:
    given = {"action": action, "_selected_action": [message.pk], **more}
    return client.post(LETTERS, given, follow=True).content.decode()


# Who sees and stops what ------------------------------------------------------------------------------------
def test_stranger_and_staff_of_nothing_see_no_lanes(client: Client, serhii: User) -> None:
    assert client.get(PAGE).status_code == 302
    client.force_login(serhii)
    assert client.get(PAGE).status_code in {302, 403}
    assert stop(client).status_code in {302, 403}
    assert not Stop.objects.exists()


def test_administrator_sees_and_stops_the_own_community_only(
    client: Client, taras: User, issue: Issue, elsewhere: Community
) -> None:
    client.force_login(taras)
    assert issue.community.name in client.get(PAGE).content.decode()
    assert stop(client, community=issue.community_id).status_code == 302
    row = Stop.objects.get()
    assert (row.community, row.lane, row.kind, row.by) == (issue.community, Lane.DELIVERY, "paused", taras)
    assert "Переїзд пошти." in client.get(PAGE).content.decode()
    for refused in (
        {"community": elsewhere.pk},
        {"community": ""},
        {"lane": Lane.URGENT, "community": issue.community_id},
    ):
        assert stop(client, **refused).status_code == 200
    assert Stop.objects.count() == 1
    assert not StopEverywhere.objects.exists()


def test_operator_stops_urgent_for_everybody_and_lets_it_go(client: Client, olha: User, issue: Issue) -> None:
    client.force_login(olha)
    assert stop(client, lane=Lane.URGENT, community=issue.community_id).status_code == 200
    assert stop(client, lane=Lane.URGENT, do="draining").status_code == 302
    assert StopEverywhere.objects.get().kind == "draining"
    assert stop(client, lane=Lane.URGENT, do="go", reason="").status_code == 302
    assert not StopEverywhere.objects.exists()


def test_who_stops_says_why(client: Client, olha: User) -> None:
    client.force_login(olha)
    assert stop(client, reason="").status_code == 200
    assert not StopEverywhere.objects.exists()


def test_limits_are_the_operators(client: Client, taras: User, olha: User) -> None:
    SendingLimit.objects.create(channel="email", most=5, window=60)
    address = reverse("admin:core_sendinglimit_changelist")
    client.force_login(taras)
    assert client.get(address).status_code == 403
    assert "email" not in client.get(PAGE).content.decode()
    client.force_login(olha)
    assert client.get(address).status_code == 200
    assert "email: 5" in client.get(PAGE).content.decode()


def test_page_asks_few_questions(client: Client, olha: User, django_assert_max_num_queries: Any) -> None:
    client.force_login(olha)
    with django_assert_max_num_queries(25):
        client.get(PAGE)


# Dead letters -----------------------------------------------------------------------------------------------
def test_letter_given_up_for_good_needs_a_reason_and_is_never_revived(
    client: Client, taras: User, issue: Issue, now: datetime
) -> None:
    message = letter(issue.community)
    client.force_login(taras)
    act(client, message, "write_off")
    assert not WrittenOff.objects.exists()
    act(client, message, "write_off", reason="Установу ліквідовано.")
    assert WrittenOff.objects.get().reason == "Установу ліквідовано."
    act(client, message, "send_again")
    resend(message, at=now)
    message.refresh_from_db()
    assert message.dead_at is not None
    assert (
        str(message.recipient)
        not in client.get(f"{LETTERS}?dead_at__isempty=0&written_off__isempty=1").content.decode()
    )


def test_letter_is_sent_by_another_channel_of_the_same_organisation(
    client: Client, taras: User, issue: Issue, now: datetime
) -> None:
    message = letter(issue.community)
    OutboxMessage.objects.filter(pk=message.pk).update(dead_at=now, failure="refused")
    organisation = Organisation.objects.get(channels__address=message.recipient, channels__community=issue.community)
    other = Channel.objects.create(community=issue.community, organisation=organisation, address="duty@example.org")
    client.force_login(taras)
    assert "duty@example.org" in act(client, message, "send_elsewhere")
    act(client, message, "send_elsewhere", to=other.pk)
    message.refresh_from_db()
    assert (message.recipient, message.dead_at) == ("duty@example.org", None)


def test_resident_has_no_other_way(client: Client, taras: User, issue: Issue, now: datetime) -> None:
    message = OutboxMessage.objects.filter(audience="author", community=issue.community).first()
    assert message
    OutboxMessage.objects.filter(pk=message.pk).update(dead_at=now, failure="refused")
    channel = Channel.objects.filter(community=issue.community).first()
    assert channel
    client.force_login(taras)
    act(client, message, "send_elsewhere", to=channel.pk)
    after = OutboxMessage.objects.get(pk=message.pk)
    assert (after.recipient, after.dead_at) == (message.recipient, now)


def test_staff_of_another_community_change_no_letter_here(
    client: Client, lesia: User, issue: Issue, now: datetime
) -> None:
    message = letter(issue.community)
    client.force_login(lesia)
    for action in ("write_off", "send_elsewhere", "send_again"):
        act(client, message, action, reason="Чуже.")
    assert not WrittenOff.objects.exists()
    assert OutboxMessage.objects.get(pk=message.pk).dead_at is None


# Receivers that are down --------------------------------------------------------------------------------------
@pytest.fixture
def down(issue: Issue, now: datetime) -> Way:
    """The mail server has been away since two messages found it so."""
    found: Way = Way.objects.create(
        channel="email", failures=2, last_message=0, failing_since=now, asked_at=now, why="refused: olena@example.org"
    )
    return found


def test_operator_sees_what_is_down_since_when_and_what_it_said(client: Client, olha: User, down: Way) -> None:
    client.force_login(olha)
    page = client.get(PAGE).content.decode()
    assert "Одержувачі, до яких не достукатися" in page
    assert "refused: olena@example.org" in page


def test_administrator_sees_what_is_down_for_their_own_letters_and_not_what_it_said(
    client: Client, taras: User, down: Way, issue: Issue
) -> None:
    client.force_login(taras)
    page = client.get(PAGE).content.decode()
    assert "Одержувачі, до яких не достукатися" in page
    assert "refused" not in page
    OutboxMessage.objects.filter(community=issue.community).update(dead_at=issue.created_at)
    assert "Одержувачі, до яких не достукатися" not in client.get(PAGE).content.decode()


def test_administrator_of_another_community_sees_nothing_of_it(client: Client, lesia: User, down: Way) -> None:
    client.force_login(lesia)
    assert "Одержувачі, до яких не достукатися" not in client.get(PAGE).content.decode()


def test_metrics_say_since_when_a_receiver_is_down(client: Client, settings: Settings, down: Way) -> None:
    settings.METRICS_TOKEN = TOKEN
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    assert 'misto_outbox_down_seconds{channel="email",host=""}' in text
    assert "olena" not in text


# Prometheus -------------------------------------------------------------------------------------------------
def test_metrics_are_not_there_without_the_token(client: Client, settings: Settings) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404


def test_metrics_say_what_every_lane_does(
    client: Client, settings: Settings, django_assert_max_num_queries: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    with django_assert_max_num_queries(9):
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'misto_outbox_waiting{channel="email",lane="2-delivery"} 1.0' in text
    assert 'misto_outbox_waiting{channel="email",lane="3-bulk"} 0.0' in text
    assert "misto_outbox_oldest_due_seconds" in text
    assert "example.org" not in text
