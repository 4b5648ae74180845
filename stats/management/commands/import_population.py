"""Brings numbers of residents in from a CSV file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django_scopes import scope

from geodata.management.files import bytes_of, community_called
from stats.population_import import import_population


class Command(BaseCommand):
    help = (
        "Imports numbers of residents from a CSV file with the columns area, year, people and, if you like, source. "
        "An empty area is the whole community, districts.north an area of it. Nothing is written while a line is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("community", help="slug of the community")
        parser.add_argument("file", type=Path, help="CSV, UTF-8")

    def handle(self, *args: Any, **options: Any) -> None:
        community = community_called(options["community"])
        try:
            text = bytes_of(options["file"]).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CommandError(_("The file is not in UTF-8.")) from error
        with scope(community=community):
            outcome = import_population(text.splitlines(), community=community)
        if outcome.problems:
            raise CommandError("\n".join(outcome.problems))
        self.stdout.write(_("%(n)s numbers of residents are stored.") % {"n": outcome.written})
