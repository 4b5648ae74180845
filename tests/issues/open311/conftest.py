"""A program with a key, and short ways to ask and to read both formats."""

from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from django.test import Client

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey, Organisation
from tests.conftest import NOW, City
from tests.issues.open311.checked import CheckedClient

API = "/yavoryn/open311/v2"


@pytest.fixture
def client() -> Client:
    """Every answer of the interface is looked at by its schema, in whichever format."""
    return CheckedClient()


@pytest.fixture
def api_client(city: City) -> ApiClient:
    """The app of a city's hotline."""
    organisation = Organisation.objects.create(name="Гаряча лінія 1580")
    return ApiClient.objects.create(community=city.community, organisation=organisation)


@pytest.fixture
def api_key(api_client: ApiClient) -> str:
    """The secret of its key to send reports."""
    _key, secret = make_key(client=api_client, name="застосунок", scopes=[ApiKey.Scope.REPORTS], by=None, at=NOW)
    return secret


@pytest.fixture
def road_key(city: City) -> str:
    """The system of Яворинавтодор may answer."""
    client = ApiClient.objects.create(community=city.community, organisation=city.road_service)
    return make_key(client=client, name="облік", scopes=[ApiKey.Scope.ANSWERS], by=None, at=NOW)[1]


def ask(client: Client, call: str, *, expect: int = 200, **given: Any) -> Any:
    """What is told in JSON."""
    answer = client.get(f"{API}/{call}.json", given)
    assert answer.status_code == expect, answer.content.decode()
    return answer.json()


def ask_xml(client: Client, call: str, **given: Any) -> Element:
    """The same in XML."""
    answer: Any = client.get(f"{API}/{call}.xml", given)
    assert answer.status_code == 200, answer.content.decode()
    return tree_of(answer)


def tree_of(answer: Any) -> Element:
    found: Element = fromstring(answer.content)
    return found


def send(client: Client, key: str, *, expect: int = 200, form: str = "json", headers: Any = None, **given: Any) -> Any:
    """What is told to a report of a hole at p, or of what `given` says instead."""
    answer = client.post(f"{API}/requests.{form}", {"api_key": key} | given, headers=headers or {})
    assert answer.status_code == expect, answer.content.decode()
    return answer.json() if form == "json" else tree_of(answer)


def errors_of(told: list[dict[str, Any]]) -> str:
    return "\n".join(one["description"] for one in told)
