"""Correcting a report in a browser: with JavaScript and without, by keyboard, on a phone and on a desk."""

import pytest
from django.utils.translation import gettext
from playwright.sync_api import expect

from issues.models import Issue
from tests.browser.conftest import BOTH_WIDTHS, PHONE, PageAt, assert_accessible, screenshot
from tests.browser.report_form import VODOKANAL, choose
from tests.browser.tools import author_link, beyond_the_edge, told
from tests.conftest import City
from tests.grid import Town


@pytest.fixture
def sent(city: City, town: Town) -> Issue:
    return told(city.roads, town["p"], photos=1)


@BOTH_WIDTHS
def test_another_kind_names_who_answers_before_it_is_saved(page_at: PageAt, width: int, sent: Issue) -> None:
    page = page_at(width)
    page.goto(author_link(sent))
    page.get_by_role("link", name=gettext("Correct the report")).click()
    expect(page.locator("#text")).to_have_value(sent.text)
    assert_accessible(page)
    assert beyond_the_edge(page) == []
    screenshot(page, f"correct-{width}", full=True)
    choose(page, "manholes")
    expect(page.locator("#send")).to_contain_text(VODOKANAL, timeout=15_000)
    page.locator("#text").fill("Це люк, а не яма.")
    page.locator("#send").click()
    expect(page.locator(".timeline")).to_contain_text(VODOKANAL, timeout=15_000)
    sent.refresh_from_db()
    assert (sent.category.code, sent.text) == ("manholes", "Це люк, а не яма.")


def test_without_javascript_it_is_two_steps(page_at: PageAt, sent: Issue) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto(f"{author_link(sent)}correct/")
    page.locator("#text").fill("Це люк, а не яма.")
    choose(page, "manholes")
    page.locator("#send").click()
    expect(page.locator("#answerer")).to_contain_text(VODOKANAL, timeout=15_000)
    expect(page.locator("#text")).to_have_value("Це люк, а не яма.")
    screenshot(page, "correct-no-script", full=True)
    page.locator("#send").click()
    expect(page.locator(".timeline")).to_contain_text(VODOKANAL, timeout=15_000)
