"""The doors through which communities and areas come in."""

from collections.abc import Iterable, Sequence
from datetime import date

import shapely
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.utils.translation import gettext as _
from psycopg import errors
from shapely.geometry.base import BaseGeometry

from geodata.area_plan import AreaPlan, plan_areas
from geodata.boxes import zoom_to_fit
from geodata.candidates import Candidate
from geodata.convert import as_boundary, as_shape
from geodata.coverage import coverage
from geodata.events import areas_changed
from geodata.models import WGS84, Area, Community, Division
from geodata.problems import Problem

# How the database says that somebody stored an overlapping version at the same moment.
LOST_RACES = (errors.ExclusionViolation, errors.DeadlockDetected)


def import_areas(
    community: Community,
    division: str,
    *,
    candidates: Sequence[Candidate],
    problems: Iterable[Problem],
    valid_from: date,
    division_name: str = "",
    close_missing: bool = False,
    set_boundary: bool = False,
    dry_run: bool = False,
) -> AreaPlan:
    """Brings the areas of one division in, in one transaction, or nothing at all when anything is refused.

    `division` is its code; a new one is made. `close_missing` ends areas that the file no longer has;
    `set_boundary` makes the union of the division the community's boundary. Must be called inside the
    community's scope. Returns the plan; `written` tells whether it was carried out.
    """
    try:
        with transaction.atomic():
            # Imports of one community wait for each other; new reports do not wait for them (NO KEY UPDATE).
            locked = Community.objects.select_for_update(no_key=True).get(pk=community.pk)
            stored = _latest_versions(community, division)
            plan = plan_areas(candidates, problems, stored, on=valid_from, close_missing=close_missing)
            shapes = plan.resulting_shapes()
            if shapes:
                territory = as_shape(locked.boundary) if locked.boundary and not set_boundary else None
                plan.coverage = coverage(shapes, territory)
            if not plan.refusals and not dry_run:
                _write(plan, locked, division, name=division_name, valid_from=valid_from)
                if set_boundary and shapes:
                    locked.boundary = as_boundary(shapely.union_all(list(shapes.values())))
                    locked.save(update_fields=["boundary"])
                if plan.written:
                    areas_changed.send(Community, community=locked)
    except (IntegrityError, OperationalError) as mistake:
        if not isinstance(mistake.__cause__, LOST_RACES):
            raise
        plan.written = False
        plan.problems.append(Problem("stored_meanwhile"))
    return plan


def _latest_versions(community: Community, division: str) -> list[Area]:
    versions = Area.objects.filter(community=community, division__code=division)
    return list(versions.order_by("code", "-valid_from").distinct("code"))


def _write(plan: AreaPlan, community: Community, code: str, *, name: str, valid_from: date) -> None:
    division, is_new = Division.objects.get_or_create(community=community, code=code, defaults={"name": name or code})
    if name and not is_new and division.name != name:
        division.name = name
        division.save(update_fields=["name"])
    ended = [old.pk for old, _new in plan.replaced] + [area.pk for area in plan.closed]
    Area.objects.filter(pk__in=ended).update(valid_to=valid_from)
    for old, new in (*plan.corrected, *plan.renamed):
        old.name, old.boundary = new.name, as_boundary(new.shape)
        old.save(update_fields=["name", "boundary"])
    Area.objects.bulk_create(
        [
            Area(
                community=community,
                division=division,
                code=new.code,
                name=new.name,
                boundary=as_boundary(new.shape),
                valid_from=valid_from,
            )
            for new in (*plan.created, *(new for _old, new in plan.replaced))
        ],
        batch_size=500,
    )
    plan.written = True


def create_community(
    *,
    slug: str,
    name: str,
    name_en: str = "",
    boundary: BaseGeometry | None = None,
    centre: tuple[float, float] | None = None,
    katottg: str = "",
    time_zone: str = "Europe/Kyiv",
) -> Community:
    """A new community; its map opens at `centre`, else in the middle of its boundary.

    Raises ValidationError for a slug that is taken or reserved, for an unknown time zone, and when neither
    boundary nor centre is given.
    """
    community = Community(slug=slug, name=name, name_en=name_en, katottg=katottg or None, time_zone=time_zone)
    if boundary is not None:
        west, south, east, north = boundary.bounds
        centre = centre or ((west + east) / 2, (south + north) / 2)
        community.boundary = as_boundary(boundary)
        community.zoom = zoom_to_fit(boundary.bounds)
    if centre is None:
        missing = _("A community without a boundary needs a place where its map opens.")
        raise ValidationError({"centre": missing})
    community.centre = Point(*centre, srid=WGS84)
    community.full_clean()
    community.save()
    return community
