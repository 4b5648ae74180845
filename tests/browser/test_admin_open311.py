"""The form of an Open311 channel without JavaScript: their services are read and chosen from the keyboard."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django_scopes import scopes_disabled
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership, User
from issues.models import Issue
from routing.models import Channel
from tests.browser.conftest import BOTH_WIDTHS, PageAt, assert_accessible, assert_no_csp_violations, screenshot
from tests.browser.tools import beyond_the_edge
from tests.people import member
from tests.scripted_server import Say, ScriptedServer, scripted_server

SERVICES = "<services>{}</services>".format(
    "".join(
        f"<service><service_code>{code}</service_code><service_name>{name}</service_name><group>{group}</group></service>"
        for code, name, group in [
            ("POTHOLE", "Ями та тріщини на проїжджій частині", "Дороги"),
            ("COVER-MISSING-OR-BROKEN", "Люк", "Мережі"),
            ("OTHER", "Інше", ""),
        ]
    )
)


@pytest.fixture
def taras(reports: list[Issue]) -> User:
    """Administers Яворин."""
    with scopes_disabled():
        return member("taras", reports[0].community, Membership.Role.ADMINISTRATOR)


@pytest.fixture
def server(settings: Settings) -> Iterator[ScriptedServer]:
    settings.OUTWARD_ALLOWED = []
    with scripted_server(settings, lambda asked: Say(SERVICES)) as found:
        yield found


def opened(page_at: PageAt, live_server: LiveServer, user: User, width: int, *, javascript: bool) -> Page:
    session = Client()
    session.force_login(user)
    page = page_at(width, javascript=javascript)
    cookie = {"name": "sessionid", "value": session.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]
    return page


@BOTH_WIDTHS
def test_services_are_read_and_chosen_from_the_keyboard(
    page_at: PageAt, live_server: LiveServer, taras: User, server: ScriptedServer, width: int
) -> None:
    page = opened(page_at, live_server, taras, width, javascript=False)
    page.goto("/admin/routing/channel/add/")
    screenshot(page, f"open311-new-{width}", full=True)
    page.locator("#id_organisation").select_option(index=1)
    page.locator("#id_community").select_option(index=1)
    page.locator("#id_kind").select_option("open311")
    page.locator("#id_address").fill(f"{server.url}/v2")
    page.locator("button[name=_read_services]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("На їхньому сервері 3 послуги")).to_be_visible()
    expect(page.locator("#id_address")).to_have_value(f"{server.url}/v2")
    screenshot(page, f"open311-read-{width}", full=True)
    first = page.locator(".channel-services input").first
    expect(first).to_be_in_viewport()
    first.focus()
    page.keyboard.type("POTHOLE")
    page.keyboard.press("Enter")  # as people do: it saves
    expect(page.locator(".messagelist .success")).to_be_visible()
    with scopes_disabled():
        assert "POTHOLE" in Channel.objects.get(kind="open311").settings["services"].values()


@BOTH_WIDTHS
def test_form_of_a_channel_is_accessible(
    page_at: PageAt, live_server: LiveServer, taras: User, server: ScriptedServer, reports: list[Issue], width: int
) -> None:
    with scopes_disabled():
        first = Channel.objects.filter(community=reports[0].community).select_related("organisation").first()
        assert first is not None
        channel = Channel.objects.create(
            community=reports[0].community,
            organisation=first.organisation,
            kind="open311",
            address=f"{server.url}/v2",
            position=5,
            settings={"services": {"roads": "POTHOLE", "gone": "OLD"}},
        )
    page = opened(page_at, live_server, taras, width, javascript=True)
    for name, address in (("add", "add/"), ("change", f"{channel.pk}/change/")):
        page.goto(f"/admin/routing/channel/{address}")
        look_at(page, f"{name}-{width}")
    page.locator("button[name=_read_services]").click()
    expect(page.get_by_text("На їхньому сервері 3 послуги")).to_be_visible()
    look_at(page, f"change-read-{width}")
    page.goto("/admin/routing/remoterequest/")
    look_at(page, f"remote-{width}")


def look_at(page: Page, name: str) -> None:
    assert_no_csp_violations(page)
    assert_accessible(page)
    screenshot(page, f"open311-{name}", full=True)
    assert beyond_the_edge(page) == []
