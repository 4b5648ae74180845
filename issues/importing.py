"""The door through which the history of another system comes in: batch by batch, each in a transaction of its own, the
same row never twice, so that a broken run is simply repeated."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from django.utils.translation import gettext as _

from geodata.models import Community
from issues.import_batch import Promises, judge, unknown, write_batch
from issues.import_mapping import FileMapping, MappingError
from issues.import_rows import Categories, Raw, RejectedRowError, Row, read_row, reason_of

BATCH = 2000  # rows in one transaction

Reject = Callable[[int, Raw, str], None]
Progress = Callable[["Summary"], None]


@dataclass(slots=True)
class Summary:
    """What an import did, or in a dry run would do."""

    rows: int = 0
    imported: int = 0
    repeated: int = 0
    rejected: Counter[str] = field(default_factory=Counter)  # by the code of the reason
    created: Sequence[Any] = ()  # categories


@dataclass(frozen=True, slots=True)
class Wish:
    """How to import."""

    create_categories: bool = False
    dry_run: bool = False
    limit: int | None = None
    batch: int = BATCH


def import_issues(
    file: TextIO,
    *,
    community: Community,
    mapping: FileMapping,
    wish: Wish,
    at: datetime,
    reject: Reject,
    progress: Progress,
) -> Summary:
    """Brings the reports of a CSV file in. History is not delivered: no organisation and no author gets a letter.

    `reject(line, raw, reason)` is called for every row that is left out, `progress` after every batch. Must be called
    inside the community's scope. Raises MappingError when the file does not have the columns of the mapping.
    """
    summary = Summary()
    categories = Categories(community, mapping=mapping, create=wish.create_categories, dry_run=wish.dry_run)
    summary.created = categories.created
    promises = Promises(community)
    seen: set[str] = set()

    def leave_out(line: int, raw: Raw, code: str, **details: object) -> None:
        summary.rejected[code] += 1
        reject(line, raw, reason_of(code, **details))

    def flush(rows: list[Row]) -> None:
        if wish.dry_run:
            outside = _try(rows, summary, community, seen)
        else:
            outcome = write_batch(rows, community=community, promises=promises, at=at)
            summary.imported += outcome.imported
            summary.repeated += outcome.repeated
            outside = outcome.outside
        for row in outside:
            leave_out(row.line, row.raw, "outside")
        progress(summary)

    batch: list[Row] = []
    for line, raw in _records(file, mapping):
        if wish.limit is not None and summary.rows >= wish.limit:
            break
        summary.rows += 1
        try:
            if isinstance(raw, csv.Error):
                raise RejectedRowError("csv", said=raw)
            batch.append(read_row(raw, line=line, mapping=mapping, categories=categories, at=at))
        except RejectedRowError as rejected:
            leave_out(line, {} if isinstance(raw, csv.Error) else raw, rejected.code, **rejected.details)
        if len(batch) >= wish.batch:
            flush(batch)
            batch = []
    flush(batch)
    return summary


def _try(rows: list[Row], summary: Summary, community: Community, seen: set[str]) -> list[Row]:
    """What a batch would do; returns the rows outside the community."""
    fresh = [row for row in unknown(rows, community) if row.external_id not in seen]
    seen.update(row.external_id for row in fresh)
    outside = [row for row, verdict in judge(fresh, community=community) if verdict is None]
    summary.imported += len(fresh) - len(outside)
    summary.repeated += len(rows) - len(fresh)
    return outside


def _records(file: TextIO, mapping: FileMapping) -> Iterator[tuple[int, Raw | csv.Error]]:
    """Rows of the file with the line where each begins. Raises MappingError for a file without the columns."""
    reader = csv.DictReader(file, delimiter=mapping.delimiter)
    try:
        header = reader.fieldnames or []
    except csv.Error as error:
        raise MappingError(_("The file is no CSV: %(reason)s") % {"reason": error}) from error
    missing = mapping.missing_in(header)
    if missing:
        words = {"missing": ", ".join(missing), "there": ", ".join(header)[:500] or "–"}
        raise MappingError(_("The file has no column: %(missing)s. It has: %(there)s.") % words)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, error


def open_csv(file: Path) -> TextIO:
    """The file as text; bytes that are no UTF-8 come as lone surrogates, so that their row can be rejected."""
    return file.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
