"""What an import of areas would do, as JSON for a page: counts, problems, overlaps and gaps, shapes for the screen."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from geodata.area_plan import AreaPlan, shape_of
from geodata.coverage import Coverage, Gap, Overlap
from geodata.problems import Outcome, Place, Problem

SCREEN = 1500.0  # pixels: no screen shows a finer shape of the whole
MOST_PROBLEMS = 300  # listed one by one, refusals first; all are counted
MOST_PLACES = 20  # overlaps or gaps of one kind listed one by one, the largest first
MOST_SHAPES = 2000
MOST_CODES = 50

# What becomes of an area; the page has words for each.
CREATED, REPLACED, CORRECTED, RENAMED = "created", "replaced", "corrected", "renamed"
UNCHANGED, KEPT, CLOSED = "unchanged", "kept", "closed"
Change = tuple[str, str, str, BaseGeometry | None, BaseGeometry | None]  # what, code, name, old and new shape


def preview_of(plan: AreaPlan) -> dict[str, Any]:
    """The plan of a dry run as JSON; `digest` tells two plans apart. Shapes are simplified, SRID 4326."""
    changes = list(_changes(plan))
    listed = sorted(plan.problems, key=lambda problem: problem.outcome is not Outcome.REFUSED)
    return {
        "counts": counts_of(plan),
        "missing": [area.code for area in plan.missing[:MOST_CODES]],
        "problems": [problem_as_json(problem) for problem in listed[:MOST_PROBLEMS]],
        "problem_count": len(plan.problems),
        "refusals": len(plan.refusals),
        "coverage": _coverage(plan.coverage) if plan.coverage else None,
        "shapes": _shapes(changes),
        "digest": digest_of(plan),
    }


def counts_of(plan: AreaPlan) -> dict[str, int]:
    """How many areas go which way."""
    return {
        CREATED: len(plan.created),
        REPLACED: len(plan.replaced),
        CORRECTED: len(plan.corrected),
        RENAMED: len(plan.renamed),
        UNCHANGED: len(plan.unchanged),
        KEPT: len(plan.missing) - len(plan.closed),
        CLOSED: len(plan.closed),
    }


def digest_of(plan: AreaPlan) -> str:
    """SHA-256 of what would be written: codes, kinds of change, names, shapes before and after, refusals."""
    found = hashlib.sha256()
    for what, code, name, old, new in sorted(_changes(plan), key=lambda change: change[:2]):
        found.update(repr((what, code, name, _hash(old), _hash(new))).encode())
    for refusal in plan.refusals:
        found.update(repr((refusal.kind, refusal.feature, refusal.code)).encode())
    return found.hexdigest()


def problem_as_json(problem: Problem) -> dict[str, Any]:
    """A problem to be kept; words are found when somebody reads it."""
    return {
        "kind": problem.kind,
        "outcome": problem.outcome.value,
        "feature": problem.feature,
        "code": storable(problem.code),
        "name": storable(problem.name),
        "place": _place(problem.place),
        "details": {
            key: storable(value) if isinstance(value, str) else value for key, value in problem.details.items()
        },
    }


def problem_from_json(kept: dict[str, Any]) -> Problem:
    """The problem that was kept."""
    place: Sequence[float] | None = kept["place"]
    return Problem(
        kept["kind"],
        Outcome(kept["outcome"]),
        feature=kept["feature"],
        code=kept["code"],
        name=kept["name"],
        place=(place[0], place[1]) if place else None,
        details=kept["details"],
    )


def storable(text: str) -> str:
    """The text without what PostgreSQL keeps in no JSON: NUL and halves of characters."""
    return text.encode("utf-8", "ignore").decode().replace("\0", "")


def _changes(plan: AreaPlan) -> Iterator[Change]:
    for new in plan.created:
        yield CREATED, new.code, new.name, None, new.shape
    for what, pairs in ((REPLACED, plan.replaced), (CORRECTED, plan.corrected), (RENAMED, plan.renamed)):
        for old, new in pairs:
            yield what, new.code, new.name, shape_of(old), new.shape
    for area in plan.unchanged:
        yield UNCHANGED, area.code, area.name, None, shape_of(area)
    closed = {area.pk for area in plan.closed}
    for area in plan.missing:
        if area.pk in closed:
            yield CLOSED, area.code, area.name, shape_of(area), None
        else:
            yield KEPT, area.code, area.name, None, shape_of(area)


def _hash(shape: BaseGeometry | None) -> str:
    return hashlib.sha256(shapely.to_wkb(shape, byte_order=1)).hexdigest() if shape is not None else ""


def _shapes(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Old and new boundaries apart; what does not change is there once."""
    kept = [change for change in changes if change[0] != RENAMED][:MOST_SHAPES]
    kept += [(what, code, name, None, new) for what, code, name, _old, new in changes if what == RENAMED]
    every = [shape for *_about, old, new in kept for shape in (old, new) if shape is not None]
    if not every:
        return []
    west, south, east, north = shapely.total_bounds(every).tolist()
    pixel = max(east - west, north - south) / SCREEN
    drawn = []
    for what, code, name, old, new in kept:
        for side, shape in (("old", old), ("new", new)):
            if shape is not None:
                about = {"what": what, "side": side, "code": code, "name": name}
                drawn.append(about | {"geometry": _for_the_screen(shape, pixel)})
    return drawn


def _for_the_screen(shape: BaseGeometry, pixel: float) -> dict[str, Any]:
    """GeoJSON with places to about a metre."""
    simple = shape.simplify(pixel, preserve_topology=True)
    rounded = shapely.transform(simple, lambda places: places.round(5))
    found: dict[str, Any] = mapping(rounded)
    return found


def _coverage(found: Coverage) -> dict[str, Any]:
    return {
        "overlaps": _part(found.overlaps, lambda overlap: {"codes": list(overlap.codes)}),
        "holes": _part(found.holes),
        "uncovered": _part(found.uncovered),
        "outside": _part(found.outside),
    }


def _part(
    found: Sequence[Overlap] | Sequence[Gap], more: Callable[[Any], dict[str, Any]] = lambda _one: {}
) -> dict[str, Any]:
    rows = [
        {"metres": float(one.square_metres), "place": _place(one.place), **more(one)} for one in found[:MOST_PLACES]
    ]
    return {"count": len(found), "metres": float(sum(one.square_metres for one in found)), "rows": rows}


def _place(place: Place | None) -> list[float] | None:
    return [float(place[0]), float(place[1])] if place else None
