"""A real browser on a live server. Every test fails on a broken script or on what the security policy refuses.

Chromium comes from the system: CHROMIUM names another one. Screenshots go to MISTO_SCREENSHOTS (var/screenshots).
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Condition
from typing import Any, Protocol
from urllib.request import urlopen

import pytest
import time_machine
from django.core.signals import request_finished, request_started
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from issues.models import Issue
from issues.states import State
from tests.conftest import NOW, City
from tests.geodata.conftest import TODAY, pin
from tests.grid import Town, grid

# Playwright runs an event loop in this thread; Django's database calls beside it are safe, as nothing awaits them.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
SCREENSHOTS = Path(os.environ.get("MISTO_SCREENSHOTS", ROOT / "var" / "screenshots"))
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESKTOP = 390, 1280
HEIGHTS = {PHONE: 844, DESKTOP: 800}
PATIENCE = 30_000  # milliseconds: a busy machine takes its time, and what comes early is not waited for
USUAL_PATIENCE = 15_000  # milliseconds, of an expectation
# Milliseconds, bytes a second.
SLOW_NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
BOTH_WIDTHS = pytest.mark.parametrize("width", [PHONE, DESKTOP])

_REMEMBER_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`Content Security Policy: ${event.violatedDirective} refused ${event.blockedURI}`));
"""


@dataclass(slots=True)
class Complaints:
    """What the browser complained about in one context."""

    policy: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)


_complaints: dict[BrowserContext, Complaints] = {}


class PageAt(Protocol):
    """Opens a page of the given width in a fresh browser profile. Service workers are refused, as in a private window,
    unless the options say `service_workers="allow"`: what they fetch passes by the routes of a test."""

    def __call__(self, width: int, *, javascript: bool = True, **options: Any) -> Page: ...


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Fails, rather than skips, where there is none."""
    if not CHROMIUM.is_file():
        pytest.fail(f"There is no browser at {CHROMIUM}: install chromium, or name one in CHROMIUM.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(autouse=True)
def _morning(live_server: LiveServer) -> Iterator[None]:
    """Thursday 19 November 2026, 10:00 in Kyiv, and the clock goes on."""
    with time_machine.travel(NOW, tick=True):
        yield


class Requests:
    """The requests that the server works on. A page that is closed leaves some behind."""

    def __init__(self) -> None:
        self._change = Condition()
        self._running = 0

    def began(self, **_facts: Any) -> None:
        with self._change:
            self._running += 1

    def ended(self, **_facts: Any) -> None:
        with self._change:
            self._running = max(self._running - 1, 0)
            self._change.notify_all()

    def wait_for_all(self, server: LiveServer) -> None:
        """Until none is left: one that still reads would stand in the way of emptying the tables. Ten seconds."""
        with urlopen(f"{server.url}/static/openmap/favicon.svg", timeout=30) as answer:
            answer.read()  # the server takes connections in their order: all earlier ones have begun
        with self._change:
            self._change.wait_for(lambda: self._running == 0, timeout=10)
            self._running = 0  # one whose end was never told holds up this test only


@pytest.fixture(scope="session")
def requests() -> Iterator[Requests]:
    found = Requests()
    request_started.connect(found.began)
    request_finished.connect(found.ended)
    yield found
    request_started.disconnect(found.began)
    request_finished.disconnect(found.ended)


@pytest.fixture
def page_at(
    browser: Browser, live_server: LiveServer, requests: Requests, request: pytest.FixtureRequest
) -> Iterator[PageAt]:
    """`page_at(390)`, `page_at(1280, javascript=False, color_scheme="dark")`: addresses are relative to the server.

    In a test marked `slow_phone` every page of a phone's width is slowed down.
    """
    contexts: list[BrowserContext] = []
    is_slow = request.node.get_closest_marker("slow_phone") is not None

    def open_page(width: int, *, javascript: bool = True, **options: Any) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": HEIGHTS.get(width, 800)},
            locale="uk-UA",
            timezone_id="Europe/Kyiv",
            java_script_enabled=javascript,
            **({"reduced_motion": "reduce", "service_workers": "block"} | options),
        )
        contexts.append(context)
        _listen(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        if is_slow and width == PHONE:
            slow_down(page)
            expect.set_options(timeout=2 * PATIENCE)
        return page

    yield open_page
    expect.set_options(timeout=USUAL_PATIENCE)
    complaints = [_complaints.pop(context) for context in contexts]
    for context in contexts:
        context.close()
    requests.wait_for_all(live_server)
    assert [text for one in complaints for text in (*one.policy, *one.scripts)] == []


def _listen(context: BrowserContext) -> None:
    complaints = _complaints[context] = Complaints()

    def hear(said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            complaints.policy.append(said.text)

    context.add_init_script(_REMEMBER_VIOLATIONS)
    context.on("weberror", lambda error: complaints.scripts.append(str(error.error)))
    context.on("console", hear)


def assert_no_csp_violations(page: Page) -> None:
    """Nothing on any page of this browser profile was refused by the Content-Security-Policy so far."""
    assert _complaints[page.context].policy == []


def slow_down(page: Page) -> None:
    """A phone on a bad mobile network: 150 ms there and back, 1.6 Mbit/s down, 0.75 Mbit/s up (Lighthouse's “slow 4G”),
    and a processor that is four times slower."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.set_default_timeout(2 * PATIENCE)
    page.set_default_navigation_timeout(2 * PATIENCE)


def expect_script_error(page: Page, words: str) -> None:
    """A script of this browser profile ended with an error that says so, as it should; no test fails for it."""
    page.evaluate("0")  # whatever was said until now has been heard
    scripts = _complaints[page.context].scripts
    expected = [error for error in scripts if words in error]
    assert expected, scripts
    scripts[:] = [error for error in scripts if error not in expected]


def assert_accessible(page: Page) -> None:
    """axe-core finds nothing, of any impact, by the rules of WCAG 2.2 AA and good practice."""
    page.wait_for_load_state("domcontentloaded")  # a page that has only begun to arrive has no headings
    policy = _complaints[page.context].policy
    before = len(policy)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}})", tags)
    page.evaluate("0")  # whatever was said until now has been heard
    del policy[before:]  # axe itself tries styles that the policy refuses
    violations = [
        f"{rule['id']}: {node['html'][:200]}\n  {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
    assert violations == [], "\n".join(violations)


def screenshot(page: Page, name: str, *, full: bool = False) -> None:
    """Keeps what the page looks like as <name>.png."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=full)


def press_until(page: Page, key: str, is_there: Callable[[], bool], *, most: int = 80) -> None:
    """Presses a key again and again, as somebody without a mouse does. Fails when it leads nowhere."""
    for _time in range(most):
        if is_there():
            return
        page.keyboard.press(key)
    pytest.fail(f"{most} times {key} does not lead there.")


# The town, drawn large enough for fingers -----------------------------------------------------------------------
@pytest.fixture
def town() -> Town:
    """Заріччя in the north, Слобідка in the south; p, r, s are in the north, q, t in the south, o outside."""
    return grid(
        "A . . B . .",
        ". r p . . .",
        "C s . D . o",
        ". . q t . .",
        "E . . F . .",
        cell=450,
    )


@pytest.fixture
def reports(city: City, town: Town) -> list[Issue]:
    """Five reports: three in Заріччя, two in Слобідка; one is late, one in progress, one done."""
    late = TODAY - timedelta(days=2)

    def report(place: str, title: str, **facts: Any) -> Issue:
        return pin(city.community, town[place], title=title, **facts)

    return [
        report("p", "Яма на переході", category=city.roads, at=NOW - timedelta(days=1)),
        report("r", "Зламана плитка", category=city.roads, state=State.IN_PROGRESS, at=NOW - timedelta(days=2)),
        report("s", "Відкритий люк біля аптеки", category=city.manholes, due_on=late, at=NOW - timedelta(days=9)),
        report("q", "Люк гримить уночі", category=city.manholes, state=State.DONE, at=NOW - timedelta(days=4)),
        report("t", "Люк без кришки", category=city.manholes, at=NOW - timedelta(days=5)),
    ]
