"""Strangers read from a streaming replica: own writes are seen at once, lag is bounded, its end is no error."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import City
from tests.faults.service import ROOT, eventually
from tests.grid import Town
from tests.scale.replica import Replica, Server, streaming
from tests.scale.service import Browser, Running, form, variables, wait_for, web

pytestmark = pytest.mark.django_db(transaction=True)
MOST = 2.0  # seconds that the replica may be behind
THREADS = 6
PAGES = (
    "/yavoryn/",
    "/yavoryn/list/",
    "/yavoryn/marks.geojson?layer=issues&zoom=12&box=28.4,49.1,28.6,49.4",
    "/yavoryn/stats/",
    "/yavoryn/stats/tables/days.json",
    "/yavoryn/stats/hot/",
    "/yavoryn/feed.atom",
    "/yavoryn/feed.geojson",
    "/yavoryn/areas/",
    "/yavoryn/issues/1/",
    "/yavoryn/ogc/collections/reports/items",
    "/yavoryn/who/",
    "/api/v1/yavoryn/issues/",
    "/yavoryn/search/?q=%D1%8F%D0%BC%D0%B0",
)


@dataclass(frozen=True)
class Here:
    """The service and both servers."""

    one: Running
    primary: Server
    replica: Replica
    env: dict[str, str]

    def get(self, browser: Browser, path: str) -> int:
        return browser.get(self.one.socket, path).status


@contextmanager
def running(folder: Path) -> Iterator[Here]:
    with streaming(folder) as (primary, replica):
        env = variables(
            folder,
            DATABASE_URL=primary.url,
            DATABASE_REPLICA_URL=replica.url,
            MISTO_REPLICA_MAX_LAG=str(MOST),
        )
        with web(folder, "one", env, threads=THREADS) as one:
            wait_for(one)
            yield Here(one, primary, replica, env)


def report(here: Here, browser: Browser, town: Town, text: str) -> str:
    """The path of the public page."""
    sent = browser.post(here.one.socket, "/yavoryn/report/", form(town, text), Accept="application/json")
    assert sent.status == 201, sent.text
    return f"/yavoryn/issues/{sent.json()['number']}/"


def served_by_replica(here: Here) -> bool:
    """Whether a stranger's page is read there now."""
    before = here.replica.asked()
    assert here.get(Browser(), f"/yavoryn/issues/1/?{time.monotonic()}") == 200
    return here.replica.asked() > before


def test_strangers_read_from_the_replica_and_nobody_notices_its_troubles(city: City, town: Town, folder: Path) -> None:
    with running(folder) as here:
        try:
            report(here, Browser("10.2.0.1"), town, "Яма перша")
            strangers_are_served_by_the_replica(here)
            an_author_sees_their_own_at_once(here, town)
            a_replica_that_lags_is_not_read(here, town)
            what_somebody_hides_is_asked_of_the_primary(here)
            one_that_is_frozen_holds_nobody_up(here)
            its_end_in_the_middle_of_requests_is_no_error(here)
            it_is_read_again_when_it_is_back(here)
        except AssertionError as failed:
            raise AssertionError(f"{failed}\n{here.one.log.read_text()[-6000:]}") from failed


def strangers_are_served_by_the_replica(here: Here) -> None:
    """On a machine that is too busy to look at the replica in time it is left for a moment, so more than once."""

    def nearly_all() -> bool:
        assert eventually(lambda: served_by_replica(here), seconds=20)
        before = here.primary.asked(), here.replica.asked()
        for path in PAGES:
            assert here.get(Browser(), path) == 200, path
        primary, replica = here.primary.asked() - before[0], here.replica.asked() - before[1]
        print(f"statements for {len(PAGES)} pages: {replica} at the replica, {primary} at the primary")  # noqa: T201
        return replica > 20 * max(primary, 1)

    assert eventually(nearly_all, seconds=60)


def an_author_sees_their_own_at_once(here: Here, town: Town) -> None:
    """Though nothing is replayed; strangers do as soon as it is, and whoever was given the link at once."""
    here.replica.sql("SELECT pg_wal_replay_pause()")
    olia, serhii = Browser("10.2.0.2"), Browser("10.2.0.3")
    path = report(here, olia, town, "Яма Олі")
    assert "Яма Олі" in olia.get(here.one.socket, "/yavoryn/list/").text
    assert "Яма Олі" in olia.get(here.one.socket, path).text
    assert here.get(serhii, path) == 200, "what is not there yet is looked for at the primary"
    here.replica.sql("SELECT pg_wal_replay_resume()")
    assert eventually(lambda: "Яма Олі" in serhii.get(here.one.socket, "/yavoryn/list/").text, seconds=15)


def a_replica_that_lags_is_not_read(here: Here, town: Town) -> None:
    here.replica.sql("SELECT pg_wal_replay_pause()")
    path = report(here, Browser("10.2.0.4"), town, "Яма за межею")
    stranger = Browser("10.2.0.5")
    started = time.monotonic()
    assert eventually(lambda: "Яма за межею" in stranger.get(here.one.socket, "/yavoryn/list/").text, seconds=20)
    print(f"a replica that stood still was left after {time.monotonic() - started:.1f} s")  # noqa: T201
    assert not served_by_replica(here)
    assert here.get(stranger, path) == 200
    here.replica.sql("SELECT pg_wal_replay_resume()")
    assert eventually(lambda: served_by_replica(here), seconds=20)


def what_somebody_hides_is_asked_of_the_primary(here: Here) -> None:
    """Whether a photo may be shown; and a secret link is no stranger's."""
    photo = "/yavoryn/photos/00000000-0000-4000-8000-000000000000/large/"
    for path, status, table in ((photo, 404, "media_photo"), ("/yavoryn/issues/1/?k=0123", 200, "issues_issueevent")):
        before = here.replica.log.stat().st_size
        assert here.get(Browser(), path) == status
        assert table not in here.replica.log.read_text()[before:], path


def one_that_is_frozen_holds_nobody_up(here: Here) -> None:
    """More browsers at once than the process has threads: all are answered, the doctor and the log tell why."""
    assert doctor(here) == (0, "ok")
    here.replica.freeze()
    started = time.monotonic()
    with ThreadPoolExecutor(THREADS * 2) as clients:
        found = list(clients.map(lambda path: here.get(Browser(), path), [*PAGES, *PAGES]))
    seconds = time.monotonic() - started
    print(f"{len(found)} pages of a frozen replica were answered after {seconds:.1f} s")  # noqa: T201
    assert set(found) == {200}
    assert seconds < 30, "each is held for some three seconds, once"
    assert not served_by_replica(here)
    words = "The replica is not read, the primary is: it takes questions and does not answer"
    assert eventually(lambda: words in here.one.log.read_text(), seconds=10)
    assert doctor(here) == (2, "bad")
    here.replica.freeze(signal.SIGCONT)
    assert eventually(lambda: served_by_replica(here), seconds=20)
    assert "The replica is read again" in here.one.log.read_text()


def doctor(here: Here) -> tuple[int, str]:
    """Exit code and level of its check of the replica."""
    command = [sys.executable, "manage.py", "doctor", "--only", "openmap.replica", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=here.env, capture_output=True, text=True, check=False, timeout=120)
    (told,) = json.loads(done.stdout)
    return done.returncode, told["level"]


def its_end_in_the_middle_of_requests_is_no_error(here: Here) -> None:
    paths = list(PAGES) * 8
    with ThreadPoolExecutor(4) as clients:
        found = [clients.submit(here.get, Browser(), path) for path in paths]
        assert eventually(lambda: sum(one.done() for one in found) > 10, seconds=30)
        here.replica.kill()
        assert [path for path, one in zip(paths, found, strict=True) if one.result() != 200] == []


def it_is_read_again_when_it_is_back(here: Here) -> None:
    here.replica.start()
    assert eventually(lambda: served_by_replica(here), seconds=30)
