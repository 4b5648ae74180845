"""Programs manage their webhooks by the API; each key those of its own client."""

from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey
from core.outbox import send_due
from geodata.models import Community
from notifications.models import MOST_WEBHOOKS, Webhook
from tests.conftest import NOW, City
from tests.notifications.conftest import Hook
from tests.receiver import Receiver

HOOKS = "/api/v1/yavoryn/webhooks/"


class Program:
    """Whoever holds that key."""

    def __init__(self, client: Client, secret: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {secret}"} if secret else {}

    def ask(self, method: str, path: str = "", body: Any = None, **headers: str) -> Any:
        given = self.headers | headers
        return getattr(self.client, method)(HOOKS + path, body, content_type="application/json", headers=given)


def key_of(client: ApiClient, *scopes: str) -> str:
    return make_key(client=client, name="x", scopes=scopes, by=None, at=NOW)[1]


@pytest.fixture
def keeper(client: Client, program: ApiClient) -> Program:
    """Водоканал's program."""
    return Program(client, key_of(program, ApiKey.Scope.WEBHOOKS))


def test_program_subscribes_and_hears(keeper: Program, receiver: Receiver, city: City) -> None:
    made = keeper.ask("post", "", {"url": receiver.url, "events": ["report.moved"]}, **{"Idempotency-Key": "1"})
    again = keeper.ask("post", "", {"url": receiver.url, "events": ["report.moved"]}, **{"Idempotency-Key": "1"})
    assert (made.status_code, made.json()) == (201, again.json())
    hook = Webhook.objects.get()
    assert made.json()["secret"] not in keeper.ask("get", f"{hook.pk}/").content.decode()
    send_due()
    told = keeper.ask("get").json()["results"]
    assert [(one["id"], one["state"], one["events"]) for one in told] == [(str(hook.pk), "active", ["report.moved"])]
    (delivery,) = keeper.ask("get", f"{hook.pk}/deliveries/").json()["results"]
    assert (delivery["name"], delivery["state"]) == ("ping", "sent")


def test_program_changes_pauses_resumes_renews_and_removes(keeper: Program, hook: Hook) -> None:
    path = f"{hook.row.pk}/"
    other = f"{hook.receiver.url}/2"
    assert keeper.ask("put", path, {"url": other, "language": "en"}).json()["state"] == "unconfirmed"
    assert keeper.ask("post", f"{path}pause/").json()["state"] == "paused"
    assert keeper.ask("post", f"{path}resume/").json()["state"] == "unconfirmed"
    assert keeper.ask("post", f"{path}ping/").status_code == 200
    assert keeper.ask("post", f"{path}secret/").json()["secret"] != hook.secret
    message = keeper.ask("get", f"{path}deliveries/").json()["results"][0]["id"]
    assert keeper.ask("post", f"{path}deliveries/{message}/again/").status_code == 409
    assert keeper.ask("delete", path).status_code == 204
    assert keeper.ask("get", path).status_code == 404


@pytest.mark.parametrize(
    ("member", "value"),
    [("url", "http://10.0.0.8/"), ("events", ["odd"]), ("categories", ["odd"]), ("areas", ["odd.odd"]), ("url", 5)],
)
def test_problem_points_at_the_member(keeper: Program, receiver: Receiver, member: str, value: Any) -> None:
    refused = keeper.ask("post", "", {"url": receiver.url} | {member: value})
    assert refused.status_code == 400
    assert {error["pointer"].split("/")[1] for error in refused.json()["errors"]} == {member}


def test_client_has_no_more_than_it_may(keeper: Program, receiver: Receiver) -> None:
    for _turn in range(MOST_WEBHOOKS):
        assert keeper.ask("post", "", {"url": receiver.url}).status_code == 201
    assert keeper.ask("post", "", {"url": receiver.url}).status_code == 422


def test_strangers_and_other_keys_see_nothing(
    client: Client, program: ApiClient, hook: Hook, elsewhere: Community, city: City
) -> None:
    path = f"{hook.row.pk}/"
    assert Program(client, "").ask("get").status_code == 401
    assert Program(client, key_of(program, ApiKey.Scope.REPORTS)).ask("get").status_code == 403
    with scope(community=elsewhere):
        theirs = ApiClient.objects.create(community=elsewhere, organisation=city.vodokanal)
        foreign = key_of(theirs, ApiKey.Scope.WEBHOOKS)
    assert Program(client, foreign).ask("get").status_code == 401
    neighbour = ApiClient.objects.create(community=city.community, organisation=city.council)
    other = Program(client, key_of(neighbour, ApiKey.Scope.WEBHOOKS))
    assert other.ask("get").json() == {"results": []}
    for method, what in [("get", ""), ("put", ""), ("delete", ""), ("post", "pause/"), ("get", "deliveries/")]:
        assert other.ask(method, path + what, {"url": "https://example.org/"}).status_code == 404
    assert Webhook.objects.filter(pk=hook.row.pk).exists()
