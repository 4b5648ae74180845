"""Nothing of a person is in any line of the log, on whatever way they come and whatever breaks there."""

import json
import logging
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django_scopes import scope
from pytest_django import Settings

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey, User
from core import tasks
from core.incoming import keep
from core.tokens import secret_of
from core.verp import reply_address
from issues.actions import author_token
from issues.models import Issue
from notifications.hooks import Wanted, create
from openmap.urls import handler500  # noqa: F401  Django finds it here
from openmap.urls import urlpatterns as real
from routing.models import Channel, Delivery
from tests.conftest import NOW, City
from tests.grid import Town
from tests.openmap.lines import Lines, logged
from tests.photos import jpeg, upload
from tests.receiver import running_receiver
from tests.smtp import MailServer, mail_server

EMAIL, ORGANISATION = "olia.koval@dim.example.org", "chergovyi.petro@avtodor.example.org"
NAME, PHONE, WORDS, FILE = (
    "Оляна Коваленко-Дністрянська",
    "+380 67 555 18 23",
    "жовтий паркан навпроти",
    "olia-home.jpg",
)
PASSWORD, AGENT, ADDRESS_IP = "kalyna-kalyna-kalyna", "Mozilla/5.0 (OliaPhone 7)", "203.0.113.77"
HEADERS = {"User-Agent": AGENT, "X-Forwarded-For": ADDRESS_IP}
SENTINELS = (
    EMAIL, EMAIL.partition("@")[0], ORGANISATION, ORGANISATION.partition("@")[0], NAME, "Дністрянська", PHONE,
    "555 18 23", "380675551823", WORDS, "паркан", FILE, PASSWORD, "kalyna", AGENT, "OliaPhone", ADDRESS_IP, "needle=",
)  # fmt: skip


def broken(request: HttpRequest) -> HttpResponse:
    """Breaks with everything that was posted in its hands and in its message."""
    posted = dict(request.POST.items())
    raise ValueError(f"cannot use {posted}")


def twice(request: HttpRequest) -> HttpResponse:
    """Breaks a constraint: the database quotes the address."""
    User.objects.create_user(request.POST["email"], name=request.POST["name"])
    User.objects.create_user(request.POST["email"], name=request.POST["name"])
    raise AssertionError


urlpatterns = [path("broken/", broken, name="broken"), path("twice/", twice, name="twice"), *real]
pytestmark = pytest.mark.urls("tests.openmap.test_private_logs")


@pytest.fixture
def post(settings: Settings) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_URL = "127.0.0.1", server.port, server.url
        yield server


@pytest.fixture(autouse=True)
def _morning(now: datetime, settings: Settings) -> Iterator[None]:
    settings.REPLY_ADDRESS, settings.BEHIND_PROXY = "misto+{}@city.example", True
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def olia() -> Client:
    """A browser that says much of itself."""
    return Client(headers=HEADERS, raise_request_exception=False)


@pytest.fixture
def given(town: Town) -> dict[str, Any]:
    place = {"lon": f"{town['p'].x:.6f}", "lat": f"{town['p'].y:.6f}"}
    words = {"text": f"Яма, {WORDS}, дзвоніть {PHONE}", "email": EMAIL, "name": NAME}
    return place | words | {"category": "roads", "unseen": "yes", "do": "send"}


def secrets_of(issue: Issue) -> list[str]:
    with scope(community=issue.community):
        deliveries = Delivery.objects.select_related("token").filter(subject=issue.subject)
        return [secret_of(author_token(issue)), *(secret_of(one.token) for one in deliveries if one.token)]


def assert_private(lines: Lines, *more: str, least: int = 1) -> None:
    """Every line is an object, and none holds what may not be there."""
    assert len(lines.told()) >= least
    found = {one: line for one in (*SENTINELS, *more) for line in lines.getvalue().splitlines() if one in line}
    assert found == {}


def test_report_with_everything_and_what_follows(
    olia: Client, given: dict[str, Any], city: City, post: MailServer, now: datetime
) -> None:
    """The form with a photo, pages behind secret links, refusals, letters that cannot leave, the work on photos."""
    with scope(community=city.community):
        Channel.objects.filter(organisation=city.road_service).update(address=ORGANISATION)
    post.replies["RCPT"] = f"550 5.1.1 <{EMAIL}> unknown, {ORGANISATION} neither"
    with logged() as lines:
        olia.post("/yavoryn/report/?needle=1", given | {"email": "olia.koval@", "do": "check"})
        photo = upload(jpeg(place=(28.4682, 49.2331)), name=FILE)
        headers = {"Accept": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        sent = olia.post("/yavoryn/report/?needle=1", given | {"photos": [photo]}, headers=HEADERS | headers)
        assert sent.status_code == 201, sent.content.decode()
        issue = Issue.objects.get()
        secrets = secrets_of(issue)
        assert olia.get(f"/yavoryn/mine/{secrets[0]}/").status_code == 200
        olia.post(f"/yavoryn/answer/{secrets[1]}/", {"do": "finish", "text": ""})
        olia.get(f"/yavoryn/list/?q={WORDS}&near={EMAIL}")
        olia.get(f"/yavoryn/{EMAIL}/")
        olia.get(f"/{NAME}/")
        for _turn in range(2):
            tasks.send_urgent.apply()
            tasks.send_deliveries.apply()
        from media.tasks import clean_waiting

        clean_waiting.apply()
    assert "was not sent" in lines.getvalue()
    place = [f"{number:.4f}" for number in (28.4682, 49.2331, float(given["lon"]), float(given["lat"]))]
    assert_private(lines, *secrets, *place, least=10)
    assert {line["route"] for line in lines.told("request") if "route" in line} >= {"report", "answer", "mine"}


def test_letters_that_come_in(city: City, issue: Issue, now: datetime) -> None:
    delivery = Delivery.objects.select_related("token", "message").get(subject=issue.subject)
    assert delivery.token_id
    address = reply_address(delivery.token_id)
    with logged() as lines:
        for number, to in enumerate((address, "misto+rnothing@city.example", EMAIL)):
            letter = EmailMessage()
            letter["From"], letter["To"], letter["Subject"] = f"{NAME} <{EMAIL}>", to, f"Re: {WORDS}"
            letter["Message-ID"], letter["Date"] = f"<{number}@example.org>", format_datetime(now)
            letter.set_content(f"Виконано. {WORDS} {PHONE}")
            keep(letter.as_bytes(), at=now)
        keep(b"From: " + EMAIL.encode() + b"\r\nContent-Type: multipart/broken; boundary=\xff\r\n\r\n\x00\xff", at=now)
        tasks.read_letters.apply()
        logging.getLogger("core").info("end")
    assert_private(lines, address)


def test_signing_in_right_and_wrong(olia: Client, db: None) -> None:
    user = User.objects.create_user(EMAIL, name=NAME, is_staff=True)
    user.set_password(PASSWORD)
    user.save()
    with logged() as lines:
        refused = olia.post("/admin/login/", {"username": EMAIL, "password": PASSWORD + "x"})
        assert refused.status_code == 200
        assert olia.post("/admin/login/?next=/admin/", {"username": EMAIL, "password": PASSWORD}).status_code == 302
        assert olia.get("/admin/").status_code == 200
        olia.get("/admin/accounts/user/", {"q": EMAIL})
    session, csrf = olia.cookies["sessionid"].value, olia.cookies["csrftoken"].value
    assert_private(lines, session, csrf, least=4)


def test_programs_and_their_keys(olia: Client, given: dict[str, Any], city: City, town: Town) -> None:
    program = ApiClient.objects.create(community=city.community, organisation=city.vodokanal)
    secret = make_key(client=program, name="x", scopes=[ApiKey.Scope.REPORTS], by=None, at=NOW)[1]
    bearer = HEADERS | {"Authorization": f"Bearer {secret}"}
    body = {
        "category": "roads",
        "location": {"type": "Point", "coordinates": [town["p"].x, town["p"].y]},
        "text": given["text"], "email": EMAIL, "name": NAME, "confirmed": True,
    }  # fmt: skip
    with logged() as lines:
        for sent, status in ((body, 201), (body | {"email": NAME}, 400), (body | {"category": EMAIL}, 400)):
            answer = olia.post("/api/v1/yavoryn/issues/", sent, content_type="application/json", headers=bearer)
            assert answer.status_code == status, answer.content.decode()
        olia.post("/api/v1/yavoryn/issues/", f'{{"{EMAIL}', content_type="application/json", headers=bearer)
        olia.get(
            "/api/v1/yavoryn/issues/", {"bbox": EMAIL}, headers=HEADERS | {"Authorization": f"Bearer misto_{NAME}"}
        )
        olia.get(f"/api/v1/yavoryn/{EMAIL}/")
        open311 = {"service_code": "roads", "lat": given["lat"], "long": given["lon"], "description": given["text"]}
        open311 |= {"api_key": secret, "email": EMAIL, "first_name": NAME, "phone": PHONE}
        for changed in ({}, {"api_key": EMAIL}, {"lat": EMAIL}):
            olia.post(f"/yavoryn/open311/v2/requests.json?api_key={secret}", open311 | changed)
        olia.get(f"/yavoryn/open311/v2/requests/{EMAIL}.json")
    assert_private(lines, secret, given["lon"], given["lat"], least=10)


@pytest.mark.parametrize("is_there", [True, False])
def test_webhooks_that_fail(city: City, town: Town, now: datetime, settings: Settings, is_there: bool) -> None:
    from tests.conftest import hole

    program = ApiClient.objects.create(community=city.community, organisation=city.vodokanal, contact=EMAIL)
    from issues.actions import report_issue

    with running_receiver() as receiver:
        settings.OUTWARD_ALLOWED = [f"127.0.0.1:{receiver.port}"] if is_there else ["127.0.0.1:1"]
        url = f"{receiver.url if is_there else 'http://127.0.0.1:1/hook'}?token={EMAIL}"
        receiver.status = 500
        with logged() as lines:
            create(client=program, wanted=Wanted(url=url), at=now)
            report_issue(new=hole(city, town["p"], text=WORDS, email=EMAIL), community=city.community, at=now)
            with time_machine.travel(now + timedelta(minutes=5), tick=False):
                tasks.send_deliveries.apply()
                tasks.send_bulk.apply()
            logging.getLogger("core").info("end")
    assert_private(lines, "127.0.0.1")


@pytest.mark.parametrize(("address", "error"), [("/broken/", "ValueError"), ("/twice/", "IntegrityError: 23505")])
def test_page_that_breaks_with_what_was_posted(
    olia: Client, given: dict[str, Any], db: None, address: str, error: str
) -> None:
    with logged() as lines:
        answer = olia.post(f"{address}?needle={EMAIL}", given)
    assert answer.status_code == 500
    (line,) = [one for one in lines.told() if one["level"] == "error"]
    assert error in line["exception"]
    assert "tests/openmap/test_private_logs.py" in line["exception"], "it says where"
    assert_private(lines)
    assert line["request_id"] == answer["X-Request-ID"]
    assert line["request_id"] in answer.content.decode()


def test_what_a_browser_makes_up(olia: Client, db: None, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    with logged() as lines:
        olia.get("/", headers=HEADERS | {"Host": f"{EMAIL}"})
        olia.get("/", headers=HEADERS | {"Referer": f"https://{EMAIL}/", "X-Request-ID": PHONE.replace(" ", "")})
        olia.generic(f"GET{PHONE}", "/")
        Client(enforce_csrf_checks=True).post("/language/", {"next": EMAIL}, headers={"Origin": f"https://{EMAIL}"})
        olia.post("/language/", b"x" * 3_000_000, content_type="application/x-www-form-urlencoded")
    assert_private(lines, least=5)


def test_error_of_a_task_is_told_by_its_kind_and_place(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(**_how: Any) -> int:
        raise IntegrityError(f"Key (email)=({EMAIL}) already exists.")

    monkeypatch.setattr("core.incoming.read_waiting", breaks)
    with logged() as lines:
        tasks.read_letters.apply()
    told = [line for line in lines.told() if "exception" in line]
    assert told
    assert all("IntegrityError" in line["exception"] for line in told)
    assert_private(lines)


@pytest.mark.parametrize(
    "words",
    [
        f"Key (email)=({EMAIL}) already exists",
        f"from {ADDRESS_IP} port 22",
        "from 2001:db8::8a2e:370:7334 port 22",
        f"call {PHONE} or 0675551823",
        "at 49.2331, 28.4682",
        "GET /x?needle=1&q=parkan",
        "Bearer abcdefghijkl",
        "key misto_abcdefgh12345678",
        "redis://misto:kalyna@host/0",
    ],
)
def test_what_looks_personal_is_masked_whoever_writes_it(words: str) -> None:
    with logged() as lines:
        logging.getLogger("core").warning("%s", words)
        logging.getLogger("celery.worker").warning(words)
        logging.getLogger("somebody.else").warning("said: %s", words)
    assert len(lines.told()) == 3
    secrets = (*SENTINELS, "2001:db8", "0675551823", "49.2331", "parkan", "abcdefgh")
    assert [one for one in secrets if one in lines.getvalue()] == []


def test_what_is_no_secret_stays() -> None:
    with logged() as lines:
        logging.getLogger("core").warning("Message %s was not sent (try %s)", uuid.UUID(int=7), 3)
        logging.getLogger("gunicorn.error").info("Listening at: %s (%s)", "http://0.0.0.0:8000", 17)
    assert [json.loads(line)["event"] for line in lines.getvalue().splitlines()] == [
        "Message 00000000-0000-0000-0000-000000000007 was not sent (try 3)",
        "Listening at: http://…:8000 (17)",
    ]
