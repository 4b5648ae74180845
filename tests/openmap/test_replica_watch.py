"""How far a replica is behind is known by notes of the primary's position; doubt leads to the primary."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError

from openmap import replica_watch
from openmap.replica_watch import POSITION, Watch


class Servers:
    """What both answer, and a clock."""

    def __init__(self) -> None:
        self.now, self.written, self.replayed, self.is_replica, self.is_away = 0.0, 100, 100, True, False

    def __getitem__(self, alias: str) -> "Servers":
        self._alias = alias
        return self

    @contextmanager
    def cursor(self) -> Iterator["Servers"]:
        if self.is_away and self._alias == "replica":
            raise OperationalError
        yield self

    def execute(self, text: str) -> None:
        self._answer = (self.written,) if text == POSITION else (self.is_replica, self.replayed)

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
