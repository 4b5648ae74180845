"""What every answer carries, errors too."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django_scopes import scope

from accounts.models import User
from core.tokens import secret_of
from issues.actions import author_token
from issues.models import Issue
from openmap.urls import urlpatterns as real
from routing.models import Delivery

PAGES = [
    "/",
    "/health/",
    "/_parts/",
    "/yavoryn/",
    "/yavoryn/list/",
    "/yavoryn/report/",
    "/yavoryn/report/answerer/",
    "/yavoryn/issues/1/",
    "/yavoryn/issues/999/",
    "/yavoryn/mine/wrong/",
    "/yavoryn/answer/wrong/",
    "/yavoryn/marks.geojson",
    "/yavoryn/base.geojson",
    "/api/v1/yavoryn/issues/",
    "/yavoryn/data/",
    "/yavoryn/data/catalog.jsonld",
    "/data/catalog.jsonld",
    "/yavoryn/data/reports.csv-metadata.json",
    "/yavoryn/ogc/collections/reports/items",
    "/nowhere/",
    "/language/",
]


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def forbidden(request: HttpRequest) -> HttpResponse:
    from django.core.exceptions import PermissionDenied

    raise PermissionDenied


def bad(request: HttpRequest) -> HttpResponse:
    from django.core.exceptions import BadRequest

    raise BadRequest


urlpatterns = [path("broken/", broken), path("forbidden/", forbidden), path("bad/", bad), *real]


def policy(response: Any) -> dict[str, list[str]]:
    """Directive → sources of the Content-Security-Policy."""
    parts = [part.split() for part in response.headers["Content-Security-Policy"].split(";") if part.strip()]
    return {name: sources for name, *sources in parts}


def assert_guarded(response: Any) -> None:
    found = policy(response)
    assert found["default-src"] == ["'none'"]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"} & {
        s for some in found.values() for s in some
    }
    assert found["frame-ancestors"] == found["base-uri"] == found["object-src"] == ["'none'"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=(self)" in response.headers["Permissions-Policy"]
    assert "microphone=()" in response.headers["Permissions-Policy"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_guarded(client: Client, issue: Issue, page: str) -> None:
    response = client.get(page)
    assert_guarded(response)
    assert response.headers["X-Frame-Options"] == "DENY"


def test_picture_of_a_place_runs_and_loads_nothing(client: Client, issue: Issue) -> None:
    response = client.get("/yavoryn/place.svg")
    found = policy(response)
    assert found["default-src"] == ["'none'"]
    assert found.keys() == {"default-src", "style-src"}
    assert found["style-src"][0].startswith("'sha256-")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("page", "status"), [("/broken/", 500), ("/forbidden/", 403), ("/bad/", 400), ("/no/", 404)])
@pytest.mark.urls("tests.openmap.test_headers")
def test_errors_are_guarded_and_have_a_page(db: None, page: str, status: int) -> None:
    response = Client(raise_request_exception=False).get(page)
    assert response.status_code == status
    assert "<main" in response.content.decode()
    assert_guarded(response)


def test_refused_form_is_guarded(issue: Issue) -> None:
    response = Client(enforce_csrf_checks=True).post("/yavoryn/report/", {"text": "Яма"})
    assert response.status_code == 403
    assert_guarded(response)


def test_unknown_host_is_guarded(client: Client, db: None) -> None:
    response = client.get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert_guarded(response)


@pytest.mark.parametrize("page", ["/admin/login/", "/admin/", "/admin/nowhere/", "/admin/issues/issue/"])
def test_administration_pages_have_a_policy_of_their_own(client: Client, db: None, page: str) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    response = client.get(page)
    assert response.status_code in {200, 302, 404}
    found = policy(response)
    assert found["script-src"] == found["style-src"] == ["'self'", "'unsafe-inline'"]
    assert found["default-src"] == ["'none'"]
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "Permissions-Policy" in response.headers


@pytest.mark.parametrize("page", ["/administration/", "/yavoryn/admin/", "/Admin/"])
def test_looser_policy_is_for_nothing_else(client: Client, issue: Issue, page: str) -> None:
    assert "'unsafe-inline'" not in client.get(page, follow=True).headers["Content-Security-Policy"]


@pytest.mark.parametrize("page", ["/admin/login/", "/admin/", "/admin/nowhere/", "/admin/issues/issue/"])
def test_who_is_no_staff_gets_the_strict_policy_there_too(client: Client, serhii: User, page: str) -> None:
    assert_guarded(client.get(page))
    client.force_login(serhii)
    assert_guarded(client.get(page))


def test_page_where_staff_sign_in_needs_no_script_or_style_of_its_own(client: Client, db: None) -> None:
    for page in (client.get("/admin/login/"), client.post("/admin/login/", {"username": "x", "password": "y"})):
        text = page.content.decode()
        assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|javascript:", text)


SecretPage = Callable[[Issue], str]


def authors_page(issue: Issue) -> str:
    return f"/yavoryn/mine/{secret_of(author_token(issue))}/"


def organisations_page(issue: Issue) -> str:
    with scope(community=issue.community):
        token = Delivery.objects.get(subject=issue.subject).token
        assert token
        return f"/yavoryn/answer/{secret_of(token)}/"


@pytest.mark.parametrize("address", [authors_page, organisations_page])
def test_secret_pages_are_kept_by_nobody_and_tell_nobody_their_address(
    client: Client, issue: Issue, address: SecretPage
) -> None:
    with time_machine.travel(issue.created_at, tick=False):
        response = client.get(address(issue))
    assert response.status_code == 200
    assert_guarded(response)
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert {"no-store", "private"} <= set(response.headers["Cache-Control"].replace(" ", "").split(","))


def test_health_tells_that_the_database_answers(client: Client, db: None) -> None:
    response = client.get("/health/")
    assert (response.status_code, response.json()) == (200, {"database": "ok"})
