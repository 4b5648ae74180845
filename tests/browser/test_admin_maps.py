"""Maps of the administration pages: as wide as their column, and drawn on a canvas when they hold many shapes."""

import re

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from geodata.models import Area
from routing.models import Rule
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PageAt
from tests.conftest import LONG_AGO, City

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 501


def signed_in(page: Page) -> Page:
    page.goto("/admin/login/")
    page.fill("[name=username]", "taras@example.org")
    page.fill("[name=password]", "yavir-yavir-yavir")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/admin/$"))
    return page


@BOTH_WIDTHS
def test_map_of_a_rule_that_is_only_read_is_seen(
    page_at: PageAt, live_server: LiveServer, city: City, taras: User, width: int
) -> None:
    rule = Rule.objects.get(category=city.roads)
    page = signed_in(page_at(width))
    page.goto(reverse("admin:routing_rule_change", args=[rule.pk]))
    shape = page.locator("#rule-map path.geo-shape")
    expect(shape).to_be_visible()
    box = page.locator("#rule-map").bounding_box()
    assert box
    assert 300 < box["width"] <= width


def test_many_areas_are_drawn_on_a_canvas(page_at: PageAt, live_server: LiveServer, city: City, taras: User) -> None:
    west, south, east, north = city.zarichchia.boundary.extent
    step = (east - west) / MANY
    Area.objects.bulk_create(
        Area(
            community=city.community, division=city.division, code=f"a{n}", name=f"Смуга {n}",
            boundary=MultiPolygon(Polygon.from_bbox((west + n * step, south, west + (n + 1) * step, north)), srid=4326),
            valid_from=LONG_AGO,
        )
        for n in range(MANY)
    )  # fmt: skip
    page = signed_in(page_at(DESKTOP))
    page.goto(reverse("admin:geodata_area_changelist"))
    expect(page.locator("#areas-map canvas")).to_be_attached()
    expect(page.locator("#areas-map path.geo-shape")).to_have_count(0)
    page.locator("#areas-map").click()
    expect(page.locator("#areas-map .leaflet-popup-content a")).to_be_visible()
