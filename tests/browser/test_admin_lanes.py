"""The page of the lanes, at both widths, with and without a pause: read, and a lane stopped from the keyboard."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_scopes import scopes_disabled
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from core.models import Lane, OutboxMessage, SendingLimit, Stop
from core.outbox_stops import stop_lane
from issues.models import Issue
from tests.browser.conftest import BOTH_WIDTHS, PageAt, assert_accessible, assert_no_csp_violations, screenshot
from tests.browser.tools import beyond_the_edge


@pytest.fixture
def olha(reports: list[Issue]) -> User:
    """Runs the installation. Something waits, something failed, and mailings are paused."""
    with scopes_disabled():
        found: User = User.objects.create_superuser("olha@example.org")
        now = timezone.now()
        OutboxMessage.objects.update(due_at=now - timedelta(minutes=7), created_at=now - timedelta(hours=3))
        SendingLimit.objects.create(channel="email", most=500, window=3600)
        given: dict[str, Any] = {
            "kind": Stop.Kind.PAUSED,
            "by": found,
            "reason": "Постачальник пошти міняє сервер.",
            "at": now,
        }
        stop_lane(Lane.BULK, community=None, **given)
        stop_lane(Lane.DELIVERY, community=reports[0].community, **given)
    return found


def look_at(page: Page, name: str) -> None:
    assert_no_csp_violations(page)
    assert_accessible(page)
    screenshot(page, f"lanes-{name}-{page.viewport_size['width'] if page.viewport_size else 0}", full=True)
    assert beyond_the_edge(page) == []


@BOTH_WIDTHS
def test_operator_reads_the_lanes_and_stops_one(
    page_at: PageAt, live_server: LiveServer, olha: User, width: int
) -> None:
    session = Client()
    session.force_login(olha)
    page = page_at(width, javascript=False)
    page.context.add_cookies(
        [{"name": "sessionid", "value": session.cookies["sessionid"].value, "url": live_server.url}]
    )
    page.goto("/admin/core/outboxmessage/lanes/")
    expect(page.get_by_text("Постачальник пошти міняє сервер.").first).to_be_visible()
    screenshot(page, f"lanes-read-{width}", full=True)
    page.locator("#id_lane").select_option(Lane.URGENT)
    page.locator("#id_reason").fill("Перенос сервера.")
    page.locator("form.trial-form button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Перенос сервера.")).to_be_visible()


@BOTH_WIDTHS
def test_page_of_the_lanes_is_accessible(page_at: PageAt, live_server: LiveServer, olha: User, width: int) -> None:
    session = Client()
    session.force_login(olha)
    page = page_at(width)
    page.context.add_cookies(
        [{"name": "sessionid", "value": session.cookies["sessionid"].value, "url": live_server.url}]
    )
    page.goto("/admin/core/outboxmessage/lanes/")
    look_at(page, "page")
    page.goto("/admin/core/outboxmessage/")
    look_at(page, "letters")
