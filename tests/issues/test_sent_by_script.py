"""A script that sends the form: a token from HEAD, one key for one report, and answers that it can read."""

import uuid

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from issues.models import Issue
from tests.conftest import NOW, City
from tests.grid import Town

FORM = "/yavoryn/report/"
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def _morning() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def filled(city: City, town: Town) -> dict[str, str]:
    """Everything that a report needs, sent without a network in sight: nobody saw who answers."""
    place = {"lon": f"{town['p'].x:.6f}", "lat": f"{town['p'].y:.6f}"}
    return place | {"category": "roads", "text": "Яма на переході.", "unseen": "yes", "do": "send"}


def headers(key: str, **more: str) -> dict[str, str]:
    return JSON | {"Idempotency-Key": key} | more


def test_it_arrives_and_the_answer_names_number_page_and_who_answers(client: Client, filled: dict[str, str]) -> None:
    answer = client.post(FORM, filled, headers=headers(str(uuid.uuid4())))
    assert answer.status_code == 201
    told = answer.json()
    assert told["number"] == "1"
    assert "№ 1" in told["title"]
    assert "КП «Яворинавтодор»" in told["said"]
    assert "26 листопада" in told["said"]
    assert client.get(told["url"]).status_code == 200


def test_the_same_key_again_gets_the_same_answer_and_makes_no_second_report(
    client: Client, filled: dict[str, str]
) -> None:
    key = str(uuid.uuid4())
    first, second = (client.post(FORM, filled, headers=headers(key)) for _time in range(2))
    assert first.json() == second.json()
    assert Issue.objects.count() == 1


def test_the_header_and_the_field_of_the_form_are_one_key(client: Client, filled: dict[str, str]) -> None:
    key = str(uuid.uuid4())
    client.post(FORM, filled | {"key": key})
    assert client.post(FORM, filled, headers=headers(key)).status_code == 201
    assert Issue.objects.count() == 1


@pytest.mark.parametrize(
    "key", ["x" * 256, "ключ", str(uuid.uuid4())], ids=["too long", "not ASCII", "not that of the form"]
)
def test_a_bad_key_is_refused_and_nothing_is_done(client: Client, filled: dict[str, str], key: str) -> None:
    given = filled | {"key": str(uuid.uuid4())}
    assert client.post(FORM, given, HTTP_IDEMPOTENCY_KEY=key, HTTP_ACCEPT="application/json").status_code == 400
    assert Issue.objects.count() == 0


def test_what_is_missing_is_named(client: Client, filled: dict[str, str]) -> None:
    answer = client.post(FORM, filled | {"text": ""}, headers=headers(str(uuid.uuid4())))
    assert answer.status_code == 422
    assert any("що трапилося" in words or "що сталося" in words for words in answer.json()["asks"])


def test_another_promise_than_the_one_that_was_seen_is_asked_about(client: Client, filled: dict[str, str]) -> None:
    answer = client.post(FORM, filled | {"seen": "7:2026-11-20"}, headers=headers(str(uuid.uuid4())))
    assert answer.status_code == 422
    assert Issue.objects.count() == 0


def test_a_page_still_shows_who_answers_before_it_sends(client: Client, filled: dict[str, str]) -> None:
    given = {name: value for name, value in filled.items() if name != "unseen"}
    assert client.post(FORM, given).status_code == 200
    assert Issue.objects.count() == 0


def test_head_gives_the_token_with_which_a_form_out_of_a_cache_is_sent(city: City, filled: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(FORM, filled, headers=JSON).status_code == 403
    token = client.head(FORM)["X-CSRFToken"]
    assert client.post(FORM, filled, headers=headers(str(uuid.uuid4()), **{"X-CSRFToken": token})).status_code == 201


def test_another_site_cannot_read_the_token(client: Client, city: City) -> None:
    answer = client.head(FORM, headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer
    assert "Access-Control-Expose-Headers" not in answer


# What a browser keeps -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("language", "word"), [("uk", "Що трапилося?"), ("en", "What happened?")])
def test_the_form_that_is_kept_is_nobodys(client: Client, city: City, language: str, word: str) -> None:
    page = client.get(f"{FORM}shell/{language}/")
    text = page.content.decode()
    assert word in text
    assert page.cookies == {}
    assert 'name="csrfmiddlewaretoken" value="offline"' in text
    assert 'name="key" value=""' in text


def test_the_form_that_is_kept_is_the_same_for_staff(client: Client, city: City, admin_client: Client) -> None:
    address = f"{FORM}shell/uk/"
    assert admin_client.get(address).content == client.get(address).content


def test_a_language_that_we_do_not_speak_is_not_found(client: Client, city: City) -> None:
    assert client.get(f"{FORM}shell/fr/").status_code == 404


def test_the_service_worker_is_asked_for_anew_and_may_serve_every_page(client: Client, db: None) -> None:
    answer = client.get("/sw.js")
    assert answer["Content-Type"] == "text/javascript"
    assert answer["Cache-Control"] == "no-cache"
    assert answer["Service-Worker-Allowed"] == "/"
    assert "worker-src 'self'" in answer["Content-Security-Policy"]
    assert 'serve("' in answer.content.decode()


def test_an_installation_without_it_takes_it_away_from_browsers(client: Client, city: City, settings: Settings) -> None:
    settings.SERVICE_WORKER = False
    assert "leave()" in client.get("/sw.js").content.decode()
    assert "data-worker=" not in client.get(FORM).content.decode()


@pytest.mark.parametrize(("language", "words"), [("uk", "/yavoryn/report/"), ("en", "No network")])
def test_the_page_that_is_shown_without_a_network_is_nobodys_and_leads_to_the_form(
    client: Client, city: City, admin_client: Client, language: str, words: str
) -> None:
    address = f"{FORM}no-network/{language}/"
    page = client.get(address)
    assert words in page.content.decode()
    assert f'lang="{language}"' in page.content.decode()
    assert f'href="{FORM}"' in page.content.decode()
    assert page.cookies == {}
    assert admin_client.get(address).content == page.content
    assert client.get(f"{FORM}no-network/fr/").status_code == 404
    assert client.post(address).status_code == 405
