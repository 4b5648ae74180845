"""Photos, files of jobs and open data in a private bucket of an S3-compatible server that goes and comes back."""

import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from moto.server import ThreadedMotoServer

from core.files import StorageAwayError
from core.jobs import claim as claim_job
from core.jobs import enqueue_job, job_kind, run
from core.management.commands.move_files import YOUNG
from core.models import Job
from issues.models import Issue
from media.actions import PAUSE, clean_waiting
from media.models import Photo
from media.redaction import forget_originals, hide
from openmap.bucket import Bucket
from openmap.storages import file_storage
from stats.filling import fill_all
from stats.opendata.making import make_exports
from tests.conftest import NOW, City
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
        Bucket.away_until = 0.0  # as after the pause
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


@pytest.mark.parametrize("by_path", [False, True], ids=["in-memory", "as-a-file"])
def test_job_waits_for_its_file_until_the_bucket_is_back(server: Server, city: City, *, by_path: bool) -> None:
    seen: list[bytes] = []

    @job_kind("tests.reads_its_file")
    def reads(running: Any) -> dict[str, Any]:
        if by_path:
            with running.input_file() as path:
                seen.append(path.read_bytes())
        else:
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


def test_bucket_that_is_not_there_is_away_and_loses_no_file(server: Server, city: City) -> None:
    """A wrong MISTO_S3_BUCKET, or a bucket that was deleted: nothing is taken for lost, and an upload gets its word."""
    storage = file_storage(env_of(server.settings | {"MISTO_S3_BUCKET": "none"}), folder="/nowhere")
    bucket = Bucket(**storage["OPTIONS"])
    asks: list[Callable[[], Any]] = [
        lambda: bucket.open("originals/ab/none"),
        lambda: bucket.exists("originals/ab/none"),
        lambda: bucket.size("originals/ab/none"),
        lambda: bucket.delete("originals/ab/none"),
        lambda: bucket.save("originals/ab/none", ContentFile(b"a")),
        lambda: bucket._save("originals/ab/none", ContentFile(b"a")),
    ]
    for ask in asks:
        with pytest.raises(StorageAwayError):
            ask()
    assert not default_storage.exists("originals/ab/none")
    default_storage.delete("originals/ab/none")


def test_server_that_hangs_is_waited_for_once_and_then_left_in_peace(
    server: Server, city: City, town: Town, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.goes()
    with socket.create_server(("127.0.0.1", server.port), backlog=100) as silent:  # takes lines and never answers
        silent.setblocking(False)
        given = {"lon": town["p"].x, "lat": town["p"].y, "category": "roads", "text": "Яма", "unseen": "on"}
        files = [SimpleUploadedFile(f"{number}.jpg", jpeg(), "image/jpeg") for number in range(3)]
        told = client.post("/yavoryn/report/", given | {"do": "send", "photo": files})
        assert all(f"{number}.jpg: Зараз" in told.content.decode() for number in range(3))
        assert upload(client).status_code == 503
        assert lines_to(silent) == 2, "two tries of the first photo"
    monkeypatch.setattr(Bucket, "away_until", time.monotonic() - 1)  # the pause is over
    with pytest.raises(StorageAwayError, match="does not answer"):
        default_storage.exists("a")
    server.comes()
    assert upload(client).status_code == 201


def lines_to(server: socket.socket) -> int:
    """How many wait to be answered."""
    count = 0
    with suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            count += 1
    return count


def test_files_are_moved_compared_and_moved_on_after_a_break(server: Server, city: City, tmp_path: Path) -> None:
    folder = folder_of(city, tmp_path, *NAMES)
    server.client.put_object(Bucket=BUCKET, Key=f"city/{NAMES[3]}", Body=content(NAMES[3]))  # by a run that broke off
    assert moved(folder)[0] == "4"
    for name in NAMES:
        assert server.client.get_object(Bucket=BUCKET, Key=f"city/{name}")["Body"].read() == content(name)
    assert moved(folder, "--delete")[0] == "0"
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_file_of_the_bucket_is_never_replaced_by_another_one_of_the_folder(
    server: Server, city: City, tmp_path: Path
) -> None:
    folder = folder_of(city, tmp_path, *NAMES)
    server.client.put_object(Bucket=BUCKET, Key=f"city/{NAMES[1]}", Body=b"newer")
    words = StringIO()
    with pytest.raises(CommandError, match="1 "):
        call_command("move_files", "--from", str(folder), "--delete", stdout=StringIO(), stderr=words)
    assert NAMES[1] in words.getvalue()
    assert server.client.get_object(Bucket=BUCKET, Key=f"city/{NAMES[1]}")["Body"].read() == b"newer"
    assert (folder / NAMES[1]).read_bytes() == content(NAMES[1]), "what was not copied stays"
    assert len(server.names()) == len(NAMES), "the others were moved nevertheless"


def test_what_nothing_names_any_more_is_not_moved_and_its_copy_goes(server: Server, city: City, tmp_path: Path) -> None:
    """An original whose faces were hidden: before the first run, and between both."""
    folder = folder_of(city, tmp_path, *NAMES)
    Photo.objects.filter(original=NAMES[0]).update(original="")
    old = time.time() - 2 * YOUNG
    os.utime(folder / NAMES[0], (old, old))
    (folder / "originals" / "young").write_bytes(b"its row is being written")
    (folder / "notes.txt").write_bytes(b"of the operator")
    os.utime(folder / "notes.txt", (old, old))
    assert moved(folder)[0] == "4"
    assert f"city/{NAMES[0]}" not in server.names()
    Photo.objects.filter(original=NAMES[1]).update(original="")
    (folder / NAMES[1]).unlink()  # the service works with the folder still
    moved(folder, "--delete")
    assert server.names() == [f"city/{name}" for name in NAMES[2:]]
    left = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert left == {"originals/young", "notes.txt"}


def test_half_a_file_in_another_folder_is_made_whole_and_another_one_is_left(
    city: City, tmp_path: Path, settings: Any
) -> None:
    target = tmp_path / "target"
    settings.STORAGES = settings.STORAGES | {"default": file_storage(env_of({}), folder=str(target))}
    folder = folder_of(city, tmp_path, *NAMES[:2])
    for name, data in zip(NAMES, (content(NAMES[0])[:700], b"newer"), strict=False):
        (target / name).parent.mkdir(parents=True)
        (target / name).write_bytes(data)
    with pytest.raises(CommandError):
        call_command("move_files", "--from", str(folder), stdout=StringIO(), stderr=StringIO())
    assert [(target / name).read_bytes() for name in NAMES[:2]] == [content(NAMES[0]), b"newer"]


NAMES = [f"originals/{number}/файл" for number in range(5)]


def content(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest() * 100


def folder_of(city: City, tmp_path: Path, *names: str) -> Path:
    """A folder of files, each the original of a photo."""
    folder = tmp_path / "files"
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content(name))
        Photo.objects.create(community=city.community, name="яма.jpg", original=name, uploaded_at=NOW)
    return folder


def moved(folder: Path, *more: str) -> list[str]:
    """The words of the command."""
    words = StringIO()
    call_command("move_files", "--from", str(folder), *more, stdout=words)
    return words.getvalue().split()


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
