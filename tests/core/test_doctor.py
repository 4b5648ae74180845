"""The doctor's checks of what everything stands on, each with all well and each with something really broken."""

import mailbox
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from celery import current_app
from django.db import connection, transaction
from django.utils import translation
from django_scopes import scope
from pytest_django import Settings

from core import ticks
from core.doctor import Asked, Check, Finding, Level, bad, check, clocks, disks, examine, ok
from core.models import Job, Lane, Way
from geodata.models import Area, CellCheck, Community
from tests.conftest import City
from tests.core.conftest import Write
from tests.core.imap import PASSWORD, USER, imap_server
from tests.doctoring import BAD, OK, WARN, look, worst
from tests.grid import Town

NOW = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)


# The doctor -----------------------------------------------------------------------------------------------------
def examined(look: Any, *, seconds: float = 5, needs_database: bool = False) -> list[Finding]:
    (result,) = examine(Asked(NOW), [Check("core.trial", "Trial", look, seconds, needs_database)])
    return list(result.findings)


def test_a_check_that_breaks_is_told_and_its_error_is_not_repeated() -> None:
    def breaks(_asked: Asked) -> Iterator[Finding]:
        yield ok("first")
        raise ValueError("olia@example.org")

    before, told = examined(breaks)
    assert (before.level, told.level) == (OK, BAD)
    assert "ValueError" in told.what
    assert "olia" not in told.what + told.mend


def test_a_check_that_hangs_stops_nobody() -> None:
    over = threading.Event()
    began = time.monotonic()

    def hangs(_asked: Asked) -> Iterator[Finding]:
        yield bad("seen before", "Mend it.")
        over.wait(20)
        yield ok("late")

    first, second = examine(
        Asked(NOW),
        [
            Check("core.hangs", "Hangs", hangs, 0.2, needs_database=False),
            Check("core.well", "Well", lambda _asked: iter([ok("well")]), 5, needs_database=False),
        ],
    )
    over.set()
    assert time.monotonic() - began < 5
    assert (first.level, second.level) == (BAD, OK)
    assert [one.level for one in first.findings] == [BAD, BAD]
    assert first.findings[0].what == "seen before", "what it found until then is kept"


def test_without_a_database_what_needs_none_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = connection.get_connection_params() | {"host": "/nowhere"}
    monkeypatch.setattr(connection, "get_connection_params", lambda: nowhere)
    needing = Check("core.needing", "Needing", lambda _asked: iter([ok("never")]))
    results = list(
        examine(Asked(NOW), [needing, needing, Check("core.well", "Well", lambda _a: iter([ok("well")]), 5, False)])
    )
    assert [one.level for one in results] == [OK, BAD]
    assert "2" in results[1].findings[0].what


def test_check_is_registered_once() -> None:
    with pytest.raises(ValueError, match=r"core\.disks"):
        check("core.disks", "Disks")(lambda _asked: iter(()))


# Clocks and disks -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("seconds", "level"), [(0, OK), (-5, WARN), (90, BAD)])
def test_clock_of_the_database_is_compared(
    db: None, monkeypatch: pytest.MonkeyPatch, seconds: int, level: Level
) -> None:
    moved = lambda: datetime.now(UTC) + timedelta(seconds=seconds)  # noqa: E731
    monkeypatch.setattr("django.utils.timezone.now", moved)
    monkeypatch.setattr(clocks, "is_kept", lambda: True)
    assert worst("core.clocks") == level


def test_clock_that_nothing_keeps_and_a_zone_that_nobody_knows_are_told(
    db: None, elsewhere: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    Community.objects.update(time_zone="Europe/Yavoryn")
    monkeypatch.setattr(clocks, "is_kept", lambda: False)
    told = {one.level for one in look("core.clocks")}
    assert told == {OK, WARN, BAD}
    assert clocks.is_kept.__name__


def test_disk_that_is_nearly_full_is_told(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR, settings.MEDIA_ROOT = tmp_path, str(tmp_path / "media")
    about = {"f_frsize": 1, "f_blocks": 1000, "f_bavail": 500, "f_files": 1000, "f_favail": 500}
    seen = {}
    for name, free, level in (
        ("f_bavail", 500, OK),
        ("f_bavail", 80, WARN),
        ("f_bavail", 20, BAD),
        ("f_favail", 10, BAD),
    ):
        monkeypatch.setattr("os.statvfs", lambda _path, n=name, f=free: SimpleNamespace(**(about | {n: f})))
        seen[name, free] = worst("core.disks")
        assert seen[name, free] == level


def test_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    assert disks.is_writable(tmp_path)
    assert not disks.is_writable(tmp_path / "nothing")


def test_only_a_database_of_this_machine_has_its_disk_here() -> None:
    assert all(map(disks.is_here, ["", "/run/postgresql", "localhost", "127.0.0.1", "::1"]))
    assert not any(map(disks.is_here, ["10.0.0.5", "db.example.org", "localhost.example.org"]))


# The database -----------------------------------------------------------------------------------------------------
def test_migration_that_is_missing_is_named(db: None) -> None:
    assert worst("core.database") == OK
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'core' AND name = '0014_ticks'")
    (told,) = [one for one in look("core.database") if one.level == BAD]
    assert "core.0014_ticks" in told.what


@pytest.mark.django_db(transaction=True)
def test_long_transaction_and_broken_index_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.doctor import database

    given = {name: value for name, value in connection.get_connection_params().items() if name != "pool"}
    monkeypatch.setattr(database, "LONG_MINUTES", 0)
    with psycopg.connect(**given) as other:
        other.execute("SELECT 1")
        assert [one.where for one in look("core.database-care") if one.level == WARN] == [
            f"pid {other.info.backend_pid}"
        ]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE doctor_trial (x int); INSERT INTO doctor_trial VALUES (1), (1)")
        try:
            with pytest.raises(Exception, match="unique"):
                cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY doctor_trial_x ON doctor_trial (x)")
            assert [one.where for one in look("core.database-care") if one.level == BAD] == ["doctor_trial_x"]
        finally:
            cursor.execute("DROP TABLE doctor_trial")


# Queues -----------------------------------------------------------------------------------------------------------
def test_broker_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    away = current_app.connection("redis://127.0.0.1:1")
    monkeypatch.setattr(current_app, "connection_for_write", lambda **_how: away)
    assert [one.level for one in look("core.broker")] == [BAD]


def test_queues_without_a_worker_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = [{"worker@x": [{"name": "celery"}]}, {"outbox@x": [{"name": "urgent"}, {"name": "bulk"}]}]
    monkeypatch.setattr(current_app.control, "broadcast", lambda *_what, **_how: replies)
    assert {one.where for one in look("core.broker") if one.level == BAD} == {"deliveries", "jobs"}


def test_queue_that_does_not_tick_is_told_unless_a_long_job_runs(inside: Community) -> None:
    assert [one.where for one in look("core.beat", NOW)] == [""], "none ever did: beat is missing"
    for queue in ticks.QUEUES:
        ticks.tick(queue, at=NOW)
    assert worst("core.beat", NOW + timedelta(seconds=60)) == OK
    for queue in ticks.QUEUES[:-1]:
        ticks.tick(queue, at=NOW + timedelta(minutes=5))
    assert [one.where for one in look("core.beat", NOW + timedelta(minutes=5))] == ["jobs"]
    lease = {"claim": "11111111-2222-4333-8444-555555555555", "leased_until": NOW + timedelta(minutes=10)}
    Job.objects.create(community=inside, kind="x", state=Job.State.RUNNING, created_at=NOW, **lease)
    assert worst("core.beat", NOW + timedelta(minutes=5)) == OK


def test_what_does_not_leave_is_told(write: Write, inside: Community) -> None:
    assert worst("core.outbox", NOW) == OK
    message = write(due_at=NOW - timedelta(minutes=20))
    assert {one.where for one in look("core.outbox", NOW) if one.level == BAD} == {Lane.DELIVERY.value}
    assert worst("core.outbox", NOW, community="sosnivka") == OK, "another community has nothing to do with it"
    message.delete()
    Way.objects.create(channel="email", failures=2, last_message=1, failing_since=NOW, asked_at=NOW)
    assert [one.where for one in look("core.outbox", NOW) if one.level == WARN] == ["email"]


def test_jobs_that_stand_are_told(inside: Community) -> None:
    assert worst("core.jobs", NOW) == OK
    Job.objects.create(community=inside, kind="x", created_at=NOW - timedelta(hours=2))
    assert worst("core.jobs", NOW) == WARN
    lease = {"claim": "11111111-2222-4333-8444-555555555555", "leased_until": NOW - timedelta(hours=1)}
    Job.objects.create(community=inside, kind="y", state=Job.State.RUNNING, created_at=NOW, **lease)
    assert worst("core.jobs", NOW) == BAD


def test_mailbox_that_cannot_be_read_is_told(settings: Settings, tmp_path: Path) -> None:
    settings.INBOX_URL = f"maildir://{tmp_path}/box"
    assert worst("core.mailbox") == BAD
    mailbox.Maildir(str(tmp_path / "box"))
    assert worst("core.mailbox") == OK
    with imap_server() as server:
        for password, level in ((PASSWORD, OK), ("wrong", BAD)):
            settings.INBOX_URL = f"imap://{USER}:{quote(password, safe='')}@127.0.0.1:{server.port}/INBOX"
            (told,) = look("core.mailbox")
            assert told.level == level
            assert "wrong" not in told.what + told.mend


# Ground -----------------------------------------------------------------------------------------------------------
def test_boundaries_that_fit_and_those_that_do_not(city: City, town: Town, elsewhere: Community) -> None:
    assert worst("geodata.boundaries", NOW, community="yavoryn") == OK
    Area.objects.filter(code="south").update(boundary=town.area("ABDC"))
    told = [one.what for one in look("geodata.boundaries", NOW, community="yavoryn")]
    with translation.override("en"):
        told = [one.what for one in look("geodata.boundaries", NOW, community="yavoryn") if one.level == WARN]
    assert len(told) == 2, "twice here, nobody's there"
    Community.objects.filter(slug="sosnivka").update(boundary=None)
    assert [one.level for one in look("geodata.boundaries", NOW, community="sosnivka")] == [BAD]


def test_broken_boundary_is_told_with_the_reason(city: City) -> None:
    knot = "SRID=4326;MULTIPOLYGON(((0 0, 1 1, 1 0, 0 1, 0 0)))"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE geodata_community SET boundary = %s WHERE slug = 'yavoryn'", [knot])
    told = look("geodata.boundaries", NOW)
    assert (told[0].level, "Self-intersection" in told[0].what) == (BAD, True)


def test_base_map_that_cannot_be_read_is_told(city: City, settings: Settings, tmp_path: Path) -> None:
    assert worst("geodata.basemap") == WARN, "there is none"
    settings.BASEMAP_PMTILES = str(tmp_path / "map.pmtiles")
    assert worst("geodata.basemap") == BAD
    (tmp_path / "map.pmtiles").write_bytes(b"PMTiles\x03" + b"\0" * 120)
    assert worst("geodata.basemap") == OK


def test_counts_that_are_behind_or_were_wrong_are_told(city: City) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_to_count; DELETE FROM geodata_cell_delta")
    assert worst("geodata.counts", NOW) == WARN, "never checked"
    with scope(community=city.community):
        last = CellCheck.objects.create(community=city.community, layer="issues", at=NOW, squares=9, wrong=0)
        assert worst("geodata.counts", NOW) == OK
        last.wrong = 2
        last.save()
    assert worst("geodata.counts", NOW) == WARN
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO core_to_count (source, thing, at) VALUES (1, 1, %s)", [NOW - timedelta(hours=1)])
    assert len([one for one in look("geodata.counts", NOW) if one.level == WARN]) == 2


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    disks.is_writable(tmp_path)
    assert os.listdir(tmp_path) == []  # noqa: PTH208
    assert not transaction.get_connection().in_atomic_block
