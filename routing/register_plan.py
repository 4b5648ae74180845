"""What an import of a register would do to what is stored: decided here, written by routing.register_import."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.db import connection

from geodata.problems import Outcome, Problem
from routing.models import Asset, Register
from routing.register_keepers import Keepers
from routing.register_rows import NO_PLACE, AssetRow

SAME_PLACE = 1e-9  # degrees, about a tenth of a millimetre
# Assets that the traces of decisions name: the one that was chosen, and those that rules found.
NAMED = """
SELECT DISTINCT named::bigint
FROM routing_decision d, LATERAL (
  SELECT d.trace -> 'asset' UNION ALL SELECT jsonb_path_query(d.trace, '$.**.asset.id')
) AS t (named)
WHERE d.community_id = %s AND d.as_of >= %s AND jsonb_typeof(named) = 'number'
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """The latest version of a thing."""

    pk: int
    key: str
    name: str
    number: str
    keeper: int | None
    entrances: int | None
    attributes: dict[str, Any]
    wkb: bytes
    valid_from: date
    valid_to: date | None

    @property
    def facts(self) -> tuple[object, ...]:
        """What makes a version, but for its geometry."""
        return (self.name, self.number, self.keeper, self.entrances, self.attributes)


@dataclass(slots=True)
class RegisterPlan:
    """Key by key. Nothing is written while anything is refused."""

    problems: list[Problem]
    keepers: Keepers
    created: list[AssetRow] = field(default_factory=list)
    replaced: list[tuple[int, AssetRow]] = field(default_factory=list)  # what ends, what follows
    corrected: list[tuple[int, AssetRow]] = field(default_factory=list)  # begin that day, and decided nothing yet
    unchanged: int = 0
    missing: list[str] = field(default_factory=list)  # keys in force that are not in the file
    closed: list[int] = field(default_factory=list)  # those of them that end
    without_keeper: int = 0
    unreached: list[str] = field(default_factory=list)  # keepers without a channel in the community
    written: bool = False
    is_overtaken: bool = False  # somebody stored the same things while it was being written

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
    today: date,
    close_missing: bool = False,
) -> RegisterPlan:
    """Compares rows with the latest stored version of each key.

    What changed in any way makes a new version from the day `on`. A version that begins on that very day is corrected
    in place while nothing can have been decided by it: when it begins `today` (the date in the community) or later and
    no decision names it. Otherwise it is history, and refused; so is what contradicts a later version.
    """
    plan = RegisterPlan([*problems, *keepers.problems], keepers)
    latest = {one.key: one for one in _stored(register)} if register else {}
    if rows and not latest and all(row.shape is NO_PLACE for row in rows):
        plan.problems.append(Problem("no_places"))
        return plan
    compared: list[tuple[AssetRow, Stored]] = []
    for row in rows:
        old = latest.pop(row.key, None)
        if old is None or (old.valid_to is not None and old.valid_to <= on):
            if row.shape is NO_PLACE:
                _refuse(plan, row, "new_without_place")
            else:
                plan.created.append(row)
        elif old.valid_from > on:
            _refuse(plan, row, "later_version", old.valid_from)
        elif old.valid_to is not None:
            _refuse(plan, row, "still_in_force", old.valid_to)
        else:
            compared.append((row, old))
    if unplaced := sum(row.shape is NO_PLACE for row, _old in compared):
        plan.problems.append(Problem("places_kept", Outcome.NOTED, details={"count": unplaced}))
    _compare(plan, [(_whole(row, old, keepers), old) for row, old in compared], on)
    _keep_history(plan, register, on, today)
    plan.without_keeper = sum(row.key not in keepers.by_row for row in rows)
    in_force = [one for one in latest.values() if one.valid_to is None and one.valid_from <= on]
    plan.missing = sorted(one.key for one in in_force)
    if close_missing:
        plan.closed = [one.pk for one in in_force if one.valid_from < on]
        plan.problems += [Problem("began_that_day", code=one.key) for one in in_force if one.valid_from == on]
    return plan


def facts_of(row: AssetRow, keepers: Keepers) -> tuple[object, ...]:
    """What makes a version, but for its geometry."""
    return (row.name, row.number, keepers.by_row.get(row.key), row.entrances, row.attributes)


def _whole(row: AssetRow, old: Stored, keepers: Keepers) -> AssetRow:
    """A row without a place changes only what it speaks of: the rest stays as it is stored."""
    if row.shape is not NO_PLACE:
        return row
    if "keeper" in row.silent and old.keeper is not None:
        keepers.by_row[row.key] = old.keeper
    kept = {fact: getattr(old, fact) for fact in row.silent if fact != "keeper"}
    return replace(row, shape=shapely.from_wkb(old.wkb), **kept)


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
    for *about, wkb, first, last in versions.annotate(wkb=AsWKB("geometry")).values_list(*columns):
        pk, key, name, number, keeper, entrances, attributes = about
        yield Stored(pk, key, name, number, keeper, entrances, attributes, bytes(wkb), first, last)


def _keep_history(plan: RegisterPlan, register: Register | None, on: date, today: date) -> None:
    """Refuses to correct what reports were decided by."""
    if not plan.corrected or register is None:
        return
    named = _named_since(register, on) if on >= today else {pk for pk, _row in plan.corrected}
    for pk, row in plan.corrected:
        if pk in named:
            _refuse(plan, row, "asset_decided_since", on)
    plan.corrected = [(pk, row) for pk, row in plan.corrected if pk not in named]


def _named_since(register: Register, day: date) -> set[int]:
    """The assets that decisions of that day and later name."""
    begins = datetime.combine(day, time.min, ZoneInfo(register.community.time_zone))
    with connection.cursor() as cursor:
        cursor.execute(NAMED, [register.community_id, begins])
        return {pk for (pk,) in cursor.fetchall()}


def _refuse(plan: RegisterPlan, row: AssetRow, kind: str, day: date | None = None) -> None:
    details = {"day": day.isoformat()} if day else {}
    plan.problems.append(Problem(kind, feature=row.feature, code=row.key, name=row.name, details=details))
