"""Counts the statistics anew."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from core.counters import all_counters
from geodata.management.files import community_called
from geodata.models import Community
from stats.filling import begin_day
from stats.recount import check, communities_counted, rebuild


class Command(BaseCommand):
    help = (
        "Rebuilds the counts over time that statistics are read from, one community after another, while people go on "
        "writing. Needed after rows were brought in with triggers off; the nightly check does the same where it finds "
        "a difference."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("community", nargs="?", help="slug of the community; all without it")
        parser.add_argument("--check", action="store_true", help="only compare and report")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = community_called(options["community"]) if options["community"] else None
        names = dict(Community.objects.values_list("pk", "slug"))
        if not options["check"]:
            begin_day(at=timezone.now(), waits=True)
        for counters in all_counters():
            for community_id in communities_counted(counters):
                if wanted and wanted.pk != community_id:
                    continue
                began = monotonic()
                if options["check"]:
                    found = check(counters, community_id, repair=False)
                    told = _("%(rows)s counts, %(wrong)s differ") % {"rows": found.rows, "wrong": found.wrong}
                else:
                    rebuild(counters, community_id)
                    told = _("rebuilt")
                where = f"{counters.name}, {names.get(community_id, community_id)}"
                self.stdout.write(f"{where}: {told} ({monotonic() - began:.1f} s)")
        self.stdout.write(_("Done."))
