"""Makes a backup while people go on: the files first, then one moment of the database, to which the dump belongs.

A file that came after that moment is no part of the backup. One that is deleted while the backup is made was copied
before, or its row is gone too: names are read in the snapshot that is dumped, and when a file cannot be had any more, a
new snapshot is taken (a row whose file is being deleted changes within a moment). The dump begins only when every file
that its rows name lies in the backup. Decision 0053.
"""

import fcntl
import json
import os
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import DEVNULL, PIPE
from subprocess import run as run_process
from time import sleep
from typing import Final

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from openmap.backup import database, programs
from openmap.backup.checking import check
from openmap.backup.copying import Copied, Former, Told
from openmap.backup.layout import DUMP, FILES, SECRETS, SUMS, UNDONE, BackupError, Manifest, backups_in
from openmap.backup.sums import digest_of, write_sums

SNAPSHOTS: Final = 5  # taken until every named file is there
PAUSE: Final = 1.0  # seconds between two
SPARE: Final = 64 * 1024 * 1024  # bytes that stay free


@dataclass(frozen=True, kw_only=True)
class Made:
    """A whole backup, and what its making cost."""

    folder: Path
    manifest: Manifest
    linked: int
    removed: list[str]


def make(
    place: Path,
    *,
    at: datetime,
    keep: int = 0,
    allow_missing: bool = False,
    say: Callable[[str], None] = lambda words: None,
    told: Told = lambda done: None,
) -> Made:
    """A new backup in the place, checked. With `keep`, only so many of the newest stay there. Raises BackupError."""
    try:
        with _alone_in(place) as former, _unfinished(place, at) as folder:
            copied = Copied(folder=folder, former=former)
            _refuse_full(place, copied)
            say(_("Copying files …"))
            copied.take(database.named_files(), told=told)
            manifest = _of_one_moment(copied, at=at, allow_missing=allow_missing, say=say)
            say(_("Checking what was written …"))
            check(folder, told=told, but=copied.read)
            if copied.rotten:
                say(_words_for_rotten(copied))
            os.sync()
            done = folder.rename(place / at.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ"))
            return Made(folder=done, manifest=manifest, linked=copied.linked, removed=_remove_old(place, keep))
    except OSError as fault:
        where = fault.filename or place
        raise BackupError(_("%(file)s cannot be written: %(reason)s") % {"file": where, "reason": fault}) from fault


def _of_one_moment(copied: Copied, *, at: datetime, allow_missing: bool, say: Callable[[str], None]) -> Manifest:
    """Everything that belongs to one snapshot. Raises BackupError when rows name files that nobody has."""
    for last in (number == SNAPSHOTS for number in range(1, SNAPSHOTS + 1)):
        with database.snapshot() as name:
            wanted = set(database.named_files())
            missing = sorted(copied.take(sorted(wanted)))
            if missing and not last:
                sleep(PAUSE)
                continue
            if missing and not allow_missing:
                raise BackupError(_words_for_missing(missing))
            copied.keep_only(wanted)
            copied.take_basemaps()
            say(_("Dumping the database …"))
            return _dump(copied, name, at=at, missing=missing)
    raise AssertionError("the last snapshot returns or raises")


def _dump(copied: Copied, snapshot: str, *, at: datetime, missing: list[str]) -> Manifest:
    """Dumps the snapshot and writes what tells of it. Inside the snapshot."""
    server, folder = programs.server_major(), copied.folder
    words, password = programs.database()
    binary = programs.program("pg_dump", at_least=server)
    options = ["--format=custom", f"--snapshot={snapshot}", "--schema=public", "--exclude-table=spatial_ref_sys"]
    programs.run([binary, *options, "--no-password", f"--file={folder / DUMP}", f"--dbname={words}"], password=password)
    secrets = {"MISTO_SECRET_KEY": settings.SECRET_KEY, "MISTO_SECRET_KEY_FALLBACKS": settings.SECRET_KEY_FALLBACKS}
    (folder / SECRETS).write_text(json.dumps(secrets, indent=1) + "\n", encoding="utf-8")
    sums = copied.sums | {name: digest_of(folder / name) for name in (DUMP, SECRETS)}
    write_sums(folder / SUMS, sums)
    manifest = Manifest(
        made_at=at.astimezone(UTC).isoformat(),
        site=settings.SITE_URL,
        version=version(),
        commit=_commit(),
        server=server,
        tables=database.rows_of_tables(),
        migrations=database.applied_migrations(),
        dump_size=(folder / DUMP).stat().st_size,
        files=sum(name.startswith(f"{FILES}/") for name in sums),
        files_size=copied.size,
        sums=digest_of(folder / SUMS),
        missing=missing,
    )
    manifest.write(folder)
    return manifest


@contextmanager
def _alone_in(place: Path) -> Iterator[Former | None]:
    """Nobody else makes a backup in this place during the block; yields the newest that is there.

    What a killed run left is removed.
    """
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (place / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(_("Another backup is being made in %(place)s.") % {"place": place}) from None
        for left in place.glob(f"{UNDONE}*"):
            shutil.rmtree(left)
        former = None
        for folder in reversed(backups_in(place)):
            with suppress(BackupError, OSError, ValueError):  # a damaged one helps nobody
                former = Former.of(folder)
                break
        yield former


@contextmanager
def _unfinished(place: Path, at: datetime) -> Iterator[Path]:
    """A new folder that only its owner reads; gone after the block unless it was given its name."""
    folder = place / f"{UNDONE}{at.astimezone(UTC):%Y%m%d%H%M%S}"
    before = os.umask(0o077)
    try:
        folder.mkdir()
        yield folder
    finally:
        os.umask(before)
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_full(place: Path, copied: Copied) -> None:
    """Raises BackupError when the disk cannot hold what is expected: a dump like the last one, files that are new."""
    former = copied.former
    dump = Manifest.of(former.folder).dump_size * 5 // 4 if former else database.size()
    known = former.sums if former else {}
    needed = dump + SPARE
    for name in database.named_files():
        if f"{FILES}/{name}" not in known:
            with suppress(OSError):
                needed += default_storage.size(name)
    free = shutil.disk_usage(place).free
    if free < needed:
        words = {"place": place, "needed": needed // 1_000_000, "free": free // 1_000_000}
        raise BackupError(
            _("%(place)s has %(free)d MB left; the backup needs about %(needed)d MB. Make room, or name another place.")
            % words
        )


def _remove_old(place: Path, keep: int) -> list[str]:
    """Removes all but the newest `keep`; 0 removes none."""
    old = backups_in(place)[:-keep] if keep else []
    for folder in old:
        hidden = folder.rename(folder.with_name(f"{UNDONE}{folder.name}"))  # half removed, it is no backup
        shutil.rmtree(hidden)
    return [folder.name for folder in old]


def _words_for_missing(names: list[str]) -> str:
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return _(
        "The storage lacks %(count)d files that the database names: %(names)s. Put them back, or make the backup "
        "without them with --allow-missing."
    ) % {"count": len(names), "names": shown}


def _words_for_rotten(copied: Copied) -> str:
    names = sorted(copied.rotten)
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return _(
        "%(count)d files of the backup before are damaged, and with it in every backup that shares them: %(names)s. "
        "This backup has them from the storage. Look at the disk of the backups."
    ) % {"count": len(names), "names": shown}


def version() -> str:
    """As pyproject.toml has it; "" without the file."""
    try:
        return str(
            tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
        )
    except (OSError, KeyError):
        return ""


def _commit() -> str:
    """Of a checkout; "" elsewhere."""
    git = shutil.which("git")
    if git is None or not (settings.BASE_DIR / ".git").exists():
        return ""
    command = [git, "-C", str(settings.BASE_DIR), "rev-parse", "HEAD"]
    return run_process(command, stdout=PIPE, stderr=DEVNULL, text=True, check=False).stdout.strip()  # noqa: S603
