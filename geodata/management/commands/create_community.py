"""Makes a community."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

import shapely
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from geodata.actions import create_community
from geodata.candidates import NUMBER, candidates_of
from geodata.import_report import problem_table
from geodata.management.files import bytes_of
from geodata.problems import Outcome, RefusedError
from geodata.reading import read_features


def place(text: str) -> tuple[float, float]:
    """Longitude and latitude out of "28.46,49.23"."""
    try:
        longitude, latitude = map(float, text.split(","))
    except ValueError:
        raise ArgumentTypeError("write it as lon,lat") from None
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise ArgumentTypeError("write it as lon,lat")
    return longitude, latitude


class Command(BaseCommand):
    help = (
        "Makes a community; its boundary is the union of the polygons in a file: GeoJSON, GeoPackage, zipped "
        "Shapefile, KML or KMZ."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="its address on the site: small Latin letters, digits, hyphens")
        parser.add_argument("name")
        parser.add_argument("--name-en", default="", help="name in English")
        parser.add_argument("--file", type=Path, help="file with the boundary")
        parser.add_argument("--crs", default="", help="reference system of the file, EPSG:32635")
        parser.add_argument("--layer", default="", help="layer of a file that has several")
        parser.add_argument("--centre", type=place, help="where the map opens: lon,lat; default: the middle")
        parser.add_argument("--katottg", default="", help="code of the codifier")
        parser.add_argument("--time-zone", default="Europe/Kyiv")

    def handle(self, *args: Any, **options: Any) -> None:
        file = options["file"]
        boundary = self.boundary(file, crs=options["crs"], layer=options["layer"]) if file else None
        try:
            community = create_community(
                slug=options["slug"],
                name=options["name"],
                name_en=options["name_en"],
                boundary=boundary,
                centre=options["centre"],
                katottg=options["katottg"],
                time_zone=options["time_zone"],
            )
        except ValidationError as mistake:
            raise CommandError(" ".join(mistake.messages)) from mistake
        self.stdout.write(_("Made: %(name)s, /%(slug)s/") % {"name": community.name, "slug": community.slug})

    def boundary(self, file: Path, *, crs: str, layer: str) -> BaseGeometry:
        """The union of the polygons in the file. Raises CommandError when any of them is refused."""
        try:
            source = read_features(bytes_of(file), name=file.name, crs=crs, layer=layer)
        except RefusedError as refusal:
            raise CommandError(refusal.problem.text) from refusal
        found, problems = candidates_of(source, code=NUMBER, name=NUMBER)
        for line in problem_table(problems):
            self.stdout.write(line)
        if any(problem.outcome is Outcome.REFUSED for problem in problems):
            raise CommandError(_("The file was refused; nothing was changed."))
        return shapely.union_all([candidate.shape for candidate in found])
