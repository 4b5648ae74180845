"""Without a network other public pages lead to the form; a new version of the service worker, an old photo and a full
device lose nothing."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Error, Page, expect

from issues.models import Issue
from media.actions import drop_abandoned_drafts
from media.models import Photo
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt, assert_accessible, screenshot
from tests.browser.report_form import ADDRESS, WORDS, fill, photo
from tests.browser.test_report_kept import kept_on_the_disk
from tests.browser.test_report_offline import expect_sent, opened_once, photos_of, written_offline
from tests.grid import Town
from tests.issues.conftest import author_page
from tests.photos import jpeg

pytestmark = pytest.mark.usefixtures("city")

KEPT_IN_ENGLISH = """async () => {
  const isEnglish = async (page) => (await (await caches.match(page))?.text())?.includes('<html lang="en"');
  for (const page of ["/yavoryn/report/", "/yavoryn/report/no-network/"])
    while (!(await isEnglish(page))) await new Promise((resolve) => setTimeout(resolve, 50));
}"""
NEW_VERSION_WAITS = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update();
  while (!registration.waiting) await new Promise((resolve) => setTimeout(resolve, 50));
}"""
# What a browser does with a photo when its disk is full.
NO_ROOM_FOR_PHOTOS = """
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (...given) {
  if (this.name === "photos") throw new DOMException("There is no room.", "QuotaExceededError");
  return put.apply(this, given);
};
"""
# The device's own notes of when its photos were sent become a day and an hour older.
A_DAY_LATER = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("reports");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("reports", "readwrite");
    const store = transaction.objectStore("reports");
    store.getAll().onsuccess = ({ target }) => {
      for (const report of target.result) {
        for (const photo of report.photos) photo.sentAt -= 25 * 3600 * 1000;
        store.put(report);
      }
    };
    transaction.oncomplete = () => (opening.result.close(), resolve());
  };
})"""


# Other pages -------------------------------------------------------------------------------------------------------
@BOTH_WIDTHS
def test_map_and_report_give_way_to_a_page_that_leads_to_the_form(
    page_at: PageAt, issue: Issue, town: Town, width: int
) -> None:
    page = page_at(width, service_workers="allow")
    opened_once(page)
    page.locator("#text").fill(WORDS)
    kept_on_the_disk(page)
    page.context.set_offline(True)
    for address in ("/yavoryn/", f"/yavoryn/?box=1,2,3,4&selected=issues-{issue.pk}", issue.get_absolute_url()):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Немає мережі|No network"))
        assert page.url.endswith(address), "so that it can be tried again"
    assert_accessible(page)
    screenshot(page, f"no-network-{width}", full=True)
    page.locator("main").get_by_role("link", name="Повідомити про проблему").click()
    expect(page.locator("#text")).to_have_value(re.compile(f"^{re.escape(WORDS)}"))
    page.goto(issue.get_absolute_url())
    page.context.set_offline(False)
    page.locator("main a[href='']").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(issue.title)


def test_pages_behind_secret_links_and_the_administration_go_their_own_way(page_at: PageAt, issue: Issue) -> None:
    page = page_at(PHONE, service_workers="allow")
    opened_once(page)
    page.context.set_offline(True)
    for address in (author_page(issue), "/admin/", "/api/v1/yavoryn/issues/", "/sosnivka/"):
        with pytest.raises(Error, match="ERR_"):
            page.goto(address)


def test_without_a_network_everything_is_english_for_who_reads_english(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE, service_workers="allow")
    opened_once(page)
    page.evaluate("document.querySelector('[name=language][value=en]').click()")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.evaluate(KEPT_IN_ENGLISH)
    page.context.set_offline(True)
    page.goto("/yavoryn/")
    expect(page.get_by_role("heading", level=1)).to_have_text("No network")
    page.goto(ADDRESS)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#no-network")).to_be_visible()
    written_offline(page, town, photos=1)
    expect(page.locator("#uploads .is-waiting")).to_contain_text("No network: kept on this device")
    assert_accessible(page)
    screenshot(page, "report-airplane-english", full=True)
    page.locator("#send").click()
    expect(page.locator("#waiting li[data-state=queued]")).to_contain_text("Waits for a network.")
    page.context.set_offline(False)
    expect(page.locator("#waiting li[data-state=sent]")).to_contain_text("is sent", timeout=30_000)
    issue = Issue.objects.get()
    assert (issue.language, photos_of(issue)) == ("en", 1)


def test_what_was_sent_by_itself_is_told_on_the_next_page_until_it_is_seen(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE, service_workers="allow")
    opened_once(page)
    page.context.set_offline(True)
    written_offline(page, town)
    page.locator("#send").click()
    expect(page.locator("#waiting li[data-state=queued]")).to_be_visible()
    page.context.set_offline(False)
    expect_sent(page)
    issue = Issue.objects.get()
    page.goto("/yavoryn/")
    told = page.locator("#sent-news .toast")
    expect(told).to_contain_text(f"№ {issue.number}")
    assert_accessible(page)
    screenshot(page, "sent-news-390")
    told.get_by_role("link").click()
    expect(page.locator("#secret-link")).to_be_attached()
    expect(told).to_have_count(0)
    page.goto(issue.get_absolute_url())
    told.get_by_role("button").click()
    expect(told).to_have_count(0)
    page.goto("/yavoryn/")
    page.wait_for_load_state("networkidle")
    expect(told).to_have_count(0)


def test_browser_that_kept_nothing_gets_no_store_from_other_pages(page_at: PageAt) -> None:
    page = page_at(DESKTOP)
    page.goto("/yavoryn/")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("indexedDB.databases()") == []


# A new version of the service worker ---------------------------------------------------------------------------------
def test_new_version_that_comes_while_the_form_is_open_loses_nothing(
    page_at: PageAt, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_at(PHONE, service_workers="allow")
    opened_once(page)
    come_under_the_old_version(page)
    old = set(page.evaluate("caches.keys()"))
    page.locator("#photo").set_input_files(photo(jpeg()))
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    fill(page, town)
    kept_on_the_disk(page)
    monkeypatch.setattr("issues.offline_views.version", lambda: "0123456789ab")
    page.evaluate(NEW_VERSION_WAITS)
    expect(page.locator("#text")).to_have_value(re.compile(f"^{re.escape(WORDS)}"))
    assert set(page.evaluate("caches.keys()")) == old | {"report-0123456789ab"}, "the old one keeps what it needs"
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#text")).to_have_value(re.compile(f"^{re.escape(WORDS)}"))
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    page.context.set_offline(False)
    leave_the_old_version(page)
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#text")).to_have_value(re.compile(f"^{re.escape(WORDS)}"))
    page.locator("#send").click()
    expect(page.locator("#waiting li[data-state=queued]")).to_be_visible()
    page.context.set_offline(False)
    expect_sent(page)
    assert photos_of(Issue.objects.get()) == 1


def come_under_the_old_version(page: Page) -> None:
    """The first visit has no worker yet; without a page of the old version a new one would not wait for anything."""
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    page.reload()
    assert page.evaluate("navigator.serviceWorker.controller !== null")


def leave_the_old_version(page: Page) -> None:
    """The last page of the old version goes; the browser changes over when that version has ended its work."""
    for seconds in (0.5, 1, 2, 4, 8, 16):
        page.goto("about:blank")
        page.wait_for_timeout(1000 * seconds)
        page.goto(ADDRESS)
        if page.evaluate("async () => (await caches.keys()).join()") == "report-0123456789ab":
            return
    pytest.fail("The old version is still there.")


# A full device, an old photo -----------------------------------------------------------------------------------------
def test_photo_for_which_the_device_has_no_room_says_so_beside_itself(page_at: PageAt) -> None:
    page = page_at(PHONE)
    page.add_init_script(NO_ROOM_FOR_PHOTOS)
    page.goto(ADDRESS)
    page.locator("#text").fill(WORDS)
    kept_on_the_disk(page)
    page.context.set_offline(True)
    page.locator("#photo").set_input_files(photo(jpeg(), "яма.jpg"))
    said = page.locator("#uploads li.upload [data-say]")
    expect(said).to_contain_text("бракує місця")
    expect(said).to_have_attribute("role", "status")
    screenshot(page, "photo-no-room", full=True)
    assert_accessible(page)
    page.context.set_offline(False)
    expect(page.locator("[name=photo_key]")).to_have_count(1)  # the open page still had it
    expect(said).not_to_contain_text("бракує місця")


def gone_from_the_server() -> None:
    """A day has passed: the server has dropped photos that no report took."""
    drop_abandoned_drafts(at=timezone.now() + timedelta(hours=25))
    assert Photo.objects.count() == 0


def with_a_photo(page: Page, town: Town) -> str:
    """The form is filled in and its photo is on the server; the key of that photo."""
    page.goto(ADDRESS)
    page.locator("#photo").set_input_files(photo(jpeg()))
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    fill(page, town)
    kept_on_the_disk(page)
    return page.locator("[name=photo_key]").input_value()


def test_photo_of_a_draft_that_the_server_dropped_after_a_day_is_sent_again_from_the_device(
    page_at: PageAt, town: Town
) -> None:
    page = page_at(PHONE)
    key = with_a_photo(page, town)
    gone_from_the_server()
    page.goto("/_parts/")
    page.evaluate(A_DAY_LATER)
    page.goto(ADDRESS)
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    assert page.locator("[name=photo_key]").input_value() != key
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert photos_of(Issue.objects.get()) == 1


def test_photo_of_a_report_that_waited_longer_than_a_day_goes_with_it_from_the_device(
    page_at: PageAt, town: Town
) -> None:
    page = page_at(PHONE)
    with_a_photo(page, town)
    page.context.set_offline(True)
    page.locator("#send").click()
    expect(page.locator("#waiting li[data-state=queued]")).to_be_visible()
    gone_from_the_server()
    page.evaluate(A_DAY_LATER)
    page.context.set_offline(False)
    expect_sent(page)
    assert photos_of(Issue.objects.get()) == 1


# Without scripts -----------------------------------------------------------------------------------------------------
@BOTH_WIDTHS
def test_without_javascript_the_server_tells_of_the_draft_that_it_kept(page_at: PageAt, width: int) -> None:
    page = page_at(width, javascript=False)
    page.goto(ADDRESS)
    expect(page.locator("#kept")).to_have_count(0)
    page.locator("#text").fill(WORDS)
    page.locator("#photo").set_input_files(photo(jpeg(), "яма.jpg"))
    page.locator("#send").click()
    expect(page.locator("#errors")).to_be_visible()
    page.goto("/yavoryn/")
    page.goto(ADDRESS)
    notice = page.get_by_role("region", name="Ваше незакінчене повідомлення")
    expect(notice).to_be_visible()
    expect(page.locator("#text")).to_have_value("")
    screenshot(page, f"report-kept-no-script-{width}", full=True)
    notice.get_by_role("link").click()
    expect(page.locator("#text")).to_have_value(WORDS)
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    page.goto(ADDRESS)
    notice.get_by_role("button").click()
    page.goto(ADDRESS)
    expect(notice).to_have_count(0)
    expect(page.locator("#text")).to_have_value("")
