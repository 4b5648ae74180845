"""Whether a backup is whole: everything is read again and compared with what was written down."""

from collections.abc import Callable, Set
from pathlib import Path

from django.utils.translation import gettext as _

from openmap.backup import programs
from openmap.backup.layout import DUMP, SUMS, BackupError, Manifest, damaged, lacking
from openmap.backup.sums import digest_of, read_sums

Told = Callable[[int], None]


def check(backup: Path, *, told: Told = lambda done: None, but: Set[str] = frozenset()) -> Manifest:
    """Reads every file of the backup, `but` those that were read and compared a moment ago. Raises BackupError that
    names the first that is damaged or missing, OSError."""
    manifest = Manifest.of(backup)
    for number, (name, digest) in enumerate(sums_of(backup, manifest).items()):
        try:
            if name not in but and digest_of(backup / name) != digest:
                raise BackupError(damaged(name))
        except FileNotFoundError:
            raise BackupError(lacking(name)) from None
        told(number)
    check_dump(backup, manifest)
    return manifest


def sums_of(backup: Path, manifest: Manifest) -> dict[str, str]:
    """Digests of all files by names. Raises BackupError for a list that is not the one that the manifest knows."""
    path = backup / SUMS
    if not path.is_file():
        raise BackupError(lacking(SUMS))
    if digest_of(path) != manifest.sums:
        raise BackupError(damaged(SUMS))
    return read_sums(path)


def check_dump(backup: Path, manifest: Manifest) -> None:
    """The dump can be read to its end and holds the rows of every table. Raises BackupError."""
    binary = programs.program("pg_restore", at_least=manifest.server)
    listed = programs.run([binary, "--list", str(backup / DUMP)])
    held = {line.split()[6] for line in listed.splitlines() if " TABLE DATA public " in line}
    if absent := sorted(set(manifest.tables) - held):
        raise BackupError(_("%(name)s has no rows of: %(tables)s") % {"name": DUMP, "tables": ", ".join(absent)})
    programs.run([binary, "--file=/dev/null", str(backup / DUMP)])
