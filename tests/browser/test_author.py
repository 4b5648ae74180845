"""The author's page behind the secret link: receipt, waiting for a moderator, a question, reopening, withdrawing."""

import pytest
from django.utils import timezone
from django.utils.translation import gettext
from playwright.sync_api import expect

from core.tokens import revoke_token
from issues.actions import author_token
from issues.models import Issue
from issues.states import State
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt, screenshot
from tests.browser.tools import WORDS, author_link, expect_state, photo_file, press, told
from tests.conftest import NOW, City
from tests.grid import Town


@pytest.fixture
def asked(city: City, town: Town) -> Issue:
    """The organisation asked the author something."""
    return told(city.manholes, town["p"], ("ask", "З якого боку аптеки?"))


@pytest.fixture
def done(city: City, town: Town) -> Issue:
    """The organisation says that it is fixed."""
    return told(city.manholes, town["p"], ("finish", "Люк закрито."), photos=1)


def test_the_link_is_copied_by_a_button(page_at: PageAt, city: City, town: Town) -> None:
    page = page_at(DESKTOP, permissions=["clipboard-read", "clipboard-write"])
    page.goto(author_link(told(city.manholes, town["p"])) + "?new")
    page.locator("[data-copy]").click()
    expect(page.locator("[data-copy] [role=status]")).to_have_text(gettext("Copied"))
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#secret-link").input_value()
    assert page.goto(copied)
    expect(page.locator("#receipt")).to_have_count(0)
    expect(page.locator("h1")).to_have_text(WORDS.rstrip("."))


@BOTH_WIDTHS
def test_a_held_report_is_shown_to_its_author_and_to_nobody_else(
    page_at: PageAt, width: int, city: City, town: Town
) -> None:
    city.manholes.hold_new = True
    city.manholes.save()
    issue = told(city.manholes, town["p"])
    author, stranger = page_at(width), page_at(width)
    author.goto(author_link(issue) + "?new")
    expect(author.locator("main")).to_contain_text(gettext("Strangers do not see this report yet."))
    expect(author.locator(f"a[href='{issue.get_absolute_url()}']")).to_have_count(0)
    screenshot(author, f"mine-held-{width}", full=True)
    answer = stranger.goto(issue.get_absolute_url())
    assert answer
    assert answer.status == 404
    stranger.goto("/yavoryn/")
    expect(stranger.locator(".rows-empty")).to_be_visible()
    expect(stranger.locator("#map-canvas :is(.mark, .cluster)")).to_have_count(0)


@BOTH_WIDTHS
def test_a_question_is_answered_with_a_photo(page_at: PageAt, width: int, asked: Issue) -> None:
    page = page_at(width)
    page.goto(author_link(asked))
    expect(page.locator(".main-act .said")).to_have_text("З якого боку аптеки?")
    screenshot(page, f"mine-question-{width}", full=True)
    press(page, "reply", text="З боку ринку, біля лавки.", photo=photo_file("лавка.jpg"))
    expect_state(page, State.ACCEPTED)
    expect(page.locator(".timeline")).to_contain_text("З боку ринку, біля лавки.")
    asked.refresh_from_db()
    assert asked.state == State.ACCEPTED


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_not_fixed_opens_the_report_again(page_at: PageAt, script: bool, done: Issue) -> None:
    page = page_at(PHONE, javascript=script)
    page.goto(author_link(done))
    press(page, "reopen", text="Кришка знову хитається.")
    expect_state(page, State.REOPENED)
    expect(page.locator(".timeline li").first).to_contain_text("Кришка знову хитається.")
    screenshot(page, f"mine-reopened{'' if script else '-no-script'}", full=True)


@pytest.mark.slow_phone
def test_withdrawing_needs_no_words_and_ends_the_story(page_at: PageAt, city: City, town: Town) -> None:
    issue = told(city.manholes, town["p"])
    page = page_at(PHONE)
    page.goto(author_link(issue))
    press(page, "withdraw")
    expect_state(page, State.WITHDRAWN)
    expect(page.locator("main form")).to_have_count(0)
    screenshot(page, "mine-withdrawn", full=True)


@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_a_link_that_ended_says_so_kindly(page_at: PageAt, end: str, city: City, town: Town) -> None:
    years_ago = 4 if end == "expired" else 0
    issue = told(city.manholes, town["p"], at=NOW.replace(year=NOW.year - years_ago))
    if end == "revoked":
        revoke_token(author_token(issue), at=timezone.now())
    page = page_at(PHONE)
    answer = page.goto(author_link(issue))
    assert answer
    assert answer.status == 410
    expect(page.locator("h1")).to_have_text(gettext("This link no longer works"))
    expect(page.locator("main a.btn-primary")).to_have_attribute("href", "/yavoryn/")
    expect(page.locator("main form")).to_have_count(0)
    screenshot(page, f"mine-{end}", full=True)
