"""Brings the history of another system in from a CSV, GeoJSON or GeoPackage file."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scope

from geodata.management.files import community_called
from geodata.models import Community
from geodata.problems import RefusedError
from issues.import_jobs import about, ask_for_import
from issues.import_mapping import RECOMPUTE, TAKE, WORDS, FileMapping, MappingError, mapping_from, raw_mapping
from issues.import_reasons import reason_of
from issues.import_rejects import Told, encoder, plain_row, rejects_of
from issues.import_sources import CSV, Source, open_source
from issues.import_suggest import suggest
from issues.import_tracking import Tracker
from issues.import_words import Line, lines_of
from issues.importing import BATCH, Import, Rejected, Summary, Wish


class Command(BaseCommand):
    help = (
        "Imports reports from CSV, GeoJSON or GeoPackage. The same row twice is one report, so a broken run is simply "
        "repeated. Nothing is delivered: imported history writes no letter to anybody."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("community", help="slug of the community")
        parser.add_argument("file", type=Path, help="CSV with a header, GeoJSON or GeoPackage")
        parser.add_argument("--mapping", type=Path, help="JSON: docs/import-history.md tells its keys")
        parser.add_argument("--suggest-mapping", action="store_true", help="print a mapping for this file, and end")
        parser.add_argument("--column", action="append", default=[], metavar="OURS=THEIRS", help="one column")
        parser.add_argument("--status", action="append", default=[], metavar="THEIRS=STATE", help="one status")
        parser.add_argument("--time-zone", default="", help="of times that name none; default: the community's")
        parser.add_argument("--encoding", default="", help="of a CSV file, such as windows-1251; default: as it looks")
        parser.add_argument("--crs", default="", help="reference system of the coordinates, such as EPSG:6384")
        parser.add_argument("--layer", default="", help="layer of a GeoPackage that has several")
        parser.add_argument(
            "--decisions", default="", choices=["", RECOMPUTE, TAKE], help="by the rules, or as the file says"
        )
        parser.add_argument("--create-categories", action="store_true", help="make categories that are not known")
        parser.add_argument("--create-organisations", action="store_true", help="make organisations that are not known")
        parser.add_argument("--limit", type=int, help="read so many rows only")
        parser.add_argument("--batch", type=int, default=BATCH, help="rows in one transaction")
        parser.add_argument("--rejects", type=Path, help="write rejected rows, with line and reason, into this file")
        parser.add_argument("--dry-run", action="store_true", help="only report")
        parser.add_argument("--job", action="store_true", help="leave it to a worker; the administration shows it")

    def handle(self, *args: Any, **options: Any) -> None:
        community = community_called(options["community"])
        if options["batch"] < 1:
            raise CommandError(_("A batch has at least one row."))
        try:
            with scope(community=community):
                self.do(community, options)
        except (MappingError, RefusedError) as mistake:
            raise CommandError(mistake.problem.text if isinstance(mistake, RefusedError) else str(mistake)) from mistake
        except OSError as mistake:
            words = {"file": mistake.filename or options["file"], "reason": mistake.strerror}
            raise CommandError(_("%(file)s cannot be read: %(reason)s") % words) from mistake

    def do(self, community: Community, options: dict[str, Any]) -> None:
        """What was asked for. Raises MappingError, RefusedError and OSError."""
        given = {name: options[name] for name in WORDS if options.get(name)}
        asked = {"columns": options["column"], "statuses": options["status"]}
        mapping = mapping_from(options["mapping"], default_zone=community.time_zone, **asked, **given)
        if options["suggest_mapping"]:
            with open_source(options["file"], mapping=mapping) as source:
                found = suggest(source, community=community)
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=2))
        elif options["job"]:
            with options["file"].open("rb") as file:
                job = ask_for_import(
                    community,
                    file=File(file, name=options["file"].name),
                    mapping=raw_mapping(options["mapping"], **asked, **given),
                    wish=_wish(options),
                    at=timezone.now(),
                )
            self.stdout.write(_("Job № %(number)s was asked for.") % {"number": job.pk})
        else:
            self.bring_in(community, mapping, options)

    def bring_in(self, community: Community, mapping: FileMapping, options: dict[str, Any]) -> None:
        """Reads the file, here and now. Raises MappingError, RefusedError, OSError; CommandError when nothing fits."""
        wish, self.started = _wish(options), time.monotonic()
        with (
            open_source(options["file"], mapping=mapping) as source,
            closing(Tracker()) as tracker,
            rejects_to(options["rejects"], source) as keep,
        ):
            self.keep_rejected = keep
            fitting = mapping.of_a_file_with(source.fields, has_places=source.has_places)
            way = Import(
                source,
                community=community,
                mapping=fitting,
                wish=wish,
                at=timezone.now(),
                watcher=self,
                tracker=tracker,
            )
            summary = way.run()
            report = tracker.report(zone=mapping.zone.key) | {"notes": [note.text for note in source.notes]}
        if wish.dry_run:
            self.stdout.write(_("Only tried; nothing was written."))
        for line in lines_of(summary, report):
            self.stdout.write(_as_text(line))
        if summary.rejected and not (summary.imported or summary.repeated):
            raise CommandError(_("Every row was rejected."))

    def keep(self, summary: Summary, rejected: Sequence[Rejected]) -> None:
        """Rejected rows go into their file."""
        for one in rejected:
            self.keep_rejected((one.record.line, reason_of(one.code, **one.details), plain_row(one.record.raw)))

    def progress(self, summary: Summary, share: float) -> None:
        """One line for each batch."""
        speed = summary.rows / max(time.monotonic() - self.started, 1e-6)
        words = {"rows": summary.rows, "speed": round(speed), "rejected": summary.rejected.total()}
        self.stdout.write(_("%(rows)s rows, %(speed)s a second, %(rejected)s rejected") % words)
        self.stdout.flush()


def _wish(options: dict[str, Any]) -> Wish:
    names = ("create_categories", "create_organisations", "dry_run", "limit", "batch")
    return Wish(**{name: options[name] for name in names})


def _as_text(line: Line) -> str:
    counted = "" if line.count is None else f"{line.count:>7}  "
    return f"{'  ' * line.depth}{counted}{line.text}"


@contextmanager
def rejects_to(file: Path | None, source: Source) -> Iterator[Callable[[Told], object]]:
    """A function that keeps rejected rows in the format of the file."""
    if file is None:
        yield lambda told: None
        return
    text = rejects_of(about(source))
    encode = encoder(source.encoding) if source.format == CSV else str.encode
    with file.open("wb") as opened:
        opened.write(encode(text.head()))
        yield lambda told: opened.write(encode(text.row(told)))
        opened.write(encode(text.tail()))
