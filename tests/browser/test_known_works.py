"""Known works are told before a report is sent, with JavaScript and without."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from issues.models import Issue
from tests.browser.conftest import PHONE, PageAt, assert_accessible, screenshot, slow_down
from tests.browser.report_form import ADDRESS, choose, typed
from tests.conftest import NOW, City
from tests.grid import Town
from works.actions import announce
from works.models import Work

UNTIL = "до 3 грудня"


@pytest.fixture
def works(city: City, town: Town) -> Work:
    """The whole of Заріччя has no water."""
    work = Work(
        community=city.community,
        name="Ремонт водогону",
        text="Вода буде ввечері.",
        organisation=city.vodokanal,
        geometry=town.area("ABDC"),
        starts_at=NOW - timedelta(days=1),
        ends_at=NOW + timedelta(days=14),
    )
    return announce(work, is_shown=True, at=NOW)


def test_known_works_appear_while_the_form_is_filled_in(page_at: PageAt, works: Work, town: Town) -> None:
    page = page_at(PHONE)
    slow_down(page)
    page.goto(ADDRESS)
    page.locator("#address").fill(typed(town, "p"))
    page.locator("#address").press("Enter")
    page.locator("#text").fill("З труби тече, дорогу розрито.")
    choose(page, "roads")
    known = page.get_by_role("region", name="Схоже, про це вже знають")
    expect(known).to_contain_text("Ремонт водогону", timeout=30_000)
    expect(known).to_contain_text(UNTIL)
    assert_accessible(page)
    screenshot(page, "report-known-works-390", full=True)
    known.get_by_role("button", name="Ні, це інше").click()
    expect(known).to_be_hidden()


def test_known_works_are_told_without_javascript(page_at: PageAt, works: Work, town: Town) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto(ADDRESS)
    page.locator("#address").fill(typed(town, "p"))
    page.locator("#text").fill("З труби тече, дорогу розрито.")
    page.locator("label.chip", has=page.locator("input[value=roads]")).click()
    page.locator("#send").click()
    expect(page.get_by_text("Ремонт водогону")).to_be_visible()
    expect(page.get_by_text(UNTIL)).to_be_visible()
    assert not Issue.objects.exists()
    assert page.locator("#text").input_value() == "З труби тече, дорогу розрито."


@pytest.mark.parametrize("width", [PHONE, 1280])
def test_page_of_works_and_its_mark_on_the_map(page_at: PageAt, works: Work, width: int) -> None:
    page = page_at(width)
    page.goto("/yavoryn/")
    mark = page.get_by_role("link", name="Ремонт водогону, В роботі")
    expect(mark).to_be_attached()
    page.goto(works.get_absolute_url())
    expect(page.get_by_role("heading", level=1)).to_have_text("Ремонт водогону")
    assert_accessible(page)
    screenshot(page, f"works-{width}", full=True)
