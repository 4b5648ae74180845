"""Reports of Яворин behind the API, and a key of Водоканал."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.core.cache import caches

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey
from tests.conftest import City

ISSUES = "/api/v1/yavoryn/issues/"


@pytest.fixture(autouse=True)
def _nobody_asked_before() -> Iterator[None]:
    caches["allowances"].clear()
    yield
    caches["allowances"].clear()


@pytest.fixture
def api_client(city: City) -> ApiClient:
    """Водоканал asks by programs, three times a minute."""
    found: ApiClient = ApiClient.objects.create(
        community=city.community, organisation=city.vodokanal, per_minute=3, per_day=5
    )
    return found


@pytest.fixture
def secret(api_client: ApiClient, now: datetime) -> str:
    """Its key, with which it may send reports."""
    _key, secret = make_key(client=api_client, name="Диспетчерська", scopes=[ApiKey.Scope.REPORTS], by=None, at=now)
    return secret
