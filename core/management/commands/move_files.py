"""Moves files from a folder into the storage that the settings name, such as a bucket."""

import hashlib
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from typing import IO, Any, Final, TypeVar

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.stored_files import folders, held

EVERY: Final = 500  # files after which it tells how far it is
YOUNG: Final = 3600.0  # seconds; a file may lie so long before its row says its name
LIST: Final = ".move_files"  # in the folder: names of what was copied, a line each, written before the copy

Thing = TypeVar("Thing")


class Found(Enum):
    """What the storage has under a name."""

    NOTHING = auto()
    SAME = auto()
    HALF = auto()  # the beginning, in a folder: of a run that broke off. A bucket has a file whole or not at all.
    OTHER = auto()


class Command(BaseCommand):
    help = (
        "Copies each file of the folder that the database names into the storage that the settings name "
        "(MISTO_S3_BUCKET), reads it back and compares it. What is there already is left alone, what was copied and "
        "is named no longer is deleted there. Run it again after it broke off. Files of the folder are kept unless "
        "--delete is given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="folder", default="", help="the folder; MISTO_MEDIA_ROOT without it")
        parser.add_argument(
            "--delete", action="store_true", help="delete each file once its copy was compared, and what nothing names"
        )
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(options["folder"] or settings.MEDIA_ROOT).resolve()
        if not folder.is_dir():
            raise CommandError(_("There is no folder %(folder)s.") % {"folder": folder})
        if isinstance(default_storage, FileSystemStorage) and Path(default_storage.location).resolve() == folder:
            raise CommandError(_("The files lie where the settings say already: set MISTO_S3_BUCKET first."))
        counts: Counter[str] = Counter()
        for done, paths in _in_parts(list(_files(folder))):
            self._move(folder, paths, counts, deletes=options["delete"], is_dry=options["dry_run"])
            if done % EVERY == 0:
                self.stdout.write(str(done))
        if not options["dry_run"]:
            self._forget_dropped(folder)
        self._tell(counts, is_dry=options["dry_run"])
        if many := counts["other"]:
            words = ngettext(
                "%(count)s file is another one in the storage. Both were left as they are.",
                "%(count)s files are other ones in the storage. Both were left as they are.",
                many,
            )
            raise CommandError(words % {"count": many})
        if options["delete"] and not options["dry_run"]:
            (folder / LIST).unlink(missing_ok=True)

    def _move(self, folder: Path, paths: list[Path], counts: "Counter[str]", *, deletes: bool, is_dry: bool) -> None:
        names = {path.relative_to(folder).as_posix(): path for path in paths}
        named = held(names)
        for name, path in names.items():
            try:
                did = _brought(folder, name, path, is_dry=is_dry) if name in named else "unnamed"
                if did == "unnamed" and deletes and _is_leftover(name, path):
                    did = "leftover"
                if deletes and not is_dry and did not in {"other", "unnamed"}:
                    path.unlink()
            except OSError as fault:
                raise _broke_off(name, fault) from fault
            counts[did] += 1
            if did == "other":
                words = _("%(name)s is another file in the storage. Both were left as they are.")
                self.stderr.write(words % {"name": name})

    def _forget_dropped(self, folder: Path) -> None:
        """Deletes copies that no row names any more, such as the original of a photo whose faces were hidden: the
        service deleted it in the folder, where it worked at that time."""
        path = folder / LIST
        copied = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        for _done, names in _in_parts(sorted(set(copied))):
            for name in sorted(set(names) - held(names)):
                try:
                    default_storage.delete(name)
                except OSError as fault:
                    raise _broke_off(name, fault) from fault

    def _tell(self, counts: "Counter[str]", *, is_dry: bool) -> None:
        many = counts["copied"]
        words = (
            ngettext("%(count)s file is to be copied.", "%(count)s files are to be copied.", many)
            if is_dry
            else ngettext("%(count)s file was copied.", "%(count)s files were copied.", many)
        )
        self.stdout.write(words % {"count": many})
        many = counts["there"]
        words = ngettext("%(count)s file was there already.", "%(count)s files were there already.", many)
        self.stdout.write(words % {"count": many})
        if many := counts["leftover"]:
            words = (
                ngettext("%(count)s file is to be deleted: nothing names it.",
                         "%(count)s files are to be deleted: nothing names them.", many)
                if is_dry
                else ngettext("%(count)s file was deleted: nothing names it.",
                              "%(count)s files were deleted: nothing names them.", many)
            )  # fmt: skip
            self.stdout.write(words % {"count": many})
        if many := counts["unnamed"]:
            words = ngettext(
                "%(count)s file was left where it is: nothing names it.",
                "%(count)s files were left where they are: nothing names them.",
                many,
            )
            self.stdout.write(words % {"count": many})


def _files(folder: Path) -> Iterator[Path]:
    """In an order that is the same each time."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return (path for path in found if path != folder / LIST)


def _in_parts(things: list[Thing]) -> Iterator[tuple[int, list[Thing]]]:
    """(how many there were with these, the next of them)."""
    for start in range(0, len(things), EVERY):
        part = things[start : start + EVERY]
        yield start + len(part), part


def _is_leftover(name: str, path: Path) -> bool:
    """Whether what no row names may go: it is old, and lies where nothing but stored files does."""
    return name.partition("/")[0] in folders() and time.time() - path.stat().st_mtime > YOUNG


def _brought(folder: Path, name: str, path: Path, *, is_dry: bool) -> str:
    """Copies what is not there yet. Returns "copied", "there", or "other" when another file has that name. Raises
    OSError, also when what the storage gives back is not what it was given."""
    found = _what_is_there(name, path)
    if found is Found.SAME:
        return "there"
    if found is Found.OTHER:
        return "other"
    if is_dry:
        return "copied"
    with (folder / LIST).open("a", encoding="utf-8") as listed:
        listed.write(f"{name}\n")
    if found is Found.HALF:
        default_storage.delete(name)
    with path.open("rb") as own:
        kept = default_storage.save(name, File(own))
    if kept != name:  # it was taken meanwhile
        default_storage.delete(kept)
        return "other"
    if _what_is_there(name, path) is not Found.SAME:
        default_storage.delete(name)
        raise OSError("the storage gave back something else")
    return "copied"


def _what_is_there(name: str, path: Path) -> Found:
    if not default_storage.exists(name):
        return Found.NOTHING
    size, whole = default_storage.size(name), path.stat().st_size
    may_be_half = isinstance(default_storage, FileSystemStorage) and size < whole
    if size != whole and not may_be_half:
        return Found.OTHER
    with default_storage.open(name, "rb") as kept, path.open("rb") as own:
        if _digest(kept, size) != _digest(own, size):
            return Found.OTHER
    return Found.HALF if may_be_half else Found.SAME


def _digest(file: "IO[bytes] | File[bytes]", size: int) -> bytes:
    """Of the first `size` bytes."""
    found = hashlib.sha256()
    while size > 0 and (part := file.read(min(size, 1024 * 1024))):
        found.update(part)
        size -= len(part)
    return found.digest()


def _broke_off(name: str, fault: OSError) -> CommandError:
    words = _("%(name)s was not copied: %(fault)s. Start again: what was copied stays.")
    return CommandError(words % {"name": name, "fault": fault})
