"""The base maps of the demo: a PMTiles file for each community, of its own drawing, as `build_basemap` makes them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from geodata.basemap_build import build
from geodata.basemap_files import new_file
from geodata.models import Community

FARTHEST, CLOSEST = 7, 15  # zooms of the tiles; maps enlarge the closest
MEGABYTE: Final = 1_000_000


def draw_base_maps(communities: Iterable[Community], *, at: datetime, say: Callable[[str], None]) -> None:
    """Writes the files. Where they cannot be written, pages draw the shapes themselves, and that is said.

    To be called when the communities are stored for good: files know no transaction.
    """
    say(_("Drawing the base maps"))
    for community in communities:
        try:
            with new_file(community.slug) as file:
                build(community, file, on=community.day_of(at), min_zoom=FARTHEST, max_zoom=CLOSEST)
                size = file.tell()
        except OSError as mistake:
            say(_("The base map cannot be written, so shapes are drawn instead: %(reason)s") % {"reason": mistake})
            return
        say(f"{community.name}: {size / MEGABYTE:.1f} MB")
