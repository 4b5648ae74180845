"""Nothing typed is ever lost, and nothing is sent twice."""

import re

import pytest
from playwright.sync_api import expect

from issues.models import Issue
from media.models import Photo
from tests.browser.conftest import (
    BOTH_WIDTHS,
    DESKTOP,
    PHONE,
    PageAt,
    assert_accessible,
    screenshot,
)
from tests.browser.report_form import (
    ADDRESS,
    VODOKANAL,
    WORDS,
    fill,
    photo,
    place_of,
)
from tests.grid import Town
from tests.issues.conftest import address_of_author
from tests.photos import jpeg

pytestmark = pytest.mark.usefixtures("city")


def test_two_tabs_with_the_same_draft_send_one_report(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    fill(page, town)
    other = page.context.new_page()
    other.goto(ADDRESS)
    expect(other.locator("#send")).to_contain_text(VODOKANAL)
    assert other.locator("[name=key]").input_value() == page.locator("[name=key]").input_value()
    third = page.context.new_page()
    third.goto(ADDRESS)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    number = Issue.objects.get().number
    for tab in (other, third):
        expect(tab.locator("#sent-before")).to_contain_text(f"№ {number}")
        expect(tab.locator("#report-form")).to_be_hidden()
    third.locator("#sent-before a").click()
    expect(third).to_have_url(re.compile("/yavoryn/mine/"))
    expect(third.locator("main")).to_contain_text(f"№\xa0{number}")
    screenshot(other, "report-sent-in-another-tab")
    other.evaluate("document.querySelector('#main').classList.remove('is-sent')")
    other.locator("#send").click()
    expect(other.locator("#secret-link")).to_be_visible()
    assert Issue.objects.count() == 1


def test_what_was_chosen_on_the_page_before_is_newer_than_the_draft(page_at: PageAt, town: Town) -> None:
    """“Report a problem here” leads from a place and a problem; an older draft gives back its words."""
    page = page_at(PHONE)
    page.goto(ADDRESS)
    fill(page, town)
    page.goto(f"{ADDRESS}?lat={town['q'].y:.6f}&lon={town['q'].x:.6f}&category=roads")
    expect(page.locator("#restored")).to_be_visible()
    expect(page.locator("#text")).to_have_value(WORDS)
    expect(page.locator("input[value=roads]")).to_be_checked()
    assert place_of(page) == pytest.approx(town["q"].coords, abs=1e-6)


def test_going_back_after_sending_says_so_instead_of_a_half_empty_form(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    fill(page, town)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    page.wait_for_load_state("load")  # the receipt's script has noted what was sent
    page.go_back()
    expect(page.locator("#sent-before")).to_contain_text(f"№ {Issue.objects.get().number}")
    expect(page.locator("#report-form")).to_be_hidden()
    assert_accessible(page)
    screenshot(page, "report-back-after-sending")
    page.locator("#sent-before button").click()
    expect(page.locator("#report-form")).to_be_visible()
    expect(page.locator("#text")).to_have_value("")
    expect(page.locator("#text-count")).to_contain_text("0")
    expect(page.locator("[data-step=place]")).not_to_have_class(re.compile("is-past"))


@pytest.mark.parametrize("how", ["offline", "no answer"])
def test_without_a_connection_the_report_waits_says_so_and_goes_by_itself(
    page_at: PageAt, town: Town, how: str
) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    fill(page, town)
    if how == "offline":
        page.context.set_offline(True)
    else:
        page.route("**/report/", lambda route: route.abort())
    page.locator("#send").click()
    expect(page.locator("#waiting")).to_be_focused()
    expect(page.locator("#waiting li")).to_contain_text(WORDS)
    assert Issue.objects.count() == 0
    assert_accessible(page)
    screenshot(page, "report-offline")
    page.context.set_offline(False)
    page.unroute("**/report/")
    if how == "no answer":
        page.locator("#waiting [data-do=send]").click()
    expect(page.locator("#waiting li[data-state=sent]")).to_contain_text(VODOKANAL, timeout=30_000)
    issue = Issue.objects.get()
    page.locator("#waiting li a").click()
    expect(page.locator("main")).to_contain_text(f"№\xa0{issue.number}")
    expect(page.locator("#secret-link")).to_be_visible()


def test_a_draft_survives_a_reload_and_goes_when_the_report_is_sent(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    page.locator("#photo").set_input_files(photo(jpeg()))
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    fill(page, town)
    place = place_of(page)
    page.goto(ADDRESS)
    expect(page.locator("#restored")).to_be_visible()
    assert page.locator("#text").input_value() == WORDS
    assert place_of(page) == pytest.approx(place, abs=1e-6)
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    expect(page.locator("#send")).to_contain_text(VODOKANAL)
    screenshot(page, "report-restored", full=True)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert Photo.objects.filter(subject=Issue.objects.get().subject).count() == 1
    page.wait_for_load_state("load")  # the receipt's script has noted what was sent
    page.goto(ADDRESS)
    expect(page.locator("#restored")).to_be_hidden()
    assert page.locator("#text").input_value() == ""


def test_starting_anew_forgets_the_draft(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    fill(page, town)
    page.goto(ADDRESS)
    page.locator("#restored button").click()
    expect(page.locator("#text")).to_have_value("")
    expect(page.locator("#restored")).to_be_hidden()


def test_an_impatient_second_press_sends_once(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    fill(page, town)
    page.locator("#send").dblclick()
    expect(page.locator("#secret-link")).to_be_visible()
    assert Issue.objects.count() == 1


@BOTH_WIDTHS
def test_an_error_keeps_everything_and_gets_the_focus(page_at: PageAt, width: int, town: Town) -> None:
    page = page_at(width)
    page.goto(ADDRESS)
    page.locator("#photo").set_input_files(photo(jpeg()))
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    fill(page, town)
    place = place_of(page)
    page.locator("#email").fill("olena@gmail")
    page.locator("#send").click()
    expect(page.locator("#errors")).to_be_focused()
    assert Issue.objects.count() == 0
    expect(page.locator("#email")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#email-error")).to_be_visible()
    assert page.locator("#email").input_value() == "olena@gmail"
    assert page.locator("#text").input_value() == WORDS
    assert page.locator("[name=category]:checked").get_attribute("value") == "manholes"
    assert place_of(page) == pytest.approx(place, abs=1e-6)
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    assert_accessible(page)
    screenshot(page, f"report-error-{width}", full=True)
    page.locator("#errors a").click()
    expect(page.locator("#email")).to_be_focused()
    page.locator("#email").fill("olena@example.org")
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert address_of_author(Issue.objects.get()) == "olena@example.org"
