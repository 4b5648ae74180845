"""A shape is drawn on the page of statistics: by mouse, by finger, by keys, and without script by a form."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Position, expect

from issues.models import Issue
from stats.filling import fill_all
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt, assert_accessible, press_until, screenshot
from tests.conftest import NOW

ADDRESS = "/yavoryn/stats/shape/"


@pytest.fixture(autouse=True)
def _counted(reports: list[Issue]) -> None:
    fill_all(at=NOW)


def opened(page: Page, address: str = ADDRESS) -> Page:
    page.goto(address)
    expect(page.locator("[data-canvas].leaflet-container")).to_be_visible()
    return page


def tap(page: Page, across: float, down: float) -> None:
    """On the map, at these shares of its width and height."""
    box = page.locator("[data-canvas]").bounding_box()
    assert box
    at: Position = {"x": box["width"] * across, "y": box["height"] * down}
    page.locator("[data-canvas]").click(position=at, force=True)


@BOTH_WIDTHS
def test_a_polygon_is_drawn_by_taps_and_its_link_shows_the_same(page_at: PageAt, width: int) -> None:
    page = opened(page_at(width))
    screenshot(page, f"stats-shape-empty-{width}", full=True)
    assert_accessible(page)
    page.locator("[data-draw=polygon]").click()
    for corner in ((0.04, 0.06), (0.8, 0.06), (0.9, 0.9), (0.04, 0.9)):
        tap(page, *corner)
        page.wait_for_timeout(50)
    screenshot(page, f"stats-shape-drawing-{width}")
    tap(page, 0.05, 0.07)
    expect(page.locator("#shape-numbers #shape-title")).to_be_visible()
    expect(page.locator("[data-said]")).to_contain_text(re.compile(r"\d+ (заяв|report)"))
    assert len(parse_qs(urlsplit(page.url).query)["shape"][0].split(";")) == 4
    page.evaluate("scrollTo(0, 0)")  # where the header lies over nothing
    assert_accessible(page)
    screenshot(page, f"stats-shape-{width}", full=True)
    summary = page.locator("[data-summary]").inner_text()
    opened(page, page.url)
    assert page.locator("[data-summary]").inner_text() == summary
    expect(page.locator("path.measured")).to_have_count(1)


def test_the_keyboard_alone_draws_and_closes(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    press_until(page, "Tab", lambda: bool(page.evaluate("document.activeElement.dataset.draw === 'polygon'")))
    page.keyboard.press("Enter")
    expect(page.locator("[data-canvas]")).to_be_focused()
    for turn in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press("Enter")
        for _time in range(4):
            page.keyboard.press(turn)
        page.wait_for_timeout(400)
    page.keyboard.press("Enter")
    expect(page.locator(".measured-point")).to_have_count(4)
    page.keyboard.press("Backspace")
    expect(page.locator(".measured-point")).to_have_count(3)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # twice at one place closes
    expect(page.locator("#shape-title")).to_be_visible()
    expect(page.locator("[data-draw=polygon]")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator(".measured-point")).to_have_count(0)


def test_a_circle_on_a_phone_by_the_buttons(page_at: PageAt) -> None:
    page = opened(page_at(PHONE))
    page.locator("[data-draw=circle]").click()
    page.locator("[data-do=add]").click()
    tap(page, 0.8, 0.5)
    expect(page.locator("#shape-title")).to_be_visible()
    assert "circle" in parse_qs(urlsplit(page.url).query)
    expect(page.locator("path.measured")).to_have_count(1)


def test_what_is_no_shape_is_told_and_the_points_stay(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    page.locator("[data-draw=polygon]").click()
    for corner in ((0.1, 0.1), (0.9, 0.9), (0.8, 0.1), (0.1, 0.9)):
        tap(page, *corner)
        page.wait_for_timeout(50)
    page.locator("[data-do=done]").click()
    expect(page.locator("[data-trouble]")).not_to_be_empty()
    expect(page.locator(".measured-point")).to_have_count(4)
    assert urlsplit(page.url).query == ""


def test_without_script_a_circle_is_asked_by_a_form(page_at: PageAt, reports: list[Issue]) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto(ADDRESS)
    point = reports[0].location
    page.locator("input[name=place]").fill(f"{point.y:.6f}, {point.x:.6f}")
    page.locator("input[name=radius]").fill("30")
    page.locator("form[aria-labelledby=circle-h] button").click()
    expect(page.locator("[data-summary]")).to_contain_text("1")
    expect(page.locator(".shape-picture")).to_be_visible()
    screenshot(page, "stats-shape-no-script", full=True)
