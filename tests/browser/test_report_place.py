"""The place of a report: tapped, dragged, typed, from the phone, from a photo."""

import re

import pytest
from playwright.sync_api import expect

from geodata.models import Community
from tests.browser.conftest import (
    BOTH_WIDTHS,
    DESKTOP,
    PHONE,
    PageAt,
    assert_accessible,
    screenshot,
)
from tests.browser.report_form import (
    ADDRESS,
    KYIV,
    choose,
    fill,
    photo,
    place_of,
    town_on_the_small_map,
)
from tests.conftest import City
from tests.grid import Town
from tests.photos import jpeg

pytestmark = pytest.mark.usefixtures("city")


def test_a_tap_on_the_map_is_the_place(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE, has_touch=True)
    page.goto(f"{ADDRESS}?lon={town['p'].x}&lat={town['p'].y}")
    before = place_of(page)
    page.locator("#pickmap [data-canvas]").tap(position={"x": 60, "y": 200})
    expect(page.locator("[name=lon]")).not_to_have_value(f"{before[0]:.6f}")
    lon, lat = place_of(page)
    assert lon < before[0]
    assert lat < before[1]


def test_dragging_the_map_under_the_pin_is_the_place(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(f"{ADDRESS}?lon={town['p'].x}&lat={town['p'].y}")
    before = place_of(page)
    page.locator("#pickmap").scroll_into_view_if_needed()
    box = page.locator("#pickmap").bounding_box()
    assert box
    x, y = box["x"] + 150, box["y"] + 120
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=6)
    page.mouse.up()
    expect(page.locator("[name=lon]")).not_to_have_value(f"{before[0]:.6f}")
    lon, lat = place_of(page)
    assert lon < before[0]
    assert lat > before[1]


def test_zooming_does_not_move_the_place(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    fill(page, town)
    before = place_of(page)
    page.locator("#pickmap [data-farther]").click()
    page.locator("#pickmap [data-nearer]").click()
    assert place_of(page) == before


@BOTH_WIDTHS
def test_a_photo_taken_far_away_is_said_at_once_and_the_map_stays_in_town(page_at: PageAt, width: int) -> None:
    page = page_at(width)
    page.goto(ADDRESS)
    expect(page.locator("path.t-rim")).to_have_count(1)
    before = town_on_the_small_map(page)
    page.locator("#photo").set_input_files(photo(jpeg(place=KYIV), "київ.jpg"))
    refusal = page.locator("#place-outside")
    expect(refusal).to_contain_text("Яворинська громада")
    assert town_on_the_small_map(page) == pytest.approx(before, abs=1)
    assert page.locator("[name=lon]").input_value() == ""
    expect(page.locator("[data-step=place]")).not_to_have_class(re.compile("is-past"))
    expect(page.locator("#photo-place")).to_be_hidden()
    assert_accessible(page)
    screenshot(page, f"report-photo-from-far-{width}", full=True)
    refusal.locator("button").click()
    expect(refusal).to_be_hidden()
    expect(page.locator("#pickmap [data-canvas]")).to_be_focused()


def test_a_photo_from_far_away_gives_way_to_one_from_here(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    here = (town["p"].x, town["p"].y)
    page.locator("#photo").set_input_files(photo(jpeg(place=KYIV), "київ.jpg"))
    expect(page.locator("#place-outside")).to_be_visible()
    page.locator("#photo").set_input_files(photo(jpeg(place=here)))
    expect(page.locator("#place-outside")).to_be_hidden()
    assert place_of(page) == pytest.approx(here, abs=1e-5)


def test_a_photo_from_behind_the_border_is_refused_by_the_exact_boundary(
    page_at: PageAt, town: Town, city: City
) -> None:
    city.community.boundary = town.area("ABD")  # its box holds q, the triangle does not
    city.community.save()
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    behind = town["C"]
    page.locator("#photo").set_input_files(photo(jpeg(place=(behind.x + 1e-4, behind.y + 1e-4)), "поле.jpg"))
    expect(page.locator("#place-outside")).to_be_visible()
    expect(page.locator("[name=lon]")).to_have_value("")
    expect(page.locator("[data-step=place]")).not_to_have_class(re.compile("is-past"))


def test_a_place_outside_is_said_before_any_category_is_chosen(page_at: PageAt, elsewhere: Community) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    page.locator("#address").fill(f"{elsewhere.centre.y:.6f} {elsewhere.centre.x:.6f}")
    page.locator("#address").press("Enter")
    expect(page.locator("#place-outside")).to_contain_text("Соснівська громада")
    expect(page.locator("#answerer a")).to_have_attribute("href", "/sosnivka/report/")
    expect(page.locator("[data-step=place]")).not_to_have_class(re.compile("is-past"))
    page.locator("#place-outside button").click()
    expect(page.locator("#address")).to_have_value("")
    expect(page.locator("#answerer .is-late")).to_have_count(0)


def test_the_map_of_the_form_cannot_be_dragged_away_from_the_community(page_at: PageAt, city: City) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    page.locator("#pickmap").scroll_into_view_if_needed()
    box = page.locator("#pickmap").bounding_box()
    boundary = city.community.boundary
    assert box
    assert boundary
    for _time in range(6):
        page.mouse.move(box["x"] + 20, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 100, steps=4)
        page.mouse.up()
    west, _south, east, _north = boundary.extent
    assert place_of(page)[0] == pytest.approx(west - (east - west) * 0.1, abs=(east - west) * 0.02)


def test_a_map_seen_from_far_away_is_no_place(page_at: PageAt, town: Town) -> None:
    page = page_at(PHONE)
    page.goto(f"{ADDRESS}?lon={town['p'].x}&lat={town['p'].y}&zoom=14")
    assert page.locator("[name=lon]").input_value() == ""
    expect(page.locator(".pickmap-hint")).to_be_visible()
    expect(page.locator("[data-step=place]")).not_to_have_class(re.compile("is-past"))
    screenshot(page, "report-from-far-map", full=True)
    page.locator("#pickmap [data-canvas]").click(position={"x": 150, "y": 100})
    expect(page.locator("[data-step=place]")).to_have_class(re.compile("is-past"))
    expect(page.locator(".pickmap-hint")).to_be_hidden()


def test_the_hint_of_the_map_is_small_and_goes_with_the_first_move(page_at: PageAt) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    map_box, pin, hint = (
        page.locator(name).bounding_box() for name in ("#pickmap", ".pickmap-pin svg", ".pickmap-hint")
    )
    assert map_box
    assert pin
    assert hint
    assert hint["height"] < map_box["height"] / 8
    assert hint["y"] > pin["y"] + pin["height"]
    page.locator("#pickmap [data-nearer]").click()
    expect(page.locator(".pickmap-hint")).to_be_hidden()


def test_the_example_of_coordinates_is_a_place_of_this_community(page_at: PageAt, city: City) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    found = re.search(r"(\d+\.\d{4}), (\d+\.\d{4})", page.locator("#address-hint").inner_text())
    assert found
    centre = city.community.centre
    assert (float(found[1]), float(found[2])) == pytest.approx((centre.y, centre.x), abs=1e-4)


def test_a_place_chosen_by_hand_is_kept_and_that_of_the_photo_offered(page_at: PageAt, town: Town) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    fill(page, town)
    chosen = place_of(page)
    page.locator("#photo").set_input_files(photo(jpeg(place=(town["t"].x, town["t"].y))))
    expect(page.locator("#photo-place button")).to_be_visible()
    assert place_of(page) == chosen
    page.locator("#photo-place button").click()
    assert place_of(page) == pytest.approx((town["t"].x, town["t"].y), abs=1e-5)
    expect(page.locator("#photo-place button")).to_be_hidden()


def test_a_place_outside_names_the_community_that_it_is_in(page_at: PageAt, town: Town, elsewhere: Community) -> None:
    page = page_at(DESKTOP)
    page.goto(ADDRESS)
    choose(page, "roads")
    place = elsewhere.centre
    page.locator("#address").fill(f"{place.y:.6f} {place.x:.6f}")
    page.locator("#address").press("Enter")
    refusal = page.locator("#answerer .is-late")
    expect(refusal).to_contain_text("Соснівська громада")
    expect(refusal.locator("a")).to_have_attribute("href", "/sosnivka/report/")
    screenshot(page, "report-outside", full=True)


def test_my_place_is_taken_from_the_phone(page_at: PageAt, town: Town) -> None:
    place = {"latitude": town["q"].y, "longitude": town["q"].x}
    page = page_at(PHONE, permissions=["geolocation"], geolocation=place)
    page.goto(ADDRESS)
    page.locator("[data-locate]").click()
    expect(page.locator("[name=lon]")).to_have_value(re.compile(r"^28\."))
    assert place_of(page) == pytest.approx((town["q"].x, town["q"].y), abs=1e-5)


def test_a_phone_that_hides_its_place_gets_an_explanation(page_at: PageAt) -> None:
    page = page_at(PHONE)
    page.goto(ADDRESS)
    page.locator("[data-locate]").click()
    expect(page.locator("#place-trouble")).not_to_be_empty()
