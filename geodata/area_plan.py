"""What an import of areas would do to what is stored: decided here, written by geodata.actions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from geodata.candidates import Candidate
from geodata.convert import as_shape
from geodata.coverage import Coverage
from geodata.models import Area
from geodata.problems import Outcome, Problem
from geodata.shapes import inner_point

SAME_PLACE = 1e-9  # degrees, about a tenth of a millimetre


Stored = frozenset[tuple[Any, ...]]  # what was stored when a plan was made, enough to see that it still is


@dataclass(slots=True)
class AreaPlan:
    """Code by code. Nothing is written while anything is refused."""

    problems: list[Problem]
    on: date  # the first day
    created: list[Candidate] = field(default_factory=list)
    replaced: list[tuple[Area, Candidate]] = field(default_factory=list)  # what ends, what follows
    corrected: list[tuple[Area, Candidate]] = field(default_factory=list)  # began that day
    renamed: list[tuple[Area, Candidate]] = field(default_factory=list)  # the boundary is the same
    unchanged: list[Area] = field(default_factory=list)
    missing: list[Area] = field(default_factory=list)  # in force, not in the file
    closed: list[Area] = field(default_factory=list)  # those of them that end
    coverage: Coverage | None = None
    boundary: BaseGeometry | None = None  # what becomes the community's boundary, when that was asked
    compared_with: Stored = frozenset()
    written: bool = False

    @property
    def refusals(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.outcome is Outcome.REFUSED]

    def resulting_shapes(self) -> dict[str, BaseGeometry]:
        """Boundaries by code as they will be on the first day of the import."""
        kept = [area for area in self.missing if area not in self.closed]
        shapes: dict[str, BaseGeometry] = {}
        for area in (*self.unchanged, *kept, *(area for area, _ in self.renamed)):
            shapes[area.code] = shape_of(area)
        for candidate in (*self.created, *(new for _, new in (*self.replaced, *self.corrected))):
            shapes[candidate.code] = candidate.shape
        return shapes


def plan_areas(
    candidates: Sequence[Candidate],
    problems: Iterable[Problem],
    stored: Iterable[Area],
    *,
    on: date,
    today: date,
    close_missing: bool = False,
) -> AreaPlan:
    """Compares candidates with the latest stored version of each code.

    A changed boundary makes a new version from the day `on`. A version that begins on that very day is corrected
    in place while nothing but the reports of `today` (the date in the community) can have been decided by it; later
    it is history, and refused. What contradicts a later version is refused too.
    """
    plan = AreaPlan(list(problems), on)
    latest = {area.code: area for area in stored}
    for candidate in candidates:
        _place(plan, candidate, latest.pop(candidate.code, None), today)
    plan.missing = [area for area in latest.values() if area.valid_to is None and area.valid_from <= on]
    if close_missing:
        plan.closed = [area for area in plan.missing if area.valid_from < on]
        too_young = (area for area in plan.missing if area.valid_from == on)
        plan.problems += [
            Problem("began_that_day", code=area.code, name=area.name, place=inner_point(shape_of(area)))
            for area in too_young
        ]
    return plan


def _place(plan: AreaPlan, new: Candidate, old: Area | None, today: date) -> None:
    """Puts one candidate on the list where it belongs."""
    if old is None or (old.valid_to is not None and old.valid_to <= plan.on):
        plan.created.append(new)
    elif old.valid_from > plan.on:
        _refuse(plan, new, "later_version", old.valid_from)
    elif old.valid_to is not None:
        _refuse(plan, new, "still_in_force", old.valid_to)
    elif _same(new.shape, shape_of(old)):
        if new.name == old.name:
            plan.unchanged.append(old)
        else:
            plan.renamed.append((old, new))
    elif old.valid_from < plan.on:
        plan.replaced.append((old, new))
    elif old.valid_from >= today:
        plan.corrected.append((old, new))
    else:
        _refuse(plan, new, "decided_since", old.valid_from)


def _refuse(plan: AreaPlan, new: Candidate, kind: str, day: date) -> None:
    details, place = {"day": day.isoformat()}, inner_point(new.shape)
    plan.problems.append(Problem(kind, place=place, details=details).of(new.feature, new.code, new.name))


def _same(one: BaseGeometry, other: BaseGeometry) -> bool:
    """True when both draw the same boundary, wherever its rings begin."""
    return bool(shapely.equals_exact(shapely.normalize(one), shapely.normalize(other), SAME_PLACE))


def shape_of(area: Area) -> BaseGeometry:
    """The stored boundary as a shapely geometry, SRID 4326."""
    return as_shape(area.boundary)
