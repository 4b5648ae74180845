"""Who sees which photo over HTTP, and what an upload answers."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadhandler import TemporaryFileUploadHandler, load_handler
from django.test import Client, RequestFactory, override_settings
from django_scopes import scope
from pytest_django import Settings

from accounts.models import User
from core.models import Visibility
from geodata.models import Community
from media.actions import clean_waiting
from media.drafts import GRANT_LIFE, granted, key_for
from media.models import Photo
from media.refusals import MAX_BYTES
from tests import photos
from tests.media.conftest import MakePhoto, again

SignedIn = Callable[[User], Client]
UPLOAD = "/yavoryn/photos/"
NOT_FOR_STRANGERS = [Visibility.HELD, Visibility.HIDDEN]


@pytest.fixture(autouse=True)
def _clock(now: datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def signed_in() -> SignedIn:
    """A browser in which that person is signed in."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


# Uploading ---------------------------------------------------------------------------------------------------
def test_an_upload_answers_with_a_key_a_place_and_a_preview(client: Client, yavoryn: Community, now: datetime) -> None:
    answer = client.post(UPLOAD, {"photo": photos.upload(photos.jpeg(place=photos.SQUARE))})

    assert answer.status_code == 201
    kept = answer.json()
    assert kept["name"] == "яма.jpg"
    assert kept["position"] == pytest.approx(photos.SQUARE, abs=1e-5)
    assert client.get(kept["preview_url"]).status_code == 404, "nothing is shown before it is cleaned"
    clean_waiting(at=now)
    preview = client.get(kept["preview_url"])
    assert preview.status_code == 200
    assert photos.alike(photos.corners(b"".join(preview)), photos.UPRIGHT)
    assert preview["Cache-Control"] == "private, no-store"


def test_a_photo_without_a_place_is_welcome(client: Client, yavoryn: Community) -> None:
    answer = client.post(UPLOAD, {"photo": photos.upload(photos.png(), name="яма.JPG")})

    assert answer.status_code == 201
    assert answer.json()["position"] is None


@pytest.mark.parametrize(
    ("code", "make"),
    [
        ("not_a_photo", photos.foreign),
        ("unsupported", photos.gif),
        ("broken", photos.broken_jpeg),
        ("truncated", photos.truncated_png),
        ("too_many_pixels", photos.bomb),
        ("empty", photos.empty),
    ],
)
def test_a_bad_file_gets_its_word(client: Client, yavoryn: Community, code: str, make: photos.MakeBytes) -> None:
    answer = client.post(UPLOAD, {"photo": photos.upload(make())})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert len(answer.json()["error"]) > 20


def test_a_form_without_a_file_gets_a_word(client: Client, yavoryn: Community) -> None:
    answer = client.post(UPLOAD)

    assert (answer.status_code, answer.json()["code"]) == (422, "empty")


def test_a_file_past_20_mb_is_refused_and_does_not_fill_the_disk(
    client: Client, yavoryn: Community, settings: Settings
) -> None:
    settings.FILE_UPLOAD_HANDLERS = ["media.uploads.BoundedUpload", *settings.FILE_UPLOAD_HANDLERS]
    too_big = photos.jpeg() + bytes(MAX_BYTES + 5_000_000)

    answer = client.post(UPLOAD, {"photo": photos.upload(too_big)})

    assert (answer.status_code, answer.json()["code"]) == (413, "too_big")
    [received] = answer.wsgi_request.FILES.getlist("photo")
    assert received.size is not None
    assert MAX_BYTES < received.size < MAX_BYTES + 100_000


def test_the_words_are_in_the_chosen_language(client: Client, yavoryn: Community) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"

    answer = client.post(UPLOAD, {"photo": photos.upload(photos.foreign())})

    assert answer.json()["error"] == "This file is not a photo. Send JPEG, PNG, WebP, AVIF, HEIC or TIFF."


def test_an_upload_from_another_site_is_refused(yavoryn: Community) -> None:
    answer = Client(enforce_csrf_checks=True).post(
        UPLOAD, {"photo": photos.upload()}, headers={"origin": "https://elsewhere.example"}
    )

    assert answer.status_code == 403
    with scope(community=yavoryn):
        assert not Photo.objects.exists()


def test_files_past_the_twentieth_arrive_empty_and_open_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    handler = TemporaryFileUploadHandler
    new_file = handler.new_file

    def count(self: TemporaryFileUploadHandler, *args: Any, **kwargs: Any) -> None:
        opened.append("one")
        new_file(self, *args, **kwargs)

    monkeypatch.setattr(handler, "new_file", count)
    data = b"x" * 10_000
    with override_settings(FILE_UPLOAD_MAX_MEMORY_SIZE=100):
        request = RequestFactory().post(UPLOAD, {"photo": [photos.upload(data, name=f"{n}.jpg") for n in range(25)]})
        request.upload_handlers = [load_handler(name, request) for name in settings.FILE_UPLOAD_HANDLERS]
        files = request.FILES.getlist("photo")
    assert [file.name for file in files] == [f"{n}.jpg" for n in range(25)]
    assert [file.read() for file in files] == [data] * 20 + [b""] * 5
    assert len(opened) == 20


def test_uploads_are_only_posted(client: Client, yavoryn: Community) -> None:
    assert client.get(UPLOAD).status_code == 405


def test_an_upload_to_no_community_is_not_found(client: Client, yavoryn: Community) -> None:
    assert client.post("/nowhere/photos/", {"photo": photos.upload()}).status_code == 404


# Public photos -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("visibility", [Visibility.PUBLIC, Visibility.COARSE])
def test_a_stranger_sees_both_sizes_of_a_public_photo(client: Client, shown_photo: MakePhoto, visibility: str) -> None:
    photo = shown_photo(visibility=visibility)

    for address in (photo.large_url, photo.small_url):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/webp"
        assert answer["Cache-Control"] == "public, no-cache"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Disposition"].startswith("inline")
        assert "Vary" not in answer or "Cookie" not in answer["Vary"]
        assert photos.alike(photos.corners(b"".join(answer)), photos.UPRIGHT)


def test_a_browser_that_has_the_photo_gets_it_once(client: Client, shown_photo: MakePhoto) -> None:
    photo = shown_photo()
    first = client.get(photo.large_url)

    again = client.get(photo.large_url, headers={"if-none-match": first["ETag"]})

    assert again.status_code == 304
    assert again["Cache-Control"] == first["Cache-Control"]
    assert client.get(photo.small_url)["ETag"] != first["ETag"]


def test_the_original_has_no_address(client: Client, shown_photo: MakePhoto) -> None:
    photo = shown_photo()
    name = photo.original.rsplit("/", 1)[1]

    for address in (
        photo.url("original"),
        f"/yavoryn/photos/{photo.pk}/",
        f"/media/{photo.original}",
        f"/{photo.original}",
        f"/static/{photo.original}",
        f"/yavoryn/photos/{name}/large/",
        f"/yavoryn/photos/drafts/{name}/",
    ):
        assert client.get(address).status_code == 404
    assert default_storage.exists(photo.original)


def test_a_photo_that_the_storage_lost_is_not_found(client: Client, shown_photo: MakePhoto) -> None:
    photo = shown_photo()
    default_storage.delete(photo.large)

    assert client.get(photo.large_url).status_code == 404


# Photos that are not for everybody ---------------------------------------------------------------------------
@pytest.mark.parametrize("visibility", NOT_FOR_STRANGERS)
def test_a_stranger_does_not_see_what_is_held_or_hidden(
    client: Client, signed_in: SignedIn, serhii: User, shown_photo: MakePhoto, visibility: str
) -> None:
    photo = shown_photo(visibility=visibility)

    for browser in (client, signed_in(serhii)):
        assert browser.get(photo.large_url).status_code == 404
        assert browser.get(photo.small_url, headers={"if-none-match": "*"}).status_code == 404


@pytest.mark.parametrize("visibility", NOT_FOR_STRANGERS)
def test_staff_of_the_community_see_it_and_staff_of_another_do_not(
    signed_in: SignedIn, marta: User, lesia: User, shown_photo: MakePhoto, visibility: str
) -> None:
    photo = shown_photo(visibility=visibility)

    seen = signed_in(marta).get(photo.large_url)
    assert seen.status_code == 200
    assert seen["Cache-Control"].startswith("private")
    assert signed_in(lesia).get(photo.large_url).status_code == 404


@pytest.mark.parametrize("visibility", NOT_FOR_STRANGERS)
def test_the_author_sees_it_by_an_address_that_is_good_for_an_hour(
    client: Client, shown_photo: MakePhoto, now: datetime, visibility: str
) -> None:
    [photo] = granted([shown_photo(visibility=visibility)], at=now)
    [other] = granted([shown_photo(visibility=visibility)], at=now)

    seen = client.get(photo.large_url)
    assert seen.status_code == 200
    assert seen["Cache-Control"].startswith("private")
    assert client.get(photo.large_url.replace(photo.grant, other.grant)).status_code == 404
    with time_machine.travel(now + GRANT_LIFE):
        assert client.get(photo.large_url).status_code == 404


def test_hiding_the_subject_hides_its_photo(client: Client, shown_photo: MakePhoto) -> None:
    photo = shown_photo()
    assert photo.subject is not None
    photo.subject.visibility, photo.subject.hidden_reason = Visibility.HIDDEN, "a face"
    photo.subject.save()

    assert client.get(photo.large_url).status_code == 404


def test_a_photo_is_found_only_under_its_own_community(
    client: Client, signed_in: SignedIn, lesia: User, elsewhere: Community, shown_photo: MakePhoto
) -> None:
    photo = shown_photo()

    for browser in (client, signed_in(lesia)):
        assert browser.get(photo.large_url.replace("yavoryn", "sosnivka")).status_code == 404


def test_a_photo_that_waits_is_shown_to_nobody(
    client: Client, signed_in: SignedIn, marta: User, shown_photo: MakePhoto
) -> None:
    photo = shown_photo()
    with scope(community=photo.community):
        Photo.objects.filter(pk=photo.pk).update(state=Photo.State.WAITING)

    for browser in (client, signed_in(marta)):
        assert browser.get(photo.large_url).status_code == 404


def test_a_photo_that_could_not_be_cleaned_is_shown_to_nobody(
    client: Client, signed_in: SignedIn, marta: User, shown_photo: MakePhoto, now: datetime
) -> None:
    [photo] = granted([shown_photo(data=photos.png_broken_inside())], at=now)
    assert photo.state == "failed"

    for browser in (client, signed_in(marta)):
        assert browser.get(photo.large_url).status_code == 404
        assert browser.get(photo.small_url).status_code == 404


# Drafts ------------------------------------------------------------------------------------------------------
def test_a_draft_is_shown_to_its_form_only(
    client: Client, signed_in: SignedIn, marta: User, draft: MakePhoto, elsewhere: Community, now: datetime
) -> None:
    photo = draft()
    clean_waiting(at=now)
    key = key_for(photo)

    assert client.get(f"/yavoryn/photos/drafts/{key}/").status_code == 200
    assert client.get(f"/yavoryn/photos/drafts/{key}x/").status_code == 404
    assert client.get(f"/sosnivka/photos/drafts/{key}/").status_code == 404
    for browser in (client, signed_in(marta)):
        assert browser.get(again(photo).large_url).status_code == 404


def test_the_key_of_a_draft_opens_nothing_after_a_day(client: Client, draft: MakePhoto, now: datetime) -> None:
    key = key_for(draft())
    clean_waiting(at=now)

    with time_machine.travel(now + timedelta(hours=24)):
        assert client.get(f"/yavoryn/photos/drafts/{key}/").status_code == 404


def test_the_key_opens_nothing_once_the_photo_is_attached(client: Client, shown_photo: MakePhoto) -> None:
    photo = shown_photo(visibility=Visibility.HELD)

    assert client.get(f"/yavoryn/photos/drafts/{key_for(photo)}/").status_code == 404
