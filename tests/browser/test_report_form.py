"""The report form: short with JavaScript, whole without it, and nothing typed is ever lost."""

import pytest
from playwright.sync_api import FilePayload, Route, expect

from issues.models import Issue
from media.models import Photo
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
from tests.browser.report_form import ADDRESS, KYIV, VODOKANAL, WORDS, choose, fill, photo, place_of, typed
from tests.conftest import City
from tests.grid import Town
from tests.photos import broken_jpeg, jpeg

pytestmark = pytest.mark.usefixtures("city")


@BOTH_WIDTHS
def test_a_report_with_a_photo_is_sent_and_the_secret_link_opens(page_at: PageAt, width: int, town: Town) -> None:
    page = page_at(width)
    page.goto(ADDRESS)
    taken_at = (town["p"].x, town["p"].y)
    page.locator("#photo").set_input_files(photo(jpeg(800, 600, place=taken_at)))
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    assert place_of(page) == pytest.approx(taken_at, abs=1e-5)
    page.locator("#text").fill(WORDS)
    choose(page, "manholes")
    expect(page.locator("#answerer .promise h3")).to_have_text(VODOKANAL)
    screenshot(page, f"report-{width}", full=True)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    issue = Issue.objects.get()
    assert (issue.text, issue.category.code) == (WORDS, "manholes")
    assert (issue.location.x, issue.location.y) == pytest.approx(taken_at, abs=1e-5)
    assert Photo.objects.filter(subject=issue.subject).count() == 1
    screenshot(page, f"report-sent-{width}", full=True)


def test_who_answers_follows_the_place_and_the_category(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    fill(page, town)
    choose(page, "roads")
    expect(page.locator("#send")).to_contain_text("КП «Яворинавтодор»")
    page.locator("#address").fill(typed(town, "q"))
    page.locator("#address").press("Enter")
    expect(page.locator("#send")).to_contain_text("Яворинська міська рада")
    assert page.locator("[name=seen]").input_value() != ""


def test_the_keyboard_alone_makes_a_report(page_at: PageAt) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)

    def go_to(selector: str) -> None:
        press_until(page, "Tab", lambda: bool(page.evaluate("(s) => document.activeElement.matches(s)", selector)))

    go_to("#pickmap [data-canvas]")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[name=lon]")).not_to_have_value("")
    east = place_of(page)[0]
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[name=lon]")).not_to_have_value(f"{east:.6f}")
    go_to("#text")
    page.keyboard.type(WORDS)
    go_to("[name=category]")
    page.keyboard.press("Space")
    expect(page.locator("#answerer .promise")).to_be_visible()
    go_to("#send")
    page.keyboard.press("Enter")
    expect(page.locator("#secret-link")).to_be_visible()
    assert Issue.objects.get().text == WORDS


def test_a_bad_photo_says_so_beside_itself_and_the_good_one_stays(page_at: PageAt) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    page.locator("#photo").set_input_files([photo(jpeg()), photo(broken_jpeg(), "зламане.jpg")])
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    expect(page.locator("#uploads .is-late")).to_contain_text("зламане.jpg")
    screenshot(page, "report-bad-photo", full=True)
    page.locator("#uploads .upload", has=page.locator("[name=photo_key]")).locator("[data-remove]").click()
    expect(page.locator("[name=photo_key]")).to_have_count(0)


def test_each_refused_photo_says_its_own_name_and_reason_until_it_is_removed(page_at: PageAt) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    letter = FilePayload(name="лист.txt", mimeType="text/plain", buffer="Доброго дня!".encode())
    page.locator("#photo").set_input_files([photo(broken_jpeg(), "зламане.jpg"), letter])
    refused = page.locator("#uploads .is-refused")
    broken, no_photo = (refused.filter(has_text=name) for name in ("зламане.jpg", "лист.txt"))
    expect(refused).to_have_count(2)
    expect(no_photo.get_by_role("alert")).to_be_visible()
    assert broken.inner_text().replace("зламане.jpg", "") != no_photo.inner_text().replace("лист.txt", "")
    screenshot(page, "report-refused-photos")
    broken.locator("[data-remove]").click()
    expect(page.locator("#report-form")).not_to_contain_text("зламане.jpg")
    expect(no_photo).to_have_count(1)


def test_no_word_of_a_category_is_broken_on_a_phone(page_at: PageAt, city: City) -> None:
    city.manholes.name = "Водопостачання"
    city.manholes.save()
    page = page_at(PHONE)
    page.goto(ADDRESS)
    chip = page.locator("label.chip", has_text="Водопостачання")
    lines = chip.evaluate(
        """(chip) => {
          const range = document.createRange();
          range.selectNodeContents(chip.lastChild);
          return new Set([...range.getClientRects()].map((line) => line.top)).size;
        }"""
    )
    assert lines == 1


def test_when_nobody_can_say_who_answers_the_form_offers_to_try_again(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)

    def fail(route: Route) -> None:
        route.abort()

    page.route("**/report/answerer/*", fail)
    choose(page, "manholes")
    page.locator("#address").fill(typed(town, "p"))
    page.locator("#address").press("Enter")
    again = page.locator("#answerer [data-again]")
    expect(again).to_be_visible()
    page.unroute("**/report/answerer/*", fail)
    again.click()
    expect(page.locator("#answerer .promise h3")).to_have_text(VODOKANAL)


@BOTH_WIDTHS
def test_the_whole_way_without_javascript(page_at: PageAt, width: int, town: Town, city: City) -> None:
    page = page_at(width, javascript=False)
    page.goto(ADDRESS)
    screenshot(page, f"report-no-script-{width}", full=True)
    page.locator("#photo").set_input_files(photo(jpeg()))
    page.locator("#text").fill(WORDS)
    choose(page, "manholes")
    image = page.locator(".tapmap-image:visible")
    box = image.bounding_box()
    assert box
    image.click(position={"x": box["width"] / 2, "y": box["height"] * 0.4})
    boundary = city.community.boundary
    assert boundary
    west, south, east, north = boundary.extent
    lon, lat = place_of(page)
    assert lon == pytest.approx((west + east) / 2, abs=(east - west) / 50)
    assert (south + north) / 2 < lat < north
    assert page.locator("#text").input_value() == WORDS
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    page.locator("button[value=zoom_in]").click()
    assert place_of(page) == (lon, lat)
    page.locator("#send").click()
    expect(page.locator("#answerer .promise h3")).to_have_text(VODOKANAL)
    assert Issue.objects.count() == 0
    screenshot(page, f"report-no-script-check-{width}", full=True)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    issue = Issue.objects.get()
    assert (issue.location.x, issue.location.y) == pytest.approx((lon, lat), abs=1e-6)
    assert Photo.objects.filter(subject=issue.subject).count() == 1


def test_without_javascript_a_photo_from_far_away_is_no_place_and_says_so(page_at: PageAt) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto(ADDRESS)
    page.locator("#photo").set_input_files(photo(jpeg(place=KYIV)))
    page.locator("button[value=zoom_in]").click()
    expect(page.locator("#place-outside")).to_contain_text("Яворинська громада")
    assert page.locator("[name=lon]").input_value() == ""
    screenshot(page, "report-no-script-photo-from-far", full=True)


def test_without_javascript_the_enter_key_only_checks(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP, javascript=False)
    page.goto(ADDRESS)
    page.locator("#text").fill(WORDS)
    choose(page, "manholes")
    page.locator("#address").fill(typed(town, "p"))
    page.locator("#address").press("Enter")
    expect(page.locator("#answerer .promise h3")).to_have_text(VODOKANAL)
    assert Issue.objects.count() == 0


@BOTH_WIDTHS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_form(page_at: PageAt, width: int, scheme: str, town: Town) -> None:
    page = page_at(width, color_scheme=scheme)
    page.goto(ADDRESS)
    fill(page, town)
    page.locator("#answerer summary").click()
    assert_accessible(page)
    assert_no_csp_violations(page)
    screenshot(page, f"report-{scheme}-{width}", full=True)


@BOTH_WIDTHS
def test_axe_finds_nothing_on_the_form_when_our_scripts_do_not_come(page_at: PageAt, width: int) -> None:
    page = page_at(width)
    page.route("**/static/**/*.js", lambda route: route.abort())
    page.goto(ADDRESS)
    expect(page.locator(".tapmap")).to_be_visible()
    assert_accessible(page)
