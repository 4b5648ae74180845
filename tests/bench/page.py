"""What a page costs a phone: its own transfer, and when one can use it, on a slow network and a slow processor.

    ./misto bench page [--rounds 5] [--json]

Serves the demo town by gunicorn, opens the map, the report form and a report in Chromium at 390 px with nothing kept
from before, and counts bytes as they came over the wire. Seconds are of this machine and hour; the processor is slowed
four times by the browser itself, the network as Lighthouse slows it for phones. Read the kilobytes.
"""

import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django_scopes import scopes_disabled
from playwright.sync_api import Browser, Page, sync_playwright

from issues.models import Issue
from launcher import ports
from launcher.parts import is_healthy
from launcher.ports import HOST
from media.actions import clean_waiting
from tests.bench._report import Ratio, Report, at_most, table

ROUNDS = 5
SLOWER = 4  # times
# A phone on a bad mobile network, as Lighthouse's “slow 4G”: milliseconds there and back, bytes a second.
SLOW_NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
KILOBYTE = 1024
MOST = 250  # kB that the map page itself may transfer
READY_IN = 2.0  # seconds
BASE_MAP = ("/base.geojson",)
# When the page can be used: its script has taken over, and what it asked the server for is shown.
READY = {
    "map": "document.body.classList.contains('has-script') && document.querySelector('.leaflet-marker-pane > *')",
    "report form": "document.body.classList.contains('has-script') && document.querySelector('#pickmap .leaflet-pane')",
    "report": "document.readyState === 'complete'",
}
_WATCH = """
(() => {
  window.longest = 0; window.blocked = 0;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) {
      window.longest = Math.max(window.longest, task.duration);
      window.blocked += Math.max(0, task.duration - 50);
    }
  }).observe({type: "longtask", buffered: true});
})();
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening of a page: bytes by kind of resource, seconds until it could be used, the longest task in ms."""

    sizes: Counter[str]
    seconds: float
    longest: float
    blocked: float
    requests: int

    @property
    def own(self) -> int:
        """Bytes of everything but the base map."""
        return sum(size for kind, size in self.sizes.items() if kind != "base map")


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0, because a speed is no test."""
    parser = ArgumentParser(description="What a page costs a phone.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    pages, rows = prepare()
    with served() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        measure(chromium, address, pages, rounds=options.rounds, rows=rows).say(as_json=options.json)
        chromium.close()
    return 0


def prepare() -> tuple[dict[str, str], int]:
    """The demo town with its photos cleaned, static files as in production; name of a page → its path, and how many
    reports there are."""
    call_command("load_demo", "--small", stdout=StringIO())
    call_command("collectstatic", interactive=False, verbosity=0)
    while clean_waiting(at=timezone.now()):
        pass
    with scopes_disabled():
        issue = Issue.objects.filter(subject__photos__state="clean").order_by("number").first()
        assert issue is not None
        pages = {"map": "/yavoryn/", "report form": "/yavoryn/report/", "report": f"/yavoryn/issues/{issue.number}/"}
        return pages, Issue.objects.count()


def measure(chromium: Browser, address: str, pages: dict[str, str], *, rounds: int, rows: int) -> Report:
    """Every page in turn, so often, with the processor slowed, and as often with the network slowed as well."""
    figures: dict[str, Any] = {}
    details: list[str] = []
    ratios: list[Ratio] = []
    for network in ("fast", "slow"):
        opened: dict[str, list[Opened]] = {name: [] for name in pages}
        for _round in range(rounds):
            for name, path in pages.items():
                opened[name].append(open_page(chromium, address + path, READY[name], is_slow=network == "slow"))
        for name, ways in opened.items():
            figures[f"{name}, {network} network, processor ÷ {SLOWER}"] = facts_of(ways)
            if network == "fast":
                details.append(breakdown(name, ways[-1]))
    own = figures[f"map, fast network, processor ÷ {SLOWER}"]
    ratios.append(at_most("kB of the map page without base map, of 250", own["own_kB"] / MOST, 1))
    ratios.append(at_most("seconds until the map can be used, of 2", own["ready_s"] / READY_IN, 1))
    return Report("page", rows, figures, ratios, details)


def open_page(chromium: Browser, url: str, ready: str, *, is_slow: bool) -> Opened:
    """Opens it in a fresh profile."""
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2, locale="uk-UA"
    )
    page = context.new_page()
    session = context.new_cdp_session(page)
    kinds: dict[str, str] = {}
    sizes: Counter[str] = Counter()
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: _kind(event)}))
    session.on("Network.loadingFinished", lambda event: sizes.update(_size(kinds, event)))
    session.send("Network.enable")
    if is_slow:
        session.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.add_init_script(_WATCH)
    seconds = _until(page, url, ready)
    page.wait_for_load_state("networkidle")
    longest, blocked = page.evaluate("[window.longest, window.blocked]")
    context.close()
    return Opened(sizes, seconds, longest, blocked, len(kinds))


def _until(page: Page, url: str, ready: str) -> float:
    """Seconds from the first byte asked for until the page can be used."""
    page.goto(url, wait_until="commit")
    page.wait_for_function(f"() => Boolean({ready})", timeout=60_000)
    found: float = page.evaluate("performance.now()")
    return found / 1000


def _kind(event: dict[str, Any]) -> str:
    url: str = event["response"]["url"]
    return "base map" if any(part in url for part in BASE_MAP) else str(event["type"]).lower()


def _size(kinds: dict[str, str], event: dict[str, Any]) -> dict[str, int]:
    return {kinds.get(event["requestId"], "other"): int(event["encodedDataLength"])}


def facts_of(ways: list[Opened]) -> dict[str, Any]:
    """Medians."""
    return {
        "own_kB": round(median(way.own for way in ways) / KILOBYTE, 1),
        "base_map_kB": round(median(way.sizes["base map"] for way in ways) / KILOBYTE, 1),
        "requests": median(way.requests for way in ways),
        "ready_s": round(median(way.seconds for way in ways), 2),
        "longest_task_ms": round(median(way.longest for way in ways)),
        "blocked_ms": round(median(way.blocked for way in ways)),
    }


def breakdown(name: str, opened: Opened) -> str:
    """A table of kilobytes by kind."""
    rows = [[kind, f"{size / KILOBYTE:.1f}"] for kind, size in opened.sizes.most_common()]
    return table([name, "kB over the wire"], rows)


@contextmanager
def served() -> Iterator[str]:
    """The service by gunicorn, as `./misto up` starts it; its address."""
    port = ports.choose(None)
    environment = os.environ | {
        "MISTO_ENV": "production",
        "MISTO_SITE_URL": f"http://{HOST}:{port}",
        "MISTO_HOSTS": HOST,
        "MISTO_STATIC_ROOT": str(settings.STATIC_ROOT),
        "MISTO_SECRET_KEY": "a key that only a measurement of pages uses, once: 0123456789 abcdef",
    }
    words = ["--workers", "2", "--threads", "4", "--worker-class", "gthread", "--bind", f"{HOST}:{port}"]
    command = [sys.executable, "-m", "gunicorn", *words, "--preload", "--log-level", "warning", "openmap.wsgi"]
    server = subprocess.Popen(command, cwd=Path(settings.BASE_DIR), env=environment)
    try:
        end = time.monotonic() + 60
        while not is_healthy(port, HOST):
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError("The service did not start.")
            time.sleep(0.2)
        yield f"http://{HOST}:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main())
