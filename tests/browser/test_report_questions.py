"""Questions of every kind on the form: they come and go with the answers, keep what was typed, and stand on the map."""

import re

import pytest
from playwright.sync_api import expect

from routing.models import Asset, Question, Register
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt, assert_accessible, press_until, screenshot
from tests.browser.report_form import ADDRESS, choose
from tests.conftest import LONG_AGO, City
from tests.grid import Town, degrees_per_metre


@pytest.fixture(autouse=True)
def questions(city: City, town: Town) -> None:
    """On roads: where; how deep, on the road only; since when; in words; which lamp. On manholes: what."""
    lamps = Register.objects.create(community=city.community, code="lamps", name="Ліхтарі", kind="lamps")
    east, _north = degrees_per_metre(town["p"].y)
    for number, metres in (("7", 0), ("8", 60)):
        place = town["p"].clone()
        place.x += metres * east
        given = {"community": city.community, "register": lamps, "valid_from": LONG_AGO}
        Asset.objects.create(
            key=number, name="вул. Соборна", number=number, search=f"соборна {number}", geometry=place, **given
        )

    def ask(category: object, code: str, kind: str, text: str, position: int, **columns: object) -> None:
        given = {"community": city.community, "category": category, "code": code, "kind": kind, "text": text}
        Question.objects.create(**given, position=position, **columns)

    options = [{"code": "road", "text": "На дорозі"}, {"code": "yard", "text": "У дворі"}]
    ask(city.roads, "where", "choice", "Де саме?", 1, options=options)
    ask(city.roads, "deep", "number", "Яка завглибшки?", 2, unit="см", least=1, most=200, shown_if={"where": ["road"]})
    ask(city.roads, "since", "date", "Відколи?", 3, is_required=False)
    ask(city.roads, "words", "text", "Які прикмети?", 4, is_required=False)
    ask(city.roads, "lamp", "asset", "Біля якого ліхтаря?", 5, is_required=False, register=lamps)
    ask(city.manholes, "what", "text", "Що з люком?", 1, is_required=False)


@pytest.mark.slow_phone
@BOTH_WIDTHS
def test_a_question_comes_with_the_answer_that_needs_it(page_at: PageAt, town: Town, width: int) -> None:
    page = page_at(width)
    page.goto(f"{ADDRESS}?lon={town['p'].x}&lat={town['p'].y}")
    choose(page, "roads")
    deep = page.get_by_label("Яка завглибшки?")
    expect(page.get_by_label("У дворі")).to_be_visible()
    expect(deep).to_be_hidden()
    page.get_by_label("На дорозі").check()
    expect(deep).to_be_visible()
    deep.fill("15")
    page.get_by_label("У дворі").check()
    expect(deep).to_be_hidden()
    page.get_by_label("На дорозі").check()
    expect(deep).to_have_value("15")
    assert_accessible(page)
    screenshot(page, f"report-questions-{width}", full=True)


def test_answers_come_back_with_their_category(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(f"{ADDRESS}?lon={town['p'].x}&lat={town['p'].y}")
    choose(page, "roads")
    page.get_by_label("На дорозі").check()
    page.get_by_label("Яка завглибшки?").fill("15")
    choose(page, "manholes")
    page.get_by_label("Що з люком?").fill("без кришки")
    expect(page.locator("#kept-answers input[name='kept:roads:answer-deep']")).to_have_value("15")
    choose(page, "roads")
    expect(page.get_by_label("Яка завглибшки?")).to_have_value("15")
    expect(page.get_by_label("На дорозі")).to_be_checked()
    choose(page, "manholes")
    expect(page.get_by_label("Що з люком?")).to_have_value("без кришки")


def test_a_lamp_is_picked_by_a_tap_on_the_map_or_in_its_list(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE, has_touch=True)
    page.goto(f"{ADDRESS}?lon={town['p'].x}&lat={town['p'].y}")
    choose(page, "roads")
    things = page.locator("#pickmap .thing")
    expect(things).to_have_count(2)
    page.locator("#pickmap .thing[title='вул. Соборна, 8']").tap()
    expect(page.get_by_label("вул. Соборна, 8")).to_be_checked()
    expect(page.locator("#pickmap .thing.is-chosen")).to_have_attribute("title", "вул. Соборна, 8")
    page.get_by_label("вул. Соборна, 7").check()
    expect(page.locator("#pickmap .thing.is-chosen")).to_have_attribute("title", "вул. Соборна, 7")
    screenshot(page, "report-lamp-on-map-390")


def test_without_javascript_a_question_comes_after_next(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto(f"{ADDRESS}?lon={town['p'].x}&lat={town['p'].y}&category=roads")
    page.locator("#text").fill("Яма на переході.")
    expect(page.get_by_label("Яка завглибшки?")).to_be_hidden()
    page.get_by_label("На дорозі").check()
    page.locator("#send").click()
    expect(page.get_by_label("Яка завглибшки?")).to_be_visible()
    page.get_by_label("Яка завглибшки?").fill("дуже")
    page.locator("#send").click()
    expect(page.locator("#answer-deep-error")).to_be_visible()
    expect(page.locator("#send")).to_contain_text("Яворинавтодор")
    page.get_by_label("Яка завглибшки?").fill("15")
    page.locator("#send").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("прийнято")


@pytest.fixture
def far_lamp(questions: None, city: City, town: Town) -> Asset:
    """A lamp a kilometre to the south: no list offers it by itself."""
    register = Register.objects.get(code="lamps")
    place = town["p"].clone()
    place.y -= 0.01
    given = {"community": city.community, "register": register, "valid_from": LONG_AGO, "geometry": place}
    found: Asset = Asset.objects.create(key="117", name="вул. Піщана", number="117", search="піщана 117", **given)
    return found


def test_a_lamp_far_away_is_searched_for_by_keyboard(page_at: PageAt, far_lamp: Asset, town: Town) -> None:
    page = page_at(PHONE)
    page.goto(f"{ADDRESS}?lon={town['p'].x}&lat={town['p'].y}")
    choose(page, "roads")
    field = page.get_by_role("group", name="Біля якого ліхтаря?").get_by_label("Знайти за номером або вулицею")
    page.get_by_label("Які прикмети?").focus()
    press_until(page, "Tab", lambda: field.evaluate("it => it === document.activeElement"))
    page.keyboard.type("піщана 117")
    found = page.get_by_label("вул. Піщана, 117")
    expect(found).to_be_visible()
    expect(field).to_be_focused()
    expect(page.locator("#answer-lamp-said")).to_have_text("Знайдено: 1")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/report/"))
    press_until(page, "Tab", lambda: found.evaluate("it => it.name === document.activeElement.name"))
    page.keyboard.press("Space")
    expect(found).to_be_checked()
    field.fill("соборна 7")
    expect(page.get_by_label("вул. Соборна, 7")).to_be_visible()
    expect(found).to_be_checked()
    assert_accessible(page)
    screenshot(page, f"report-questions-search-{PHONE}", full=True)


def test_a_lamp_is_searched_for_without_javascript(page_at: PageAt, far_lamp: Asset, town: Town) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto(f"{ADDRESS}?lon={town['p'].x}&lat={town['p'].y}")
    page.locator("#text").fill("Темно.")
    choose(page, "roads")
    page.locator("#send").click()
    page.get_by_label("У дворі").check()
    page.locator("#find-lamp").fill("117")
    page.locator("#answer-lamp button[value=find]").click()
    expect(page.locator("#answer-lamp-said")).to_have_text("Знайдено: 1")
    expect(page.get_by_label("У дворі")).to_be_checked()
    expect(page.locator("#text")).to_have_value("Темно.")
    page.get_by_label("вул. Піщана, 117").check()
    page.locator("#answer-lamp button[value=find]").click()
    expect(page.get_by_label("вул. Піщана, 117")).to_be_checked()
