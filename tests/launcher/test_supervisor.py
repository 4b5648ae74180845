"""Parts are started, restarted and stopped; leftovers of a killed supervisor are found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher import claim, console, processes, supervisor
from launcher.supervisor import Part, Stop, Supervisor

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Supervisor]:
    """A supervisor in an empty folder; whatever it started is stopped."""
    one = Supervisor(cwd=tmp_path, mark=f"test-{os.getpid()}", records=tmp_path / "parts.json")
    yield one
    one.stop()


def part(tmp_path: Path, name: str, code: str = SLEEP) -> Part:
    return Part(
        name=name,
        command=[sys.executable, "-c", code],
        env={"PATH": os.defpath},
        log=tmp_path / f"{name}.log",
        stop=((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)),
    )


def watch(keeper: Supervisor, *, until: Callable[[], bool]) -> None:
    """Let the supervisor look after its parts until that is so. Fails when it never is."""
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline, "it never came to that"
        for child in keeper.children:
            keeper._look_after(child)
        time.sleep(0.02)


def test_a_part_that_dies_is_started_again_after_a_pause(
    tmp_path: Path, keeper: Supervisor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    keeper.start(part(tmp_path, "web"))
    first = keeper.children[0].process
    first.kill()
    first.wait()
    watch(keeper, until=lambda: keeper.children[0].process.pid != first.pid)
    assert keeper.children[0].process.poll() is None
    assert "web was ended by SIGKILL; starting it again in 0.05 s." in capsys.readouterr().out


def test_pauses_grow_with_each_early_death(
    tmp_path: Path, keeper: Supervisor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    keeper.start(part(tmp_path, "web", "print('no such table'); raise SystemExit(3)"))
    said: list[str] = []

    def is_third() -> bool:
        said.append(capsys.readouterr().out)
        return "starting it again in 0.04 s." in "".join(said)

    watch(keeper, until=is_third)
    assert "web ended with exit code 3; starting it again in 0.01 s." in "".join(said)
    assert "    no such table" in "".join(said)


def test_a_part_that_cannot_start_shows_its_last_lines(tmp_path: Path, keeper: Supervisor) -> None:
    failing = part(tmp_path, "web", "print('port taken'); raise SystemExit(1)")
    unready = Part(**{**vars(failing), "is_ready": lambda: False})
    with pytest.raises(console.LauncherError, match="web ended with exit code 1:\n    port taken"):
        keeper.start(unready)


def test_a_part_that_never_gets_ready_is_an_error(tmp_path: Path, keeper: Supervisor) -> None:
    unready = Part(**{**vars(part(tmp_path, "web")), "is_ready": lambda: False, "seconds_to_start": 0.1})
    with pytest.raises(console.LauncherError, match="web is not ready after"):
        keeper.start(unready)


def test_parts_are_stopped_in_reverse_order(tmp_path: Path, keeper: Supervisor) -> None:
    code = (
        "import pathlib, signal, sys, time\n"
        "def leave(*_):\n"
        "    with pathlib.Path('order').open('a') as file: file.write('{0} ')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, leave); pathlib.Path('{0}').touch(); time.sleep(60)"
    )
    names = ["postgres", "web", "beat"]
    keeper.start(*(part(tmp_path, name, code.format(name)) for name in names))
    assert processes.wait_until(lambda: all((tmp_path / name).exists() for name in names), seconds=30)
    keeper.stop()
    assert (tmp_path / "order").read_text(encoding="utf-8").split() == ["beat", "web", "postgres"]
    assert keeper.children == []


def test_stopping_also_ends_what_a_part_left_behind(tmp_path: Path, keeper: Supervisor) -> None:
    code = (
        "import pathlib, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
        "pathlib.Path('child').write_text(str(child.pid))\n"
        "child.wait()"
    )
    keeper.start(part(tmp_path, "worker", code))
    note = tmp_path / "child"
    assert processes.wait_until(lambda: note.exists() and note.read_text(encoding="utf-8") != "", seconds=30)
    keeper.children[0].process.kill()
    keeper.stop()
    assert processes.identity(int(note.read_text(encoding="utf-8"))) is None


def test_leftovers_of_a_killed_supervisor_are_ended_and_strangers_are_not(tmp_path: Path) -> None:
    records, mark = tmp_path / "parts.json", f"left-{os.getpid()}"
    mine = subprocess.Popen([sys.executable, "-c", SLEEP])
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP])
    orphan = subprocess.Popen([sys.executable, "-c", SLEEP], env={processes.MARK: f"{mark}/worker"})
    reaper = threading.Thread(target=lambda: (mine.wait(), orphan.wait()))
    try:
        known, other = processes.identity(mine.pid), processes.identity(stranger.pid)
        assert known is not None
        assert other is not None
        claim.write_json(records, {"web": known.to_json(), "redis": {**other.to_json(), "started": 1}})
        reaper.start()
        assert processes.wait_until(lambda: processes.marked(f"{mark}/worker") != [], seconds=30), (
            "it has its environment"
        )
        assert supervisor.end_leftovers(records, mark=mark, names=["worker"]) == 2
        assert stranger.poll() is None
        assert not records.exists()
    finally:
        for process in (mine, stranger, orphan):
            process.kill()
        reaper.join()
        stranger.wait()


def test_the_first_signal_stops_and_later_ones_wait_for_the_end() -> None:
    finished = False
    with supervisor.stop_on_signals():
        with pytest.raises(Stop):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        finished = True
    assert finished


def test_the_log_of_the_last_start_is_kept(tmp_path: Path, keeper: Supervisor) -> None:
    (tmp_path / "web.log").write_text("yesterday", encoding="utf-8")
    keeper.start(part(tmp_path, "web"))
    assert (tmp_path / "web.log.1").read_text(encoding="utf-8") == "yesterday"
