"""What an import of a register would do, as JSON for a page: counts, keepers, problems, shapes for the screen."""

import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import shapely

from geodata.area_preview import problem_as_json, storable
from geodata.problems import Outcome
from routing.register_plan import RegisterPlan, facts_of
from routing.register_rows import AssetRow

MOST_PROBLEMS, MOST_SHAPES, MOST_NAMES = 300, 2000, 50
SCREEN = 1e-5  # degrees, about a metre: no map of a page shows finer shapes
CREATED, REPLACED, CORRECTED, UNCHANGED, KEPT, CLOSED = (
    "created",
    "replaced",
    "corrected",
    "unchanged",
    "kept",
    "closed",
)


def preview_of(plan: RegisterPlan) -> dict[str, Any]:
    """The plan of a dry run as JSON; `digest` is that of `digest_of`. Shapes in SRID 4326."""
    listed = sorted(plan.problems, key=lambda problem: problem.outcome is not Outcome.REFUSED)
    return {
        "counts": counts_of(plan),
        "missing": [storable(key) for key in plan.missing[:MOST_NAMES]],
        "problems": [problem_as_json(problem) for problem in listed[:MOST_PROBLEMS]],
        "problem_count": len(plan.problems),
        "refusals": len(plan.refusals),
        "keepers": keepers_in(plan),
        "shapes": [_shape(what, row) for what, row in islice(_changes(plan), MOST_SHAPES)],
        "digest": digest_of(plan),
    }


def counts_of(plan: RegisterPlan) -> dict[str, int]:
    """How many things go which way."""
    return {
        CREATED: len(plan.created),
        REPLACED: len(plan.replaced),
        CORRECTED: len(plan.corrected),
        UNCHANGED: plan.unchanged,
        KEPT: len(plan.missing) - len(plan.closed),
        CLOSED: len(plan.closed),
    }


def keepers_in(plan: RegisterPlan) -> dict[str, Any]:
    """New organisations, keepers whom no letter reaches, and how many things have none."""
    return {
        "new": sorted(plan.keepers.new)[:MOST_NAMES],
        "new_count": len(plan.keepers.new),
        "unreached": plan.unreached[:MOST_NAMES],
        "unreached_count": len(plan.unreached),
        "without": plan.without_keeper,
    }


def _changes(plan: RegisterPlan) -> Iterator[tuple[str, AssetRow]]:
    """What would be written; what changes stands before what is new, which may be everything."""
    for what, pairs in ((REPLACED, plan.replaced), (CORRECTED, plan.corrected)):
        yield from ((what, row) for _pk, row in pairs)
    yield from ((CREATED, row) for row in plan.created)


def _shape(what: str, row: AssetRow) -> dict[str, Any]:
    simple = shapely.transform(row.shape.simplify(SCREEN), lambda places: places.round(6))
    label = ", ".join(part for part in (row.name, row.number) if part) or row.key
    about = {"what": what, "label": label, "keeper": row.keeper}
    return about | {"geometry": json.loads(shapely.to_geojson(simple))}


def digest_of(plan: RegisterPlan) -> str:
    """SHA-256 of what would be written: facts and shapes, what ends, new organisations, refusals."""
    found = hashlib.sha256()
    changes = sorted(_changes(plan), key=lambda change: change[1].key)
    shapes = shapely.to_wkb([row.shape for _what, row in changes], byte_order=1)
    for (what, row), shape in zip(changes, shapes, strict=True):
        found.update(repr((what, row.key, facts_of(row, plan.keepers))).encode("utf-8", "surrogatepass"))
        found.update(shape)
    found.update(repr((sorted(plan.closed), sorted(plan.keepers.new.items()))).encode("utf-8", "surrogatepass"))
    for refusal in plan.refusals:
        found.update(repr((refusal.kind, refusal.feature, refusal.code)).encode("utf-8", "surrogatepass"))
    return found.hexdigest()
