"""Hiding faces and plates: what is painted, what is left of it anywhere, and who sees what meanwhile."""

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageStat

from geodata.models import Community
from media import actions, cleaning, redaction
from media.actions import LEASE, attach, clean_waiting, drop_photo
from media.boxes import FILL, MOST_BOXES, BoxesRefusedError, boxes_in
from media.cleaning import clean
from media.drafts import key_for
from media.models import Photo
from media.redaction import MOST_CHANGES, HidingRefusedError, forget_originals, hide, sweep
from tests import photo_kinds, photos
from tests.media.conftest import MakePhoto, MakeSubject, again
from tests.parallel import at_once

MINUTE = timedelta(minutes=1)
FACE = [0.1, 0.1, 0.4, 0.4]  # inside the red quarter
PLATE = [0.6, 0.6, 0.9, 0.9]  # inside the white one

Boxes = list[list[float]]


def opened(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGB")


def stored(name: str) -> bytes:
    with default_storage.open(name) as file:
        return bytes(file.read())


def is_painted(image: Image.Image, box: list[float]) -> bool:
    """Whether every pixel of the box is of the filling, up to what lossy compression does at its edge."""
    left, top, right, bottom = box[0] * image.width, box[1] * image.height, box[2] * image.width, box[3] * image.height
    inside = image.crop((int(left), int(top), max(int(left) + 1, round(right)), max(int(top) + 1, round(bottom))))
    return all(low >= 0 and high <= FILL[0] + 60 for low, high in inside.getextrema())  # type: ignore[misc]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def url_of(photo: Photo, size: str = "large") -> str:
    return f"/yavoryn/photos/{photo.pk}/{size}/"


# What is painted -----------------------------------------------------------------------------------------------
corner = st.floats(0, 1, allow_nan=False)
drawn = st.lists(st.tuples(corner, corner, corner, corner), max_size=6)


@given(boxes=drawn, orientation=st.sampled_from(range(1, 9)), kind=st.sampled_from(["JPEG", "HEIC", "TIFF"]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_drawn_only_the_filling_is_inside(boxes: list[Any], orientation: int, kind: str) -> None:
    wanted = boxes_in(boxes)
    white = Image.new("RGB", (640, 480), photos.WHITE)
    data = photo_kinds.encoded(kind, image=white, orientation=orientation)
    cleaned = clean(data, boxes=wanted)
    for size in (cleaned.large, cleaned.small):
        for box in wanted:
            assert is_painted(opened(size), list(box))


@given(boxes=drawn.filter(bool))
@settings(max_examples=15, deadline=None)
def test_what_was_inside_changes_nothing_in_any_file(boxes: list[Any]) -> None:
    """Two photos that differ inside the boxes alone become the same bytes: nothing of what was there is left."""
    wanted = boxes_in(boxes)
    one, other = photos.picture(640, 480), photos.picture(640, 480)
    for left, top, right, bottom in wanted:
        spot = (round(left * 640), round(top * 480), round(right * 640), round(bottom * 480))
        other.paste((12, 200, 99), spot)
    assert clean(photo_kinds.encoded("PNG", image=one), boxes=wanted) == clean(
        photo_kinds.encoded("PNG", image=other), boxes=wanted
    )


def test_a_box_is_painted_a_little_wider_than_drawn() -> None:
    large = opened(clean(photos.jpeg(1600, 1200), boxes=[(0.25, 0.25, 0.5, 0.5)]).large)
    assert is_painted(large, [0.242, 0.242, 0.508, 0.508])


def test_what_is_not_hidden_stays() -> None:
    cleaned = clean(photos.jpeg(), boxes=[(0.1, 0.1, 0.2, 0.2)])
    assert photos.alike(photos.corners(cleaned.large)[1:], photos.UPRIGHT[1:])


@pytest.mark.parametrize(
    "value",
    [None, "[]", 5, [1], [[1, 2, 3]], [[0, 0, 1, 1, 1]], [["a", 0, 1, 1]], [[float("nan"), 0, 1, 1]], {"a": 1}, [None]],
)
def test_nonsense_is_no_list_of_boxes(value: object) -> None:
    with pytest.raises(BoxesRefusedError) as refused:
        boxes_in(value)
    assert refused.value.code == "nonsense"


def test_corners_may_come_in_any_order_and_beyond_the_edge() -> None:
    assert boxes_in([[1.5, 0.5, 0.25, -3]]) == [(0.25, 0.0, 1.0, 0.5)]


def test_a_tap_without_a_size_is_no_box() -> None:
    assert boxes_in([[0.5, 0.5, 0.5, 0.9]]) == []


def test_more_boxes_than_faces_in_a_crowd_are_refused() -> None:
    with pytest.raises(BoxesRefusedError) as refused:
        boxes_in([FACE] * (MOST_BOXES + 1))
    assert refused.value.code == "too_many"


@pytest.mark.parametrize(
    "boxes",
    [
        {},
        [[0, 0, 1]],
        [[0, 0, 1, 1, 1]],
        [[0.5, 0, 0.5, 1]],
        [[0, 0.6, 1, 0.5]],
        [[-0.1, 0, 1, 1]],
        [[0, 0, 1.1, 1]],
        [["0", 0, 1, 1]],
        [0.1, 0.1, 0.2, 0.2],
        [[0, 0, 1, 1]] * 51,
    ],
)
def test_the_database_keeps_nothing_but_boxes(draft: MakePhoto, now: datetime, boxes: object) -> None:
    photo = draft()
    with scope(community=photo.community), pytest.raises(IntegrityError), transaction.atomic():
        Photo.objects.filter(pk=photo.pk).update(boxes=boxes, hidden_at=now)


# What is left --------------------------------------------------------------------------------------------------
def test_a_hidden_photo_that_was_sent_is_two_painted_files_and_nothing_else(
    draft: MakePhoto, subject_of: MakeSubject, now: datetime, tmp_path: Path
) -> None:
    photo = draft(photos.jpeg(place=photos.SQUARE))
    clean_waiting(at=now)
    hide(photo=photo, boxes=[FACE], at=now)
    clean_waiting(at=now)
    attach(photos=[photo], subject=subject_of(), role=Photo.Role.PROBLEM, at=now)
    assert forget_originals(at=now) == 1

    after = again(photo)
    assert after.original == ""
    assert [path.name for path in files(tmp_path)] == sorted(Path(name).name for name in (after.large, after.small))
    assert all(is_painted(opened(path.read_bytes()), FACE) for path in files(tmp_path))


def test_a_draft_keeps_its_original_so_that_a_box_can_be_taken_away(draft: MakePhoto, now: datetime) -> None:
    photo = draft()
    hide(photo=photo, boxes=[FACE, PLATE], at=now)
    clean_waiting(at=now)
    assert forget_originals(at=now) == 0
    hide(photo=photo, boxes=[PLATE], at=now)
    clean_waiting(at=now)

    shown = opened(stored(again(photo).large))
    assert not is_painted(shown, FACE)
    assert is_painted(shown, PLATE)


def test_originals_are_kept_where_the_city_wants_it(
    draft: MakePhoto, subject_of: MakeSubject, now: datetime, settings: Any
) -> None:
    settings.KEEP_REDACTED_ORIGINALS = True
    photo = draft()
    hide(photo=photo, boxes=[FACE], at=now)
    attach(photos=[photo], subject=subject_of(), role=Photo.Role.PROBLEM, at=now)
    clean_waiting(at=now)

    assert forget_originals(at=now) == 0
    assert default_storage.exists(again(photo).original)


@pytest.mark.parametrize("keeps", [True, False])
def test_what_was_sent_with_boxes_keeps_them_and_may_get_more(
    shown_photo: MakePhoto, now: datetime, settings: Any, keeps: bool
) -> None:
    settings.KEEP_REDACTED_ORIGINALS = keeps
    photo = shown_photo(data=photos.jpeg(640, 480))
    for boxes in ([FACE], [PLATE], []):
        hide(photo=photo, boxes=boxes, at=now)
        clean_waiting(at=now)
        forget_originals(at=now)

    shown = opened(stored(again(photo).large))
    assert is_painted(shown, FACE)
    assert is_painted(shown, PLATE)
    assert bool(again(photo).original) is keeps


def test_an_original_that_vanished_half_way_is_not_needed(shown_photo: MakePhoto, now: datetime) -> None:
    photo = shown_photo()
    hide(photo=photo, boxes=[FACE], at=now)
    clean_waiting(at=now)
    default_storage.delete(again(photo).original)  # and the process died before the row knew
    hide(photo=photo, boxes=[PLATE], at=now)
    clean_waiting(at=now)

    assert again(photo).state == Photo.State.CLEAN
    assert is_painted(opened(stored(again(photo).large)), FACE)


def test_a_storage_that_does_not_delete_is_asked_again(
    shown_photo: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = shown_photo()
    hide(photo=photo, boxes=[FACE], at=now)
    clean_waiting(at=now)

    def fault(*args: object) -> None:
        raise OSError("the disk is away")

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "delete", fault)
        assert forget_originals(at=now) == 0
    assert forget_originals(at=now) == 1


def test_a_size_without_boxes_that_a_dead_worker_left_does_not_stay(shown_photo: MakePhoto, now: datetime) -> None:
    photo = shown_photo()
    old = photo.large
    unpainted = stored(old)
    hide(photo=photo, boxes=[FACE], at=now)
    clean_waiting(at=now)
    assert not default_storage.exists(old)
    default_storage.save(old, BytesIO(unpainted))

    sweep(at=now + LEASE)
    assert default_storage.exists(old), "a worker may still be at it"
    sweep(at=now + 15 * MINUTE)
    assert not default_storage.exists(old)
    assert default_storage.exists(again(photo).large)


def test_a_hidden_photo_can_be_dropped_with_all_its_files(
    shown_photo: MakePhoto, now: datetime, tmp_path: Path
) -> None:
    photo = shown_photo()
    hide(photo=photo, boxes=[FACE], at=now)
    clean_waiting(at=now)
    forget_originals(at=now)
    drop_photo(photo=again(photo))
    assert files(tmp_path) == []


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


def test_brightness_of_what_is_hidden_does_not_shine_through() -> None:
    bright, dark = (Image.new("RGB", (640, 480), shade) for shade in ((255, 255, 255), (0, 0, 0)))
    whole = [(0.0, 0.0, 1.0, 1.0)]
    results = [clean(photo_kinds.encoded("JPEG", image=image), boxes=whole).large for image in (bright, dark)]
    assert results[0] == results[1]
    assert ImageStat.Stat(opened(results[0])).stddev == [0.0, 0.0, 0.0]
