"""The page of the API: on a phone and on a desk, in the light and in the dark, without a mouse and without scripts."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import (
    BOTH_WIDTHS,
    PHONE,
    PageAt,
    assert_accessible,
    assert_no_csp_violations,
    press_until,
    screenshot,
)
from tests.browser.tools import NARROWEST, beyond_the_edge

DOCS = "/api/v1/docs/"
SENDING = "issues_create"  # an operation with a body, a header and a key


def opened(page: Page) -> None:
    """The page, with every operation unfolded."""
    page.goto(DOCS)
    page.locator("main").evaluate("main => main.querySelectorAll('details').forEach((one) => { one.open = true })")


@BOTH_WIDTHS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wrong_with_it(page_at: PageAt, db: None, width: int, scheme: str) -> None:
    page = page_at(width, color_scheme=scheme)
    page.goto(DOCS)
    assert_accessible(page)
    screenshot(page, f"api-docs--{width}-{scheme}")
    opened(page)
    assert_accessible(page)
    screenshot(page, f"api-docs-open--{width}-{scheme}", full=width == PHONE)
    page.set_viewport_size({"width": NARROWEST if width == PHONE else width, "height": 844})
    assert beyond_the_edge(page) == []
    assert_no_csp_violations(page)


@BOTH_WIDTHS
def test_it_is_read_without_scripts(page_at: PageAt, db: None, width: int) -> None:
    page = page_at(width, javascript=False)
    page.goto(f"{DOCS}#{SENDING}")
    one = page.locator(f"#{SENDING}")
    one.locator("summary").click()
    expect(one.get_by_role("rowheader", name="Idempotency-Key")).to_be_visible()
    expect(one).to_contain_text("з ключем")


def test_it_is_read_with_the_keyboard(page_at: PageAt, db: None) -> None:
    page = page_at(PHONE)
    page.goto(DOCS)
    first = page.locator("main details").first
    summary = first.locator("summary")
    press_until(page, "Tab", lambda: summary.evaluate("one => one === document.activeElement"))
    page.keyboard.press("Enter")
    expect(first).to_have_attribute("open", "")
    table = first.get_by_role("region")
    press_until(page, "Tab", lambda: table.evaluate("one => one === document.activeElement"), most=3)


def test_it_is_switched_to_english(page_at: PageAt, db: None, live_server: LiveServer) -> None:
    page = page_at(PHONE)
    page.context.add_cookies([{"name": "language", "value": "en", "url": live_server.url}])
    page.goto(DOCS)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(f"#{SENDING}")).to_contain_text("Send a report for a resident")
