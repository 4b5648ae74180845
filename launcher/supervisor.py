"""One process that starts the parts of the service, restarts those that die, and stops them in order."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from launcher import claim, console, processes
from launcher.places import Account
from launcher.processes import Identity

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
FIRST_PAUSE = 0.5  # seconds before the first restart; doubles with each early death
LONGEST_PAUSE = 30.0
# In turn: a soft end, PostgreSQL's fast end, its end without a checkpoint, force.
LEFTOVER_SIGNALS = (
    (signal.SIGTERM, 5.0),
    (signal.SIGINT, 10.0),
    (signal.SIGQUIT, 5.0),
    (signal.SIGKILL, 5.0),
)
STEADY_AFTER = 60.0  # seconds of life after which a death counts as the first one again


class Stop(BaseException):
    """Somebody asked the service to stop. Not an Exception: no part of the code may swallow it."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process of the service and how to live with it."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    account: Account | None = None
    before: Callable[[], None] = lambda: None  # clears what a killed predecessor left
    is_ready: Callable[[], bool] = lambda: True
    seconds_to_start: float = 30.0
    stop: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))


@dataclass
class Child:
    """A started part: its process and its record of early deaths."""

    part: Part
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    restart_at: float | None = None


@dataclass
class Supervisor:
    """Parents the parts. `records` is where the next start finds them if this process is killed."""

    cwd: Path
    mark: str
    records: Path
    children: list[Child] = field(default_factory=list)

    def start(self, *parts: Part) -> None:
        """Start the parts together and wait until each is ready; LauncherError with its last lines if not."""
        fresh = [self._launch(part) for part in parts]
        for child in fresh:
            self._await_ready(child)

    def watch(self) -> None:
        """Restart what dies, for ever; ends with Stop."""
        while True:
            for child in self.children:
                self._look_after(child)
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the parts, the last started first, each with its own deadline."""
        for child in reversed(self.children):
            known = processes.identity(child.process.pid) if child.process.poll() is None else None
            if known is not None:
                _end_child(child, known)
            self._end_orphans(child)
        self.children.clear()
        self.records.unlink(missing_ok=True)

    def _launch(self, part: Part) -> Child:
        """Start one part; it is known to `stop` from its first moment."""
        part.before()
        _rotate(part.log)
        child = Child(part=part, process=self._spawn(part), started=time.monotonic())
        self.children.append(child)
        self._record()
        return child

    def _spawn(self, part: Part) -> subprocess.Popen[bytes]:
        """The process of a part, marked as ours."""
        env = {**part.env, processes.MARK: f"{self.mark}/{part.name}"}
        number = part.stop[0][0]
        return processes.spawn(
            part.command, env=env, cwd=self.cwd, log=part.log, account=part.account, death_signal=number
        )

    def _await_ready(self, child: Child) -> None:
        """Wait until a part answers."""
        part = child.part
        deadline = time.monotonic() + part.seconds_to_start
        while not part.is_ready():
            if child.process.poll() is not None:
                console.fail(f"{part.name} {_death(child.process.returncode)}:\n{console.last_lines(part.log)}")
            if time.monotonic() > deadline:
                seconds = f"{part.seconds_to_start:.0f} s"
                console.fail(f"{part.name} is not ready after {seconds}:\n{console.last_lines(part.log)}")
            time.sleep(0.05)

    def _look_after(self, child: Child) -> None:
        """Notice a death, and restart the part when its pause is over."""
        if child.process.poll() is None:
            return
        now = time.monotonic()
        if child.restart_at is None:
            child.deaths = 1 if now - child.started > STEADY_AFTER else child.deaths + 1
            pause = min(FIRST_PAUSE * 2 ** (child.deaths - 1), LONGEST_PAUSE)
            child.restart_at = now + pause
            console.say(f"{child.part.name} {_death(child.process.returncode)}; starting it again in {pause:g} s.")
            if child.process.returncode > 0:  # it ended by itself and may have said why
                console.say(console.last_lines(child.part.log, count=5))
            return
        if now >= child.restart_at:
            self._end_orphans(child)
            child.part.before()
            child.process, child.started, child.restart_at = self._spawn(child.part), now, None
            self._record()

    def _end_orphans(self, child: Child) -> None:
        """End what a part's process left behind (pool workers, for example)."""
        processes.end(processes.marked(f"{self.mark}/{child.part.name}"), signals=child.part.stop)

    def _record(self) -> None:
        """Write down who runs, for a start after a crash of this process."""
        known = {child.part.name: processes.identity(child.process.pid) for child in self.children}
        running = {name: who.to_json() for name, who in known.items() if who is not None}
        claim.write_json(self.records, running)


def end_leftovers(records: Path, *, mark: str, names: Sequence[str]) -> int:
    """End what a killed service of this checkout left running; returns how many processes it were."""
    recorded = [Identity.from_json(stored) for stored in claim.read_json(records).values()]
    left = {known for known in recorded if known is not None and processes.is_running(known)}
    for name in names:
        left |= set(processes.marked(f"{mark}/{name}"))
    survivors = processes.end(left, signals=LEFTOVER_SIGNALS)
    if survivors:
        pids = ", ".join(str(known.pid) for known in survivors)
        console.fail(f"Processes of the last start would not end: {pids}")
    records.unlink(missing_ok=True)
    return len(left)


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Turn the first SIGTERM, SIGINT or SIGHUP into Stop; later ones wait for the orderly end."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            raise Stop

    before = {}
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup has asked us to live on
            before[number] = signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_child(child: Child, known: Identity) -> None:
    """Stop one part gently, then less so; reaps it, so that it does not stay as a zombie."""
    for number, seconds in child.part.stop:
        processes.send(known, number)
        try:
            child.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            continue
        return


def _rotate(log: Path) -> None:
    """Start a fresh log and keep the one of the last start."""
    if log.exists() and log.stat().st_size:
        log.replace(log.with_name(log.name + ".1"))


def _death(code: int) -> str:
    """How a process ended, in words."""
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
