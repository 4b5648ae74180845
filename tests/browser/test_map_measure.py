"""Measuring on the map: what the page says is what pyproj says, by taps and by keys alike."""

import re

import pytest
from playwright.sync_api import Page, expect
from pyproj import Geod

from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt, assert_accessible, press_until, screenshot
from tests.browser.test_map_page import opened

pytestmark = pytest.mark.usefixtures("reports")
GLOBE = Geod(ellps="WGS84")
LINES = [
    [(28.46, 49.22), (28.47, 49.22)],  # along a parallel
    [(28.46, 49.22), (28.46, 49.23)],  # along a meridian
    [(28.46, 49.22), (28.4601, 49.2201), (28.51, 49.19)],
    [(30.52, 50.45), (24.03, 49.84)],  # Київ – Львів
    [(28.46, 49.22), (28.46, 49.22)],  # the same place
]
RINGS = [
    [(28.46, 49.22), (28.4614, 49.22), (28.4614, 49.2209), (28.46, 49.2209)],  # a hectare
    [(28.46, 49.22), (28.60, 49.23), (28.55, 49.32), (28.43, 49.29)],  # a town
    [(28.46, 49.22), (28.4603, 49.2201), (28.4601, 49.2204)],
]


@pytest.fixture
def geodesy(page_at: PageAt) -> Page:
    """A page on which `geodesy` is the module."""
    page = page_at(DESKTOP)
    page.goto("/yavoryn/")
    page.evaluate("async () => { window.geodesy = await import('/static/geodata/geodesy.js'); }")
    return page


@pytest.mark.parametrize("line", LINES)
def test_lengths_are_those_of_pyproj_to_a_millimetre(geodesy: Page, line: list[tuple[float, float]]) -> None:
    lons, lats = zip(*line, strict=True)
    expected = GLOBE.line_length(lons, lats)
    assert geodesy.evaluate("(line) => geodesy.lengthAlong(line)", line) == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize("ring", RINGS)
@pytest.mark.parametrize("turned", [False, True])
def test_areas_are_those_of_pyproj_whichever_way_one_walks(
    geodesy: Page, ring: list[tuple[float, float]], turned: bool
) -> None:
    walked = ring[::-1] if turned else ring
    lons, lats = zip(*ring, strict=True)
    area, _around = GLOBE.polygon_area_perimeter(lons, lats)
    assert geodesy.evaluate("(ring) => geodesy.areaInside(ring)", walked) == pytest.approx(abs(area), rel=1e-5)


def sum_of(page: Page) -> str:
    return page.locator("#measure [data-sum]").inner_text().replace("\N{NO-BREAK SPACE}", " ")


@BOTH_WIDTHS
def test_the_keyboard_alone_measures_a_way_and_an_area(page_at: PageAt, width: int) -> None:
    page = opened(page_at(width))
    press_until(page, "Tab", lambda: bool(page.evaluate("document.activeElement.id === 'measure-start'")))
    page.keyboard.press("Enter")
    expect(page.locator("#map-canvas")).to_be_focused()
    for turn in ("ArrowRight", "ArrowUp", "ArrowLeft"):
        page.keyboard.press("Enter")
        for _time in range(2):
            page.keyboard.press(turn)
        page.wait_for_timeout(300)
    expect(page.locator(".measured-point")).to_have_count(3)
    way = re.search(r"\d+", sum_of(page))
    assert way
    assert int(way[0]) > 100
    assert_accessible(page)
    screenshot(page, f"map-measure-{width}")
    page.locator("#measure input[value=area]").focus()
    page.keyboard.press("Space")
    expect(page.locator("#measure [data-sum]")).to_contain_text(re.compile("га|ha|м²|m²"))
    screenshot(page, f"map-measure-area-{width}")
    page.locator("#map-canvas").focus()
    page.keyboard.press("Backspace")
    expect(page.locator(".measured-point")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("#measure")).to_be_hidden()
    expect(page.locator("#measure-start")).to_be_focused()
    expect(page.locator(".measured")).to_have_count(0)


def test_taps_measure_and_open_no_mark(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    mark = page.locator("#map-canvas .mark").first.bounding_box()
    assert mark
    page.locator("#measure-start").click()
    page.mouse.click(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    page.mouse.click(mark["x"] + mark["width"] / 2 + 120, mark["y"] + mark["height"] / 2)
    expect(page.locator(".measured-point")).to_have_count(2)
    expect(page.locator("#pick")).to_be_hidden()
    assert re.match(r"\d[\d ,]* (м|m|км|km), ", sum_of(page))
    page.locator("#measure [data-do=end]").click()
    page.locator("#map-canvas .mark").first.click()
    expect(page.locator("#pick")).to_be_visible()


def test_on_a_phone_buttons_put_the_point_under_the_cross(page_at: PageAt) -> None:
    page = opened(page_at(PHONE))
    page.locator("#measure-start").click()
    cross, bar = page.locator("#measure-cross").bounding_box(), page.locator("#measure").bounding_box()
    assert cross
    assert bar
    assert cross["y"] + cross["height"] < bar["y"]
    page.locator("#measure [data-do=add]").click()
    dot = page.locator(".measured-point").bounding_box()
    assert dot
    assert dot["x"] + dot["width"] / 2 == pytest.approx(cross["x"] + cross["width"] / 2, abs=1.5)
    assert dot["y"] + dot["height"] / 2 == pytest.approx(cross["y"] + cross["height"] / 2, abs=1.5)
    page.locator("#measure [data-do=back]").click()
    expect(page.locator(".measured-point")).to_have_count(0)
