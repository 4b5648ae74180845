"""Who answers where, for one category: the ground painted by the strongest rules first, as `decide` would rank them.

Rules that ask for answers, hours, dates that end, or a chosen asset answer only sometimes: they close no gap, and
contradict only each other. Two rules with one priority and one precision that name different organisations for the
same ground stand against each other; until somebody repairs that, the older one decides.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.shapes import square_metres
from routing.models import Category, Rule, RuleSet
from routing.register_places import meeting
from routing.rule_conditions import can_hold_together
from routing.rule_places import NOTHING, Claim, Places, polygons_of

LEAST = 1.0  # m²; below it lie the roundings of whoever drew the borders
ANSWERED, NOBODY, TWO, SOMETIMES = "answered", "nobody", "two", "sometimes"


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Ground with one answer. `organisations`: ids, of two the one that decides first; empty for nobody, and for the
    keepers of a register that has too many to name each."""

    kind: str  # answered, nobody (goes to the duty queue), two, sometimes (lies over the others)
    organisations: tuple[int, ...]
    rules: tuple[int, ...]  # ids, the strongest first
    shape: BaseGeometry  # SRID 4326
    square_metres: float


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """Two rules that name different organisations for the same ground; the older one comes first."""

    one: Rule
    other: Rule
    shape: BaseGeometry
    square_metres: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """The map of one category. Pieces but those of `sometimes` cover the ground once; `reached`: rules that win
    somewhere, if only sometimes."""

    ground: float  # m² of the community
    pieces: list[Piece]
    contests: list[Contest]
    reached: frozenset[int]


def rules_for(places: Places, category: Category) -> list[Rule]:
    """The rules of the set that name who must answer for this category."""
    return [
        rule for rule in places.rules if rule.role == Rule.Role.RESPONSIBLE and rule.category_id in (None, category.pk)
    ]


def coverage_of(*, ruleset: RuleSet, category: Category, on: date, places: Places | None = None) -> Coverage:
    """The coverage map of one category on that day. `places` of the same set and day save reading them again."""
    places = places or Places(ruleset, on=on)
    return coverage_by(rules_for(places, category), places)


def coverage_by(rules: Sequence[Rule], places: Places) -> Coverage:
    """The coverage map that these rules give."""
    claims = [claim for rule in rules for claim in places.claims(rule)]
    claims.sort(key=lambda claim: (*(-step for step in claim.rank), claim.rule.pk))
    painting = _Painting([claim for claim in claims if claim.always], places)
    pieces, contests = painting.pieces()
    layers, more_contests, reached = _sometimes([claim for claim in claims if not claim.always], painting)
    nobody = polygons_of(places.less(places.ground, [claim.shape for claim in painting.claims]), least=LEAST)
    if not nobody.is_empty:
        pieces.append(Piece(NOBODY, (), (), nobody, square_metres(nobody)))
    return Coverage(
        square_metres(places.ground), pieces + layers, contests + more_contests, painting.reached() | reached
    )


class _Painting:
    """The claims that always hold, the strongest first."""

    def __init__(self, claims: list[Claim], places: Places) -> None:
        self.claims, self.places = claims, places
        self._tree = shapely.STRtree(np.array([claim.shape for claim in claims], dtype=object))
        self._left = [self.less_stronger(claim.shape, claim.rank) for claim in claims]

    def everything(self) -> BaseGeometry:
        return self.places.union(claim.shape for claim in self.claims)

    def less_stronger(self, shape: BaseGeometry, rank: tuple[int, int]) -> BaseGeometry:
        """What stronger rules leave of the ground."""
        around = sorted(self._tree.query(shape, predicate="intersects").tolist())
        return self.places.less(
            shape, [self.claims[number].shape for number in around if self.claims[number].rank > rank]
        )

    def pieces(self) -> tuple[list[Piece], list[Contest]]:
        contests = _contests(self.claims, self)
        listed: dict[tuple[tuple[int, int], int | None], list[int]] = defaultdict(list)
        for number, claim in enumerate(self.claims):
            if not self._left[number].is_empty:
                listed[claim.rank, claim.organisation].append(number)
        by_rank: dict[tuple[int, int], list[Contest]] = defaultdict(list)
        for claim, contest in contests:
            by_rank[claim.rank].append(contest)
        found = []
        for (rank, organisation), numbers in listed.items():
            shape = self.places.union(self._left[number] for number in numbers)
            if rank in by_rank:
                shape = self.places.less(shape, [contest.shape for contest in by_rank[rank]])
            rules = tuple(dict.fromkeys(self.claims[number].rule.pk for number in numbers))
            named = () if organisation is None else (organisation,)
            if not shape.is_empty:
                found.append(Piece(ANSWERED, named, rules, shape, square_metres(shape)))
        for rank, listed_contests in by_rank.items():
            found += self._twos(listed_contests, rank)
        return found, [contest for _claim, contest in contests]

    def reached(self) -> frozenset[int]:
        """Rules that win somewhere."""
        found = set()
        for number, claim in enumerate(self.claims):
            left, whole = self._left[number], claim.shape
            if left.is_empty:
                continue
            around = sorted(self._tree.query(left, predicate="intersects").tolist())
            older = [self.claims[one].shape for one in around if one < number and self._is_older(one, claim)]
            left = self.places.less(left, [shape for shape in older if not self.places.shared(shape, whole).is_empty])
            if worth_telling(left, of=whole):
                found.add(claim.rule.pk)
        return frozenset(found)

    def _is_older(self, number: int, claim: Claim) -> bool:
        other = self.claims[number]
        return other.rank == claim.rank and other.rule.pk < claim.rule.pk

    def _twos(self, contests: list[Contest], rank: tuple[int, int]) -> list[Piece]:
        known: dict[int, list[Claim]] = defaultdict(list)
        for claim in self.claims:
            if claim.rank == rank:
                known[claim.rule.pk].append(claim)
        found = []
        for rules, shape in _apart(contests):
            inside = shape.representative_point()
            named = [
                claim.organisation
                for rule in rules
                for claim in known[rule]
                if claim.organisation is not None and (len(known[rule]) == 1 or claim.shape.intersects(inside))
            ]
            found.append(Piece(TWO, tuple(dict.fromkeys(named)), rules, shape, square_metres(shape)))
        return found


def worth_telling(shape: BaseGeometry, *, of: BaseGeometry) -> bool:
    """More than a rounding: a square metre, or half of what is smaller than two."""
    if shape.is_empty or shape is of:
        return not shape.is_empty
    size = square_metres(shape)
    return size >= LEAST or size >= square_metres(of) / 2


def _sometimes(claims: list[Claim], painting: _Painting) -> tuple[list[Piece], list[Contest], frozenset[int]]:
    """Where conditional rules answer: nothing stronger that always holds stands before them."""
    layers, reached = [], set()
    for claim in claims:
        left = painting.less_stronger(claim.shape, claim.rank)
        if not worth_telling(left, of=claim.shape):
            continue
        reached.add(claim.rule.pk)
        named = () if claim.organisation is None else (claim.organisation,)
        layers.append(Piece(SOMETIMES, named, (claim.rule.pk,), left, square_metres(left)))
    return layers, [contest for _claim, contest in _contests(claims, painting)], frozenset(reached)


def _contests(claims: list[Claim], painting: _Painting) -> list[tuple[Claim, Contest]]:
    """Pairs of one rank that share ground and name different organisations, where nothing stronger decides."""
    found: list[tuple[Claim, Contest]] = []
    for first, second in meeting([claim.shape for claim in claims]):
        one, other = claims[first], claims[second]
        if not _stand_against(one, other):
            continue
        shared = painting.places.shared(one.shape, other.shape)
        if shared.is_empty:
            continue
        shared = painting.less_stronger(shared, one.rank)
        size = square_metres(shared)
        if size >= LEAST:
            older, newer = sorted((one, other), key=lambda claim: claim.rule.pk)
            found.append((older, Contest(older.rule, newer.rule, shared, size)))
    return found


def _stand_against(one: Claim, other: Claim) -> bool:
    return (
        one.rank == other.rank
        and one.rule.pk != other.rule.pk
        and one.organisation != other.organisation
        and (one.always or can_hold_together(one.rule, other.rule))
    )


def _apart(contests: list[Contest]) -> list[tuple[tuple[int, ...], BaseGeometry]]:
    """Contested ground cut so that no piece lies over another: ids of all rules that claim it, and the ground."""
    tangled = {number for pair in meeting([contest.shape for contest in contests]) for number in pair}
    parts = [
        (frozenset({contest.one.pk, contest.other.pk}), contest.shape)
        for number, contest in enumerate(contests)
        if number not in tangled
    ]
    cut: list[tuple[frozenset[int], BaseGeometry]] = []
    for number in sorted(tangled):
        cut = _cut_in(cut, contests[number])
    merged: dict[frozenset[int], list[BaseGeometry]] = defaultdict(list)
    for rules, shape in parts + cut:
        merged[rules].append(shape)
    whole = ((tuple(sorted(rules)), polygons_of(shapely.union_all(listed))) for rules, listed in merged.items())
    return [(rules, shape) for rules, shape in whole if square_metres(shape) >= LEAST]


def _cut_in(
    parts: list[tuple[frozenset[int], BaseGeometry]], contest: Contest
) -> list[tuple[frozenset[int], BaseGeometry]]:
    pair, left = frozenset({contest.one.pk, contest.other.pk}), contest.shape
    found = []
    for rules, shape in parts:
        shared = polygons_of(shape.intersection(left)) if shape.intersects(left) else NOTHING
        if shared.is_empty:
            found.append((rules, shape))
            continue
        found.append((rules | pair, shared))
        rest = polygons_of(shape.difference(shared))
        left = polygons_of(left.difference(shared))
        if not rest.is_empty:
            found.append((rules, rest))
    return found if left.is_empty else [*found, (pair, left)]
