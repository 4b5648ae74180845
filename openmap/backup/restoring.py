"""Restores a backup into an empty place. Files come first and the database last, in one transaction: a restore that
was interrupted left no table, and is simply repeated.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from openmap.backup import database, programs
from openmap.backup.checking import Told, check, sums_of
from openmap.backup.layout import BASEMAP, DUMP, FILES, BackupError, Manifest
from openmap.backup.sums import CHUNK, digest_of_pieces

Say = Callable[[str], None]
SHOWN = 5


def restore(
    backup: Path,
    *,
    keep_files: bool = False,
    say: Say = lambda words: None,
    told: Told = lambda done: None,
) -> Manifest:
    """Checks the backup and the place, restores, compares. Nothing is touched before both were found to be good.

    With `keep_files`, files that are in the storage and not in the backup stay. Raises BackupError, OSError.
    """
    say(_("Checking the backup …"))
    manifest = check(backup, told=told)
    sums = sums_of(backup, manifest)
    _refuse_unknown(manifest)
    _refuse_full_database()
    _refuse_full_storage(sums, keep_files=keep_files)
    _refuse_full_disk(manifest)
    _make_extensions()
    say(_("Copying files …"))
    _bring_files(backup, sums, told)
    _bring_basemaps(backup, sums)
    say(_("Restoring the database …"))
    _bring_database(backup, manifest)
    _compare(manifest)
    if {tuple(one) for one in manifest.migrations} != database.known_migrations():
        say(_("Bringing its tables up to date …"))
        call_command("migrate", interactive=False, verbosity=0)
    return manifest


def _refuse_unknown(manifest: Manifest) -> None:
    """Raises BackupError for a backup of a newer version, whose tables this code does not know."""
    known = database.known_migrations()
    if unknown := [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in known]:
        raise BackupError(
            _(
                "The backup is of a newer version: this one does not know %(names)s. Restore it by version %(version)s "
                "or newer."
            )
            % {"names": _some(unknown), "version": f"{manifest.version} {manifest.commit[:12]}".strip()}
        )


def _refuse_full_database() -> None:
    """Raises BackupError when there is any table."""
    if found := database.tables():
        raise BackupError(
            _(
                "The database is not empty: it has %(count)d tables (%(names)s). A backup is restored into a new "
                "database only; name one by DATABASE_URL, or another folder by MISTO_VAR."
            )
            % {"count": len(found), "names": _some(found)}
        )


def _make_extensions() -> None:
    """Those that are absent; the owner of a database may make all but PostGIS. Raises BackupError."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension")
        known = {name for (name,) in cursor.fetchall()}
    refused = []
    for name in sorted(database.extensions() - known):
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name} SCHEMA public")
        except DatabaseError:
            refused.append(name)
    if refused:
        raise BackupError(
            _("The database lacks extensions: %(names)s. Its administrator makes them with CREATE EXTENSION.")
            % {"names": ", ".join(refused)}
        )


def _refuse_full_storage(sums: dict[str, str], *, keep_files: bool) -> None:
    """Raises BackupError for files of somebody else; those of an interrupted restore are known."""
    if keep_files:
        return
    foreign = [name for name in _stored() if f"{FILES}/{name}" not in sums]
    if foreign:
        raise BackupError(
            _(
                "The storage is not empty: %(count)d files are not of this backup (%(names)s). Empty it, or keep them "
                "with --keep-files."
            )
            % {"count": len(foreign), "names": _some(foreign)}
        )


def _stored(folder: str = "") -> Iterator[str]:
    """Names of all files in the storage."""
    with suppress(FileNotFoundError):
        folders, files = default_storage.listdir(folder)
        for name in files:
            yield f"{folder}{name}"
        for inner in folders:
            if inner:
                yield from _stored(f"{folder}{inner}/")


def _refuse_full_disk(manifest: Manifest) -> None:
    """Raises BackupError when the files do not fit where they go, as far as this is a disk of this machine."""
    try:
        place = Path(default_storage.path(""))
    except NotImplementedError:
        return
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < manifest.files_size:
        words = {"place": place, "needed": manifest.files_size // 1_000_000, "free": free // 1_000_000}
        raise BackupError(_("%(place)s has %(free)d MB left; the files need %(needed)d MB.") % words)


def _bring_files(backup: Path, sums: dict[str, str], told: Told) -> None:
    """Every file under its name; one that is there already with the same content stays. Raises BackupError."""
    for number, inside in enumerate(name for name in sums if name.startswith(f"{FILES}/")):
        name = inside.removeprefix(f"{FILES}/")
        if not is_there(name, sums[inside], backup / inside):
            with (backup / inside).open("rb") as file:
                saved = default_storage.save(name, File(file, name=name))
            if saved != name:
                default_storage.delete(saved)
                raise BackupError(
                    _("The storage has another file under the name %(name)s. Move it away, then repeat.")
                    % {"name": name}
                )
        told(number)


def is_there(name: str, digest: str, original: Path) -> bool:
    """Whether the storage has this very content. A file that an interrupted restore left half-written is the beginning
    of it and is removed; any other stays and is told about."""
    if not default_storage.exists(name):
        return False
    with default_storage.open(name) as file:
        found = digest_of_pieces(file.chunks(CHUNK))
    if found == digest:
        return True
    if _is_beginning_of(name, original):
        default_storage.delete(name)
    return False


def _is_beginning_of(name: str, original: Path) -> bool:
    """Whether the stored file is how the original begins."""
    if default_storage.size(name) >= original.stat().st_size:
        return False
    with default_storage.open(name) as stored, original.open("rb") as whole:
        return all(piece == whole.read(len(piece)) for piece in stored.chunks(CHUNK))


def _bring_basemaps(backup: Path, sums: dict[str, str]) -> None:
    for inside in (name for name in sums if name.startswith(f"{BASEMAP}/")):
        target = Path(settings.BASEMAP_DIR) / inside.removeprefix(f"{BASEMAP}/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(backup / inside, target)
        target.chmod(0o644)


def _bring_database(backup: Path, manifest: Manifest) -> None:
    """All or nothing. Only what lies in the schema of the service: extensions are there, and others in the database
    (an image of PostGIS has those of its geocoder) have schemas of their own."""
    words, password = programs.database()
    binary = programs.program("pg_restore", at_least=manifest.server)
    connection.close()
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-comments"]
    options.append("--schema=public")
    programs.run([binary, *options, "--no-password", f"--dbname={words}", str(backup / DUMP)], password=password)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _compare(manifest: Manifest) -> None:
    """Raises BackupError when a table has other rows than it had, or a row names a file that is not there."""
    found = database.rows_of_tables()
    wrong = [
        f"{table} {found.get(table)}/{rows}" for table, rows in manifest.tables.items() if found.get(table) != rows
    ]
    if wrong:
        raise BackupError(_("After restoring, tables differ from the backup: %(names)s") % {"names": _some(wrong)})
    missing = [name for name in database.named_files() if not default_storage.exists(name)]
    if set(missing) - set(manifest.missing):
        raise BackupError(_("After restoring, the storage lacks: %(names)s") % {"names": _some(missing)})


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")
