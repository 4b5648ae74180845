"""Without a network the form opens, keeps everything, and sends itself later: once, with its photos."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from issues.models import Issue
from media.models import Photo
from tests.browser.conftest import BOTH_WIDTHS, CHROMIUM, DESKTOP, PHONE, PageAt, assert_accessible, screenshot
from tests.browser.report_form import ADDRESS, VODOKANAL, WORDS, choose, fill, photo, typed
from tests.conftest import City
from tests.grid import Town
from tests.photos import jpeg

pytestmark = pytest.mark.usefixtures("city")

FORM_IS_KEPT = """async () => {
  while (!(await caches.match("/wishes"))) await new Promise((resolve) => setTimeout(resolve, 50));
}"""


def opened_once(page: Page) -> None:
    """The form was open while there was a network, and the service worker has kept it."""
    page.goto(ADDRESS)
    page.evaluate(FORM_IS_KEPT)


def written_offline(page: Page, town: Town, *, text: str = WORDS, photos: int = 0) -> None:
    """A report without a network: nobody told yet who answers."""
    for number in range(photos):
        page.locator("#photo").set_input_files(photo(jpeg(), f"яма-{number}.jpg"))
    page.locator("#address").fill(typed(town, "p"))
    page.locator("#address").press("Enter")
    page.locator("#text").fill(text)
    choose(page, "manholes")


def expect_sent(page: Page) -> None:
    """The page says that the report arrived, and who answers. The browser does its work against floods before."""
    expect(page.locator("#waiting li[data-state=sent]")).to_contain_text(VODOKANAL, timeout=30_000)


def photos_of(issue: Issue) -> int:
    return Photo.objects.filter(subject=issue.subject).count()


@BOTH_WIDTHS
def test_in_airplane_mode_the_form_opens_and_the_report_goes_by_itself_later(
    page_at: PageAt, town: Town, width: int
) -> None:
    page = page_at(width, service_workers="allow")
    opened_once(page)
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#report-form")).to_be_visible()
    expect(page.locator("#pickmap path.t-rim")).to_be_visible()
    expect(page.locator("#no-network")).to_be_visible()
    written_offline(page, town, photos=2)
    expect(page.locator("#uploads .is-waiting")).to_have_count(2)
    assert_accessible(page)
    screenshot(page, f"report-airplane-{width}", full=True)
    page.locator("#send").click()
    expect(page.locator("#waiting li[data-state=queued]")).to_contain_text("піде")
    assert_accessible(page)
    screenshot(page, f"report-waits-{width}", full=True)
    page.context.set_offline(False)
    expect_sent(page)
    screenshot(page, f"report-went-{width}", full=True)
    issue = Issue.objects.get()
    assert issue.text == WORDS
    assert photos_of(issue) == 2
    page.locator("#waiting li a").click()
    expect(page.locator("#secret-link")).to_be_visible()


def test_two_tabs_and_the_service_worker_send_one_report(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP, service_workers="allow")
    opened_once(page)
    other = page.context.new_page()
    other.goto(ADDRESS)
    page.context.set_offline(True)
    written_offline(page, town, photos=3)
    page.locator("#send").click()
    expect(page.locator("#waiting li[data-state=queued]")).to_be_visible()
    expect(other.locator("#waiting li[data-state=queued]")).to_be_visible()
    session = page.context.new_cdp_session(page)
    session.send("ServiceWorker.enable")
    page.context.set_offline(False)  # both tabs hear of it
    with_sync = {"origin": page.evaluate("location.origin"), "tag": "reports", "lastChance": False}
    for registration in registrations_of(page):
        session.send("ServiceWorker.dispatchSyncEvent", with_sync | {"registrationId": registration})
    for tab in (page, other):
        expect_sent(tab)
    assert photos_of(Issue.objects.get()) == 3
    assert Photo.objects.count() == 3


def registrations_of(page: Page) -> list[str]:
    """Ids of the service workers that the browser has, as its own tools name them."""
    found: list[str] = []
    session = page.context.new_cdp_session(page)
    session.on("ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(_ids(told)))
    session.send("ServiceWorker.enable")
    page.wait_for_timeout(200)
    assert found
    return found


def _ids(told: dict[str, list[dict[str, str]]]) -> list[str]:
    return [one["registrationId"] for one in told["registrations"]]


def test_what_the_server_must_ask_is_asked_and_nothing_is_lost(page_at: PageAt, city: City, town: Town) -> None:
    """The answerer that was seen has another promise now: nobody agreed to that."""
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.locator("#photo").set_input_files(photo(jpeg()))
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    fill(page, town)
    page.context.set_offline(True)
    page.locator("#send").click()
    expect(page.locator("#waiting li[data-state=queued]")).to_be_visible()
    city.manholes.working_days += 5
    city.manholes.save()
    page.context.set_offline(False)
    expect(page.locator("#waiting li[data-state=asked]")).to_contain_text("Потрібна ваша відповідь", timeout=30_000)
    assert Issue.objects.count() == 0
    assert_accessible(page)
    screenshot(page, "report-asked", full=True)
    page.locator("#waiting [data-do=edit]:visible").click()
    expect(page).to_have_url(re.compile("draft="))  # the form that was left has the same words
    expect(page.locator("#text")).to_have_value(WORDS)
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    expect(page.locator("#send")).to_contain_text(VODOKANAL)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert photos_of(Issue.objects.get()) == 1


def test_a_report_that_waits_can_be_changed_and_deleted(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE, service_workers="allow")
    opened_once(page)
    page.context.set_offline(True)
    written_offline(page, town)
    page.locator("#send").click()
    page.locator("#waiting [data-do=edit]:visible").click()
    expect(page).to_have_url(re.compile("draft="))  # the form that was left has the same words
    expect(page.locator("#text")).to_have_value(WORDS)
    page.locator("#text").fill("Люк гримить уночі")
    page.locator("#send").click()
    item = page.locator("#waiting li[data-state=queued]")
    expect(item).to_contain_text("Люк гримить уночі")
    item.locator("[data-do=delete]").click()
    expect(item).to_be_visible()
    item.locator("[data-do=delete]").click()
    expect(item).to_have_count(0)
    page.context.set_offline(False)
    page.goto(ADDRESS)
    expect(page.locator("#text")).to_have_value("")
    assert Issue.objects.count() == 0


def test_without_a_network_nothing_half_written_is_taken(page_at: PageAt) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.locator("#text").fill(WORDS)
    page.context.set_offline(True)
    page.locator("#send").click()
    expect(page.locator("#send-trouble")).to_contain_text("Немає мережі")
    expect(page.locator("#report-form")).to_be_visible()


def test_an_answer_that_was_lost_makes_no_second_report(page_at: PageAt, town: Town) -> None:
    """The report arrives, and the network goes before the answer comes back."""
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    fill(page, town)
    page.context.set_offline(True)
    page.locator("#send").click()
    expect(page.locator("#waiting li[data-state=queued]")).to_be_visible()
    lost: list[int] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST" or lost:
            return route.fallback()
        lost.append(route.fetch().status)
        return route.abort()

    page.route("**/report/", lose)
    page.context.set_offline(False)
    expect(page.locator("#waiting li[data-state=queued] [data-do=send]")).to_be_visible()
    for _time in range(200):
        if lost:
            break
        page.wait_for_timeout(100)
    assert lost == [201]
    page.locator("#waiting [data-do=send]:visible").click()
    expect_sent(page)
    assert Issue.objects.count() == 1


# A battery that dies ------------------------------------------------------------------------------------------
class Phone:
    """A browser with a profile on the disk. Its power may go at any moment."""

    def __init__(self, browser: Browser, server: LiveServer, profile: Path) -> None:
        self._type, self._server, self._profile = browser.browser_type, server, profile
        self._context: BrowserContext | None = None

    def turn_on(self) -> Page:
        context = self._type.launch_persistent_context(
            self._profile,
            executable_path=CHROMIUM,
            args=["--no-sandbox"],
            base_url=self._server.url,
            viewport={"width": PHONE, "height": 844},
            locale="uk-UA",
        )
        self._context = context
        return context.pages[0]

    def power_goes(self) -> None:
        """Every process of this browser is killed; none has a moment to write anything."""
        mine = f"--user-data-dir={self._profile}".encode()
        own = [int(found.parent.name) for found in Path("/proc").glob("[0-9]*/cmdline") if mine in found.read_bytes()]
        assert own
        for pid in own:
            with suppress(ProcessLookupError):  # its parent took it along
                os.kill(pid, signal.SIGKILL)
        self._context = None

    def turn_off(self) -> None:
        if self._context:
            self._context.close()


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer, tmp_path: Path) -> Iterator[Phone]:
    found = Phone(browser, live_server, tmp_path / "profile")
    yield found
    found.turn_off()


def test_a_dead_battery_takes_neither_words_nor_photos(phone: Phone, town: Town) -> None:
    page = phone.turn_on()
    opened_once(page)
    page.context.set_offline(True)
    written_offline(page, town, photos=1)
    expect(page.locator("#uploads .is-waiting")).to_have_count(1)
    page.wait_for_timeout(1000)
    phone.power_goes()
    page = phone.turn_on()
    page.goto(ADDRESS)
    expect(page.locator("#text")).to_have_value(WORDS)
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    expect(page.locator("#send")).to_contain_text(VODOKANAL)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert photos_of(Issue.objects.get()) == 1


def test_a_battery_that_dies_while_a_report_waits_does_not_stop_it(phone: Phone, town: Town) -> None:
    page = phone.turn_on()
    opened_once(page)
    page.context.set_offline(True)
    written_offline(page, town, photos=1)
    page.locator("#send").click()
    expect(page.locator("#waiting li[data-state=queued]")).to_be_visible()
    phone.power_goes()
    page = phone.turn_on()
    page.goto(ADDRESS)
    expect_sent(page)
    assert photos_of(Issue.objects.get()) == 1
