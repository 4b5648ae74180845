"""Logs hold no secret links, whatever goes wrong on the page behind one."""

import io
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django_scopes import scope

from core.models import Token
from core.tokens import revoke_token, secret_of
from issues.models import Issue
from openmap.logs import MaskSecrets, mask
from openmap.urls import urlpatterns as real
from routing.models import Delivery

SECRET = "q7Zt0xJ4b-2nY_c5LkVw9sPfHdGm3uReA1oTiBjX8yE"


def broken(request: HttpRequest, token: str) -> HttpResponse:
    raise ZeroDivisionError(f"nothing at {request.path}?{request.GET.urlencode()}")


def missing(request: HttpRequest, token: str) -> HttpResponse:
    raise Http404(f"nothing at {request.path}")


urlpatterns = [path("broken/mine/<token>/", broken), path("missing/answer/<token>/", missing), *real]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the service's own handler writes."""
    (handler,) = [
        found
        for found in logging.getLogger().handlers
        if isinstance(found, logging.StreamHandler) and any(isinstance(one, MaskSecrets) for one in found.filters)
    ]
    written = io.StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.fixture
def token(issue: Issue) -> Iterator[Token]:
    """The right of the organisation that has the report, on the day it came."""
    with scope(community=issue.community), time_machine.travel(issue.created_at, tick=False):
        found = Delivery.objects.get(subject=issue.subject).token
        assert found
        yield found


def address(token: Token) -> str:
    return f"/yavoryn/answer/{secret_of(token)}/"


def revoked(token: Token) -> int:
    revoke_token(token, at=token.created_at)
    return Client().get(address(token)).status_code


def refused_words(token: Token) -> int:
    return Client().post(address(token), {"do": "finish", "text": ""}).status_code


def refused_form(token: Token) -> int:
    return Client(enforce_csrf_checks=True).post(address(token), {"do": "finish"}).status_code


@pytest.mark.parametrize(("visit", "status"), [(refused_words, 422), (revoked, 410), (refused_form, 403)])
def test_secret_of_a_page_that_refuses_is_masked(
    log: io.StringIO, token: Token, visit: Callable[[Token], int], status: int
) -> None:
    secret = secret_of(token)
    assert visit(token) == status
    assert "/yavoryn/answer/…/" in log.getvalue(), "the refusal itself is in the log"
    assert secret not in log.getvalue()


@pytest.mark.urls("tests.openmap.test_logs")
@pytest.mark.parametrize(
    "page", [f"/broken/mine/{SECRET}/?k={SECRET}", f"/missing/answer/{SECRET}/", f"/yavoryn/photos/drafts/{SECRET}:x/"]
)
def test_secret_of_a_page_that_breaks_is_masked_in_the_traceback_too(log: io.StringIO, db: None, page: str) -> None:
    assert Client(raise_request_exception=False).get(page).status_code in {404, 500}
    assert "…" in log.getvalue()
    assert SECRET not in log.getvalue()
    assert ("ZeroDivisionError" in log.getvalue()) == ("broken" in page)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"Gone: /yavoryn/mine/{SECRET}/", "Gone: /yavoryn/mine/…/"),
        (f"Gone: /yavoryn/mine/{SECRET}", "Gone: /yavoryn/mine/…"),
        (f"GET /yavoryn/answer/{SECRET}/?new HTTP/1.1", "GET /yavoryn/answer/…/?new HTTP/1.1"),
        (f"/yavoryn/photos/drafts/{SECRET}:{SECRET}/", "/yavoryn/photos/drafts/…/"),
        (f"/yavoryn/photos/1/large/?k={SECRET}:x&v=2", "/yavoryn/photos/1/large/?k=…&v=2"),
        (f'"https://misto.example/yavoryn/mine/{SECRET}/"', '"https://misto.example/yavoryn/mine/…/"'),
        ("/yavoryn/report/answerer/?category=roads", "/yavoryn/report/answerer/?category=roads"),
        ("/yavoryn/issues/12/", "/yavoryn/issues/12/"),
    ],
)
def test_only_the_secret_part_of_an_address_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_every_handler_of_the_settings_masks_secrets() -> None:
    handlers: Any = settings.LOGGING["handlers"]
    assert all(handler["filters"] == ["secrets"] for handler in handlers.values())
    for name in ("django", "django.server", "django.request"):
        assert set(logging.getLogger(name).handlers) <= set(logging.getLogger().handlers)


def test_arguments_that_do_not_fit_a_message_stop_nobody(log: io.StringIO) -> None:
    raising, logging.raiseExceptions = logging.raiseExceptions, False
    try:
        logging.getLogger("misto").warning("%d %d", "one")  # noqa: PLE1206  on purpose
    finally:
        logging.raiseExceptions = raising
    assert log.getvalue() == ""


def test_access_log_of_gunicorn_is_masked_when_an_operator_turns_it_on(tmp_path: Path) -> None:
    code = f"""
import logging
for name in ("gunicorn.access", "gunicorn.error"):
    logging.getLogger(name).addHandler(logging.FileHandler({str(tmp_path / "log")!r}))
    logging.getLogger(name).setLevel("INFO")
import openmap.wsgi
logging.getLogger("gunicorn.access").info('%(r)s', {{"r": "GET /yavoryn/mine/{SECRET}/ HTTP/1.1"}})
logging.getLogger("gunicorn.error").info("Error handling request %s", "/yavoryn/answer/{SECRET}/")
"""
    subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR, check=True, capture_output=True)
    assert (tmp_path / "log").read_text().splitlines() == [
        "GET /yavoryn/mine/…/ HTTP/1.1",
        "Error handling request /yavoryn/answer/…/",
    ]
