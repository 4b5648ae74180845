"""Faces and plates are hidden on a photo that waits for a network: what goes by itself later goes painted."""

from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from issues.models import Issue
from media.boxes import FILL
from media.models import Photo
from tests import photo_kinds
from tests.browser.conftest import PHONE, PageAt, assert_accessible, assert_no_csp_violations, screenshot
from tests.browser.report_form import ADDRESS, WORDS, choose, fill, photo, typed
from tests.browser.test_hide_faces import drag
from tests.browser.test_report_offline import expect_sent, opened_once, photos_of
from tests.browser.tools import assert_loaded, held, let_workers_work, wait_for
from tests.conftest import City
from tests.grid import Town
from tests.photos import jpeg

pytestmark = pytest.mark.usefixtures("city")

FACE = [0.1, 0.1, 0.4, 0.5]


def waits(page: Page, *, content: bytes | None = None, name: str = "перехрестя.jpg") -> Locator:
    """A photo was added without a network; returns its place in the form."""
    data = jpeg(1200, 900, orientation=6) if content is None else content
    page.locator("#photo").set_input_files(photo(data, name=name))
    item = page.locator("#uploads .is-waiting")
    expect(item).to_have_count(1)
    return item


def draw_face(page: Page, item: Locator) -> None:
    """One box over the upper left part, kept."""
    item.locator("[data-hide]").click()
    stage = page.locator("#redact [data-stage]")
    expect(stage).to_be_visible()
    drag(page, stage, (FACE[0], FACE[1]), (FACE[2], FACE[3]))
    expect(stage.locator("button")).to_have_count(1)


def test_a_report_that_goes_by_itself_later_has_only_the_painted_photo(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE, service_workers="allow")
    opened_once(page)
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#no-network")).to_be_visible()
    item = waits(page)
    draw_face(page, item)
    assert_accessible(page)
    screenshot(page, "hide-offline-dialog")
    page.locator("#redact [data-done]").click()
    expect(item.locator("[data-say]")).to_contain_text("1")
    expect(item.locator("[data-hide]:focus")).to_have_count(1)
    expect(item.locator("canvas")).to_have_count(1)
    assert_accessible(page)
    screenshot(page, "hide-offline-form", full=True)
    page.locator("#address").fill(typed(town, "p"))
    page.locator("#address").press("Enter")
    page.locator("#text").fill(WORDS)
    choose(page, "manholes")
    page.locator("#send").click()
    expect(page.locator("#waiting li[data-state=queued]")).to_be_visible()
    page.context.set_offline(False)
    expect_sent(page)
    assert photos_of(Issue.objects.get()) == 1
    sent = Photo.objects.get()
    assert sent.boxes == [pytest.approx(FACE, abs=0.02)]
    assert not sent.large, "nobody was shown anything before it was painted"
    let_workers_work()
    assert is_painted(Photo.objects.get())
    assert_no_csp_violations(page)


def is_painted(photo: Photo) -> bool:
    """Whether the middle of the box, on the upright picture, has the colour of the filling in both sizes."""
    for name in (photo.large, photo.small):
        with default_storage.open(name) as file, Image.open(BytesIO(file.read())) as image:
            spot = (round(image.width * (FACE[0] + FACE[2]) / 2), round(image.height * (FACE[1] + FACE[3]) / 2))
            seen = image.convert("RGB").getpixel(spot)
        if not isinstance(seen, tuple) or any(abs(part - fill) > 24 for part, fill in zip(seen, FILL, strict=True)):
            return False
    return True


def test_what_was_drawn_survives_a_reload_and_goes_when_the_network_is_back(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE, service_workers="allow")
    opened_once(page)
    page.context.set_offline(True)
    item = waits(page)
    draw_face(page, item)
    page.locator("#redact [data-done]").click()
    expect(item.locator("canvas")).to_have_count(1)
    page.wait_for_timeout(500)  # the draft is written
    page.reload()
    expect(item.locator("[data-say]")).to_contain_text("1")
    item.locator("[data-hide]").click()
    expect(page.locator("#redact [data-stage] button")).to_have_count(1)
    page.keyboard.press("Escape")
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")  # the emulation forgets to tell a page that was reloaded
    expect(page.locator("[name=photo_key]")).to_have_count(1, timeout=20_000)
    let_workers_work()
    expect(page.locator(".upload-say")).to_contain_text("1")
    assert_loaded(page.locator(".upload [data-picture] img"), count=1)
    fill(page, town)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert is_painted(Photo.objects.get())


def test_a_place_drawn_while_the_photo_leaves_leaves_with_it(page_at: PageAt, city: City) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.context.set_offline(True)
    item = waits(page)
    item.locator("[data-hide]").click()
    stage = page.locator("#redact [data-stage]")
    expect(stage).to_be_visible()
    with held(page, "**/photos/") as sending:
        page.context.set_offline(False)
        wait_for(page, sending, 1)
        drag(page, stage, (FACE[0], FACE[1]), (FACE[2], FACE[3]))
        page.locator("#redact [data-done]").click()
        expect(page.locator("#redact")).to_be_hidden()
        assert Photo.objects.count() == 0
    expect(page.locator("[name=photo_key]")).to_have_count(1, timeout=20_000)
    assert Photo.objects.get().boxes == [pytest.approx(FACE, abs=0.02)]


@pytest.mark.parametrize("kind", ["HEIC", "TIFF", "WebP"])
def test_a_photo_that_the_browser_cannot_show_as_it_will_be_says_what_to_do(page_at: PageAt, kind: str) -> None:
    """A browser without HEVC or TIFF; a WebP with a note that browsers read differently."""
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.context.set_offline(True)
    content = photo_kinds.encoded(kind, orientation=6)
    item = waits(page, content=content, name=f"люк.{kind.lower()}")
    item.locator("[data-hide]").click()
    expect(page.locator("#redact [data-trouble]")).not_to_be_empty()
    expect(page.locator("#redact [data-done]")).to_be_disabled()
    assert_accessible(page)
    screenshot(page, f"hide-offline-{kind}")
    page.locator("#redact [data-cancel]").click()
    expect(page.locator("#redact")).to_be_hidden()


@pytest.mark.parametrize("kind", ["PNG", "WebP", "AVIF"])
def test_other_kinds_that_the_browser_shows_are_drawn_on_too(page_at: PageAt, kind: str) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.context.set_offline(True)
    draw_face(page, waits(page, content=photo_kinds.encoded(kind), name=f"люк.{kind.lower()}"))
    page.locator("#redact [data-done]").click()
    expect(page.locator("#uploads canvas")).to_have_count(1)
