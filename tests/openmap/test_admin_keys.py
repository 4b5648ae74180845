"""Keys of the API in the administration: the secret is shown once, a key is never changed, only revoked."""

import re
from datetime import datetime

import pytest
from django.test import Client
from django_scopes import scope

from accounts.api_keys import KeyRefusedError, known_key
from accounts.models import ApiClient, ApiKey, User
from geodata.models import Community
from tests.accounts.conftest import address
from tests.conftest import City

SECRET = re.compile(r"misto_[A-Za-z0-9_-]{43}")


@pytest.fixture
def caller(city: City) -> ApiClient:
    found: ApiClient = ApiClient.objects.create(community=city.community, organisation=city.vodokanal)
    return found


def make(client: Client, caller: ApiClient, **changes: object) -> str:
    """The page that follows when a key is made."""
    given = {"client": caller.pk, "name": "Диспетчерська", "scopes": ["reports:write"], "expires_at_0": ""}
    answer = client.post(address(ApiKey, "add"), given | {"expires_at_1": ""} | changes, follow=True)
    return answer.content.decode()


def test_secret_is_shown_once_and_opens_what_was_ticked(
    client: Client, taras: User, caller: ApiClient, now: datetime
) -> None:
    client.force_login(taras)
    [secret] = SECRET.findall(make(client, caller))
    key = known_key(secret, at=now.replace(year=2099))
    assert (key.scopes, key.created_by, key.client) == (["reports:write"], taras, caller)
    for page in (address(ApiKey, "changelist"), address(ApiKey, "change", key.pk)):
        again = client.get(page).content.decode()
        assert key.prefix in again
        assert SECRET.findall(again) == []
        assert bytes(key.digest).hex() not in again


def test_key_cannot_be_changed_or_deleted(client: Client, taras: User, caller: ApiClient) -> None:
    client.force_login(taras)
    make(client, caller)
    key = ApiKey.objects.get()
    client.post(address(ApiKey, "change", key.pk), {"client": caller.pk, "name": "x", "scopes": ["answers:write"]})
    assert client.post(address(ApiKey, "delete", key.pk), {"post": "yes"}).status_code == 403
    assert ApiKey.objects.get().scopes == ["reports:write"]


def test_key_is_revoked(client: Client, taras: User, caller: ApiClient, now: datetime) -> None:
    client.force_login(taras)
    [secret] = SECRET.findall(make(client, caller))
    key = ApiKey.objects.get()
    client.post(address(ApiKey, "changelist"), {"action": "revoke", "_selected_action": [key.pk]})
    with pytest.raises(KeyRefusedError):
        known_key(secret, at=now)


def test_key_that_may_nothing_or_is_over_is_not_made(client: Client, taras: User, caller: ApiClient) -> None:
    client.force_login(taras)
    make(client, caller, scopes=[])
    make(client, caller, scopes=["everything"])
    make(client, caller, expires_at_0="2020-01-01", expires_at_1="10:00")
    assert ApiKey.objects.count() == 0


def test_nobody_makes_keys_of_another_community(
    client: Client, lesia: User, caller: ApiClient, elsewhere: Community
) -> None:
    client.force_login(lesia)
    make(client, caller)
    with scope(community=caller.community):
        assert ApiKey.objects.count() == 0


def test_moderators_make_no_keys(client: Client, marta: User, caller: ApiClient) -> None:
    client.force_login(marta)
    make(client, caller)
    assert ApiKey.objects.count() == 0
