"""What an import of a register would do to what is stored: decided here, written by routing.register_import."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy
import shapely
from django.contrib.gis.db.models.functions import AsWKB

from geodata.problems import Problem
from routing.models import Asset, Register
from routing.register_keepers import Keepers
from routing.register_rows import AssetRow

SAME_PLACE = 1e-9  # degrees, about a tenth of a millimetre
AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Stored:
    """The latest version of a thing."""

    pk: int
    key: str
    facts: tuple[object, ...]
    wkb: bytes
    valid_from: date
    valid_to: date | None


@dataclass(slots=True)
class RegisterPlan:
    """Key by key. Nothing is written while anything is refused."""

    problems: list[Problem]
    keepers: Keepers
    created: list[AssetRow] = field(default_factory=list)
    replaced: list[tuple[int, AssetRow]] = field(default_factory=list)  # what ends, what follows
    corrected: list[tuple[int, AssetRow]] = field(default_factory=list)  # began that day
    unchanged: int = 0
    missing: list[str] = field(default_factory=list)  # keys in force that are not in the file
    closed: list[int] = field(default_factory=list)  # those of them that end
    without_keeper: int = 0
    unreached: list[str] = field(default_factory=list)  # keepers without a channel in the community
    written: bool = False

    @property
    def refusals(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.outcome == "refused"]


def plan_register(
    rows: Sequence[AssetRow],
    problems: Iterable[Problem],
    register: Register | None,
    keepers: Keepers,
    *,
    on: date,
    close_missing: bool = False,
) -> RegisterPlan:
    """Compares rows with the latest stored version of each key.

    What changed in any way makes a new version from the day `on`; a version that began on that very day is corrected in
    place. What contradicts a later version is refused.
    """
    plan = RegisterPlan([*problems, *keepers.problems], keepers)
    plan.without_keeper = sum(row.key not in keepers.by_row for row in rows)
    latest = {one.key: one for one in _stored(register)} if register else {}
    compared: list[tuple[AssetRow, Stored]] = []
    for row in rows:
        old = latest.pop(row.key, None)
        if old is None or (old.valid_to is not None and old.valid_to <= on):
            plan.created.append(row)
        elif old.valid_from > on:
            _refuse(plan, row, "later_version", old.valid_from)
        elif old.valid_to is not None:
            _refuse(plan, row, "still_in_force", old.valid_to)
        else:
            compared.append((row, old))
    _compare(plan, compared, on)
    in_force = [one for one in latest.values() if one.valid_to is None and one.valid_from <= on]
    plan.missing = sorted(one.key for one in in_force)
    if close_missing:
        plan.closed = [one.pk for one in in_force if one.valid_from < on]
        plan.problems += [Problem("began_that_day", code=one.key) for one in in_force if one.valid_from == on]
    return plan


def facts_of(row: AssetRow, keepers: Keepers) -> tuple[object, ...]:
    """What makes a version, but for its geometry."""
    return (row.name, row.number, keepers.by_row.get(row.key), row.entrances, row.attributes)


def _compare(plan: RegisterPlan, compared: Sequence[tuple[AssetRow, Stored]], on: date) -> None:
    same = _same_places(compared)
    for (row, old), place in zip(compared, same, strict=True):
        if place and facts_of(row, plan.keepers) == old.facts:
            plan.unchanged += 1
        elif old.valid_from == on:
            plan.corrected.append((old.pk, row))
        else:
            plan.replaced.append((old.pk, row))


def _same_places(compared: Sequence[tuple[AssetRow, Stored]]) -> list[bool]:
    """For each pair, whether both draw the same shape, wherever its rings begin."""
    new = shapely.normalize(numpy.array([row.shape for row, _old in compared], dtype=object))
    old = shapely.normalize(shapely.from_wkb(numpy.array([old.wkb for _row, old in compared], dtype=object)))
    return [bool(same) for same in shapely.equals_exact(new, old, SAME_PLACE)]


def _stored(register: Register) -> Iterator[Stored]:
    versions = Asset.objects.filter(register=register).order_by("key", "-valid_from").distinct("key")
    columns = ("pk", "key", "name", "number", "keeper_id", "entrances", "attributes", "wkb", "valid_from", "valid_to")
    for pk, key, *facts, wkb, first, last in versions.annotate(wkb=AsWKB("geometry")).values_list(*columns):
        yield Stored(pk, key, tuple(facts), bytes(wkb), first, last)


def _refuse(plan: RegisterPlan, row: AssetRow, kind: str, day: date) -> None:
    details = {"day": day.isoformat()}
    plan.problems.append(Problem(kind, feature=row.feature, code=row.key, name=row.name, details=details))
