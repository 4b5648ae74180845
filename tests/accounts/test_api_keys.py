"""Keys of programs: shown once, kept as a digest, good for what is written in them, counted per organisation."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django_scopes import scope

from accounts.api_keys import KeyRefusedError, TooManyError, count_use, key_for, make_key, revoke_key
from accounts.models import ApiClient, ApiKey
from geodata.models import Community
from tests.conftest import City

REPORTS, ANSWERS = ApiKey.Scope.REPORTS, ApiKey.Scope.ANSWERS


@pytest.fixture
def client_of_vodokanal(city: City) -> ApiClient:
    found: ApiClient = ApiClient.objects.create(
        community=city.community, organisation=city.vodokanal, per_minute=3, per_day=5
    )
    return found


def refusal(secret: str, scope_: str, at: datetime) -> str:
    with pytest.raises(KeyRefusedError) as refused:
        key_for(secret, scope=scope_, at=at)
    return refused.value.code


def test_secret_is_kept_nowhere_and_finds_its_key(client_of_vodokanal: ApiClient, now: datetime) -> None:
    key, secret = make_key(client=client_of_vodokanal, name="Диспетчерська", scopes=[REPORTS], by=None, at=now)
    stored = str(ApiKey.objects.filter(pk=key.pk).values().get())
    assert secret not in stored
    assert secret.startswith(key.prefix)
    assert key_for(secret, scope=REPORTS, at=now) == key


def test_key_does_only_what_is_written_in_it(client_of_vodokanal: ApiClient, now: datetime) -> None:
    _key, secret = make_key(client=client_of_vodokanal, name="x", scopes=[REPORTS], by=None, at=now)
    assert refusal(secret, ANSWERS, now) == "scope"


def test_ended_revoked_strange_and_missing_keys_open_nothing(client_of_vodokanal: ApiClient, now: datetime) -> None:
    until = now + timedelta(hours=1)
    key, secret = make_key(client=client_of_vodokanal, name="x", scopes=[REPORTS], by=None, at=now, expires_at=until)
    assert refusal(secret, REPORTS, until) == "unknown"
    assert refusal("", REPORTS, now) == "missing"
    assert refusal("misto_" + "a" * 43, REPORTS, now) == "unknown"
    assert refusal("\0", REPORTS, now) == "unknown"
    revoke_key(key, at=now)
    assert refusal(secret, REPORTS, now) == "unknown"


def test_key_of_a_client_that_was_switched_off_opens_nothing(client_of_vodokanal: ApiClient, now: datetime) -> None:
    _key, secret = make_key(client=client_of_vodokanal, name="x", scopes=[REPORTS], by=None, at=now)
    ApiClient.objects.update(is_active=False)
    assert refusal(secret, REPORTS, now) == "unknown"


def test_key_of_one_community_opens_nothing_in_another(
    client_of_vodokanal: ApiClient, elsewhere: Community, now: datetime
) -> None:
    _key, secret = make_key(client=client_of_vodokanal, name="x", scopes=[REPORTS], by=None, at=now)
    with scope(community=elsewhere):
        assert refusal(secret, REPORTS, now) == "unknown"


def test_limits_count_all_keys_of_the_organisation(client_of_vodokanal: ApiClient, now: datetime) -> None:
    one, _secret = make_key(client=client_of_vodokanal, name="a", scopes=[REPORTS], by=None, at=now)
    two, _secret = make_key(client=client_of_vodokanal, name="b", scopes=[REPORTS], by=None, at=now)
    here = client_of_vodokanal.community
    for key in (one, two, one):
        count_use(key, community=here, at=now)
    with transaction.atomic(), pytest.raises(TooManyError) as refused:
        count_use(two, community=here, at=now)
    assert 1 <= refused.value.seconds <= 61
    later = now + timedelta(minutes=2)
    count_use(two, community=here, at=later)
    two.refresh_from_db()
    assert two.last_used_on == here.day_of(later)


@pytest.mark.parametrize("scopes", [["everything"], []])
def test_database_keeps_no_key_without_known_rights(
    client_of_vodokanal: ApiClient, now: datetime, scopes: list[str]
) -> None:
    with pytest.raises(IntegrityError):
        make_key(client=client_of_vodokanal, name="x", scopes=scopes, by=None, at=now)
