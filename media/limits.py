"""A decoder that wants more memory than any good photo needs fails alone, and not the machine with it."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOM: Final = 2 * 1024**3  # bytes; 60 MP in four bytes each, as they come and as they are shown, fit in half of it


@contextmanager
def memory_bounded(room: int = ROOM) -> Iterator[None]:
    """Inside, this whole process gets at most `room` bytes of addresses more than it has; then it gets MemoryError.

    For a process that does one task at a time. Where the system does not tell what a process has, nothing changes.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    has = _addresses()
    if has:
        most = has + room if hard == resource.RLIM_INFINITY else min(has + room, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _addresses() -> int:
    """Bytes of addresses that this process has taken; 0 where Linux is not there to ask."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()
