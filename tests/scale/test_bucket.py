"""Photos, files of jobs and open data in a private bucket of an S3-compatible server that goes and comes back."""

import hashlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
import environ
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from moto.server import ThreadedMotoServer

from core.files import StorageAwayError
from core.jobs import claim as claim_job
from core.jobs import enqueue_job, job_kind, run
from core.models import Job
from issues.models import Issue
from media.actions import PAUSE, clean_waiting
from media.models import Photo
from media.redaction import forget_originals, hide
from openmap.storages import file_storage
from stats.filling import fill_all
from stats.opendata.making import make_exports
from tests.conftest import NOW, City
from tests.faults.service import environment
from tests.grid import Town
from tests.photos import jpeg

pytestmark = pytest.mark.django_db
BUCKET = "misto"
BOXES = [(0.1, 0.1, 0.4, 0.4)]


class Server:
    """moto's S3 on a port that stays its own: it goes away and comes back with what it kept."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._running: ThreadedMotoServer | None = None
        self.settings = {
            "MISTO_S3_BUCKET": BUCKET,
            "MISTO_S3_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "MISTO_S3_REGION": "eu-central-1",
            "MISTO_S3_ACCESS_KEY": "key",
            "MISTO_S3_SECRET_KEY": "secret",
            "MISTO_S3_PREFIX": "city",
            "MISTO_S3_ADDRESSING": "path",
            "MISTO_S3_TIMEOUT": "1",
        }

    @property
    def client(self) -> Any:
        """Whoever has the keys, past the service."""
        told = self.settings
        return boto3.client(
            "s3",
            endpoint_url=told["MISTO_S3_ENDPOINT"],
            region_name=told["MISTO_S3_REGION"],
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    def names(self) -> list[str]:
        """Keys of everything in the bucket."""
        return sorted(one["Key"] for one in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", []))

    def comes(self) -> None:
        self._running = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._running.start()

    def goes(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Iterator[Server]:
    """The settings of an operator lead the service to it."""
    found = Server()
    found.comes()
    found.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    storage = file_storage(env_of(found.settings), folder=str(tmp_path))
    settings.STORAGES = settings.STORAGES | {"default": storage}
    yield found
    found.goes()
    found.comes()
    client = found.client
    for name in found.names():
        client.delete_object(Bucket=BUCKET, Key=name)
    client.delete_bucket(Bucket=BUCKET)
    found.goes()


def env_of(given: dict[str, str]) -> environ.Env:
    env = environ.Env()
    env.ENVIRON = given
    return env


def upload(client: Client) -> Any:
    return client.post("/yavoryn/photos/", {"photo": SimpleUploadedFile("яма.jpg", jpeg(), "image/jpeg")})


def send(client: Client, town: Town, key: str) -> Issue:
    given = {"lon": town["p"].x, "lat": town["p"].y, "category": "roads", "text": "Яма", "unseen": "on", "do": "send"}
    sent = client.post("/yavoryn/report/", given | {"photo_key": key}, headers={"Accept": "application/json"})
    assert sent.status_code == 201, sent.content
    found: Issue = Issue.objects.get(number=sent.json()["number"])
    return found


def test_photo_lives_in_the_bucket_from_its_upload_to_its_redaction(
    server: Server, city: City, town: Town, client: Client
) -> None:
    now = timezone.now()
    key = upload(client).json()["key"]
    issue = send(client, town, key)
    assert clean_waiting(at=now) == 1
    photo = Photo.objects.get(subject=issue.subject)
    assert {name.partition("/")[0] for name in server.names()} == {"city"}, "everything lies below the prefix"
    shown = client.get(f"/yavoryn/photos/{photo.pk}/large/")
    body = b"".join(shown.streaming_content)  # type: ignore[attr-defined]
    assert (shown.status_code, shown["Content-Type"], shown["Content-Length"]) == (200, "image/webp", str(len(body)))
    assert shown["Cache-Control"] == "public, no-cache"
    again = client.get(f"/yavoryn/photos/{photo.pk}/large/", headers={"If-None-Match": shown["ETag"]})
    assert again.status_code == 304

    hide(photo=photo, boxes=BOXES, at=now)
    assert clean_waiting(at=now) == 1
    painted = Photo.objects.get(pk=photo.pk)
    assert forget_originals(at=now) == 1
    stored = [name.removeprefix("city/") for name in server.names()]
    assert sorted(stored) == sorted([painted.large, painted.small]), "neither the original nor what shows the face"


def test_photo_is_given_by_the_service_only_to_those_who_may_see_it(
    server: Server, city: City, town: Town, client: Client
) -> None:
    issue = send(client, town, upload(client).json()["key"])
    clean_waiting(at=timezone.now())
    photo = Photo.objects.get(subject=issue.subject)
    page = Client().get(f"/yavoryn/issues/{issue.number}/")
    assert f"/yavoryn/photos/{photo.pk}/large/" in page.content.decode(), "no browser is led to the bucket"
    assert str(server.port) not in page.content.decode() + page.headers["Content-Security-Policy"]
    issue.subject.visibility, issue.subject.hidden_reason = "hidden", "spam"
    issue.subject.save()
    assert Client().get(f"/yavoryn/photos/{photo.pk}/large/").status_code == 404


def test_open_data_is_made_into_the_bucket_and_taken_home_from_the_service(
    server: Server, city: City, town: Town, client: Client
) -> None:
    send(client, town, upload(client).json()["key"])
    fill_all(at=NOW)
    assert make_exports(city.community, at=NOW)["files"] > 0
    told = client.get("/yavoryn/data/reports.csv")
    assert told.status_code == 200
    assert b"roads" in b"".join(told.streaming_content)  # type: ignore[attr-defined]
    assert make_exports(city.community, at=NOW + timedelta(days=1)) == {"parts": 0, "files": 0}, "nothing changed"
    assert client.get("/yavoryn/data/reports.csv", headers={"If-None-Match": told["ETag"]}).status_code == 304


def test_upload_while_the_bucket_is_away_is_refused_with_a_word_and_the_rest_goes_on(
    server: Server, city: City, town: Town, client: Client
) -> None:
    issue = send(client, town, upload(client).json()["key"])
    server.goes()
    refused = upload(client)
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_away")
    assert "за кілька хвилин" in refused.json()["error"]
    now = timezone.now()
    assert clean_waiting(at=now) == 1
    for turn in range(1, 6):  # longer than the three tries that a broken photo has
        clean_waiting(at=now + turn * 10 * PAUSE)
    waiting = Photo.objects.get(subject=issue.subject)
    assert (waiting.state, waiting.tries) == ("waiting", 0)
    assert client.get(f"/yavoryn/issues/{issue.number}/").status_code == 200
    server.comes()
    assert clean_waiting(at=now + timedelta(hours=2)) == 1
    assert Photo.objects.get(pk=waiting.pk).state == "clean"
    server.goes()
    away = client.get(f"/yavoryn/photos/{waiting.pk}/large/")
    assert (away.status_code, away["Retry-After"], away["Cache-Control"]) == (503, "30", "no-store")


def test_form_without_scripts_comes_back_with_a_word_about_its_photo(
    server: Server, city: City, town: Town, client: Client
) -> None:
    server.goes()
    given = {"lon": town["p"].x, "lat": town["p"].y, "category": "roads", "text": "Яма", "unseen": "on", "do": "send"}
    told = client.post("/yavoryn/report/", given | {"photo": SimpleUploadedFile("a.jpg", jpeg(), "image/jpeg")})
    assert "за кілька хвилин" in told.content.decode()
    assert "Яма" in told.content.decode()
    assert not Issue.objects.exists()


def test_job_waits_for_its_file_until_the_bucket_is_back(server: Server, city: City) -> None:
    seen: list[bytes] = []

    @job_kind("tests.reads_its_file")
    def reads(running: Any) -> dict[str, Any]:
        seen.append(running.input())
        return {}

    job = enqueue_job(community=city.community, kind="tests.reads_its_file", at=NOW, file=ContentFile(b"abc", "a.csv"))
    server.goes()
    taken = claim_job(at=NOW)
    assert taken is not None
    run(taken, clock=lambda: NOW)
    waiting = Job.objects.get(pk=job.pk)
    assert (waiting.state, waiting.attempts) == ("running", 0)
    assert claim_job(at=NOW + timedelta(seconds=59)) is None
    server.comes()
    later = NOW + timedelta(minutes=1)
    taken = claim_job(at=later)
    assert taken is not None
    run(taken, clock=lambda: later)
    assert (Job.objects.get(pk=job.pk).state, seen) == ("done", [b"abc"])


def test_file_that_is_not_there_is_lost_and_not_away(server: Server, city: City) -> None:
    with pytest.raises(FileNotFoundError):
        default_storage.open("originals/ab/none")
    server.goes()
    with pytest.raises(StorageAwayError):
        default_storage.open("originals/ab/none")


def test_files_are_moved_compared_and_moved_on_after_a_break(server: Server, tmp_path: Path) -> None:
    """By the command, as an operator runs it."""
    folder = tmp_path / "files"
    for number in range(5):
        path = folder / "originals" / f"{number}" / "файл"
        path.parent.mkdir(parents=True)
        path.write_bytes(hashlib.sha256(str(number).encode()).digest() * 100)
    server.client.put_object(Bucket=BUCKET, Key="city/originals/3/файл", Body=b"half")  # of a run that broke off
    first = moved(server, folder)
    assert first.returncode == 0, first.stderr
    assert first.stdout.split()[0] == "5"
    for number in range(5):
        kept = server.client.get_object(Bucket=BUCKET, Key=f"city/originals/{number}/файл")["Body"].read()
        assert kept == hashlib.sha256(str(number).encode()).digest() * 100
    words = StringIO()
    call_command("move_files", "--from", str(folder), "--delete", stdout=words)
    assert (words.getvalue().split()[0], list(folder.rglob("файл"))) == ("0", [])


def moved(server: Server, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", "move_files", "--from", str(folder)]
    env = environment(**server.settings)
    return subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"MISTO_S3_ENDPOINT": "s3.example.org"}, "MISTO_S3_ENDPOINT"),
        ({"MISTO_S3_SECRET_KEY": ""}, "MISTO_S3_SECRET_KEY"),
        ({"MISTO_S3_ADDRESSING": "both"}, "MISTO_S3_ADDRESSING"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_name(changes: dict[str, str], named: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=named):
        file_storage(env_of(Server().settings | changes), folder="/nowhere")


def test_without_a_bucket_files_lie_in_the_folder() -> None:
    assert file_storage(env_of({}), folder="/srv/files")["OPTIONS"] == {"location": "/srv/files"}


def test_ids_are_never_addresses_of_the_bucket(server: Server, city: City, client: Client) -> None:
    assert client.get(f"/yavoryn/photos/{UUID(int=1)}/large/").status_code == 404
