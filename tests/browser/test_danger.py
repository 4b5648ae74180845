"""Danger first, in a browser: the numbers to call come while it is typed, and the form waits for one tick."""

import pytest
from playwright.sync_api import Locator, Page, expect

from issues.models import Issue
from routing.models import Category
from tests.browser.conftest import PageAt, assert_accessible, assert_no_csp_violations, press_until, screenshot
from tests.browser.report_form import ADDRESS, choose, fill, typed
from tests.conftest import City
from tests.grid import Town

SMELL = "Відкритий люк, і дуже пахне газом"
GO_ON = "Я подзвонив(ла) або небезпеки немає — писати далі"
pytestmark = pytest.mark.usefixtures("city")


def warning(page: Page) -> Locator:
    return page.get_by_role("alert").filter(has=page.get_by_role("link", name="Подзвонити 104"))


@pytest.mark.parametrize("width", [390, 1280])
def test_numbers_to_call_come_while_it_is_typed(page_at: PageAt, width: int) -> None:
    page = page_at(width)
    page.goto(ADDRESS)
    page.locator("#text").press_sequentially(SMELL)
    expect(warning(page)).to_be_visible()
    call = warning(page).get_by_role("link", name="Подзвонити 104")
    assert call.get_attribute("href") == "tel:104"
    box = call.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    expect(page.get_by_role("checkbox", name=GO_ON)).not_to_be_checked()
    screenshot(page, f"danger-{width}", full=True)
    assert_accessible(page)
    assert_no_csp_violations(page)
    page.locator("#text").fill("Відкритий люк")
    expect(warning(page)).to_have_count(0)


@pytest.mark.slow_phone
def test_sending_waits_for_the_tick_which_stays_while_one_writes_on(page_at: PageAt, town: Town) -> None:
    page = page_at(390)
    page.goto(ADDRESS)
    fill(page, town, text=SMELL)
    expect(warning(page)).to_be_visible()
    page.locator("#send").click()
    expect(page.locator("#send-trouble")).to_contain_text("Спершу ваша безпека")
    box = page.get_by_role("checkbox", name=GO_ON)
    expect(box).to_be_focused()
    expect(warning(page).get_by_text("Заявка чекає на цю позначку")).to_be_visible()
    assert Issue.objects.count() == 0
    box.check()
    expect(warning(page).get_by_text("Заявка чекає на цю позначку")).to_be_hidden()
    with page.expect_response(lambda answer: answer.url.endswith("/report/words/")):
        page.locator("#text").press_sequentially(" біля аптеки")
    expect(box).to_be_checked()
    page.locator("#send").click()
    page.wait_for_url("**/mine/**")
    assert Issue.objects.get().dangers == ["gas"]


def test_tick_comes_back_with_the_draft(page_at: PageAt) -> None:
    page = page_at(390)
    page.goto(ADDRESS)
    page.locator("#text").fill(SMELL)
    page.get_by_role("checkbox", name=GO_ON).check()
    expect(page.locator("[data-draft-note]").first).to_contain_text("Чернетку збережено")
    page.reload()
    expect(page.locator("#text")).to_have_value(SMELL)
    expect(page.get_by_role("checkbox", name=GO_ON)).to_be_checked()


def test_category_alone_brings_it(page_at: PageAt, city: City) -> None:
    Category.objects.create(community=city.community, code="gas", name="Газ")
    page = page_at(390)
    page.goto(ADDRESS)
    choose(page, "gas")
    expect(warning(page)).to_be_visible()


def test_by_keyboard_alone(page_at: PageAt, town: Town) -> None:
    page = page_at(1280)
    page.goto(ADDRESS)
    fill(page, town, text=SMELL)
    box = page.get_by_role("checkbox", name=GO_ON)
    expect(box).to_be_visible()
    page.locator("#address").focus()
    press_until(page, "Tab", lambda: box.evaluate("it => it === document.activeElement"))
    page.keyboard.press("Space")
    expect(box).to_be_checked()
    button = page.locator("#send")
    press_until(page, "Tab", lambda: button.evaluate("it => it === document.activeElement"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/mine/**")


def test_without_scripts_the_first_sending_stops_and_keeps_everything(page_at: PageAt, town: Town) -> None:
    page = page_at(390, javascript=False)
    page.goto(ADDRESS)
    page.locator("#address").fill(typed(town, "p"))
    page.locator("#text").fill(SMELL)
    choose(page, "manholes")
    page.locator("#send").click()
    expect(warning(page)).to_be_visible()
    expect(page.get_by_role("heading", name="Чути запах газу?")).to_be_focused()
    screenshot(page, "danger-no-script", full=True)
    page.locator("#send").click()
    expect(warning(page)).to_contain_text("Усе написане збережено")
    assert page.locator("#text").input_value() == SMELL
    assert Issue.objects.count() == 0
    page.get_by_role("checkbox", name=GO_ON).check()
    page.locator("#send").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("прийнят")
    assert Issue.objects.get().dangers == ["gas"]


def test_guessed_category_is_chosen_with_one_tap(page_at: PageAt) -> None:
    page = page_at(390)
    page.goto(ADDRESS)
    page.locator("#text").press_sequentially("Відкрыта кришка люка")
    page.get_by_role("group", name="Схоже, це про:").get_by_role("button", name="Люки").click()
    expect(page.locator("input[value=manholes]")).to_be_checked()
    expect(page.get_by_role("group", name="Схоже, це про:")).to_have_count(0)
    assert_no_csp_violations(page)


def test_without_scripts_the_guess_is_offered_after_next(page_at: PageAt, town: Town) -> None:
    page = page_at(390, javascript=False)
    page.goto(ADDRESS)
    page.locator("#address").fill(typed(town, "p"))
    page.locator("#text").fill("Немає кришки люка")
    page.locator("#send").click()
    page.get_by_role("group", name="Схоже, це про:").get_by_role("button", name="Люки").click()
    expect(page.locator("input[value=manholes]")).to_be_checked()
    expect(page.locator("#send")).to_contain_text("Водоканал", ignore_case=True)
