"""What the launcher tells the person who started it: steps, progress and failures."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn, TextIO

TAIL_LINES = 20
SECONDS_BETWEEN_LINES = 5.0
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
CLEAR_LINE = "\r\033[K"
_stream: TextIO | None = None  # standard output


class LauncherError(Exception):
    """Something the person at the keyboard can repair; the message says what and how."""


def talk_on(stream: TextIO) -> None:
    """Send everything the launcher says to this stream from now on."""
    global _stream  # noqa: PLW0603 - one process talks to one person
    _stream = stream


def say(text: str = "") -> None:
    """Print one line at once, also into a pipe."""
    print(text, file=_stream or sys.stdout, flush=True)


def fail(text: str) -> NoReturn:
    """Stop the command with a message and exit code 1."""
    raise LauncherError(text)


@dataclass
class Step:
    """A long step: a line that moves on a terminal, a line every few seconds elsewhere."""

    title: str
    started: float = field(default_factory=time.monotonic)
    detail: str = ""
    outcome: str = ""

    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self.started


@contextlib.contextmanager
def step(title: str) -> Iterator[Step]:
    """Show `title` with its running time until the block ends; ✗ when the block raises."""
    current = Step(title)
    finished = threading.Event()
    painter = threading.Thread(target=_paint, args=(current, finished), daemon=True)
    painter.start()
    mark = "✗"
    try:
        yield current
        mark = "✓"
    finally:
        finished.set()
        painter.join()
        outcome = f" — {current.outcome}" if current.outcome else ""
        clear = CLEAR_LINE if _moves() else ""
        say(f"{clear}{mark} {title}{outcome} ({current.seconds():.1f} s)")


def run(
    title: str,
    command: Sequence[str | Path],
    *,
    log: Path | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a command as a step and return its output.

    The last lines of the output are shown when it fails, then LauncherError is raised.
    """
    lines: list[str] = []
    with contextlib.ExitStack() as stack:
        current = stack.enter_context(step(title))
        sink: IO[str] | None = None
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            sink = stack.enter_context(log.open("a", encoding="utf-8"))
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line)
                current.detail = line.strip()
                if sink is not None:
                    sink.write(line)
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            current.outcome = "interrupted"
            raise
        if code != 0:
            current.outcome = f"failed with exit code {code}"
            raise LauncherError("".join(f"    {line}" for line in lines[-TAIL_LINES:]).rstrip())
    return "".join(lines)


def last_lines(path: Path, count: int = TAIL_LINES) -> str:
    """The last `count` lines of a log file, indented; an empty string when there is no file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-count:])


def _paint(current: Step, finished: threading.Event) -> None:
    """Redraw the step until it is finished. Runs in its own thread."""
    moving = _moves()
    frame = 0
    while not finished.wait(0.1 if moving else SECONDS_BETWEEN_LINES):
        if moving:
            mark = FRAMES[frame % len(FRAMES)]
            text = f"{mark} {current.title} {current.seconds():.0f} s  {current.detail}"
            print(f"{CLEAR_LINE}{text[: _columns()]}", end="", file=_stream or sys.stdout, flush=True)
            frame += 1
        else:
            detail = f": {current.detail[:100]}" if current.detail else ""
            say(f"… {current.title}, {current.seconds():.0f} s{detail}")


def _moves() -> bool:
    """Whether lines can be redrawn."""
    return (_stream or sys.stdout).isatty()


def _columns() -> int:
    """How many characters fit on one line of the terminal."""
    return max(20, shutil.get_terminal_size().columns - 1)
