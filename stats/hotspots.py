"""Clusters in space and time: where and when more happened than chance would bring.

The space-time permutation scan statistic (Kulldorff, Heffernan, Hartman, Assunção, Mostashari 2005, PLoS Medicine
2:e59). A cylinder is a circle on the ground and some days one after another. If place and day had nothing to do with
each other, a cylinder would hold (cases in its circle) · (cases on its days) / (all cases): whatever is always much in
a place, or much everywhere on a day, is expected already. How surprising the cases of a cylinder are is told by the
logarithm of Poisson's likelihood ratio. Then the days are shuffled among the cases many times, and the greatest
surprise of each shuffle is kept: a cluster's p is the share of shuffles that brought something as surprising anywhere
at all.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stats.flat import Numbers, Whole

DAYS = 91  # that are looked at: thirteen weeks up to yesterday
SIDE = 250.0  # metres: of the squares in whose middles cases are taken to stand
MOST_SQUARES = 4000  # with cases; past it squares are twice as wide, until they are fewer
RADII = (0, 1, 2, 3, 4)  # of circles, in sides of squares: the square alone, or all whose middles are so near
LENGTHS = (1, 3, 7, 14, 28)  # days
FEWEST_CASES = 30  # in all; past that many, chance can be told from more
FEWEST = 4  # cases of a cluster
RATIO = 1.5  # at least so many times what was expected
SHUFFLES = 999
SEED = 1  # anybody who shuffles so gets the same
SURE = 0.05  # p up to which it is called a cluster
TOLD = 12  # clusters, the most surprising first
MOST_WEIGHED = 600  # cylinders of one radius and length, of which the clusters are chosen
_NEVER = 1 << 30
_FAR = 1 << 30  # columns and lines to the corner that names begin at


@dataclass(frozen=True, slots=True)
class Cluster:
    """Metres of the circle's middle and its radius, the first day and the day after the last (counted from 0), cases in
    it, and the share of shuffles that were as surprising. The radius reaches half a square beyond the middles of its
    squares."""

    x: float
    y: float
    radius: float
    first: int
    after: int
    observed: int
    expected: float
    surprise: float
    p: float


@dataclass(frozen=True, slots=True)
class Ground:
    """Squares with cases, in the order of their names, the square of each case, and which squares are in which ring."""

    side: float
    columns: Whole
    lines: Whole
    square: Whole
    near: list[tuple[Whole, Whole]]  # for each radius: pairs (square, another that is so far, and no nearer)


def side_for(x: Numbers, y: Numbers) -> float:
    """Metres: SIDE, doubled until not more than MOST_SQUARES have cases."""
    side = SIDE
    while len(np.unique(_named(x, y, side))) > MOST_SQUARES:
        side *= 2
    return side


def ground_of(x: Numbers, y: Numbers, *, side: float) -> Ground:
    """The squares that hold these cases (metres)."""
    names, square = np.unique(_named(x, y, side), return_inverse=True)
    columns, lines = names >> 32, names & 0xFFFFFFFF
    near = []
    for radius in RADII:
        pairs = [
            _beside(names, right, up)
            for right in range(-radius, radius + 1)
            for up in range(-radius, radius + 1)
            if math.ceil(math.hypot(right, up)) == radius
        ]
        near.append((np.concatenate([a for a, _b in pairs]), np.concatenate([b for _a, b in pairs])))
    return Ground(side, columns - _FAR, lines - _FAR, square.astype(np.int64), near)


def scan(x: Numbers, y: Numbers, day: Whole, *, days: int = DAYS, shuffles: int = SHUFFLES) -> list[Cluster]:
    """The clusters of cases at these metres on these days (0 to `days` − 1), the most surprising first.

    No two of them have both ground and days in common. Cases stand in the order of their days, then west to east, then
    south to north: shuffling is only repeatable in an agreed order. Too few cases: none.
    """
    if len(x) < FEWEST_CASES:
        return []
    ground = ground_of(x, y, side=side_for(x, y))
    windows = _Windows(ground, day, days)
    found = windows.clusters(day)
    if not found:
        return []
    random = np.random.default_rng(SEED)
    greatest = np.array([windows.greatest(random.permutation(day)) for _ in range(shuffles)])
    return [_with_p(one, greatest, shuffles) for one in found]


class _Held(NamedTuple):
    """Cylinders of one radius and length that hold enough: square in the middle, first day, cases, expected cases."""

    radius: int
    length: int
    square: Whole
    first: Whole
    observed: Whole
    expected: Numbers
    surprise: Numbers


class _Windows:
    """All cylinders over a ground: how many cases make each worth a look, which no shuffle changes."""

    def __init__(self, ground: Ground, day: Whole, days: int) -> None:
        from scipy.sparse import csr_matrix  # slow to load, and only the nightly work needs it

        many = len(ground.columns)
        self.ground, self.days, self.all, self.many = ground, days, len(day), many
        self.rings = [csr_matrix((np.ones(len(a), dtype=np.int32), (a, b)), shape=(many, many)) for a, b in ground.near]
        in_square = np.bincount(ground.square, minlength=many)
        self.in_circle = np.cumsum([ring @ in_square for ring in self.rings], axis=0)
        on_days = np.concatenate([[0], np.cumsum(np.bincount(day, minlength=days))])
        self.lengths = [length for length in LENGTHS if length <= days]
        self.on_days = [on_days[length:] - on_days[:-length] for length in self.lengths]
        # Circles with too few cases for any cylinder are not looked at: among rare things, most of the small ones.
        self.rows = [np.flatnonzero((c >= FEWEST) & (2 * c <= self.all)) for c in self.in_circle]
        self.need = [
            [self._needed(circle[rows], window) for window in self.on_days]
            for circle, rows in zip(self.in_circle, self.rows, strict=True)
        ]

    def clusters(self, day: Whole) -> list[Cluster]:
        """The most surprising cylinders that have not both ground and days in common; without p."""
        told: list[Cluster] = []
        for one in sorted(self._candidates(day), key=_order):
            if all(_are_apart(one, other) for other in told):
                told.append(one)
            if len(told) == TOLD:
                break
        return told

    def greatest(self, day: Whole) -> float:
        """The greatest surprise of all cylinders."""
        return max((float(held.surprise.max()) for held in self._held(day)), default=0.0)

    def _candidates(self, day: Whole) -> Iterator[Cluster]:
        side = self.ground.side
        for held in self._held(day):
            for at in np.argsort(-held.surprise, kind="stable")[:MOST_WEIGHED]:
                column, line = (way[held.square[at]] for way in (self.ground.columns, self.ground.lines))
                first = int(held.first[at])
                yield Cluster(
                    x=float((column + 0.5) * side),
                    y=float((line + 0.5) * side),
                    radius=(held.radius + 0.5) * side,
                    first=first,
                    after=first + held.length,
                    observed=int(held.observed[at]),
                    expected=float(held.expected[at]),
                    surprise=float(held.surprise[at]),
                    p=1.0,
                )

    def _held(self, day: Whole) -> Iterator[_Held]:
        """The cylinders that hold enough when the cases happen on these days."""
        names = self.ground.square * self.days + day
        cases = np.bincount(names, minlength=self.many * self.days).reshape(self.many, self.days)
        until = np.cumsum(cases, axis=1, dtype=np.int32)
        summed = np.zeros((self.many, self.days + 1), dtype=np.int32)
        for number, ring in enumerate(self.rings):
            summed[:, 1:] += ring @ until
            rows = self.rows[number]
            looked_at = summed[rows]
            for length, need, window in zip(self.lengths, self.need[number], self.on_days, strict=True):
                in_cylinder = looked_at[:, length:] - looked_at[:, :-length]
                row, first = np.nonzero(in_cylinder >= need)
                if len(row):
                    square, observed = rows[row], in_cylinder[row, first].astype(np.int64)
                    expected = self.in_circle[number][square] * window[first] / self.all
                    surprise = self._surprise(observed, expected)
                    yield _Held(RADII[number], length, square, first, observed, expected, surprise)

    def _surprise(self, observed: Whole, expected: Numbers) -> Numbers:
        others: Whole = self.all - observed
        rest: Numbers = np.where(others > 0, others * np.log(np.maximum(others, 1) / (self.all - expected)), 0.0)
        told: Numbers = observed * np.log(observed / expected) + rest
        return told

    def _needed(self, circle: Whole, window: Whole) -> NDArray[np.int32]:
        """Cases from which a cylinder is looked at: FEWEST, and RATIO times what is expected; never all days."""
        expected = np.outer(circle, window) / self.all
        need: NDArray[np.int32] = np.maximum(FEWEST, np.ceil(RATIO * expected - 1e-9)).astype(np.int32)
        need[:, window >= self.all] = _NEVER
        return need


def _with_p(one: Cluster, greatest: Numbers, shuffles: int) -> Cluster:
    p = (1 + int((greatest >= one.surprise - 1e-9).sum())) / (1 + shuffles)
    return replace(one, p=p)


def _order(one: Cluster) -> tuple[float, float, int, int, float, float]:
    """The most surprising first; of equals the smallest, the shortest, the earliest, the most western."""
    return -round(one.surprise, 9), one.radius, one.after - one.first, one.first, one.x, one.y


def _are_apart(one: Cluster, other: Cluster) -> bool:
    at_once = one.first < other.after and other.first < one.after
    return not at_once or math.hypot(one.x - other.x, one.y - other.y) > one.radius + other.radius + 1e-6


def _named(x: Numbers, y: Numbers, side: float) -> Whole:
    """A number for the square of each place: its column, then its line, both from a far corner on."""
    columns, lines = np.floor(x / side).astype(np.int64) + _FAR, np.floor(y / side).astype(np.int64) + _FAR
    return columns << 32 | lines


def _beside(names: Whole, right: int, up: int) -> tuple[Whole, Whole]:
    """Pairs of squares: one, and the one so many columns and lines on, where it has cases."""
    wanted = names + (right << 32) + up
    at = np.minimum(np.searchsorted(names, wanted), len(names) - 1)
    here = np.flatnonzero(names[at] == wanted)
    return here, at[here]
