"""Files of the storage on their way into a backup: each once, as a hard link where the last backup has it already."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from openmap.backup.layout import BASEMAP, FILES, SUMS, Manifest
from openmap.backup.sums import CHUNK, copy, digest_of, read_sums

Told = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Former:
    """The backup before in the same place: what it holds need not be read from the storage again."""

    folder: Path
    began: datetime
    sums: dict[str, str]

    @classmethod
    def of(cls, folder: Path) -> "Former":
        """Raises BackupError, OSError and ValueError for one that cannot be read."""
        manifest = Manifest.of(folder)
        return cls(folder=folder, began=datetime.fromisoformat(manifest.made_at), sums=read_sums(folder / SUMS))


@dataclass(kw_only=True)
class Copied:
    """What lies in the backup that is being made: digests by names within it."""

    folder: Path
    former: Former | None = None
    sums: dict[str, str] = field(default_factory=dict)
    linked: int = 0
    read: set[str] = field(default_factory=set)  # linked ones, read and compared already
    rotten: list[str] = field(default_factory=list)  # files of the backup before that are damaged
    size: int = 0

    def take(self, names: Iterable[str], *, told: Told = lambda done: None) -> list[str]:
        """Brings files of the storage; returns the names of those that are not in it. Raises OSError."""
        gone = []
        for number, name in enumerate(names):
            inside = f"{FILES}/{name}"
            if inside not in self.sums and not self._link(name, inside) and not self._copy(name, inside):
                gone.append(name)
            told(number)
        return gone

    def keep_only(self, names: Iterable[str]) -> None:
        """Drops what rows of the snapshot no longer name: what was deleted before it stays deleted."""
        wanted = {f"{FILES}/{name}" for name in names}
        for inside in [known for known in self.sums if known.startswith(f"{FILES}/") and known not in wanted]:
            path = self.folder / inside
            self.size -= path.stat().st_size
            path.unlink()
            del self.sums[inside]

    def take_basemaps(self, slug: str = "*") -> None:
        """Brings built base maps; one that is replaced meanwhile is left out: it can be built again."""
        root = Path(settings.BASEMAP_DIR)
        for path in sorted(root.glob(f"{slug}/*.pmtiles")):
            try:
                with path.open("rb") as file:
                    self._write(f"{BASEMAP}/{path.relative_to(root).as_posix()}", iter(lambda: file.read(CHUNK), b""))
            except FileNotFoundError:
                continue

    def _copy(self, name: str, inside: str) -> bool:
        """Whether the storage had it."""
        try:
            with default_storage.open(name) as file:
                self._write(inside, file.chunks(CHUNK))
        except FileNotFoundError:
            (self.folder / inside).unlink(missing_ok=True)
            return False
        return True

    def _write(self, inside: str, pieces: Iterable[bytes]) -> None:
        path = self.folder / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            self.sums[inside], size = copy(pieces, target)
        self.size += size

    def _link(self, name: str, inside: str) -> bool:
        """Whether the backup before has the same file: of the same size, not written since that backup began, and as it
        was then: a disk loses bytes, and a link would take the loss into every backup to come."""
        if self.former is None or inside not in self.former.sums:
            return False
        before = self.former.folder / inside
        try:
            size = before.stat().st_size
            if default_storage.size(name) != size or _changed(name) >= self.former.began:
                return False
            if digest_of(before) != self.former.sums[inside]:
                self.rotten.append(inside)
                return False
            (self.folder / inside).parent.mkdir(parents=True, exist_ok=True)
            os.link(before, self.folder / inside)
        except OSError:
            return False  # gone, or a disk without links: it is read from the storage, which says what is wrong
        self.sums[inside] = self.former.sums[inside]
        self.linked += 1
        self.read.add(inside)
        self.size += size
        return True


def _changed(name: str) -> datetime:
    """When the storage got the file."""
    return default_storage.get_modified_time(name).astimezone(UTC)
