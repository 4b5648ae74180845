"""Processes are recognised by id and moment of start, never by id alone."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import processes
from launcher.processes import Identity

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True); time.sleep(60)",
]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing."""
    with subprocess.Popen(SLEEPER) as process:
        yield process
        process.kill()


def known(pid: int) -> Identity:
    found = processes.identity(pid)
    assert found is not None
    return found


def test_a_running_process_is_recognised(sleeper: subprocess.Popen[bytes]) -> None:
    assert processes.is_running(known(sleeper.pid))


def test_the_same_id_with_another_start_is_a_stranger(sleeper: subprocess.Popen[bytes]) -> None:
    predecessor = dataclasses.replace(known(sleeper.pid), started=1)
    assert not processes.is_running(predecessor)


def test_the_same_id_of_another_boot_is_a_stranger(sleeper: subprocess.Popen[bytes]) -> None:
    predecessor = dataclasses.replace(known(sleeper.pid), boot="an earlier one")
    assert not processes.is_running(predecessor)


def test_a_stranger_with_a_recorded_id_is_not_ended(sleeper: subprocess.Popen[bytes]) -> None:
    predecessor = dataclasses.replace(known(sleeper.pid), started=1)
    assert processes.end([predecessor]) == []
    assert sleeper.poll() is None


def test_a_zombie_counts_as_gone(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    assert processes.wait_until(lambda: processes.identity(sleeper.pid) is None, seconds=30)


def test_a_process_that_ignores_the_first_signal_gets_the_next() -> None:
    with subprocess.Popen(STUBBORN, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        left = processes.end([known(process.pid)], signals=((signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0)))
        assert left == []
        assert process.wait() == -signal.SIGKILL


def test_an_identity_survives_its_record() -> None:
    me = known(os.getpid())
    assert Identity.from_json(me.to_json()) == me


@pytest.mark.parametrize("record", [{}, {"pid": "x", "started": 1, "boot": ""}, {"pid": 1}])
def test_a_damaged_record_names_nobody(record: dict[str, object]) -> None:
    assert Identity.from_json(record) is None


def test_only_processes_with_our_mark_are_ours(tmp_path: Path) -> None:
    log, one = tmp_path / "log", f"one-{os.getpid()}"
    started = [
        processes.spawn(SLEEPER, env={processes.MARK: mark}, cwd=tmp_path, log=log)
        for mark in (f"{one}/web", f"{one}/web-2", f"two-{os.getpid()}/web")
    ]
    try:  # a process that has just begun has no environment yet
        assert processes.wait_until(lambda: processes.marked(f"{one}/web-2") != [], seconds=30)
        assert processes.wait_until(lambda: processes.marked(f"{one}/web") != [], seconds=30)
        assert [found.pid for found in processes.marked(f"{one}/web")] == [started[0].pid]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_part_ends_with_a_killed_launcher(tmp_path: Path) -> None:
    launcher = (
        "import os, signal, sys; from pathlib import Path; from launcher import processes\n"
        f"part = processes.spawn({SLEEPER!r}, env={{}}, cwd=Path('/'), log=Path(sys.argv[1]))\n"
        "print(part.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", launcher, str(tmp_path / "log")], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert processes.wait_until(lambda: processes.identity(int(done.stdout)) is None, seconds=30)


def test_a_process_name_with_parentheses_is_read(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    odd = tmp_path / "odd) R (name"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([str(odd), "60"]) as process:
        fields = processes.stat_fields(process.pid)
        assert fields is not None
        assert int(fields[1]) == os.getpid()
        process.kill()
