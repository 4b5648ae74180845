"""How far a replica is behind is known by notes of the primary's position; doubt leads to the primary."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from openmap import process_figures, replica_lines, replica_watch
from openmap.replica_lines import Line
from openmap.replica_watch import POSITION, Watch


class Servers:
    """What both answer, and a clock."""

    _servers: "Servers"

    def __init__(self) -> None:
        self.now, self.written, self.replayed, self.is_replica, self.is_away = 0.0, 100, 100, True, False

        self._alias = ""
        self.settings_dict: dict[str, Any] = {"OPTIONS": {"pool": True}}
        self.connection = None

    def __getitem__(self, alias: str) -> "Servers":
        return self.copy(alias)

    def copy(self, alias: str = "") -> "Servers":
        """A line to one of them."""
        line = copy(self)
        line._alias, line._servers = alias or self._alias, getattr(self, "_servers", self)
        return line

    @contextmanager
    def cursor(self) -> Iterator["Servers"]:
        if self._servers.is_away and self._alias == "replica":
            raise OperationalError
        yield self

    def execute(self, text: str) -> None:
        there = self._servers
        self._answer = (there.written,) if text == POSITION else (there.is_replica, there.replayed)

    def fetchone(self) -> tuple[Any, ...]:
        return self._answer

    def close(self) -> None:
        """A connection that broke."""


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    found = Servers()
    monkeypatch.setattr(replica_watch, "connections", found)
    monkeypatch.setattr(Watch, "_begin", lambda self: None)  # the test looks itself
    return found


@pytest.fixture
def watch(servers: Servers) -> Watch:
    return Watch(most=5, clock=lambda: servers.now)


def look(watch: Watch, servers: Servers, *, at: float, written: int, replayed: int) -> bool:
    """Whether strangers read from the replica after a look."""
    servers.now, servers.written, servers.replayed = at, written, replayed
    watch.look()
    return watch.may_serve("")


def test_nobody_reads_from_a_replica_that_nobody_looked_at(watch: Watch) -> None:
    assert not watch.may_serve("")


def test_a_replica_that_has_nothing_to_do_is_no_laggard(watch: Watch, servers: Servers) -> None:
    assert all(look(watch, servers, at=hour * 3600.0, written=100, replayed=100) for hour in range(5))


def test_a_replica_whose_line_is_cut_is_left_when_it_is_too_far_behind(watch: Watch, servers: Servers) -> None:
    assert look(watch, servers, at=0, written=100, replayed=100)
    assert look(watch, servers, at=4, written=200, replayed=100)
    assert not look(watch, servers, at=6, written=300, replayed=100)
    assert look(watch, servers, at=7, written=300, replayed=300)


def test_a_replica_that_follows_at_a_distance_is_judged_by_that_distance(watch: Watch, servers: Servers) -> None:
    """It has always replayed what was written four seconds ago."""
    seen = [look(watch, servers, at=at, written=at, replayed=at - 4) for at in range(20)]
    assert all(seen[4:])
    watch = Watch(most=3, clock=lambda: servers.now)
    assert not any(look(watch, servers, at=at, written=at, replayed=at - 4) for at in range(20, 40))


def test_what_nobody_looked_at_lately_is_not_trusted(watch: Watch, servers: Servers) -> None:
    look(watch, servers, at=0, written=100, replayed=100)
    servers.now = 5.1
    assert not watch.may_serve("")


def test_author_waits_until_the_own_write_is_replayed(watch: Watch, servers: Servers) -> None:
    look(watch, servers, at=0, written=0x90, replayed=0x80)
    look(watch, servers, at=1, written=0x90, replayed=0x90)
    assert watch.may_serve("90")
    assert not watch.may_serve("91")
    assert not watch.may_serve("no number")


def test_a_replica_that_was_promoted_or_broke_is_not_read_before_it_is_well(watch: Watch, servers: Servers) -> None:
    assert look(watch, servers, at=0, written=100, replayed=100)
    servers.is_replica = False
    assert not look(watch, servers, at=1, written=100, replayed=100)
    servers.is_replica, servers.is_away = True, True
    assert not look(watch, servers, at=2, written=100, replayed=100)
    servers.is_away = False
    assert look(watch, servers, at=3, written=100, replayed=100)
    watch.failed()
    assert not watch.may_serve("")


def test_each_change_is_told_once_with_its_reason(
    watch: Watch, servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger=replica_watch.__name__)
    look(watch, servers, at=0, written=100, replayed=90)  # it was never behind for long
    look(watch, servers, at=1, written=100, replayed=100)
    assert caplog.messages == []
    look(watch, servers, at=5, written=200, replayed=100)
    look(watch, servers, at=7, written=200, replayed=100)
    assert read_by_the_figure() == 0
    look(watch, servers, at=8, written=200, replayed=100)
    look(watch, servers, at=9, written=200, replayed=200)
    assert read_by_the_figure() == 1
    servers.is_away = True
    look(watch, servers, at=10, written=200, replayed=200)
    watch.failed()
    assert caplog.messages == [
        "The replica is not read, the primary is: it is too far behind.",
        "The replica is read again.",
        "The replica is not read, the primary is: it does not answer (OperationalError).",
    ]


def read_by_the_figure() -> float | None:
    return process_figures.REGISTRY.get_sample_value("misto_replica_read", {"part": process_figures.part.name})


def test_lines_on_which_a_frozen_server_says_nothing_are_cut(db: None) -> None:
    """Whoever waits on one gets an error at once; a line that leads elsewhere is left alone."""
    given = {name: value for name, value in connection.get_connection_params().items() if name != "pool"}
    waits, other = Line.connect(**given), psycopg.connect(**given)
    number = waits.info.backend_pid
    with ThreadPoolExecutor(1) as pool, other:
        asked = pool.submit(waits.execute, "SELECT pg_sleep(30)")
        with pytest.raises(TimeoutError):
            asked.result(0.3)
        assert replica_lines.cut_all() >= 1
        with pytest.raises(psycopg.OperationalError):
            asked.result(5)
        assert waits.closed
        replica_lines.cut(waits)  # is cut already
        assert other.execute("SELECT pg_terminate_backend(%s)", [number]).fetchone() == (True,)  # it sleeps on
