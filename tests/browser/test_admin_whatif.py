"""The result of “what if” in a browser: thousands of places on one canvas, and every place in words beside it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from core.models import Job
from issues.actions import report_issue
from openmap import whatif_jobs
from routing.models import Rule
from routing.rulesets import new_draft, set_in_force
from routing.whatif import try_rules, what_it_reads
from tests.browser.conftest import (
    BOTH_WIDTHS,
    DESKTOP,
    PageAt,
    assert_accessible,
    assert_no_csp_violations,
    screenshot,
)
from tests.browser.tools import beyond_the_edge
from tests.conftest import City, hole
from tests.grid import Town

MANY = 600

# How many points of the canvas are painted.
# Leaflet paints in the next frame: how many points of the canvas are painted after the one that follows it.
PAINTED = """canvas => new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(() => told(
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
        .filter((value, n) => n % 4 === 3 && value > 0).length))))"""


@pytest.fixture
def found(city: City, town: Town) -> dict[str, Any]:
    """What a draft changes about two holes in Заріччя."""
    at = timezone.now()
    for days in (1, 2):
        report_issue(new=hole(city, town["p"]), community=city.community, at=at - timedelta(days=days))
    in_force = set_in_force(city.community, at=at)
    assert in_force
    draft = new_draft(community=city.community, at=at, based_on=in_force)
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.vodokanal)
    on = city.community.day_of(at)
    outcome = try_rules(draft=draft, against=in_force, on=on, since=at - timedelta(days=30), until=at)
    reads = what_it_reads(against=in_force, draft=draft, on=on)
    return outcome.as_dict() | {"on": on.isoformat(), "reads": reads, "draft": draft.pk}


def result_of(city: City, found: dict[str, Any]) -> str:
    """The address of a trial that found this."""
    at = timezone.now()
    job = Job.objects.create(
        community=city.community,
        kind=whatif_jobs.RULES,
        state=Job.State.DONE,
        parameters={"ruleset": found["draft"], "months": 1, "until": at.isoformat(), "on": found["on"]},
        result=found,
        created_at=at,
        finished_at=at,
    )
    return reverse("admin:core_job_whatif", args=[job.pk])


def opened(page: Page, address: str, taras: User, live_server: LiveServer) -> Page:
    session = Client()
    session.force_login(taras)
    cookie = str(session.cookies["sessionid"].value)
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto(address)
    return page


@BOTH_WIDTHS
def test_few_places_are_drawn_and_told_to_everybody(
    page_at: PageAt, width: int, city: City, found: dict[str, Any], taras: User, live_server: LiveServer
) -> None:
    page = opened(page_at(width), result_of(city, found), taras, live_server)
    expect(page.locator("#whatif-map[data-ready=yes]")).to_be_visible()
    expect(page.locator("#whatif-map path.is-changed")).to_have_count(2)
    assert_no_csp_violations(page)
    assert_accessible(page)
    screenshot(page, f"whatif-{width}", full=True)
    assert beyond_the_edge(page) == []
    page.locator("[data-fly]").first.press("Enter")
    expect(page.locator("#whatif-map path.is-shown")).to_have_count(1)


def test_thousands_of_places_are_drawn_on_a_canvas_in_their_colour(
    page_at: PageAt, city: City, found: dict[str, Any], taras: User, live_server: LiveServer
) -> None:
    place = found["places"][0]
    found["places"] = [place | {"lon": place["lon"] + n % 30 / 10000, "subject": 0} for n in range(MANY)]
    page = opened(page_at(DESKTOP), result_of(city, found), taras, live_server)
    expect(page.locator("#whatif-map[data-ready=yes]")).to_be_visible()
    expect(page.locator("#whatif-map path.geo-shape")).to_have_count(0)
    canvas = page.locator("#whatif-map canvas")
    expect(canvas).to_have_count(1)
    assert canvas.evaluate(PAINTED) > 500
    colours = canvas.evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
        ".reduce((seen, value, n, all) => n % 4 === 3 && value === 255"
        " ? seen.add(all.slice(n - 3, n).join()) : seen, new Set()).has('122,31,162')"
    )
    assert colours, "the outline has the colour of the style sheet"
    assert_no_csp_violations(page)


def test_places_stay_without_scripts(
    page_at: PageAt, city: City, town: Town, found: dict[str, Any], taras: User, live_server: LiveServer
) -> None:
    page = opened(page_at(DESKTOP, javascript=False), result_of(city, found), taras, live_server)
    assert page.get_by_text(f"{town['p'].x:.5f}, {town['p'].y:.5f}").count() == 2
