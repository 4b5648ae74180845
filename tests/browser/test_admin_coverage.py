"""The coverage page in a browser: patterns beside colours, buttons that lead to a place, nothing lost without
scripts."""

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from geodata.models import Area
from routing.models import Rule, RuleSet
from routing.rule_check import check_rules
from tests.browser.conftest import (
    BOTH_WIDTHS,
    DESKTOP,
    PageAt,
    assert_accessible,
    assert_no_csp_violations,
    screenshot,
)
from tests.browser.tools import beyond_the_edge
from tests.conftest import LONG_AGO, City


@pytest.fixture
def address(city: City) -> str:
    """A draft in which Слобідка has two answers, a part of Заріччя one at weekends, and the rest none."""
    draft = RuleSet.objects.create(community=city.community, number=2, created_at=timezone.now())
    given = {"community": city.community, "ruleset": draft, "category": city.roads, "division": city.division}
    Rule.objects.create(area_code="south", organisation=city.road_service, **given)
    Rule.objects.create(area_code="south", organisation=city.vodokanal, **given)
    west, south, east, north = city.zarichchia.boundary.extent
    part = MultiPolygon(Polygon.from_bbox((west, south, (west + east) / 2, north)), srid=4326)
    Area.objects.create(
        community=city.community,
        division=city.division,
        code="part",
        name="Частина",
        boundary=part,
        valid_from=LONG_AGO,
    )
    Rule.objects.create(area_code="part", organisation=city.council, weekdays=[6, 7], **given)
    Rule.objects.create(community=city.community, ruleset=draft, category=city.manholes, organisation=city.vodokanal)
    check_rules(draft, at=timezone.now())
    return f"{reverse('admin:routing_ruleset_coverage', args=[draft.pk])}?category=roads"


@pytest.fixture
def cookie(taras: User) -> str:
    session = Client()
    session.force_login(taras)
    return str(session.cookies["sessionid"].value)


def opened(page: Page, address: str, cookie: str, live_server: LiveServer) -> Page:
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto(address)
    return page


@BOTH_WIDTHS
def test_map_shows_patterns_and_numbers_and_is_usable_by_everybody(
    page_at: PageAt, width: int, address: str, cookie: str, live_server: LiveServer
) -> None:
    page = opened(page_at(width), address, cookie, live_server)
    expect(page.locator("#coverage-map[data-ready=yes]")).to_be_visible()
    for look, pattern in (("nobody", "coverage-nobody"), ("two", "coverage-two")):
        fill = page.locator(f"#coverage-map path.is-{look}").first.evaluate("path => getComputedStyle(path).fill")
        assert f"#{pattern}" in fill, "the pattern is drawn, not only a colour"
    expect(page.locator("#coverage-map .geo-tag")).to_have_count(2)
    assert_no_csp_violations(page)
    assert_accessible(page)
    screenshot(page, f"coverage-{width}", full=True)
    assert beyond_the_edge(page) == []


def test_button_leads_the_map_to_the_place_by_keyboard(
    page_at: PageAt, address: str, cookie: str, live_server: LiveServer
) -> None:
    page = opened(page_at(DESKTOP), address, cookie, live_server)
    expect(page.locator("#coverage-map[data-ready=yes]")).to_be_visible()
    page.locator("[data-fly]").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#coverage-map path.is-shown")).to_have_count(1)


def test_table_and_findings_stay_without_scripts(
    page_at: PageAt, address: str, cookie: str, live_server: LiveServer
) -> None:
    page = opened(page_at(DESKTOP, javascript=False), address, cookie, live_server)
    expect(page.locator(".coverage-table tbody tr")).to_have_count(3)
    assert page.locator(".coverage-findings li").count() >= 2
    page.locator(".coverage-categories a[href$=manholes]").click()
    expect(page.locator(".coverage-table tbody tr")).to_have_count(1)
