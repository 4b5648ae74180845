"""A photo that is uploaded before the report is sent, and the signed rights to it."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.signing import Signer
from django.db import connection, transaction
from django_scopes import scope

from geodata.models import Community
from media.actions import attach, clean_waiting, drop_abandoned_drafts, keep_draft
from media.drafts import GRANT_LIFE, granted, is_granted, kept, key_for, photo_of, photos_of
from media.models import Photo
from media.refusals import PhotoRefused
from tests import photos
from tests.media.conftest import MakePhoto, MakeSubject, again

DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# Keeping -----------------------------------------------------------------------------------------------------
def test_a_draft_waits_with_its_place_and_belongs_to_nothing(
    draft: MakePhoto, yavoryn: Community, now: datetime
) -> None:
    photo = again(draft(photos.jpeg(place=photos.SQUARE)))

    assert (photo.state, photo.subject, photo.community, photo.uploaded_at) == ("waiting", None, yavoryn, now)
    assert photo.taken_at is not None
    assert photo.taken_at.srid == 4326
    assert (photo.taken_at.x, photo.taken_at.y) == pytest.approx(photos.SQUARE, abs=1e-5)


def test_the_original_is_kept_byte_for_byte_under_a_name_that_cannot_be_guessed(draft: MakePhoto) -> None:
    data = photos.jpeg(place=photos.SQUARE)
    one, other = draft(data), draft(data)

    assert default_storage.open(one.original).read() == data
    assert one.original != other.original
    assert one.original.startswith("originals/")
    assert len(Path(one.original).name) == 32
    assert one.pk.hex not in one.original


def test_of_a_refused_file_nothing_is_kept(yavoryn: Community, now: datetime, tmp_path: Path) -> None:
    with pytest.raises(PhotoRefused):
        keep_draft(community=yavoryn, file=photos.upload(photos.foreign()), name="яма.jpg", at=now)

    assert files(tmp_path) == []
    with scope(community=yavoryn):
        assert not Photo.objects.exists()


def test_a_name_is_kept_without_control_characters_and_not_too_long(yavoryn: Community, now: datetime) -> None:
    def name_of(name: str) -> str:
        return keep_draft(community=yavoryn, file=photos.upload(), name=name, at=now).name

    assert name_of("я\x00м\x1bа\u202e.jpg") == "яма.jpg"
    assert len(name_of("я" * 500)) == 200
    assert name_of("") == "photo"


# Keys --------------------------------------------------------------------------------------------------------
def test_a_key_finds_its_draft_for_a_day(draft: MakePhoto, yavoryn: Community, now: datetime) -> None:
    photo = draft()
    key = key_for(photo)

    assert photo_of(key, community=yavoryn, at=now) == photo
    assert photo_of(key, community=yavoryn, at=now + DAY - SECOND) == photo
    assert photo_of(key, community=yavoryn, at=now + DAY) is None


def test_a_forged_key_finds_nothing(draft: MakePhoto, yavoryn: Community, now: datetime) -> None:
    photo = draft()
    content = f"{photo.pk.hex}.{yavoryn.pk}"

    for key in ["", "nonsense", content, f"{content}:forged", Signer(salt="another").sign(content)]:
        assert photo_of(key, community=yavoryn, at=now) is None


def test_a_key_of_another_community_finds_nothing(
    draft: MakePhoto, yavoryn: Community, elsewhere: Community, now: datetime
) -> None:
    assert photo_of(key_for(draft()), community=elsewhere, at=now) is None
    assert photo_of(key_for(draft(community=elsewhere)), community=yavoryn, at=now) is None


def test_a_key_is_not_a_grant(draft: MakePhoto, now: datetime) -> None:
    photo = draft()

    assert not is_granted(photo, key_for(photo), at=now)


def test_a_grant_is_for_one_photo_and_one_hour(draft: MakePhoto, now: datetime) -> None:
    photo, other = draft(), draft()
    [shown] = granted([photo], at=now)

    assert is_granted(photo, shown.grant, at=now + GRANT_LIFE - SECOND)
    assert not is_granted(photo, shown.grant, at=now + GRANT_LIFE)
    assert not is_granted(other, shown.grant, at=now)
    assert not is_granted(photo, "", at=now)
    assert not is_granted(photo, shown.grant + "x", at=now)


def test_the_form_shows_a_draft_again_with_its_place_and_its_preview_when_there_is_one(
    draft: MakePhoto, yavoryn: Community, now: datetime
) -> None:
    key = key_for(draft(photos.jpeg(place=photos.SQUARE)))

    [waiting] = kept([key, key, "forged"], community=yavoryn, at=now)
    clean_waiting(at=now)
    [clean] = kept([key], community=yavoryn, at=now)

    assert (waiting.key, waiting.name, waiting.preview_url, waiting.failure) == (key, "яма.jpg", None, "")
    assert waiting.position == pytest.approx(photos.SQUARE, abs=1e-5)
    assert clean.preview_url == f"/yavoryn/photos/drafts/{key}/"


def test_the_form_says_when_a_draft_could_not_be_cleaned(draft: MakePhoto, yavoryn: Community, now: datetime) -> None:
    key = key_for(draft(photos.png_broken_inside()))
    clean_waiting(at=now)

    [failed] = kept([key], community=yavoryn, at=now)

    assert failed.preview_url is None
    assert failed.failure


# Attaching ---------------------------------------------------------------------------------------------------
def test_a_draft_is_attached_once(draft: MakePhoto, subject_of: MakeSubject, yavoryn: Community, now: datetime) -> None:
    photo, first, second = draft(), subject_of(), subject_of()

    assert attach(photos=[photo, photo], subject=first, role=Photo.Role.ANSWER, at=now) == [photo]
    assert attach(photos=[photo], subject=second, role=Photo.Role.PROBLEM, at=now) == []
    assert (again(photo).subject, again(photo).role) == (first, "answer")
    assert photo_of(key_for(photo), community=yavoryn, at=now) is None


@pytest.mark.django_db(transaction=True)
def test_two_forms_that_send_one_draft_at_the_same_moment_attach_it_once(
    draft: MakePhoto, subject_of: MakeSubject, now: datetime
) -> None:
    photo, first, second = draft(), subject_of(), subject_of()
    attached: list[Photo] = []

    def send_late() -> None:
        attached.extend(attach(photos=[photo], subject=second, role=Photo.Role.PROBLEM, at=now))
        connection.close()

    late = threading.Thread(target=send_late)
    with transaction.atomic():
        assert attach(photos=[photo], subject=first, role=Photo.Role.PROBLEM, at=now) == [photo]
        late.start()
        late.join(timeout=0.3)
        assert late.is_alive(), "it waits for the row"
    late.join(timeout=20)

    assert attached == []
    assert again(photo).subject == first


def test_several_drafts_are_attached_in_the_order_they_came(
    draft: MakePhoto, subject_of: MakeSubject, yavoryn: Community, now: datetime
) -> None:
    third, first, second = (draft(at=now + SECOND * number) for number in (3, 1, 2))
    found = photos_of(map(key_for, [third, second, first]), community=yavoryn, at=now)

    assert attach(photos=found, subject=subject_of(), role=Photo.Role.PROBLEM, at=now) == [first, second, third]


def test_a_draft_of_another_community_is_not_attached(
    draft: MakePhoto, subject_of: MakeSubject, elsewhere: Community, now: datetime
) -> None:
    photo = draft(community=elsewhere)

    assert attach(photos=[photo], subject=subject_of(), role=Photo.Role.PROBLEM, at=now) == []
    assert again(photo).subject is None


def test_an_expired_draft_is_not_attached(draft: MakePhoto, subject_of: MakeSubject, now: datetime) -> None:
    assert attach(photos=[draft()], subject=subject_of(), role=Photo.Role.PROBLEM, at=now + DAY) == []


# Dropping ----------------------------------------------------------------------------------------------------
def test_an_abandoned_draft_is_dropped_with_all_its_files(
    draft: MakePhoto, yavoryn: Community, now: datetime, tmp_path: Path
) -> None:
    draft()
    clean_waiting(at=now)
    draft()
    assert len(files(tmp_path)) == 4

    assert drop_abandoned_drafts(at=now + DAY - SECOND) == 0
    assert drop_abandoned_drafts(at=now + DAY) == 2
    assert files(tmp_path) == []
    with scope(community=yavoryn):
        assert not Photo.objects.exists()


def test_an_attached_photo_is_never_dropped(shown_photo: MakePhoto, now: datetime, tmp_path: Path) -> None:
    photo = shown_photo()

    assert drop_abandoned_drafts(at=now + 30 * DAY) == 0
    assert again(photo).state == "clean"
    assert len(files(tmp_path)) == 3


def test_a_draft_that_the_storage_does_not_delete_is_tried_again(
    draft: MakePhoto, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> None:
        raise PermissionError(name)

    photo = draft()
    with monkeypatch.context() as faulty:
        faulty.setattr(default_storage, "delete", refuse)
        assert drop_abandoned_drafts(at=now + DAY) == 0
    assert again(photo).original == photo.original

    assert drop_abandoned_drafts(at=now + DAY) == 1
