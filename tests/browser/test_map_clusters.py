"""Clusters and piles: many things in one place have a number, room for a finger, and a way to each of them."""

import math
import re
from itertools import combinations

import pytest
from django.contrib.gis.geos import Point
from playwright.sync_api import Route, expect

from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PHONE, PageAt, screenshot
from tests.browser.test_map_page import listed, opened, settled
from tests.conftest import City
from tests.geodata.conftest import pin
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("reports")


@BOTH_WIDTHS
def test_a_cluster_is_a_button_with_a_number_that_zooms_in(page_at: PageAt, width: int, city: City, town: Town) -> None:
    for _time in range(210):
        pin(city.community, town["p"], category=city.roads)
    page = opened(page_at(width))
    cluster = page.locator("#map-canvas .cluster").first
    number = int(cluster.inner_text())
    assert number > 200
    assert str(number) in str(cluster.get_attribute("aria-label"))
    screenshot(page, f"map-cluster-{width}")
    zoom = int(re.findall(r"zoom=(\d+)", page.url)[0])
    cluster.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"\bzoom={zoom + 2}\b"))


@pytest.mark.parametrize("count", [14, 987, 9_876, 98_765, 9_876_543])
def test_the_number_of_a_cluster_stands_within_its_ring(page_at: PageAt, city: City, town: Town, count: int) -> None:
    def more(route: Route) -> None:
        """As in a larger city."""
        answer = route.fetch()
        told = answer.json()
        for feature in told["features"]:
            feature["properties"] |= {"count": count, "wait": count}
        route.fulfill(response=answer, json=told)

    for _time in range(201):
        pin(city.community, town["p"], category=city.roads)
    page = page_at(PHONE)
    page.route("**/marks.geojson*", more)
    opened(page)
    cluster = page.locator(".cluster").first
    ring, number = cluster.bounding_box(), cluster.locator("b").bounding_box()
    assert ring
    assert number
    assert number["width"] <= 0.8 * ring["width"]
    assert cluster.inner_text().replace("\xa0", "") == str(count)


@BOTH_WIDTHS
def test_clusters_leave_each_other_room_and_come_nearer_whole(
    page_at: PageAt, width: int, city: City, town: Town
) -> None:
    west, south, east, north = town.box()
    for number in range(420):
        place = Point(west + (east - west) * 0.045 * (number % 21), south + (north - south) * 0.047 * (number // 21))
        pin(city.community, place, category=city.roads)
    page = opened(page_at(width))
    boxes = [box for one in page.locator("#map-canvas .cluster").all() if (box := one.bounding_box())]
    circles = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"]) for box in boxes]
    assert len(circles) > 5
    for (x, y, wide), (beside, below, other) in combinations(circles, 2):
        assert math.hypot(x - beside, y - below) > 0.9 * (wide + other) / 2
    cluster = page.locator("#map-canvas .cluster").nth(2)
    number = int(cluster.inner_text())
    cluster.focus()
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("zoom=14"))
    settled(page)
    assert int(page.locator("#list-heading").inner_text().split(": ")[1]) >= number


@BOTH_WIDTHS
@pytest.mark.parametrize("pressed", ["mouse", "keyboard"])
@pytest.mark.parametrize("many", [20, 210])  # few enough to come one by one, and more than a map is given
def test_things_in_one_place_are_reached_at_the_nearest_zoom(
    page_at: PageAt, city: City, town: Town, width: int, pressed: str, many: int
) -> None:
    for number in range(many):
        pin(city.community, town["p"], category=city.roads, title=f"Яма {number}")
    point = town["p"]
    beside = pin(city.community, Point(point.x + 0.0007, point.y), category=city.roads, title="Осторонь")
    near = f"{point.x - 0.0008},{point.y - 0.0003},{point.x + 0.0008},{point.y + 0.0003}"
    page = opened(page_at(width), f"/yavoryn/?box={near}&zoom=18")
    pile = page.locator("#map-canvas .cluster")
    expect(pile).to_have_text(str(many + 1))
    if pressed == "mouse":
        pile.click()
    else:
        pile.focus()
        page.keyboard.press("Enter")
    expect(page.locator("#list-heading")).to_be_focused()
    expect(page.locator("#list-heading")).to_contain_text(str(many + 1))
    assert beside.title not in listed(page)
    expect(page.locator("#map-canvas .mark")).to_have_count(1)
    screenshot(page, f"map-pile-{many}-{width}")
    page.locator("#chosen .chip").click()
    expect(page.locator("#list-heading")).to_contain_text(str(many + 2))


def test_a_chosen_thing_of_a_pile_has_its_card_beside_the_pile(page_at: PageAt, city: City, town: Town) -> None:
    hidden = [pin(city.community, town["p"], category=city.roads) for _time in range(3)][1]
    point = town["p"]
    near = f"{point.x - 0.001},{point.y - 0.0003},{point.x + 0.001},{point.y + 0.0003}"
    page = opened(page_at(DESKTOP), f"/yavoryn/?box={near}&zoom=18&selected=issues-{hidden.pk}")
    card, pile = page.locator("#pick").bounding_box(), page.locator("#map-canvas .cluster").bounding_box()
    assert card
    assert pile
    assert card["y"] < pile["y"] < card["y"] + card["height"]
