"""Brings the areas of one division in from a file."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scope

from geodata.actions import import_areas
from geodata.candidates import candidates_of, surroundings_of
from geodata.import_report import lines
from geodata.management.files import bytes_of, community_called
from geodata.problems import RefusedError
from geodata.reading import read_features


class Command(BaseCommand):
    help = (
        "Imports the areas of a division from GeoJSON, GeoPackage, zipped Shapefile, KML or KMZ, in longitude and "
        "latitude or any reference system that the file declares. "
        "What cannot be repaired is refused: then nothing is changed, and the exit code is 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("community", help="slug of the community")
        parser.add_argument("division", help="code of the division, for example wards; a new one is made")
        parser.add_argument("file", type=Path, help="GeoJSON, GeoPackage, zipped Shapefile, KML or KMZ")
        parser.add_argument("--code", default="code", help="property with the area's code; also @id, @number")
        parser.add_argument("--name", default="name", help="property with the area's name; also @id, @number")
        parser.add_argument("--valid-from", type=date.fromisoformat, help="first day, 2026-01-31; default: today")
        parser.add_argument("--division-name", default="", help="name of the division, for people")
        parser.add_argument("--crs", default="", help="reference system of the file, EPSG:32635")
        parser.add_argument("--layer", default="", help="layer of a file that has several; * for all folders of a KML")
        parser.add_argument(
            "--only-polygons", action="store_true", help="leave lines out as well as points, for exports of all kinds"
        )
        parser.add_argument("--close-missing", action="store_true", help="end areas that are not in the file")
        parser.add_argument(
            "--set-boundary", action="store_true", help="the union becomes the community's boundary, at once"
        )
        parser.add_argument("--dry-run", action="store_true", help="only report")

    def handle(self, *args: Any, **options: Any) -> None:
        community = community_called(options["community"])
        file = options["file"]
        try:
            source = read_features(bytes_of(file), name=file.name, crs=options["crs"], layer=options["layer"])
        except RefusedError as refusal:
            raise CommandError(refusal.problem.text) from refusal
        candidates, problems = candidates_of(
            source,
            code=options["code"],
            name=options["name"],
            around=surroundings_of(community),
            only_polygons=options["only_polygons"],
        )
        today = community.day_of(timezone.now())
        with scope(community=community):
            plan = import_areas(
                community,
                options["division"],
                candidates=candidates,
                problems=problems,
                valid_from=options["valid_from"] or today,
                today=today,
                division_name=options["division_name"],
                close_missing=options["close_missing"],
                set_boundary=options["set_boundary"],
                dry_run=options["dry_run"],
            )
        for line in lines(plan, dry_run=options["dry_run"]):
            self.stdout.write(line)
        if plan.refusals:
            raise CommandError(_("The file was refused; nothing was changed."))
