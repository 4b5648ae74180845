"""Without scripts the server keeps a form that was not sent: for its browser only, for a week."""

import uuid
from datetime import datetime, timedelta

import pytest
import time_machine
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from django_scopes import scope

from geodata.models import Community
from issues import kept_drafts
from issues.models import MAX_DRAFT, Issue, ReportDraft
from issues.tasks import drop_old_drafts
from media.actions import drop_abandoned_drafts, keep_draft
from media.models import Photo
from tests.conftest import NOW, City
from tests.grid import Town
from tests.parallel import at_once
from tests.photos import jpeg, upload

FORM = "/yavoryn/report/"
WORDS = "Яма на переході."
DEVICE = "a" * 64


@pytest.fixture(autouse=True)
def _morning() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def browser(client: Client, city: City) -> Client:
    """A browser without scripts that has opened the form."""
    client.get(FORM)
    return client


@pytest.fixture
def began(browser: Client, town: Town) -> dict[str, str]:
    """What was typed and sent to the server with “Next”: the text, the kind, the place, and a photo."""
    given = {"text": WORDS, "category": "roads", "lon": f"{town['p'].x:.6f}", "lat": f"{town['p'].y:.6f}"}
    given |= {"email": "olia@example.org", "key": str(uuid.uuid4())}
    browser.post(FORM, given | {"do": "check", "photo": photo_file()})
    return given


def photo_file() -> SimpleUploadedFile:
    return upload(jpeg(), name="яма.jpg")


def test_what_was_begun_is_offered_and_comes_back_with_its_photo(browser: Client, began: dict[str, str]) -> None:
    opened = browser.get(FORM)
    assert "19 листопада, 10:00" in opened.content.decode()
    page = browser.get(f"{FORM}?continue")
    form = page.context["form"]
    assert {name: form[name].value() for name in began} == began
    assert [photo.name for photo in page.context["photos"]] == ["яма.jpg"]


@pytest.mark.parametrize("do", ["zoom_in", "find", "check", "send"])
def test_every_press_that_does_not_send_keeps_the_form(browser: Client, do: str) -> None:
    browser.post(FORM, {"text": WORDS, "do": do})
    assert ReportDraft.objects.get().fields["text"] == [WORDS]


def test_it_is_gone_when_the_report_is_sent(browser: Client, began: dict[str, str]) -> None:
    page = browser.get(f"{FORM}?continue")
    seen = browser.post(FORM, began | {"do": "check"}).context["answerer"].seen
    photos = [photo.key for photo in page.context["photos"]]
    sent = browser.post(FORM, began | {"seen": seen, "photo_key": photos, "do": "send"})
    assert sent.status_code == 302
    assert not ReportDraft.objects.exists()
    assert Photo.objects.get().subject == Issue.objects.get().subject


def test_starting_anew_forgets_it(browser: Client, began: dict[str, str]) -> None:
    assert browser.post(FORM, {"do": "anew"}).status_code == 302
    assert not ReportDraft.objects.exists()
    assert "Ваше незакінчене" not in browser.get(FORM).content.decode()
    assert Photo.objects.get().kept_until is None


def test_starting_anew_needs_the_token_of_the_page(browser: Client, began: dict[str, str]) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    assert strict.post(FORM, {"do": "anew"}).status_code == 403
    assert ReportDraft.objects.exists()


def test_a_stranger_sees_nothing_of_it(browser: Client, began: dict[str, str]) -> None:
    stranger = Client()
    stranger.get(FORM)
    for address in (FORM, f"{FORM}?continue"):
        page = stranger.get(address).content.decode()
        assert WORDS not in page
        assert "Ваше незакінчене" not in page


def test_the_page_of_another_community_does_not_offer_it(
    browser: Client, began: dict[str, str], elsewhere: Community
) -> None:
    page = browser.get(f"/{elsewhere.slug}/report/?continue").content.decode()
    assert WORDS not in page
    assert "Ваше незакінчене" not in page


def test_no_page_of_the_administration_shows_it() -> None:
    assert ReportDraft not in admin.site._registry


def test_a_browser_with_scripts_keeps_its_drafts_itself(browser: Client) -> None:
    browser.post(FORM, {"text": WORDS, "do": "check", "script": "yes"})
    assert not ReportDraft.objects.exists()


def test_a_browser_without_our_cookie_leaves_nothing_behind(client: Client, city: City) -> None:
    client.post(FORM, {"text": WORDS, "do": "check"})
    assert not ReportDraft.objects.exists()


def test_what_was_agreed_to_is_asked_anew(browser: Client) -> None:
    browser.post(
        FORM, {"text": WORDS, "do": "check", "seen": "1:2026-11-26", "sure": "here", "tap.x": "3", "tap.y": "4"}
    )
    assert ReportDraft.objects.get().fields.keys() <= {"text", "lon", "lat"}


def test_its_photos_live_as_long_as_it_does(browser: Client, began: dict[str, str], now: datetime) -> None:
    in_six_days, in_eight_days = now + timedelta(days=6), now + timedelta(days=8)
    assert drop_abandoned_drafts(at=in_six_days) == 0
    with time_machine.travel(in_six_days, tick=False):
        assert len(browser.get(f"{FORM}?continue").context["photos"]) == 1
    with time_machine.travel(in_eight_days, tick=False):
        assert drop_old_drafts() == 1
    assert drop_abandoned_drafts(at=in_eight_days) == 1
    with scope(community=None):
        assert not ReportDraft.objects.exists()


def test_after_a_week_it_is_offered_to_nobody(browser: Client, began: dict[str, str], now: datetime) -> None:
    with time_machine.travel(now + timedelta(days=7), tick=False):
        assert WORDS not in browser.get(f"{FORM}?continue").content.decode()


def test_too_much_is_not_kept_and_the_form_comes_back_all_the_same(browser: Client) -> None:
    page = browser.post(FORM, {"text": "я" * MAX_DRAFT, "do": "check"})
    assert page.context["form"]["text"].value() == "я" * MAX_DRAFT
    assert not ReportDraft.objects.exists()


def test_the_database_refuses_what_is_too_much(city: City, now: datetime) -> None:
    with pytest.raises(IntegrityError, match="report_draft_is_small"):
        ReportDraft.objects.create(
            community=city.community, device=DEVICE, fields={"text": ["я" * MAX_DRAFT]}, updated_at=now
        )


def test_a_full_house_keeps_no_new_draft_and_goes_on_with_old_ones(
    city: City, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_drafts, "MOST_DRAFTS", 1)

    def keep(device: str, text: str) -> bool:
        fields = {"text": [text]}
        return kept_drafts.keep(community=city.community, device=device, fields=fields, photos=[], at=now)

    assert keep(DEVICE, "Яма")
    assert not keep("b" * 64, "Яма")
    assert keep(DEVICE, "Яма на розі")
    assert ReportDraft.objects.get().fields == {"text": ["Яма на розі"]}


def test_past_so_many_photos_a_new_one_stays_for_a_day_only(
    city: City, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_drafts, "MOST_PHOTOS", 1)
    first, second = (
        keep_draft(community=city.community, file=upload(jpeg()), name="яма.jpg", at=now) for _time in range(2)
    )
    for device, one in ((DEVICE, first), ("b" * 64, second)):
        kept_drafts.keep(community=city.community, device=device, fields={"text": ["Яма"]}, photos=[one], at=now)
    assert list(Photo.objects.filter(kept_until__isnull=False)) == [first]


def test_a_photo_taken_out_of_the_form_goes_as_any_other(browser: Client, began: dict[str, str]) -> None:
    browser.post(FORM, began | {"do": "check"})
    assert Photo.objects.get().kept_until is None


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_keep_at_once_keep_one_draft(city: City, now: datetime) -> None:
    def keep(text: str) -> bool:
        return kept_drafts.keep(community=city.community, device=DEVICE, fields={"text": [text]}, photos=[], at=now)

    kept = at_once([lambda: keep("Яма"), lambda: keep("Люк")], community=city.community)
    assert kept == [True, True]
    assert ReportDraft.objects.count() == 1
