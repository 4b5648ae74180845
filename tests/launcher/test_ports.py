"""Which port the service listens on."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from launcher import console, ports


@pytest.fixture
def taken() -> Iterator[int]:
    """A port somebody listens on."""
    with socket.socket() as server:
        server.bind((ports.HOST, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(taken: int) -> None:
    assert not ports.is_free(taken)


def test_a_wanted_port_that_is_taken_is_an_error(taken: int) -> None:
    with pytest.raises(console.LauncherError, match=f"Port {taken} is taken"):
        ports.choose(taken)


@pytest.mark.parametrize("port", [0, 65536, 5432, 6379])
def test_impossible_and_reserved_ports_are_refused(port: int) -> None:
    with pytest.raises(console.LauncherError, match="cannot be used"):
        ports.choose(port)


def test_the_next_free_port_is_used_and_named(
    taken: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ports, "DEFAULT", taken)
    monkeypatch.setattr(ports, "is_free", lambda port: port == taken + 3)
    assert ports.choose(None) == taken + 3
    assert capsys.readouterr().out == f"Port {taken} is taken; using {taken + 3}.\n"


def test_the_usual_port_is_used_silently(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: True)
    assert ports.choose(None) == 8000
    assert capsys.readouterr().out == ""


def test_no_free_port_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: False)
    with pytest.raises(console.LauncherError, match="--port"):
        ports.choose(None)
