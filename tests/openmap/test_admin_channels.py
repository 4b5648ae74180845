"""Channels in the administration: fields that fit the kind, a secret that is shown once, a message that tries it."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from core.models import OutboxMessage
from core.sealed import unseal
from geodata.models import Community
from issues.models import Issue
from routing.answers import Incoming, receive
from routing.channel_secrets import give_secret
from routing.models import Answer, Channel, Delivery
from tests.accounts.conftest import address
from tests.conftest import City
from tests.hooks import Receiver, receiving
from tests.openmap.test_admin_saves import shown
from tests.sftp import PASSWORD, USER, serving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english(client: Client) -> None:
    client.cookies["language"] = "en"


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """The organisation's server, which the operator allows."""
    with receiving() as server:
        settings.OUTWARD_ALLOWED = [server.allowed]
        yield server


@pytest.fixture
def as_taras(client: Client, taras: User) -> Client:
    """Тарас, who administers Яворин."""
    client.force_login(taras)
    return client


def new(city: City, **given: object) -> dict[str, object]:
    """The form of a new channel of Яворинавтодор."""
    return {
        "community": city.community.pk,
        "organisation": city.road_service.pk,
        "role": "any",
        "position": 2,
        "is_active": "on",
    } | given


def errors(html: str) -> str:
    return " ".join(re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', html, re.DOTALL))


def do(client: Client, action: str, *channels: Channel) -> str:
    chosen = {"action": action, "_selected_action": [channel.pk for channel in channels]}
    return client.post(address(Channel, "changelist"), chosen, follow=True).content.decode()


def test_secret_of_a_webhook_is_shown_once(as_taras: Client, city: City, receiver: Receiver) -> None:
    form = new(city, kind="webhook", address=receiver.url)
    saved = as_taras.post(address(Channel, "add"), form, follow=True).content.decode()
    channel = Channel.objects.get(kind="webhook")
    secret = unseal(channel.secret)
    assert len(secret) == 43
    assert secret in saved
    page = address(Channel, "change", channel.pk)
    for again in (page, address(Channel, "changelist")):
        html = as_taras.get(again).content.decode()
        assert secret not in html
        assert channel.secret not in html
    as_taras.post(page, shown(as_taras, page))
    channel.refresh_from_db()
    assert unseal(channel.secret) == secret


def test_secret_is_replaced_and_the_former_one_ended(as_taras: Client, city: City, receiver: Receiver) -> None:
    channel = Channel.objects.create(**new_row(city, kind="webhook", address=receiver.url))
    give_secret(channel)
    html = do(as_taras, "replace_secret", channel)
    channel.refresh_from_db()
    assert unseal(channel.secret) in html
    assert unseal(channel.former_secret) not in html
    assert "End the former one first" in do(as_taras, "replace_secret", channel)
    assert "Former secrets ended: 1" in do(as_taras, "end_former_secret", channel)
    channel.refresh_from_db()
    assert channel.former_secret == ""


def new_row(city: City, **given: object) -> dict[str, object]:
    return {"community": city.community, "organisation": city.road_service, "position": 2} | given


def test_test_message_arrives_signed_and_a_failure_is_told(as_taras: Client, city: City, receiver: Receiver) -> None:
    channel = Channel.objects.create(**new_row(city, kind="webhook", address=receiver.url))
    give_secret(channel)
    assert "was taken" in do(as_taras, "try_it", channel)
    assert b'"news": "test"' in receiver.posted[0].body
    receiver.status = 410
    assert "HTTP 410" in do(as_taras, "try_it", channel)
    assert "HTTP 410" in as_taras.get(address(Channel, "change", channel.pk)).content.decode()
    receiver.status = 204
    do(as_taras, "try_it", channel)
    channel.refresh_from_db()
    assert (channel.trouble, channel.troubled_at) == ("", None)


def test_what_failed_last_is_on_the_page(as_taras: Client, issue: Issue, city: City, now: datetime) -> None:
    OutboxMessage.objects.filter(audience="organisation").update(dead_at=now, last_error="SMTP 550 no such user")
    channel = Channel.objects.get(organisation=city.road_service)
    assert "SMTP 550" in as_taras.get(address(Channel, "change", channel.pk)).content.decode()


@pytest.mark.parametrize(
    ("kind", "where", "words"),
    [
        ("email", "roads", "This is no e-mail address."),
        ("webhook", "roads@example.org", "The address begins with https://."),
        ("webhook", "https://10.0.0.8/hook", "inside a private network"),
        ("webhook", "http://93.184.216.34/hook", "Use https://"),
        ("open311", "ftp://example.org", "The address begins with https://."),
        ("folder", "../etc", "Name a folder by its steps"),
        ("folder", "roads", "MISTO_DROP_ROOT"),
        ("sftp", "sftp://user:password@example.org/in", "without a password"),
        ("sftp", f"sftp://{USER}@127.0.0.1:2222/in", "inside a private network"),
    ],
)
def test_wrong_address_is_told_beside_it_once(as_taras: Client, city: City, kind: str, where: str, words: str) -> None:
    answer = as_taras.post(address(Channel, "add"), new(city, kind=kind, address=where))
    told = errors(answer.content.decode())
    assert (answer.status_code, told.count(words)) == (200, 1), told
    assert not Channel.objects.filter(kind=kind, address=where).exists()


def test_sftp_needs_the_key_of_the_server_and_a_secret(as_taras: Client, city: City, settings: Settings) -> None:
    settings.OUTWARD_ALLOWED = ["127.0.0.1"]
    form = new(city, kind="sftp", address=f"sftp://{USER}@127.0.0.1:2222/in")
    told = errors(as_taras.post(address(Channel, "add"), form).content.decode())
    assert "ssh-keyscan" in told
    assert "needs a password or a private key" in told
    bad = form | {"new_secret": "-----BEGIN OPENSSH PRIVATE KEY-----\nno\n-----END OPENSSH PRIVATE KEY-----"}
    assert "cannot be read" in errors(as_taras.post(address(Channel, "add"), bad).content.decode())


def test_sftp_is_saved_tried_and_keeps_its_secret(
    as_taras: Client, city: City, settings: Settings, tmp_path: Path
) -> None:
    with serving(tmp_path / "theirs") as server:
        settings.OUTWARD_ALLOWED = [f"127.0.0.1:{server.port}"]
        given = {"address": f"sftp://{USER}@127.0.0.1:{server.port}/in", "host_key": server.shown_key}
        form = new(city, kind="sftp", new_secret=PASSWORD, **given)
        assert as_taras.post(address(Channel, "add"), form).status_code == 302
        channel = Channel.objects.get(kind="sftp")
        assert (unseal(channel.secret), channel.settings) == (PASSWORD, {"host_key": server.shown_key})
        page = address(Channel, "change", channel.pk)
        assert PASSWORD not in as_taras.get(page).content.decode()
        kept = shown(as_taras, page) | {"host_key": server.shown_key, "position": "3"}
        assert as_taras.post(page, kept).status_code == 302
        channel.refresh_from_db()
        assert (unseal(channel.secret), channel.position) == (PASSWORD, 3)
        assert "was taken" in do(as_taras, "try_it", channel)
        assert any((server.root / "in" / "messages").glob("*.json"))


def test_kind_of_a_channel_stays(as_taras: Client, city: City) -> None:
    channel = Channel.objects.get(organisation=city.road_service)
    page = address(Channel, "change", channel.pk)
    as_taras.post(page, shown(as_taras, page) | {"kind": "webhook"})
    channel.refresh_from_db()
    assert channel.kind == "email"


def test_another_communitys_administrator_tries_and_replaces_nothing(
    client: Client, lesia: User, city: City, receiver: Receiver
) -> None:
    channel = Channel.objects.create(**new_row(city, kind="webhook", address=receiver.url))
    give_secret(channel)
    sealed = channel.secret
    client.force_login(lesia)
    for action in ("try_it", "replace_secret", "end_former_secret"):
        do(client, action, channel)
    channel.refresh_from_db()
    assert (channel.secret, channel.former_secret, receiver.posted) == (sealed, "", [])


def test_refused_answer_is_read_with_its_reason(as_taras: Client, issue: Issue, now: datetime) -> None:
    said = Incoming("77", "finish", "", now)
    answer = receive(delivery=Delivery.objects.get(), via="webhook", incoming=said, at=now)
    for page in (address(Answer, "changelist"), address(Answer, "change", answer.pk)):
        assert "It came without words" in as_taras.get(page).content.decode()


def test_answers_of_another_community_are_not_seen(
    client: Client, lesia: User, issue: Issue, now: datetime, elsewhere: Community
) -> None:
    said = Incoming("77", "reply", "Слова.", now)
    answer = receive(delivery=Delivery.objects.get(), via="webhook", incoming=said, at=now)
    client.force_login(lesia)
    assert "Слова." not in client.get(address(Answer, "changelist")).content.decode()
    assert client.get(address(Answer, "change", answer.pk)).status_code == 302
