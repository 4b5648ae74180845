"""Ground and the counts on it: boundaries, districts, base maps, squares. geodata lies below core, so core asks."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_scopes import scope

from core.doctor import Asked, Finding, bad, check, ok, warn
from geodata.basemap_files import drawn_file
from geodata.models import CellCheck, Community, MapShape

SHARE: Final = 0.01  # of the ground of a community: less is the roughness of borders
BEHIND: Final = timedelta(minutes=5)
NIGHTS: Final = timedelta(hours=50)

# Of each division, the areas in force that day: how many are broken, and m² outside the community, missing, and twice.
_DIVISIONS = """
WITH community AS (SELECT boundary, ST_Area(boundary::geography) AS m2 FROM geodata_community WHERE id = %(community)s),
areas AS (
    SELECT division_id, boundary FROM geodata_area
    WHERE community_id = %(community)s AND valid_from <= %(day)s AND (valid_to IS NULL OR valid_to > %(day)s)
),
whole AS (
    SELECT division_id, count(*) AS many, count(*) FILTER (WHERE NOT ST_IsValid(boundary)) AS broken,
        ST_UnaryUnion(ST_Collect(ST_MakeValid(boundary))) AS ground,
        sum(ST_Area(ST_MakeValid(boundary)::geography)) AS m2
    FROM areas GROUP BY division_id
)
SELECT d.name, coalesce(w.many, 0), coalesce(w.broken, 0), c.m2,
    coalesce(ST_Area(ST_Difference(w.ground, c.boundary)::geography), 0),
    coalesce(ST_Area(ST_Difference(c.boundary, w.ground)::geography), c.m2),
    coalesce(w.m2 - ST_Area(w.ground::geography), 0)
FROM geodata_division d CROSS JOIN community c LEFT JOIN whole w ON w.division_id = d.id
WHERE d.community_id = %(community)s ORDER BY d.code
"""


@check("geodata.boundaries", gettext_lazy("Boundaries"), seconds=120)
def boundaries(asked: Asked) -> Iterator[Finding]:
    """Each community has a valid one; districts lie inside it, cover it, and not each other."""
    many = 0
    for community in asked.communities():
        many += 1
        with connection.cursor() as cursor:
            sql = "SELECT ST_IsValid(boundary), ST_IsValidReason(boundary) FROM geodata_community WHERE id = %s"
            cursor.execute(sql, [community.pk])
            is_valid, why = cursor.fetchone()
        if is_valid is None:
            mend = f"./misto manage import_areas {community.slug} districts FILE.geojson --set-boundary …"
            yield bad(_("There is no boundary: nothing can be reported."), mend, community.slug)
        elif not is_valid:
            mend = _("Correct the file and import it again: docs/operations.md, The country.")
            yield bad(_("The boundary is broken: %(why)s.") % {"why": str(why).partition("[")[0]}, mend, community.slug)
        else:
            yield from _divisions(community, asked)
    if not many:
        yield bad(_("There is no community."), "./misto manage create_community SLUG NAME --file BOUNDARY.geojson")


def _divisions(community: Community, asked: Asked) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(_DIVISIONS, {"community": community.pk, "day": community.day_of(asked.at)})
        rows: list[Any] = cursor.fetchall()
    worst = False
    for name, many, broken, whole, outside, missing, twice in rows:
        where, mend = f"{community.slug}: {name}", f"./misto manage import_areas {community.slug} … --dry-run"
        if not many:
            worst = True
            yield warn(_("No area is in force today."), mend, where)
            continue
        if broken:
            worst = True
            yield bad(_("Areas with a broken boundary: %(count)d.") % {"count": broken}, mend, where)
        for ground, words in (
            (outside, _("%(share).1f %% of the ground of the community lie outside it.")),
            (twice, _("%(share).1f %% of the ground belong to two areas.")),
            (missing, _("%(share).1f %% of the ground belong to no area.")),
        ):
            if whole and ground / whole > SHARE:
                worst = True
                yield warn(words % {"share": 100 * ground / whole}, mend, where)
    if not worst:
        yield ok(_("Boundary and divisions (%(count)d) fit.") % {"count": len(rows)}, community.slug)


@check("geodata.basemap", gettext_lazy("Base map"))
def basemap(asked: Asked) -> Iterator[Finding]:
    """What pages draw below everything can be read."""
    if settings.BASEMAP_PMTILES:
        yield _readable(Path(settings.BASEMAP_PMTILES), "")
        return
    if settings.BASEMAP_URL:
        yield ok(_("Raster tiles of another server: their reachability is seen by browsers only."))
        return
    for community in asked.communities():
        file = drawn_file(community.slug)
        if file is not None:
            yield _readable(file.path, community.slug)
            continue
        with scope(community=community):
            has_shapes = MapShape.objects.exists()
        if has_shapes:
            yield ok(_("The imported shapes are drawn."), community.slug)
        else:
            mend = f"./misto manage import_osm {community.slug} FILE.osm.pbf"
            yield warn(_("There is no base map: people see a bare ground."), mend, community.slug)


def _readable(path: Path, where: str) -> Finding:
    try:
        with path.open("rb") as file:
            is_one = file.read(8) == b"PMTiles\x03"
    except OSError:
        is_one = False
    if is_one:
        return ok(_("The file of the base map can be read."), where)
    mend = _("Build it anew: ./misto manage build_basemap COMMUNITY, or correct MISTO_BASEMAP_PMTILES.")
    return bad(_("The file of the base map cannot be read: %(name)s.") % {"name": path.name}, mend, where)


@check("geodata.counts", gettext_lazy("Counts of the map and of statistics"))
def counts(asked: Asked) -> Iterator[Finding]:
    """Changes are counted within minutes, and every night counts are compared with what they count."""
    for table, whose in (("geodata_cell_delta", _("map")), ("core_to_count", _("statistics"))):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT at, (SELECT count(*) FROM {table}) FROM {table} ORDER BY id LIMIT 1")  # noqa: S608
            since, many = cursor.fetchone() or (None, 0)
        if since is not None and asked.at - since > BEHIND:
            words = _("%(count)d changes wait to be counted, the oldest for %(minutes)d minutes.")
            told = words % {"count": many, "minutes": (asked.at - since).total_seconds() // 60}
            yield warn(told, _("Start the part “worker” and beat; counts catch up by themselves."), whose)
    for community in asked.communities():
        with scope(community=community):
            last = CellCheck.objects.filter(at__gt=asked.at - timedelta(days=7)).order_by("-at").first()
            wrong = CellCheck.objects.filter(at__gt=asked.at - timedelta(days=1), wrong__gt=0).count()
        if last is None or asked.at - last.at > NIGHTS:
            words = _("Counts were not checked for two nights.")
            mend = _("Does beat run at night? By hand: ./misto manage rebuild_cells --check")
            yield warn(words, mend, community.slug)
        elif wrong:
            words = _("Last night %(count)d counts were wrong; they were repaired.") % {"count": wrong}
            yield warn(words, _("Tell the developers; /admin/ → Checks of counts names them."), community.slug)
        else:
            yield ok(_("Last night's check found nothing wrong."), community.slug)
