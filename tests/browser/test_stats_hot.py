"""Heat, clusters, seasons and the unusual in a browser: in both schemes, without scripts, by keys."""

from datetime import date, timedelta

import numpy as np
import pytest
from playwright.sync_api import expect

from core.counters import all_counters
from stats.scanning import scan_community
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt, assert_accessible
from tests.browser.tools import beyond_the_edge
from tests.conftest import NOW, City
from tests.geodata.conftest import TODAY
from tests.grid import Town
from tests.stats.many import report

PAGES = ("hot", "seasons", "unusual")


@pytest.fixture
def busy(city: City, town: Town) -> City:
    """Three years of reports with a busy March, and manholes that gave way in one yard this week."""
    random = np.random.default_rng(4)
    west, south, east, north = town.box()
    days = [date(2023, 11, 1) + timedelta(days=n) for n in range((TODAY - date(2023, 11, 1)).days)]
    told = [
        (day, float(random.uniform(west, east)), float(random.uniform(south, north)), city.roads)
        for day in days for _ in range(random.poisson(1.5 if day.month == 3 else 0.6))
    ]  # fmt: skip
    told += [(TODAY - timedelta(days=3), town["q"].x + n * 1e-5, town["q"].y, city.manholes) for n in range(9)]
    report(city, told)
    scan_community(all_counters()[0], city.community, at=NOW)
    return city


@BOTH_WIDTHS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_nothing_sticks_out(page_at: PageAt, busy: City, width: int, scheme: str) -> None:
    page = page_at(width, color_scheme=scheme)
    for name in PAGES:
        page.goto(f"/yavoryn/stats/{name}/")
        for how in page.locator("details.more").all():
            how.locator("summary").click()
        assert_accessible(page)
        assert not beyond_the_edge(page)


def test_without_scripts_maps_and_tables_are_there(page_at: PageAt, busy: City) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto("/yavoryn/stats/hot/")
    expect(page.locator("path.heat")).to_have_count(5)
    expect(page.locator("circle.ring").first).to_be_visible()
    box = page.locator(".hot-map").first.bounding_box()
    still = page.locator(".hot-map img").first.bounding_box()
    assert box == still  # what is drawn over the base map lies on it
    page.goto("/yavoryn/stats/seasons/")
    expect(page.locator("svg.fig-range")).to_have_count(19)


def test_a_kind_is_chosen_by_keys_and_the_way_leads_to_its_reports(page_at: PageAt, busy: City) -> None:
    page = page_at(DESKTOP)
    page.goto("/yavoryn/stats/hot/")
    page.locator("select[name=category]").select_option("roads")
    page.locator("form.stats-pick button").press("Enter")
    page.wait_for_url("**category=roads**")
    expect(page.locator("select[name=category]")).to_have_value("roads")
    page.locator("#heat-h ~ * a").first.press("Enter")
    page.wait_for_url("**/yavoryn/?layer=issues&category=roads&from=*")
