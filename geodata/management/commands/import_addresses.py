"""Brings the streets and addresses of a community in from a file."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django_scopes import scope

from geodata.address_import import AddressOutcome, import_addresses
from geodata.address_rows import Columns, rows_of
from geodata.candidates import surroundings_of
from geodata.features import FeatureFile
from geodata.import_report import count_line, problem_table
from geodata.management.files import bytes_of, community_called
from geodata.osm_import import osm_address_rows
from geodata.osm_reading import is_osm
from geodata.problems import Problem, RefusedError
from geodata.reading import read_features
from geodata.reading_tables import LATITUDES, LONGITUDES, is_table, read_table


class Command(BaseCommand):
    help = (
        "Imports addresses from GeoJSON (points and polygons with a street and a number), GeoPackage, zipped Shapefile "
        "or CSV, and streets from lines with a name; both from OpenStreetMap (.osm.pbf) too, where no property has to "
        "be named. Rows that cannot be taken are listed and left out; the same file again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("community", help="slug of the community")
        parser.add_argument(
            "file", type=Path, help="GeoJSON, GeoPackage, zipped Shapefile, a table (.csv, .tsv), or .osm.pbf"
        )
        parser.add_argument(
            "--key", default="", help="property with a key; @id; default: settlement, street and number"
        )
        parser.add_argument("--street", default="", help="property with the street; default: addr:street, street, …")
        parser.add_argument(
            "--number", default="", help="property with the number; default: addr:housenumber, number, …"
        )
        parser.add_argument("--locality", default="", help="property with the settlement; default: addr:city, …")
        parser.add_argument(
            "--former", default="", help="property with former names, apart by “;”; default: old_name, …"
        )
        parser.add_argument("--settlement", default="", help="the settlement of rows that name none")
        parser.add_argument("--lon", default="", help="column of a table with the longitude; default: lon, lng, x, …")
        parser.add_argument("--lat", default="", help="column of a table with the latitude; default: lat, y, …")
        parser.add_argument("--crs", default="", help="reference system of the file, EPSG:32635")
        parser.add_argument("--layer", default="", help="layer of a file that has several")
        parser.add_argument("--remove-missing", action="store_true", help="remove what is not in the file")
        parser.add_argument("--dry-run", action="store_true", help="only report")

    def handle(self, *args: Any, **options: Any) -> None:
        community = community_called(options["community"])
        columns = Columns(*(options[name] for name in ("key", "street", "number", "locality", "former")))
        with scope(community=community):
            problems: list[Problem] = []
            try:
                if is_osm(options["file"].name):
                    found = osm_address_rows(community, options["file"])
                    rows, left_out = found.rows(), found.left_out
                else:
                    source = self.source(options)
                    around = surroundings_of(community)
                    rows, problems = rows_of(source, columns=columns, around=around, locality=options["settlement"])
                    left_out = len(source.features) - len(rows)
            except RefusedError as refusal:
                raise CommandError(refusal.problem.text) from refusal
            for line in problem_table(problems):
                self.stdout.write(line)
            if not rows:
                raise CommandError(_("No row could be taken; nothing was changed."))
            outcome = import_addresses(
                community, rows, remove_missing=options["remove_missing"], dry_run=options["dry_run"]
            )
        for line in lines(outcome, left_out=left_out, dry_run=options["dry_run"]):
            self.stdout.write(line)

    def source(self, options: dict[str, Any]) -> FeatureFile:
        """The file, by what it is; a table is told by its name. Raises RefusedError."""
        file: Path = options["file"]
        data = bytes_of(file)
        if not is_table(file.name):
            return read_features(data, name=file.name, crs=options["crs"], layer=options["layer"])
        table = read_table(data)
        lon = options["lon"] or table.guess(LONGITUDES)
        lat = options["lat"] or table.guess(LATITUDES)
        return table.features(lon=lon, lat=lat, crs=options["crs"])


def lines(outcome: AddressOutcome, *, left_out: int, dry_run: bool) -> Iterator[str]:
    """The outcome for a terminal."""
    for words, count in ((_("Streets"), outcome.streets), (_("Addresses"), outcome.addresses)):
        yield count_line(words, count)
    if left_out:
        yield _("Rows left out: %s.") % left_out
    yield _("A dry run: nothing was changed.") if dry_run else _("Done.")
