"""Slow answers, failures and second thoughts on the map: what is shown is what was asked for last."""

import pytest
from playwright.sync_api import Page, Route, expect

from issues.models import Issue
from tests.browser.conftest import DESKTOP, PHONE, PageAt, screenshot
from tests.browser.test_map_page import expect_address, listed, opened, settled
from tests.browser.tools import held, wait_for
from tests.conftest import NOW, City
from tests.geodata.conftest import pin
from tests.grid import Town

TITLE = "Самотня яма"


@pytest.fixture
def crowd(city: City, town: Town) -> Issue:
    """A lonely report in the south, older than two dozen that stand in one place in the north."""
    lonely = pin(city.community, town["q"], category=city.roads, title=TITLE, at=NOW.replace(hour=6))
    for number in range(24):
        pin(city.community, town["r"], category=city.roads, title=f"Яма {number}")
    return lonely


@pytest.fixture
def lonely_mark(crowd: Issue) -> str:
    """Selector of the mark whose row is not on the first page of the list."""
    return f"#map-canvas a.mark[href$='/{crowd.number}/']"


@pytest.fixture
def town_page(page_at: PageAt, crowd: Issue) -> Page:
    """The map with the crowd, and the lonely report not in the list."""
    page = opened(page_at(DESKTOP))
    assert TITLE not in listed(page)
    return page


def test_an_answer_that_comes_after_the_map_went_back_is_not_shown(page_at: PageAt, reports: list[Issue]) -> None:
    page = opened(page_at(DESKTOP))
    before = listed(page)
    with held(page, "**/marks.geojson*") as late:
        for _time in range(3):
            page.locator("#nearer").click()
        expect_address(page, "zoom=17")
        for _time in range(3):
            page.locator("#farther").click()
        expect_address(page, "zoom=14")
        settled(page)
        assert late
    page.wait_for_timeout(300)
    assert listed(page) == before
    expect(page.locator("#map-canvas .mark")).to_have_count(len(reports))


def test_asking_for_more_rows_while_the_view_is_read_does_not_stop_the_reading(town_page: Page) -> None:
    with held(town_page, "**/list/**"):
        town_page.locator("#farther").click()
        expect_address(town_page, "zoom=13")
        town_page.locator("[data-more]").click()
    settled(town_page)
    expect(town_page.locator("[data-more].btn-work")).to_have_count(0)
    town_page.locator("[data-more]").click()
    expect(town_page.locator("#list .item")).to_have_count(25)


def test_an_impatient_second_press_on_a_mark_opens_its_card(town_page: Page, lonely_mark: str) -> None:
    with held(town_page, "**/list/?only=*") as asked:
        for times in (1, 2):
            town_page.locator(lonely_mark).dispatch_event("click")
            wait_for(town_page, asked, times)
    expect(town_page.locator("#pick h2")).to_have_text(TITLE)


def test_a_card_comes_although_the_view_was_being_read(town_page: Page, lonely_mark: str) -> None:
    with held(town_page, "**/list/?only=*") as asked:
        with held(town_page, "**/marks.geojson*"):
            town_page.locator("label.chip", has=town_page.locator("input[value=wait]")).click()
            town_page.locator(lonely_mark).dispatch_event("click")
            wait_for(town_page, asked, 1)
        settled(town_page)
    expect(town_page.locator("#pick h2")).to_have_text(TITLE)
    expect(town_page.locator("#pick")).to_be_focused()


def test_when_the_card_does_not_come_it_is_said_and_trying_again_helps(town_page: Page, lonely_mark: str) -> None:
    def fail(route: Route) -> None:
        route.fulfill(status=500, body="")

    town_page.route("**/list/?only=*", fail)
    town_page.locator(lonely_mark).dispatch_event("click")
    expect(town_page.locator("#trouble")).to_be_visible()
    town_page.unroute("**/list/?only=*", fail)
    town_page.locator("#trouble [data-retry]").click()
    expect(town_page.locator("#pick h2")).to_have_text(TITLE)
    expect(town_page.locator("#trouble")).to_be_hidden()


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_pile_at_the_edge_stays_open_while_the_map_brings_it_into_sight(
    page_at: PageAt, city: City, town: Town, width: int
) -> None:
    for number in range(3):
        pin(city.community, town["p"], category=city.roads, title=f"Яма {number}")
    pin(city.community, town["t"], category=city.roads, title=TITLE)
    page = page_at(width, reduced_motion="no-preference")
    point = town["p"]
    near = f"{point.x - 0.0002},{point.y - 0.0002},{point.x + 0.0002},{point.y + 0.0002}"
    opened(page, f"/yavoryn/?box={near}&zoom=18")
    drag_to_the_left_edge(page)
    before = middle_of(page, "#map-canvas .cluster")
    page.mouse.click(*before)
    expect(page.locator("#list-heading")).to_contain_text("3")
    page.wait_for_timeout(600)
    settled(page)
    assert middle_of(page, "#map-canvas .cluster")[0] > before[0], "the map brought it into sight"
    expect(page.locator("#chosen .chip")).to_have_count(1)
    expect(page.locator("#list .item")).to_have_count(3)
    screenshot(page, f"map-pile-edge-{width}")


def middle_of(page: Page, selector: str) -> tuple[float, float]:
    """Pixels of the middle of an element in the window."""
    box = page.locator(selector).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag_to_the_left_edge(page: Page) -> None:
    """Drags the map until the cluster stands at the left edge of what no panel covers."""
    x, y = middle_of(page, "#map-canvas .cluster")
    panel = page.locator(".panel").bounding_box()
    assert panel
    edge = panel["x"] + panel["width"] if panel["y"] < y < panel["y"] + panel["height"] else 0
    page.mouse.move(x, y + 60)
    page.mouse.down()
    page.mouse.move(edge + 26, y + 60, steps=8)
    page.wait_for_timeout(200)  # held still: the map does not glide on
    page.mouse.up()
    settled(page)


def test_a_ground_that_did_not_come_is_said_and_tried_again(page_at: PageAt, reports: list[Issue]) -> None:
    page = page_at(DESKTOP)

    def fail(route: Route) -> None:
        route.abort()

    page.route("**/base.geojson*", fail)
    opened(page)
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator("path.t-rim")).to_have_count(0)
    page.unroute("**/base.geojson*", fail)
    page.locator("#trouble [data-retry]").click()
    expect(page.locator("path.t-rim")).to_have_count(1)
    expect(page.locator("#trouble")).to_be_hidden()
