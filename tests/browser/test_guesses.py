"""Guesses of the category in a browser: they come while one types, by mouse and by key, and never choose."""

import pytest
from playwright.sync_api import Page, expect

from routing.models import Category
from tests.browser.conftest import PageAt, assert_accessible, assert_no_csp_violations, screenshot
from tests.browser.report_form import ADDRESS, VODOKANAL, choose, typed
from tests.conftest import City
from tests.grid import Town

WORDS = "Відкритий люк на тротуарі біля аптеки, кришка лежить поруч"
OTHERS = {"lamps": "Освітлення", "waste": "Сміття", "sewage": "Каналізація", "sidewalks": "Тротуари", "trees": "Дерева"}


@pytest.fixture
def many(city: City) -> City:
    """More categories, as a town has."""
    for position, (code, name) in enumerate(OTHERS.items()):
        Category.objects.create(community=city.community, code=code, name=name, position=position)
    return city


def guessed(page: Page) -> list[str]:
    """Names of the chips that come first."""
    return [text.strip() for text in page.locator("#guesses [data-guess]").all_inner_texts()]


@pytest.mark.slow_phone
@pytest.mark.parametrize("width", [390, 1280])
def test_guesses_come_while_one_types_and_one_tap_chooses(page_at: PageAt, many: City, town: Town, width: int) -> None:
    page = page_at(width)
    page.goto(ADDRESS)
    page.locator("#address").fill(typed(town, "p"))
    page.locator("#address").press("Enter")
    page.locator("#text").press_sequentially(WORDS)
    expect(page.locator("#guesses [data-guess]")).to_have_count(3)
    assert guessed(page)[0] == "Люки"
    expect(page.locator("#guesses .hint")).to_contain_text("люк")
    expect(page.locator("#guesses")).to_have_attribute("aria-live", "polite")
    expect(page.locator("[name=category]:checked")).to_have_count(0)
    screenshot(page, f"guesses-{width}", full=True)
    assert_accessible(page)
    page.locator("#guesses [data-guess]").first.click()
    expect(page.locator("#send")).to_contain_text(VODOKANAL)
    assert_no_csp_violations(page)


def test_nothing_is_offered_once_something_was_chosen(page_at: PageAt, many: City) -> None:
    page = page_at(390)
    page.goto(ADDRESS)
    choose(page, "roads")
    with page.expect_response(lambda answer: answer.url.endswith("/report/words/")):
        page.locator("#text").fill(WORDS)
    page.wait_for_timeout(300)
    expect(page.locator("#guesses [data-guess]")).to_have_count(0)
    assert page.locator("[name=category]:checked").input_value() == "roads"


def test_other_words_bring_other_guesses(page_at: PageAt, many: City) -> None:
    page = page_at(390)
    page.goto(ADDRESS)
    page.locator("#text").fill("мусор не вывозят")
    expect(page.locator("#guesses [data-guess]").first).to_contain_text("Сміття")
    page.locator("#text").fill("лампочка не горит")
    expect(page.locator("#guesses [data-guess]").first).to_contain_text("Освітлення")
    page.locator("#text").fill("")
    expect(page.locator("#guesses [data-guess]")).to_have_count(0)


def test_by_keyboard_alone(page_at: PageAt, many: City) -> None:
    page = page_at(1280)
    page.goto(ADDRESS)
    page.locator("#text").focus()
    page.keyboard.type("люк без кришки")
    first = page.get_by_role("button", name="Люки")
    expect(first).to_be_visible()
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Люки")).to_be_checked()
    expect(page.get_by_role("radio", name="Люки")).to_be_focused()


def test_draft_with_words_brings_its_guesses_back(page_at: PageAt, many: City) -> None:
    page = page_at(390)
    page.goto(ADDRESS)
    page.locator("#text").press_sequentially("люк без кришки")
    expect(page.locator("[data-draft-note]").first).not_to_be_empty()
    page.reload()
    expect(page.locator("#guesses [data-guess]").first).to_contain_text("Люки")


def test_form_works_when_nobody_answers(page_at: PageAt, many: City) -> None:
    page = page_at(390)
    page.route("**/report/words/", lambda route: route.abort())
    page.goto(ADDRESS)
    page.locator("#text").press_sequentially("люк")
    page.wait_for_timeout(900)
    choose(page, "manholes")
    assert page.locator("[name=category]:checked").input_value() == "manholes"


def test_without_scripts_the_page_after_next_shows_them(page_at: PageAt, many: City, town: Town) -> None:
    page = page_at(390, javascript=False)
    page.goto(ADDRESS)
    page.locator("#address").fill(typed(town, "p"))
    page.locator("#text").fill(WORDS)
    page.locator("#send").click()
    assert guessed(page)[0] == "Люки"
    screenshot(page, "guesses-no-script", full=True)
    page.locator("#guesses [data-guess]").first.click()
    expect(page.locator("#answerer")).to_contain_text(VODOKANAL)
    assert page.locator("#text").input_value() == WORDS
