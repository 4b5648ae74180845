"""Brings the things of one register in: roads, buildings with their managers, lamps, trees, manholes."""

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_scopes import scope

from geodata.candidates import surroundings_of
from geodata.import_report import problem_table
from geodata.management.files import bytes_of, community_called
from geodata.problems import RefusedError
from geodata.reading import FeatureFile, read_features
from geodata.reading_tables import LATITUDES, LONGITUDES, is_table, read_table
from routing.models import Register
from routing.register_import import always, import_register, never
from routing.register_plan import RegisterPlan
from routing.register_rows import rows_of
from routing.register_values import Fields

MOST_NAMES = 20


class Command(BaseCommand):
    help = (
        "Imports the things of a register from GeoJSON, GeoPackage, zipped Shapefile, KML, or a CSV with coordinates. "
        "Things are known by their key: what changed is a new version, the old one is kept. What cannot be repaired is "
        "refused: then nothing is changed, and the exit code is 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("community", help="slug of the community")
        parser.add_argument("register", help="code of the register, for example houses; a new one is made")
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", choices=Register.Kind.values, default="", help="default: that of the register")
        parser.add_argument("--register-name", default="", help="name of the register, for people")
        parser.add_argument("--key", default="key", help="property that names a thing for good; also @id")
        parser.add_argument("--name", default="", help="property with the name, or the street of a house")
        parser.add_argument("--number", default="", help="property with the number of the house, the lamp…")
        parser.add_argument("--keeper", default="", help="property with the name of who keeps it")
        parser.add_argument("--keeper-edrpou", default="", help="property with the keeper's ЄДРПОУ code")
        parser.add_argument("--entrances", default="", help="property with the number of entrances")
        parser.add_argument(
            "--attributes", default="", help="other properties to keep: a,b,c, or * for all; default: none"
        )
        parser.add_argument(
            "--lon",
            default="",
            help="column of a CSV with the longitude; default: lon, lng, x, довгота…; without any, "
            "things that are known keep their places",
        )
        parser.add_argument("--lat", default="", help="column of a CSV with the latitude; default: lat, y, широта…")
        parser.add_argument("--layer", default="", help="layer of the file, where it has several")
        parser.add_argument("--crs", default="", help="reference system of the file, EPSG:32635")
        parser.add_argument("--valid-from", type=date.fromisoformat, help="first day, 2026-01-31; default: today")
        parser.add_argument("--close-missing", action="store_true", help="end things that are not in the file")
        parser.add_argument("--dry-run", action="store_true", help="only report")

    def handle(self, *args: Any, **options: Any) -> None:
        community, at = community_called(options["community"]), timezone.now()
        with scope(community=community):
            known = Register.objects.filter(community=community, code=options["register"]).first()
            kind = options["kind"] or (known.kind if known else Register.Kind.OTHER)
            try:
                source = self.source(options)
            except RefusedError as refusal:
                raise CommandError(refusal.problem.text) from refusal
            around = surroundings_of(community)
            fields = fields_of(options)
            rows, problems = rows_of(source, kind=kind, fields=fields, around=around)
            plan = import_register(
                community,
                options["register"],
                kind=kind,
                rows=rows,
                problems=problems,
                valid_from=options["valid_from"] or community.day_of(at),
                name=options["register_name"],
                close_missing=options["close_missing"],
                at=at,
                agrees=never if options["dry_run"] else always,
            )
        if left_out := fields.left_out(source.fields):
            self.stdout.write(_("Properties that are not kept: %s.") % _named(left_out))
        for line in lines(plan, dry_run=options["dry_run"]):
            self.stdout.write(line)
        if plan.refusals:
            raise CommandError(_("The file was refused; nothing was changed."))

    def source(self, options: dict[str, Any]) -> FeatureFile:
        """The file, by what it is; a CSV is told by its name. Raises RefusedError."""
        file: Path = options["file"]
        data = bytes_of(file)
        if is_table(file.name):
            table = read_table(data)
            lon = options["lon"] or table.guess(LONGITUDES)
            lat = options["lat"] or table.guess(LATITUDES)
            return table.features(lon=lon, lat=lat, crs=options["crs"])
        return read_features(data, name=file.name, crs=options["crs"], layer=options["layer"])


def fields_of(options: dict[str, Any]) -> Fields:
    """The names of properties that were given."""
    listed = options["attributes"]
    return Fields(
        key=options["key"],
        name=options["name"],
        number=options["number"],
        keeper=options["keeper"],
        edrpou=options["keeper_edrpou"],
        entrances=options["entrances"],
        attributes=None if listed == "*" else tuple(name.strip() for name in listed.split(",") if name.strip()),
    )


def lines(plan: RegisterPlan, *, dry_run: bool) -> Iterator[str]:
    """The outcome for a terminal: problems, counts, keepers, and whether anything was written."""
    yield from problem_table(plan.problems)
    yield _("Things: %(new)s new, %(versions)s new versions, %(corrected)s corrected, %(same)s unchanged.") % {
        "new": len(plan.created),
        "versions": len(plan.replaced),
        "corrected": len(plan.corrected),
        "same": plan.unchanged,
    }
    if plan.missing:
        words = _("Not in the file, ended: %s.") if plan.closed else _("Not in the file, still in force: %s.")
        yield words % _named(plan.missing)
    if plan.keepers.new:
        yield _("New organisations: %s.") % _named(sorted(plan.keepers.new))
    if plan.unreached:
        yield _("Keepers without a channel here, whom no letter reaches: %s.") % _named(plan.unreached)
    if plan.without_keeper:
        yield _("Without a keeper: %s.") % plan.without_keeper
    if plan.refusals:
        count = len(plan.refusals)
        yield ngettext("%s refusal: nothing was changed.", "%s refusals: nothing was changed.", count) % count
    else:
        yield _("A dry run: nothing was changed.") if dry_run else _("Done.")


def _named(names: list[str]) -> str:
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (_(" and %s more") % rest if rest > 0 else "")
