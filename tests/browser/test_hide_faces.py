"""Faces and plates are hidden before anything is sent: by finger, by keyboard, and without JavaScript."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from issues.models import Issue
from media.models import Photo
from tests.browser.conftest import (
    BOTH_WIDTHS,
    DESKTOP,
    PHONE,
    PageAt,
    assert_accessible,
    assert_no_csp_violations,
    screenshot,
)
from tests.browser.report_form import ADDRESS, WORDS, fill, photo
from tests.browser.tools import assert_loaded, author_link, let_workers_work, told
from tests.conftest import City
from tests.grid import Town
from tests.photos import jpeg, png_broken_inside

pytestmark = pytest.mark.usefixtures("city")


def open_dialog(page: Page) -> Locator:
    """Adds a photo, and opens the dialog over it; returns the place where the photo stands."""
    page.goto(ADDRESS)
    page.locator("#photo").set_input_files(photo(jpeg(1200, 900), name="перехрестя.jpg"))
    expect(page.locator("[name=photo_key]")).to_have_count(1, timeout=20_000)
    let_workers_work()
    page.locator("[data-hide]").click()
    stage = page.locator("#redact [data-stage]")
    expect(stage).to_be_visible()
    return stage


def drag(page: Page, stage: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    box = stage.bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=5)
    page.mouse.up()


@BOTH_WIDTHS
def test_a_box_is_drawn_by_hand_and_the_photo_is_sent_with_it(page_at: PageAt, width: int, town: Town) -> None:
    page = page_at(width)
    stage = open_dialog(page)
    drag(page, stage, (0.1, 0.1), (0.4, 0.5))
    expect(stage.locator("button")).to_have_count(1)
    assert_accessible(page)
    screenshot(page, f"hide-dialog-{width}")
    page.locator("#redact [data-done]").click()
    expect(page.locator("#redact")).to_be_hidden()
    [box] = Photo.objects.get().boxes
    assert box == pytest.approx([0.1, 0.1, 0.4, 0.5], abs=0.02)
    let_workers_work()
    expect(page.locator(".upload-say")).to_contain_text("1")
    assert_loaded(page.locator(".upload [data-picture] img"), count=1)
    fill(page, town)
    screenshot(page, f"hide-form-{width}", full=True)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    sent = Photo.objects.get()
    assert sent.subject_id is not None
    assert sent.boxes == [box]
    screenshot(page, f"hide-sent-{width}", full=True)
    assert_no_csp_violations(page)


@pytest.mark.slow_phone
def test_two_taps_of_a_finger_are_two_corners(page_at: PageAt) -> None:
    page = page_at(PHONE, has_touch=True)
    stage = open_dialog(page)
    size = stage.bounding_box()
    assert size is not None
    for x, y in ((0.2, 0.2), (0.6, 0.5)):
        page.touchscreen.tap(size["x"] + x * size["width"], size["y"] + y * size["height"])
    expect(stage.locator("button")).to_have_count(1)
    page.locator("#redact [data-done]").tap()
    expect(page.locator("#redact")).to_be_hidden()
    [box] = Photo.objects.get().boxes
    assert box == pytest.approx([0.2, 0.2, 0.6, 0.5], abs=0.02)


def test_the_keyboard_adds_moves_sizes_and_removes(page_at: PageAt) -> None:
    page = page_at(DESKTOP)
    stage = open_dialog(page)
    for _box in range(2):
        page.locator("#redact [data-add]").focus()
        page.keyboard.press("Enter")
        expect(stage.locator("button:focus")).to_have_count(1)
    page.keyboard.press("Delete")
    expect(stage.locator("button")).to_have_count(1)
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Alt+ArrowRight"):
        page.keyboard.press(key)
    expect(stage.get_by_role("button")).to_have_accessible_name(re.compile(r"37.*38.*22.*20"))
    page.locator("#redact [data-done]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#redact")).to_be_hidden()
    expect(page.locator("[data-hide]:focus")).to_have_count(1)
    [box] = Photo.objects.get().boxes
    assert box == pytest.approx([0.365, 0.38, 0.585, 0.58], abs=0.001)


def test_escape_leaves_without_changes(page_at: PageAt) -> None:
    page = page_at(DESKTOP)
    stage = open_dialog(page)
    drag(page, stage, (0.1, 0.1), (0.4, 0.5))
    page.keyboard.press("Escape")
    expect(page.locator("#redact")).to_be_hidden()
    assert Photo.objects.get().boxes == []


def test_a_photo_that_turns_out_to_be_broken_says_so_beside_itself(page_at: PageAt) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.locator("#photo").set_input_files(
        [photo(jpeg(), name="добре.jpg"), photo(png_broken_inside(), name="зле.png")]
    )
    expect(page.locator("[name=photo_key]")).to_have_count(2)
    let_workers_work()
    expect(page.locator(".upload.is-refused")).to_contain_text("зле.png", timeout=15_000)
    expect(page.locator("[name=photo_key]")).to_have_count(1)


def hide_by_two_presses(page: Page, width: int) -> None:
    """Adds a photo to a form without scripts and hides one place of it on the page after."""
    page.locator("#photo").set_input_files(photo(jpeg(1200, 900), name="перехрестя.jpg"))
    page.locator("button[value=add], button[name=do][value=zoom_in]").first.click()
    let_workers_work()
    page.locator("button[value^='hide:']").click()
    picture = page.locator(f"input[name={'hide_small' if width == PHONE else 'hide_wide'}]")
    size = picture.bounding_box()
    assert size is not None
    for x, y in ((0.25, 0.25), (0.5, 0.75)):
        picture.click(position={"x": x * size["width"], "y": y * size["height"]})
    expect(page.locator(".hide-list li")).to_have_count(1)


@BOTH_WIDTHS
def test_without_scripts_two_presses_on_the_photo_hide_a_place(page_at: PageAt, width: int) -> None:
    page = page_at(width, javascript=False)
    page.goto(ADDRESS)
    page.locator("#text").fill(WORDS)
    hide_by_two_presses(page, width)
    screenshot(page, f"hide-plain-{width}", full=True)
    page.locator("button[value=hide_done]:visible").click()
    expect(page.locator("#text")).to_have_value(WORDS)
    [box] = Photo.objects.get().boxes
    assert box == pytest.approx([0.25, 0.25, 0.5, 0.75], abs=0.01)
    let_workers_work()
    page.locator("button[name=do][value=zoom_in]").click()
    assert_loaded(page.locator(".upload img"), count=1)
    screenshot(page, f"hide-plain-form-{width}", full=True)


# When painting failed ------------------------------------------------------------------------------------------
@pytest.fixture
def failed(city: City, town: Town) -> Issue:
    """A report whose photo the worker could not paint three times."""
    issue = told(city.roads, town["p"], photos=1)
    box = [0.1, 0.1, 0.4, 0.4]
    Photo.objects.update(state="failed", failure="storage", boxes=[box], hidden_at=issue.created_at, tries=3)
    return issue


@pytest.mark.parametrize("javascript", [True, False])
def test_the_author_has_a_photo_that_failed_tried_again(page_at: PageAt, failed: Issue, javascript: bool) -> None:
    page = page_at(PHONE, javascript=javascript)
    page.goto(author_link(failed))
    button = page.locator("button[value=hide_retry]")
    expect(button).to_be_visible()
    if javascript:
        assert_accessible(page)
    screenshot(page, f"hide-failed-{javascript}", full=True)
    button.click()
    expect(page.locator("button[value=hide_retry]")).to_have_count(0)
    let_workers_work()
    page.reload()
    assert_loaded(page.locator(".gallery img").first, count=1)
    assert Photo.objects.get().original == ""
