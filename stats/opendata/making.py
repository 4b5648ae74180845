"""Makes the files of a community: only those parts anew whose rows are no longer as they were.

A part is a Parquet file that nobody is offered. The files that are offered are put together from the parts, so that the
database is asked only for what changed. A file is replaced when the new one is whole; whoever reads the old one reads
on. What breaks leaves the former file.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import QuerySet

from geodata.models import Community
from stats.models import ExportFile
from stats.opendata.arrow_files import read_parquet
from stats.opendata.formats import format_named
from stats.opendata.licence import terms_of
from stats.opendata.reading import Print, prints, read_part
from stats.opendata.tables import Dataset, Row, all_datasets

PART = "parquet"  # the format of parts
Progress = Callable[[int, int], None]


class BusyError(Exception):
    """Another process makes the files of this community now."""


def make_exports(
    community: Community, *, at: datetime, datasets: Iterable[Dataset] | None = None, progress: Progress | None = None
) -> dict[str, int]:
    """Brings all files of a community up to date; returns how many parts and files were made.

    Call it inside the scope of the community. Raises BusyError when another process makes them: it would take away the
    parts that this one reads.
    """
    made = {"parts": 0, "files": 0}
    chosen = list(all_datasets() if datasets is None else datasets)
    with _alone(community):
        for done, dataset in enumerate(chosen):
            if progress:
                progress(done, len(chosen))
            parts, fresh = _bring_parts(dataset, community, at=at)
            made["parts"] += fresh
            made["files"] += _bring_files(dataset, community, parts, at=at)
    return made


@contextmanager
def _alone(community: Community) -> Iterator[None]:
    """Only one process at a time makes files of a community; the lock goes with the connection of one that died.

    A transaction of its own holds it, on a connection of its own: behind a pooler a lock of a session would stay with
    whoever gets that session next. It has no snapshot, so nothing is kept from VACUUM.
    """
    other = connections.create_connection(connection.alias)
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('stats.opendata.making'), %s)", [community.pk])
            if not cursor.fetchone()[0]:
                raise BusyError(community.slug)
        yield
    finally:
        with suppress(DatabaseError):  # it is gone: so is the lock
            other.rollback()
        other.close()


def open_kept(kept: ExportFile) -> "File[bytes]":
    """The file itself. Raises OSError when the storage has lost it."""
    return default_storage.open(kept.file, "rb")


def _bring_parts(dataset: Dataset, community: Community, *, at: datetime) -> tuple[list[ExportFile], int]:
    """All parts as they are now, in their order, and how many of them had to be made."""
    known = {kept.part: kept for kept in _kept(dataset, community).exclude(part="")}
    now = prints(dataset, community)
    made = 0
    for part, told in now.items():
        if part in known and known[part].fingerprint == told and default_storage.exists(known[part].file):
            continue
        read = Print()
        rows = read_part(dataset, community, part, read)
        known[part] = _made(
            dataset, community, rows, name=PART, part=part, at=at, fingerprint=partial(read.text, dataset)
        )
        made += 1
    for part in known.keys() - now.keys():
        _forget(known.pop(part))
    return [known[part] for part in sorted(known)], made


def _bring_files(dataset: Dataset, community: Community, parts: list[ExportFile], *, at: datetime) -> int:
    """Puts the offered files together where a part is another one than before; returns how many."""
    terms = terms_of(dataset, community)
    facts = [*(f"{kept.part} {kept.fingerprint}" for kept in parts), terms.title, terms.attribution, terms.licence_url]
    told = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    known = {kept.format: kept for kept in _kept(dataset, community).filter(part="")}
    made = 0
    for name in dataset.formats:
        kept = known.pop(name, None)
        if kept and kept.fingerprint == told and default_storage.exists(kept.file):
            ExportFile.objects.filter(pk=kept.pk).update(checked_at=at)
            continue
        _made(dataset, community, _of_parts(parts), name=name, part="", at=at, fingerprint=partial(str, told))
        made += 1
    for kept in known.values():  # of a format that is no longer offered
        _forget(kept)
    return made


def _of_parts(parts: list[ExportFile]) -> Iterator[list[Row]]:
    for kept in parts:
        with open_kept(kept) as file:
            yield from read_parquet(file)


def _made(
    dataset: Dataset,
    community: Community,
    chunks: Iterable[list[Row]],
    *,
    name: str,
    part: str,
    at: datetime,
    fingerprint: Callable[[], str],
) -> ExportFile:
    """Writes a file, puts it into the storage, and only then takes the former one away."""
    counted = Print()

    def counting() -> Iterator[list[Row]]:
        for rows in chunks:
            counted.rows += len(rows)
            yield rows

    with tempfile.TemporaryDirectory(prefix="open-data-") as folder:
        path = Path(folder) / f"{dataset.name}.{name}"
        format_named(name).write(path, dataset, counting(), terms_of(dataset, community, made_at=at))
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            folder_of = f"exports/{community.slug}/{'parts/' if part else ''}"
            stored = default_storage.save(f"{folder_of}{dataset.name}-{digest[:16]}.{name}", File(file))
        size = path.stat().st_size
    key: dict[str, Any] = {"community": community, "dataset": dataset.name, "format": name, "part": part}
    former = ExportFile.objects.filter(**key).values_list("file", flat=True).first()
    told = {"file": stored, "rows": counted.rows, "size": size, "sha256": digest, "fingerprint": fingerprint()}
    with transaction.atomic():
        kept, _is_new = ExportFile.objects.update_or_create(**key, defaults=told | {"made_at": at, "checked_at": at})
        if former and former != stored:
            transaction.on_commit(lambda: _drop(former))
    return kept


def _kept(dataset: Dataset, community: Community) -> "QuerySet[ExportFile]":
    return ExportFile.objects.filter(community=community, dataset=dataset.name)


def _forget(kept: ExportFile) -> None:
    kept.delete()
    _drop(kept.file)


def _drop(name: str) -> None:
    with suppress(OSError):
        default_storage.delete(name)
