"""Fills the base map, the streets and addresses of a community from a file of OpenStreetMap."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scope

from geodata.basemap_files import has_built_file
from geodata.import_report import count_line, lines
from geodata.management.files import community_called
from geodata.osm_import import OsmOutcome, OsmWanted, import_osm
from geodata.osm_reading import ENDINGS, Passed, is_osm
from geodata.osm_tags import DISTRICT_LEVELS
from geodata.problems import RefusedError

EVERY = 100_000  # objects between two lines of progress


class Command(BaseCommand):
    help = (
        "Fills the drawn base map (built-up land, parks and woods, water, buildings, streets, roads, railways), the "
        "streets and the addresses of a community from an extract of OpenStreetMap. What lies beyond the community is "
        "left out; the same file again changes nothing; shapes that are not in it any more go. Districts only when "
        "asked, as rules name them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("community", help="slug of the community")
        parser.add_argument("file", type=Path, help=", ".join(ENDINGS))
        parser.add_argument(
            "--without", action="append", choices=["shapes", "addresses"], default=[], help="leave this out"
        )
        parser.add_argument("--districts", default="", metavar="CODE", help="bring districts into this division")
        parser.add_argument("--level", default="", choices=["", *DISTRICT_LEVELS], help="admin_level of the districts")
        parser.add_argument(
            "--remove-missing", action="store_true", help="remove streets and addresses that are not in the file"
        )
        parser.add_argument("--dry-run", action="store_true", help="only report")

    def handle(self, *args: Any, **options: Any) -> None:
        community = community_called(options["community"])
        file: Path = options["file"]
        if not is_osm(file.name):
            raise CommandError(_("%(file)s is none of these: %(endings)s") % {
                "file": file.name, "endings": ", ".join(ENDINGS)})  # fmt: skip
        wanted = OsmWanted(
            shapes="shapes" not in options["without"],
            addresses="addresses" not in options["without"],
            districts=options["districts"],
            level=options["level"],
            remove_missing=options["remove_missing"],
        )
        today = community.day_of(timezone.now())
        with scope(community=community):
            try:
                outcome = import_osm(
                    community, file, wanted, today=today, dry_run=options["dry_run"], progress=self.progress()
                )
            except RefusedError as refusal:
                raise CommandError(
                    _("%(reason)s. Nothing was changed.") % {"reason": refusal.problem.text}
                ) from refusal
        for line in said(outcome, dry_run=options["dry_run"]):
            self.stdout.write(line)
        if not outcome.is_same and not options["dry_run"] and has_built_file(community.slug):
            self.stdout.write(_("The map that pages draw was built before this. Build it anew: %(command)s") % {
                "command": f"build_basemap {community.slug}"})  # fmt: skip
        if outcome.districts and outcome.districts.refusals:
            raise CommandError(_("The districts were refused; nothing was changed."))

    def progress(self) -> Any:
        """Writes a line now and then."""
        told = 0

        def tell(passed: Passed, kept: int) -> None:
            nonlocal told
            if passed.seen - told >= EVERY:
                told = passed.seen
                self.stdout.write(_("Objects read: %(read)s, shapes here: %(kept)s …") % {
                    "read": passed.seen, "kept": kept})  # fmt: skip

        return tell


def said(outcome: OsmOutcome, *, dry_run: bool) -> Iterator[str]:
    """The outcome for a terminal."""
    if outcome.districts:
        yield from lines(outcome.districts, dry_run=dry_run)
        if outcome.districts.refusals:
            return
    if outcome.shapes:
        yield count_line(_("Shapes of the base map"), outcome.shapes)
    if outcome.addresses:
        yield count_line(_("Streets"), outcome.addresses.streets)
        yield count_line(_("Addresses"), outcome.addresses.addresses)
    if outcome.passed.broken:
        yield _("Objects without a whole shape, left out: %s.") % outcome.passed.broken
    if outcome.left_out:
        yield _("Streets whose names are too long, left out: %s.") % outcome.left_out
    if outcome.is_same:
        yield _("Everything was here already: nothing was changed.")
    else:
        yield _("A dry run: nothing was changed.") if dry_run else _("Done.")
