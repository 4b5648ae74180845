"""The author's own report on the map while it waits for a moderator: at once, for them alone, and with a card."""

import re

import pytest
from django.test import RequestFactory
from playwright.sync_api import Page, expect

from accounts.devices import COOKIE, device_of
from core.models import Subject, Visibility
from issues.models import Issue, Supporter
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PageAt, assert_accessible, screenshot
from tests.browser.test_map_page import expect_address, keys_of, opened, settled
from tests.conftest import NOW, City
from tests.geodata.conftest import pin
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("reports")


def reported(page: Page, city: City, town: Town) -> Issue:
    """A report of this browser that strangers do not see, where another stands."""
    page.goto("/yavoryn/report/")
    request = RequestFactory().get("/")
    request.COOKIES |= {str(one["name"]): str(one["value"]) for one in page.context.cookies() if one["name"] == COOKIE}
    issue = pin(city.community, town["p"], category=city.manholes, title="Моя дірка", visibility=Visibility.HELD)
    voice = device_of(request)
    Supporter.objects.create(community=city.community, issue=issue, voice=voice, is_author=True, created_at=NOW)
    return issue


def mark_of(page: Page, issue: Issue) -> str:
    return f"#map-canvas .mark[href$='selected=issues-{issue.pk}']"


@BOTH_WIDTHS
def test_the_author_sees_it_at_once_and_reads_its_card(page_at: PageAt, width: int, city: City, town: Town) -> None:
    author = page_at(width)
    issue = reported(author, city, town)
    mark = opened(author).locator(mark_of(author, issue))
    expect(mark).to_have_attribute("aria-label", re.compile(f"^№ {issue.number} Моя дірка \\(.+\\), .+"))
    mark.focus()
    author.keyboard.press("Enter")
    card = author.locator("#pick")
    expect(card).to_be_focused()
    expect(card.locator("h2")).to_have_text("Моя дірка")
    expect(card.locator(".hint")).not_to_be_empty()
    expect(card.locator("[data-details]")).to_be_hidden()
    expect_address(author, f"selected=issues-{issue.pk}")
    assert_accessible(author)
    screenshot(author, f"map-own-{width}")
    author.reload()
    expect(card.locator("h2")).to_have_text("Моя дірка")
    author.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(author).not_to_have_url(re.compile("selected="))


def test_a_stranger_never_sees_it(page_at: PageAt, city: City, town: Town) -> None:
    issue = reported(page_at(DESKTOP), city, town)
    stranger = page_at(DESKTOP)
    stranger.goto("/yavoryn/report/")
    opened(stranger, f"/yavoryn/?selected=issues-{issue.pk}")
    expect(stranger).not_to_have_url(re.compile("selected="))
    expect(stranger.locator("#pick")).to_be_hidden()
    assert keys_of(stranger, "#map-canvas .mark", "href") == keys_of(stranger, "#list .item-title a", "href")
    expect(stranger.locator("body")).not_to_contain_text("Моя дірка")


def test_it_goes_when_the_filters_take_it_away(page_at: PageAt, city: City, town: Town) -> None:
    author = page_at(DESKTOP)
    mark = author.locator(mark_of(author, reported(author, city, town)))
    opened(author)
    expect(mark).to_be_visible()
    for choice, is_there in (("done", False), ("wait", True)):
        author.locator("label.chip", has=author.locator(f"input[value={choice}]")).click()
        settled(author)
        expect(mark).to_have_count(int(is_there))
    author.locator("summary.chip").first.click()
    author.locator("label.opt", has=author.locator("input[value=roads]")).click()
    settled(author)
    expect(mark).to_have_count(0)


def test_at_the_nearest_zoom_it_stands_beside_the_pile_whose_list_lacks_it(
    page_at: PageAt, city: City, town: Town
) -> None:
    author = page_at(DESKTOP)
    issue = reported(author, city, town)
    pin(city.community, town["p"], category=city.roads)
    point = town["p"]
    near = f"{point.x - 0.001},{point.y - 0.0003},{point.x + 0.001},{point.y + 0.0003}"
    opened(author, f"/yavoryn/?box={near}&zoom=18")
    expect(author.locator("#map-canvas .cluster")).to_have_text("2")
    expect(author.locator(mark_of(author, issue))).to_be_visible()
    screenshot(author, "map-own-pile")


def test_once_a_moderator_has_published_it_it_is_like_any_other(page_at: PageAt, city: City, town: Town) -> None:
    author = page_at(DESKTOP)
    issue = reported(author, city, town)
    Subject.objects.filter(pk=issue.subject_id).update(visibility=Visibility.PUBLIC)
    opened(author)
    expect(author.locator(mark_of(author, issue))).to_have_count(0)
    author.locator(f"#map-canvas a[href$='/{issue.number}/']").focus()
    author.keyboard.press("Enter")
    expect(author.locator("#pick [data-details]")).to_have_attribute("href", re.compile(f"/issues/{issue.number}/$"))
