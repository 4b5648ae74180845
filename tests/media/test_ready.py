"""Photos that were cleaned elsewhere are kept as those that came in by the door."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO

import pytest
from django.core.files.storage import default_storage

from core.models import Subject
from geodata.models import Community
from media.actions import attach, clean_waiting, keep_draft
from media.cleaning import clean
from media.models import Photo
from media.ready import ReadyPhoto, keep_ready
from tests import photos

OWN = {"id", "subject_id", "original", "large", "small"}  # names hold keys, or are secret


def kept(photo: Photo) -> tuple[dict[str, object], Sequence[bytes], Sequence[int]]:
    """The row without its keys; the files; how long their names are."""
    photo.refresh_from_db()
    row = {field.attname: getattr(photo, field.attname) for field in Photo._meta.concrete_fields}
    names = (photo.original, photo.large, photo.small)
    files = [default_storage.open(name).read() for name in names]
    return {name: value for name, value in row.items() if name not in OWN}, files, [len(name) for name in names]


@pytest.mark.parametrize("size", [(160, 120), (400, 300), (640, 480), (2000, 1500)])
def test_ready_photo_is_the_one_that_the_worker_would_have_made(
    inside: Community, now: datetime, size: tuple[int, int]
) -> None:
    data = photos.jpeg(*size)
    subjects = [Subject.objects.create(community=inside, kind="issue") for _way in range(2)]
    draft = keep_draft(community=inside, file=BytesIO(data), name="IMG_1.jpg", at=now)
    (by_door,) = attach(photos=[draft], subject=subjects[0], role=Photo.Role.ANSWER, at=now)
    assert clean_waiting(at=now) == 1
    (ready,) = keep_ready([ReadyPhoto(subjects[1], Photo.Role.ANSWER, "IMG_1.jpg", data, clean(data), now)])
    assert kept(by_door) == kept(ready)
    assert (by_door.subject, ready.subject) == (subjects[0], subjects[1])


def test_photo_as_small_as_its_small_size_is_written_once() -> None:
    small, large = clean(photos.jpeg(400, 300)), clean(photos.jpeg(640, 480))
    assert small.small is small.large
    assert len(large.small) < len(large.large)
