"""Slow networks, second thoughts and stops in the middle: the form keeps what it was given, and says what is true."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from issues.models import Issue
from issues.states import State
from media.models import Photo
from tests.browser.conftest import DESKTOP, PHONE, PageAt, expect_script_error, screenshot
from tests.browser.report_form import ADDRESS, VODOKANAL, WORDS, choose, fill, photo, place_of, typed
from tests.browser.tools import answer_link, delivery_of, expect_state, held, told
from tests.conftest import City
from tests.grid import Town
from tests.photos import jpeg

pytestmark = pytest.mark.usefixtures("city")

# The browser's Stop, pressed a moment after a form began to leave.
STOP_SOON = """() => {
  const watch = setInterval(() => {
    if (!document.querySelector("form[data-sending]")) return;
    clearInterval(watch);
    setTimeout(() => { window.stop(); document.body.dataset.stopped = "yes"; }, 300);
  }, 20);
}"""

# A phone whose place comes when the test says so.
SLOW_DEVICE = """
navigator.geolocation.getCurrentPosition = (tell) => {
  window.tellPlace = (longitude, latitude) => tell({ coords: { longitude, latitude, accuracy: 9 } });
};
"""


def drafted(page: Page, town: Town) -> None:
    """A form that was filled in and left."""
    page.goto(ADDRESS)
    fill(page, town)


# The place ----------------------------------------------------------------------------------------------------
def test_a_device_that_answers_late_does_not_move_the_place_chosen_meanwhile(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE)
    page.add_init_script(SLOW_DEVICE)
    page.goto(ADDRESS)
    page.locator("[data-locate]").click()
    page.locator("#pickmap [data-canvas]").click(position={"x": 60, "y": 60})
    expect(page.locator("[name=lon]")).not_to_have_value("")
    chosen = place_of(page)
    page.evaluate("([lon, lat]) => window.tellPlace(lon, lat)", [town["q"].x, town["q"].y])
    expect(page.locator("[data-locate]")).not_to_have_attribute("aria-busy", "true")
    assert place_of(page) == chosen


def test_coordinates_are_not_rewritten_under_the_cursor(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    page.locator("#address").press_sequentially(typed(town, "p"))
    page.locator("#photo").set_input_files(photo(jpeg(place=(town["t"].x, town["t"].y))))
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    expect(page.locator("#address")).to_have_value(typed(town, "p"))
    page.locator("#address").press("Enter")
    expect(page.locator("[name=lon]")).to_have_value(f"{town['p'].x:.6f}")


# Before the scripts come --------------------------------------------------------------------------------------
def test_words_written_before_the_scripts_came_stay_and_the_draft_follows_them(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE)
    drafted(page, town)
    with held(page, "**/issues/report*.js"):
        page.goto(ADDRESS, wait_until="commit")
        page.locator("#text").fill("Ще одна яма.")
        page.locator("#email").fill("olia@example.org")
    expect(page.locator("#restored")).to_be_visible()
    expect(page.locator("#text")).to_have_value(f"Ще одна яма.\n\n{WORDS}")
    expect(page.locator("#email")).to_have_value("olia@example.org")


def test_a_photo_chosen_before_the_scripts_came_is_sent_like_any_other(page_at: PageAt) -> None:
    page = page_at(PHONE)
    with held(page, "**/issues/report*.js"):
        page.goto(ADDRESS, wait_until="commit")
        page.locator("#photo").set_input_files(photo(jpeg()))
    expect(page.locator("[name=photo_key]")).to_have_count(1)


def test_without_the_map_library_the_form_stays_the_one_without_scripts(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE)
    page.route("**/leaflet/leaflet*.js", lambda route: route.abort())
    page.goto(ADDRESS)
    expect_script_error(page, "Leaflet did not come")
    expect(page.locator(".tapmap-image:visible")).to_be_visible()
    expect(page.locator("#pickmap")).to_be_hidden()
    page.locator("#photo").set_input_files(photo(jpeg(place=(town["p"].x, town["p"].y))))
    page.locator("#text").fill(WORDS)
    choose(page, "manholes")
    page.locator("#send").click()
    expect(page.locator("#answerer .promise h3")).to_have_text(VODOKANAL)
    page.wait_for_load_state("load")
    expect_script_error(page, "Leaflet did not come")
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert Photo.objects.filter(subject=Issue.objects.get().subject).count() == 1


# Photos -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "why"),
    [(200, "Сервер не зміг"), (500, "Сервер не зміг"), (413, "завеликий")],
    ids=["a page of a proxy", "an error", "too big"],
)
def test_a_photo_that_a_strange_server_answered_is_refused_in_words(page_at: PageAt, status: int, why: str) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.route("**/photos/", lambda route: route.fulfill(status=status, content_type="text/html", body="<p>Proxy</p>"))
    page.locator("#photo").set_input_files(photo(jpeg()))
    expect(page.locator("#uploads .is-refused")).to_contain_text(why)
    expect(page.locator("[name=photo_key]")).to_have_count(0)


def test_a_photo_added_while_the_form_leaves_goes_with_it(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    fill(page, town)
    with held(page, "**/photos/"):
        with held(page, "**/report/"):
            page.locator("#send").click()
            page.locator("#photo").set_input_files(photo(jpeg()))
            expect(page.locator("#uploads .is-loading")).to_have_count(1)
        expect(page.locator("#send-trouble")).not_to_be_empty()
        screenshot(page, "report-still-uploading")
        assert Issue.objects.count() == 0
    expect(page.locator("#send-trouble")).to_be_empty()
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert Photo.objects.filter(subject=Issue.objects.get().subject).count() == 1


# Leaving ------------------------------------------------------------------------------------------------------
def test_a_browser_of_2021_on_a_computer_without_a_network_sends(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE)
    page.add_init_script(
        """delete HTMLFormElement.prototype.requestSubmit;
        delete AbortSignal.timeout;
        Object.defineProperty(navigator, "onLine", { get: () => false });"""
    )
    page.goto(ADDRESS)
    fill(page, town)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()


def test_a_report_that_was_stopped_on_its_way_can_be_sent_again(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    fill(page, town)
    stopped = sending_stopped(page, "#send")
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert len(stopped) == 1
    assert Issue.objects.count() == 1


def test_an_answer_that_was_stopped_on_its_way_can_be_sent_again(page_at: PageAt, city: City, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(answer_link(delivery_of(told(city.manholes, town["p"]))))
    page.locator("#text-accept").fill("Приймаємо.")
    stopped = sending_stopped(page, "button[value=accept]")
    page.locator("button[value=accept]").click()
    expect_state(page, State.ACCEPTED)
    assert len(stopped) == 1


def sending_stopped(page: Page, button: str) -> list[Route]:
    """Presses the button, and the browser's Stop before the server has answered. The requests that were stopped."""
    stopped: list[Route] = []

    def stop(route: Route) -> None:
        if route.request.method != "POST" or not route.request.is_navigation_request():
            return route.fallback()
        stopped.append(route)
        return None

    page.route("**/*", stop)
    page.evaluate(STOP_SOON)
    page.locator(button).click(no_wait_after=True)
    expect(page.locator("body")).to_have_attribute("data-stopped", "yes")
    expect(page.locator("form[data-sending]")).to_have_count(0)
    expect(page.locator(f"{button}.btn-work")).to_have_count(0)
    page.unroute("**/*", stop)
    return stopped


# Another report -----------------------------------------------------------------------------------------------
def test_looking_at_an_earlier_receipt_keeps_the_draft_of_the_next_report(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    drafted(page, town)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    page.wait_for_load_state("load")  # the receipt's script has noted what was sent
    page.goto(ADDRESS)
    fill(page, town, place="q", text="Ліхтар не світить.")
    page.route(
        "**/report/", lambda route: route.fulfill(status=500, body="<p>Ой</p>", content_type="text/html; charset=utf-8")
    )
    page.locator("#send").click()
    expect(page.locator("body")).to_have_text("Ой")
    page.unroute("**/report/")
    page.evaluate("history.go(-2)")
    expect(page.locator("#secret-link")).to_be_visible()
    page.wait_for_load_state("load")
    page.goto(ADDRESS)
    expect(page.locator("#text")).to_have_value("Ліхтар не світить.")


def test_a_tab_that_wrote_something_else_is_told_the_truth_and_keeps_it(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    drafted(page, town)
    other = page.context.new_page()
    other.goto(ADDRESS)
    expect(other.locator("#text")).to_have_value(WORDS)
    other.locator("#text").fill("Зовсім інше: ліхтар не світить.")
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    expect(other.locator("#sent-before")).to_contain_text("ще не надіслано")
    expect(other.locator("#report-form")).to_be_visible()
    screenshot(other, "report-another-tab-sent")
    other.reload()
    expect(other.locator("#text")).to_have_value("Зовсім інше: ліхтар не світить.")
    expect(other.locator("#send")).to_contain_text(VODOKANAL)
    other.locator("#send").click()
    expect(other).to_have_url(re.compile("/mine/"))
    assert Issue.objects.count() == 2
