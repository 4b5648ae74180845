"""What the device keeps of a form that was not sent: every field, in every tab, whatever ends the page."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, PageAt
from tests.browser.report_form import ADDRESS, WORDS, fill, place_of
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("city")

# Fields that other parts of the form may bring: there from the start, or written later by the server.
MORE_FIELDS = """
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("#report-form");
  form.insertAdjacentHTML("beforeend", `
    <input name="more-hidden" type="hidden"><input name="more-date" type="date">
    <select name="more-choice"><option>one</option><option>two</option></select>
    <input type="checkbox" name="more-box" value="a"><input type="checkbox" name="more-box" value="b">
    <input type="checkbox" name="more-shy" value="yes" checked>`);
  setTimeout(() => form.insertAdjacentHTML("beforeend", '<textarea name="more-late"></textarea>'), 400);
});
"""

# The disk answers nothing more until the page ends.
DISK_IS_SLOW = "() => { IDBDatabase.prototype.transaction = () => ({ objectStore: () => ({ get: () => ({}) }) }); }"


def kept_on_the_disk(page: Page) -> None:
    """Waits until the page says that the draft is kept, as of now."""
    page.evaluate("document.querySelectorAll('[data-draft-note]').forEach((note) => { note.textContent = ''; })")
    page.locator("#text").press("End")
    page.locator("#text").press_sequentially(" ")
    expect(page.locator("[data-draft-note]").first).to_contain_text("Чернетку збережено")


def texts_kept(page: Page) -> list[str]:
    """The words of every draft on this device, in order of the alphabet."""
    texts = page.evaluate(
        """() => new Promise((resolve) => {
          indexedDB.open("reports").onsuccess = ({ target }) => {
            target.result.transaction("reports").objectStore("reports").getAll().onsuccess = (event) =>
              resolve(event.target.result.map((one) => Object.fromEntries(one.fields).text.trim()));
          };
        })"""
    )
    return sorted(texts)


def test_every_named_field_comes_back_whoever_put_it_there(page_at: PageAt) -> None:
    page = page_at(DESKTOP)
    page.add_init_script(MORE_FIELDS)
    page.goto(ADDRESS)
    page.locator("[name=more-late]").fill("пізніше")
    page.locator("[name=more-date]").fill("2026-11-18")
    page.locator("[name=more-choice]").select_option("two")
    page.locator("[name=more-box][value=b]").check()
    page.locator("[name=more-shy]").uncheck()
    page.evaluate("document.querySelector('[name=more-hidden]').value = '3,4'")
    kept_on_the_disk(page)
    page.reload()
    expect(page.locator("[name=more-late]")).to_have_value("пізніше")
    expect(page.locator("[name=more-date]")).to_have_value("2026-11-18")
    expect(page.locator("[name=more-choice]")).to_have_value("two")
    expect(page.locator("[name=more-box][value=b]")).to_be_checked()
    expect(page.locator("[name=more-box][value=a]")).not_to_be_checked()
    expect(page.locator("[name=more-shy]")).not_to_be_checked()
    expect(page.locator("[name=more-hidden]")).to_have_value("3,4")


def test_the_draft_of_an_older_page_moves_over_once(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    place = town["p"].coords
    old = {"at": page.evaluate("Date.now()"), "key": "", "text": WORDS, "category": "manholes", "address": "Соборна, 5"}
    old |= {"email": "olia@example.org", "place": place, "details": {}, "photos": []}
    page.evaluate("(old) => localStorage.setItem('report:yavoryn', old)", json.dumps(old))
    page.reload()
    expect(page.locator("#text")).to_have_value(WORDS)
    expect(page.locator("#email")).to_have_value("olia@example.org")
    expect(page.locator("input[value=manholes]")).to_be_checked()
    assert place_of(page) == pytest.approx(place, abs=1e-6)
    assert page.evaluate("localStorage.getItem('report:yavoryn')") is None
    page.reload()
    expect(page.locator("#text")).to_have_value(WORDS)


def test_two_tabs_that_both_write_keep_a_draft_each(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    fill(page, town)
    kept_on_the_disk(page)
    other = page.context.new_page()
    other.goto(ADDRESS)
    expect(other.locator("#text")).to_have_value(f"{WORDS} ")
    other.locator("#text").fill("Ліхтар не світить")
    kept_on_the_disk(other)
    page.locator("#text").fill("Люк гримить уночі")
    kept_on_the_disk(page)
    assert texts_kept(page) == ["Люк гримить уночі", "Ліхтар не світить"]


def test_a_browser_that_keeps_nothing_says_so(page_at: PageAt) -> None:
    page = page_at(PHONE)
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { get() { throw new Error('refused'); } })")
    page.goto(ADDRESS)
    page.locator("#text").fill(WORDS)
    expect(page.locator("[data-draft-note]").first).to_contain_text("не зберігає чернеток")


@pytest.mark.slow_phone
@pytest.mark.parametrize("end", ["reload", "goto"])
def test_what_was_typed_a_moment_before_the_page_ended_is_there(page_at: PageAt, end: str) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.locator("#text").fill("Люк")
    expect(page.locator("[data-draft-note]").first).to_contain_text("Чернетку збережено")
    page.evaluate(DISK_IS_SLOW)
    page.locator("#text").fill(WORDS)
    page.reload() if end == "reload" else page.goto(ADDRESS)
    expect(page.locator("#text")).to_have_value(WORDS)
    kept_on_the_disk(page)
    assert page.evaluate("Object.keys(localStorage)") == []


def test_last_words_beside_another_tab_make_a_draft_of_their_own(page_at: PageAt) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.locator("#text").fill("Люк")
    expect(page.locator("[data-draft-note]").first).to_contain_text("Чернетку збережено")
    other = page.context.new_page()
    other.goto(ADDRESS)
    expect(other.locator("#text")).to_have_value("Люк")
    page.evaluate(DISK_IS_SLOW)
    page.locator("#text").fill("Люк гримить уночі")
    other.locator("#text").fill("Люк без кришки")
    kept_on_the_disk(other)
    page.reload()
    expect(page.locator("#text")).to_have_value("Люк гримить уночі")
    assert texts_kept(page) == ["Люк без кришки", "Люк гримить уночі"]


def test_a_form_that_was_sent_leaves_no_last_words(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    fill(page, town)
    page.locator("#send").click()
    page.wait_for_url("**/mine/**")
    page.goto(ADDRESS)
    expect(page.locator("#text")).to_have_value("")
    assert page.evaluate("Object.keys(localStorage)") == []
