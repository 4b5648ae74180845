"""Hiding faces and plates: what is painted, what is left of it anywhere, and who sees what meanwhile."""

from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageStat

from media.actions import LEASE, attach, clean_waiting, drop_photo
from media.boxes import FILL, MOST_BOXES, BoxesRefusedError, boxes_in
from media.cleaning import clean
from media.models import Photo
from media.redaction import forget_originals, hide, sweep
from tests import photo_kinds, photos
from tests.media.conftest import MakePhoto, MakeSubject, again

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


def test_brightness_of_what_is_hidden_does_not_shine_through() -> None:
    bright, dark = (Image.new("RGB", (640, 480), shade) for shade in ((255, 255, 255), (0, 0, 0)))
    whole = [(0.0, 0.0, 1.0, 1.0)]
    results = [clean(photo_kinds.encoded("JPEG", image=image), boxes=whole).large for image in (bright, dark)]
    assert results[0] == results[1]
    assert ImageStat.Stat(opened(results[0])).stddev == [0.0, 0.0, 0.0]
