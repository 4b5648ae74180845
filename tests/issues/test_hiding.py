"""Hiding faces and plates without JavaScript: from the form, by the author afterwards, by moderators."""

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from core.tokens import secret_of
from geodata.models import Community
from issues.actions import author_token, report_issue
from issues.hiding import STAGES, drawing_after, stages_for
from issues.models import Issue
from media.actions import attach, clean_waiting, keep_draft
from media.drafts import key_for
from media.models import Photo
from media.redaction import MOST_CHANGES
from tests import photos
from tests.conftest import City, hole
from tests.parallel import at_once

FORM = "/yavoryn/report/"
Page = Callable[..., str]


@pytest.fixture
def draft(yavoryn: Community) -> Photo:
    """A photo on the form, 640 × 480 px, cleaned."""
    return prepared(yavoryn)


def prepared(community: Community, *, issue: Issue | None = None) -> Photo:
    at = timezone.now()
    data = photos.jpeg(640, 480)
    photo = keep_draft(community=community, file=photos.upload(data), name="перехрестя.jpg", at=at)
    if issue is not None:
        attach(photos=[photo], subject=issue.subject, role=Photo.Role.PROBLEM, at=at)
    clean_waiting(at=at)
    return now_of(photo)


def now_of(photo: Photo) -> Photo:
    with scope(community=photo.community_id):
        return Photo.objects.get(pk=photo.pk)


def fields_of(page: str) -> dict[str, list[str]]:
    """Hidden fields of the page, as a browser would send them."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page):
        if name != "csrfmiddlewaretoken":
            found.setdefault(unescape(name), []).append(unescape(value))
    return found


def press(client: Client, page: str, address: str = FORM, **more: str) -> str:
    answer = client.post(address, fields_of(page) | more)
    assert answer.status_code == 200
    return answer.content.decode()


# What a tap means ----------------------------------------------------------------------------------------------
def test_two_taps_name_two_corners_on_either_size_of_the_picture() -> None:
    stages = stages_for(1600, 1200)
    for name, width, height in stages:
        first = drawing_after({f"{name}.x": f"{width // 2}", f"{name}.y": f"{height // 2}"}, do="", stages=stages)
        given = {"hide_corner": first.corner_text, f"{name}.x": f"{width}", f"{name}.y": "0"}
        second = drawing_after(given, do="", stages=stages)
        assert second.boxes == ((0.5, 0.0, 1.0, 0.5),)
        assert second.corner is None


def test_a_tall_photo_stands_within_the_same_length() -> None:
    assert [max(stage[1:]) for stage in stages_for(900, 1600)] == list(STAGES.values())


def test_a_tap_on_the_same_spot_is_no_place_and_says_so() -> None:
    given = {"hide_corner": "0.5 0.5", "hide_wide.x": "336", "hide_wide.y": "252"}
    drawing = drawing_after(given, do="", stages=stages_for(1600, 1200))
    assert (drawing.boxes, drawing.corner) == ((), None)
    assert drawing.trouble


@pytest.mark.parametrize("typed", ["10,5", "10.5"])
def test_edges_may_be_typed_with_either_comma(typed: str) -> None:
    given = {"hide_left": typed, "hide_top": "0", "hide_right": "50", "hide_bottom": "25"}
    assert drawing_after(given, do="hide_typed", stages=[]).boxes == ((0.105, 0.0, 0.5, 0.25),)


@pytest.mark.parametrize("nonsense", ["", "[", "{}", "[[1]]", "[" * 5000])
def test_nonsense_in_the_form_is_an_empty_drawing(nonsense: str) -> None:
    given = {"hide_boxes": nonsense, "hide_corner": "nan x y"}
    assert drawing_after(given, do="hide_look", stages=[]).boxes == ()


# On the way to sending -----------------------------------------------------------------------------------------
def test_everything_typed_comes_back_from_the_page_of_two_taps(client: Client, city: City, draft: Photo) -> None:
    key = key_for(draft)
    typed = {"text": "Машина на «зебрі» & тротуарі", "category": "roads", "email": "olia@example.org", "photo_key": key}
    page = client.post(FORM, typed | {"do": f"hide:{key}"}).content.decode()
    assert "hide_wide" in page
    assert fields_of(page)["text"] == [typed["text"]]
    page = press(client, page, **{"hide_wide.x": "67", "hide_wide.y": "50"})
    assert "Тепер торкніться" in page or "opposite" in page or "hide-corner" in page
    page = press(client, page, **{"hide_wide.x": "268", "hide_wide.y": "201"})
    assert page.count('class="hide-mark"') == 2, "on both sizes of the picture"
    page = press(client, page, do="hide_done")

    assert unescape(page).count(typed["text"]) >= 1
    assert 'value="olia@example.org"' in page
    assert f'value="{key}"' in page
    [box] = now_of(draft).boxes
    assert box == pytest.approx([67 / 672, 50 / 504, 268 / 672, 201 / 504], abs=1e-3)
    assert now_of(draft).state == Photo.State.WAITING


def test_a_place_may_be_removed_and_the_page_left_without_changes(client: Client, city: City, draft: Photo) -> None:
    key = key_for(draft)
    page = client.post(FORM, {"photo_key": key, "do": f"hide:{key}"}).content.decode()
    edges = {"hide_left": "10", "hide_top": "10", "hide_right": "20", "hide_bottom": "20"}
    page = press(client, page, do="hide_typed", **edges)
    assert "hide_less:1" in page
    assert "hide_less:1" not in press(client, page, do="hide_less:1")
    press(client, page, do="hide_cancel")
    assert now_of(draft).boxes == []


def test_a_file_that_comes_with_the_same_press_is_kept(client: Client, city: City, draft: Photo) -> None:
    key = key_for(draft)
    answer = client.post(FORM, {"photo_key": key, "photo": photos.upload(), "do": f"hide:{key}"})
    assert len(fields_of(answer.content.decode())["photo_key"]) == 2


def test_a_photo_that_is_still_prepared_can_be_waited_for(client: Client, city: City, yavoryn: Community) -> None:
    photo = keep_draft(community=yavoryn, file=photos.upload(), name="a.jpg", at=timezone.now())
    key = key_for(photo)
    page = client.post(FORM, {"photo_key": key, "do": f"hide:{key}"}).content.decode()
    assert "hide_look" in page
    clean_waiting(at=timezone.now())
    assert "hide_wide" in press(client, page, do="hide_look")


def test_a_photo_of_somebody_else_is_not_on_the_form_and_nothing_is_hidden(
    client: Client, city: City, draft: Photo
) -> None:
    page = client.post(FORM, {"text": "Яма", "do": f"hide:{key_for(draft)}"}).content.decode()
    assert "hide_wide" not in page
    client.post(FORM, {"hide_key": key_for(draft), "hide_boxes": "[[0,0,1,1]]", "do": "hide_done"})
    assert now_of(draft).boxes == []


def test_a_photo_that_the_worker_could_not_open_says_so_beside_itself(
    client: Client, city: City, yavoryn: Community
) -> None:
    at = timezone.now()
    photo = keep_draft(community=yavoryn, file=photos.upload(photos.png_broken_inside()), name="злам.png", at=at)
    clean_waiting(at=at)
    page = client.post(FORM, {"photo_key": key_for(photo), "do": "add"}).content.decode()
    assert "is-refused" in page
    assert now_of(photo).failure in {"broken", "truncated"}


# Afterwards ----------------------------------------------------------------------------------------------------
def by_author(issue: Issue, photo: Photo) -> str:
    return reverse("hide_by_author", args=["yavoryn", secret_of(author_token(issue)), photo.pk])


def by_staff(issue: Issue, photo: Photo) -> str:
    return reverse("hide_by_staff", args=["yavoryn", issue.number, photo.pk])


HIDDEN = {"hide_boxes": json.dumps([[0.1, 0.1, 0.4, 0.4]]), "do": "hide_done"}


def test_the_author_hides_more_after_sending(client: Client, issue: Issue) -> None:
    photo = prepared(issue.community, issue=issue)
    link = f'href="{by_author(issue, photo)}"'
    assert link in client.get(reverse("mine", args=["yavoryn", secret_of(author_token(issue))])).content.decode()
    page = client.get(by_author(issue, photo))
    assert page.status_code == 200
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert client.post(by_author(issue, photo), HIDDEN).status_code == 302
    assert now_of(photo).boxes == [[0.1, 0.1, 0.4, 0.4]]
    assert client.get(photo.large_url).status_code == 404


def test_the_link_of_one_report_reaches_no_photo_of_another(client: Client, issue: Issue, city: City) -> None:
    photo = prepared(city.community)
    assert client.post(by_author(issue, photo), HIDDEN).status_code == 404
    assert now_of(photo).boxes == []


def test_a_moderator_hides_and_is_led_back(client: Client, issue: Issue, marta: User) -> None:
    photo = prepared(issue.community, issue=issue)
    client.force_login(marta)
    assert by_staff(issue, photo) in client.get(f"/admin/issues/issue/{issue.pk}/change/").content.decode()
    assert client.get(by_staff(issue, photo)).status_code == 200
    assert client.post(by_staff(issue, photo), HIDDEN)["Location"].startswith("/admin/")
    assert LogEntry.objects.filter(user=marta, object_id=str(issue.pk)).count() == 1, "moderation leaves a trace"
    assert now_of(photo).boxes == [[0.1, 0.1, 0.4, 0.4]]


def test_a_stranger_and_staff_of_another_community_hide_nothing(
    client: Client, issue: Issue, lesia: User, serhii: User
) -> None:
    photo = prepared(issue.community, issue=issue)
    for user in (None, serhii, lesia):
        if user:
            client.force_login(user)
        assert client.get(by_staff(issue, photo)).status_code == 404
        assert client.post(by_staff(issue, photo), HIDDEN).status_code == 404
    assert client.post(by_author(issue, photo).replace("/mine/", "/mine/x"), HIDDEN).status_code == 404
    assert now_of(photo).boxes == []


# When painting failed ------------------------------------------------------------------------------------------
@pytest.fixture
def failed(issue: Issue) -> Photo:
    """A photo of the report with a box on it, which the worker could not paint three times."""
    photo = prepared(issue.community, issue=issue)
    with scope(community=issue.community_id):
        Photo.objects.filter(pk=photo.pk).update(
            state=Photo.State.FAILED, failure="storage", boxes=[FACE], hidden_at=timezone.now(), tries=3
        )
    return now_of(photo)


FACE = [0.1, 0.1, 0.4, 0.4]
RETRY = {"do": "hide_retry"}


def test_the_author_reads_that_a_photo_failed_and_has_it_tried_again(
    client: Client, issue: Issue, failed: Photo
) -> None:
    mine = reverse("mine", args=["yavoryn", secret_of(author_token(issue))])
    page = client.get(mine).content.decode()
    assert failed.name in page
    assert f'action="{by_author(issue, failed)}"' in page
    assert "hide_retry" in client.get(by_author(issue, failed)).content.decode()
    assert client.post(by_author(issue, failed), RETRY)["Location"] == mine
    assert (now_of(failed).state, now_of(failed).tries, now_of(failed).boxes) == ("waiting", 0, [FACE])
    clean_waiting(at=timezone.now())
    assert (now_of(failed).state, now_of(failed).boxes) == ("clean", [FACE])
    assert "hide_retry" not in client.get(mine).content.decode()


def test_nobody_else_is_told_of_a_photo_that_failed(client: Client, issue: Issue, failed: Photo) -> None:
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "hide_retry" not in page
    assert failed.name not in page
    assert client.get(failed.large_url).status_code == 404


def test_a_moderator_has_it_tried_again(client: Client, issue: Issue, failed: Photo, marta: User) -> None:
    client.force_login(marta)
    assert by_staff(issue, failed) in client.get(f"/admin/issues/issue/{issue.pk}/change/").content.decode()
    assert "hide_retry" in client.get(by_staff(issue, failed)).content.decode()
    assert client.post(by_staff(issue, failed), RETRY)["Location"].startswith("/admin/")
    assert now_of(failed).state == Photo.State.WAITING


def test_a_stranger_and_staff_of_another_community_try_nothing_again(
    client: Client, issue: Issue, failed: Photo, lesia: User, serhii: User
) -> None:
    for user in (None, serhii, lesia):
        if user:
            client.force_login(user)
        assert client.post(by_staff(issue, failed), RETRY).status_code == 404
    assert client.post(by_author(issue, failed).replace("/mine/", "/mine/x"), RETRY).status_code == 404
    assert now_of(failed).state == Photo.State.FAILED


def test_the_link_of_another_report_tries_nothing_again(
    client: Client, issue: Issue, failed: Photo, city: City
) -> None:
    new = hole(city, issue.location, email="")
    other = report_issue(new=new, community=city.community, at=timezone.now())
    assert client.post(by_author(other, failed), RETRY).status_code == 404
    assert now_of(failed).state == Photo.State.FAILED


def test_a_photo_that_is_well_is_not_prepared_anew(client: Client, issue: Issue) -> None:
    photo = prepared(issue.community, issue=issue)
    assert client.post(by_author(issue, photo), RETRY).status_code == 302
    assert now_of(photo).state == Photo.State.CLEAN


def test_it_is_not_tried_again_for_ever(client: Client, issue: Issue, failed: Photo) -> None:
    with scope(community=issue.community_id):
        Photo.objects.filter(pk=failed.pk).update(changes=MOST_CHANGES)
    answer = client.post(by_author(issue, failed), RETRY)
    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode()
    assert now_of(failed).state == Photo.State.FAILED


@pytest.mark.django_db(transaction=True)
def test_author_and_moderator_at_once_lose_no_box(issue: Issue, marta: User) -> None:
    photo = prepared(issue.community, issue=issue)
    moderator = Client()
    moderator.force_login(marta)
    other = {"hide_boxes": json.dumps([[0.6, 0.6, 0.9, 0.9]]), "do": "hide_done"}
    again = {"hide_boxes": json.dumps([[0.2, 0.6, 0.3, 0.9]]), "do": "hide_done"}
    at_once(
        [
            lambda: moderator.post(by_staff(issue, photo), other).status_code,
            lambda: moderator.post(by_staff(issue, photo), again).status_code,
        ],
        community=issue.community,
    )
    assert len(now_of(photo).boxes) == 2
