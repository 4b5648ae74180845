"""The address of a picture, and the picture on other people's sites."""

import html
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from geodata.layers import layer_named
from issues.models import Issue
from tests.browser.conftest import (
    BOTH_WIDTHS,
    DESKTOP,
    PHONE,
    PageAt,
    assert_accessible,
    assert_no_csp_violations,
    press_until,
    screenshot,
)
from tests.browser.test_map_page import opened, settled
from tests.conftest import City
from tests.geodata.every_layer import Thing, put
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("reports")


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the name is the library's
        pass


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Somebody else's site: its folder and its origin."""
    server = ThreadingHTTPServer(("localhost", 0), partial(Quiet, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path, f"http://localhost:{server.server_address[1]}"
    server.shutdown()


def shared(page: Page) -> Page:
    """The dialog is open."""
    page.locator("#share-open").click()
    expect(page.locator("#share")).to_be_visible()
    return page


@BOTH_WIDTHS
def test_the_shared_address_shows_filters_place_and_the_selected_thing(page_at: PageAt, width: int) -> None:
    page = opened(page_at(width))
    page.locator("label.chip", has=page.locator("input[value=wait]")).click()
    page.locator("#nearer").click()
    settled(page)
    shared(page)
    address = page.locator("#share-address").input_value()
    assert address == page.url
    assert_accessible(page)
    screenshot(page, f"map-share-{width}")
    marks = page.locator("#map-canvas .mark").count()
    other = opened(page_at(width), address)
    expect(other.locator("input[value=wait]")).to_be_checked()
    expect(other.locator("#map-canvas .mark")).to_have_count(marks)


def test_escape_closes_the_dialog_and_the_focus_comes_back(page_at: PageAt) -> None:
    page = opened(page_at(DESKTOP))
    press_until(page, "Tab", lambda: bool(page.evaluate("document.activeElement.id === 'share-open'")))
    page.keyboard.press("Enter")
    expect(page.locator("#share")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#share")).to_be_hidden()
    expect(page.locator("#share-open")).to_be_focused()


def test_copying_gives_the_address(page_at: PageAt) -> None:
    page = shared(opened(page_at(DESKTOP, permissions=["clipboard-read", "clipboard-write"])))
    page.locator("[data-copy=share-address]").click()
    expect(page.locator("[data-copy=share-address] [role=status]")).not_to_be_empty()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def frame_of(page: Page, *, width: int, height: int, layers: list[str]) -> str:
    """The line of HTML that the dialog offers for this size and these layers."""
    page.locator("#share summary").click()
    page.locator("#share [name=width]").fill(str(width))
    page.locator("#share [name=height]").fill(str(height))
    for box in page.locator("#share [name=embedded]").all():
        box.set_checked(str(box.get_attribute("value")) in layers)
    return page.locator("#share-frame").input_value()


@BOTH_WIDTHS
def test_one_copied_line_shows_the_map_on_another_site(
    page_at: PageAt, width: int, neighbour: tuple[Path, str], reports: list[Issue], city: City, town: Town
) -> None:
    folder, origin = neighbour
    put(layer_named("works"), Thing(city.community, town["p"]))
    page = opened(page_at(width))
    page.locator("label.chip", has=page.locator("input[value=wait]")).click()
    settled(page)
    line = frame_of(shared(page), width=360, height=320, layers=["issues"])
    assert_accessible(page)
    screenshot(page, f"map-embed-builder-{width}")
    assert line.count("\n") == 0
    attributes = ('width="360"', 'height="320"', 'loading="lazy"', "referrerpolicy=", "title=")
    for part in (*attributes, "layer=issues", "state=wait"):
        assert part in line
    (folder / "index.html").write_text(f"<!doctype html><title>Новини</title><h1>Новини</h1>{line}")
    other = page_at(width)
    other.goto(f"{origin}/index.html")
    frame = other.frame_locator("iframe")
    expect(frame.locator("#map-canvas .mark")).to_have_count(3)
    box = other.locator("iframe").bounding_box()
    assert box
    assert (box["height"], box["width"]) == (320, min(360, width))
    expect(frame.locator("#in-full")).to_have_attribute("target", "_blank")
    expect(frame.locator("#in-full")).to_have_attribute("href", re.compile("^/yavoryn/.*state=wait"))
    screenshot(other, f"map-embedded-{width}")
    assert other.context.cookies() == []
    assert_no_csp_violations(other)
    frame.locator(f"#map-canvas a[href$='/{reports[0].number}/']").focus()
    with other.context.expect_page() as window:
        other.keyboard.press("Enter")
    expect(window.value).to_have_url(re.compile(f"/issues/{reports[0].number}/$"))


def test_the_frame_alone_is_accessible_and_speaks_english_when_asked(page_at: PageAt) -> None:
    for scheme in ("light", "dark"):
        page = page_at(PHONE, color_scheme=scheme)
        page.goto("/yavoryn/embed/?lang=en")
        expect(page.locator("#map-canvas .mark").first).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        assert_accessible(page)
        screenshot(page, f"map-embed-{scheme}")


def test_without_scripts_the_frame_holds_a_picture_and_the_way_to_the_list(
    page_at: PageAt, neighbour: tuple[Path, str], live_server: LiveServer
) -> None:
    folder, origin = neighbour
    (folder / "index.html").write_text(
        f'<!doctype html><iframe width="400" height="300" src="{live_server.url}/yavoryn/embed/?state=done"></iframe>'
    )
    page = page_at(DESKTOP, javascript=False)
    page.goto(f"{origin}/index.html")
    frame = page.frame_locator("iframe")
    expect(frame.locator("noscript img")).to_be_visible()
    expect(frame.locator("#in-full")).to_have_attribute("href", "/yavoryn/?state=done")
    screenshot(page, "map-embedded-no-script")


def test_no_other_page_can_be_framed(browser: Browser, neighbour: tuple[Path, str], live_server: LiveServer) -> None:
    folder, origin = neighbour
    (folder / "index.html").write_text(f'<!doctype html><iframe src="{live_server.url}/yavoryn/"></iframe>')
    page = browser.new_page()  # that complains of what the policy refuses, as it should
    page.goto(f"{origin}/index.html", wait_until="networkidle")
    expect(page.frame_locator("iframe").locator("#main")).to_have_count(0)
    page.close()


@pytest.mark.parametrize("path", ["", "list/", "areas/", "search/", "report/", "place.svg"])
def test_only_the_frame_lacks_the_headers_that_forbid_it(client: Client, path: str) -> None:
    framed = client.get("/yavoryn/embed/")
    assert "X-Frame-Options" not in framed.headers
    assert "frame-ancestors *" in framed.headers["Content-Security-Policy"]
    assert framed.cookies == {}
    assert "csrfmiddlewaretoken" not in html.unescape(framed.content.decode())
    response = client.get(f"/yavoryn/{path}")
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors *" not in response.headers["Content-Security-Policy"]
