"""The doors through which communities and areas come in."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import shapely
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from psycopg import errors
from shapely.geometry.base import BaseGeometry

from geodata.area_plan import AreaPlan, plan_areas
from geodata.boxes import zoom_to_fit
from geodata.candidates import Candidate
from geodata.convert import as_boundary, as_shape
from geodata.coverage import coverage
from geodata.events import areas_changed, communities_made
from geodata.fingerprints import boundary_hash
from geodata.models import WGS84, Area, Community, Division
from geodata.problems import Problem

# How the database says that somebody stored an overlapping version at the same moment.
LOST_RACES = (errors.ExclusionViolation, errors.DeadlockDetected)
MOST_ATTEMPTS = 3  # to write a plan before somebody else writes


def import_areas(
    community: Community,
    division: str,
    *,
    candidates: Sequence[Candidate],
    problems: Iterable[Problem],
    valid_from: date,
    today: date,
    division_name: str = "",
    close_missing: bool = False,
    set_boundary: bool = False,
    dry_run: bool = False,
) -> AreaPlan:
    """Brings the areas of one division in, in one transaction, or nothing at all when anything is refused.

    As `plan_import`, then `write_import`; planned anew when somebody else was faster. Returns the plan; `written`
    tells whether it was carried out.
    """
    for _attempt in range(MOST_ATTEMPTS):
        plan = plan_import(
            community,
            division,
            candidates=candidates,
            problems=problems,
            valid_from=valid_from,
            today=today,
            close_missing=close_missing,
            set_boundary=set_boundary,
        )
        if plan.refusals or dry_run or write_import(plan, community, division, name=division_name):
            return plan
    plan.problems.append(Problem("stored_meanwhile"))
    return plan


def plan_import(
    community: Community,
    division: str,
    *,
    candidates: Sequence[Candidate],
    problems: Iterable[Problem],
    valid_from: date,
    today: date,
    close_missing: bool = False,
    set_boundary: bool = False,
) -> AreaPlan:
    """What an import would do; it locks nothing and may take minutes.

    `division` is its code. `close_missing` ends areas that the file no longer has; `set_boundary` makes the union of
    the division the community's boundary, at once, so it is refused for areas that begin after `today`, the date in
    the community. Must be called inside the community's scope.
    """
    stored = list(_latest_versions(community, division))
    plan = plan_areas(candidates, problems, stored, on=valid_from, today=today, close_missing=close_missing)
    plan.compared_with = frozenset(_as_compared(area) for area in stored)
    if set_boundary and valid_from > today:
        plan.problems.append(boundary_too_early(valid_from))
    shapes = plan.resulting_shapes()
    if shapes:
        before = Community.objects.get(pk=community.pk).boundary
        plan.coverage = coverage(shapes, as_shape(before) if before and not set_boundary else None)
        plan.boundary = shapely.union_all(list(shapes.values())) if set_boundary else None
    return plan


def boundary_too_early(day: date) -> Problem:
    """A community has one boundary, that of today: areas of a later day cannot become it yet."""
    return Problem("boundary_too_early", details={"day": day.isoformat()})


def write_import(plan: AreaPlan, community: Community, division: str, *, name: str = "") -> bool:
    """Carries a plan without refusals out, in one transaction, under a short lock.

    `name` is that of the division; a new one is made. False, and nothing is written, when what is stored is no longer
    what the plan was compared with. Must be called inside the community's scope.
    """
    try:
        with transaction.atomic():
            # Imports of one community wait for each other; new reports do not wait for them (NO KEY UPDATE).
            locked = Community.objects.select_for_update(no_key=True).get(pk=community.pk)
            stored = _latest_versions(community, division).defer("boundary")
            if frozenset(map(_as_compared, stored)) != plan.compared_with:
                return False
            _write(plan, locked, division, name=name)
            areas_changed.send(Community, community=locked)
    except (IntegrityError, OperationalError) as mistake:
        if not isinstance(mistake.__cause__, LOST_RACES):
            raise
        return False
    plan.written = True
    return True


def _latest_versions(community: Community, division: str) -> QuerySet[Area]:
    """Each with `boundary_hash`."""
    versions = Area.objects.filter(community=community, division__code=division)
    return versions.order_by("code", "-valid_from").distinct("code").annotate(boundary_hash=boundary_hash())


def _as_compared(area: Area) -> tuple[Any, ...]:
    stored_hash: str = area.boundary_hash  # type: ignore[attr-defined]  # of _latest_versions
    return area.pk, area.name, area.valid_from, area.valid_to, stored_hash


def _write(plan: AreaPlan, community: Community, code: str, *, name: str) -> None:
    division, is_new = Division.objects.get_or_create(community=community, code=code, defaults={"name": name or code})
    if name and not is_new and division.name != name:
        division.name = name
        division.save(update_fields=["name"])
    ended = [old.pk for old, _new in plan.replaced] + [area.pk for area in plan.closed]
    Area.objects.filter(pk__in=ended).update(valid_to=plan.on)
    for old, new in (*plan.corrected, *plan.renamed):
        Area.objects.filter(pk=old.pk).update(name=new.name, boundary=as_boundary(new.shape))
    Area.objects.bulk_create(
        [
            Area(
                community=community,
                division=division,
                code=new.code,
                name=new.name,
                boundary=as_boundary(new.shape),
                valid_from=plan.on,
            )
            for new in (*plan.created, *(new for _old, new in plan.replaced))
        ],
        batch_size=500,
    )
    if plan.boundary is not None:
        community.boundary = as_boundary(plan.boundary)
        community.save(update_fields=["boundary"])


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
    with transaction.atomic():
        community.save()
        communities_made.send(Community, communities=[community])
    return community
