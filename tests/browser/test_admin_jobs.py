"""The page of a job, in a browser: the bar moves by itself, and the job is stopped and run again from the keyboard."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from core.jobs import enqueue_job
from core.models import Job
from openmap.area_jobs import IMPORT
from tests.browser.conftest import (
    BOTH_WIDTHS,
    PHONE,
    PageAt,
    assert_accessible,
    assert_no_csp_violations,
    screenshot,
)
from tests.browser.tools import beyond_the_edge
from tests.conftest import City


@pytest.fixture
def job(city: City, taras: User) -> Job:
    """It runs, and is a quarter done."""
    found = enqueue_job(community=city.community, kind=IMPORT, at=timezone.now(), by=taras)
    until = timezone.now() + timedelta(minutes=5)
    tell(found, state=Job.State.RUNNING, claim=uuid4(), leased_until=until, done=1, total=4)
    return found


@pytest.fixture
def cookie(taras: User) -> str:
    session = Client()
    session.force_login(taras)
    return str(session.cookies["sessionid"].value)


def tell(job: Job, **columns: object) -> None:
    """What the worker writes."""
    Job.objects.filter(pk=job.pk).update(**columns)


def end(job: Job, **columns: object) -> None:
    tell(job, finished_at=timezone.now(), claim=None, leased_until=None, **columns)


def look_at(page: Page, name: str) -> None:
    """The page is good as it stands."""
    assert_no_csp_violations(page)
    assert_accessible(page)
    screenshot(page, f"job-{name}-{page.viewport_size['width'] if page.viewport_size else 0}", full=True)
    assert beyond_the_edge(page) == []


def open_page(page: Page, job: Job, cookie: str, live_server: LiveServer) -> None:
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto(reverse("admin:core_job_change", args=[job.pk]))


def press(page: Page, step: str) -> None:
    page.locator(f'#content form[action*="/{step}/"] button').focus()
    page.keyboard.press("Enter")


@BOTH_WIDTHS
def test_job_is_watched_stopped_and_run_again(
    page_at: PageAt, live_server: LiveServer, job: Job, cookie: str, width: int
) -> None:
    page = page_at(width)
    open_page(page, job, cookie, live_server)
    bar = page.locator("progress")
    expect(bar).to_have_js_property("value", 25)
    look_at(page, "runs")
    tell(job, done=3)
    expect(bar).to_have_js_property("value", 75)
    press(page, "cancel")
    expect(page.locator(".messagelist .success")).to_be_visible()
    assert Job.objects.get(pk=job.pk).cancel_asked_at
    expect(page.locator("#content form[action*='/cancel/']")).to_have_count(0)
    end(job, state=Job.State.CANCELLED)
    expect(page.locator("#content form[action*='/again/']")).to_be_visible()  # the page went on by itself
    look_at(page, "stopped")
    press(page, "again")
    newer = reverse("admin:core_job_change", args=[job.pk + 1])
    expect(page).to_have_url(re.compile(f"{newer}$"))
    expect(page.locator("progress")).to_be_visible()
    end(Job.objects.get(pk=job.pk + 1), state=Job.State.FAILED, error="ZeroDivisionError")
    expect(page.locator(".errornote")).to_contain_text("ZeroDivisionError")
    look_at(page, "failed")
    page.goto(reverse("admin:core_job_changelist"))
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    look_at(page, "list")


def test_watching_goes_on_when_the_network_comes_back(
    page_at: PageAt, live_server: LiveServer, job: Job, cookie: str
) -> None:
    page = page_at(PHONE)
    failures = [lambda route: route.abort(), lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>")]

    def fail(route: Route) -> None:
        if failures:
            failures.pop()(route)
        else:
            route.continue_()

    page.route("**/progress/", fail)
    open_page(page, job, cookie, live_server)
    tell(job, done=3)
    expect(page.locator("progress")).to_have_js_property("value", 75)
    assert not failures


def test_watching_leads_to_the_page_to_sign_in_when_the_session_has_ended(
    page_at: PageAt, live_server: LiveServer, job: Job, cookie: str
) -> None:
    page = page_at(PHONE)
    open_page(page, job, cookie, live_server)
    expect(page.locator("progress")).to_be_visible()
    Session.objects.all().delete()
    expect(page).to_have_url(re.compile("/login/"))


def test_job_is_watched_and_stopped_without_scripts(
    page_at: PageAt, live_server: LiveServer, job: Job, cookie: str
) -> None:
    page = page_at(PHONE, javascript=False)
    open_page(page, job, cookie, live_server)
    tell(job, done=2)
    page.locator(".job-state a.button").click()
    expect(page.locator("progress")).to_have_attribute("value", "50")
    press(page, "cancel")
    expect(page.locator(".messagelist .success")).to_be_visible()
    assert Job.objects.get(pk=job.pk).cancel_asked_at
