"""Boundaries that changed: what of the old areas lies in the new ones. History stays with the areas of its day."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.cache import cache

from core.counters import Counters
from geodata.models import Area, Division
from stats.asking import ask
from stats.shading import TALLEST, WIDTH

KEPT = 3600  # seconds that the overlaps of the same versions are remembered, with the numbers of their cases
SLIVER = 0.001  # share of an old area, and km²: what is less in both is an inaccuracy of drawing

# Pairs of an old and a new version whose ground overlaps, with the cases of the old one that lie in it.
_PAIRS = """
WITH old AS (SELECT id, boundary FROM geodata_area WHERE id = ANY (%s)),
new AS (SELECT id, boundary FROM geodata_area WHERE id = ANY (%s)),
pairs AS MATERIALIZED (
    SELECT old.id AS old, new.id AS new, new.boundary AS ground, ST_Area(old.boundary::geography) / 1e6 AS whole,
        ST_Area(ST_Intersection(old.boundary, new.boundary)::geography) / 1e6 AS km2
    FROM old JOIN new ON old.boundary && new.boundary AND ST_Intersects(old.boundary, new.boundary))
SELECT old, new, km2, km2 / whole, (
    SELECT count(*) FROM stats_case WHERE source = %s AND areas @> ARRAY[old::integer] AND ST_Covers(ground, place))
FROM pairs WHERE km2 > %s OR km2 / whole > %s ORDER BY old, km2 DESC
"""
_OUTLINES = """
WITH drawn AS MATERIALIZED (
    SELECT id, ST_Transform(boundary, 3857) AS shape FROM geodata_area WHERE id = ANY (%s)),
frame AS (SELECT ST_XMin(box) AS west, ST_YMax(box) AS north, ST_XMax(box) - ST_XMin(box) AS wide,
        ST_YMax(box) - ST_YMin(box) AS high FROM (SELECT ST_Extent(shape)::geometry AS box FROM drawn) extent)
SELECT id, ST_AsSVG(ST_SimplifyPreserveTopology(
        ST_TransScale(shape, -west, -north, scale, scale), 0.4), 1, 1), ceil(high * scale)::integer
FROM drawn, frame, LATERAL (SELECT least(%s / wide, %s / high) AS scale) s
"""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Ground that belongs to an old and to a new version. `share`: of the old one; `cases`: of the old one, in it."""

    old: Area
    new: Area
    km2: float
    share: float
    cases: int

    @property
    def is_unchanged(self) -> bool:
        return self.old.pk == self.new.pk


@dataclass(frozen=True, slots=True)
class Drawing:
    """px. Paths of the old outlines and of the new areas."""

    width: int
    height: int
    old: Sequence[str]
    new: Sequence[str]


@dataclass(frozen=True, slots=True)
class Change:
    """What lies between two days of a division."""

    old_day: date
    new_day: date
    overlaps: Sequence[Overlap]
    ended: Sequence[Area]  # in force on the old day, not on the new one
    begun: Sequence[Area]
    kept: Sequence[Area]
    drawing: Drawing | None


def days_of_change(division: Division) -> list[date]:
    """Days on which a version of an area began or ended after the first ones began, the newest first.

    Call it inside the community's scope.
    """
    versions = Area.objects.filter(division=division).values_list("valid_from", "valid_to")
    days = {day for pair in versions for day in pair if day}
    return sorted(days, reverse=True)[:-1] if len(days) > 1 else []


def change(division: Division, counters: Counters, *, old_day: date, new_day: date) -> Change:
    """Compares the areas of two days; the numbers are up to an hour old. Call it inside the community's scope."""
    old, new = (_on(division, day) for day in (old_day, new_day))
    by_key = {area.pk: area for area in (*old, *new)}
    kept = [area for area in old if area in new]
    ended, begun = [area for area in old if area not in kept], [area for area in new if area not in kept]
    rows = _overlapping([one.pk for one in ended], [one.pk for one in new], counters)
    overlaps = [Overlap(by_key[o], by_key[n], km2, share, cases) for o, n, km2, share, cases in rows]
    overlaps.sort(key=lambda one: (one.old.name, one.old.pk, -one.km2))
    drawing = _drawing([one.pk for one in old], [one.pk for one in new]) if ended or begun else None
    return Change(old_day, new_day, overlaps, ended, begun, kept, drawing)


def usual_days(days: Sequence[date], *, today: date) -> tuple[date, date]:
    """The day before the last change that has come, and today."""
    come = [day for day in days if day <= today]
    return (come[0] - timedelta(days=1), today) if come else (today, today)


def _on(division: Division, day: date) -> list[Area]:
    found = Area.objects.on(day).filter(division=division).select_related("division").defer("boundary")
    return list(found.order_by("name", "code"))


def _overlapping(ended: Sequence[int], new: Sequence[int], counters: Counters) -> list[tuple[Any, ...]]:
    """What _PAIRS tells of these versions; every pair of days that has them shares the answer."""
    versions = f"{counters.number}:{sorted(ended)}:{sorted(new)}"
    key = f"boundaries:{hashlib.sha256(versions.encode()).hexdigest()}"
    known: list[tuple[Any, ...]] | None = cache.get(key)
    if known is None:
        known = ask(_PAIRS, [*ended], [*new], counters.number, SLIVER, SLIVER)
        cache.set(key, known, KEPT)
    return known


def _drawing(old: Sequence[int], new: Sequence[int]) -> Drawing | None:
    rows = {key: (path, height) for key, path, height in ask(_OUTLINES, [*old, *new], WIDTH, TALLEST)}
    if not rows:
        return None
    height = max(height for _path, height in rows.values())
    return Drawing(WIDTH, height, [rows[one][0] for one in old], [rows[one][0] for one in new])
