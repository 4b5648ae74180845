"""Photos whose address came with a report are read by a worker, once, with limits, and what fails is seen."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core.models import OutboxMessage
from core.outbox import send_due
from issues.models import Issue
from media.models import Photo
from tests.grid import Town
from tests.issues.open311.conftest import send
from tests.photos import jpeg
from tests.scripted_server import Asked, Say, ScriptedServer, scripted_server


def album(asked: Asked) -> Say:
    return {
        "/moved.jpg": Say(status=302, headers={"Location": "/hole.jpg"}),
        "/inside.jpg": Say(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}),
        "/loop.jpg": Say(status=302, headers={"Location": "/loop.jpg"}),
        "/page.jpg": Say("<html>no photo</html>"),
        "/gone.jpg": Say(status=404),
        "/busy.jpg": Say(status=503),
        "/large.jpg": Say(b"x" * (20 * 1024 * 1024 + 1)),
    }.get(asked.path, Say(jpeg()))


@pytest.fixture
def server(settings: Settings) -> Iterator[ScriptedServer]:
    """Somebody's album."""
    with scripted_server(settings, album) as found:
        yield found


@pytest.fixture
def report(town: Town) -> dict[str, Any]:
    return {"service_code": "roads", "lat": town["p"].y, "long": town["p"].x, "description": "Яма"}


def sent_message() -> OutboxMessage:
    found: OutboxMessage = OutboxMessage.objects.get(channel="media_url")
    return found


def work() -> None:
    send_due(clock=timezone.now)


def test_photo_is_read_after_the_answer_and_belongs_to_the_report(
    client: Client, api_key: str, report: dict[str, Any], server: ScriptedServer
) -> None:
    told = send(client, api_key, **report, media_url=f"{server.url}/hole.jpg")
    assert "1 фото" in told[0]["service_notice"]
    assert (server.asked, Photo.objects.count()) == ([], 0), "nobody waits for it"
    work()
    assert [asked.path for asked in server.asked] == ["/hole.jpg"]
    photo = Photo.objects.get()
    assert (photo.subject_id, photo.name) == (Issue.objects.get().subject_id, "hole.jpg")
    assert sent_message().sent_at is not None


def test_same_report_sent_again_reads_nothing_twice(
    client: Client, api_key: str, report: dict[str, Any], server: ScriptedServer
) -> None:
    for _turn in range(2):
        send(client, api_key, **report, media_url=[f"{server.url}/hole.jpg"] * 2)
        work()
    assert Photo.objects.count() == len(server.asked) == 1


def test_worker_that_dies_after_reading_makes_no_second_photo(
    client: Client, api_key: str, report: dict[str, Any], server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client, api_key, **report, media_url=f"{server.url}/hole.jpg")
    OutboxMessage.objects.exclude(channel="media_url").update(sent_at=timezone.now())
    with monkeypatch.context() as patch:
        patch.setattr("core.outbox.settle", _die)
        with pytest.raises(KeyboardInterrupt):
            work()
    assert Photo.objects.get().subject_id is None
    OutboxMessage.objects.filter(channel="media_url").update(leased_until=timezone.now(), due_at=timezone.now())
    work()
    assert Photo.objects.get().subject_id == Issue.objects.get().subject_id


def _die(*_args: object, **_named: object) -> None:
    raise KeyboardInterrupt


def test_redirect_is_followed_by_the_same_door(
    client: Client, api_key: str, report: dict[str, Any], server: ScriptedServer
) -> None:
    send(client, api_key, **report, media_url=f"{server.url}/moved.jpg")
    work()
    assert Photo.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "is_over", "why"),
    [
        ("/inside.jpg", True, "private"),
        ("/loop.jpg", True, "302"),
        ("/page.jpg", True, "no photo"),
        ("/gone.jpg", True, "404"),
        ("/busy.jpg", False, "503"),
        ("/large.jpg", False, "longer"),
    ],
)
def test_what_cannot_be_read_leaves_the_report_and_is_seen_by_the_staff(
    client: Client, api_key: str, report: dict[str, Any], server: ScriptedServer, path: str, is_over: bool, why: str
) -> None:
    send(client, api_key, **report, media_url=f"{server.url}{path}")
    work()
    message = sent_message()
    assert (message.dead_at is not None, message.sent_at) == (is_over, None)
    assert why in message.last_error
    assert (Issue.objects.count(), Photo.objects.count()) == (1, 0)


def test_address_inside_is_never_asked(
    client: Client, api_key: str, report: dict[str, Any], server: ScriptedServer, settings: Settings
) -> None:
    settings.OUTWARD_ALLOWED = []
    send(client, api_key, **report, media_url=f"{server.url}/hole.jpg")
    work()
    assert (server.asked, sent_message().last_error) == ([], "not asked: private")
