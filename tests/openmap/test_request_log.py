"""Each request has an identifier, one line, and what it caused in the workers has the same one."""

import ast
import logging
import threading
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from celery import current_app, shared_task
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.test import Client

from core import broker, trace
from openmap.logs import OURS
from tests.conftest import City
from tests.openmap.lines import logged

GIVEN = "3f2b8c1d9e0f4a5b8c7d6e5f4a3b2c1d"
done = threading.Event()


@shared_task(name="tests.openmap.look_around")
def look_around() -> int:
    logging.getLogger("core").warning("Here")
    done.set()
    return 3


def test_one_line_tells_of_a_request_by_the_name_of_its_address(client: Client, city: City) -> None:
    with logged(logging.INFO) as lines:
        answer = client.get("/yavoryn/list/?q=яма")
    (line,) = lines.told()
    assert line["timestamp"].endswith("Z")
    told = {name: line[name] for name in ("level", "logger", "event", "community", "route", "method", "status")}
    assert told == {
        "level": "info", "logger": "openmap.request", "event": "request", "community": "yavoryn", "route": "map_list",
        "method": "GET", "status": 200,
    }  # fmt: skip
    assert line["statements"] > 0
    assert 0 < line["db_ms"] < line["ms"]
    assert line["request_id"] == answer["X-Request-ID"]
    assert len(line["request_id"]) == 16


def test_health_and_files_leave_no_line(client: Client, db: None) -> None:
    with logged(logging.INFO) as lines:
        for path in ("/health/live/", "/health/ready/", "/static/openmap/favicon.svg"):
            client.get(path)
    assert lines.told("request") == []


@pytest.mark.parametrize(
    ("behind_proxy", "given", "kept"),
    [
        (True, GIVEN, True),
        (True, "3f2b8c1d-9e0f-4a5b-8c7d-6e5f4a3b2c1d", True),
        (False, GIVEN, False),
        (True, "olia.koval", False),
        (True, "0675551823", False),
        (True, "a" * 65, False),
        (True, "", False),
    ],
)
def test_identifier_of_a_proxy_is_kept_when_it_can_be_nothing_else(
    client: Client, db: None, settings: Any, behind_proxy: bool, given: str, kept: bool
) -> None:
    settings.BEHIND_PROXY = behind_proxy
    answer = client.get("/nowhere/", headers={"X-Request-ID": given})
    assert (answer["X-Request-ID"] == given) == kept


def test_problem_of_the_api_tells_the_identifier(client: Client, db: None) -> None:
    answer = client.get("/api/v1/nowhere/")
    assert answer.json()["request_id"] == answer["X-Request-ID"]


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A real worker of Celery with the real broker, in a thread; this process counts in memory as before."""
    monkeypatch.setattr("openmap.metric_files.begin", lambda _part: None)
    with start_worker(current_app, pool="solo", perform_ping_check=False, queues=["looking"], loglevel="INFO"):
        yield


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_worker_tells_the_request_that_asked_it(worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    monkeypatch.setattr(app, "send_task", partial(app.send_task, queue="looking"))
    done.clear()
    with logged(logging.INFO) as lines:
        nudges = broker.Nudges()
        with trace.doing(request_id=GIVEN):
            nudges.want(look_around.name)
        assert nudges.drain(10)
        assert done.wait(20)
        for _try in range(100):
            if lines.told("task"):
                break
            threading.Event().wait(0.05)
    said, ended = lines.told("Here")[0], lines.told("task")[0]
    assert said["request_id"] == ended["request_id"] == GIVEN
    assert said["task"] == ended["task"] == look_around.name
    assert said["task_id"] == ended["task_id"]
    assert (ended["outcome"], ended["count"]) == ("success", 3)


@shared_task(name="tests.openmap.find_nothing")
def find_nothing() -> int:
    return 0


def test_task_that_beat_asked_for_and_that_found_nothing_is_quiet() -> None:
    with logged(logging.INFO) as lines:
        find_nothing.apply()
    assert lines.told() == []


FORBIDDEN = {
    "email", "phone", "text", "recipient", "payload", "token", "secret", "url", "path", "user", "body", "note",
    "words", "comment", "point", "location", "lon", "lat", "request", "typed", "cleaned_data", "POST", "GET",
    "password", "query", "answers", "headers", "data", "reporter", "contact", "sender", "subject",
}  # fmt: skip
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


@cache
def calls() -> tuple[tuple[str, list[ast.expr]], ...]:
    """What every logger in the code of the service is given, message first, with where it stands."""
    return tuple(_calls())


def _calls() -> Iterator[tuple[str, list[ast.expr]]]:
    for app in sorted(OURS):
        for file in sorted((Path(settings.BASE_DIR) / app).rglob("*.py")):
            code = file.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(code)) if "log." in code else ():
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in LEVELS
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id in {"log", "logger"}
                ):
                    given = node.args[1:] if node.func.attr == "log" else node.args
                    yield f"{file.relative_to(settings.BASE_DIR)}:{node.lineno}", given


def test_no_line_of_ours_is_given_what_people_wrote() -> None:
    assert len(calls()) > 20
    bad = [
        f"{where} {ast.unparse(argument)}"
        for where, given in calls()
        for argument in given[1:]
        for node in ast.walk(argument)
        if (isinstance(node, ast.Attribute) and node.attr in FORBIDDEN)
        or (isinstance(node, ast.Name) and node.id in FORBIDDEN)
    ]
    assert bad == []


def test_messages_of_ours_are_words_and_not_made_of_values() -> None:
    assert [where for where, given in calls() if not isinstance(given[0], ast.Constant)] == []
