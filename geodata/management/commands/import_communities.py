"""Makes the communities of the country from their polygons and the codifier."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils.translation import gettext as _

from geodata.communities import CommunityPlan, import_communities
from geodata.communities_join import BadCodesError, Register, claims_of, read_codes
from geodata.communities_report import lines, write_table
from geodata.management.files import bytes_of
from geodata.models import Community, Unit
from geodata.problems import RefusedError
from geodata.reading import FeatureFile, read_features


class Command(BaseCommand):
    help = (
        "Makes communities from polygons with the properties id, hromada, rayon, region, joined to the codifier by a "
        "table with the columns id, hromada_code, hromada_full_name. Ground that two of them claim goes to the smaller "
        "one. Communities that exist are known by their code; only their boundary changes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="polygons: GeoJSON, GeoPackage, zipped Shapefile, KML or KMZ")
        parser.add_argument("--codes", type=Path, required=True, help="CSV that joins polygons to the codifier")
        parser.add_argument("--crs", default="", help="reference system of the file, EPSG:32635")
        parser.add_argument("--layer", default="", help="layer of a file that has several")
        parser.add_argument(
            "--keep", action="append", default=[], metavar="CODE",
            help="a community that keeps the boundary it has; may be given several times",
        )  # fmt: skip
        parser.add_argument("--report", type=Path, help="CSV to write: all ground claimed twice and all gaps")
        parser.add_argument("--dry-run", action="store_true", help="only report")

    def handle(self, *args: Any, **options: Any) -> None:
        register = Register(Unit.objects.filter(ended_on=None))
        if not register.units:
            raise CommandError(_("The codifier is empty. Bring it in first: manage.py import_katottg FILE"))
        try:
            source = features_of(options["file"], crs=options["crs"], layer=options["layer"])
            codes = read_codes(bytes_of(options["codes"]))
        except RefusedError as refusal:
            raise CommandError(refusal.problem.text) from refusal
        except BadCodesError as mistake:
            raise CommandError(
                _("%(file)s does not join polygons to codes: %(reason)s")
                % {"file": options["codes"], "reason": mistake}
            ) from mistake
        for code in options["keep"]:
            if not Community.objects.filter(katottg=code).exists():
                raise CommandError(_("There is no community with the code %s to keep.") % code)
        claims, problems = claims_of(source, codes, register)
        try:
            plan = import_communities(
                claims, problems, register=register, keep=options["keep"], dry_run=options["dry_run"]
            )
        except IntegrityError as mistake:
            raise CommandError(_("Somebody made one of these communities at the same moment; try again.")) from mistake
        names = {claim.code: claim.name for claim in claims}
        names |= {row.katottg: row.name for row in Community.objects.only("katottg", "name") if row.katottg}
        for line in lines(plan, names, dry_run=options["dry_run"]):
            self.stdout.write(line)
        if options["report"]:
            self.write_report(options["report"], plan, names)
        if plan.refusals:
            raise CommandError(_("The file was refused; nothing was changed."))

    def write_report(self, file: Path, plan: CommunityPlan, names: dict[str, str]) -> None:
        """The table of shared ground and gaps. Raises CommandError when the file cannot be written."""
        try:
            with file.open("w", encoding="utf-8", newline="") as opened:
                write_table(plan, names, to=opened)
        except OSError as mistake:
            reason = {"file": file, "reason": mistake.strerror}
            raise CommandError(_("%(file)s cannot be written: %(reason)s") % reason) from mistake


def features_of(file: Path, *, crs: str, layer: str) -> FeatureFile:
    """The one place where this command reads polygons. Raises RefusedError or CommandError."""
    return read_features(bytes_of(file), name=file.name, crs=crs, layer=layer)
