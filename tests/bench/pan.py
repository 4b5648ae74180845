"""What moving the map costs a phone: pan and zoom with 200 marks on the screen, beside the same with an empty map.

    ./misto bench pan [--rounds 3] [--json]

Serves the demo town with more reports by gunicorn, and moves the map at 390 and 1280 px in Chromium with the processor
slowed four times. Tasks longer than 50 ms are what a person feels; “blocked” is the sum of what goes beyond that. The
empty map is the same page whose marks never come. Read the difference: the base map costs what it costs.
"""

import json
import os
import random
import re
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from statistics import median
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.contrib.gis.geos import Point
from django.utils import timezone
from django_scopes import scope, scopes_disabled
from playwright.sync_api import Browser, Page, Route, sync_playwright

from geodata.layers import Filters, all_layers
from geodata.models import Community
from issues.actions import NewReport, report_issue
from routing.models import Category
from tests.bench import page as page_bench
from tests.bench._report import Report, at_most

ROUNDS = 3
SLOWER = 4  # times
MARKS = 200
WIDTHS = {390: 844, 1280: 800}
SPREAD = 0.012  # degrees around the middle: so much of a town is on the screen at the first zoom
LONGEST = 200  # ms of one task that people may feel
_WATCH = """
(() => {
  window.longest = 0; window.blocked = 0;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) {
      window.longest = Math.max(window.longest, task.duration);
      window.blocked += Math.max(0, task.duration - 50);
    }
  }).observe({type: "longtask", buffered: false});
})();
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """One walk over the map: the longest task and what blocked the page, ms; marks that stood on the screen."""

    longest: float
    blocked: float
    marks: int


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0, because a speed is no test."""
    parser = ArgumentParser(description="What moving the map costs a phone.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    page_bench.prepare()
    rows = add_reports_up_to(MARKS)
    with page_bench.served() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        measure(chromium, address, rounds=options.rounds, rows=rows).say(as_json=options.json)
        chromium.close()
    return 0


def add_reports_up_to(many: int) -> int:
    """Reports around the middle of the demo town until there are so many things; how many there are then."""
    with scopes_disabled():
        community = Community.objects.get(slug="yavoryn")
    today = community.day_of(timezone.now())
    dice = random.Random(7)  # the same town at every measurement
    with scope(community=community):
        there = sum(layer.rows(community.pk, Filters(), today=today).count() for layer in all_layers() if layer.is_on)
        category = Category.objects.filter(community=community).order_by("pk")[0]
        for number in range(many - there):
            across, along = (dice.uniform(-SPREAD, SPREAD) for _axis in range(2))
            place = Point(community.centre.x + across, community.centre.y + along, srid=4326)
            new = NewReport(category=category, point=place, text=f"Яма {number}", email="")
            report_issue(new=new, community=community, at=timezone.now())
    return max(many, there)


def measure(chromium: Browser, address: str, *, rounds: int, rows: int) -> Report:
    """Both maps in turn, at both widths, so often."""
    figures: dict[str, Any] = {}
    ratios = []
    for width in WIDTHS:
        walks: dict[str, list[Moved]] = {"empty": [], "full": []}
        for _round in range(rounds):
            for kind, found in walks.items():
                found.append(walk(chromium, address, width, is_empty=kind == "empty"))
        for kind, found in walks.items():
            figures[f"{kind} map, {width} px, processor ÷ {SLOWER}"] = facts_of(found)
        full, empty = (median(one.longest for one in walks[kind]) for kind in ("full", "empty"))
        ratios.append(
            at_most(
                f"longest task at {width} px beyond the empty map's, of {LONGEST} ms",
                max(0.0, full - empty) / LONGEST,
                1,
            )
        )
    return Report("pan", rows, figures, ratios, [])


def walk(chromium: Browser, address: str, width: int, *, is_empty: bool) -> Moved:
    """Opens the map, drags it four times, zooms in and out, and reads the long tasks since the first drag."""
    context = chromium.new_context(viewport={"width": width, "height": WIDTHS[width]}, locale="uk-UA")
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.route("**/marks.geojson*", lambda route: _empty(route) if is_empty else _all(route))
    page.goto(f"{address}/yavoryn/")
    page.wait_for_selector("body.has-script")
    page.wait_for_load_state("networkidle")
    marks = page.locator("#map-canvas :is(.mark, .cluster)").count()
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.wait_for_timeout(500)
    page.evaluate("window.longest = window.blocked = 0")
    _move(page)
    longest, blocked = page.evaluate("[window.longest, window.blocked]")
    context.close()
    return Moved(longest, blocked, marks)


def _move(page: Page) -> None:
    box = page.locator("#map-canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.72, 300
    for step in (60, -60, 90, -90):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + step, y + step / 2, steps=12)
        page.mouse.up()
        page.wait_for_timeout(700)
    for button in ("#nearer", "#farther"):
        page.locator(button).click()
        page.wait_for_timeout(1500)


def _empty(route: Route) -> None:
    route.fulfill(content_type="application/geo+json", body=json.dumps({"type": "FeatureCollection", "features": []}))


def _all(route: Route) -> None:
    """As many marks as a map may have, also on a small screen."""
    route.continue_(url=re.sub(r"most=\d+", f"most={MARKS}", route.request.url))


def facts_of(walks: list[Moved]) -> dict[str, Any]:
    """Medians."""
    return {
        "marks": round(median(walk.marks for walk in walks)),
        "longest_task_ms": round(median(walk.longest for walk in walks)),
        "blocked_ms": round(median(walk.blocked for walk in walks)),
    }


if __name__ == "__main__":
    sys.exit(main())
