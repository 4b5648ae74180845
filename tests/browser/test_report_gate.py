"""The browser's small work before sending, the decoy that nobody meets, and the preview."""

import pytest
from django.utils.translation import gettext
from playwright.sync_api import Page, expect

from core.models import Visibility
from issues.models import Issue, IssueSettings
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt, assert_accessible, screenshot
from tests.browser.report_form import ADDRESS, WORDS, fill
from tests.conftest import City
from tests.grid import Town


@pytest.fixture
def no_credit(city: City) -> None:
    """Nothing is public without the work of a browser, but one report."""
    IssueSettings.objects.create(community=city.community, unproved_hour=1)


def send(page: Page) -> None:
    page.locator("#send").click()
    expect(page.locator("#receipt")).to_be_visible(timeout=15_000)


def visibility_of_the_last() -> str:
    return str(Issue.objects.select_related("subject").latest("number").subject.visibility)


@pytest.mark.slow_phone
def test_browser_does_its_work_while_somebody_types(page_at: PageAt, no_credit: None, town: Town) -> None:
    page = page_at(PHONE)
    for place in ("p", "t"):  # so far apart that neither is taken for the other
        page.goto(ADDRESS)
        fill(page, town, place=place)
        send(page)
        assert visibility_of_the_last() == Visibility.PUBLIC


def test_challenge_that_does_not_come_costs_nobody_their_report(page_at: PageAt, no_credit: None, town: Town) -> None:
    page = page_at(PHONE)
    page.route("**/report/proof/", lambda route: route.abort())
    for place, expected in (("p", Visibility.PUBLIC), ("t", Visibility.HELD)):
        page.goto(ADDRESS)
        fill(page, town, place=place)
        send(page)
        assert visibility_of_the_last() == expected


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_nobody_meets_the_decoy(page_at: PageAt, city: City, script: bool) -> None:
    page = page_at(DESKTOP, javascript=script)
    page.goto(ADDRESS)
    label = gettext("Leave this field empty")
    expect(page.get_by_label(label)).to_be_hidden()
    expect(page.get_by_role("textbox", name=label)).to_have_count(0)  # what reads to people does not find it
    for _press in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") != "homepage"


@pytest.mark.slow_phone
@BOTH_WIDTHS
def test_preview_opens_closes_and_gives_the_focus_back(page_at: PageAt, width: int, city: City, town: Town) -> None:
    page = page_at(width)
    page.goto(ADDRESS)
    fill(page, town)
    opener = page.get_by_role("button", name=gettext("See what others will see"))
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=gettext("What others will see"))
    expect(dialog.locator(".story")).to_have_text(WORDS)
    assert_accessible(page)
    screenshot(page, f"report-preview-{width}")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    assert Issue.objects.count() == 0


def test_preview_without_javascript_stands_in_the_form(page_at: PageAt, city: City, town: Town) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto(ADDRESS)
    page.locator("#address").fill(f"{town['p'].y:.6f}, {town['p'].x:.6f}")
    page.locator("#text").fill(WORDS)
    page.locator("label.chip", has=page.locator("input[value=manholes]")).click()
    page.get_by_role("button", name=gettext("See what others will see")).click()
    expect(page.locator("#preview .story")).to_have_text(WORDS)
    screenshot(page, "report-preview-no-script", full=True)
    expect(page.locator("#text")).to_have_value(WORDS)


@BOTH_WIDTHS
def test_receipt_is_a_page_to_keep(page_at: PageAt, width: int, city: City, town: Town) -> None:
    page = page_at(width)
    page.goto(ADDRESS)
    fill(page, town)
    send(page)
    expect(page.get_by_role("img", name=gettext("QR code of your personal link"))).to_be_visible()
    assert_accessible(page)
    screenshot(page, f"receipt-{width}", full=True)
    page.emulate_media(media="print")
    expect(page.locator(".issue-head")).to_be_hidden()
    expect(page.locator(".qr-box")).to_be_visible()
    screenshot(page, f"receipt-print-{width}", full=True)
