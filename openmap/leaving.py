"""Whether this server is about to end: one byte that gunicorn's first process shares with those that answer.

gunicorn closes its doors at once on SIGTERM. A balancer that has not noticed yet would send people to a closed door,
so that readiness turns first: openmap.gunicorn_conf.
"""

import mmap

_shared = mmap.mmap(-1, 1)


def share_with(other: mmap.mmap) -> None:
    """Looks from now on at the byte of the process that started this one."""
    global _shared  # noqa: PLW0603
    _shared = other


def shared() -> mmap.mmap:
    """What a process gives to those that it starts."""
    return _shared


def begin() -> None:
    """From now on all of them are leaving."""
    _shared[0] = 1


def has_begun() -> bool:
    """Whether this process is leaving."""
    return _shared[0] == 1
