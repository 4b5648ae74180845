"""The door through which registers come in."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from django.db import IntegrityError, OperationalError, transaction
from psycopg import errors

from geodata.models import Community
from geodata.problems import Problem
from routing import register_keepers
from routing.channels import organisations_reached_in
from routing.models import Register
from routing.register_plan import RegisterPlan, plan_register
from routing.register_rows import AssetRow
from routing.register_writing import write
from routing.rule_check import check_soon

# How the database says that somebody stored an overlapping version at the same moment.
LOST_RACES = (errors.ExclusionViolation, errors.DeadlockDetected)


def always(plan: RegisterPlan) -> bool:
    """Agrees to every plan."""
    return True


def never(plan: RegisterPlan) -> bool:
    """Only looks: a dry run."""
    return False


def import_register(
    community: Community,
    code: str,
    *,
    kind: str,
    rows: Sequence[AssetRow],
    problems: Iterable[Problem],
    valid_from: date,
    at: datetime,
    name: str = "",
    close_missing: bool = False,
    agrees: Callable[[RegisterPlan], bool] = always,
) -> RegisterPlan:
    """Brings the things of one register in, in one transaction, or nothing at all when anything is refused.

    `code` names the register; a new one is made. Keepers that nobody knows become organisations. `close_missing` ends
    what the file no longer has. A plan without refusals is carried out when `agrees` to it, before anybody can change
    what it compares with. Must be called inside the community's scope. Returns the plan; `written` tells whether it was
    carried out.
    """
    plan = RegisterPlan([], register_keepers.Keepers())
    try:
        with transaction.atomic():
            # Imports of one community wait for each other; new reports do not wait for them (NO KEY UPDATE).
            Community.objects.select_for_update(no_key=True).get(pk=community.pk)
            register = Register.objects.filter(community=community, code=code).first()
            keepers = register_keepers.keepers_of(rows)
            today = community.day_of(at)
            plan = plan_register(
                rows, problems, register, keepers, on=valid_from, today=today, close_missing=close_missing
            )
            if register and register.kind != kind:
                details = {"kind": str(register.get_kind_display())}
                plan.problems.append(Problem("other_kind", details=details))
            plan.unreached = _unreached(community, plan)
            if not plan.refusals and agrees(plan):
                write(plan, community, code, kind=kind, name=name, valid_from=valid_from, at=at)
                check_soon(community, at=at)
    except (IntegrityError, OperationalError) as mistake:
        if not isinstance(mistake.__cause__, LOST_RACES):
            raise
        plan.written, plan.is_overtaken = False, True
        plan.problems.append(Problem("stored_meanwhile"))
    return plan


def _unreached(community: Community, plan: RegisterPlan) -> list[str]:
    """Names of the keepers to whom no letter can go in this community: those without an active channel."""
    reached = set(organisations_reached_in(community.pk).values_list("pk", flat=True))
    known = {keeper for keeper in plan.keepers.by_row.values() if isinstance(keeper, int)}
    return sorted([*register_keepers.names(known - reached), *plan.keepers.new])
