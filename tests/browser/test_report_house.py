"""Which house, which answers, and whether the pin stands right: with script, without it, and by keyboard alone."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from issues.models import Issue
from routing.models import Decision
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
from tests.browser.report_form import ADDRESS, WORDS, choose, typed
from tests.conftest import City
from tests.grid import Town, degrees_per_metre
from tests.issues.conftest import Houses, ask_where, new_rule, register_houses

OSBB, DOMKOM = "ОСББ «Затишок»", "«Домком»"


@pytest.fixture
def houses(city: City, town: Town) -> Houses:
    """Two houses at p; of a hole in the road it is asked where exactly."""
    ask_where(city)
    new_rule(city, category=city.roads, answers={"where": ["yard"]}, priority=5, organisation=city.vodokanal)
    return register_houses(city, town)


@pytest.fixture
def border(city: City, town: Town) -> str:
    """Coordinates in Заріччя, 12 m from Слобідка, where the water utility keeps the roads."""
    new_rule(city, category=city.roads, division=city.division, area_code="south", organisation=city.vodokanal)
    _per_lon, per_lat = degrees_per_metre(town["C"].y)
    return f"{town['C'].y + 12 * per_lat:.6f}, {town['p'].x:.6f}"


def house(page: Page, number: str) -> None:
    page.locator("#asset-list label", has_text=f"вул. Соборна, {number}").click()


def place(page: Page, text: str) -> None:
    page.locator("#address").fill(text)
    page.locator("#address").press("Enter")


def fill_in(page: Page, where: str, category: str) -> None:
    """Words, a place and a category, as everybody begins."""
    page.goto(ADDRESS)
    page.locator("#text").fill(WORDS)
    place(page, where)
    choose(page, category)


# A house ------------------------------------------------------------------------------------------------------
@BOTH_WIDTHS
def test_house_is_chosen_from_the_nearest_and_its_manager_answers(
    page_at: PageAt, width: int, houses: Houses, town: Town
) -> None:
    page = page_at(width)
    fill_in(page, typed(town, "p"), "houses")
    expect(page.locator("#asset-list label")).to_have_count(3)
    expect(page.locator("#answerer")).not_to_contain_text(OSBB)
    house(page, "12")
    expect(page.locator("#send")).to_contain_text(OSBB)
    page.locator("select#entrance").select_option("3")
    page.locator("#flat").fill("31")
    house(page, "14")
    expect(page.locator("#send")).to_contain_text(DOMKOM)
    expect(page.locator("#flat")).to_have_value("31")
    expect(page.locator("input#entrance")).to_have_value("3")
    assert_accessible(page)
    assert_no_csp_violations(page)
    screenshot(page, f"report-house-{width}", full=True)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    issue = Issue.objects.get()
    assert (issue.asset, issue.entrance, issue.flat) == (houses.second, "3", "31")
    screenshot(page, f"report-house-sent-{width}", full=True)


def test_house_is_searched_for_and_sets_the_pin(page_at: PageAt, houses: Houses, town: Town) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.locator("#text").fill(WORDS)
    choose(page, "houses")
    page.locator("#find").press_sequentially("собор 14")
    expect(page.locator("#asset-list label")).to_have_count(2)
    expect(page.locator("#find")).to_be_focused()
    expect(page.locator("#find")).to_have_value("собор 14")
    house(page, "14")
    expect(page.locator("[name=lat]")).to_have_value(re.compile(f"^{town['p'].y:.4f}"))
    expect(page.locator("#send")).to_contain_text(DOMKOM)
    page.locator("#find").fill("соборна 12")
    expect(page.locator("#asset-list label", has_text="Соборна, 12")).to_be_visible()
    before = page.locator("[name=lon]").input_value()
    house(page, "12")
    expect(page.locator("#send")).to_contain_text(OSBB)
    assert page.locator("[name=lon]").input_value() != before, "the pin follows, as nobody else put it"


def test_draft_keeps_house_flat_and_answers(page_at: PageAt, houses: Houses, town: Town) -> None:
    page = page_at(DESKTOP)
    fill_in(page, typed(town, "p"), "houses")
    house(page, "12")
    page.locator("select#entrance").select_option("2")
    page.locator("#flat").fill("31")
    page.goto(ADDRESS)
    expect(page.locator("#restored")).to_be_visible()
    expect(page.locator("#send")).to_contain_text(OSBB)
    expect(page.locator("#asset-list input:checked")).to_have_value(str(houses.first.pk))
    expect(page.locator("select#entrance")).to_have_value("2")
    expect(page.locator("#flat")).to_have_value("31")


def test_keyboard_alone_chooses_a_house(page_at: PageAt, houses: Houses) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)

    def go_to(selector: str) -> None:
        press_until(page, "Tab", lambda: bool(page.evaluate("(s) => document.activeElement.matches(s)", selector)))

    go_to("#text")
    page.keyboard.type(WORDS)
    go_to("[name=category]")
    page.keyboard.press("Space")
    expect(page.locator("[name=category]:checked")).to_have_value("houses")
    expect(page.locator("#find")).to_be_visible()
    go_to("#find")
    page.keyboard.type("соборна")
    expect(page.locator("#asset-list label")).to_have_count(3)
    page.keyboard.press("Enter")
    expect(page.locator("#find")).to_be_focused()
    go_to("[name=asset]")
    page.keyboard.press("Space")
    expect(page.locator("#send")).to_contain_text(OSBB)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#send")).to_contain_text(DOMKOM)
    expect(page.locator(f"[name=asset][value='{houses.second.pk}']")).to_be_focused()
    go_to("#flat")
    page.keyboard.type("31")
    go_to("#send")
    page.keyboard.press("Enter")
    expect(page.locator("#secret-link")).to_be_visible()
    assert Issue.objects.get().flat == "31"


@BOTH_WIDTHS
def test_house_without_javascript(page_at: PageAt, width: int, houses: Houses, town: Town) -> None:
    page = page_at(width, javascript=False)
    page.goto(ADDRESS)
    page.locator("#text").fill(WORDS)
    choose(page, "houses")
    page.locator("#send").click()
    expect(page.locator("#errors")).to_be_visible()
    expect(page.locator("#asset .error")).to_have_count(0)
    page.locator("#find").fill("соборна")
    page.locator("button[value=find]").click()
    expect(page.locator("#asset-list label")).to_have_count(3)
    assert page.locator("#text").input_value() == WORDS
    screenshot(page, f"report-house-no-script-{width}", full=True)
    house(page, "12")
    page.locator("#flat").fill("31")
    page.locator("#send").click()
    expect(page.locator("#answerer .promise h3")).to_have_text(OSBB)
    expect(page.locator("select#entrance")).to_be_visible()
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    issue = Issue.objects.get()
    assert (issue.asset, issue.flat) == (houses.first, "31")
    assert issue.location.x == pytest.approx(town["p"].x, abs=1e-4)


# Questions ----------------------------------------------------------------------------------------------------
@BOTH_WIDTHS
def test_answer_to_a_question_decides_at_once(page_at: PageAt, width: int, houses: Houses, town: Town) -> None:
    page = page_at(width)
    fill_in(page, typed(town, "p"), "roads")
    expect(page.locator("#details legend")).to_contain_text("Де саме?")
    expect(page.locator("[data-step=what]")).not_to_have_class(re.compile("is-past"))
    page.locator("#details label", has_text="У дворі").click()
    expect(page.locator("#send")).to_contain_text("КП «Яворинводоканал»")
    page.locator("#details label", has_text="На вулиці").click()
    expect(page.locator("#send")).to_contain_text("КП «Яворинавтодор»")
    choose(page, "manholes")
    expect(page.locator("#details legend")).to_have_count(0)
    choose(page, "roads")
    expect(page.locator("#details input:checked")).to_have_value("street")
    assert_accessible(page)
    screenshot(page, f"report-question-{width}", full=True)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert Issue.objects.get().answers == {"where": "street"}


def test_unanswered_question_says_so_beside_itself(page_at: PageAt, houses: Houses, town: Town) -> None:
    page = page_at(PHONE)
    fill_in(page, typed(town, "p"), "roads")
    expect(page.locator("#details legend")).to_be_visible()
    page.locator("#send").click()
    expect(page.locator("#answer-where .error")).to_be_visible()
    expect(page.locator("#errors")).to_be_focused()
    assert page.locator("#text").input_value() == WORDS
    screenshot(page, "report-question-error", full=True)
    page.locator("#errors a").click()
    expect(page.locator("#answer-where")).to_be_focused()


def test_script_that_comes_late_leaves_the_cursor_where_somebody_went(
    page_at: PageAt, houses: Houses, town: Town
) -> None:
    page = page_at(PHONE)
    fill_in(page, typed(town, "p"), "roads")
    expect(page.locator("#details legend")).to_be_visible()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/issues/report*.js", hold)
    page.locator("#send").click()
    expect(page.locator("#errors")).to_be_focused()
    page.locator("#errors a").click()
    expect(page.locator("#answer-where")).to_be_focused()
    for route in held:
        route.continue_()
    expect(page.locator("#report-form input[name=script]")).to_have_count(1)
    expect(page.locator("#text-count")).not_to_be_empty()
    expect(page.locator("#answer-where")).to_be_focused()


# Doubt --------------------------------------------------------------------------------------------------------
@pytest.mark.slow_phone
@BOTH_WIDTHS
def test_near_a_border_the_place_is_confirmed_on_a_close_view(page_at: PageAt, width: int, border: str) -> None:
    page = page_at(width)
    fill_in(page, border, "roads")
    expect(page.locator("#sure")).to_be_visible()
    expect(page.locator(".close-view")).to_have_js_property("complete", True)
    page.locator("#send").click()
    expect(page.locator("#sure")).to_be_focused()
    expect(page.locator("#sure-error")).to_be_visible()
    assert page.locator("#text").input_value() == WORDS
    assert_accessible(page)
    screenshot(page, f"report-doubt-{width}", full=True)
    page.keyboard.press("Space")
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert Decision.objects.get().trace["doubt"]["confirmed"] is True


def test_moved_pin_is_asked_about_again(page_at: PageAt, border: str, town: Town) -> None:
    page = page_at(DESKTOP)
    fill_in(page, border, "roads")
    page.locator("#sure").check()
    page.locator("#email").fill("olia@example.org")
    expect(page.locator("#sure")).to_be_checked()
    lat, lon = border.split(", ")
    was = page.locator("#sure").get_attribute("value")
    place(page, f"{lat}, {float(lon) + 0.0001:.6f}")
    expect(page.locator("#sure")).not_to_have_attribute("value", was or "")
    expect(page.locator("#sure")).not_to_be_checked()
    place(page, typed(town, "p"))
    expect(page.locator("#sure")).to_have_count(0)


def test_doubt_is_confirmed_without_javascript(page_at: PageAt, border: str) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto(ADDRESS)
    page.locator("#text").fill(WORDS)
    page.locator("#address").fill(border)
    choose(page, "roads")
    page.locator("#send").click()
    expect(page.locator("#sure")).to_be_visible()
    page.locator("#send").click()
    expect(page.locator("#sure-error")).to_be_visible()
    expect(page.locator("#sure")).to_be_focused()
    screenshot(page, "report-doubt-no-script", full=True)
    page.locator("#sure").check()
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()
    assert Decision.objects.get().trace["doubt"]["confirmed"] is True


# Who would answer here? ---------------------------------------------------------------------------------------
@BOTH_WIDTHS
def test_anybody_asks_who_would_answer_and_reports_from_there(
    page_at: PageAt, width: int, houses: Houses, town: Town
) -> None:
    page = page_at(width)
    page.goto("/yavoryn/who/")
    assert_accessible(page)
    place(page, typed(town, "p"))
    choose(page, "roads")
    page.locator("#details label", has_text="На вулиці").click()
    expect(page.locator("#answerer .promise h3")).to_have_text("КП «Яворинавтодор»")
    expect(page).to_have_url(re.compile(r"lat=49\.\d+&lon=28\.\d+"))
    page.locator("#answerer summary").click()
    assert_accessible(page)
    screenshot(page, f"who-{width}", full=True)
    page.reload()
    expect(page.locator("#answerer .promise h3")).to_have_text("КП «Яворинавтодор»")
    expect(page.locator("#details input:checked")).to_have_value("street")
    page.locator("#report-it").click()
    expect(page.locator("#send")).to_contain_text("КП «Яворинавтодор»")
    expect(page.locator("#details input:checked")).to_have_value("street")


def test_who_would_answer_without_javascript(page_at: PageAt, houses: Houses, town: Town) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto("/yavoryn/who/")
    page.locator("#address").fill(typed(town, "p"))
    choose(page, "manholes")
    page.locator("p > button[name=ask]").click()
    expect(page.locator("#answerer .promise h3")).to_have_text("КП «Яворинводоканал»")
    page.wait_for_load_state("load")  # the styles hide one of the two maps
    image = page.locator(".tapmap-image:visible")
    image.click(position={"x": 160, "y": 100})
    expect(page.locator("#answerer .promise h3")).to_have_text("КП «Яворинводоканал»")
    expect(page).to_have_url(re.compile("lat=49"))
    screenshot(page, "who-no-script", full=True)


@BOTH_WIDTHS
@pytest.mark.parametrize("address", ["/yavoryn/who/", f"{ADDRESS}?category=houses"])
def test_axe_finds_nothing_when_our_scripts_do_not_come(
    page_at: PageAt, width: int, address: str, houses: Houses
) -> None:
    page = page_at(width)
    page.route("**/static/**/*.js", lambda route: route.abort())
    page.goto(address)
    expect(page.locator(".tapmap")).to_be_visible()
    assert_accessible(page)
