"""The door through which registers come in."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date

import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from psycopg import errors

from core.copying import copy_rows
from geodata.models import WGS84, Community
from geodata.problems import Problem
from routing import register_keepers
from routing.actions import organisations_reached_in
from routing.models import Asset, Register
from routing.register_plan import AT_ONCE, RegisterPlan, plan_register
from routing.register_rows import AssetRow
from routing.rule_check import check_soon

# How the database says that somebody stored an overlapping version at the same moment.
LOST_RACES = (errors.ExclusionViolation, errors.DeadlockDetected)
COLUMNS = (
    "community_id", "register_id", "key", "name", "number", "keeper_id", "entrances", "attributes", "search",
    "geometry", "valid_from",
)  # fmt: skip


def import_register(
    community: Community,
    code: str,
    *,
    kind: str,
    rows: Sequence[AssetRow],
    problems: Iterable[Problem],
    valid_from: date,
    name: str = "",
    close_missing: bool = False,
    dry_run: bool = False,
) -> RegisterPlan:
    """Brings the things of one register in, in one transaction, or nothing at all when anything is refused.

    `code` names the register; a new one is made. Keepers that nobody knows become organisations. `close_missing` ends
    what the file no longer has. Must be called inside the community's scope. Returns the plan; `written` tells whether
    it was carried out.
    """
    try:
        with transaction.atomic():
            # Imports of one community wait for each other; new reports do not wait for them (NO KEY UPDATE).
            Community.objects.select_for_update(no_key=True).get(pk=community.pk)
            register = Register.objects.filter(community=community, code=code).first()
            keepers = register_keepers.keepers_of(rows)
            plan = plan_register(rows, problems, register, keepers, on=valid_from, close_missing=close_missing)
            if register and register.kind != kind:
                details = {"kind": str(register.get_kind_display())}
                plan.problems.append(Problem("other_kind", details=details))
            plan.unreached = _unreached(community, plan)
            if not plan.refusals and not dry_run:
                _write(plan, community, code, kind=kind, name=name, valid_from=valid_from)
                check_soon(community, at=timezone.now())
    except (IntegrityError, OperationalError) as mistake:
        if not isinstance(mistake.__cause__, LOST_RACES):
            raise
        plan.written = False
        plan.problems.append(Problem("stored_meanwhile"))
    return plan


def _write(plan: RegisterPlan, community: Community, code: str, *, kind: str, name: str, valid_from: date) -> None:
    register, is_new = Register.objects.get_or_create(
        community=community, code=code, defaults={"name": name or code, "kind": kind}
    )
    if name and not is_new and register.name != name:
        register.name = name
        register.save(update_fields=["name"])
    made = register_keepers.make(plan.keepers.new)

    def keeper_of(row: AssetRow) -> int | None:
        keeper = plan.keepers.by_row.get(row.key)
        return made[keeper] if isinstance(keeper, str) else keeper

    ended = [pk for pk, _row in plan.replaced] + plan.closed
    for start in range(0, len(ended), AT_ONCE):
        Asset.objects.filter(pk__in=ended[start : start + AT_ONCE]).update(valid_to=valid_from)
    _correct(plan.corrected, keeper_of)
    new = [*plan.created, *(row for _pk, row in plan.replaced)]
    here = community.pk, register.pk
    copy_rows(Asset, COLUMNS, ((*here, *_columns(row, keeper_of(row)), valid_from) for row in new))
    plan.written = True


def _columns(row: AssetRow, keeper: int | None) -> tuple[object, ...]:
    """Values of COLUMNS from `key` to `geometry`."""
    attributes = json.dumps(row.attributes, ensure_ascii=False)
    shape = shapely.to_wkb(shapely.set_srid(row.shape, WGS84), hex=True, include_srid=True)
    return row.key, row.name, row.number, keeper, row.entrances, attributes, row.search, shape


def _correct(corrected: Sequence[tuple[int, AssetRow]], keeper_of: Callable[[AssetRow], int | None]) -> None:
    """Versions that began that very day were never in force under anything else: they are corrected in place."""
    rows = []
    for pk, row in corrected:
        shape = GEOSGeometry(memoryview(shapely.to_wkb(row.shape)), srid=WGS84)
        facts = {"name": row.name, "number": row.number, "entrances": row.entrances, "attributes": row.attributes}
        rows.append(Asset(pk=pk, keeper_id=keeper_of(row), search=row.search, geometry=shape, **facts))
    fields = ["name", "number", "keeper", "entrances", "attributes", "search", "geometry"]
    Asset.objects.bulk_update(rows, fields, batch_size=500)


def _unreached(community: Community, plan: RegisterPlan) -> list[str]:
    """Names of the keepers to whom no letter can go in this community: those without an active channel."""
    reached = set(organisations_reached_in(community.pk).values_list("pk", flat=True))
    known = {keeper for keeper in plan.keepers.by_row.values() if isinstance(keeper, int)}
    return sorted([*register_keepers.names(known - reached), *plan.keepers.new])
