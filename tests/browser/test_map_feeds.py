"""The links to the feeds of a map: what its filters leave, with and without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import BOTH_WIDTHS, PageAt, assert_accessible, screenshot
from tests.browser.test_map_page import opened, settled

pytestmark = pytest.mark.usefixtures("reports")
FEEDS = ["/yavoryn/feed.atom", "/yavoryn/feed.geojson"]


def expect_feeds(page: Page, query: str) -> None:
    """The head, the dialog and the foot of the list all lead to both feeds with these filters."""
    for place in ("head link[rel=alternate]", "#share a[data-feed]", ".rows-foot a[data-feed]"):
        links = page.locator(place)
        expect(links).to_have_count(2)
        for number, feed in enumerate(FEEDS):
            expect(links.nth(number)).to_have_attribute("href", re.compile(f"{re.escape(feed + query)}$"))


@BOTH_WIDTHS
def test_feeds_follow_the_filters(page_at: PageAt, width: int) -> None:
    page = opened(page_at(width))
    expect_feeds(page, "")
    page.locator("label.chip", has=page.locator("input[value=work]")).click()
    settled(page)
    expect_feeds(page, "?state=work")
    page.locator("#share-open").click()
    expect(page.locator("#share a[data-feed]").first).to_be_visible()
    assert_accessible(page)
    screenshot(page, f"map-feeds-{width}")
    titles = [
        one["properties"]["title"]
        for one in page.request.get(page.locator("#share a[data-feed]").last.evaluate("link => link.href")).json()[
            "features"
        ]
    ]
    assert titles == ["Зламана плитка"]
    page.keyboard.press("Escape")
    page.locator("#chosen .chip").click()
    settled(page)
    expect_feeds(page, "")


@BOTH_WIDTHS
def test_without_scripts_the_foot_of_the_list_leads_to_the_feeds(page_at: PageAt, width: int) -> None:
    page = page_at(width, javascript=False)
    page.goto("/yavoryn/?state=done")
    links = page.locator(".rows-foot a[data-feed]")
    expect(links).to_have_count(2)
    for number, feed in enumerate(FEEDS):
        expect(links.nth(number)).to_be_visible()
        expect(links.nth(number)).to_have_attribute("href", f"{feed}?state=done")
    answer = page.request.get(str(links.first.get_attribute("href")))
    assert "Люк гримить уночі" in answer.text()
    assert "Зламана плитка" not in answer.text()
    expect(page.locator("#share")).to_be_hidden()
    screenshot(page, f"map-feeds-no-script-{width}", full=True)
