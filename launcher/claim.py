"""Who uses this checkout's private servers: one service, or one command at a time.

The claim is a file lock: the system releases it when its holder dies, however it dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher import processes
from launcher.processes import Identity

SERVICE = "service"
COMMAND = "command"


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The process that holds the claim and what for."""

    role: str
    process: Identity
    url: str


class TakenError(Exception):
    """Somebody else holds the claim."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__("taken")
        self.holder = holder


@contextlib.contextmanager
def hold(run: Path, *, role: str) -> Iterator[None]:
    """Hold the claim during the block; raises TakenError at once when somebody else does."""
    with (run / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TakenError(holder(run)) from None
        describe(run, role=role)
        try:
            yield
        finally:
            (run / "holder.json").unlink(missing_ok=True)


def describe(run: Path, *, role: str, url: str = "") -> None:
    """Tell other commands who holds the claim; the service adds its address when it is ready."""
    me = processes.identity(os.getpid())
    assert me is not None
    write_json(run / "holder.json", {"role": role, "process": me.to_json(), "url": url})


def holder(run: Path) -> Holder | None:
    """Who holds the claim now; None when nobody does."""
    stored = read_json(run / "holder.json")
    known = Identity.from_json(stored.get("process", {}))
    if known is None or not processes.is_running(known):
        return None
    return Holder(role=str(stored.get("role")), process=known, url=str(stored.get("url", "")))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content), encoding="utf-8")
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The stored content; empty when the file is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
