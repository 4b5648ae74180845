"""Brings the national codifier of places in."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from geodata.katottg import BadCodifierError, read_katottg
from geodata.katottg_import import import_katottg, lines
from geodata.management.files import bytes_of

KYIV = ZoneInfo("Europe/Kyiv")


class Command(BaseCommand):
    help = (
        "Imports the codifier (КАТОТТГ) from the table as it is published, separated by semicolons. Units are updated "
        "by their code; those that the table no longer has stay and end. One bad line refuses the whole file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV file of the codifier")
        parser.add_argument("--on", type=date.fromisoformat, help="day on which missing units end; default: today")
        parser.add_argument("--accept-gone", action="store_true", help="even when more than a tenth of the units end")
        parser.add_argument("--dry-run", action="store_true", help="only report")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            codifier = read_katottg(bytes_of(options["file"]))
        except BadCodifierError as refusal:
            raise CommandError(refusal.fault.text) from refusal
        plan = import_katottg(
            codifier,
            on=options["on"] or timezone.localdate(timezone=KYIV),
            accept_gone=options["accept_gone"],
            dry_run=options["dry_run"],
        )
        for line in lines(plan, dry_run=options["dry_run"]):
            self.stdout.write(line)
        if plan.is_refused:
            raise CommandError(_("The file was refused; nothing was changed."))
