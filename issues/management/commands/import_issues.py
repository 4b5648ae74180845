"""Brings the history of another system in from a CSV file."""

import csv
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scope

from geodata.management.files import community_called
from issues.import_mapping import MappingError, mapping_from
from issues.import_rows import Raw, reason_of
from issues.importing import BATCH, Reject, Summary, Wish, import_issues, open_csv


class Command(BaseCommand):
    help = (
        "Imports reports from CSV. The same row twice is one report, so a broken run is simply repeated. Nothing is "
        "delivered: imported history writes no letter to anybody."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("community", help="slug of the community")
        parser.add_argument("file", type=Path, help="CSV file in UTF-8 with a header")
        parser.add_argument("--mapping", type=Path, help="JSON: columns, statuses, categories, time_zone, delimiter")
        parser.add_argument("--column", action="append", default=[], metavar="OURS=THEIRS", help="one column")
        parser.add_argument("--status", action="append", default=[], metavar="THEIRS=STATE", help="one status")
        parser.add_argument("--time-zone", default="", help="of times that name none; default: the community's")
        parser.add_argument("--create-categories", action="store_true", help="make categories that are not known")
        parser.add_argument("--limit", type=int, help="read so many rows only")
        parser.add_argument("--batch", type=int, default=BATCH, help="rows in one transaction")
        parser.add_argument("--rejects", type=Path, help="write rejected rows, with line and reason, into this file")
        parser.add_argument("--dry-run", action="store_true", help="only report")

    def handle(self, *args: Any, **options: Any) -> None:
        community = community_called(options["community"])
        if options["batch"] < 1:
            raise CommandError(_("A batch has at least one row."))
        self.started = time.monotonic()
        wish = Wish(options["create_categories"], options["dry_run"], options["limit"], options["batch"])
        try:
            mapping = mapping_from(
                options["mapping"],
                columns=options["column"],
                statuses=options["status"],
                time_zone=options["time_zone"],
                default_zone=community.time_zone,
            )
            opened, rejects = open_csv(options["file"]), rejects_to(options["rejects"])
            with scope(community=community), opened as file, rejects as reject:
                summary = import_issues(
                    file,
                    community=community,
                    mapping=mapping,
                    wish=wish,
                    at=timezone.now(),
                    reject=reject,
                    progress=self.progress,
                )
        except MappingError as mistake:
            raise CommandError(str(mistake)) from mistake
        except OSError as mistake:
            words = {"file": mistake.filename or options["file"], "reason": mistake.strerror}
            raise CommandError(_("%(file)s cannot be read: %(reason)s") % words) from mistake
        self.report(summary, dry_run=wish.dry_run)
        if summary.rejected and not (summary.imported or summary.repeated):
            raise CommandError(_("Every row was rejected."))

    def progress(self, summary: Summary) -> None:
        """One line for each batch."""
        speed = summary.rows / max(time.monotonic() - self.started, 1e-6)
        words = {"rows": summary.rows, "speed": round(speed), "rejected": summary.rejected.total()}
        self.stdout.write(_("%(rows)s rows, %(speed)s a second, %(rejected)s rejected") % words)
        self.stdout.flush()

    def report(self, summary: Summary, *, dry_run: bool) -> None:
        """What was done, and why rows were left out."""
        if dry_run:
            self.stdout.write(_("Only tried; nothing was written."))
        self.stdout.write(_("Brought in: %(count)s") % {"count": summary.imported})
        self.stdout.write(_("Here already: %(count)s") % {"count": summary.repeated})
        for category in summary.created:
            self.stdout.write(_("New category: %(code)s, %(name)s") % {"code": category.code, "name": category.name})
        self.stdout.write(_("Rejected: %(count)s") % {"count": summary.rejected.total()})
        for code, count in summary.rejected.most_common():
            self.stdout.write(f"  {count:>7}  {reason_of(code, **EXAMPLE)}")


# What the reasons of a summary say in place of one row's details.
EXAMPLE = dict.fromkeys(("said", "part", "count", "lon", "lat"), "…")


@contextmanager
def rejects_to(file: Path | None) -> Iterator[Reject]:
    """A function that keeps rejected rows: line, reason, then the row as it was."""
    if file is None:
        yield lambda line, raw, reason: None
        return
    with file.open("w", encoding="utf-8", errors="surrogateescape", newline="") as opened:
        writer = csv.writer(opened)
        header: list[str] = []

        def keep(line: int, raw: Raw, reason: str) -> None:
            if not header and raw:
                header.extend(str(name) for name in raw if name is not None)
                writer.writerow(["line", "reason", *header])
            extra = raw.get(None) or []  # type: ignore[call-overload]
            writer.writerow([line, reason, *(raw.get(name) for name in header), *extra])

        yield keep
