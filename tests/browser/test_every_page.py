"""Every page, in every state it has: axe finds nothing, nothing sticks out or fails, and titles tell them apart."""

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.db.models import Model
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from playwright.sync_api import Page, Route, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from core.models import Visibility
from core.tokens import revoke_token
from geodata.models import Community
from issues import moves
from issues.actions import author_token
from issues.models import Issue
from routing.models import Asset, Register, Rule
from routing.register_map import show_on_map
from stats.filling import fill_all
from stats.opendata.making import make_exports
from tests.browser.conftest import (
    BOTH_WIDTHS,
    DESKTOP,
    PHONE,
    PageAt,
    assert_accessible,
    assert_no_csp_violations,
    screenshot,
)
from tests.browser.tools import (
    NARROWEST,
    Opening,
    answer_link,
    at,
    author_link,
    beyond_the_edge,
    delivery_of,
    let_workers_work,
    listening,
    press,
    told,
)
from tests.conftest import LONG_AGO, NOW, City
from tests.grid import Town
from tests.issues.conftest import link_of
from tests.people import person

Pages = Mapping[str, Opening]
Titles = dict[str, set[str]]  # title → the pages that have it
HEIGHT = 844
ASK = ("ask", "З якого боку аптеки?")
FINISH = ("finish", "Люк закрито.")


# The pages ----------------------------------------------------------------------------------------------------
@pytest.fixture
def for_everybody(city: City, town: Town, elsewhere: Community, settings: Settings) -> Pages:
    """Pages that a stranger opens."""
    long_ago = NOW - timedelta(days=20)
    late = told(city.roads, town["r"], text="Зламана плитка.", at=long_ago)
    settings.EMAIL_BACKEND = "tests.browser.tools.NobodyLivesHere"
    let_workers_work()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    new = told(city.manholes, town["p"], photos=3)
    done = told(city.manholes, town["q"], FINISH, ("confirm", ""), text="Люк гримить уночі.", photos=1, at=long_ago)
    passed_on = told(city.roads, town["s"], ("refuse", "Не наша дорога."), text="Яма на розі.")
    let_workers_work()
    register = Register.objects.create(community=city.community, code="lamps", name="Вуличні ліхтарі", kind="lamps")
    show_on_map(register, True, at=NOW)
    lamp = Asset.objects.create(community=city.community, register=register, key="5", name="вул. Соборна", number="5",
                                keeper=city.road_service, geometry=town["p"], valid_from=LONG_AGO)  # fmt: skip
    fill_all(at=NOW)
    return {
        "the country": at("/"),
        "the map": _map,
        "the map, filtered and empty": _empty_map,
        "the report form": at(reverse("report", args=["yavoryn"])),
        "the report form, with errors": _report_with_errors,
        "the report form, of a place outside": _report_outside,
        "a new report": at(new.get_absolute_url()),
        "a late report that could not be delivered": at(late.get_absolute_url()),
        "a confirmed report": at(done.get_absolute_url()),
        "a report that was handed back": at(passed_on.get_absolute_url()),
        "who would answer": at(reverse("who", args=["yavoryn"])),
        "a lamp of a register": at(f"/yavoryn/registers/lamps/{lamp.pk}/"),
        "the map, with registers": _map_of_registers,
        "the parts": at("/_parts/"),
    }


@pytest.fixture
def of_statistics(city: City, town: Town) -> Pages:
    """Pages of statistics and of open data."""
    told(city.manholes, town["q"], FINISH, ("confirm", ""), text="Люк гримить уночі.", at=NOW - timedelta(days=20))
    told(city.manholes, town["p"])
    told(city.roads, town["s"])
    fill_all(at=NOW)
    make_exports(city.community, at=NOW)
    return {
        "statistics": _statistics,
        "statistics of an area": at("/yavoryn/stats/areas/districts.north/"),
        "statistics of an organisation": at(f"/yavoryn/stats/organisations/{city.vodokanal.pk}/"),
        "statistics of a kind": at("/yavoryn/stats/kinds/manholes/"),
        "areas side by side": at("/yavoryn/stats/compare/"),
        "a shape to draw": at("/yavoryn/stats/shape/"),
        "hot spots of few reports": at("/yavoryn/stats/hot/"),
        "seasons before two years": at("/yavoryn/stats/seasons/"),
        "a week without a history": at("/yavoryn/stats/unusual/"),
        "open data": _open_data,
        "boundaries that never changed": at("/yavoryn/stats/boundaries/districts/"),
    }


def _map(page: Page) -> None:
    page.goto("/yavoryn/")
    expect(page.locator("#map-canvas .mark").first).to_be_visible()


def _statistics(page: Page) -> None:
    page.goto("/yavoryn/stats/")
    page.locator("#zoom-in").click()
    expect(page.locator("#zoom canvas")).to_be_visible()


def _open_data(page: Page) -> None:
    page.goto("/yavoryn/data/")
    page.locator("main summary").first.click()
    expect(page.locator("main dl").first).to_be_visible()
    expect(page.locator("main a[download]").first).to_be_visible()


def _map_of_registers(page: Page) -> None:
    page.goto("/yavoryn/?layer=registers")
    expect(page.locator("#map-canvas .mark").first).to_be_visible()
    expect(page.locator("#list .item")).to_have_count(1)


def _empty_map(page: Page) -> None:
    page.goto("/yavoryn/?state=shut")
    expect(page.locator("#map-canvas path").first).to_be_attached()
    expect(page.locator("#list .rows-empty")).to_be_visible()


def _report_with_errors(page: Page) -> None:
    page.goto(reverse("report", args=["yavoryn"]))
    page.locator("#email").fill("olena@gmail")
    page.locator("#send").click()
    expect(page.locator("#errors")).to_be_visible()


def _report_outside(page: Page) -> None:
    page.goto(reverse("report", args=["yavoryn"]))
    page.locator("label.chip", has=page.locator("input[value=roads]")).click()
    page.locator("#address").fill("49.220000, 28.600000")
    page.locator("#address").press("Enter")
    expect(page.locator("#answerer .is-late")).to_be_visible()


@pytest.fixture
def by_secret_link(city: City, town: Town) -> Pages:
    """The author's pages and the organisation's, in every state of a report."""

    def reported(place: str, *acts: tuple[str, str], photos: int = 0) -> Issue:
        return told(city.manholes, town[place], *acts, photos=photos)

    new, asked, done = reported("p", photos=1), reported("q", ASK), reported("r", FINISH, photos=1)
    begun = reported("s", ("start", ""))
    city.manholes.hold_new = True
    city.manholes.save()
    held = reported("t")
    let_workers_work()
    stories = {"new": new, "asked": asked, "begun": begun, "done": done, "held": held}
    mine = {f"the author's, {name}": at(author_link(issue)) for name, issue in stories.items()}
    answers = {f"the organisation's, {name}": at(answer_link(delivery_of(issue))) for name, issue in stories.items()}
    return {
        "the receipt, new": at(author_link(new) + "?new"),
        "the receipt, held": at(author_link(held) + "?new"),
        **mine,
        **answers,
        "the organisation's, refused form": lambda page: _refused(page, new),
    }


def _refused(page: Page, issue: Issue) -> None:
    page.goto(answer_link(delivery_of(issue)))
    press(page, "reject", text="  ")
    expect(page.locator("#error-reject")).to_be_visible()


@pytest.fixture
def when_something_ended(city: City, town: Town, marta: User) -> Pages:
    """Links that ended, addresses that lead nowhere, forms that waited too long, and faults."""
    revoked, passed_on, hidden = (told(city.manholes, town[place]) for place in "prs")
    expired = told(city.manholes, town["q"], at=NOW.replace(year=NOW.year - 4))
    for right in (author_token(revoked), link_of(delivery_of(revoked))):
        revoke_token(right, at=timezone.now())
    given_back = delivery_of(passed_on)
    moves.not_ours(delivery=given_back, reason="Це мережа зв’язку.", at=timezone.now())
    moves.set_visibility(
        issue=hidden, visibility=Visibility.HIDDEN, reason="особисті дані", user=marta, at=timezone.now()
    )
    return {
        "a link that ended, the author's, expired": at(author_link(expired)),
        "a link that ended, the author's, revoked": at(author_link(revoked)),
        "a link that ended, the organisation's, expired": at(answer_link(delivery_of(expired))),
        "a link that ended, the organisation's, revoked": at(answer_link(delivery_of(revoked))),
        "a link that ended, the organisation's, hidden": at(answer_link(delivery_of(hidden))),
        "a link that was handed back": at(answer_link(given_back)),
        "no such page": at("/nowhere/at/all/"),
        "no such report": at(reverse("issue", args=["yavoryn", 4040])),
        "a form that waited too long": _waited_too_long,
        "a question that makes no sense": _stands_for("400.html", 400),
        "no right": _stands_for("403.html", 403),
        "a fault": _stands_for("500.html", 500),
    }


def _waited_too_long(page: Page) -> None:
    page.goto(reverse("report", args=["yavoryn"]))
    page.context.clear_cookies(name="csrftoken")
    page.locator("#report-form").evaluate("form => form.submit()")  # the script itself would ask for a new token
    expect(page.locator(".error-page")).to_be_visible()


def _stands_for(template: str, status: int) -> Opening:
    """The page that Django answers with when something failed: it renders this template without a request."""

    def open_page(page: Page) -> None:
        body = render_to_string(template)

        def answer(route: Route) -> None:
            route.fulfill(status=status, body=body, content_type="text/html; charset=utf-8")

        page.route("**/failed/", answer)
        page.goto("/failed/")
        page.unroute("**/failed/")

    return open_page


@pytest.fixture
def in_the_administration(city: City, town: Town, live_server: LiveServer) -> Pages:
    """Pages of the operator, the signing in first; those of an area and of a community have a map."""
    operator = person("operator")
    operator.is_staff = operator.is_superuser = True
    operator.save()
    issue = told(city.roads, town["p"])
    session = Client()
    session.force_login(operator)
    cookie = session.cookies["sessionid"].value

    def signed_in(address: str) -> Opening:
        def open_page(page: Page) -> None:
            page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
            page.goto(address)

        return open_page

    def change(row: Model) -> Opening:
        return signed_in(reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]))

    return {
        "signing in": at("/admin/login/"),
        "the index": signed_in("/admin/"),
        "the list of reports": signed_in(reverse("admin:issues_issue_changelist")),
        "a report": change(issue),
        "an area on its map": change(city.zarichchia),
        "a community on its map": change(city.community),
        "a rule": change(Rule.objects.get(category=city.roads)),
        "a user": change(operator),
    }


# What is asked of them ----------------------------------------------------------------------------------------
FAMILIES = ["for_everybody", "of_statistics", "by_secret_link", "when_something_ended", "in_the_administration"]
every_family = pytest.mark.parametrize("family", FAMILIES)
our_families = pytest.mark.parametrize("family", FAMILIES[:4])


@pytest.fixture
def pages(family: str, request: pytest.FixtureRequest) -> Pages:
    """One family of pages."""
    found: Pages = request.getfixturevalue(family)
    return found


@BOTH_WIDTHS
@every_family
def test_nothing_is_wrong_with_any_page(page_at: PageAt, pages: Pages, family: str, width: int) -> None:
    page = page_at(width)
    titles: Titles = defaultdict(set)
    found: list[str] = []
    for name, open_page in pages.items():
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme="light")
        with listening(page) as heard:
            open_page(page)
        found += [f"{name}: {fault}" for fault in heard.about(page) + _barriers(page, width, f"{family}--{name}")]
        if family in FAMILIES[:4]:
            page.set_viewport_size({"width": NARROWEST if width == PHONE else width, "height": HEIGHT})
            found += [f"{name}: {fault}" for fault in _faults(page, "uk")]
        titles[page.title()].add(_kind(name))
        assert_no_csp_violations(page)
    assert found == [], "\n".join(found)
    assert_told_apart(titles)


@our_families
def test_every_page_is_whole_in_english(page_at: PageAt, pages: Pages, family: str, live_server: LiveServer) -> None:
    page = page_at(NARROWEST)
    page.context.add_cookies([{"name": "language", "value": "en", "url": live_server.url}])
    titles: Titles = defaultdict(set)
    found: list[str] = []
    for name, open_page in pages.items():
        with listening(page) as heard, translation.override("en"):
            open_page(page)
        _keep(page, f"{family}--{name}--english")
        found += [f"{name}: {fault}" for fault in _faults(page, "en") + heard.about(page)]
        titles[page.title()].add(_kind(name))
        assert_no_csp_violations(page)
    assert found == [], "\n".join(found)
    assert_told_apart(titles)


def _kind(name: str) -> str:
    """The page; its states follow after a comma."""
    return name.partition(",")[0]


def assert_told_apart(titles: Titles) -> None:
    """No two pages have one title. States of one page may."""
    assert {title: kinds for title, kinds in titles.items() if len(kinds) > 1} == {}


def _barriers(page: Page, width: int, name: str) -> list[str]:
    """What axe finds, in the light and in the dark. Kept to look at: the light phone and the dark desktop."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate("for (const one of document.getAnimations()) if (one instanceof CSSTransition) one.finish()")
        if (width, scheme) in [(PHONE, "light"), (DESKTOP, "dark")]:
            _keep(page, f"{name}--{width}-{scheme}")
        try:
            assert_accessible(page)
        except AssertionError as violations:
            found.append(f"{scheme}: {violations}")
    return found


def _faults(page: Page, language: str) -> list[str]:
    found = [f"sticks out: {one}" for one in beyond_the_edge(page)]
    if page.locator("html").get_attribute("lang") != language:
        found.append("the page names another language")
    if page.locator("h1").count() != 1:
        found.append(f"{page.locator('h1').count()} headings of the first level")
    return found


def _keep(page: Page, look: str) -> None:
    screenshot(page, re.sub(r"[^\w-]+", "-", look.replace("_", "-")), full=True)
