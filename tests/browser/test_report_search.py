"""The place of a report by words: typed with the keyboard, heard, pasted, and called by what is near."""

import pytest
from playwright.sync_api import expect

from geodata.address_import import import_addresses
from geodata.address_rows import AddressRow
from geodata.pasted_codes import code_of
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt, assert_accessible, screenshot
from tests.browser.report_form import ADDRESS, choose, place_of
from tests.conftest import City
from tests.grid import Town


@pytest.fixture(autouse=True)
def streets(city: City, town: Town) -> None:
    """вул. Соборна: 12 at p, 14 at r; вул. Мостова, 3 at q."""
    rows = [
        AddressRow(1, "a", "вул. Соборна", "12", "", ("вул. Леніна",), town.places["p"]),
        AddressRow(2, "b", "вул. Соборна", "14", "", (), town.places["r"]),
        AddressRow(3, "c", "вул. Мостова", "3", "", (), town.places["q"]),
    ]
    import_addresses(city.community, rows)


def at(town: Town, name: str) -> object:
    return pytest.approx(town.places[name], abs=2e-6)


@BOTH_WIDTHS
def test_an_address_is_typed_heard_and_taken_with_the_keyboard(page_at: PageAt, town: Town, width: int) -> None:
    page = page_at(width)
    page.goto(ADDRESS)
    field = page.get_by_role("combobox", name="Адреса або координати")
    field.press_sequentially("соборная 1", delay=20)
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(3)
    expect(page.locator("#place-search [data-said]")).to_contain_text("3")
    expect(field).to_have_attribute("aria-expanded", "true")
    assert_accessible(page)
    screenshot(page, f"report-search-{width}")
    field.press("ArrowDown")
    field.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "place-option-2")
    field.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("вул. Соборна, 12")
    expect(page.get_by_role("listbox")).to_be_hidden()
    assert place_of(page) == at(town, "p")


def test_a_number_that_is_not_in_the_list_stays_typed_and_asks_to_move_the_pin(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE, has_touch=True)
    page.goto(ADDRESS)
    page.locator("#address").press_sequentially("соборна 16", delay=20)
    page.get_by_role("option", name="№ 16 немає в переліку").tap()
    expect(page.locator("#address")).to_have_value("вул. Соборна, 16")
    expect(page.locator("#place-said")).to_contain_text("Будинку 16 немає в переліку")
    assert place_of(page) == at(town, "r")
    screenshot(page, "report-search-missing")
    canvas = page.locator("#pickmap [data-canvas]")
    canvas.focus()
    for _step in range(4):
        canvas.press("ArrowUp")
    canvas.press("Enter")
    expect(page.locator("#place-said")).not_to_contain_text("немає")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#address")).to_have_value("вул. Соборна, 16")


@pytest.mark.slow_phone
def test_an_option_is_tapped(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE, has_touch=True)
    page.goto(ADDRESS)
    page.locator("#address").press_sequentially("мостова 3", delay=20)
    page.get_by_role("option").first.tap()
    expect(page.locator("#address")).to_have_value("вул. Мостова, 3")
    assert place_of(page) == at(town, "q")
    choose(page, "manholes")
    expect(page.locator("#send")).to_contain_text("Водоканал", ignore_case=True)


def test_a_pasted_link_and_a_plus_code_are_places_at_once(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP, permissions=["clipboard-read", "clipboard-write"])
    page.goto(ADDRESS)
    p, r = town["p"], town["r"]
    for pasted, place in (
        (f"https://www.google.com/maps/@{p.y:.6f},{p.x:.6f},17z", "p"),
        (code_of((r.x, r.y)), "r"),
    ):
        page.locator("#address").fill("")
        page.evaluate("(text) => navigator.clipboard.writeText(text)", pasted)
        page.locator("#address").press("Control+V")
        expect(page.locator("#place-near")).to_contain_text("вул. Соборна, 12" if place == "p" else "вул. Соборна, 14")
        assert place_of(page) == pytest.approx(town.places[place], abs=1e-4)


def test_coordinates_in_the_other_order_are_turned_and_told(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    page.locator("#address").fill(f"{town['p'].x:.6f}, {town['p'].y:.6f}")
    page.locator("#address").press("Enter")
    expect(page.locator("#place-said")).to_contain_text("навпаки")
    assert place_of(page) == at(town, "p")


def test_a_short_link_is_explained_beside_the_field(page_at: PageAt) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.locator("#address").fill("https://maps.app.goo.gl/Ab1")
    page.locator("#address").press("Enter")
    expect(page.locator("#place-search [data-trouble]")).to_contain_text("посилання")
    expect(page.locator("#address")).to_have_value("https://maps.app.goo.gl/Ab1")


def test_the_pin_is_called_by_what_is_near_and_own_words_stay(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(f"{ADDRESS}?lon={town['p'].x}&lat={town['p'].y}")
    canvas = page.locator("#pickmap [data-canvas]")
    canvas.focus()
    canvas.press("Enter")
    expect(page.locator("#place-near")).to_contain_text("вул. Соборна, 12")
    expect(page.locator("#address")).to_have_value("вул. Соборна, 12")
    page.locator("#address").fill("біля аптеки")
    canvas.focus()
    for _step in range(4):
        canvas.press("ArrowUp")
    canvas.press("Enter")
    page.wait_for_timeout(700)
    expect(page.locator("#address")).to_have_value("біля аптеки")


def test_places_are_found_on_the_page_of_who_answers_too(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE)
    page.goto("/yavoryn/who/")
    page.locator("#address").press_sequentially("соборна 12", delay=20)
    page.get_by_role("option").first.click()
    choose(page, "roads")
    expect(page.locator("#answerer")).to_contain_text("Яворинавтодор")
    assert place_of(page) == at(town, "p")


@BOTH_WIDTHS
def test_without_javascript_results_are_buttons(page_at: PageAt, town: Town, width: int) -> None:
    page = page_at(width, javascript=False)
    page.goto(ADDRESS)
    page.locator("#text").fill("Яма на переході.")
    page.locator("#address").fill("соборная")
    page.get_by_role("button", name="Знайти").click()
    expect(page.locator("#address")).to_have_value("соборная")
    page.locator("#address").fill("соборная 1")
    page.get_by_role("button", name="Знайти").click()
    screenshot(page, f"report-search-plain-{width}", full=True)
    page.get_by_role("button", name="вул. Соборна, 14").click()
    expect(page.locator("#text")).to_have_value("Яма на переході.")
    expect(page.locator("#place-near")).to_contain_text("вул. Соборна, 14")
    assert place_of(page) == at(town, "r")


def test_a_search_that_fails_says_so_and_keeps_the_words(page_at: PageAt) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    page.route("**/places/?*", lambda route: route.abort())
    page.locator("#address").press_sequentially("соборна", delay=10)
    expect(page.locator("#place-search [data-trouble]")).to_be_visible()
    expect(page.locator("#address")).to_have_value("соборна")
