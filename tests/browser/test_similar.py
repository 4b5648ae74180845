"""Look-alikes in a browser: shown while the form is filled in, one tap to join or to say “no”, by mouse and by key."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from issues.actions import report_issue
from issues.models import Issue
from issues.support import supporters_of
from tests.browser.conftest import PageAt, assert_accessible, assert_no_csp_violations, press_until, screenshot
from tests.browser.report_form import ADDRESS, WORDS, choose, fill, typed
from tests.conftest import NOW, City, hole
from tests.faults.service import eventually
from tests.grid import Town


@pytest.fixture
def known(city: City, town: Town) -> Issue:
    """The open manhole, reported by somebody else an hour ago."""
    text = "Відкритий люк на тротуарі. Кришка лежить поруч."
    new = hole(city, town["p"], category=city.manholes, text=text, email="")
    return report_issue(new=new, community=city.community, at=NOW - timedelta(hours=1))


@pytest.mark.slow_phone
@pytest.mark.parametrize("width", [390, 1280])
def test_resident_joins_with_one_tap(page_at: PageAt, known: Issue, town: Town, width: int) -> None:
    page = page_at(width)
    page.goto(ADDRESS)
    fill(page, town)
    block = page.get_by_role("region", name="Схоже, про це вже знають")
    expect(block).to_contain_text("на цьому самому місці")
    screenshot(page, f"similar-{width}", full=True)
    assert_accessible(page)
    block.get_by_role("button", name=f"Приєднатися № {known.number}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ви приєдналися")
    screenshot(page, f"joined-{width}", full=True)
    assert_accessible(page)
    assert_no_csp_violations(page)
    assert (supporters_of(known), Issue.objects.count()) == (1, 1)


def test_the_form_tells_later_that_somebody_joined_instead(page_at: PageAt, known: Issue, town: Town) -> None:
    page = page_at(390)
    page.goto(ADDRESS)
    fill(page, town)
    page.get_by_role("button", name=f"Приєднатися № {known.number}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ви приєдналися")
    has_noted = "sessionStorage.getItem('report-leaving:yavoryn') === null"  # the script of that page, in the draft
    assert eventually(lambda: bool(page.evaluate(has_noted)), seconds=15)
    page.goto(ADDRESS)
    expect(page.locator("#restored")).to_contain_text(f"приєдналися до заявки № {known.number}")
    expect(page.locator("#text")).to_have_value(WORDS)
    page.locator("#restored").get_by_role("button", name="Почати спочатку").click()
    expect(page.locator("#text")).to_have_value("")
    expect(page.locator("#restored")).to_be_hidden()


def test_no_it_is_another_hides_them_and_they_stay_hidden(page_at: PageAt, known: Issue, town: Town) -> None:
    page = page_at(390)
    page.goto(ADDRESS)
    fill(page, town)
    page.get_by_role("button", name="Ні, це інше").click()
    expect(page.get_by_role("region", name="Схоже, про це вже знають")).to_have_count(0)
    with page.expect_response(lambda answer: answer.url.endswith("/report/similar/")):
        page.locator("#text").press_sequentially(" Дуже темно.")
    expect(page.get_by_role("region", name="Схоже, про це вже знають")).to_have_count(0)
    page.locator("#send").click()
    page.wait_for_url("**/mine/**")
    assert Issue.objects.count() == 2


def test_they_go_away_with_the_category(page_at: PageAt, known: Issue, town: Town) -> None:
    page = page_at(390)
    page.goto(ADDRESS)
    fill(page, town, text="Темно")
    block = page.get_by_role("region", name="Схоже, про це вже знають")
    expect(block).to_be_visible()
    choose(page, "roads")
    expect(block).to_have_count(0)


def test_by_keyboard_alone(page_at: PageAt, known: Issue, town: Town) -> None:
    page = page_at(1280)
    page.goto(ADDRESS)
    fill(page, town)
    button = page.get_by_role("button", name="Ні, це інше")
    expect(button).to_be_visible()
    page.locator("#text").focus()
    press_until(page, "Tab", lambda: button.evaluate("it => it === document.activeElement"))
    page.keyboard.press("Enter")
    expect(page.locator("#answerer")).to_be_focused()


def test_without_scripts_the_form_shows_them_and_stops_once(page_at: PageAt, known: Issue, town: Town) -> None:
    page = page_at(390, javascript=False)
    page.goto(ADDRESS)
    page.locator("#address").fill(typed(town, "p"))
    page.locator("#text").fill("Відкритий люк")
    choose(page, "manholes")
    page.locator("#send").click()
    screenshot(page, "similar-no-script", full=True)
    page.get_by_role("button", name="Ні, це інше").click()
    assert page.locator("#text").input_value() == "Відкритий люк"
    page.locator("#send").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("прийнят")
    assert Issue.objects.count() == 2


def test_public_page_takes_a_voice_and_gives_it_back(page_at: PageAt, known: Issue) -> None:
    page = page_at(390, javascript=False)
    page.goto(known.get_absolute_url())
    page.get_by_role("button", name="Мене це теж стосується").click()
    expect(page.get_by_text("Підтримала 1 людина")).to_be_visible()
    screenshot(page, "supported-390", full=True)
    page.get_by_role("button", name="Скасувати").click()
    expect(page.get_by_text("Підтримала 1 людина")).to_have_count(0)


@pytest.mark.parametrize("javascript", [True, False])
def test_who_joined_adds_what_they_had_written(page_at: PageAt, known: Issue, town: Town, javascript: bool) -> None:
    page = page_at(390, javascript=javascript)
    page.goto(ADDRESS)
    if javascript:
        fill(page, town)
    else:
        page.locator("#address").fill(typed(town, "p"))
        page.locator("#text").fill("Відкритий люк, і дуже темно.")
        choose(page, "manholes")
        page.locator("#send").click()
    said = page.locator("#text").input_value()
    page.get_by_role("button", name=f"Приєднатися № {known.number}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ви приєдналися")  # the form has such a field too
    words = page.locator("textarea[name=text]")
    expect(words).to_have_value(said)
    words.fill(f"{said} Учора тут упав велосипедист.")
    button = page.locator("button[value=add]")
    press_until(page, "Tab", lambda: button.evaluate("it => it === document.activeElement"))
    screenshot(page, f"joined-add-{javascript}", full=True)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{known.get_absolute_url()}")
    expect(page.locator(".timeline")).to_contain_text("Учора тут упав велосипедист.")
    assert known.events.filter(kind="added", by="supporter").count() == 1
    if javascript:
        assert_accessible(page)
        assert_no_csp_violations(page)
