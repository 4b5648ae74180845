"""Bringing areas in, in a browser: each page of the way is usable by everybody, with the keyboard, without scripts."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import FilePayload, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from core.jobs import run_jobs
from geodata.models import Area
from openmap.area_forms import NEW_DIVISION
from tests.browser.conftest import (
    BOTH_WIDTHS,
    DESKTOP,
    PageAt,
    assert_accessible,
    assert_no_csp_violations,
    press_until,
    screenshot,
)
from tests.browser.tools import beyond_the_edge
from tests.conftest import City
from tests.geodata.files import collection, feature
from tests.grid import Town

UPLOAD = "admin:geodata_area_import"


@pytest.fixture
def file(town: Town, city: City) -> FilePayload:
    """Заріччя grows over a part of Слобідка, which stays as it is; a bow tie is repaired; a code is there twice."""
    (west, north), (east, _north) = town.places["A"], town.places["B"]
    middle, south = town.places["C"][1], town.places["E"][1]
    low = middle + (south - middle) / 3
    grown = [(west, north), (east, north), (east, low), (west, low), (west, north)]
    shapes = {"type": "Polygon", "coordinates": [grown]}
    data = collection(feature(shapes, "north", "Заріччя"), feature(town.area("CDFE"), "south", "Слобідка над річкою"))
    return {"name": "райони.geojson", "mimeType": "application/geo+json", "buffer": data}


@pytest.fixture
def sign_in(taras: User, live_server: LiveServer) -> str:
    session = Client()
    session.force_login(taras)
    return str(session.cookies["sessionid"].value)


def start(page: Page, cookie: str, live_server: LiveServer) -> None:
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto(reverse("admin:geodata_area_changelist"))
    page.locator(f'a[href="{reverse(UPLOAD)}"]').click()


def look_at(page: Page, name: str) -> None:
    """The page is good as it stands."""
    assert_no_csp_violations(page)
    assert_accessible(page)
    screenshot(page, f"import-{name}-{page.viewport_size['width'] if page.viewport_size else 0}", full=True)
    assert beyond_the_edge(page) == []


def submit(page: Page, form: str) -> None:
    page.locator(f"#content form{form} button[type=submit]").first.click()


def work(page: Page) -> None:
    """The page shows that a job waits; a worker does it."""
    expect(page.locator("progress")).to_be_visible()
    run_jobs()


@BOTH_WIDTHS
def test_areas_are_brought_in_with_a_preview_on_a_map(
    page_at: PageAt, live_server: LiveServer, sign_in: str, file: FilePayload, width: int
) -> None:
    page = page_at(width)
    start(page, sign_in, live_server)
    look_at(page, "upload")
    page.locator("[name=file]").set_input_files(file)
    page.locator("[name=new_code]").fill("райони!")
    page.locator("[name=division]").select_option(NEW_DIVISION)
    submit(page, "[enctype]")
    expect(page.locator("progress")).to_be_visible()
    look_at(page, "waiting")
    run_jobs()
    expect(page.locator("[name=code]")).to_be_visible()  # the page went on by itself
    expect(page.locator("[name=new_code]")).to_have_value("райони!")
    look_at(page, "questions")
    page.locator("[name=division]").select_option("districts")
    page.locator("[name=new_code]").fill("")
    submit(page, "[action$=answers\\/]")
    work(page)
    expect(page.locator("#import-map[data-ready]")).to_be_visible()
    expect(page.locator("#import-map path.is-new")).to_have_count(1)
    look_at(page, "preview")
    page.locator("[data-fly]").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#import-map path.is-shown")).to_have_count(1)
    submit(page, "[action$=confirm\\/]")
    work(page)
    expect(page.locator("#content a.default")).to_be_visible()
    look_at(page, "result")
    assert Area.objects.get(code="south").name == "Слобідка над річкою"
    assert Area.objects.filter(code="north").count() == 2


def test_refused_file_shows_what_and_where_and_no_button(
    page_at: PageAt, live_server: LiveServer, sign_in: str, town: Town, city: City
) -> None:
    page = page_at(DESKTOP)
    start(page, sign_in, live_server)
    swapped = {"type": "Polygon", "coordinates": [[(y, x) for x, y in town.ring("ABDC")]]}
    data = collection(feature(swapped, "north", "Заріччя"), feature(town.area("CDFE"), "south", "Слобідка"))
    page.locator("[name=file]").set_input_files({"name": "a.geojson", "mimeType": "x/y", "buffer": data})
    submit(page, "[enctype]")
    work(page)
    submit(page, "[action$=answers\\/]")
    work(page)
    expect(page.locator(".errornote")).to_be_visible()
    expect(page.locator("#content form[action$=confirm\\/]")).to_have_count(0)
    look_at(page, "refused")


def test_areas_are_brought_in_without_scripts_and_without_a_mouse(
    page_at: PageAt, live_server: LiveServer, sign_in: str, file: FilePayload
) -> None:
    page = page_at(DESKTOP, javascript=False)
    start(page, sign_in, live_server)
    page.locator("[name=file]").set_input_files(file)

    def press(form: str) -> None:
        button = page.locator(f"#content form{form} button[type=submit]").first
        press_until(page, "Tab", lambda: button.evaluate("(e) => e === document.activeElement"))
        page.keyboard.press("Enter")

    press("[enctype]")
    work(page)
    page.reload()
    press("[action$=answers\\/]")
    work(page)
    page.reload()
    expect(page.locator(".import-table table").first).to_contain_text(re.compile(r"28\.\d{5}, 49\.\d{5}"))
    press("[action$=confirm\\/]")
    work(page)
    page.reload()
    expect(page.locator("[role=status]")).to_be_visible()
    assert Area.objects.filter(code="north").count() == 2
