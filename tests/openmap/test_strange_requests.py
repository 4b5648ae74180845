"""Requests that no browser sends, as gunicorn hands them over: each is answered, and none breaks the service."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults

import pytest
from django.conf import settings
from django.core.servers.basehttp import get_internal_wsgi_application
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.utils.http import parse_header_parameters
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from issues.models import Issue
from openmap.requests import InUtf8, without_charset
from openmap.sessions import SessionStore
from openmap.wsgi import application

CHARSETS = [
    "unicode_escape", "raw_unicode_escape", "hex", "rot13", "idna", "bz2", "uu", "punycode", "undefined", "utf-16",
    "utf-7", "mbcs", "''", "", "a%00b",
]  # fmt: skip
PARSED_BY_NOBODY = [
    "text/plain; charset*=zzz''%41",
    "text/plain; charset*=undefined''%41",
    "text/plain; charset*0*=zzz''a; charset*1=b",
    "text/plain; x*=a; x*0=b",
    "multipart/form-data; boundary*=zzz''x",
]
UNUSUAL = [
    ";",
    "; x=1",
    "text/plain; charset",
    "text/plain; charset*=hex''%41",
    "\xff; charset=\xff",
    "a/b; c=\xd1\x8f",
]
PAGES = ["/", "/yavoryn/?category=%D1%8F&after=%5Cud800&box=%D1%8F", "/api/v1/yavoryn/issues/?category=%5Cud800"]
FORM = {"lon": "28.462", "lat": "49.222", "category": "roads", "text": "Яма \\ud800 там.", "do": "check"}
TOKENS = [
    "charset", "Charset", "boundary", "=", "*", "*0", "*1", "*0*", ";", "; ", " ", ",", "\"", "\\", "''", "'", "utf-8",
    "hex", "undefined", "%FF", "\xe9", "9", "x", "\t",
]  # fmt: skip


CSRF = "a" * 32
NO_KEYS = ["aaaaaaaaaa\\000b", "aaaaaaaaaa\\012", "\\321\\217" * 5, "\\331\\244" * 8, "aaaaaaaa'--", "a" * 5000, ""]


@pytest.fixture(autouse=True)
def _open_connection() -> Iterator[None]:
    """The connection of the test outlives each of its requests, as it does with Django's own test client."""
    ends = (request_started, request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    yield
    for end in ends:
        end.connect(close_old_connections)


def ask(path: str, content_type: str | None = None, body: bytes = b"") -> tuple[int, str]:
    """The status and the text that the application of this installation answers to gunicorn; a body is posted."""
    path, _mark, query = path.partition("?")
    environ = {"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": "POST" if body else "GET"}
    environ |= {"CONTENT_LENGTH": str(len(body)), "HTTP_HOST": "testserver", "HTTP_COOKIE": f"csrftoken={CSRF}"}
    environ |= {} if content_type is None else {"CONTENT_TYPE": content_type}
    setup_testing_defaults(environ)
    statuses: list[str] = []

    def start_response(status: str, *_headers: object) -> Any:
        statuses.append(status)

    answer = application(environ | {"wsgi.input": BytesIO(body)}, start_response)
    text = b"".join(answer).decode()
    (status,) = statuses
    return int(status.split()[0]), text


def multipart(fields: dict[str, str]) -> bytes:
    """A form as a browser sends it, in parts between lines of “--B”."""
    part = '--B\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    return ("".join(part.format(*field) for field in fields.items()) + "--B--\r\n").encode()


def test_every_server_of_an_installation_serves_the_application_that_reads_utf_8() -> None:
    assert isinstance(application, InUtf8)
    served: object = get_internal_wsgi_application()
    assert served is application
    assert '"openmap.wsgi:application"' in (settings.BASE_DIR / "launcher" / "parts.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_declared_charset_changes_no_page(issue: Issue, page: str) -> None:
    plain = ask(page)[0]
    assert plain < 500
    for charset in CHARSETS:
        assert ask(page, f"text/plain; charset={charset}")[0] == plain, charset


@pytest.mark.parametrize("content_type", UNUSUAL)
def test_unusual_content_type_breaks_no_page(issue: Issue, content_type: str) -> None:
    assert [ask(page, content_type)[0] for page in PAGES] == [ask(page)[0] for page in PAGES]


@pytest.mark.parametrize("content_type", PARSED_BY_NOBODY)
def test_content_type_that_does_not_parse_is_refused(issue: Issue, content_type: str) -> None:
    assert [ask(page, content_type) for page in PAGES] == [
        (400, "The Content-Type of this request does not parse.\n")
    ] * 3


@pytest.mark.parametrize("charset", [*CHARSETS, "utf-8", "UTF-8"])
def test_words_of_a_form_are_read_as_utf_8_whatever_it_declares(issue: Issue, charset: str) -> None:
    fields = FORM | {"csrfmiddlewaretoken": CSRF}
    for content_type, body in (
        (f"multipart/form-data; boundary=B; charset={charset}", multipart(fields)),
        (f"application/x-www-form-urlencoded; charset={charset}", urlencode(fields).encode()),
    ):
        status, text = ask("/yavoryn/report/", content_type, body)
        assert status == 200
        assert FORM["text"] in text


def test_content_type_without_a_charset_stays_letter_for_letter() -> None:
    for content_type in ("", "text/plain", "multipart/form-data; boundary=----WebKitFormBoundaryAb1", "a/b ;C=d"):
        assert without_charset(content_type) == content_type


def test_boundary_of_a_form_survives_the_loss_of_its_charset() -> None:
    declared = 'multipart/form-data; charset=hex; boundary="a;\\"b\\\\"'
    assert parse_header_parameters(without_charset(declared))[1] == {"boundary": 'a;"b\\'}


@given(st.lists(st.sampled_from(TOKENS), max_size=16))
def test_no_content_type_smuggles_a_charset_in(tokens: list[str]) -> None:
    try:
        left = without_charset("a/b;" + "".join(tokens))
    except (LookupError, TypeError, ValueError):  # refused
        return
    assert "charset" not in parse_header_parameters(left)[1]


@pytest.mark.parametrize("key", NO_KEYS, ids=lambda key: key[:14])
def test_cookie_that_is_no_key_of_a_session_is_a_visitor_without_one(client: Client, issue: Issue, key: str) -> None:
    for page in ("/yavoryn/", "/yavoryn/issues/1/", "/api/v1/yavoryn/issues/"):
        assert client.get(page, HTTP_COOKIE=f'sessionid="{key}"').status_code == 200
    assert client.get("/admin/", HTTP_COOKIE=f'sessionid="{key}"').status_code == 302


def test_key_that_django_made_opens_its_session(client: Client, marta: User) -> None:
    client.force_login(marta)
    key = client.cookies["sessionid"].value
    assert SessionStore(key).session_key == key
    assert client.get("/admin/").status_code == 200
