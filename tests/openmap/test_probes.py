"""What machines ask of a process: is it alive, may people be sent to it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from openmap import leaving, readiness
from openmap.readiness import Look, missing_migrations

PROBES = ["/health/live/", "/health/ready/", "/health/live", "/health/ready"]


@pytest.fixture(autouse=True)
def look(monkeypatch: pytest.MonkeyPatch) -> Look:
    """A process that has looked at nothing yet."""
    fresh = Look()
    monkeypatch.setattr("openmap.probes.look", fresh)
    return fresh


def ready() -> tuple[int, dict[str, str]]:
    answer = Client().get("/health/ready/")
    return answer.status_code, answer.json()


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = connection.get_connection_params() | {"host": "/nowhere", "port": "1"}
    monkeypatch.setattr(connection, "get_connection_params", lambda: nowhere)


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    from celery import current_app

    monkeypatch.setattr(
        current_app, "connection_for_write", lambda **_how: current_app.connection("redis://127.0.0.1:1")
    )


def settled() -> tuple[int, dict[str, str]]:
    """The answer once the broker was looked at, which happens beside."""
    for _try in range(100):
        status, told = ready()
        if told["broker"] != "unknown":
            return status, told
        time.sleep(0.05)
    raise AssertionError("the broker was not looked at")


def test_stranger_hears_that_all_is_well(db: None) -> None:
    assert settled() == (200, {"status": "ok", "database": "ok", "migrations": "ok", "broker": "ok"})


@pytest.mark.parametrize("address", PROBES)
def test_probe_asks_by_plain_http_and_by_the_address_of_the_machine(
    db: None, settings: Any, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["misto.example.org"]
    answer = Client().get(address, headers={"host": "10.42.0.17:8000"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies
    assert not caplog.records


@pytest.mark.parametrize("address", PROBES)
def test_probe_is_only_read(address: str) -> None:
    assert Client().post(address).status_code == 405


def test_living_process_touches_no_database(no_database: None) -> None:
    """This test has no database at all: pytest-django refuses whoever asks it."""
    assert Client().get("/health/live/").status_code == 200


def test_process_without_a_database_is_unready_and_alive(
    no_database: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT", 0.0)
    for _again in range(3):
        status, told = ready()
        assert (status, told["status"], told["database"]) == (503, "unready", "away")
    assert len([one for one in caplog.records if one.name == "openmap.readiness"]) == 1, "said once"
    assert not [one for one in caplog.records if one.name == "django.request"]


def test_without_a_broker_people_are_served(db: None, no_broker: None) -> None:
    assert settled() == (200, {"status": "degraded", "database": "ok", "migrations": "ok", "broker": "away"})


def test_release_that_is_newer_than_the_tables_is_unready(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "missing_migrations", lambda _applied: [("issues", "9999_next")])
    status, told = ready()
    assert (status, told["status"], told["migrations"]) == (503, "unready", "pending")


def test_migrations_of_this_release_are_counted_by_name(db: None) -> None:
    applied = readiness._applied()
    assert applied is not None
    assert missing_migrations(applied) == []
    assert missing_migrations(applied - {("issues", "0001_initial")}) == [("issues", "0001_initial")]


def test_however_often_somebody_asks_the_database_is_asked_once_a_second(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = readiness._applied
    monkeypatch.setattr(readiness, "KEPT", 60.0)  # the second, as long as a busy machine may need
    monkeypatch.setattr(readiness, "_applied", lambda: asked.append(1) or real())  # type: ignore[func-returns-value]
    for _again in range(20):
        assert ready()[0] == 200
    assert len(asked) == 1


def test_what_nobody_could_look_at_again_for_long_says_nothing(
    db: None, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ready()[0] == 200
    with look._lock:  # somebody is looking and the database hangs
        assert ready()[0] == 200
        monkeypatch.setattr(readiness, "OLD", 0.0)
        assert ready()[0] == 503


def test_leaving_process_is_unready(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "has_begun", lambda: True)
    status, told = ready()
    assert (status, told["status"]) == (503, "leaving")


@contextmanager
def served(*words: str, seconds: float) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """gunicorn as an installation starts it, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--config", "python:openmap.gunicorn_conf", *words]
    command += ["--no-control-socket", "--bind", f"127.0.0.1:{port}", "openmap.wsgi:application"]
    env = os.environ | {"MISTO_LEAVE_SECONDS": str(seconds)}
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stderr=subprocess.DEVNULL)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def asked(address: str) -> tuple[int, dict[str, str]]:
    """Status and body; 0 when nobody is there."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError:
        return 0, {}


@pytest.mark.parametrize("preload", [["--preload"], []], ids=["preload", "each"])
def test_readiness_turns_before_gunicorn_leaves(preload: list[str]) -> None:
    with served("--worker-class=gthread", "--workers=1", *preload, seconds=1.5) as (process, url):
        until = time.monotonic() + 60
        while asked(f"{url}/health/live/")[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert asked(f"{url}/health/ready/")[1]["status"] != "leaving"
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        status, told = asked(f"{url}/health/ready/")
        assert (status, told["status"]) == (503, "leaving")
        assert asked(f"{url}/health/live/")[0] == 200, "people who come now are still served"
        assert process.wait(timeout=30) == 0
