"""Folders on this machine, inside MISTO_DROP_ROOT and the community's own folder in it, and never outside.

Whoever answers may write into the folder, so nothing in it is trusted: every step is opened by itself, and a symbolic
link is no step.
"""

import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django_scopes import scopes_disabled

from geodata.models import Community
from routing.carrier import channel_in
from routing.channel_addresses import BadAddressError, folder_steps
from routing.drops import DropFailedError, Found, GoneError, as_failure, put
from routing.models import Channel

DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
OLD: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MODE: Final = 0o770


def is_allowed() -> bool:
    """Whether the operator lets channels write into folders of this machine."""
    return bool(settings.DROP_ROOT)


class Folder:
    """`routing.drops.Drop` in a folder of this machine."""

    def __init__(self, community: Community, address: str) -> None:
        try:
            self._steps = (community.slug, *folder_steps(address))
        except BadAddressError as bad:
            raise DropFailedError("no such folder can be used", permanent=True) from bad
        if not settings.DROP_ROOT:
            raise DropFailedError("MISTO_DROP_ROOT is not set")
        self._root = settings.DROP_ROOT

    def write(self, folder: str, name: str, data: bytes) -> None:
        unfinished = f".{name}.part"
        with self._opened(folder, make=True) as inside:
            with os.fdopen(os.open(unfinished, NEW, 0o660, dir_fd=inside), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, name, src_dir_fd=inside, dst_dir_fd=inside)
            os.fsync(inside)

    def files(self, folder: str) -> list[Found]:
        found = []
        with self._opened(folder, make=True) as inside:
            for name in sorted(os.listdir(inside)):  # noqa: PTH208  of a folder that is open, not of a path
                told = os.stat(name, dir_fd=inside, follow_symlinks=False)
                if stat.S_ISREG(told.st_mode):
                    found.append(Found(name, told.st_size, datetime.fromtimestamp(told.st_mtime, tz=UTC)))
        return found

    def read(self, folder: str, name: str, *, most: int) -> bytes:
        with self._opened(folder) as inside, os.fdopen(os.open(name, OLD, dir_fd=inside), "rb") as file:
            return file.read(most)

    def move(self, folder: str, name: str, to: str) -> None:
        with self._opened(folder) as source, self._opened(to, make=True) as target:
            os.replace(name, name, src_dir_fd=source, dst_dir_fd=target)

    def close(self) -> None:
        """Nothing is kept open."""

    @contextmanager
    def _opened(self, folder: str, *, make: bool = False) -> Iterator[int]:
        """The folder as a file descriptor, reached step by step. Raises DropFailedError for whatever happens in it."""
        inside = -1
        try:
            inside = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            for step in (*self._steps, *folder.split("/")):
                deeper = _step(inside, step, make=make)
                os.close(inside)
                inside = deeper
            yield inside
        except DropFailedError:
            raise
        except FileNotFoundError as error:
            raise GoneError(f"{type(error).__name__}: {error.strerror}") from error
        except OSError as error:
            raise DropFailedError(f"{type(error).__name__}: {error.strerror or error}") from error
        finally:
            if inside >= 0:
                os.close(inside)


def send_to_folder(*, recipient: str, payload: dict[str, Any], key: uuid.UUID) -> None:
    """Writes one message into the folder of its channel. Raises SendingFailedError."""
    try:
        drop = folder_of(channel_in(payload), recipient)
    except DropFailedError as failed:
        raise as_failure(failed) from failed
    put(drop, payload, key)


def folder_of(channel: Channel, address: str) -> Folder:
    """The folder of a channel. Raises DropFailedError."""
    with scopes_disabled():
        return Folder(channel.community, address)


def _step(inside: int, name: str, *, make: bool) -> int:
    try:
        return os.open(name, DIRECTORY, dir_fd=inside)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):  # another worker was faster
        os.mkdir(name, MODE, dir_fd=inside)
    return os.open(name, DIRECTORY, dir_fd=inside)
