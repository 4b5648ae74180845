"""Starting, recognising and ending processes of this checkout, and never anybody else's.

A process is known by its id together with the moment it started, both read from /proc: an id
that the system has given to another process since then does not match.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from launcher.places import Account

MARK = "MISTO_SUPERVISED"  # in the environment of every supervised process
PR_SET_PDEATHSIG = 1
PROC = Path("/proc")
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One process: its id, its start in clock ticks since boot, and which boot that was."""

    pid: int
    started: int
    boot: str

    def to_json(self) -> dict[str, int | str]:
        """A form that can be stored in a file and given to `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Identity | None:
        """The stored identity, or None when the record is damaged."""
        try:
            return cls(pid=int(str(stored["pid"])), started=int(str(stored["started"])), boot=str(stored["boot"]))
        except (KeyError, ValueError):
            return None


def boot_id() -> str:
    """Changes with every start of the machine."""
    return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third (state) on; None when there is no such process."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()  # the name in parentheses may hold anything


def identity(pid: int) -> Identity | None:
    """Who runs under this id now; None when nobody does (a zombie is nobody)."""
    fields = stat_fields(pid)
    if fields is None or fields[0] in {"Z", "X"}:
        return None
    return Identity(pid=pid, started=int(fields[19]), boot=boot_id())


def is_running(known: Identity) -> bool:
    """Whether exactly this process still runs."""
    return identity(known.pid) == known


def command_line(pid: int) -> list[str]:
    """The words the process was started with; empty when it is gone or not ours to read."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word) for word in raw.split(b"\0") if word]


def marked(mark: str) -> list[Identity]:
    """Running processes that carry this mark: parts, and what is left of them without their parent."""
    needle = f"{MARK}={mark}".encode()
    found: list[Identity] = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        known = identity(int(entry.name)) if needle in environment else None
        if known is not None:
            found.append(known)
    return found


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a part in a session of its own; it gets `death_signal` when the launcher dies."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(word) for word in command],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            preexec_fn=_die_with_parent(death_signal, os.getpid()),  # noqa: PLW1509 - runs after the change of user
        )


def end(
    known: Iterable[Identity],
    *,
    signals: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)),
) -> list[Identity]:
    """Send each signal in turn, waiting its seconds for the processes to go; returns who is left."""
    left = [process for process in known if is_running(process)]
    for number, seconds in signals:
        for process in left:
            send(process, number)
        wait_until(partial(_all_gone, left), seconds=seconds)
        left = [process for process in left if is_running(process)]
        if not left:
            break
    return left


def _all_gone(group: Iterable[Identity]) -> bool:
    """Whether none of the processes runs any more."""
    return not any(is_running(process) for process in group)


def send(known: Identity, number: signal.Signals) -> None:
    """Signal exactly this process, if it still runs."""
    if is_running(known):
        try:
            os.kill(known.pid, number)
        except ProcessLookupError:
            return


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.05) -> bool:
    """Whether the condition came true within the given seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def _die_with_parent(number: signal.Signals, parent: int) -> Callable[[], None]:
    """What the child runs before exec: asks the kernel for a signal at the parent's death."""

    def ask() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask
