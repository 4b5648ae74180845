"""The door through which the history of another system comes in: batch by batch, each in a transaction of its own, the
same row never twice, so that a broken run is simply repeated, or goes on where it stopped."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

import shapely
from django.db import transaction

from geodata.models import Community
from issues.import_batch import Judged, Promises, first_of_each, judge, unknown, with_what_is_missing, write_batch
from issues.import_categories import Categories
from issues.import_mapping import TAKE, FileMapping
from issues.import_organisations import Organisations
from issues.import_reasons import RejectedRowError
from issues.import_rows import Reader, Row
from issues.import_sources import Record, Source
from issues.import_tracking import Tracker
from routing.bulk import Deciding

BATCH = 2000  # rows in one transaction
FRESH = 20  # batches after which rules, organisations and areas are read anew
MOST_NAMED = 5000  # organisations that a report counts


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is left out; issues.import_reasons puts the code into words."""

    record: Record
    code: str
    details: dict[str, Any]


@dataclass(slots=True)
class Summary:
    """What an import did so far, or in a dry run would do."""

    rows: int = 0  # of the file, read so far
    imported: int = 0
    repeated: int = 0
    rejected: Counter[str] = field(default_factory=Counter)  # by the code of the reason
    states: Counter[str] = field(default_factory=Counter)
    organisations: Counter[str] = field(default_factory=Counter)  # by name; "" for nobody
    by_queue: int = 0
    categories: list[tuple[str, str]] = field(default_factory=list)  # made: code, name
    made: list[str] = field(default_factory=list)  # organisations
    kept_bytes: int = 0  # of rejected rows, where the watcher keeps them

    def as_json(self) -> dict[str, Any]:
        """As a job keeps it."""
        told: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return told | {name: dict(told[name]) for name in ("rejected", "states", "organisations")}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Summary":
        """What was kept."""
        counters = {name: Counter(kept[name]) for name in ("rejected", "states", "organisations")}
        pairs = {"categories": [(code, name) for code, name in kept["categories"]]}
        return cls(**{name: kept[name] for name in cls.__slots__ if name in kept} | counters | pairs)


class Watcher(Protocol):
    """Whoever asked for the import: a command, or a job."""

    def keep(self, summary: Summary, rejected: Sequence[Rejected]) -> None:
        """Called after each batch, inside the transaction of what was written."""

    def progress(self, summary: Summary, share: float) -> None:
        """Called after that; `share` of the file, 0 to 1, was read."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How to import."""

    create_categories: bool = False
    create_organisations: bool = False
    dry_run: bool = False
    limit: int | None = None
    batch: int = BATCH


class Import:
    """One file on its way into a community. History is not delivered: no organisation and no author gets a letter.

    `mapping` fits the file (FileMapping.of_a_file_with). Must be used inside the community's scope. `tracker` is given
    where the whole file is read from its beginning.
    """

    def __init__(
        self,
        source: Source,
        *,
        community: Community,
        mapping: FileMapping,
        wish: Wish,
        at: datetime,
        watcher: Watcher,
        tracker: Tracker | None = None,
        done: Summary | None = None,
    ) -> None:
        self.summary = done or Summary()
        self._source, self._community, self._wish, self._at = source, community, wish, at
        self._watcher, self._tracker = watcher, tracker
        self._categories = Categories(community, mapping=mapping, create=wish.create_categories, dry_run=wish.dry_run)
        self._organisations: Organisations | None = None
        if mapping.decisions == TAKE:
            self._organisations = Organisations(mapping=mapping, create=wish.create_organisations, dry_run=wish.dry_run)
        self._reader = Reader(mapping, self._categories, self._organisations, source.to_wgs84, at)
        boundary = community.boundary
        self._ground = shapely.from_wkb(bytes(boundary.wkb)) if boundary else None
        if self._ground is not None:
            shapely.prepare(self._ground)
        self._made = (list(self.summary.categories), list(self.summary.made))

    def run(self) -> Summary:
        """Reads the file from where `done` ended; returns what became of all of it. Raises RefusedError for a file
        that is damaged farther on: what stands before that is brought in."""
        records = islice(self._source.records, self.summary.rows, self._wish.limit)
        self._refresh()
        number = 0
        while batch := list(islice(records, self._wish.batch)):
            number += 1
            if number % FRESH == 0:
                self._refresh()
            self._take(batch)
        return self.summary

    def _refresh(self) -> None:
        self._promises, self._deciding = Promises(self._community), Deciding(self._community)

    def _take(self, batch: Sequence[Record]) -> None:
        rejected: list[Rejected] = []
        rows = self._read(batch, rejected)
        judged, outside = [], set()
        for row, verdict in judge(unknown(rows, self._community), deciding=self._deciding):
            if verdict is None:
                outside.add(row.line)
                self._reject(Record(row.line, row.raw), RejectedRowError(self._outside(row)), rejected)
            else:
                judged.append((row, verdict))
        inside = [row for row in rows if row.line not in outside]
        judged = first_of_each(judged)
        if self._tracker:
            first = {row.line for row in self._tracker.rows(rows, inside)}
            if self._wish.dry_run:  # nothing is written that would tell later batches
                judged = [(row, verdict) for row, verdict in judged if row.line in first]
        with transaction.atomic():
            written = self._write(judged)
            self._count(batch, inside, written)
            self._watcher.keep(self.summary, sorted(rejected, key=lambda one: one.record.line))
        self._watcher.progress(self.summary, self._source.share)

    def _read(self, batch: Sequence[Record], rejected: list[Rejected]) -> list[Row]:
        rows = []
        for record in batch:
            try:
                rows.append(self._reader.read(record))
            except RejectedRowError as mistake:
                self._reject(record, mistake, rejected)
        return rows

    def _reject(self, record: Record, mistake: RejectedRowError, rejected: list[Rejected]) -> None:
        rejected.append(Rejected(record, mistake.code, mistake.details))
        self.summary.rejected[mistake.code] += 1
        if self._tracker:
            self._tracker.rejected(record.line, mistake)

    def _outside(self, row: Row) -> str:
        """Whether the place would be inside with longitude and latitude exchanged."""
        return "swapped" if self._ground and shapely.contains_xy(self._ground, row.lat, row.lon) else "outside"

    def _write(self, judged: Sequence[Judged]) -> Sequence[Judged]:
        if self._wish.dry_run:
            return with_what_is_missing(judged, self._categories, self._organisations)
        return write_batch(
            judged,
            community=self._community,
            promises=self._promises,
            at=self._at,
            categories=self._categories,
            organisations=self._organisations,
        )

    def _count(self, batch: Sequence[Record], inside: Sequence[Row], written: Sequence[Judged]) -> None:
        told = self.summary
        told.rows += len(batch)
        told.imported += len(written)
        told.repeated += len(inside) - len(written)
        for row, verdict in written:
            told.states[row.state.value] += 1
            told.by_queue += verdict.is_fallback
            name = str(verdict.trace["organisation_name"] or "")
            if name in told.organisations or len(told.organisations) < MOST_NAMED:
                told.organisations[name] += 1
        before, made = self._made
        told.categories = [*before, *((one.code, one.name) for one in self._categories.created)]
        told.made = [*made, *(self._organisations.created if self._organisations else ())]
