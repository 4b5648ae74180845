"""Reports that programs send: the rules of the form, once, and nothing lost on the way."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.api_keys import make_key, revoke_key
from accounts.models import ApiClient, ApiKey
from core.models import OutboxMessage, Visibility
from geodata.models import Community
from issues.models import Issue, IssueSettings
from media.models import Photo
from notifications.models import Follow
from routing.models import Danger, Delivery, Question
from routing.usual_dangers import usual_dangers
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.issues.conftest import Houses, ask_where
from tests.issues.open311 import schemas
from tests.issues.open311.conftest import API, ask, errors_of, send
from tests.issues.open311.schemas import fits
from tests.parallel import at_once
from tests.photos import jpeg

WORDS = "Яма на переході, вже тиждень."


@pytest.fixture
def hole_at_p(town: Town) -> dict[str, Any]:
    """A hole at p, as a program sends it."""
    return {"service_code": "roads", "lat": town["p"].y, "long": town["p"].x, "description": WORDS}


def only_issue() -> Issue:
    found: Issue = Issue.objects.select_related("subject", "category").get()
    return found


def test_report_of_a_program_goes_the_way_of_any_report(
    client: Client, api_key: str, hole_at_p: dict[str, Any]
) -> None:
    told = fits(send(client, api_key, **hole_at_p, email="olia@example.org", first_name="Оля"), schemas.SENT)
    issue = only_issue()
    assert told[0]["service_request_id"] == str(issue.number)
    assert told[0]["service_notice"] == "Відповідає КП «Яворинавтодор», до 27.11.2026."
    assert (issue.source, issue.text, issue.reporter_name, issue.shows_name) == ("open311", WORDS, "Оля", False)
    assert Delivery.objects.get(subject=issue.subject).organisation.name == "КП «Яворинавтодор»"
    assert not Follow.objects.confirmed().exists(), "an address is confirmed first, whoever sent it"
    assert OutboxMessage.objects.filter(recipient="olia@example.org").exists()
    assert ask(client, f"requests/{issue.number}")[0]["description"] == WORDS


def test_xml_is_answered_with_xml(client: Client, api_key: str, hole_at_p: dict[str, Any]) -> None:
    tree = send(client, api_key, form="xml", **hole_at_p)
    assert (tree.tag, tree.findtext("request/service_request_id")) == ("service_requests", "1")


def test_token_is_given_to_who_asks_for_one(client: Client, api_key: str, hole_at_p: dict[str, Any]) -> None:
    told = fits(send(client, api_key, headers={"Prefer": "respond-async"}, **hole_at_p), schemas.SENT)
    token = told[0]["token"]
    assert fits(ask(client, f"tokens/{token}"), schemas.TOKEN) == [{"token": token, "service_request_id": "1"}]
    fits(ask(client, f"tokens/{token[:-1]}x", expect=404), schemas.ERRORS)
    assert client.get(f"/sosnivka/open311/v2/tokens/{token}.json").status_code == 404


# Keys ------------------------------------------------------------------------------------------------------


def test_without_a_good_key_nothing_is_sent(
    client: Client, api_client: ApiClient, api_key: str, hole_at_p: dict[str, Any]
) -> None:
    _key, other = make_key(client=api_client, name="відповіді", scopes=[ApiKey.Scope.ANSWERS], by=None, at=NOW)
    revoked, ended = make_key(client=api_client, name="був", scopes=[ApiKey.Scope.REPORTS], by=None, at=NOW)
    revoke_key(revoked, at=NOW)
    for secret in ("", "misto_nothing", other, ended):
        told = fits(send(client, secret, expect=403, **hole_at_p), schemas.ERRORS)
        assert told[0]["description"].startswith("api_key")
    assert not Issue.objects.exists()


def test_key_of_another_community_is_unknown_here(
    client: Client, api_client: ApiClient, api_key: str, elsewhere: Community, hole_at_p: dict[str, Any]
) -> None:
    answer = client.post("/sosnivka/open311/v2/requests.json", {"api_key": api_key} | hole_at_p)
    assert answer.status_code == 403


def test_too_many_requests_wait(client: Client, api_client: ApiClient, api_key: str, hole_at_p: dict[str, Any]) -> None:
    ApiClient.objects.filter(pk=api_client.pk).update(per_minute=2)
    for turn in range(2):
        send(client, api_key, **hole_at_p | {"description": f"Яма {turn}"})
    answer = client.post(f"{API}/requests.json", {"api_key": api_key} | hole_at_p)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    fits(answer.json(), schemas.ERRORS)


def test_device_that_a_program_names_has_its_limit(
    city: City, client: Client, api_key: str, hole_at_p: dict[str, Any]
) -> None:
    IssueSettings.objects.update_or_create(community=city.community, defaults={"device_hour": 1})
    send(client, api_key, **hole_at_p, device_id="phone-1")
    again = hole_at_p | {"description": "Ще одна яма."}
    told = fits(send(client, api_key, expect=429, **again, device_id="phone-1"), schemas.ERRORS)
    assert "1" in told[0]["description"]
    send(client, api_key, **again, device_id="phone-2")
    send(client, api_key, expect=200, **again | {"description": "Третя."})


# Once ------------------------------------------------------------------------------------------------------


def test_same_idempotency_key_is_the_same_report(client: Client, api_key: str, hole_at_p: dict[str, Any]) -> None:
    for form in ("json", "xml", "json"):
        send(client, api_key, form=form, headers={"Idempotency-Key": "заявка-1".encode().hex()}, **hole_at_p)
    assert only_issue().number == 1
    with time_machine.travel(NOW + timedelta(days=3), tick=False):
        send(client, api_key, headers={"Idempotency-Key": "заявка-1".encode().hex()}, **hole_at_p)
    assert only_issue().number == 1


def test_same_words_within_minutes_are_the_same_report(client: Client, api_key: str, hole_at_p: dict[str, Any]) -> None:
    for minutes in (0, 4, 9):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            assert send(client, api_key, **hole_at_p)[0]["service_request_id"] == "1"
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        assert send(client, api_key, **hole_at_p)[0]["service_request_id"] == "2"
        assert send(client, api_key, **hole_at_p, email="taras@example.org")[0]["service_request_id"] == "3"


def test_other_program_with_the_same_words_sends_another_report(
    city: City, client: Client, api_key: str, hole_at_p: dict[str, Any]
) -> None:
    other = ApiClient.objects.create(community=city.community, organisation=city.council)
    _key, secret = make_key(client=other, name="рада", scopes=[ApiKey.Scope.REPORTS], by=None, at=NOW)
    header = {"Idempotency-Key": "7f1a5a52-6d0b-4b0e-9a5e-1c35c8b1d001"}
    assert send(client, api_key, headers=header, **hole_at_p)[0]["service_request_id"] == "1"
    told = send(client, secret, headers=header, **hole_at_p)[0]
    assert told["service_request_id"] == "2"
    assert "Схоже на № 1." in told["service_notice"]


@pytest.mark.django_db(transaction=True)
def test_same_report_from_both_hands_at_once_is_one(client: Client, api_key: str, hole_at_p: dict[str, Any]) -> None:
    def press() -> Any:
        return send(Client(), api_key, **hole_at_p, media_url="https://example.org/1.jpg")

    told = at_once([press] * 4)
    assert {one[0]["service_request_id"] for one in told} == {"1"}
    assert OutboxMessage.objects.filter(channel="media_url").count() == 1


# The rules of the form -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "status", "about"),
    [
        ({"service_code": ""}, 400, "service_code"),
        ({"service_code": "nothing"}, 404, "service_code"),
        ({"description": ""}, 400, "description: "),
        ({"description": "я" * 4001}, 400, "description: "),
        ({"email": "olia(at)example"}, 400, "email: "),
        ({"long": ""}, 400, "lat"),
        ({"lat": "північ"}, 400, "lat: "),
        ({"lat": "NaN"}, 400, "lat: "),
        ({"lat": "", "long": ""}, 400, "address_string"),
        ({"lat": "10", "long": "10"}, 400, "Яворинської"),
        ({"attribute[nothing]": "x"}, 400, "attribute[nothing]"),
        ({"media_url": "ftp://example.org/a.jpg"}, 400, "media_url: "),
        ({"media_url": [f"https://example.org/{n}.jpg" for n in range(6)]}, 400, "media_url: "),
        ({"first_name": "О" * 200}, 400, "first_name: "),
        ({"jurisdiction_id": "sosnivka"}, 404, "jurisdiction_id"),
        ({"description": "a\0b"}, 400, "0"),
        ({"attribute[\0]": "x"}, 400, "0"),
    ],
)
def test_what_is_wrong_is_said_with_the_name_of_its_parameter(
    client: Client, api_key: str, hole_at_p: dict[str, Any], changes: dict[str, Any], status: int, about: str
) -> None:
    told = fits(send(client, api_key, expect=status, **hole_at_p | changes), schemas.ERRORS)
    assert about.replace("Яворинської", "Яворинська") in errors_of(told)
    assert not Issue.objects.exists()


def test_everything_that_is_wrong_is_said_at_once(client: Client, api_key: str) -> None:
    told = send(client, api_key, expect=400, headers={"Accept-Language": "en"}, service_code="roads", email="x")
    assert [one["description"].partition(":")[0] for one in told] == ["Tell the place", "description", "email"]


def test_answers_are_checked_as_those_of_the_form(
    city: City, client: Client, api_key: str, hole_at_p: dict[str, Any]
) -> None:
    ask_where(city)
    given = {"community": city.community, "category": city.roads, "position": 2, "is_required": False}
    Question.objects.create(code="deep", kind="number", text="Глибина", least=1, most=200, **given)
    Question.objects.create(code="seen", kind="date", text="Коли?", **given)
    Question.objects.create(code="gate", kind="text", text="Яка брама?", shown_if={"where": ["yard"]}, **given)
    assert "attribute[where]" in errors_of(send(client, api_key, expect=400, **hole_at_p))
    wrong: dict[str, Any] = {"attribute[where]": "street", "attribute[gate]": "друга", "attribute[deep]": "999"}
    told = errors_of(send(client, api_key, expect=400, **hole_at_p | wrong))
    assert "attribute[gate]" in told
    assert "attribute[deep]: Не більше" in told
    two: dict[str, Any] = {"attribute[where][]": ["street", "yard"]}
    assert "attribute[where]" in errors_of(send(client, api_key, expect=400, **hole_at_p | two))
    good: dict[str, Any] = {
        "attribute[where][]": "yard", "attribute[deep]": "12,5", "attribute[seen]": "2026-11-18T09:00:00+02:00",
        "attribute[gate]": "друга",
    }  # fmt: skip
    send(client, api_key, **hole_at_p | good)
    assert only_issue().answers == {"where": "yard", "deep": "12.5", "seen": "2026-11-18", "gate": "друга"}


def test_house_is_named_by_its_key_as_attribute_or_as_address(client: Client, api_key: str, houses: Houses) -> None:
    told = errors_of(send(client, api_key, expect=400, service_code="houses", description="Тече дах", address_id="77"))
    assert "address_id" in told
    given: dict[str, Any] = {"service_code": "houses", "description": "Тече дах", "address_id": "12"}
    send(client, api_key, **given | {"attribute[register.flat]": "7", "attribute[register.entrance]": "2"})
    issue = only_issue()
    assert (issue.asset_id, issue.entrance, issue.flat, issue.address) == (
        houses.first.pk, "2", "7", houses.first.label
    )  # fmt: skip
    told = send(client, api_key, expect=400, **given | {"address_id": "", "attribute[register.key]": "nope"})
    assert "attribute[register.key]" in errors_of(told)
    send(client, api_key, **given | {"attribute[register.key]": "14", "description": "І тут тече"})
    assert Issue.objects.get(number=2).asset_id == houses.second.pk


def test_address_is_taken_only_when_it_leaves_no_doubt(
    client: Client, api_key: str, houses: Houses, hole_at_p: dict[str, Any]
) -> None:
    by_address: dict[str, Any] = {"service_code": "roads", "description": WORDS}
    told = errors_of(send(client, api_key, expect=400, **by_address, address_string="Соборна"))
    assert "Соборна, 12" in told
    assert "address_string" in errors_of(send(client, api_key, expect=400, **by_address, address_string="Невідома, 1"))
    send(client, api_key, **by_address, address_string="вул. Соборна, 12")
    assert only_issue().address == "вул. Соборна, 12"
    send(
        client, api_key, **by_address | {"description": "Ще"}, address_string=f"{hole_at_p['lat']}, {hole_at_p['long']}"
    )
    assert Issue.objects.get(number=2).location.y == pytest.approx(hole_at_p["lat"])


def test_danger_is_told_first_and_the_organisation_hears_of_it(
    city: City, client: Client, api_key: str, hole_at_p: dict[str, Any]
) -> None:
    Danger.objects.bulk_create(usual_dangers(city.community))
    told = send(client, api_key, **hole_at_p | {"description": "Пахне газом біля під’їзду"})
    advice = Danger.objects.get(code="gas").advice
    assert told[0]["service_notice"].startswith(advice)
    assert only_issue().dangers == ["gas"]


def test_held_report_is_taken_and_shown_to_nobody(
    city: City, client: Client, api_key: str, hole_at_p: dict[str, Any]
) -> None:
    IssueSettings.objects.update_or_create(community=city.community, defaults={"hold_new": True})
    told = send(client, api_key, **hole_at_p)
    assert "модератор" in told[0]["service_notice"]
    assert only_issue().subject.visibility == Visibility.HELD
    assert ask(client, "requests") == []
    assert Delivery.objects.get().message is not None


# Photos ----------------------------------------------------------------------------------------------------


def test_photo_that_comes_along_belongs_to_the_report_once(
    client: Client, api_key: str, hole_at_p: dict[str, Any]
) -> None:
    for _turn in range(2):
        file = SimpleUploadedFile("яма.jpg", jpeg(), content_type="image/jpeg")
        send(client, api_key, **hole_at_p, media=file)
    photo = Photo.objects.get()
    assert photo.subject_id == only_issue().subject_id
    assert photo.role == Photo.Role.PROBLEM


def test_file_that_is_no_photo_refuses_the_report_with_its_name(
    client: Client, api_key: str, hole_at_p: dict[str, Any]
) -> None:
    file = SimpleUploadedFile("вірус.jpg", b"MZ...", content_type="image/jpeg")
    assert "вірус.jpg" in errors_of(send(client, api_key, expect=400, **hole_at_p, media=file))
    assert not Issue.objects.exists()


# HTTP ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"<a/>", "text/xml"),
        (b"--x\r\nbroken", "multipart/form-data"),
        (b"a=1", "application/x-www-form-urlencoded; charset=koi8-u"),
        (b"&".join(b"a=1" for _n in range(2000)), "application/x-www-form-urlencoded"),
        (b"description=" + b"x" * 3_000_000, "application/x-www-form-urlencoded"),
    ],
)
def test_body_that_cannot_be_read_is_an_error_of_the_sender(city: City, client: Client, body: bytes, kind: str) -> None:
    answer = client.post(f"{API}/requests.json", body, content_type=kind)
    assert answer.status_code == 400
    fits(answer.json(), schemas.ERRORS)


def test_no_cookie_and_no_csrf_token_is_needed(api_key: str, hole_at_p: dict[str, Any]) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert send(strict, api_key, **hole_at_p)[0]["service_request_id"] == "1"
    assert not strict.cookies


def test_signed_in_moderator_sends_as_the_program_only(
    client: Client, marta: Any, api_key: str, hole_at_p: dict[str, Any]
) -> None:
    client.force_login(marta)
    send(client, "", expect=403, **hole_at_p)
    send(client, api_key, **hole_at_p)
    assert only_issue().reporter is None


def test_report_of_the_site_and_of_a_program_have_numbers_of_one_row(
    city: City, town: Town, issue: Issue, client: Client, api_key: str, hole_at_p: dict[str, Any]
) -> None:
    assert hole(city, town["p"]).source == Issue.Source.WEB == issue.source
    assert send(client, api_key, **hole_at_p)[0]["service_request_id"] == "2"
