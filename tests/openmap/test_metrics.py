"""Figures for Prometheus: every process is counted, every figure documented, and alerts ask for what is there."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml
from django.conf import settings as real
from django.db import DatabaseError, connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from core import ticks
from openmap import metric_files, metrics_views, process_figures
from tests.conftest import City

TOKEN = "let-me-see-the-figures"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ROOT = Path(real.BASE_DIR)


@pytest.fixture(autouse=True)
def _token(settings: Settings, tmp_path: Path) -> None:
    settings.METRICS_TOKEN = TOKEN
    settings.METRICS_DIR = str(tmp_path / "run" / "metrics")


def parsed(text: str) -> dict[str, Any]:
    """Families by their names, as Prometheus reads them."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def read(client: Client) -> dict[str, Any]:
    answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    return parsed(answer.content.decode())


def value(families: dict[str, Any], family: str, sample: str = "", **labels: str) -> float:
    found = [
        one.value
        for one in families[family].samples
        if one.name == (sample or family) and all(one.labels.get(name) == word for name, word in labels.items())
    ]
    return float(sum(found))


def test_requests_are_counted_by_route_method_and_status(client: Client, city: City) -> None:
    before = read(client)
    labels = {"route": "map_list", "method": "GET"}
    for _time in range(3):
        client.get("/yavoryn/list/")
    client.generic("PURGE", "/nowhere/olia")
    after = read(client)
    for family, end in (("misto_requests", "_total"), ("misto_request_duration_seconds", "_count")):
        sample = family + end
        was = value(before, family, sample, **labels) if family in before else 0
        assert value(after, family, sample, **labels) - was == 3
    assert value(after, "misto_requests", "misto_requests_total", route="none", method="other", status="4xx") >= 1
    assert value(after, "misto_requests_in_progress", part="web") == 1, "this one"


def test_queues_and_ages_are_told(client: Client, city: City, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        ticks.tick("jobs", at=now - timedelta(seconds=45))
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM core_to_count")
            sql = "INSERT INTO core_to_count (source, thing, at) VALUES (1, 7, %s)"
            cursor.executemany(sql, [[now - timedelta(seconds=90)], [now]])
        told = read(client)
    assert value(told, "misto_statistics_waiting") == 2
    assert value(told, "misto_statistics_oldest_waiting_seconds") == 90
    assert value(told, "misto_tick_age_seconds", queue="jobs") == 45
    assert value(told, "misto_tick_age_seconds", queue="urgent") == float("inf")
    assert value(told, "misto_database_up") == 1
    assert value(told, "misto_build_info", version="0.1.0") == 1


def test_without_a_database_what_processes_counted_is_told(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_self: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("openmap.state_figures.StateCollector.collect", away)
    told = read(Client())
    assert value(told, "misto_database_up") == 0
    assert "misto_disk_free_bytes" not in told or value(told, "misto_disk_free_bytes") >= 0
    assert "misto_requests_in_progress" in told


def test_tick_never_goes_back(db: None, now: datetime) -> None:
    ticks.tick("jobs", at=now)
    ticks.tick("jobs", at=now - timedelta(minutes=1))
    assert ticks.last_ticks()["jobs"] == now


def test_every_queue_of_the_workers_ticks(settings: Settings) -> None:
    from launcher.parts import OUTBOX_QUEUES

    asked = {plan["options"]["queue"] for plan in settings.CELERY_BEAT_SCHEDULE.values() if plan["task"] == ticks.TASK}
    routed = {where["queue"] for where in settings.CELERY_TASK_ROUTES.values()}
    assert asked == set(ticks.QUEUES) == routed | set(OUTBOX_QUEUES) | {"celery"}


def test_folders_of_parts_that_ended_are_removed(tmp_path: Path) -> None:
    code = "import sys; from openmap import metric_files as m; m.begin(sys.argv[1]); print('held', flush=True); "
    command = [sys.executable, "-c", f"import django; django.setup(); {code} sys.stdin.read()", "jobs"]
    env = os.environ | {"MISTO_VAR": str(tmp_path)}
    with subprocess.Popen(command, env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as part:
        assert part.stdout
        assert part.stdin
        assert part.stdout.readline() == b"held\n"
        (living,) = metric_files._living()
        assert living.name.startswith("jobs-")
        part.stdin.close()
        part.wait(timeout=20)
    assert metric_files._living() == []
    assert not living.exists()


def test_service_runs_where_no_folder_of_figures_can_be_made(settings: Settings, tmp_path: Path) -> None:
    settings.METRICS_DIR = str(tmp_path / "file" / "metrics")
    (tmp_path / "file").write_text("")
    assert metric_files.begin("web") is None
    assert not metric_files.is_on()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """gunicorn with two processes, as an installation starts it; its database holds nothing."""
    var = tmp_path_factory.mktemp("var")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--config", "python:openmap.gunicorn_conf", "--workers=2", "--preload"]
    command += ["--worker-class=gthread", "--no-control-socket", "--bind", f"127.0.0.1:{port}", "openmap.wsgi"]
    env = os.environ | {"MISTO_VAR": str(var), "MISTO_METRICS_TOKEN": TOKEN, "MISTO_HOSTS": "127.0.0.1"}
    with (var / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env | {"MISTO_LOG_FORMAT": "json"}, stderr=log)
        try:
            until = time.monotonic() + 60
            while fetch(f"http://127.0.0.1:{port}/health/live/")[0] != 200:
                assert time.monotonic() < until
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}", var
        finally:
            process.terminate()
            process.wait(timeout=20)


def fetch(url: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def test_all_processes_of_gunicorn_are_counted_together(served: tuple[str, Path]) -> None:
    url, var = served
    for _time in range(24):
        assert fetch(f"{url}/language/")[0] == 405
    seen = [parsed(fetch(f"{url}/metrics", **BEARER)[1]) for _time in range(6)]
    assert {value(one, "misto_requests", "misto_requests_total", route="language", status="4xx") for one in seen} == {
        24
    }
    assert value(seen[0], "misto_database_up") == 0
    assert value(seen[0], "misto_start_time_seconds", part="web") > time.time() - 120
    (folder,) = (var / "run" / "metrics").iterdir()
    assert len(list(folder.glob("counter_*.db"))) == 2, "both processes answered"


def test_lines_of_gunicorn_look_like_all_others(served: tuple[str, Path]) -> None:
    _url, var = served
    lines = [json.loads(line) for line in (var / "log").read_text().splitlines()]
    assert {"gunicorn.error", "openmap.request"} <= {line["logger"] for line in lines}
    assert all({"timestamp", "level", "event"} <= line.keys() for line in lines)


def test_worker_that_stands_alone_tells_its_figures_to_whoever_shows_the_token() -> None:
    from openmap import metrics_server

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = metrics_server.serve(f"127.0.0.1:{port}")
    try:
        assert fetch(f"http://127.0.0.1:{port}/metrics")[0] == 404
        assert fetch(f"http://127.0.0.1:{port}/metrics", Authorization="Bearer wrong")[0] == 404
        status, text = fetch(f"http://127.0.0.1:{port}/metrics", **BEARER)
    finally:
        server.shutdown()
        server.server_close()
    assert status == 200
    assert "misto_build_info" in parsed(text)


def test_pool_is_told_with_how_often_somebody_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = {"pool_size": 3, "pool_available": 1, "pool_max": 8, "requests_waiting": 2, "requests_queued": 5}
    monkeypatch.setattr(process_figures, "pool_stats", lambda: stats | {"requests_wait_ms": 1500})
    part = process_figures.Part()
    part.name = "trial"
    part.look_at_pool()
    part.look_at_pool()  # within five seconds nothing is looked at
    told = parsed(metrics_views.written().decode())
    assert value(told, "misto_db_pool", part="trial", what="size") == 3
    assert value(told, "misto_db_pool", part="trial", what="waiting") == 2
    assert value(told, "misto_db_pool_requests", "misto_db_pool_requests_total", part="trial", how="waited") == 5
    assert value(told, "misto_db_pool_wait_seconds", "misto_db_pool_wait_seconds_total", part="trial") == 1.5


# What is written about them -----------------------------------------------------------------------------------
def names_there(client: Client) -> set[str]:
    """Every name that can be asked for: families of the processes too of which nothing was counted yet."""
    families = {*read(client)} | {metric.name for metric in process_figures.REGISTRY.collect()}
    counters = {metric.name for metric in process_figures.REGISTRY.collect() if metric.type == "counter"}
    counters |= {name for name, family in read(client).items() if family.type == "counter"}
    return {f"{name}_total" if name in counters else name for name in families} | {
        "misto_outbox_down_seconds", "misto_count_check_age_seconds"
    }  # fmt: skip


def asked_in(expression: str) -> set[str]:
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\bmisto_\w+", expression)}


def test_every_figure_is_in_the_docs_and_no_other(client: Client, db: None) -> None:
    process_figures.families()
    text = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    table = text.partition("## Figures")[2].partition("\n## ")[0]
    listed = set(re.findall(r"`(misto_\w+)`", "\n".join(line for line in table.splitlines() if line.startswith("| `"))))
    assert listed == names_there(client)


def test_names_follow_the_conventions_of_prometheus(client: Client, db: None) -> None:
    for name, family in read(client).items():
        assert re.fullmatch(r"misto_[a-z_]+", name)
        assert family.documentation
        assert "milliseconds" not in name


def test_alerts_ask_only_for_figures_that_are_there(client: Client, db: None) -> None:
    process_figures.families()
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in found}) == len(found) > 10
    there = names_there(client)
    for rule in found:
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"page", "look"}
        assert {"summary", "mend"} == rule["annotations"].keys()
        assert asked_in(rule["expr"])
        assert asked_in(rule["expr"]) <= there, rule["alert"]
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_dashboard_shows_only_figures_that_are_there(client: Client, db: None) -> None:
    process_figures.families()
    board = json.loads((ROOT / "deploy" / "prometheus" / "grafana.json").read_text(encoding="utf-8"))
    asked = {name for panel in board["panels"] for target in panel["targets"] for name in asked_in(target["expr"])}
    assert len(board["panels"]) >= 8
    assert asked
    assert asked <= names_there(client)
