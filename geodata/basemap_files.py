"""PMTiles files of base maps: where they are, which is drawn, and under which address it is read.

    <MISTO_BASEMAP_DIR>/<slug of the community>/<version>.pmtiles

`build_basemap` writes them; the version is a hash of the contents, so that a file never changes under its name. The
one before stays until the next is built, for pages that are open. MISTO_BASEMAP_PMTILES names one ready file for every
community; its version is its size and time.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

EVERYBODY = "_all"  # owner of the ready file; no slug of a community begins so
_OWNER = re.compile(r"[a-z][a-z0-9-]{0,59}")
_VERSION = re.compile(r"[0-9a-f]{16}")
_SUFFIX = ".pmtiles"
_PART = ".part"
_LETTERS = 16  # of a version


@dataclass(frozen=True, slots=True)
class BaseMapFile:
    """One file that pages may read."""

    owner: str  # slug of a community, or EVERYBODY
    version: str
    path: Path
    changed: int = 0  # when, in nanoseconds


def drawn_file(slug: str) -> BaseMapFile | None:
    """The file that the pages of this community draw; None when they draw something else.

    The ready file, if there is one; else, unless raster tiles are set, the newest that was built.
    """
    ready = _ready_file()
    if ready or settings.BASEMAP_URL:
        return ready
    return _newest(slug)


def has_built_file(slug: str) -> bool:
    """Whether pages draw what was built of this community's own shapes, which an import leaves as it was."""
    drawn = drawn_file(slug)
    return drawn is not None and drawn.owner == slug


def file_at(owner: str, version: str) -> BaseMapFile | None:
    """The file of this owner and version, as an address names it; None when there is none (any more)."""
    if owner == EVERYBODY:
        ready = _ready_file()
        return ready if ready and ready.version == version else None
    if not _OWNER.fullmatch(owner) or not _VERSION.fullmatch(version):
        return None
    path = folder_of(owner) / f"{version}{_SUFFIX}"
    return BaseMapFile(owner, version, path) if path.is_file() else None


@contextmanager
def new_file(slug: str) -> Iterator[IO[bytes]]:
    """A file to write a base map into. It takes its place only when the block ends well, and all at once.

    Raises OSError when the folder cannot be written.
    """
    folder = folder_of(slug)
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"*{_PART}"):  # by a build that was killed; only one runs at a time
        left.unlink()
    descriptor, name = tempfile.mkstemp(dir=folder, suffix=_PART)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
            file.seek(0)
            version = hashlib.file_digest(file, "sha256").hexdigest()[:_LETTERS]
        part.chmod(0o644)
        before = _newest(slug)
        part.replace(folder / f"{version}{_SUFFIX}")
    finally:
        part.unlink(missing_ok=True)
    kept = {version, before.version if before else ""}
    for old in list(_built(slug)):
        if old.version not in kept:
            old.path.unlink(missing_ok=True)


def folder_of(slug: str) -> Path:
    """Where the files of a community are. Raises ValueError for what is no slug: its folder could be any."""
    if Path(slug).name != slug or slug == "..":
        raise ValueError(slug)
    return Path(settings.BASEMAP_DIR) / slug


def _ready_file() -> BaseMapFile | None:
    if not settings.BASEMAP_PMTILES:
        return None
    path = Path(settings.BASEMAP_PMTILES)
    try:
        found = path.stat()
    except OSError:
        return None  # openmap.checks tells the operator
    version = hashlib.sha256(f"{found.st_size} {found.st_mtime_ns}".encode()).hexdigest()[:_LETTERS]
    return BaseMapFile(EVERYBODY, version, path)


def _newest(slug: str) -> BaseMapFile | None:
    return max(_built(slug), key=lambda file: (file.changed, file.version), default=None)


def _built(slug: str) -> Iterator[BaseMapFile]:
    for path in folder_of(slug).glob(f"*{_SUFFIX}"):
        with suppress(FileNotFoundError):  # a build that ends this moment deletes the oldest
            if _VERSION.fullmatch(path.stem):
                yield BaseMapFile(slug, path.stem, path, path.stat().st_mtime_ns)
