"""No network, and yet a telephone: whoever writes of danger finds the numbers to call."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, PageAt, assert_accessible
from tests.browser.report_form import ADDRESS
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("city")


def test_numbers_stand_there_without_network_and_give_way_to_the_warning(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    expect(page.locator("body.has-script")).to_be_attached()
    page.context.set_offline(True)
    page.locator("#text").press_sequentially("Пахне газом")
    unknown = page.locator("#danger [data-unknown]")
    expect(unknown).to_be_visible()
    expect(unknown).to_have_role("alert")
    assert unknown.locator("a[href='tel:104']").count() == 1
    assert_accessible(page)
    page.locator("#text").press_sequentially(" у підвалі")
    expect(unknown).to_have_count(1)
    page.context.set_offline(False)
    expect(page.locator("#danger [name=danger][value=gas]")).to_be_visible()
    expect(unknown).to_have_count(0)


def test_nothing_is_said_before_anything_is_written(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    expect(page.locator("body.has-script")).to_be_attached()
    page.context.set_offline(True)
    page.locator("#address").press_sequentially("вулиця")
    expect(page.locator("#danger")).to_be_hidden()
