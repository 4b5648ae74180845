"""Workers: many at once, killed, failing, and without a broker."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

import core.broker
from geodata.models import Community
from media import actions, cleaning, tasks
from media.actions import LEASE, MAX_TRIES, PAUSE, attach, clean_waiting, drop_abandoned_drafts
from media.models import Photo
from media.refusals import PhotoRefused
from tests import photos
from tests.media.conftest import MakePhoto, MakeSubject, again

StuckWorker = Callable[[str], "subprocess.Popen[str]"]
SECOND = timedelta(seconds=1)
TOP = Path(__file__).resolve().parents[2]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def storage_fault(*args: object) -> None:
    raise OSError("the disk is full")


@pytest.fixture
def stuck_worker(tmp_path: Path, now: datetime) -> Iterator[StuckWorker]:
    """Starts a real process that claims a photo and hangs; whatever still runs is killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(when: str) -> "subprocess.Popen[str]":
        database = connection.get_connection_params()
        name, host, user = (database.get(key, "") for key in ("dbname", "host", "user"))
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.media.stuck_worker", when, now.isoformat()],
            cwd=TOP,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "openmap.settings",
                "DATABASE_URL": f"postgis://{user}@/{name}?host={host}",
                "MISTO_MEDIA_ROOT": str(tmp_path),
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "stuck\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


# Many at once ------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_workers_clean_each_photo_once(
    draft: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    waiting = [draft() for _ in range(8)]
    cleaned: list[bytes] = []
    together = threading.Barrier(2, timeout=30)

    def counting(data: bytes, **_boxes: object) -> cleaning.Cleaned:
        if len(cleaned) < 2:
            together.wait()  # both workers hold a claim at this moment
        cleaned.append(data)
        return cleaning.clean(data)

    def work() -> None:
        clean_waiting(at=now)
        connection.close()

    monkeypatch.setattr(actions, "clean", counting)
    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)

    assert len(cleaned) == len(waiting)
    assert {(again(photo).state, again(photo).attempts) for photo in waiting} == {("clean", 1)}
    assert len(files(tmp_path)) == 3 * len(waiting)


def test_the_oldest_photo_goes_first_and_a_limit_is_kept(draft: MakePhoto, now: datetime) -> None:
    new, old = draft(at=now), draft(at=now - SECOND)

    assert clean_waiting(at=now, limit=1) == 1
    assert (again(old).state, again(new).state) == ("clean", "waiting")
    assert clean_waiting(at=now) == 1
    assert clean_waiting(at=now) == 0


def test_photos_of_all_communities_are_cleaned(draft: MakePhoto, elsewhere: Community, now: datetime) -> None:
    photo, other = draft(), draft(community=elsewhere)

    assert clean_waiting(at=now) == 2
    assert again(photo).state == again(other).state == "clean"


def test_a_draft_can_be_attached_while_it_is_being_cleaned(
    draft: MakePhoto, subject_of: MakeSubject, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, subject = draft(), subject_of()

    def attach_meanwhile(data: bytes, **_boxes: object) -> cleaning.Cleaned:
        attach(photos=[photo], subject=subject, role=Photo.Role.PROBLEM, at=now)
        return cleaning.clean(data)

    monkeypatch.setattr(actions, "clean", attach_meanwhile)
    clean_waiting(at=now)

    assert (again(photo).subject, again(photo).state) == (subject, "clean")


# Killed ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_worker_leaves_its_photo_to_the_next_one(
    when: str, stuck_worker: StuckWorker, draft: MakePhoto, now: datetime, tmp_path: Path
) -> None:
    photo = draft()
    worker = stuck_worker(when)
    worker.kill()
    worker.wait()

    assert (again(photo).state, again(photo).attempts) == ("waiting", 1)
    assert clean_waiting(at=now + LEASE - SECOND) == 0, "it is still claimed"
    assert clean_waiting(at=now + LEASE) == 1
    assert (again(photo).state, again(photo).attempts) == ("clean", 2)
    assert len(files(tmp_path)) == 3, "what the killed worker wrote is gone"


def test_a_photo_that_kills_every_worker_is_given_up(
    draft: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(data: bytes, **_boxes: object) -> None:
        raise MemoryError

    photo = draft()
    monkeypatch.setattr(actions, "clean", die)
    for attempt in range(MAX_TRIES):
        with pytest.raises(MemoryError):
            clean_waiting(at=now + LEASE * attempt)

    assert clean_waiting(at=now + LEASE * MAX_TRIES) == 0
    assert (again(photo).state, again(photo).failure) == ("failed", "interrupted")


def test_a_worker_that_comes_too_late_changes_nothing(
    draft: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    photo = draft()

    def overtaken(data: bytes, **_boxes: object) -> cleaning.Cleaned:
        monkeypatch.setattr(actions, "clean", cleaning.clean)
        assert clean_waiting(at=now + LEASE) == 1
        return cleaning.clean(data)

    monkeypatch.setattr(actions, "clean", overtaken)
    clean_waiting(at=now)

    published = again(photo)
    assert (published.state, published.attempts) == ("clean", 2)
    assert default_storage.exists(published.large)
    assert default_storage.exists(published.small)
    assert len(files(tmp_path)) == 3


def test_a_draft_dropped_while_it_is_cleaned_leaves_no_file(
    draft: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    draft()

    def dropped_meanwhile(data: bytes, **_boxes: object) -> cleaning.Cleaned:
        assert drop_abandoned_drafts(at=now + timedelta(hours=24)) == 1
        return cleaning.clean(data)

    monkeypatch.setattr(actions, "clean", dropped_meanwhile)
    clean_waiting(at=now)

    assert files(tmp_path) == []


# Failing -----------------------------------------------------------------------------------------------------
def test_a_photo_that_cannot_be_cleaned_fails_at_once_and_for_good(
    draft: MakePhoto, now: datetime, tmp_path: Path
) -> None:
    photo = draft(photos.png_broken_inside())

    assert clean_waiting(at=now) == 1
    failed = again(photo)
    assert (failed.state, failed.large, failed.small, failed.attempts) == ("failed", "", "", 1)
    assert failed.failure in {"broken", "truncated"}
    assert clean_waiting(at=now + timedelta(days=1)) == 0
    assert files(tmp_path) == [tmp_path / photo.original]


def test_a_result_that_is_not_clean_is_not_published(
    draft: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unclean(data: bytes, **_boxes: object) -> None:
        raise PhotoRefused("unclean")

    photo = draft()
    monkeypatch.setattr(actions, "clean", unclean)
    clean_waiting(at=now)

    assert (again(photo).state, again(photo).failure) == ("failed", "unclean")


def test_one_bad_photo_does_not_stop_the_others(draft: MakePhoto, now: datetime) -> None:
    bad, good = draft(photos.png_broken_inside(), at=now - SECOND), draft()

    assert clean_waiting(at=now) == 2
    assert (again(bad).state, again(good).state) == ("failed", "clean")


@pytest.mark.parametrize("door", ["open", "save"])
def test_a_storage_that_recovers_costs_a_pause(
    draft: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    photo = draft()
    with monkeypatch.context() as faulty:
        faulty.setattr(default_storage, door, storage_fault)
        assert clean_waiting(at=now) == 1
    assert (again(photo).state, again(photo).attempts) == ("waiting", 1)

    assert clean_waiting(at=now + PAUSE - SECOND) == 0
    assert clean_waiting(at=now + PAUSE) == 1
    assert again(photo).state == "clean"


def test_a_storage_that_fails_three_times_ends_it(
    draft: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    photo = draft()
    with monkeypatch.context() as faulty:
        faulty.setattr(default_storage, "save", storage_fault)
        for attempt in range(MAX_TRIES + 1):
            clean_waiting(at=now + LEASE * attempt)

    assert (again(photo).state, again(photo).failure, again(photo).attempts) == ("failed", "storage", MAX_TRIES)
    assert files(tmp_path) == [tmp_path / photo.original]


def test_a_small_size_that_is_not_written_takes_the_large_one_with_it(
    draft: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    honest = default_storage.save

    def only_large(name: str, content: "ContentFile[bytes]") -> str:
        if name.endswith("small.webp"):
            raise OSError("the disk is full")
        return honest(name, content)

    photo = draft()
    with monkeypatch.context() as faulty:
        faulty.setattr(default_storage, "save", only_large)
        clean_waiting(at=now)

    assert files(tmp_path) == [tmp_path / photo.original]


def test_nothing_personal_is_logged(
    draft: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    draft(photos.png_broken_inside())
    draft()
    with monkeypatch.context() as faulty:
        faulty.setattr(default_storage, "save", storage_fault)
        clean_waiting(at=now)

    assert caplog.messages
    assert not any("яма" in line for line in caplog.messages)


# Tasks and the broker ----------------------------------------------------------------------------------------
def test_beat_knows_both_tasks_by_their_names() -> None:
    current_app.loader.import_default_modules()

    for job in django_settings.CELERY_BEAT_SCHEDULE.values():
        assert job["task"] in current_app.tasks


@pytest.mark.django_db
def test_the_tasks_do_what_their_names_say(draft: MakePhoto, now: datetime) -> None:
    photo = draft()

    assert tasks.clean_waiting() == 1
    assert again(photo).state == "clean"
    assert tasks.drop_abandoned_drafts() in {0, 1}  # a draft of that day, whatever the day is now


def test_a_worker_is_asked_after_the_commit_and_not_before(
    draft: MakePhoto,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(core.broker, "nudge", asked.append)

    with django_capture_on_commit_callbacks(execute=True):
        draft()
        assert asked == []
    assert asked == ["media.tasks.clean_waiting"]


def test_a_draft_of_a_transaction_that_is_rolled_back_is_not_kept(draft: MakePhoto, now: datetime) -> None:
    with transaction.atomic():
        draft()
        transaction.set_rollback(True)

    assert clean_waiting(at=now) == 0


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_kept_when_the_broker_is_down(
    client: Client, yavoryn: Community, now: datetime, tmp_path: Path
) -> None:
    address = f"redis+socket://{tmp_path}/nobody-listens.sock"
    with current_app.connection_for_write(address) as nowhere, pytest.MonkeyPatch.context() as patch:
        patch.setattr(core.broker, "_silent_until", 0.0)
        patch.setattr(current_app, "send_task", partial(current_app.send_task, connection=nowhere))
        answer = client.post("/yavoryn/photos/", {"photo": photos.upload()})
        assert core.broker.nudges.drain()

    assert answer.status_code == 201
    assert clean_waiting(at=now) == 1
