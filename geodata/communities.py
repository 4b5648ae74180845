"""The door through which the communities of the country come in, in one transaction, with no ground claimed twice."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django_scopes import scope
from shapely.geometry.base import BaseGeometry

from geodata.area_plan import SAME_PLACE
from geodata.boxes import zoom_to_fit
from geodata.communities_ground import Settled, Shared, settle
from geodata.communities_join import Claim, Register
from geodata.communities_slugs import Slugs
from geodata.convert import as_boundary, as_shape
from geodata.coverage import Coverage, coverage
from geodata.events import areas_changed, communities_made
from geodata.fingerprints import boundary_hash
from geodata.katottg_import import LOCK
from geodata.models import WGS84, Community
from geodata.problems import Outcome, Problem

BATCH = 200


@dataclass(slots=True)
class CommunityPlan:
    """Code by code. Nothing is written while anything is refused."""

    problems: list[Problem]
    created: list[Community] = field(default_factory=list)
    redrawn: list[Community] = field(default_factory=list)
    unchanged: list[Community] = field(default_factory=list)
    kept: list[Community] = field(default_factory=list)  # their boundary stays, as was asked
    undrawn: Counter[str] = field(default_factory=Counter)  # communities of the codifier without a boundary, by oblast
    shared: list[Shared] = field(default_factory=list)
    coverage: Coverage | None = None  # as it will be: what still overlaps, and gaps between communities
    written: bool = False

    @property
    def refusals(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.outcome is Outcome.REFUSED]


def import_communities(
    claims: Sequence[Claim],
    problems: Iterable[Problem],
    *,
    register: Register,
    keep: Collection[str] = (),
    dry_run: bool = False,
) -> CommunityPlan:
    """Makes the communities that are new and redraws those that are there, or does nothing when anything is refused.

    A community is known by its code. One that exists keeps its address, name and settings; only its boundary changes.
    Communities with a code in `keep`, and those that the file does not have, keep their boundary, and so their ground.
    Communities without a code (an invented town) take no part. What is stored is locked only while the plan is
    written; changed since it was read, it is a refusal. Raises IntegrityError when somebody made the same community at
    the same moment.
    """
    plan = CommunityPlan(list(problems))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        everyone = list(_everyone())
        stored = {community.katottg: community for community in everyone if community.katottg}
        plan.kept = [stored[claim.code] for claim in claims if claim.code in keep and claim.code in stored]
        brought = [claim for claim in claims if claim.code not in {community.katottg for community in plan.kept}]
        settled = _settle(plan, brought, stored)
        others = {community.slug: community.katottg for community in everyone}
        slugs = Slugs(register)
        for claim in brought:
            shape = settled.shapes[claim.code]
            if shape.is_empty:
                continue
            if claim.code in stored:
                _redraw(plan, stored[claim.code], claim, shape)
            else:
                _create(plan, claim, shape, slug=_address(plan, claim, slugs, others))
        plan.undrawn = _undrawn(register, {*stored, *(claim.code for claim in claims)})
        if not (plan.refusals or dry_run):
            _write(plan, everyone)
    return plan


def _everyone() -> QuerySet[Community]:
    """Each with `boundary_hash`."""
    return Community.objects.order_by("pk").annotate(boundary_hash=boundary_hash())


def _as_compared(community: Community) -> tuple[Any, ...]:
    stored_hash: str = community.boundary_hash  # type: ignore[attr-defined]  # of _everyone
    return community.pk, community.slug, community.katottg, community.name, stored_hash


def _write(plan: CommunityPlan, compared_with: Sequence[Community]) -> None:
    """Carries the plan out, unless the communities are no longer those that it was compared with."""
    before = [_as_compared(community) for community in compared_with]
    # Reports do not wait for the import (NO KEY UPDATE).
    if before != [_as_compared(row) for row in _everyone().defer("boundary").select_for_update(no_key=True)]:
        plan.problems.append(Problem("stored_meanwhile"))
        return
    Community.objects.bulk_create(plan.created, batch_size=BATCH)
    communities_made.send(Community, communities=plan.created)
    Community.objects.bulk_update(plan.redrawn, ["boundary"], batch_size=BATCH)
    for community in plan.redrawn:
        with scope(community=community):
            areas_changed.send(Community, community=community)
    plan.written = True


def _settle(plan: CommunityPlan, claims: Sequence[Claim], stored: dict[str, Community]) -> Settled:
    """Settles the ground and looks at the outcome; a claim that shares too much is refused."""
    codes = {claim.code for claim in claims}
    fixed = {
        code: as_shape(community.boundary)
        for code, community in stored.items()
        if code not in codes and community.boundary
    }
    settled = settle({claim.code: claim.shape for claim in claims}, fixed)
    plan.shared = settled.shared
    by_code = {claim.code: claim for claim in claims}
    names = {code: community.name for code, community in stored.items()} | {c.code: c.name for c in claims}
    for found in settled.shared:
        if found.is_too_much or settled.shapes[found.lost_by].is_empty:
            loser = by_code[found.lost_by]
            details: dict[str, str | int] = {"share": round(100 * found.share), "other": names[found.kept_by]}
            problem = Problem("mostly_shared", place=found.place, details=details)
            plan.problems.append(problem.of(loser.feature, loser.code, loser.name))
    drawn = {code: shape for code, shape in settled.shapes.items() if not shape.is_empty}
    if drawn:
        plan.coverage = coverage(fixed | drawn, None)
    return settled


def _address(plan: CommunityPlan, claim: Claim, slugs: Slugs, others: dict[str, str | None]) -> str:
    """A free address; a community without a code that sits on it may be the same one, so that is asked first."""
    wanted = slugs.choose(claim.code, {slug: code for slug, code in others.items() if code})
    if wanted in others:
        details = {"slug": wanted, "code": claim.code}
        plan.problems.append(Problem("slug_of_unknown", details=details).of(claim.feature, claim.code, claim.name))
    others[wanted] = claim.code
    return wanted


def _create(plan: CommunityPlan, claim: Claim, shape: BaseGeometry, *, slug: str) -> None:
    west, south, east, north = shape.bounds
    community = Community(
        slug=slug,
        name=claim.name,
        katottg=claim.code,
        boundary=as_boundary(shape),
        centre=Point((west + east) / 2, (south + north) / 2, srid=WGS84),
        zoom=zoom_to_fit(shape.bounds),
    )
    try:
        community.clean_fields()
    except ValidationError as mistake:  # nothing of the file should get so far
        raise ValueError(f"{claim.code}: {mistake.messages}") from mistake
    plan.created.append(community)


def _redraw(plan: CommunityPlan, community: Community, claim: Claim, shape: BaseGeometry) -> None:
    if community.name != claim.name:
        kept = Problem("name_kept", Outcome.NOTED, details={"name": claim.name})
        plan.problems.append(kept.of(claim.feature, claim.code, community.name))
    boundary = as_boundary(shape)
    if community.boundary and _same(as_shape(community.boundary), as_shape(boundary)):
        plan.unchanged.append(community)
    else:
        community.boundary = boundary
        plan.redrawn.append(community)


def _undrawn(register: Register, drawn: Collection[str]) -> Counter[str]:
    """How many communities of the codifier are not among those, by the name of the oblast."""
    missing = (unit for unit in register.communities() if unit.code not in drawn)
    return Counter(register.above(unit)[-1].name for unit in missing)


def _same(one: BaseGeometry, other: BaseGeometry) -> bool:
    """True when both draw the same boundary, wherever its rings begin."""
    return bool(shapely.equals_exact(shapely.normalize(one), shapely.normalize(other), SAME_PLACE))
