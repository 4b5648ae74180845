"""The map page: what eyes see on the map is what the list says, and the address shows the same picture again."""

import re

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django import Settings

from issues.models import Issue
from routing.models import Category
from tests.browser.conftest import (
    BOTH_WIDTHS,
    DESKTOP,
    HEIGHTS,
    PHONE,
    PageAt,
    assert_accessible,
    assert_no_csp_violations,
    press_until,
    screenshot,
)
from tests.conftest import City
from tests.geodata.conftest import pin
from tests.grid import Town
from tests.photos import png

TITLES = ["Яма на переході", "Зламана плитка", "Люк гримить уночі", "Люк без кришки", "Відкритий люк біля аптеки"]
pytestmark = pytest.mark.usefixtures("reports")


def opened(page: Page, address: str = "/yavoryn/") -> Page:
    """The map page once its marks stand."""
    page.goto(address)
    expect(page.locator("#map-canvas :is(.mark, .cluster)").first).to_be_visible()
    settled(page)
    return page


def settled(page: Page) -> None:
    """Marks and list are those of the view."""
    expect(page.locator("#list")).not_to_have_attribute("aria-busy", "true")


def listed(page: Page) -> list[str]:
    return page.locator("#list .item-title").all_inner_texts()


def expect_address(page: Page, part: str) -> None:
    """The address of the page says this."""
    expect(page).to_have_url(re.compile(re.escape(part)))


def keys_of(page: Page, selector: str, attribute: str) -> set[str]:
    return {str(one.get_attribute(attribute)) for one in page.locator(selector).all()}


@BOTH_WIDTHS
def test_marks_and_list_show_the_same_set(page_at: PageAt, width: int) -> None:
    page = opened(page_at(width))
    assert keys_of(page, "#map-canvas .mark", "href") == keys_of(page, "#list .item-title a", "href") != set()
    count = page.locator("#map-canvas .mark").count()
    assert page.locator("#list-heading").inner_text().endswith(f" {count}")
    screenshot(page, f"map-{width}")


def test_the_list_is_newest_first_and_everything_is_in_view_on_a_desktop(page_at: PageAt) -> None:
    assert listed(opened(page_at(DESKTOP))) == TITLES


def test_moving_the_map_moves_the_list(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    for _time in range(3):
        page.locator("#nearer").click()
    settled(page)
    expect(page.locator("#list .item")).to_have_count(page.locator("#map-canvas .mark").count())
    expect(page.locator("#list .item")).not_to_have_count(len(TITLES))
    expect_address(page, "zoom=17")


@BOTH_WIDTHS
def test_a_filter_is_in_the_address_on_the_map_and_in_the_list(page_at: PageAt, width: int) -> None:
    page = opened(page_at(width))
    page.locator("label.chip", has=page.locator("input[value=work]")).click()
    expect(page.locator("#list .item")).to_have_count(1)
    expect(page.locator("#map-canvas .mark")).to_have_count(1)
    expect_address(page, "state=work")
    assert listed(page) == ["Зламана плитка"]
    page.locator("#chosen .chip").click()
    expect(page.locator("#list .item")).not_to_have_count(1)
    expect(page).not_to_have_url(re.compile("state=work"))


def test_a_link_shows_the_same_picture(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    page.locator("label.chip", has=page.locator("input[value=wait]")).click()
    page.locator("#nearer").click()
    settled(page)
    page.locator("#map-canvas .mark").first.click()
    expect(page.locator("#pick")).to_be_visible()
    expect_address(page, "selected=issues-")
    settled(page)
    title, address, marks = page.locator("#pick h2").inner_text(), page.url, page.locator("#map-canvas .mark").count()
    other = opened(page_at(DESKTOP), address)
    expect(other.locator("#pick h2")).to_have_text(title)
    expect(other.locator("#map-canvas .mark")).to_have_count(marks)
    expect(other.locator("input[value=wait]")).to_be_checked()
    expect(other).to_have_url(address)


@BOTH_WIDTHS
def test_the_keyboard_alone_selects_a_mark_and_escape_gives_the_focus_back(page_at: PageAt, width: int) -> None:
    page = opened(page_at(width))
    press_until(page, "Tab", lambda: bool(page.evaluate("document.activeElement.matches('.mark')")))
    name = str(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    page.keyboard.press("Enter")
    card = page.locator("#pick")
    expect(card).to_be_focused()
    assert card.locator("h2").inner_text() in name
    expect(page.locator("#map-canvas .mark.is-on")).to_have_attribute("aria-label", name)
    screenshot(page, f"map-card-{width}")
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == name


UNCOVERED = """() => {
  const stop = document.activeElement;
  const box = (stop.closest("label") || stop).getBoundingClientRect();
  const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const drawn = stop.closest("label, li") || stop;
  const isLong = stop.matches(".panel-list"); // longer than the window
  return isLong || drawn.contains(seen) || seen?.contains(stop) ? "" : stop.outerHTML.slice(0, 160);
}"""


@BOTH_WIDTHS
def test_by_keys_chips_and_rows_come_out_from_under_what_stands_still(
    page_at: PageAt, width: int, city: City, town: Town
) -> None:
    for number in range(25):
        pin(city.community, town["p"], category=city.roads, title=f"Яма, яку не засипають уже {number} днів і ночей")
    page = opened(page_at(width))
    covered = []
    for _time in range(80):
        page.keyboard.press("Tab")
        covered.append(str(page.evaluate(UNCOVERED)))
        if page.evaluate("document.activeElement.matches('.rows-foot p:last-child a')"):
            break
    else:
        pytest.fail("The foot of the list is not reached.")
    assert [one for one in covered if one] == []


@BOTH_WIDTHS
def test_a_menu_stays_within_the_window_and_the_panel(page_at: PageAt, width: int, city: City) -> None:
    for number in range(20):
        Category.objects.create(community=city.community, code=f"kind-{number}", name=f"Вид {number}")
    page = opened(page_at(width))
    page.locator("summary.chip").first.click()
    last = page.locator("label.opt").last
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    panel = page.locator(".panel").bounding_box()
    assert box
    assert panel
    lowest = HEIGHTS[PHONE] if width == PHONE else panel["y"] + panel["height"]
    assert box["y"] + box["height"] <= lowest
    last.click()
    expect(last.locator("input")).to_be_checked()


def test_a_mark_says_number_title_state_and_that_it_is_late(page_at: PageAt, reports: list[Issue]) -> None:
    page = opened(page_at(DESKTOP))
    late = page.locator(f"#map-canvas a[href$='/{reports[2].number}/']")
    name = str(late.get_attribute("aria-label"))
    assert name.startswith(f"№ {reports[2].number} Відкритий люк біля аптеки, ")
    assert name.count(", ") == 2
    expect(late.locator(".bang")).to_have_count(1)


def test_list_and_marks_point_at_each_other(page_at: PageAt, reports: list[Issue]) -> None:
    page = opened(page_at(DESKTOP))
    number = reports[0].number
    item = page.locator("#list .item", has=page.locator(f"a[href$='/{number}/']"))
    mark = page.locator(f"#map-canvas a[href$='/{number}/']")
    item.hover()
    expect(mark).to_have_class(re.compile(r"\bis-near\b"))
    mark.hover()
    expect(item).to_have_class(re.compile(r"\bis-near\b"))


def test_the_open_legend_and_the_report_button_leave_each_other_alone(page_at: PageAt) -> None:
    for width in (1024, DESKTOP):
        page = opened(page_at(width))
        page.locator(".map-legend summary").click()
        legend, button = page.locator(".map-legend").bounding_box(), page.locator("#report").bounding_box()
        assert legend
        assert button
        beside = legend["x"] > button["x"] + button["width"]
        assert beside or legend["y"] + legend["height"] < button["y"]
        screenshot(page, f"map-legend-{width}")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (390, 740), (360, 640)])
def test_on_a_phone_the_open_legend_leaves_the_tools_alone(page_at: PageAt, width: int, height: int) -> None:
    page = page_at(PHONE)
    page.set_viewport_size({"width": width, "height": height})
    opened(page)
    page.locator(".map-legend summary").click()
    legend = page.locator(".map-legend").bounding_box()
    assert legend
    assert legend["x"] >= 0
    for tool in page.locator(".map-tools .tool:visible").all():
        box = tool.bounding_box()
        assert box
        is_beside = box["x"] >= legend["x"] + legend["width"]
        assert is_beside or box["y"] >= legend["y"] + legend["height"]
    assert_accessible(page)
    screenshot(page, f"map-legend-{width}-{height}")
    page.locator(".map-legend summary").click()
    expect(page.locator(".map-legend .legend")).to_be_hidden()


def test_on_a_phone_the_credit_stands_where_no_mark_does(page_at: PageAt) -> None:
    page = opened(page_at(PHONE))
    credit, panel = page.locator("#credit").bounding_box(), page.locator(".panel").bounding_box()
    assert credit
    assert panel
    assert credit["y"] + credit["height"] == pytest.approx(panel["y"], abs=1)
    for mark in page.locator("#map-canvas .mark > svg:first-child").all():
        box = mark.bounding_box()
        assert box
        assert box["y"] + box["height"] < credit["y"] + 4
    page.locator("#map-canvas .mark").first.click()
    expect(page.locator("#pick")).to_be_visible()
    credit, card = page.locator("#credit").bounding_box(), page.locator("#pick").bounding_box()
    assert credit
    assert card
    assert credit["y"] + credit["height"] == pytest.approx(card["y"], abs=1)


def test_show_more_adds_the_next_rows(page_at: PageAt, city: City, town: Town) -> None:
    for _time in range(20):
        pin(city.community, town["p"], category=city.roads)
    page = opened(page_at(DESKTOP))
    expect(page.locator("#list .item")).to_have_count(20)
    page.locator("[data-more]").click()
    expect(page.locator("#list .item")).to_have_count(25)
    expect(page.locator("[data-more]")).to_have_count(0)


def test_when_the_network_fails_marks_stay_and_trying_again_helps(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    marks = page.locator("#map-canvas .mark").count()

    def fail(route: Route) -> None:
        route.abort()

    page.route("**/marks.geojson*", fail)
    page.locator("#farther").click()
    expect(page.locator("#trouble")).to_be_visible()
    assert page.locator("#map-canvas .mark").count() == marks
    screenshot(page, "map-no-network")
    page.unroute("**/marks.geojson*", fail)
    page.locator("#trouble [data-retry]").click()
    expect(page.locator("#trouble")).to_be_hidden()


def test_around_me_shows_where_i_stand(page_at: PageAt, town: Town) -> None:
    place = {"latitude": town["q"].y, "longitude": town["q"].x}
    page = opened(page_at(PHONE, permissions=["geolocation"], geolocation=place))
    page.locator("#locate").click()
    expect(page.locator(".here")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\bzoom=16\b"))


def test_a_browser_that_hides_the_place_gets_an_explanation(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    page.locator("#locate").click()
    expect(page.locator("#trouble [data-message]")).not_to_be_empty()


def test_reporting_starts_in_the_middle_of_what_one_sees(page_at: PageAt, town: Town) -> None:
    page = opened(page_at(DESKTOP))
    button = page.locator("#report")
    expect(button).to_have_attribute("href", re.compile("lon="))
    found = re.search(r"lon=([\d.]+)&lat=([\d.]+)", str(button.get_attribute("href")))
    assert found
    assert float(found[1]) == pytest.approx(town["p"].x, abs=0.0005)
    assert float(found[2]) == pytest.approx(town["p"].y, abs=0.0005)
    button.click()
    expect(page.locator("#pickmap .pickmap-hint")).to_be_visible()
    assert page.locator("[name=lon]").input_value() == ""
    page.go_back()
    for _time in range(2):
        page.locator("#nearer").click()
        settled(page)
    expect(button).to_have_attribute("href", re.compile("zoom=16"))
    button.click()
    expect(page.locator("[name=lon]")).not_to_have_value("")


def test_raster_tiles_come_with_their_credit(page_at: PageAt, settings: Settings) -> None:
    settings.BASEMAP_URL = "/static/tiles/{z}/{x}/{y}.png"
    settings.BASEMAP_ATTRIBUTION = "© OpenStreetMap"
    page = page_at(DESKTOP)
    page.route("**/static/tiles/**", lambda route: route.fulfill(body=png(256, 256), content_type="image/png"))
    opened(page)
    expect(page.locator("img.leaflet-tile-loaded").first).to_be_visible()
    expect(page.locator("#credit")).to_have_text("© OpenStreetMap")
    expect(page.locator("path.t-rim")).to_have_count(0)


def test_when_tiles_do_not_come_the_own_map_is_drawn(page_at: PageAt, settings: Settings) -> None:
    settings.BASEMAP_URL = "/static/tiles/{z}/{x}/{y}.png"
    page = opened(page_at(DESKTOP))
    expect(page.locator("path.t-rim")).to_have_count(1)
    assert sorted(page.locator(".t-name").all_text_contents()) == ["Заріччя", "Слобідка"]


def test_a_raised_sheet_keeps_the_list(page_at: PageAt) -> None:
    page = opened(page_at(PHONE))
    before = listed(page)
    page.locator("#grip").click()
    settled(page)
    assert listed(page) == before


@BOTH_WIDTHS
def test_without_javascript_there_are_a_picture_the_list_and_the_filters(page_at: PageAt, width: int) -> None:
    page = page_at(width, javascript=False)
    page.goto("/yavoryn/")
    assert listed(page) == TITLES
    assert page.locator("img.map-still").get_attribute("src") == "/yavoryn/place.svg"
    screenshot(page, f"map-no-script-{width}")
    page.locator("label.chip", has=page.locator("input[value=done]")).click()
    page.locator(".layers button").click()
    expect_address(page, "state=done")
    expect(page.locator("#list .item-title")).to_have_text(["Люк гримить уночі"])
    page.locator("#chosen a").click()
    expect(page.locator("#list .item-title")).to_have_text(TITLES)


@BOTH_WIDTHS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_map_page(page_at: PageAt, width: int, scheme: str) -> None:
    page = opened(page_at(width, color_scheme=scheme))
    assert_accessible(page)
    for number in range(2):
        page.locator("summary.chip").nth(number).click()
        assert_accessible(page)
        screenshot(page, f"map-menu-{number}-{scheme}-{width}")
        page.keyboard.press("Escape")
    page.locator(".map-legend summary").click()
    assert_accessible(page)
    screenshot(page, f"map-legend-{scheme}-{width}")
    page.locator(".map-legend summary").click()
    page.locator("#map-canvas .mark").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#pick")).to_be_visible()
    assert_accessible(page)
    assert_no_csp_violations(page)
    screenshot(page, f"map-{scheme}-{width}")
