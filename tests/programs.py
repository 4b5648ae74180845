"""Programs that ask the API, and the questions that every door of it is asked."""

from collections.abc import Mapping
from typing import Any

from django.test import Client
from django_scopes import scope

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey, Organisation
from api.problems import PROBLEM_JSON
from geodata.models import Community
from tests.conftest import NOW

API = "/api/v1/yavoryn/"


class Program:
    """Whoever holds that key; "" for anybody."""

    def __init__(self, secret: str = "", **headers: str) -> None:
        self.client = Client()
        self.headers = {"Accept-Language": "en"} | ({"Authorization": f"Bearer {secret}"} if secret else {}) | headers

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(API + path, headers=self.headers | headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        given = self.headers | headers
        return self.client.post(API + path, body or {}, content_type="application/json", headers=given)

    def upload(self, path: str, form: Mapping[str, Any], **headers: str) -> Any:
        return self.client.post(API + path, form, headers=self.headers | headers)


def key_for(organisation: Organisation, community: Community, *scopes: ApiKey.Scope) -> str:
    """A new key of the organisation's program there."""
    with scope(community=community):
        client, _is_new = ApiClient.objects.get_or_create(community=community, organisation=organisation)
        return make_key(client=client, name="x", scopes=scopes, by=None, at=NOW)[1]


def program_of(organisation: Organisation, community: Community, *scopes: ApiKey.Scope, **headers: str) -> Program:
    """A program of that organisation with those rights."""
    return Program(key_for(organisation, community, *scopes), **headers)


def refusal(answer: Any, status: int) -> dict[str, Any]:
    """The problem, which is one."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM_JSON), answer.content.decode()
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    return told


def wrong_in(answer: Any, status: int = 400) -> set[str]:
    """What the problem points at."""
    return {one.get("pointer") or one["parameter"] for one in refusal(answer, status)["errors"]}


def only_for(
    scope_of_it: ApiKey.Scope, path: str, organisation: Organisation, community: Community, other: Community,
    *, body: Any = None, **headers: str,
) -> None:  # fmt: skip
    """A stranger, a key without the scope and one of another community are refused there, in both languages."""
    ask = "get" if body is None else "post"
    given = () if body is None else (body,)
    for program, status in (
        (Program(**headers), 401),
        (program_of(organisation, community, ApiKey.Scope.WEBHOOKS, **headers), 403),
        (program_of(organisation, other, scope_of_it, **headers), 401),
    ):
        told = {
            language: refusal(getattr(program, ask)(path, *given, **{"Accept-Language": language}), status)
            for language in ("uk", "en")
        }
        assert told["uk"]["title"] != told["en"]["title"]
        assert told["uk"]["type"] == told["en"]["type"]


def done_once(program: Program, path: str, body: Any, other: Any, **headers: str) -> Any:
    """The same request again is answered as it was; another with the same key is refused. Returns the answer."""
    key = {"Idempotency-Key": f"once-{path}"}
    first, again = (program.post(path, body, **key, **headers) for _turn in range(2))
    assert first.status_code < 300, first.content.decode()
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    refusal(program.post(path, other, **key, **headers), 422)
    return first
