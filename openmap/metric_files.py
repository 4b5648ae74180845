"""Figures of processes lie in files, so that one process can tell those of all.

Each part of the service (gunicorn, each worker of Celery) has a folder under MISTO_METRICS_DIR, with files of
each of its processes. A part holds the lock of its folder as long as one of its processes lives; who reads removes the
folders that nobody holds. What a part counted is gone with it, as Prometheus expects of a process that starts anew.
"""

import fcntl
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from prometheus_client import multiprocess, values

log = logging.getLogger(__name__)
LOCK: Final = "lock"
DRAFT: Final = ".new-"
_held: list[IO[str]] = []  # for as long as the process lives


def root() -> Path:
    """Where the folders of all parts of this machine are."""
    return Path(settings.METRICS_DIR)


def begin(part: str) -> Path | None:
    """From now on this process and those that it starts write into a folder of their own.

    None where no folder can be made: then each process counts for itself, and the service runs all the same.
    """
    try:
        folder = _made(part)
    except OSError as error:
        log.warning("Figures of processes cannot be kept in MISTO_METRICS_DIR (%s).", type(error).__name__)
        return None
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.get_value_class()  # what counts from now on counts in files
    return folder


def _made(part: str) -> Path:
    name = f"{part}-{os.getpid()}-{secrets.token_hex(4)}"
    draft = root() / f"{DRAFT}{name}"
    draft.mkdir(parents=True)
    lock = (draft / LOCK).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _held.append(lock)
    return draft.rename(root() / name)


def is_on() -> bool:
    """Whether this process writes into files."""
    return bool(values.ValueClass._multiprocess)


def forget_process(pid: int) -> None:
    """A process of this part has ended: what it was doing at the moment is over; what it counted stays."""
    if is_on():
        multiprocess.mark_process_dead(pid)


def collected() -> Iterator[Any]:
    """The families of metrics of all parts that live on this machine."""
    for try_again in (True, False):
        try:
            yield from list(multiprocess.MultiProcessCollector.merge(_files(), accumulate=True))
            return
        except FileNotFoundError:  # a process ended just then
            if not try_again:
                raise


def _files() -> list[str]:
    return [str(file) for folder in _living() for file in folder.glob("*.db")]


def _living() -> list[Path]:
    """Folders whose parts live; removes the others."""
    folders = root().iterdir() if root().is_dir() else ()
    return [folder for folder in folders if not folder.name.startswith(DRAFT) and _lives(folder)]


def _lives(folder: Path) -> bool:
    try:
        with (folder / LOCK).open("r+") as lock:  # over NFS only what is open for writing can be locked
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return False
