"""Statistics in a browser: by keys alone, without scripts, and the chart that zooms."""

import pytest
from playwright.sync_api import expect

from stats.filling import fill_all
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt
from tests.browser.tools import told
from tests.conftest import NOW, City
from tests.grid import Town

FINISH = ("finish", "Люк закрито.")


@pytest.fixture
def counted(city: City, town: Town) -> City:
    for place in ("p", "q", "p"):
        told(city.manholes, town[place], FINISH)
    fill_all(at=NOW)
    return city


@BOTH_WIDTHS
def test_days_zoom_by_keys(page_at: PageAt, counted: City, width: int) -> None:
    page = page_at(width)
    page.goto("/yavoryn/stats/")
    page.locator("#zoom-in").press("Enter")
    chart = page.locator("#zoom")
    expect(chart).to_be_focused()
    expect(chart.locator("canvas")).to_be_visible()
    expect(page.locator("#series")).to_be_hidden()
    expect(page.locator("#zoom-said")).not_to_be_empty()
    before = chart.locator("canvas").screenshot()
    page.keyboard.press("+")
    page.wait_for_timeout(200)
    assert chart.locator("canvas").screenshot() != before


def test_from_the_overview_to_an_area_and_another_period_by_keys(page_at: PageAt, counted: City) -> None:
    page = page_at(DESKTOP)
    page.goto("/yavoryn/stats/")
    page.get_by_role("link", name="Заріччя").first.press("Enter")
    expect(page).to_have_url("/yavoryn/stats/areas/districts.north/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Заріччя")
    page.get_by_label("Період").select_option("all")
    page.get_by_role("button", name="Показати").first.press("Enter")
    page.wait_for_url("**period=all**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Заріччя")


def test_without_scripts_everything_but_the_zoom_is_there(page_at: PageAt, counted: City) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto("/yavoryn/stats/")
    expect(page.locator("#zoom-in")).to_be_hidden()
    expect(page.locator("#series svg.chart-narrow")).to_be_visible()
    expect(page.locator(".stats-map svg path.sh")).to_have_count(2)
    page.get_by_text("Те саме таблицею").click()
    expect(page.get_by_role("cell", name="3").first).to_be_visible()
