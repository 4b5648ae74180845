"""The picture in README.md is the demo town as it looks today. MISTO_WRITE_SCREENSHOTS=1 takes it anew."""

import os
from io import BytesIO

import pytest
from django.utils import timezone
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Locator, Page, expect

from openmap.demo.load import load_demo
from tests.browser.conftest import DESKTOP, ROOT, PageAt

PICTURE = ROOT / "docs" / "images" / "map.png"
SIZE = (1280, 800)
MOST_BYTES = 400_000
HEADING = "Heading"  # the note of the PNG that keeps what stood above the list


@pytest.fixture
def map_page(page_at: PageAt, db: None) -> Page:
    """The middle of the demo town, near enough to read main roads, and the newest report with a photo selected."""
    load_demo(at=timezone.now(), say=lambda _words: None, is_small=True)  # what it shows is the same on every day
    page = page_at(DESKTOP)
    page.goto("/yavoryn/")
    for zoom in (14, 15):
        _still(page)
        page.locator("#nearer").click()
        page.wait_for_url(f"**zoom={zoom}**")
    _still(page)
    links = page.locator("#list .item:has(img) .item-title a").all()
    marks = (page.locator(f"#map-canvas a.mark[href='{link.get_attribute('href')}']") for link in links)
    newest = next(mark for mark in marks if mark.count() == 1 and _is_free(mark))
    newest.click()
    expect(page.locator("#pick img")).to_have_js_property("complete", True)
    page.locator(".topbar").hover(position={"x": 700, "y": 20})
    _still(page)
    return page


def _is_free(mark: Locator) -> bool:
    """Whether the whole mark is on the map beside the list, and no other mark lies on it."""
    return bool(
        mark.evaluate(
            """(mark) => {
              const { x, y, width, height } = mark.getBoundingClientRect();
              return mark.contains(document.elementFromPoint(x + width / 2, y + height / 2));
            }"""
        )
    )


def _still(page: Page) -> None:
    """Marks, list and base map are those of the view."""
    expect(page.locator("#map-canvas :is(.mark, .cluster)").nth(9)).to_be_attached()
    expect(page.locator("#list")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#trouble")).to_be_hidden()
    page.wait_for_load_state("networkidle")


def test_the_readme_shows_the_demo_town_as_it_looks_today(map_page: Page) -> None:
    heading = map_page.locator("#list-heading").inner_text()
    if os.environ.get("MISTO_WRITE_SCREENSHOTS") == "1":
        write(map_page.screenshot(), heading)
    assert "](docs/images/map.png)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert PICTURE.stat().st_size < MOST_BYTES
    with Image.open(PICTURE) as picture:
        assert (picture.format, picture.size) == ("PNG", SIZE)
        assert picture.info[HEADING] == heading
    assert map_page.locator("#map-canvas :is(.mark, .cluster)").count() >= 10
    assert map_page.locator("#list .item").count() >= 10


def write(screenshot: bytes, heading: str) -> None:
    """Keeps the screenshot in 256 colours, and the heading beside its pixels."""
    notes = PngInfo()
    notes.add_itxt(HEADING, heading)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(BytesIO(screenshot)) as taken:
        # MAXCOVERAGE keeps colours that few pixels have: the dot of our mark.
        few = taken.convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    few.save(PICTURE, "PNG", optimize=True, pnginfo=notes)
