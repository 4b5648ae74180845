"""The whole circle in real browsers: a resident reports, the letter arrives, the organisation answers by its link,
everybody sees it, the author confirms. And “not ours”: the report finds the next recipient."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from issues.models import Issue
from issues.states import State
from tests.browser.conftest import BOTH_WIDTHS, PHONE, PageAt, screenshot
from tests.browser.tools import (
    WORDS,
    Postbox,
    answer_link,
    assert_loaded,
    delivery_of,
    expect_state,
    let_workers_work,
    photo_file,
    press,
    told,
    unfold,
)
from tests.conftest import City
from tests.grid import Town

AUTHOR, WATER = "olia@example.org", "water@example.org"
VODOKANAL = "КП «Яворинводоканал»"
DONE_WORDS = "Поставили нову кришку, люк закрито."
WITH_AND_WITHOUT_SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


@pytest.fixture
def postbox(settings: Settings, live_server: LiveServer, tmp_path: Path) -> Postbox:
    """Letters really leave: into a folder, with links that lead to the running server."""
    settings.EMAIL_BACKEND = "core.mail.LetterFolder"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    settings.SITE_URL = live_server.url
    return Postbox(tmp_path / "mail")


def report(page: Page, town: Town) -> None:
    """A resident reports an open manhole at p, with a photo and an e-mail address."""
    page.goto("/yavoryn/report/")
    page.locator("#photo").set_input_files(photo_file())
    page.locator("#address").fill(f"{town['p'].y:.6f}, {town['p'].x:.6f}")
    page.locator("#text").fill(WORDS)
    page.locator("label.chip", has=page.locator("input[value=manholes]")).click()
    page.locator("#email").fill(AUTHOR)
    if page.locator(".without-script:visible").count():
        page.locator("#send").click()  # checks who will answer
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    expect(page.locator("#send")).to_contain_text(VODOKANAL)
    page.locator("#send").click()
    expect(page.locator("#secret-link")).to_be_visible()


@BOTH_WIDTHS
@WITH_AND_WITHOUT_SCRIPT
def test_a_report_goes_the_whole_circle(
    page_at: PageAt, width: int, script: bool, postbox: Postbox, city: City, town: Town
) -> None:
    resident, worker = (page_at(width, javascript=script) for _person in range(2))
    name = f"circle-{width}" + ("" if script else "-no-script")
    report(resident, town)
    screenshot(resident, f"{name}-1-receipt", full=True)
    let_workers_work()
    _the_organisation_answers(worker, postbox, name)
    let_workers_work()
    _everybody_sees(resident, Issue.objects.get(), script=script, name=name)
    _the_author_confirms(resident, postbox, name)
    let_workers_work()
    assert len(postbox.letters_to(WATER)) == 2  # the report, and that it was confirmed
    assert Issue.objects.get().state == State.CONFIRMED


def _the_organisation_answers(page: Page, postbox: Postbox, name: str) -> None:
    page.goto(postbox.link_to(WATER))
    expect(page.locator("h1")).to_have_text(WORDS.rstrip("."))
    assert_loaded(page.locator(".gallery img"), count=1)
    screenshot(page, f"{name}-2-answer", full=True)
    assert Issue.objects.get().state == State.NEW  # opening the link changed nothing
    press(page, "accept", text="Завтра зранку приїде бригада.")
    expect_state(page, State.ACCEPTED)
    press(page, "finish", text=DONE_WORDS, photo=photo_file("після.jpg"))
    expect_state(page, State.DONE)
    screenshot(page, f"{name}-3-answered", full=True)


def _everybody_sees(page: Page, issue: Issue, *, script: bool, name: str) -> None:
    page.goto("/yavoryn/")
    row = page.locator("#list .item", has=page.locator(f"a[href='{issue.get_absolute_url()}']"))
    expect(row.locator(".state.is-done")).to_be_visible()
    if script:
        mark = page.locator(f"#map-canvas a.mark[href='{issue.get_absolute_url()}']")
        expect(mark.locator(".is-done").or_(mark.and_(page.locator(".is-done"))).first).to_be_visible()
    screenshot(page, f"{name}-4-map")
    row.locator(".item-title a").click()
    expect_state(page, State.DONE)
    assert_loaded(page.locator(".compare img"), count=2)
    expect(page.locator(".timeline")).to_contain_text(DONE_WORDS)
    expect(page.locator(".org .fate.is-done")).to_have_count(1)
    assert AUTHOR not in page.content()
    screenshot(page, f"{name}-5-public", full=True)


def _the_author_confirms(page: Page, postbox: Postbox, name: str) -> None:
    page.goto(postbox.link_to(AUTHOR))
    page.get_by_role("button", name="Підтвердити адресу").click()
    let_workers_work()
    page.goto(postbox.link_to(AUTHOR))
    expect(page.locator("#confirm")).to_be_visible()
    screenshot(page, f"{name}-6-author", full=True)
    press(page, "confirm")
    expect_state(page, State.CONFIRMED)
    expect(page.locator("#confirm")).to_have_count(0)
    screenshot(page, f"{name}-7-confirmed", full=True)


@WITH_AND_WITHOUT_SCRIPT
def test_not_ours_sends_the_report_to_the_next_and_ends_the_old_link(
    page_at: PageAt, script: bool, postbox: Postbox, city: City, town: Town
) -> None:
    issue = told(city.roads, town["p"])
    let_workers_work()
    page = page_at(PHONE, javascript=script)
    link = postbox.link_to("roads@example.org")
    page.goto(link)
    press(page, "refuse", text="Цей двір обслуговує міська рада.")
    expect(page.locator("h1")).to_have_text("Ви повернули заявку № 1")
    expect(page.locator("main")).to_contain_text("Цей двір обслуговує міська рада.")
    screenshot(page, f"answer-handed-back{'' if script else '-no-script'}", full=True)
    let_workers_work()
    page.goto(issue.get_absolute_url())
    recipients = page.locator(".org")
    expect(recipients).to_have_count(2)
    expect(recipients.nth(0)).to_contain_text("Цей двір обслуговує міська рада.")
    expect(recipients.nth(1)).to_contain_text("Яворинська міська рада")
    expect(recipients.nth(1).locator(".fate.is-done")).to_be_visible()
    screenshot(page, f"issue-handed-back{'' if script else '-no-script'}", full=True)
    page.goto(postbox.link_to("council@example.org"))
    expect(page.locator(".main-act")).to_be_visible()
    page.goto(link)
    expect(page.locator("h1")).to_have_text("Ви повернули заявку № 1")
    expect(page.locator("main form")).to_have_count(0)


def test_not_ours_without_a_reason_asks_for_it_and_changes_nothing(page_at: PageAt, city: City, town: Town) -> None:
    issue = told(city.roads, town["p"])
    page = page_at(PHONE)
    page.goto(answer_link(delivery_of(issue)))
    press(page, "refuse", text="   ")
    expect(page.locator("#text-refuse")).to_be_focused()
    expect(page.locator("#text-refuse")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#error-refuse")).to_be_visible()
    screenshot(page, "answer-without-reason", full=True)
    assert delivery_of(issue).organisation == city.road_service


def test_a_refused_form_keeps_the_words(page_at: PageAt, city: City, town: Town) -> None:
    issue = told(city.manholes, town["p"])
    page, late = page_at(PHONE), page_at(PHONE)
    for one in (page, late):
        one.goto(answer_link(delivery_of(issue)))
    press(page, "finish", text=DONE_WORDS)
    expect_state(page, State.DONE)
    press(late, "ask", text="Де саме це?")
    expect(late.locator(".notice[role=alert]")).to_be_visible()
    expect(late.locator("body")).to_contain_text("Де саме це?")
    screenshot(late, "answer-too-late", full=True)


def test_a_program_that_opens_every_link_changes_nothing(
    page_at: PageAt, postbox: Postbox, city: City, town: Town
) -> None:
    issue = told(city.manholes, town["p"])
    let_workers_work()
    page = page_at(PHONE)
    before = list(issue.events.values_list("pk", flat=True))
    for address in (WATER, AUTHOR):
        page.goto(postbox.link_to(address))
        for link in {str(one.get_attribute("href")) for one in page.locator("a[href^='/']").all()}:
            assert page.request.get(link).ok
    issue.refresh_from_db()
    assert issue.state == State.NEW
    assert list(issue.events.values_list("pk", flat=True)) == before


def test_words_that_were_begun_go_along_to_the_action_that_is_chosen_instead(
    page_at: PageAt, city: City, town: Town
) -> None:
    page = page_at(PHONE)
    page.goto(answer_link(delivery_of(told(city.manholes, town["p"]))))
    page.locator("#text-accept").fill("Цей люк належить Укртелекому.")
    refuse = unfold(page, "refuse")
    expect(refuse.locator("textarea")).to_have_value("Цей люк належить Укртелекому.")
    expect(page.locator("#text-accept")).to_have_value("")
    reject = unfold(page, "reject")
    expect(reject.locator("textarea")).to_have_value("Цей люк належить Укртелекому.")
    reject.locator("textarea").fill("Латати нема чого.")
    unfold(page, "reply")
    expect(page.locator("#text-reply")).to_have_value("Латати нема чого.")
    expect(refuse.locator("textarea")).to_have_value("")
