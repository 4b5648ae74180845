"""What a receiver acknowledged, on its disk before it says yes: who is killed after that still knows."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock


@dataclass(frozen=True, slots=True)
class Entry:
    """One message that came, in the order of coming. `again`: its key was there before, so it was only answered."""

    key: str
    recipient: str
    at: float  # seconds since 1970
    again: bool
    links: Sequence[str] = ()  # paths of the secret links that it holds


class Ledger:
    """One file, one writer; a line for each message."""

    def __init__(self, path: Path) -> None:
        self._known = {entry.key for entry in read(path)}
        self._file = path.open("a", encoding="utf-8")
        self._file.write("\n" * _is_cut_off(path))
        self._turn = Lock()

    def note(self, key: str, recipient: str, *, links: Sequence[str] = ()) -> Entry:
        """Writes the message down for good."""
        with self._turn:
            entry = Entry(key, recipient, time.time(), key in self._known, links)
            self._file.write(json.dumps(asdict(entry)) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._known.add(key)
        return entry


def read(path: Path) -> list[Entry]:
    """Everything that was acknowledged; a line that was cut off by a kill was not."""
    return list(_entries(path.read_text(encoding="utf-8"))) if path.exists() else []


def _entries(text: str) -> Iterator[Entry]:
    for line in text.splitlines():
        try:
            yield Entry(**json.loads(line))
        except ValueError:
            continue


def _is_cut_off(path: Path) -> bool:
    """Whether the last line has no end: its writer was killed."""
    return path.stat().st_size > 0 and path.read_bytes()[-1:] != b"\n"
