"""What the browser tests of whole stories share: workers, letters, told reports, and what a page must be like."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse
from playwright.sync_api import ConsoleMessage, FilePayload, Locator, Page, Route, expect

from core import tasks as core_tasks
from core.tokens import secret_of
from issues import answering
from issues.actions import NewReport, author_token, report_issue
from issues.models import Issue
from issues.states import State
from media import tasks as media_tasks
from media.actions import keep_draft
from media.models import Photo
from routing.models import Category, Delivery
from tests.conftest import NOW
from tests.issues.conftest import link_of
from tests.photos import jpeg, upload

WORDS = "Відкритий люк на тротуарі біля аптеки, ввечері його не видно."
NARROWEST = 320  # px; WCAG 1.4.10: nothing is lost, and nobody scrolls in two directions


# The workers and the post -----------------------------------------------------------------------------------
def let_workers_work() -> None:
    """What beat asks of the workers every five seconds, done now: photos are cleaned, letters leave."""
    media_tasks.clean_waiting()
    core_tasks.send_due()


@dataclass(frozen=True, slots=True)
class Postbox:
    """The folder of an installation without a mail server."""

    folder: Path

    def letters_to(self, address: str) -> list[EmailMessage]:
        """Letters that have left for this address, the oldest first."""
        files = sorted(self.folder.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        return [letter for letter in map(self._read, files) if letter["To"] == address]

    def link_to(self, address: str) -> str:
        """The secret link of the newest letter to this address, as a mail program makes it clickable: of the report,
        or else the one by which the address is confirmed."""
        body = self.letters_to(address)[-1].get_body(("plain",))
        assert body is not None
        kinds = ("(?:mine|answer)", "follow")
        found = [re.findall(rf"https?://\S+/{kind}/\S+/", body.get_content()) for kind in kinds]
        links: list[str] = next(filter(None, found), [])
        assert len(links) == 1, body.get_content()
        return links[0]

    @staticmethod
    def _read(file: Path) -> EmailMessage:
        letter = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert isinstance(letter, EmailMessage)
        return letter


class NobodyLivesHere(BaseEmailBackend):
    """A mail server that knows none of the addresses. (A real one needs an event loop, and Playwright's runs here.)"""

    def send_messages(self, email_messages: Any) -> int:
        unknown = {address: (550, b"5.1.1 no such mailbox") for letter in email_messages for address in letter.to}
        raise SMTPRecipientsRefused(unknown)


# Reports that have a story ----------------------------------------------------------------------------------
def told(
    category: Category, place: Point, *acts: tuple[str, str], text: str = WORDS, photos: int = 0, at: datetime = NOW
) -> Issue:
    """A report that came by the public door, and what its organisation or author did since: (button, words)."""
    community = category.community
    pictures = [_draft(category, at=at) for _number in range(photos)]
    new = NewReport(category=category, point=place, text=text, email="olia@example.org", photos=pictures)
    issue = report_issue(new=new, community=community, at=at)
    for do, words in acts:
        issue.refresh_from_db()
        if do in answering.REPORTER_MOVES or do == "add":
            answering.by_reporter(issue=issue, do="reply" if do == "add" else do, text=words, photos=[], at=at)
        else:
            after = [_draft(category, at=at)] if do == "finish" else []
            answering.by_organisation(delivery=delivery_of(issue), do=do, text=words, photos=after, at=at)
    issue.refresh_from_db()
    return issue


def _draft(category: Category, *, at: datetime) -> Photo:
    return keep_draft(community=category.community, file=upload(jpeg(800, 600)), name="яма.jpg", at=at)


def delivery_of(issue: Issue) -> Delivery:
    """The delivery to whoever must answer now."""
    found: Delivery = Delivery.objects.standing().responsible().filter(subject=issue.subject).latest("created_at", "id")
    return found


def author_link(issue: Issue) -> str:
    """Path of the author's page."""
    return reverse("mine", args=[issue.community.slug, secret_of(author_token(issue))])


def answer_link(delivery: Delivery) -> str:
    """Path of the page on which the organisation answers."""
    return reverse("answer", args=[delivery.subject.community.slug, secret_of(link_of(delivery))])


# What people do ---------------------------------------------------------------------------------------------
def photo_file(name: str = "яма.jpg", *, place: Point | None = None) -> FilePayload:
    """A photo as a phone gives it, perhaps with the place where it was taken."""
    content = jpeg(800, 600, place=(place.x, place.y) if place else None)
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def unfold(page: Page, button: str) -> Locator:
    """The form of the action with this value; opened when it is folded away."""
    form = page.locator("form", has=page.locator(f"button[name=do][value={button}]"))
    folded = page.locator("details:not([open])", has=form)
    if folded.count():
        folded.locator("summary").click()
    return form


def press(page: Page, button: str, *, text: str = "", photo: FilePayload | None = None) -> None:
    """One action of a page behind a secret link: words, photo, button."""
    form = unfold(page, button)
    if text:
        form.locator("textarea").fill(text)
    if photo:
        form.locator("input[type=file]").set_input_files(photo)
    form.locator(f"button[value={button}]").click()


def expect_state(page: Page, state: State) -> None:
    """The page of a report says that it is in this state."""
    expect(page.locator(".issue-head .state")).to_have_text(str(state.label))


@contextmanager
def held(page: Page, address: str) -> Iterator[list[Route]]:
    """Requests to that address wait until the block ends, and go on then."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route(address, hold)
    yield waiting
    for route in waiting:
        route.continue_()
    page.unroute(address, hold)


def wait_for(page: Page, routes: list[Route], many: int) -> None:
    """Until so many requests wait."""
    for _time in range(50):
        if len(routes) >= many:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"{len(routes)} of {many} requests came.")


# What pages must be like ------------------------------------------------------------------------------------
def assert_loaded(pictures: Locator, *, count: int) -> None:
    """So many pictures stand there, and each of them really came."""
    expect(pictures).to_have_count(count)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0, picture.get_attribute("src")


def beyond_the_edge(page: Page) -> list[str]:
    """What sticks out of the window, with everything unfolded, unless it scrolls inside a box of its own."""
    page.wait_for_load_state("load")  # a picture that has only begun to come has no size of its own yet
    found: list[str] = page.evaluate(
        """() => {
          const scrolls = (e) => e && e !== document.body && e !== document.documentElement &&
            (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
          const sticksOut = (e) => {
            const box = e.getBoundingClientRect();
            return box.width > 1 && box.height > 1 && (box.right > innerWidth + 1 || box.left < -1)
              && !e.closest(".leaflet-container, .sr, .skip, details:not([open])") && !scrolls(e.parentElement);
          };
          const outside = () => [...document.body.querySelectorAll("*")].filter(sticksOut);
          const found = new Set();
          const folded = [...document.querySelectorAll("details:not([open])")];
          const [menus, texts] = [true, false].map((is) => folded.filter((e) => e.matches(".menu") === is));
          for (const one of texts) one.open = true;
          outside().forEach((e) => found.add(e));
          for (const menu of menus) {
            menu.open = true;
            outside().forEach((e) => found.add(e));
            menu.open = false;
          }
          const width = document.scrollingElement.scrollWidth;
          for (const one of texts) one.open = false;
          const whole = width > innerWidth ? [`the page: ${width} px`] : [];
          return [...whole, ...[...found].map((e) => e.outerHTML.slice(0, 90))];
        }"""
    )
    return found


@dataclass(slots=True)
class Heard:
    """What the console of a page called an error."""

    errors: list[tuple[str, str]] = field(default_factory=list)  # address, words

    def said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append((message.location.get("url", ""), message.text))

    def about(self, page: Page) -> list[str]:
        """Errors so far, but for the status of the page itself: a 404 page is a 404."""
        own_status = re.compile("Failed to load resource: the server responded with a status of [45]")
        return [f"{url} {text}" for url, text in self.errors if not (url == page.url and own_status.match(text))]


@contextmanager
def listening(page: Page) -> Iterator[Heard]:
    """Hears the page's console inside the block."""
    heard = Heard()

    def listen(message: ConsoleMessage) -> None:
        heard.said(message)

    page.on("console", listen)
    try:
        yield heard
    finally:
        page.remove_listener("console", listen)


Opening = Callable[[Page], object]


def at(address: str) -> Opening:
    """Opens the page of that address."""
    return lambda page: page.goto(address)
