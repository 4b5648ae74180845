"""Counts the things of the map anew, square by square."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from geodata.layers import Layer, all_layers
from geodata.management.files import community_called
from geodata.models import Community
from geodata.recount import check, communities_counted, rebuild


class Command(BaseCommand):
    help = (
        "Rebuilds the counts per square that the map is read from, one community after another, while people go on "
        "writing. Needed after rows were brought in with triggers off; the nightly check does the same where it finds "
        "a difference."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("community", nargs="?", help="slug of the community; all without it")
        parser.add_argument("--layer", default="", help="name of a layer; all that are counted without it")
        parser.add_argument("--check", action="store_true", help="only compare and report")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = community_called(options["community"]) if options["community"] else None
        work = list(self.work(wanted, options["layer"]))
        names = dict(Community.objects.values_list("pk", "slug"))
        for done, (layer, community_id) in enumerate(work, start=1):
            assert layer.counted
            began = monotonic()
            where = f"{layer.name}, {names.get(community_id, community_id)}"
            if options["check"]:
                found = check(layer.counted, community_id, repair=False)
                told = _("%(squares)s squares, %(wrong)s differ") % {
                    "squares": found.cells + found.month_cells, "wrong": found.wrong + found.wrong_months,
                }  # fmt: skip
            else:
                rebuild(layer.counted, community_id)
                told = _("rebuilt")
            self.stdout.write(f"[{done}/{len(work)}] {where}: {told} ({monotonic() - began:.1f} s)")
        self.stdout.write(_("Done."))

    def work(self, community: Community | None, name: str) -> list[tuple[Layer, int]]:
        """Layers and communities, in their order."""
        layers = [layer for layer in all_layers() if layer.counted and name in ("", layer.name)]
        return [
            (layer, community_id)
            for layer in layers
            if layer.counted
            for community_id in communities_counted(layer.counted)
            if community is None or community.pk == community_id
        ]
