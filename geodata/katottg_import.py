"""Brings the codifier in: what is new, renamed, moved or gone against what is stored, in one transaction."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from geodata.import_report import table
from geodata.katottg import Codifier, Fault, UnitRow
from geodata.models import Community, Unit

MOST_GONE = 0.1  # share of the units in force; a file without more of them was cut short, or is another one
MOST_LISTED = 20
BATCH = 2000
LOCK = 1_680_260_003  # advisory: imports of the codifier and of communities wait for each other


@dataclass(frozen=True, slots=True)
class Change:
    """One unit before and after."""

    code: str
    was: str
    now: str


@dataclass(slots=True)
class CodifierPlan:
    """What an import would do. Nothing is written while there are faults or too much would go."""

    faults: list[Fault]
    new: list[UnitRow] = field(default_factory=list)
    returned: list[Unit] = field(default_factory=list)
    renamed: list[Change] = field(default_factory=list)
    moved: list[Change] = field(default_factory=list)  # another parent
    recategorised: list[Change] = field(default_factory=list)
    gone: list[Unit] = field(default_factory=list)
    communities_gone: list[Community] = field(default_factory=list)  # carry a code that ended
    before: Counter[str] = field(default_factory=Counter)  # units in force by category
    after: Counter[str] = field(default_factory=Counter)
    too_much_goes: bool = False
    written: bool = False

    @property
    def is_refused(self) -> bool:
        return bool(self.faults) or self.too_much_goes

    @property
    def changes_nothing(self) -> bool:
        return not (self.new or self.returned or self.renamed or self.moved or self.recategorised or self.gone)


def import_katottg(codifier: Codifier, *, on: date, accept_gone: bool = False, dry_run: bool = False) -> CodifierPlan:
    """Makes the stored codifier equal to the file, by code.

    A unit that the file no longer has stays, as reports and communities may name it: it ends on the day `on`. When it
    comes back, it is in force again. More than a tenth ending is refused unless `accept_gone`.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        stored = Unit.objects.in_bulk()
        plan = CodifierPlan(list(codifier.faults))
        changed = _compare(plan, codifier, stored)
        in_force = sum(plan.before.values())
        plan.too_much_goes = not accept_gone and len(plan.gone) > MOST_GONE * in_force
        ended = [unit.code for unit in plan.gone]
        plan.communities_gone = list(Community.objects.filter(katottg__in=ended))
        if not (plan.is_refused or dry_run):
            _write(plan, changed, on=on)
    return plan


def _compare(plan: CodifierPlan, codifier: Codifier, stored: dict[str, Unit]) -> list[Unit]:
    """Fills the plan; returns the stored units whose row has to be written, already with the new values."""
    plan.before = Counter(unit.category for unit in stored.values() if unit.ended_on is None)
    plan.after = Counter(row.category for row in codifier.units.values())
    changed: list[Unit] = []
    for row in codifier.units.values():
        unit = stored.get(row.code)
        if unit is None:
            plan.new.append(row)
        elif _differs(plan, unit, row):
            unit.name, unit.category, unit.parent_id, unit.ended_on = row.name, row.category, row.parent, None
            changed.append(unit)
    missing = (unit for code, unit in stored.items() if code not in codifier.units)
    plan.gone = [unit for unit in missing if unit.ended_on is None]
    return changed


def _differs(plan: CodifierPlan, unit: Unit, row: UnitRow) -> bool:
    pairs = [
        (plan.renamed, unit.name, row.name),
        (plan.moved, unit.parent_id or "–", row.parent or "–"),
        (plan.recategorised, unit.category, row.category),
    ]
    for listed, was, now in pairs:
        if was != now:
            listed.append(Change(row.code, was, now))
    if unit.ended_on is not None:
        plan.returned.append(unit)
    return unit.ended_on is not None or any(was != now for _listed, was, now in pairs)


def _write(plan: CodifierPlan, changed: list[Unit], *, on: date) -> None:
    made = [Unit(code=row.code, category=row.category, name=row.name, parent_id=row.parent) for row in plan.new]
    Unit.objects.bulk_create(made, batch_size=BATCH)
    Unit.objects.bulk_update(changed, ["name", "category", "parent", "ended_on"], batch_size=BATCH)
    Unit.objects.filter(pk__in=[unit.pk for unit in plan.gone]).update(ended_on=on)
    plan.written = True


def lines(plan: CodifierPlan, *, dry_run: bool) -> Iterator[str]:
    """Faults by line, the counts of every category, the changes, and whether anything was written."""
    for fault in plan.faults[:MOST_LISTED]:
        yield _("line %(line)s: %(reason)s") % {"line": fault.line, "reason": fault.text}
    yield from _and_more(len(plan.faults))
    yield from _counts(plan)
    yield _("New: %s.") % len(plan.new)
    yield from _changes(_("Renamed: %s."), plan.renamed)
    yield from _changes(_("Part of another unit: %s."), plan.moved)
    yield from _changes(_("Of another category: %s."), plan.recategorised)
    yield from _units(_("In force again: %s."), plan.returned)
    yield from _units(_("No longer in the codifier: %s."), plan.gone)
    for community in plan.communities_gone:
        yield _("The code of “%(name)s” (/%(slug)s/) has ended: give it a new one.") % {
            "name": community.name,
            "slug": community.slug,
        }
    yield _conclusion(plan, dry_run=dry_run)


def _conclusion(plan: CodifierPlan, *, dry_run: bool) -> str:
    if plan.faults:
        count = len(plan.faults)
        return ngettext("%s refusal: nothing was changed.", "%s refusals: nothing was changed.", count) % count
    if plan.too_much_goes:
        return _("More than a tenth of the codifier would end: nothing was changed. If so it is, say --accept-gone.")
    if dry_run:
        return _("A dry run: nothing was changed.")
    return _("Nothing to change.") if plan.changes_nothing else _("Done.")


def _counts(plan: CodifierPlan) -> Iterator[str]:
    rows = [
        (letter, str(label), str(plan.before[letter]), str(plan.after[letter]))
        for letter, label in Unit.Category.choices
        if plan.before[letter] or plan.after[letter]
    ]
    total = ("", _("total"), str(sum(plan.before.values())), str(sum(plan.after.values())))
    yield from table([("", _("category"), _("stored before"), _("in the file")), *rows, total])


def _changes(words: str, changes: list[Change]) -> Iterator[str]:
    yield words % len(changes)
    for change in changes[:MOST_LISTED]:
        yield f"  {change.code}: {change.was} → {change.now}"
    yield from _and_more(len(changes))


def _units(words: str, units: list[Unit]) -> Iterator[str]:
    yield words % len(units)
    for unit in units[:MOST_LISTED]:
        yield f"  {unit.code}: {unit.name}"
    yield from _and_more(len(units))


def _and_more(count: int) -> Iterator[str]:
    if count > MOST_LISTED:
        yield _("  … and %s more") % (count - MOST_LISTED)
