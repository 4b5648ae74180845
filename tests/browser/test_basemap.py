"""The base map of a PMTiles file: read in parts from our own server alone, in the colours of the page."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, Request, Response, Route, expect
from pmtiles.tile import deserialize_header
from pytest_django import Settings

from geodata.basemap_files import BaseMapFile, drawn_file
from geodata.models import MapShape
from openmap.demo.founding import found_yavoryn
from openmap.demo.town import draw_town
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt, assert_no_csp_violations, screenshot
from tests.conftest import City
from tests.grid import Town

# How many pixels of the tiles have the colour of each token of the map, and how many have any.
_PAINTED = """() => {
  const counts = {};
  for (const name of ["land", "park", "water", "house", "road"]) counts[name] = 0;
  const pen = document.createElement("canvas").getContext("2d");
  const colours = Object.keys(counts).map((name) => {
    pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(`--map-${name}`).trim();
    return [name, parseInt(pen.fillStyle.slice(1), 16)];
  });
  let any = 0;
  for (const tile of document.querySelectorAll("canvas.leaflet-tile")) {
    if (!tile.width) continue;
    const { data } = tile.getContext("2d").getImageData(0, 0, tile.width, tile.height);
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] !== 255) continue;
      any += 1;
      const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
      for (const [name, wanted] of colours) if (colour === wanted) counts[name] += 1;
    }
  }
  return { ...counts, any };
}"""
FAILED = "The detailed map could not be read"
LIBRARY = "protomaps-leaflet.js"


def built(slug: str) -> BaseMapFile:
    call_command("build_basemap", slug, stdout=io.StringIO())
    file = drawn_file(slug)
    assert file
    return file


@pytest.fixture
def demo(db: None) -> BaseMapFile:
    """Of the demo town, without its people."""
    return built(found_yavoryn(draw_town(), at=timezone.now()).slug)


@pytest.fixture
def shapes(city: City, town: Town) -> City:
    """Яворин with some green, a pond and a road."""
    places = {"land": "ABFE", "park": "rpC", "water": "pBD", "building": "sqC"}
    for kind, corners in places.items():
        MapShape.objects.create(community=city.community, kind=kind, name=kind, geometry=town.polygon(corners))
    MapShape.objects.create(community=city.community, kind="road", name="проспект Миру", geometry=town.line("CD"))
    return city


@pytest.fixture
def small(shapes: City) -> BaseMapFile:
    return built(shapes.community.slug)


class Traffic:
    """What a page asks for."""

    def __init__(self, page: Page) -> None:
        self.asked: list[Request] = []
        self.answered: list[Response] = []
        page.on("request", self._ask)
        page.on("response", self._answer)

    def _ask(self, request: Request) -> None:
        self.asked.append(request)

    def _answer(self, answer: Response) -> None:
        self.answered.append(answer)

    def of_tiles(self) -> list[Response]:
        return [answer for answer in self.answered if "/tiles/" in answer.url]

    def asks_for(self, part: str) -> bool:
        return any(part in request.url for request in self.asked)


def in_english(page: Page) -> Page:
    page.context.add_cookies([{"name": "language", "value": "en", "domain": "localhost", "path": "/"}])
    return page


def drawn(page: Page, colour: str = "any") -> dict[str, int]:
    """Pixels of each colour, once tiles have some of the one that is waited for, and nothing is on its way."""
    page.wait_for_load_state("networkidle")
    found: dict[str, int] = {}
    for _time in range(50):
        found = page.evaluate(_PAINTED)
        if found[colour] > 200:
            page.wait_for_timeout(300)  # the others are painted within it
            return dict(page.evaluate(_PAINTED))
        page.wait_for_timeout(100)
    pytest.fail(f"The tiles have no {colour}: {found}")


@BOTH_WIDTHS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_town_is_drawn_by_our_own_server_alone(page_at: PageAt, demo: BaseMapFile, width: int, scheme: str) -> None:
    page = page_at(width, color_scheme=scheme)
    traffic = Traffic(page)
    page.goto("/yavoryn/")
    found = drawn(page)
    assert all(found[name] > 200 for name in ("land", "park", "water", "road")), found
    parts = traffic.of_tiles()
    assert {answer.status for answer in parts} == {206}
    assert all(answer.headers["content-range"].startswith("bytes ") for answer in parts)
    assert {request.url.split("/")[2] for request in traffic.asked} == {page.url.split("/")[2]}
    assert not traffic.asks_for("base.geojson")
    expect(page.locator("#credit")).to_have_text("Карта: Яворинська громада")
    expect(page.locator("#credit")).to_be_visible()
    assert_no_csp_violations(page)
    for zoom in (14, 15, 16, 17):
        page.locator("#nearer").click()
        page.wait_for_url(f"**zoom={zoom}**")
    assert drawn(page)["house"] > 200
    screenshot(page, f"basemap-{width}-{scheme}")


def test_another_colour_scheme_is_painted_at_once(page_at: PageAt, small: BaseMapFile) -> None:
    page = page_at(DESKTOP, color_scheme="light")
    page.goto("/yavoryn/")
    before = drawn(page)
    page.emulate_media(color_scheme="dark")
    after = drawn(page, "water")
    assert after["water"] == pytest.approx(before["water"], rel=0.1)


def without_header(file: Path) -> None:
    file.write_bytes(b"this is no map" * 2000)


def without_tiles(file: Path) -> None:
    """Header and directories say where tiles are, and there is nothing but zeros."""
    content = file.read_bytes()
    start = deserialize_header(content[:127])["tile_data_offset"]
    file.write_bytes(content[:start] + bytes(len(content) - start))


def cut_short(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: deserialize_header(content[:127])["tile_data_offset"]])


@pytest.mark.parametrize("spoil", [without_header, without_tiles, cut_short, Path.unlink])
def test_broken_file_is_said_and_the_shapes_are_drawn(
    page_at: PageAt, small: BaseMapFile, spoil: Callable[[Path], None]
) -> None:
    page = in_english(page_at(PHONE))

    def spoil_first(route: Route) -> None:
        """The page is there already and knows the address."""
        if small.path.exists():
            spoil(small.path)
        route.continue_()

    page.route("**/tiles/**", spoil_first, times=1)
    page.goto("/yavoryn/")
    expect(page.locator("#credit")).to_contain_text(FAILED)
    expect(page.locator("#credit")).to_contain_text("Map: Yavoryn")
    expect(page.locator("#credit")).to_be_visible()
    expect(page.locator("path.t-water")).to_have_count(1)
    expect(page.locator("canvas.leaflet-tile")).to_have_count(0)
    expect(page.locator("#trouble")).to_be_hidden()
    screenshot(page, f"basemap-broken-{spoil.__name__}")


def test_without_the_script_the_shapes_are_drawn(page_at: PageAt, small: BaseMapFile) -> None:
    page = in_english(page_at(DESKTOP))
    page.route(f"**/{LIBRARY}", lambda route: route.abort())
    page.goto("/yavoryn/")
    expect(page.locator("#credit")).to_contain_text(FAILED)
    expect(page.locator("path.t-water")).to_have_count(1)


def test_tile_that_did_not_come_is_asked_for_again_on_the_next_move(page_at: PageAt, small: BaseMapFile) -> None:
    page = page_at(DESKTOP)
    page.goto("/yavoryn/")
    drawn(page)
    page.route("**/tiles/**", lambda route: route.abort())
    page.locator("#nearer").click()
    page.wait_for_url("**zoom=15**")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(_PAINTED)["any"] == 0
    page.unroute("**/tiles/**")
    page.locator("#map-canvas").focus()
    page.keyboard.press("ArrowRight")
    assert drawn(page)["land"] > 10_000
    expect(page.locator("path.t-water")).to_have_count(0)


@BOTH_WIDTHS
def test_form_stands_on_the_same_map(page_at: PageAt, small: BaseMapFile, width: int) -> None:
    page = page_at(width)
    traffic = Traffic(page)
    page.goto("/yavoryn/report/")
    page.locator("#pickmap").scroll_into_view_if_needed()
    assert drawn(page)["land"] > 1000
    assert {answer.status for answer in traffic.of_tiles()} == {206}
    canvas = page.locator("#pickmap [data-canvas]")
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] / 2 + 15, "y": box["height"] / 2 + 15})
    expect(page.locator("[name=lon]")).not_to_have_value("")
    drawn(page)
    screenshot(page, f"basemap-form-{width}")
    assert_no_csp_violations(page)


def test_page_without_such_a_file_fetches_no_library(page_at: PageAt, shapes: City) -> None:
    page = page_at(DESKTOP)
    traffic = Traffic(page)
    page.goto("/yavoryn/")
    expect(page.locator("path.t-water")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    assert not any(traffic.asks_for(part) for part in (LIBRARY, "/pmtiles.js", "/tiles/"))
    assert {request.url.split("/")[2] for request in traffic.asked} == {page.url.split("/")[2]}


def test_ready_file_has_its_own_credit_and_none_of_it_is_html(
    page_at: PageAt, small: BaseMapFile, settings: Settings
) -> None:
    settings.BASEMAP_PMTILES = str(small.path)
    settings.BASEMAP_ATTRIBUTION = "<img src=x onerror=alert(1)> © OpenStreetMap contributors"
    page = page_at(DESKTOP)
    page.goto("/yavoryn/")
    drawn(page)
    expect(page.locator("#credit")).to_have_text(settings.BASEMAP_ATTRIBUTION)
    expect(page.locator("#credit a")).to_have_attribute("href", "https://www.openstreetmap.org/copyright")
    assert page.locator("#credit img").count() == 0
    assert "/tiles/_all/" in page.content()
