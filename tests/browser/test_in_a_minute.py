"""A newcomer in the street: from “I see a hole” to “sent, answer by Tuesday”, every tap counted, on a slow phone."""

from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Locator, Page, expect

from issues.models import Issue
from media.models import Photo
from tests.browser.conftest import PHONE, PageAt, screenshot, slow_down
from tests.browser.report_form import VODOKANAL
from tests.browser.tools import photo_file
from tests.conftest import City
from tests.grid import Town

MOST_TAPS = 10
SLOW = 60_000  # milliseconds
WORDS = "Люк без кришки біля аптеки"

pytestmark = pytest.mark.usefixtures("city")


@dataclass(slots=True)
class Finger:
    """Taps on a page, and what each was for. Typing is no tap, but reaching the field is."""

    page: Page
    taps: list[str] = field(default_factory=list)

    def tap(self, what: Locator, why: str) -> None:
        what.scroll_into_view_if_needed()
        what.tap()
        self.taps.append(why)

    def take_photo(self, button: Locator, town: Town) -> None:
        """The button, and in the phone's own camera the shutter and “use this one”."""
        with self.page.expect_file_chooser() as chosen:
            self.tap(button, "Додати фото")
        chosen.value.set_files(photo_file(place=town["p"]))
        self.taps += ["камера телефона: зняти", "камера телефона: узяти цей знімок"]


def phone(page_at: PageAt) -> Page:
    page = page_at(PHONE, has_touch=True, is_mobile=True)
    slow_down(page)
    return page


def test_photo_words_one_guess_and_sent(page_at: PageAt, town: Town) -> None:
    page = phone(page_at)
    page.goto("/yavoryn/")
    finger = Finger(page)
    finger.tap(page.get_by_role("link", name="Повідомити про проблему").last, "Повідомити про проблему")
    expect(page.locator("body.has-script")).to_be_attached(timeout=SLOW)
    finger.take_photo(page.locator("label.upload-add"), town)
    expect(page.locator("[name=photo_key]")).to_have_count(1, timeout=SLOW)
    finger.tap(page.locator("#text"), "поле «Опишіть одним-двома реченнями»")
    page.keyboard.type(WORDS)
    guess = page.locator("#guesses [data-guess=manholes]")
    expect(guess).to_be_visible(timeout=SLOW)
    finger.tap(guess, "підказка «Люки»")
    expect(page.locator("#send")).to_contain_text(VODOKANAL, timeout=SLOW)
    screenshot(page, "minute-ready-390", full=True)
    finger.tap(page.locator("#send"), f"Надіслати: {VODOKANAL}")
    expect(page.locator("#secret-link")).to_be_visible(timeout=SLOW)
    screenshot(page, "minute-sent-390", full=True)
    assert len(finger.taps) <= MOST_TAPS, finger.taps
    issue = Issue.objects.get()
    assert (issue.text, issue.category.code) == (WORDS, "manholes")
    assert (issue.location.x, issue.location.y) == pytest.approx((town["p"].x, town["p"].y), abs=1e-5)
    assert Photo.objects.filter(subject=issue.subject).count() == 1


def test_place_by_the_phone_without_a_photo(page_at: PageAt, city: City, town: Town) -> None:
    page = page_at(
        PHONE,
        has_touch=True,
        is_mobile=True,
        permissions=["geolocation"],
        geolocation={"longitude": town["p"].x, "latitude": town["p"].y},
    )
    slow_down(page)
    page.goto("/yavoryn/")
    finger = Finger(page)
    finger.tap(page.get_by_role("link", name="Повідомити про проблему").last, "Повідомити про проблему")
    expect(page.locator("body.has-script")).to_be_attached(timeout=SLOW)
    finger.tap(page.get_by_role("button", name="Моє місце"), "Моє місце")
    expect(page.locator("[name=lon]")).not_to_have_value("", timeout=SLOW)
    finger.tap(page.locator("#text"), "поле «Опишіть одним-двома реченнями»")
    page.keyboard.type(WORDS)
    guess = page.locator("#guesses [data-guess=manholes]")
    expect(guess).to_be_visible(timeout=SLOW)
    finger.tap(guess, "підказка «Люки»")
    expect(page.locator("#send")).to_contain_text(VODOKANAL, timeout=SLOW)
    finger.tap(page.locator("#send"), f"Надіслати: {VODOKANAL}")
    expect(page.locator("#secret-link")).to_be_visible(timeout=SLOW)
    assert len(finger.taps) <= MOST_TAPS, finger.taps
    assert Issue.objects.get().location.distance(town["p"]) < 1e-5
