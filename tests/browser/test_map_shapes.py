"""Lines and areas of a layer that is counted: drawn under the marks of the things that stand alone, as far as seen."""

import pytest
from django.contrib.gis.geos import Point
from playwright.sync_api import Page, expect

from geodata.layers import layer_named
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PageAt, assert_accessible, screenshot
from tests.browser.test_map_page import opened, settled
from tests.conftest import City
from tests.geodata.every_layer import Thing, put
from tests.grid import Town

REGISTERS = "/yavoryn/?layer=registers"
AREA, LINE = ".leaflet-things-pane path.shape-area.of-registers", ".leaflet-things-pane path.shape-line.of-registers"


def shown(city: City, place: Point, shape: str, *, is_hidden: bool = False) -> None:
    """A thing of a register: of lamps when it is a point or a line, of parks when it is an area."""
    kind = int(shape == "area")
    put(
        layer_named("registers"), Thing(city.community, place, title=shape, shape=shape, kind=kind, is_hidden=is_hidden)
    )


def expect_drawn(page: Page, *, lines: int, areas: int) -> None:
    expect(page.locator(LINE)).to_have_count(lines)
    expect(page.locator(AREA)).to_have_count(areas)


@pytest.fixture
def things(city: City, town: Town) -> None:
    shown(city, town["p"], "area")
    shown(city, town["r"], "line")
    shown(city, town["q"], "point")
    shown(city, town["s"], "line", is_hidden=True)


def around(*places: Point) -> str:
    """The map with these places in view, and 150 m around them."""
    lons, lats = [place.x for place in places], [place.y for place in places]
    return f"{REGISTERS}&box={min(lons) - 0.002},{min(lats) - 0.0015},{max(lons) + 0.002},{max(lats) + 0.0015}"


@BOTH_WIDTHS
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("things")
def test_lines_and_areas_lie_under_their_marks(page_at: PageAt, width: int, scheme: str, town: Town) -> None:
    page = opened(page_at(width, color_scheme=scheme), around(town["p"], town["r"]))
    expect_drawn(page, lines=1, areas=1)
    for shape, path in (("area", AREA), ("line", LINE)):
        mark = page.locator(f"#map-canvas .mark[aria-label*='{shape}']").bounding_box()
        drawn = page.locator(path).bounding_box()
        assert mark
        assert drawn
        tip = mark["x"] + mark["width"] / 2
        assert drawn["x"] < tip < drawn["x"] + drawn["width"]
    assert_accessible(page)
    screenshot(page, f"map-shapes-{scheme}-{width}")


@pytest.mark.usefixtures("things")
def test_what_the_filters_or_the_view_leave_out_is_not_drawn(page_at: PageAt, town: Town) -> None:
    page = opened(page_at(DESKTOP), REGISTERS)
    expect_drawn(page, lines=1, areas=1)
    page.locator("summary.chip").first.click()
    page.locator("label.opt", has=page.locator("input[value='register.parks']")).click()
    settled(page)
    expect_drawn(page, lines=0, areas=1)
    page.keyboard.press("Escape")
    page.locator("#chosen .chip").click()
    settled(page)
    expect_drawn(page, lines=1, areas=1)
    page.locator(".layers label.chip", has=page.locator("input[value=registers]")).click()
    settled(page)
    expect_drawn(page, lines=0, areas=0)
    opened(page, around(town["p"]))
    expect_drawn(page, lines=0, areas=1)


def test_what_stands_in_a_cluster_is_not_drawn(page_at: PageAt, city: City, town: Town) -> None:
    for _time in range(201):
        shown(city, town["q"], "line")
    shown(city, town["p"], "area")
    page = opened(page_at(DESKTOP), REGISTERS)
    expect(page.locator("#map-canvas .cluster")).to_have_text("201")
    expect_drawn(page, lines=0, areas=1)
