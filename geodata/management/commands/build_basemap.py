from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from geodata.basemap_build import BuiltElsewhereError, NothingToDrawError, Plan, Progress, build, plan
from geodata.basemap_files import has_built_file, new_file
from geodata.management.files import community_called
from geodata.models import Community

CLOSEST = 16  # a tile of it is 400 m wide in Ukraine; maps enlarge it
PAUSE = 5  # seconds between two lines about one zoom


class Command(BaseCommand):
    help = (
        "Makes the base map of a community, a PMTiles file, from its imported shapes, its areas in force today and its "
        "boundary. Pages draw it from the moment when it is whole."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("community", help="slug of the community")
        parser.add_argument("--min-zoom", type=int, default=7, help="farthest zoom of the tiles, from 0; default: 7")
        parser.add_argument("--max-zoom", type=int, default=15, help=f"closest zoom, up to {CLOSEST}; default: 15")
        parser.add_argument("--dry-run", action="store_true", help="only tell what would be drawn")

    def handle(self, *args: Any, **options: Any) -> None:
        community = community_called(options["community"])
        zooms = {"min_zoom": options["min_zoom"], "max_zoom": options["max_zoom"]}
        if not 0 <= zooms["min_zoom"] <= zooms["max_zoom"] <= CLOSEST:
            raise CommandError(
                _("Zooms go from 0 to %(closest)d, and the farthest is not above the closest.") % {"closest": CLOSEST}
            )
        today = community.day_of(timezone.now())
        try:
            if options["dry_run"]:
                self._tell_plan(plan(community, on=today, **zooms))
            else:
                self._build(community, today, zooms)
        except NothingToDrawError:
            raise CommandError(
                _("There is nothing to draw in “%(name)s”: import shapes or areas first.") % {"name": community.name}
            ) from None
        except BuiltElsewhereError:
            raise CommandError(_("This map is being built by somebody else at the moment.")) from None
        except OSError as mistake:
            raise CommandError(_("The map cannot be written: %(reason)s") % {"reason": mistake}) from mistake

    def _build(self, community: Community, today: date, zooms: dict[str, int]) -> None:
        with new_file(community.slug) as file:
            build(community, file, on=today, told=self._teller(), **zooms)
            size = file.tell()
        self.stdout.write(_("Written: %(size)s.") % {"size": _readable(size)})
        if not has_built_file(community.slug):
            self.stdout.write(_("It is not drawn yet: MISTO_BASEMAP_PMTILES or MISTO_BASEMAP_URL comes first."))

    def _tell_plan(self, found: Plan) -> None:
        for name, count in found.shapes.items():
            self.stdout.write(f"{name}: {count}")
        self.stdout.write(_("Tiles, at most: %(count)d") % {"count": sum(found.tiles.values())})

    def _teller(self) -> Callable[[Progress], None]:
        """Says when a zoom is done, and now and then how far it is."""
        said = monotonic()

        def tell(now: Progress) -> None:
            nonlocal said
            if now.done < now.all and monotonic() - said < PAUSE:
                return
            said = monotonic()
            facts = {"zoom": now.zoom, "percent": now.done * 100 // now.all, "tiles": now.tiles}
            line = _("Zoom %(zoom)d: %(percent)d %%; %(tiles)d tiles, %(size)s")
            self.stdout.write(line % (facts | {"size": _readable(now.bytes)}))

        return tell


def _readable(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{size / 1000:.1f} kB"
