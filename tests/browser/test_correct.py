"""Correcting a report in a browser: with JavaScript and without, by keyboard, on a phone and on a desk."""

import pytest
from django.utils.translation import gettext
from playwright.sync_api import expect

from issues.models import Issue
from media.models import Photo
from tests.browser.conftest import BOTH_WIDTHS, PHONE, PageAt, assert_accessible, screenshot
from tests.browser.report_form import VODOKANAL, choose, photo
from tests.browser.test_hide_faces import drag, hide_by_two_presses
from tests.browser.tools import assert_loaded, author_link, beyond_the_edge, let_workers_work, told
from tests.conftest import City
from tests.grid import Town
from tests.photos import jpeg


@pytest.fixture
def sent(city: City, town: Town) -> Issue:
    return told(city.roads, town["p"], photos=1)


@pytest.mark.slow_phone
@BOTH_WIDTHS
def test_another_kind_names_who_answers_before_it_is_saved(page_at: PageAt, width: int, sent: Issue) -> None:
    page = page_at(width)
    page.goto(author_link(sent))
    page.get_by_role("link", name=gettext("Correct the report")).click()
    expect(page.locator("#text")).to_have_value(sent.text)
    assert_accessible(page)
    assert beyond_the_edge(page) == []
    screenshot(page, f"correct-{width}", full=True)
    choose(page, "manholes")
    expect(page.locator("#send")).to_contain_text(VODOKANAL, timeout=15_000)
    page.locator("#text").fill("Це люк, а не яма.")
    page.locator("#send").click()
    expect(page.locator(".timeline")).to_contain_text(VODOKANAL, timeout=15_000)
    sent.refresh_from_db()
    assert (sent.category.code, sent.text) == ("manholes", "Це люк, а не яма.")


def test_without_javascript_it_is_two_steps(page_at: PageAt, sent: Issue) -> None:
    page = page_at(PHONE, javascript=False)
    page.goto(f"{author_link(sent)}correct/")
    page.locator("#text").fill("Це люк, а не яма.")
    choose(page, "manholes")
    page.locator("#send").click()
    expect(page.locator("#answerer")).to_contain_text(VODOKANAL, timeout=15_000)
    expect(page.locator("#text")).to_have_value("Це люк, а не яма.")
    screenshot(page, "correct-no-script", full=True)
    page.locator("#send").click()
    expect(page.locator(".timeline")).to_contain_text(VODOKANAL, timeout=15_000)


# Faces and plates on a photo that is added ---------------------------------------------------------------------
def added(issue: Issue) -> Photo:
    """The photo that the correction brought."""
    return Photo.objects.filter(subject=issue.subject).exclude(name="яма.jpg").get()


@BOTH_WIDTHS
def test_a_face_on_a_photo_that_is_added_is_hidden_before_it_is_saved(page_at: PageAt, width: int, sent: Issue) -> None:
    page = page_at(width)
    page.goto(f"{author_link(sent)}correct/")
    page.locator("#photo").set_input_files(photo(jpeg(1200, 900), name="перехрестя.jpg"))
    expect(page.locator("[name=photo_key]")).to_have_count(1, timeout=20_000)
    let_workers_work()
    page.locator("[data-hide]").click()
    stage = page.locator("#redact [data-stage]")
    expect(stage).to_be_visible()
    drag(page, stage, (0.1, 0.1), (0.4, 0.5))
    assert_accessible(page)
    screenshot(page, f"correct-hide-{width}")
    page.locator("#redact [data-done]").click()
    expect(page.locator("#redact")).to_be_hidden()
    let_workers_work()
    expect(page.locator(".upload-say")).to_contain_text("1")
    assert_loaded(page.locator(".upload [data-picture] img"), count=1)
    page.locator("#send").click()
    expect(page.locator(".timeline")).to_be_visible()
    assert added(sent).boxes == [pytest.approx([0.1, 0.1, 0.4, 0.5], abs=0.02)]
    let_workers_work()
    assert added(sent).original == "", "what was hidden is nowhere any more"


def test_a_face_is_hidden_while_a_correction_waits_for_the_network(page_at: PageAt, sent: Issue) -> None:
    page = page_at(PHONE)
    page.goto(f"{author_link(sent)}correct/")
    page.context.set_offline(True)
    page.locator("#photo").set_input_files(photo(jpeg(1200, 900), name="перехрестя.jpg"))
    page.locator("#uploads .is-waiting [data-hide]").click()
    stage = page.locator("#redact [data-stage]")
    expect(stage).to_be_visible()
    drag(page, stage, (0.1, 0.1), (0.4, 0.5))
    page.locator("#redact [data-done]").click()
    page.context.set_offline(False)
    page.locator("#send").click()
    expect(page.locator("[name=photo_key]")).to_have_count(1, timeout=20_000)
    page.locator("#send").click()
    expect(page.locator(".timeline")).to_be_visible()
    assert added(sent).boxes == [pytest.approx([0.1, 0.1, 0.4, 0.5], abs=0.02)]


@BOTH_WIDTHS
def test_without_javascript_two_presses_hide_a_face_and_the_correction_stays(
    page_at: PageAt, width: int, sent: Issue
) -> None:
    page = page_at(width, javascript=False)
    page.goto(f"{author_link(sent)}correct/")
    page.locator("#text").fill("Це люк, а не яма.")
    page.locator("[name=remove_photo]").check()
    hide_by_two_presses(page, width)
    assert beyond_the_edge(page) == []
    screenshot(page, f"correct-hide-plain-{width}", full=True)
    page.locator("button[value=hide_done]:visible").click()
    expect(page.locator("#correct-form")).to_be_visible()
    expect(page.locator("#text")).to_have_value("Це люк, а не яма.")
    expect(page.locator("[name=remove_photo]")).to_be_checked()
    page.locator("#send").click()
    expect(page.locator(".timeline")).to_be_visible()
    sent.refresh_from_db()
    assert sent.text == "Це люк, а не яма."
    assert added(sent).boxes == [pytest.approx([0.25, 0.25, 0.5, 0.75], abs=0.01)]
    assert Photo.objects.filter(subject=sent.subject).count() == 1, "the first one was taken away"
