"""Without a mouse: everything is reached, seen where one is, and left again."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from issues.models import Issue
from issues.states import State
from media.models import Photo
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt, press_until, screenshot
from tests.browser.tools import WORDS, answer_link, author_link, delivery_of, expect_state, photo_file, told
from tests.conftest import City
from tests.grid import Town
from tests.issues.conftest import address_of_author

MOST_STOPS = 150

# What is around the focused element looks otherwise than without the focus, it lies in the window, and nothing that
# stands still (a bar, a card) covers all of it. Radio buttons and file fields are drawn by their labels.
SEEN = """() => {
  const stop = document.activeElement;
  if (!stop || stop === document.body) return null;
  const drawn = stop.closest("label") || stop;
  const around = [stop, drawn, stop.nextElementSibling, stop.parentElement,
    stop.closest(".item, .card"), stop.querySelector("svg")];
  const near = around.filter(Boolean);
  const look = () => JSON.stringify(near.flatMap((e) => [null, "::after"].map((part) => {
    const style = getComputedStyle(e, part);
    return [style.outlineStyle === "none" ? "" : style.outlineWidth + style.outlineColor, style.boxShadow,
      style.borderColor, style.backgroundColor, style.filter, style.stroke, style.strokeWidth, style.color];
  })));
  const focused = look();
  stop.blur();
  const plain = look();
  stop.focus({ preventScroll: true });
  const box = drawn.getBoundingClientRect();
  const spots = [0.02, 0.5, 0.98].flatMap((x) => [0.02, 0.5, 0.98].map((y) => ({
    x: Math.min(Math.max(box.left + box.width * x, 0), innerWidth - 1),
    y: Math.min(Math.max(box.top + box.height * y, 0), innerHeight - 1),
  })));
  const covers = ({ x, y }) => {
    const bar = document.elementFromPoint(x, y)?.closest(".topbar, .cta, .pick, .panel, .footer");
    return bar && !bar.contains(stop);
  };
  const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  return {
    name: stop.stopNumber ??= window.stopNumber = (window.stopNumber ?? 0) + 1,
    html: stop.outerHTML.slice(0, 160),
    isMain: Boolean(stop.closest("main")),
    isMarked: focused !== plain,
    isInside: inside,
    isCovered: spots.every(covers),
  };
}"""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the focus is."""

    name: int  # given when the element was first met
    html: str
    is_main: bool
    is_marked: bool
    is_inside: bool
    is_covered: bool

    @property
    def is_seen(self) -> bool:
        return self.is_marked and self.is_inside and not self.is_covered


def stop_of(page: Page) -> Stop | None:
    """The focused element; None while nothing has the focus."""
    found = page.evaluate(SEEN)
    return found and Stop(
        found["name"],
        found["html"],
        is_main=found["isMain"],
        is_marked=found["isMarked"],
        is_inside=found["isInside"],
        is_covered=found["isCovered"],
    )


def walk(page: Page, key: str) -> list[Stop]:
    """Every stop from one end of the page to the other. Fails when the walk goes in a circle and never leaves."""
    stops: list[Stop] = []
    for _time in range(MOST_STOPS):
        page.keyboard.press(key)
        stop = stop_of(page)
        if stop is None or (stops and stop.name == stops[0].name):
            return stops
        stops.append(stop)
    pytest.fail(f"{MOST_STOPS} times {key} does not leave the page; the last stops: {[one.html for one in stops[-4:]]}")


def go_to(page: Page, selector: str) -> None:
    """Tab until there."""
    press_until(page, "Tab", lambda: bool(page.evaluate("(s) => document.activeElement.matches(s)", selector)))


def type_into(page: Page, selector: str, words: str) -> None:
    go_to(page, selector)
    page.keyboard.type(words)


def press_button(page: Page, selector: str) -> None:
    go_to(page, selector)
    page.keyboard.press("Enter")


# Seen and never caught ----------------------------------------------------------------------------------------
@BOTH_WIDTHS
@pytest.mark.parametrize("which", ["the country", "the map", "the form", "a report", "the author's", "the answer"])
def test_the_focus_is_always_seen_and_never_caught(
    page_at: PageAt, width: int, which: str, city: City, town: Town
) -> None:
    issue = told(city.manholes, town["p"], ("finish", "Люк закрито."))
    addresses = {
        "the country": "/",
        "the map": "/yavoryn/",
        "the form": "/yavoryn/report/",
        "a report": issue.get_absolute_url(),
        "the author's": author_link(issue),
        "the answer": answer_link(delivery_of(told(city.roads, town["s"]))),
    }
    page = page_at(width)
    page.goto(addresses[which])
    if which == "the map":
        expect(page.locator("#map-canvas .mark").first).to_be_visible()
    there = walk(page, "Tab")
    assert [stop for stop in there if not stop.is_seen] == []
    assert any(stop.is_main for stop in there)
    page.evaluate("document.activeElement.blur()")
    back = walk(page, "Shift+Tab")
    assert {stop.name for stop in back} == {stop.name for stop in there}


@pytest.mark.parametrize("address", ["/", "/yavoryn/report/"])
def test_the_first_stop_skips_the_bar(page_at: PageAt, address: str, city: City) -> None:
    page = page_at(DESKTOP)
    page.goto(address)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    screenshot(page, "keyboard-skip")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    stop = stop_of(page)
    assert stop
    assert stop.is_main


def test_on_the_map_one_skips_to_the_list_or_to_reporting(page_at: PageAt, city: City, town: Town) -> None:
    told(city.roads, town["p"])
    page = page_at(DESKTOP)
    page.goto("/yavoryn/")
    for number, target in enumerate(["#list-heading", "#report"], start=1):
        page.evaluate("document.activeElement.blur()")
        page.goto("/yavoryn/")
        for _time in range(number):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator(target)).to_be_focused()


# Whole ways ---------------------------------------------------------------------------------------------------
@BOTH_WIDTHS
def test_from_the_map_to_a_report_and_back(page_at: PageAt, width: int, city: City, town: Town) -> None:
    issue = told(city.roads, town["p"])
    page = page_at(width)
    page.goto("/yavoryn/")
    mark = page.locator("#map-canvas .mark")
    expect(mark).to_be_visible()
    press_button(page, "#map-canvas .mark")
    expect(page.locator("#pick")).to_be_focused()
    screenshot(page, f"keyboard-card-{width}")
    page.keyboard.press("Escape")
    expect(page.locator("#pick")).to_be_hidden()
    expect(mark).to_be_focused()
    page.keyboard.press("Enter")
    press_button(page, "#pick [data-details]")
    expect(page).to_have_url(re.compile(re.escape(issue.get_absolute_url()) + "$"))
    page.go_back()
    expect(page).to_have_url(re.compile("selected=issues-"))
    expect(page.locator("#pick")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#pick")).to_be_hidden()


@BOTH_WIDTHS
def test_a_report_with_a_photo_is_made_and_sent(page_at: PageAt, width: int, city: City, town: Town) -> None:
    page = page_at(width)
    page.goto("/yavoryn/report/")
    expect(page.locator("#pickmap .leaflet-pane").first).to_be_attached()  # the scripts have come
    go_to(page, "#photo")
    with page.expect_file_chooser() as chooser:
        page.evaluate("0")  # a busy page lets a key overtake the order to catch the chooser; not after an answer
        page.keyboard.press("Space")
    chooser.value.set_files(photo_file(place=town["p"]))
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    type_into(page, "#text", WORDS)
    go_to(page, "[name=category]")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#answerer .promise")).to_be_visible()
    type_into(page, "#email", "olia@example.org")
    press_button(page, "#send")
    expect(page.locator("#secret-link")).to_be_visible()
    issue = Issue.objects.get()
    assert (issue.text, address_of_author(issue)) == (WORDS, "olia@example.org")
    assert Photo.objects.filter(subject=issue.subject).count() == 1


@BOTH_WIDTHS
def test_the_organisation_answers(page_at: PageAt, width: int, city: City, town: Town) -> None:
    issue = told(city.manholes, town["p"])
    page = page_at(width)
    page.goto(answer_link(delivery_of(issue)))
    type_into(page, "#text-accept", "Приймаємо.")
    press_button(page, "button[value=accept]")
    expect_state(page, State.ACCEPTED)
    go_to(page, "details:has([value=ask]) > summary")
    page.keyboard.press("Enter")
    type_into(page, "#text-ask", "З якого боку аптеки?")
    screenshot(page, f"keyboard-answer-{width}")
    press_button(page, "button[value=ask]")
    expect_state(page, State.WAITING)


def test_a_menu_opens_and_escape_closes_it(page_at: PageAt, city: City) -> None:
    page = page_at(PHONE)
    page.goto("/yavoryn/report/")
    go_to(page, ".menu-main > summary")
    page.keyboard.press("Enter")
    expect(page.locator(".menu-main .menu-box")).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("Boolean(document.activeElement.closest('.menu-box'))")
    screenshot(page, "keyboard-menu")
    page.keyboard.press("Escape")
    expect(page.locator(".menu-main .menu-box")).to_be_hidden()
    expect(page.locator(".menu-main > summary")).to_be_focused()


def test_the_language_is_changed(page_at: PageAt, city: City) -> None:
    page = page_at(DESKTOP)
    page.goto("/yavoryn/report/")
    press_button(page, "button[name=language]")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_url(re.compile("/yavoryn/report/$"))


# What had the focus goes away ---------------------------------------------------------------------------------
def test_after_a_photo_is_removed_the_next_one_has_the_focus(page_at: PageAt, city: City) -> None:
    page = page_at(DESKTOP)
    page.goto("/yavoryn/report/")
    page.locator("#photo").set_input_files([photo_file("один.jpg"), photo_file("два.jpg")])
    expect(page.locator("[name=photo_key]")).to_have_count(2)
    page.locator("#email").fill("olia@gmail")
    page.locator("#send").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#pickmap .leaflet-pane").first).to_be_attached()  # the scripts have come
    first, second = (page.locator("[data-remove]").nth(number) for number in range(2))
    name = second.get_attribute("aria-label")
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=photo_key]")).to_have_count(1)
    expect(first).to_be_focused()
    expect(first).to_have_attribute("aria-label", str(name))


def test_the_last_allowed_photo_takes_the_focus_of_the_field(page_at: PageAt, city: City) -> None:
    page = page_at(DESKTOP)
    page.goto("/yavoryn/report/")
    most = int(str(page.locator("#uploads").get_attribute("data-most")))
    page.locator("#photo").focus()
    page.locator("#photo").set_input_files([photo_file(f"{number}.jpg") for number in range(most)])
    expect(page.locator("#photo")).to_be_hidden()
    expect(page.locator("[data-remove]").last).to_be_focused()


def test_the_place_of_the_photo_is_taken_and_the_map_has_the_focus(page_at: PageAt, city: City, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(f"/yavoryn/report/?lon={town['p'].x}&lat={town['p'].y}")
    page.locator("#pickmap [data-canvas]").focus()
    page.keyboard.press("Enter")
    page.locator("#photo").set_input_files(photo_file(place=town["t"]))
    expect(page.locator("#photo-place button")).to_be_visible()
    press_button(page, "#photo-place button")
    expect(page.locator("#pickmap [data-canvas]")).to_be_focused()


def test_after_asking_again_who_answers_the_answer_has_the_focus(page_at: PageAt, city: City, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(f"/yavoryn/report/?lon={town['p'].x}&lat={town['p'].y}")
    page.route("**/report/answerer/*", lambda route: route.abort())
    page.locator("label.chip", has=page.locator("input[value=manholes]")).click()
    expect(page.locator("[data-again]")).to_be_visible()
    page.unroute("**/report/answerer/*")
    press_button(page, "[data-again]")
    expect(page.locator("#answerer .promise")).to_be_visible()
    expect(page.locator("#answerer")).to_be_focused()


def test_after_trying_again_the_heading_of_the_list_has_the_focus(page_at: PageAt, city: City, town: Town) -> None:
    told(city.roads, town["p"])
    page = page_at(DESKTOP)
    page.goto("/yavoryn/")
    expect(page.locator("#map-canvas .mark")).to_be_visible()
    page.route("**/marks.geojson*", lambda route: route.abort())
    page.locator("#nearer").click()
    expect(page.locator("#trouble")).to_be_visible()
    page.unroute("**/marks.geojson*")
    press_button(page, "#trouble [data-retry]")
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("#list-heading")).to_be_focused()


def test_after_the_only_category_is_taken_back_the_menu_of_categories_has_the_focus(
    page_at: PageAt, city: City
) -> None:
    page = page_at(DESKTOP)
    page.goto("/yavoryn/?category=roads")
    press_button(page, "#chosen .chip")
    expect(page.locator("#chosen .chip")).to_have_count(0)
    expect(page.locator(".menu.push summary")).to_be_focused()


def test_escape_closes_the_menu_first_and_the_card_then(page_at: PageAt, city: City, town: Town) -> None:
    told(city.roads, town["p"])
    page = page_at(DESKTOP)
    page.goto("/yavoryn/")
    expect(page.locator("#map-canvas .mark")).to_be_visible()
    press_button(page, "#map-canvas .mark")
    expect(page.locator("#pick")).to_be_focused()
    press_button(page, ".menu.push summary")
    page.keyboard.press("Escape")
    expect(page.locator("details.menu[open]")).to_have_count(0)
    expect(page.locator(".menu.push summary")).to_be_focused()
    expect(page.locator("#pick")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#pick")).to_be_hidden()
