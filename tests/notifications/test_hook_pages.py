"""An administrator makes, changes and ends webhooks of their community; nobody else does."""

import pytest
from django.test import Client
from django_scopes import scopes_disabled

from accounts.models import ApiClient, User
from core.outbox import send_due
from notifications.models import Webhook
from tests.accounts.conftest import address
from tests.conftest import City
from tests.notifications.conftest import Hook
from tests.receiver import Receiver


def form(program: ApiClient, url: str, **more: str) -> dict[str, object]:
    return {"client": program.pk, "url": url, "events": "", "categories": "", "areas": "", "language": "uk"} | more


def test_administrator_makes_a_webhook_and_sees_its_secret_once(
    client: Client, taras: User, program: ApiClient, receiver: Receiver, city: City
) -> None:
    client.force_login(taras)
    given = form(
        program, receiver.url, events="report.created\nreport.moved", categories="roads", areas="districts.north"
    )
    page = client.post(address(Webhook, "add"), given, follow=True).content.decode()
    hook = Webhook.objects.get()
    assert (hook.events, hook.categories, hook.areas) == (
        ["report.created", "report.moved"], ["roads"], ["districts.north"],
    )  # fmt: skip
    assert "<code>" in page
    assert "<code>" not in client.get(address(Webhook, "change", hook.pk)).content.decode()
    send_due()
    hook.refresh_from_db()
    assert hook.state == Webhook.State.ACTIVE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://10.0.0.8/hook"),
        ("url", "ftp://example.org/"),
        ("events", "report.nothing"),
        ("categories", "nothing"),
        ("areas", "districts.nowhere"),
    ],
)
def test_error_stands_beside_the_field(
    client: Client, taras: User, program: ApiClient, receiver: Receiver, field: str, value: str
) -> None:
    client.force_login(taras)
    answer = client.post(address(Webhook, "add"), form(program, receiver.url) | {field: value})
    assert answer.context["adminform"].form.errors.keys() == {field}
    assert not Webhook.objects.exists()


def test_another_address_has_to_answer_before_it_is_told(client: Client, taras: User, hook: Hook) -> None:
    client.force_login(taras)
    other = f"{hook.receiver.url}/2"
    client.post(address(Webhook, "change", hook.row.pk), form(hook.row.client, other))
    hook.row.refresh_from_db()
    assert (hook.row.url, hook.row.state) == (other, Webhook.State.UNCONFIRMED)


def test_administrator_pauses_resumes_and_renews(client: Client, taras: User, hook: Hook) -> None:
    client.force_login(taras)

    def do(action: str) -> str:
        asked = {"action": action, "_selected_action": [hook.row.pk]}
        page = client.post(address(Webhook, "changelist"), asked, follow=True).content.decode()
        hook.row.refresh_from_db()
        return page

    do("pause")
    assert hook.row.state == Webhook.State.PAUSED
    do("resume")
    assert hook.row.state == Webhook.State.UNCONFIRMED
    do("ask")
    send_due()
    hook.row.refresh_from_db()
    assert hook.row.state == Webhook.State.ACTIVE
    assert "<code>" in do("new_secret")
    do("delete_selected")
    client.post(address(Webhook, "delete", hook.row.pk), {"post": "yes"})
    assert not Webhook.objects.exists()


def test_another_communitys_administrator_makes_none_here(
    client: Client, lesia: User, program: ApiClient, receiver: Receiver
) -> None:
    client.force_login(lesia)
    answer = client.post(address(Webhook, "add"), form(program, receiver.url))
    assert answer.context["adminform"].form.errors.keys() == {"client"}
    with scopes_disabled():
        assert not Webhook.objects.exists()
