"""Questions that the database would answer alike: deep inside the same areas, about the same category, under one set.

Used by routing.bulk: an import of ten years asks about few places that differ. What routing_decide finds around a point
depends on the point only through the areas that cover it, as long as no border is near and no rule asks a register;
then the first answer of its kind is good for the others. Nothing is decided here.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from geodata.models import Area, Community
from routing.judging import NEAR, Found
from routing.models import RuleSet
from routing.responsibility import Asked

# Metres from any border at which a point is deep inside: what is near enough to be found, and what a sphere, rounded
# coordinates and the box around a point may add.
DEEP = NEAR * 1.05
DEGREE = 110_500.0  # metres: no degree of latitude on the ellipsoid is shorter
PIECE = 32  # corners of a border in one piece of the index

Key = tuple[int | None, int | None, frozenset[int]]  # category, set of rules, areas that cover the point


@dataclass(frozen=True, slots=True)
class _Version:
    """An area as it was from a day to another (not including)."""

    pk: int
    valid_from: date
    valid_to: date | None
    shape: BaseGeometry
    box: tuple[float, float, float, float]


class Alike:
    """Sorts the questions of one community. Reads its areas and sets of rules once: let it live for minutes, not days.

    Must be made inside the community's scope.
    """

    def __init__(self, community: Community, *, ruleset: int | None, on: date | None) -> None:
        self._community, self._ruleset, self._on = community, ruleset, on
        boundary = [shapely.from_wkb(bytes(community.boundary.wkb))] if community.boundary else []
        self._versions = list(_versions(community))
        shapes = [*boundary, *(version.shape for version in self._versions)]
        self._inside = shapely.union_all(boundary) if boundary else None
        if self._inside is not None:
            shapely.prepare(self._inside)
        # The narrowest degree of longitude of all: distances are never overestimated, so no border is missed.
        tops = [max(abs(low), abs(high)) for _west, low, _east, high in (shape.bounds for shape in shapes)]
        self._narrow = float(np.cos(np.radians(min(max(tops, default=0) + 0.01, 89))))
        self._borders = shapely.STRtree([piece for shape in shapes for piece in self._pieces(shape)])
        sets = RuleSet.objects.filter(community=community, in_force_from__isnull=False).order_by("in_force_from")
        self._begins = [begins for begins in sets.values_list("in_force_from", flat=True) if begins]
        self._sets: list[int] = list(sets.values_list("pk", flat=True))
        self._asked_set = cache(self._set_at)

    def keys(self, questions: Sequence[Asked]) -> list[Key | None]:
        """For each question what its answer depends on; None: only the database can tell."""
        places = np.array([(question.lon, question.lat) for question in questions], dtype=float)
        deep = self._deep(places)
        covering: list[set[int]] = [set() for _question in questions]
        for version in self._versions:
            west, south, east, north = version.box
            x, y = places[:, 0], places[:, 1]
            maybe = np.flatnonzero(deep & (x >= west) & (x <= east) & (y >= south) & (y <= north))
            if not len(maybe):
                continue
            for index in maybe[shapely.contains_xy(version.shape, places[maybe])]:
                day = self._on or self._community.day_of(questions[index].at)
                if version.valid_from <= day and (version.valid_to is None or version.valid_to > day):
                    covering[index].add(version.pk)
        return [
            (question.category, self._asked_set(question.at), frozenset(areas))
            if is_deep and question.asset is None
            else None
            for question, areas, is_deep in zip(questions, covering, deep, strict=True)
        ]

    def _deep(self, places: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which places lie inside the community and far from every border, whenever that was in force."""
        deep: NDArray[np.bool_] = np.asarray(np.isfinite(places).all(axis=1))
        if self._inside is not None:
            deep &= shapely.contains_xy(self._inside, places)
        if len(self._borders):
            points = shapely.points(places * [self._narrow, 1])
            near, _pieces = self._borders.query(points, predicate="dwithin", distance=DEEP / DEGREE)
            deep[near] = False
        return deep

    def _pieces(self, shape: BaseGeometry) -> Iterator[BaseGeometry]:
        for line in shapely.get_parts(shapely.boundary(shape)):
            corners = shapely.get_coordinates(line) * [self._narrow, 1]
            cuts = [*range(0, len(corners) - 1, PIECE), len(corners) - 1]
            yield from (LineString(corners[start : end + 1]) for start, end in pairwise(cuts))

    def _set_at(self, moment: datetime) -> int | None:
        """The set that is asked about that moment: the one in force, before all sets the first."""
        if self._ruleset is not None or not self._sets:
            return self._ruleset
        return self._sets[max(bisect_right(self._begins, moment) - 1, 0)]


def is_for_all(found: Found) -> bool:
    """Whether what was found holds for every question with the same key: no rule asks what stands around the point."""
    return found.inside and not any(rule["asks"] for rule in found.rules)


def is_timeless(found: Found) -> bool:
    """Whether no rule asks for days, hours, dates or answers: then even the verdict is the same."""
    asked = ("weekdays", "hours_from", "valid_from", "valid_to", "answers")
    return not any(rule[name] for rule in found.rules for name in asked)


def _versions(community: Community) -> Iterator[_Version]:
    rows = Area.objects.filter(community=community).only("pk", "valid_from", "valid_to", "boundary")
    for area in rows.iterator(chunk_size=200):
        shape = shapely.from_wkb(bytes(area.boundary.wkb))
        shapely.prepare(shape)
        yield _Version(area.pk, area.valid_from, area.valid_to, shape, shape.bounds)
