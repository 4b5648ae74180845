"""Moves files from a folder into the storage that the settings name, such as a bucket."""

import hashlib
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

EVERY: Final = 500  # files after which it tells how far it is


class Command(BaseCommand):
    help = (
        "Copies every file of the folder into the storage that the settings name (MISTO_S3_BUCKET), reads each back "
        "and compares it. Run it again after it broke off: what is there already is left alone. Files of the folder "
        "are kept unless --delete is given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="folder", default="", help="the folder; MISTO_MEDIA_ROOT without it")
        parser.add_argument("--delete", action="store_true", help="delete each file once its copy was compared")
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(options["folder"] or settings.MEDIA_ROOT).resolve()
        if not folder.is_dir():
            raise CommandError(_("There is no folder %(folder)s.") % {"folder": folder})
        if isinstance(default_storage, FileSystemStorage) and Path(default_storage.location).resolve() == folder:
            raise CommandError(_("The files lie where the settings say already: set MISTO_S3_BUCKET first."))
        copied = there = 0
        for done, path in enumerate(_files(folder), start=1):
            name = path.relative_to(folder).as_posix()
            try:
                is_new = not _is_there(name, path)
                if is_new and not options["dry_run"]:
                    _copy(name, path)
            except OSError as fault:
                words = _("%(name)s was not copied: %(fault)s. Start again: what was copied stays.")
                raise CommandError(words % {"name": name, "fault": fault}) from fault
            copied, there = copied + is_new, there + (not is_new)
            if options["delete"] and not options["dry_run"]:
                path.unlink()
            if done % EVERY == 0:
                self.stdout.write(str(done))
        words = (
            ngettext("%(count)s file is to be copied.", "%(count)s files are to be copied.", copied)
            if options["dry_run"]
            else ngettext("%(count)s file was copied.", "%(count)s files were copied.", copied)
        )
        self.stdout.write(words % {"count": copied})
        words = ngettext("%(count)s file was there already.", "%(count)s files were there already.", there)
        self.stdout.write(words % {"count": there})


def _files(folder: Path) -> Iterator[Path]:
    """In an order that is the same each time."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _is_there(name: str, path: Path) -> bool:
    """Whether the storage has just these bytes under that name."""
    if not default_storage.exists(name) or default_storage.size(name) != path.stat().st_size:
        return False
    with default_storage.open(name, "rb") as kept, path.open("rb") as own:
        return _digest(kept) == _digest(own)


def _copy(name: str, path: Path) -> None:
    """Raises OSError when what the storage gives back is not what it was given."""
    default_storage.delete(name)  # half a file of a run that broke off; a name that is taken would get another one
    with path.open("rb") as own:
        kept = default_storage.save(name, File(own))
    if kept != name or not _is_there(name, path):
        raise OSError("the storage gave back something else")


def _digest(file: "IO[bytes] | File[bytes]") -> bytes:
    found = hashlib.sha256()
    while part := file.read(1024 * 1024):
        found.update(part)
    return found.digest()
