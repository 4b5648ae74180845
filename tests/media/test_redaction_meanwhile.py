"""Faces and plates while somebody draws, a worker paints and the form is sent: who sees what, and who may hide."""

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django_scopes import scope

from geodata.models import Community
from media import actions, cleaning, redaction
from media.actions import LEASE, attach, clean_waiting, drop_photo
from media.drafts import key_for
from media.models import Photo
from media.redaction import MOST_CHANGES, HidingRefusedError, forget_originals, hide
from tests import photos
from tests.media.conftest import MakePhoto, MakeSubject, again
from tests.media.test_redaction import files, is_painted, opened, stored, url_of
from tests.parallel import at_once

MINUTE = timedelta(minutes=1)
FACE = [0.1, 0.1, 0.4, 0.4]  # inside the red quarter
PLATE = [0.6, 0.6, 0.9, 0.9]  # inside the white one

Boxes = list[list[float]]


# Who sees what meanwhile ---------------------------------------------------------------------------------------
def test_nobody_sees_any_size_until_the_boxes_are_painted(
    client: Client, shown_photo: MakePhoto, now: datetime
) -> None:
    photo = shown_photo()
    before = client.get(url_of(photo))
    hide(photo=photo, boxes=[FACE], at=now)
    assert [client.get(url_of(photo, size)).status_code for size in ("large", "small")] == [404, 404]
    clean_waiting(at=now)
    after = client.get(url_of(photo), headers={"if-none-match": before["ETag"]})

    assert after.status_code == 200, "a browser that kept the old one gets the new one"
    assert is_painted(opened(b"".join(after)), FACE)


def test_every_cache_asks_each_time_whether_a_photo_may_still_be_shown(client: Client, shown_photo: MakePhoto) -> None:
    photo = shown_photo()
    first = client.get(url_of(photo))
    assert first["Cache-Control"] == "public, no-cache"
    assert client.get(url_of(photo), headers={"if-none-match": first["ETag"]}).status_code == 304


def test_boxes_drawn_while_a_worker_cleans_win(
    draft: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    photo = draft()

    def drawn_meanwhile(data: bytes, *, boxes: Boxes) -> cleaning.Cleaned:
        monkeypatch.setattr(actions, "clean", cleaning.clean)
        hide(photo=photo, boxes=[FACE], at=now)
        return cleaning.clean(data, boxes=boxes)

    monkeypatch.setattr(actions, "clean", drawn_meanwhile)
    clean_waiting(at=now)

    after = again(photo)
    assert after.state == Photo.State.CLEAN
    assert is_painted(opened(stored(after.large)), FACE)
    assert len(files(tmp_path)) == 3, "the original and two painted sizes"


def test_a_worker_that_dies_while_it_paints_shows_nothing(
    client: Client, shown_photo: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = shown_photo()
    hide(photo=photo, boxes=[FACE], at=now)

    def die(data: bytes, **boxes: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(actions, "clean", die)
        for attempt in range(3):
            with pytest.raises(KeyboardInterrupt):
                clean_waiting(at=now + attempt * LEASE)
    assert client.get(url_of(photo)).status_code == 404
    clean_waiting(at=now + 3 * LEASE)

    assert again(photo).failure == "interrupted"
    assert client.get(url_of(photo)).status_code == 404
    hide(photo=photo, boxes=[FACE], at=now + 4 * LEASE)  # once more, and now it works
    clean_waiting(at=now + 4 * LEASE)
    assert is_painted(opened(b"".join(client.get(url_of(photo)))), FACE)


@pytest.mark.django_db(transaction=True)
def test_boxes_and_sending_at_the_same_moment_lose_neither(
    draft: MakePhoto, subject_of: MakeSubject, now: datetime, yavoryn: Community
) -> None:
    for _turn in range(8):
        photo, subject = draft(), subject_of()
        results = at_once(
            [
                partial(hide, photo=photo, boxes=[FACE], at=now),
                partial(attach, photos=[photo], subject=subject, role=Photo.Role.PROBLEM, at=now),
                partial(clean_waiting, at=now),
            ],
            community=yavoryn,
        )
        assert not [result for result in results if isinstance(result, Exception)]
        assert (again(photo).subject, again(photo).boxes) == (subject, [FACE])
        if again(photo).state == Photo.State.CLEAN:
            assert is_painted(opened(stored(again(photo).large)), FACE)
        clean_waiting(at=now)
        assert is_painted(opened(stored(again(photo).large)), FACE)


@pytest.mark.django_db(transaction=True)
def test_nothing_unpainted_is_published_however_workers_and_hands_meet(
    client: Client, shown_photo: MakePhoto, now: datetime, yavoryn: Community
) -> None:
    photo = shown_photo(data=photos.jpeg(800, 600))
    hide(photo=photo, boxes=[FACE], at=now)
    seen: list[bytes] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            answer = Client().get(url_of(photo))
            if answer.status_code == 200:
                seen.append(b"".join(answer))

    def work(act: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            for _turn in range(6):
                act()

        return run

    def draw() -> None:
        for step in range(4):
            hide(photo=photo, boxes=[[0.6, 0.6, 0.7 + step / 20, 0.9]], at=now)

    def close() -> None:
        try:
            at_once(
                [work(lambda: clean_waiting(at=now)), work(lambda: clean_waiting(at=now)), draw,
                 work(lambda: forget_originals(at=now))],
                community=yavoryn,
            )  # fmt: skip
        finally:
            over.set()

    results = at_once([look, close], community=yavoryn)
    clean_waiting(at=now)
    assert not [result for result in results if isinstance(result, Exception)]
    assert all(is_painted(opened(data), FACE) for data in [*seen, stored(again(photo).large)])
    connection.close()


# By the key of the form ----------------------------------------------------------------------------------------
def boxes_address(photo: Photo, *, community: str = "yavoryn") -> str:
    return f"/{community}/photos/drafts/{key_for(photo)}/boxes/"


def test_the_form_that_uploaded_a_photo_hides_on_it_and_learns_when_it_is_ready(
    client: Client, draft: MakePhoto, settings: Any
) -> None:
    from django.utils import timezone

    photo = draft(at=timezone.now())
    clean_waiting(at=timezone.now())
    answer = client.post(boxes_address(photo), {"boxes": json.dumps([FACE])}).json()
    assert (answer["state"], answer["boxes"], answer["hidden"]) == ("waiting", [FACE], 1)
    clean_waiting(at=timezone.now())
    answer = client.get(boxes_address(photo)).json()

    assert answer["state"] == "clean"
    for address in (answer["picture_url"], answer["preview_url"]):
        picture = client.get(address)
        assert picture["Cache-Control"] == "private, no-store"
        assert is_painted(opened(b"".join(picture)), FACE)


def test_boxes_for_a_photo_that_has_just_been_sent_are_kept(
    client: Client, draft: MakePhoto, subject_of: MakeSubject
) -> None:
    from django.utils import timezone

    photo = draft(at=timezone.now())
    attach(photos=[photo], subject=subject_of(), role=Photo.Role.PROBLEM, at=timezone.now())
    assert client.post(boxes_address(photo), {"boxes": json.dumps([FACE])}).status_code == 200
    assert again(photo).boxes == [FACE]


@pytest.mark.parametrize("boxes", ["", "[", "5", "[[1,2]]", json.dumps([FACE] * 51)])
def test_boxes_that_are_none_get_a_word_and_change_nothing(client: Client, draft: MakePhoto, boxes: str) -> None:
    from django.utils import timezone

    photo = draft(at=timezone.now())
    answer = client.post(boxes_address(photo), {"boxes": boxes})
    assert (answer.status_code, bool(answer.json()["error"])) == (422, True)
    assert (again(photo).boxes, again(photo).changes) == ([], 0)


def test_a_stranger_and_another_community_hide_nothing(client: Client, draft: MakePhoto, elsewhere: Community) -> None:
    from django.utils import timezone

    photo = draft(at=timezone.now())
    address = boxes_address(photo).replace(photo.pk.hex, "0" * 32)
    for wrong in (address, boxes_address(photo, community=elsewhere.slug), f"/yavoryn/photos/drafts/{photo.pk}/boxes/"):
        assert client.post(wrong, {"boxes": json.dumps([FACE])}).status_code == 404
        assert client.get(wrong).status_code == 404
    assert again(photo).boxes == []


def test_a_photo_may_come_with_its_boxes(client: Client, yavoryn: Community) -> None:
    answer = client.post("/yavoryn/photos/", {"photo": photos.upload(), "boxes": json.dumps([FACE])})
    with scope(community=yavoryn):
        photo = Photo.objects.get()
    assert (answer.status_code, photo.boxes) == (201, [FACE])
    assert client.post("/yavoryn/photos/", {"photo": photos.upload(), "boxes": "[[2]]"}).status_code == 422


def test_boxes_are_not_changed_for_ever(draft: MakePhoto, now: datetime) -> None:
    photo = draft()
    for step in range(MOST_CHANGES):
        hide(photo=photo, boxes=[[0.1, 0.1, 0.2 + step / 100, 0.4]], at=now)
    with pytest.raises(HidingRefusedError) as refused:
        hide(photo=photo, boxes=[PLATE], at=now)
    assert refused.value.code == "too_often"


def test_a_photo_that_is_gone_says_so(draft: MakePhoto, now: datetime) -> None:
    photo = again(draft())
    drop_photo(photo=again(photo))
    with pytest.raises(HidingRefusedError) as refused:
        redaction.hide(photo=photo, boxes=[FACE], at=now)
    assert refused.value.code == "gone"


def test_the_same_boxes_once_more_change_nothing(shown_photo: MakePhoto, now: datetime) -> None:
    photo = shown_photo()
    hide(photo=photo, boxes=[FACE], at=now)
    clean_waiting(at=now)
    assert hide(photo=photo, boxes=[FACE], at=now).state == Photo.State.CLEAN
