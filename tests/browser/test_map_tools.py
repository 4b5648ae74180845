"""The search, the period, the layers, paper, and the lists by area: by mouse, by keys, and without scripts."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from geodata.layers import layer_named
from issues.models import Issue
from tests.browser.conftest import (
    BOTH_WIDTHS,
    DESKTOP,
    PHONE,
    SCREENSHOTS,
    PageAt,
    assert_accessible,
    assert_no_csp_violations,
    press_until,
    screenshot,
)
from tests.browser.test_map_page import expect_address, opened, settled
from tests.conftest import NOW, City
from tests.geodata.conftest import pin
from tests.geodata.every_layer import Thing, put
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("reports")


# The search -----------------------------------------------------------------------------------------------------
def typed(page: Page, text: str) -> None:
    page.locator("#find").fill(text)
    expect(page.locator("#find-options [role=option]").first).to_be_visible()


@BOTH_WIDTHS
def test_a_number_opens_that_report_by_keys_alone(page_at: PageAt, width: int, reports: list[Issue]) -> None:
    page = opened(page_at(width))
    press_until(page, "Tab", lambda: bool(page.evaluate("document.activeElement.id === 'find'")))
    page.keyboard.type(f"№ {reports[1].number}")
    option = page.locator("#find-options [role=option]").first
    expect(option).to_contain_text(reports[1].title)
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(page.locator("#find")).to_have_attribute("aria-activedescendant", str(option.get_attribute("id")))
    assert_accessible(page)
    screenshot(page, f"map-search-{width}")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{re.escape(reports[1].get_absolute_url())}$"))


def test_coordinates_move_the_map_there(page_at: PageAt, town: Town) -> None:
    page = opened(page_at(DESKTOP))
    typed(page, f"{town['t'].y:.6f}, {town['t'].x:.6f}")
    page.keyboard.press("Enter")
    expect(page.locator(".found-place")).to_be_attached()
    expect_address(page, "zoom=17")
    expect(page.locator("#find-options")).to_be_hidden()


def test_words_filter_the_map_and_are_taken_back_by_their_chip(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    typed(page, "плитка")
    page.locator("#find-words").click()
    expect_address(page, "q=%D0%BF%D0%BB%D0%B8%D1%82%D0%BA%D0%B0")
    expect(page.locator("#chosen .chip")).to_contain_text("плитка")
    page.locator("#chosen .chip").click()
    expect(page).not_to_have_url(re.compile("q="))


def test_escape_closes_the_options_and_keeps_the_words(page_at: PageAt) -> None:
    page = opened(page_at(PHONE))
    typed(page, "люк")
    page.keyboard.press("Escape")
    expect(page.locator("#find-options")).to_be_hidden()
    expect(page.locator("#find")).to_have_value("люк")


@BOTH_WIDTHS
def test_without_scripts_the_search_is_a_page(page_at: PageAt, width: int, reports: list[Issue]) -> None:
    page = page_at(width, javascript=False)
    page.goto("/yavoryn/")
    page.locator("#find").fill(f"№{reports[0].number}")
    page.locator("#finder button").click()
    expect(page.locator("h1")).to_be_visible()
    screenshot(page, f"map-search-page-{width}")
    page.locator(".found a").click()
    expect(page).to_have_url(re.compile(f"{re.escape(reports[0].get_absolute_url())}$"))


# The period -----------------------------------------------------------------------------------------------------
@BOTH_WIDTHS
def test_two_ends_of_a_line_of_months_are_moved_by_keys(page_at: PageAt, width: int, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, at=NOW - timedelta(days=100))
    page = opened(page_at(width))
    page.locator("summary.chip").nth(1).focus()
    page.keyboard.press("Enter")
    since = page.locator("[data-end=since]")
    page.keyboard.press("Tab")
    expect(since).to_be_focused()
    expect(since).to_have_attribute("aria-valuetext", "серпень 2026")
    page.keyboard.press("End")
    expect(since).to_have_attribute("aria-valuetext", "листопад 2026")
    expect_address(page, "from=2026-11")
    expect(page.locator("#chosen .chip")).to_contain_text("листопад 2026")
    expect(page.locator("#period [data-count]")).not_to_be_empty()
    assert_accessible(page)
    screenshot(page, f"map-period-{width}")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")  # an end does not pass the other
    expect(page.locator("[data-end=until]")).to_have_attribute("aria-valuetext", "листопад 2026")
    page.locator("#period [data-all]").click()
    expect(page).not_to_have_url(re.compile("from="))
    page.keyboard.press("Escape")
    expect(page.locator("#period")).to_be_hidden()


def expect_months(page: Page, first: str, last: str) -> None:
    """The line goes from the first of these months to the last."""
    expect(page.locator("#period [data-said=since]")).to_have_text(first)
    expect(page.locator("#period [data-said=until]")).to_have_text(last)


def test_the_line_of_months_holds_what_the_chosen_layers_have(page_at: PageAt, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, at=NOW - timedelta(days=240))
    put(layer_named("works"), Thing(city.community, town["p"], began=NOW + timedelta(days=60)))
    page = opened(page_at(DESKTOP))
    page.locator("summary.chip").nth(1).click()
    expect_months(page, "березень 2026", "січень 2027")
    page.keyboard.press("Escape")
    page.locator(".layers label.chip", has=page.locator("input[value=works]")).click()
    settled(page)
    page.locator("summary.chip").nth(1).click()
    expect_months(page, "березень 2026", "листопад 2026")
    page.locator("[data-end=until]").focus()
    for _month in range(8):
        page.keyboard.press("ArrowLeft")
    expect_months(page, "березень 2026", "березень 2026")
    expect_address(page, "to=2026-03")
    expect(page.locator("#list .item")).to_have_count(1)


def test_where_all_began_in_one_month_there_is_no_line(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    page.locator("summary.chip").nth(1).click()
    expect_months(page, "листопад 2026", "листопад 2026")
    expect(page.locator(".period-line")).to_be_hidden()


def test_an_exact_day_of_a_link_is_kept(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP), "/yavoryn/?from=2026-11-05")
    expect_address(page, "from=2026-11-05")
    expect(page.locator("#chosen .chip")).to_contain_text("05.11.2026")


# Layers -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def works(city: City, town: Town) -> None:
    """Works are planned beside the reports."""
    put(layer_named("works"), Thing(city.community, town["p"], title="Розриють вулицю"))


def layer_chips(page: Page) -> Locator:
    return page.locator(".layers label.chip", has=page.locator("input[name=layer]"))


@pytest.mark.usefixtures("works")
def test_a_layer_is_taken_away_and_comes_back(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    chips = layer_chips(page)
    chips.nth(0).click()
    expect_address(page, "layer=works")
    expect(page.locator("#list .item-title")).to_have_text(["Розриють вулицю"])
    chips.nth(0).click()
    expect(page).not_to_have_url(re.compile("layer="))
    expect(page.locator("#list .item")).to_have_count(6)


@pytest.mark.usefixtures("works")
def test_when_the_last_layer_goes_the_usual_ones_are_shown(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    for number in range(2):
        layer_chips(page).nth(number).click()
        settled(page)
    expect(page.locator("input[name=layer]:checked")).to_have_count(2)
    expect(page).not_to_have_url(re.compile("layer="))
    expect(page.locator("#list .item")).not_to_have_count(0)


@pytest.mark.parametrize("javascript", [True, False])
def test_where_there_is_one_layer_none_is_offered(page_at: PageAt, javascript: bool) -> None:
    page = page_at(DESKTOP, javascript=javascript)
    page.goto("/yavoryn/")
    expect(page.locator("#list .item")).to_have_count(5)
    expect(page.locator("input[name=layer]")).to_have_count(0)
    expect(page.locator("input[name=state]").first).to_be_attached()
    screenshot(page, f"map-one-layer-{javascript}")


@BOTH_WIDTHS
def test_a_layer_that_is_switched_on_is_told_in_the_legend(page_at: PageAt, width: int, city: City, town: Town) -> None:
    put(layer_named("registers"), Thing(city.community, town["q"], title="Ліхтар"))
    page = opened(page_at(width))
    expect(layer_chips(page)).to_have_count(2)  # no works are here
    sign = page.locator(".map-legend li", has=page.locator(".is-none"))
    expect(sign).to_have_count(0)
    chip = layer_chips(page).nth(1)
    name = chip.inner_text().strip()
    for is_on in (True, False):
        chip.click()
        settled(page)
        expect(page.locator("#list .item")).to_have_count(5 + is_on)
        expect(sign).to_have_text([name] if is_on else [])
    expect(page).not_to_have_url(re.compile("layer="))


# Around me --------------------------------------------------------------------------------------------------------
def test_around_me_shows_how_sure_the_place_is(page_at: PageAt, town: Town) -> None:
    place = {"latitude": town["q"].y, "longitude": town["q"].x, "accuracy": 80}
    page = opened(page_at(PHONE, permissions=["geolocation"], geolocation=place))
    page.locator("#locate").click()
    circle = page.locator(".here-around").bounding_box()
    assert circle
    assert circle["width"] == pytest.approx(2 * 80 / (156543 * 0.653 / 2**16), rel=0.05)


# Lists by area ------------------------------------------------------------------------------------------------------
@BOTH_WIDTHS
@pytest.mark.parametrize("javascript", [True, False])
def test_every_area_leads_to_its_list(page_at: PageAt, width: int, javascript: bool) -> None:
    page = page_at(width, javascript=javascript)
    page.goto("/yavoryn/")
    page.locator("a[href$='/areas/']").last.click()
    # Three stand in each: one on the line between them is in both.
    in_each = [re.compile(f"{name}.*3", re.DOTALL) for name in ("Заріччя", "Слобідка")]
    expect(page.locator(".found li")).to_have_text(in_each)
    if javascript:
        assert_accessible(page)
    screenshot(page, f"map-areas-{width}")
    page.locator(".area-choice summary").first.click()
    page.locator("label.chip", has=page.locator("input[value=done]")).click()
    page.locator(".area-filters button").click()
    expect(page.locator(".found .count")).to_have_text(["0", "1"])
    if javascript:
        assert_accessible(page)
    page.locator(".found a").last.click()
    expect_address(page, "area=districts.south")
    expect_address(page, "state=done")


# Paper --------------------------------------------------------------------------------------------------------------
@BOTH_WIDTHS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_shows_the_map_the_signs_the_list_and_where_they_come_from(
    page_at: PageAt, width: int, scheme: str
) -> None:
    page = opened(page_at(width, color_scheme=scheme))
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.pdf(path=SCREENSHOTS / f"map-paper-{width}-{scheme}.pdf", format="A4", print_background=True)
    page.emulate_media(media="print")
    for seen in (".map-view", "#credit", "#list", ".print-foot [data-address]", ".map-legend .legend"):
        expect(page.locator(seen)).to_be_visible()
    for hidden in ("#finder", ".layers", ".map-tools", ".cta", ".topbar", "#grip"):
        expect(page.locator(hidden)).to_be_hidden()
    screenshot(page, f"map-paper-{width}-{scheme}", full=True)
    assert page.locator("[data-address]").inner_text().startswith(page.url.split("?")[0])


# A crowd ------------------------------------------------------------------------------------------------------------
@BOTH_WIDTHS
def test_two_hundred_marks_are_named_reached_and_keep_their_elements(
    page_at: PageAt, width: int, city: City, town: Town
) -> None:
    west, south, east, north = town.box()
    for number in range(195):
        place = town["p"].clone()
        place.x = west + (east - west) * (0.15 + 0.03 * (number % 14))  # where no tool of the map covers them
        place.y = south + (north - south) * (0.2 + 0.04 * (number // 14))
        pin(city.community, place, category=city.roads, title=f"Яма {number}", at=NOW - timedelta(days=3))
    page = opened(page_at(width))
    assert_accessible(page)  # as many as the screen has room for, the others gathered
    asked = "**/marks.geojson*"
    page.route(asked, lambda route: route.continue_(url=re.sub(r"most=\d+", "most=200", route.request.url)))
    opened(page)
    marks = page.locator("#map-canvas :is(.mark, .cluster)")
    assert marks.count() > 150
    assert all(one.get_attribute("aria-label") for one in marks.all())
    page.evaluate("document.querySelectorAll('#map-canvas .mark').forEach((one) => (one.isOld = true))")
    page.locator("#map-canvas").focus()
    page.keyboard.press("ArrowRight")
    settled(page)
    kept, all_of_them = page.evaluate(
        "(marks => [marks.filter(mark => mark.isOld).length, marks.length])"
        "([...document.querySelectorAll('#map-canvas .mark')])"
    )
    assert kept > 0.7 * all_of_them
    reached = set()
    for _stop in range(all_of_them + 3):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "document.activeElement.matches('#map-canvas :is(.mark, .cluster)') && document.activeElement.ariaLabel"
        )
        if name:
            reached.add(name)
    assert len(reached) > 0.9 * all_of_them
    screenshot(page, f"map-crowd-{width}")
    assert_no_csp_violations(page)
