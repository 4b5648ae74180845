"""A photo that is sent again because no answer came is kept once."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django_scopes import scope

from geodata.models import Community
from media.actions import attach, clean_waiting, keep_draft
from media.boxes import MOST_BOXES
from media.drafts import photos_of
from media.models import Photo
from media.refusals import PhotoRefused
from tests import photos
from tests.media.conftest import MakeSubject, again
from tests.parallel import at_once

KEY = uuid.UUID("7d1c1b1e-5a51-4a57-9df0-0c6b1c7d2a11")


FACE, PLATE = [0.1, 0.1, 0.4, 0.4], [0.6, 0.6, 0.9, 0.9]


def keep(community: Community, at: datetime, key: uuid.UUID = KEY, *, boxes: Sequence[list[float]] = ()) -> Photo:
    return keep_draft(community=community, file=photos.upload(), name="яма.jpg", at=at, upload_key=key, boxes=boxes)


def test_the_same_key_again_is_the_same_photo(yavoryn: Community, now: datetime) -> None:
    assert keep(yavoryn, now) == keep(yavoryn, now)
    assert keep(yavoryn, now, uuid.uuid4()) != keep(yavoryn, now)


def test_over_http_it_gets_the_same_answer(client: Client, yavoryn: Community) -> None:
    first, second = (
        client.post("/yavoryn/photos/", {"photo": photos.upload()}, headers={"Idempotency-Key": "photo-1"})
        for _time in range(2)
    )
    assert (first.status_code, first.json()) == (201, second.json())
    with scope(community=yavoryn):
        assert Photo.objects.count() == 1


def test_a_key_that_is_none_is_refused(client: Client, yavoryn: Community) -> None:
    answer = client.post("/yavoryn/photos/", {"photo": photos.upload()}, headers={"Idempotency-Key": "x" * 256})
    assert answer.status_code == 400


def test_the_key_of_another_community_is_another_photo(yavoryn: Community, elsewhere: Community, now: datetime) -> None:
    assert keep(yavoryn, now) != keep(elsewhere, now)


def test_sent_again_on_the_next_day_it_is_good_for_another_day(yavoryn: Community, now: datetime) -> None:
    tomorrow = now + timedelta(hours=25)
    photo = keep(yavoryn, now)
    with scope(community=yavoryn):
        assert not Photo.objects.drafts(tomorrow).exists()
        assert keep(yavoryn, tomorrow) == photo
        assert list(Photo.objects.drafts(tomorrow)) == [photo]


def test_a_photo_of_a_report_stays_with_it(yavoryn: Community, subject_of: MakeSubject, now: datetime) -> None:
    photo = keep(yavoryn, now)
    attach(photos=[photo], subject=subject_of(), role=Photo.Role.PROBLEM, at=now)
    assert keep(yavoryn, now + timedelta(hours=1)) == photo
    assert again(photo).subject is not None
    assert photos_of([], community=yavoryn, at=now) == []


def test_boxes_drawn_after_an_answer_that_was_lost_are_painted(yavoryn: Community, now: datetime) -> None:
    keep(yavoryn, now)
    clean_waiting(at=now)
    photo = again(keep(yavoryn, now, boxes=[FACE]))
    assert (photo.boxes, photo.state) == ([FACE], Photo.State.WAITING)


def test_the_first_upload_that_comes_late_uncovers_nothing(yavoryn: Community, now: datetime) -> None:
    keep(yavoryn, now, boxes=[FACE])
    keep(yavoryn, now)
    assert again(keep(yavoryn, now, boxes=[PLATE])).boxes == [FACE, PLATE]


def test_what_is_hidden_already_is_not_prepared_anew(yavoryn: Community, now: datetime) -> None:
    keep(yavoryn, now, boxes=[FACE])
    clean_waiting(at=now)
    assert again(keep(yavoryn, now, boxes=[FACE])).state == Photo.State.CLEAN


def test_boxes_past_the_most_are_refused_with_words(yavoryn: Community, now: datetime) -> None:
    keep(yavoryn, now, boxes=[[0.1, 0.1, 0.2, 0.2 + number / 100] for number in range(MOST_BOXES)])
    with pytest.raises(PhotoRefused) as refused:
        keep(yavoryn, now, boxes=[PLATE])
    assert refused.value.code == "boxes_too_many"


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_send_it_at_once_make_one_photo(yavoryn: Community, now: datetime) -> None:
    found = at_once([lambda: keep(yavoryn, now)] * 4, community=yavoryn)
    assert len({photo.pk for photo in found}) == 1
    with scope(community=yavoryn):
        assert Photo.objects.count() == 1
