"""Who answers where, for one category: the ground painted by the strongest rules first, as `decide` would rank them.

The map is that of a day: rules whose dates hold on it and that ask for no answers, hours or chosen asset are its ground
coat; the others answer only sometimes and lie over it. What no rule ever reaches, and what stands against each other,
is told for all days from that one on. Two rules with one priority and one precision that name different organisations
for the same ground in the same case stand against each other; until somebody repairs that, the older one decides.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from shapely.geometry.base import BaseGeometry

from geodata.shapes import square_metres
from routing.cutting import LEAST, NOTHING, apart, polygons_of
from routing.models import Category, Rule, RuleSet
from routing.rule_conditions import Box, Cases, cases_left, covers, in_both
from routing.rule_places import Claim, Places

ANSWERED, NOBODY, TWO, SOMETIMES = "answered", "nobody", "two", "sometimes"

Part = tuple[BaseGeometry, Box]  # ground, and the cases that are left of it


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
    """Two rules that name different organisations for the same ground, if only in some cases; the older one comes
    first."""

    one: Rule
    other: Rule
    shape: BaseGeometry
    square_metres: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """The map of one category.

    Pieces but those of `sometimes` cover the ground once, except where every rule answers only sometimes; `open`:
    what of that has cases in which nobody is named. `reached`: rules that win somewhere, if only sometimes.
    """

    ground: float  # m² of the community
    pieces: list[Piece]
    contests: list[Contest]
    reached: frozenset[int]
    open: BaseGeometry


def rules_for(places: Places, category: Category) -> list[Rule]:
    """The rules of the set that name who must answer for this category."""
    return [
        rule for rule in places.rules if rule.role == Rule.Role.RESPONSIBLE and rule.category_id in (None, category.pk)
    ]


def coverage_of(*, ruleset: RuleSet, category: Category, on: date, places: Places | None = None) -> Coverage:
    """The coverage map of one category on that day. `places` of the same set and day save reading them again."""
    places = places or Places(ruleset, on=on)
    rules = rules_for(places, category)
    return coverage_by(rules, places, places.cases(rules, category))


def coverage_by(rules: Sequence[Rule], places: Places, cases: Cases) -> Coverage:
    """The coverage map that these rules give in these cases."""
    holding = [(rule, box) for rule in rules if (box := cases.of(rule))]
    claims = [(claim, box) for rule, box in holding for claim in places.claims(rule)]
    claims.sort(key=lambda one: (*(-step for step in one[0].rank), one[0].rule.pk))
    painting = _Painting([claim for claim, _box in claims], [box for _claim, box in claims], places, cases)
    contests = painting.contests()
    nobody, is_open = painting.uncovered()
    pieces = [*painting.ground_coat(contests), *painting.sometimes()]
    if not nobody.is_empty:
        pieces.append(Piece(NOBODY, (), (), nobody, square_metres(nobody)))
    told = [contest for _rank, contest, _always in contests]
    return Coverage(square_metres(places.ground), pieces, told, painting.reached(), is_open)


class _Painting:
    """Claims with the cases in which they hold, the strongest first, of equal ones the older."""

    def __init__(self, claims: list[Claim], boxes: list[Box], places: Places, cases: Cases) -> None:
        self.claims, self.boxes, self.places, self.today = claims, boxes, places, cases.today
        self.always = [covers(box, self.today) for box in boxes]
        self.pairs = places.sharing([claim.shape for claim in claims])
        self.before: dict[int, list[int]] = defaultdict(list)  # claims before this one that share its ground
        for one, other in self.pairs:
            self.before[other].append(one)
        self.left = [self.left_of(claim.shape, boxes[n], self.before[n]) for n, claim in enumerate(claims)]

    def left_of(self, shape: BaseGeometry, box: Box, stronger: Iterable[int]) -> list[Part]:
        """What these claims leave of the ground and of the cases; the parts do not lie over each other in one case."""
        whole, partly = [], defaultdict(list)
        for number in stronger:
            if covers(self.boxes[number], box):
                whole.append(self.claims[number].shape)
            elif shared := in_both(self.boxes[number], box):
                partly[shared].append(self.claims[number].shape)
        rest = self.places.less(shape, whole)
        if not partly or rest.is_empty:
            return [] if rest.is_empty else [(rest, box)]
        taken = [(self.places.union(listed), shared) for shared, listed in partly.items()]
        untouched = self.places.less(rest, [ground for ground, _shared in taken])
        found: list[Part] = [] if untouched.is_empty else [(untouched, box)]
        meant = [self.places.shared(rest, ground) for ground, _shared in taken]
        numbers = [number for number, ground in enumerate(meant) if not ground.is_empty]
        for tags, ground in apart([meant[number] for number in numbers], [frozenset({n}) for n in numbers]):
            found += [(ground, left) for left in cases_left(box, [taken[number][1] for number in tags])]
        return found

    def reached(self) -> frozenset[int]:
        """Rules that win somewhere, on some day."""
        return frozenset(
            claim.rule.pk
            for claim, left in zip(self.claims, self.left, strict=True)
            if any(worth_telling(ground, of=claim.shape) for ground, _box in left)
        )

    def contests(self) -> list[tuple[tuple[int, int], Contest, BaseGeometry]]:
        """Rank, the two that stand against each other where nothing stronger decides, and where they do so all day."""
        found = []
        for first, second in self.pairs:
            one, other = self.claims[first], self.claims[second]
            box = in_both(self.boxes[first], self.boxes[second]) if _stand_against(one, other) else None
            if box is None:
                continue
            stronger = [
                number
                for number in self.before[first]
                if self.claims[number].rank > one.rank and number in self.before[second]
            ]
            parts = self.left_of(self.places.shared(one.shape, other.shape), box, stronger)
            shape = self.places.union(ground for ground, _box in parts)
            size = square_metres(shape)
            if size >= LEAST:
                always = self.places.union(ground for ground, left in parts if covers(left, self.today))
                found.append((one.rank, Contest(one.rule, other.rule, shape, size), always))
        return found

    def ground_coat(self, contests: list[tuple[tuple[int, int], Contest, BaseGeometry]]) -> list[Piece]:
        """Who answers on the day in every case, and who stands against whom."""
        twos: dict[tuple[int, int], list[tuple[Contest, BaseGeometry]]] = defaultdict(list)
        for rank, contest, always in contests:
            if not always.is_empty:
                twos[rank].append((contest, always))
        listed: dict[tuple[tuple[int, int], int | None], list[int]] = defaultdict(list)
        for number, claim in enumerate(self.claims):
            if self.always[number]:
                listed[claim.rank, claim.organisation].append(number)
        found = []
        for (rank, organisation), numbers in listed.items():
            left = {number: self._coat(number) for number in numbers}
            shape = self.places.union(ground for ground in left.values() if not ground.is_empty)
            shape = self.places.less(shape, [ground for _contest, ground in twos[rank]])
            rules = [self.claims[number].rule.pk for number, ground in left.items() if not ground.is_empty]
            found += self._piece(ANSWERED, organisation, rules, shape)
        return found + [piece for rank, against in twos.items() for piece in self._twos(against, rank)]

    def _coat(self, number: int) -> BaseGeometry:
        """What the claims before it that answer in every case of the day leave of a claim."""
        before = [self.claims[one].shape for one in self.before[number] if self.always[one]]
        return self.places.less(self.claims[number].shape, before)

    def _twos(self, contests: list[tuple[Contest, BaseGeometry]], rank: tuple[int, int]) -> list[Piece]:
        known: dict[int, list[Claim]] = defaultdict(list)
        for claim in self.claims:
            if claim.rank == rank:
                known[claim.rule.pk].append(claim)
        pairs = [frozenset({contest.one.pk, contest.other.pk}) for contest, _ground in contests]
        found = []
        for tags, shape in apart([ground for _contest, ground in contests], pairs):
            inside, rules = shape.representative_point(), tuple(sorted(tags))
            named = [
                claim.organisation
                for rule in rules
                for claim in known[rule]
                if claim.organisation is not None and (len(known[rule]) == 1 or claim.shape.intersects(inside))
            ]
            found.append(Piece(TWO, tuple(dict.fromkeys(named)), rules, shape, square_metres(shape)))
        return found

    def sometimes(self) -> list[Piece]:
        """Where rules answer in some cases of the day, or have yet to begin; one organisation whose rules win by
        turns in every case answers there."""
        listed: dict[int | None, list[int]] = defaultdict(list)
        for number, claim in enumerate(self.claims):
            if not self.always[number]:
                listed[claim.organisation].append(number)
        found = []
        for organisation, numbers in listed.items():
            by_turns = self._by_turns(numbers)
            rules = [self.claims[number].rule.pk for number in numbers]
            found += self._piece(ANSWERED, organisation, rules, by_turns)
            parts = {number: self._seen(number) for number in numbers}
            shape = self.places.union(ground for ground in parts.values() if not ground.is_empty)
            rules = [self.claims[number].rule.pk for number, ground in parts.items() if not ground.is_empty]
            found += self._piece(SOMETIMES, organisation, rules, self.places.less(shape, [by_turns]))
        return found

    def _seen(self, number: int) -> BaseGeometry:
        """Where a claim wins in some case of the day; of one that has yet to begin, on any day."""
        begun = in_both(self.boxes[number], self.today)
        parts = [ground for ground, box in self.left[number] if not begun or in_both(box, self.today)]
        shape = self.places.union(parts)
        return shape if worth_telling(shape, of=self.claims[number].shape) else NOTHING

    def _by_turns(self, numbers: list[int]) -> BaseGeometry:
        """Outside the ground coat: where these claims together win in every case of the day."""
        if cases_left(self.today, [self.boxes[number] for number in numbers]):
            return NOTHING
        parts = [(self.places.shared(ground, self.bare()), box) for n in numbers for ground, box in self.left[n]]
        parts = [(ground, box) for ground, box in parts if not ground.is_empty]
        cut = apart([ground for ground, _box in parts], [frozenset({number}) for number in range(len(parts))])
        return self.places.union(
            ground for tags, ground in cut if not cases_left(self.today, [parts[number][1] for number in tags])
        )

    def bare(self) -> BaseGeometry:
        """The ground without a coat."""
        coat = [claim.shape for claim, always in zip(self.claims, self.always, strict=True) if always]
        return self.places.less(self.places.ground, coat)

    def uncovered(self) -> tuple[BaseGeometry, BaseGeometry]:
        """Where nobody is named on the day in any case, and where nobody is in some cases only."""
        others = [number for number, always in enumerate(self.always) if not always]
        parts = self.left_of(self.bare(), self.today, others)
        nobody = self.places.union(ground for ground, box in parts if box == self.today)
        partly = self.places.union(ground for ground, box in parts if box != self.today)
        return polygons_of(nobody, least=LEAST), polygons_of(partly, least=LEAST)

    def _piece(self, kind: str, organisation: int | None, rules: list[int], shape: BaseGeometry) -> list[Piece]:
        if shape.is_empty:
            return []
        named = () if organisation is None else (organisation,)
        return [Piece(kind, named, tuple(dict.fromkeys(rules)), shape, square_metres(shape))]


def worth_telling(shape: BaseGeometry, *, of: BaseGeometry) -> bool:
    """More than a rounding: a square metre, or half of what is smaller than two."""
    if shape.is_empty or shape is of:
        return not shape.is_empty
    size = square_metres(shape)
    return size >= LEAST or size >= square_metres(of) / 2


def _stand_against(one: Claim, other: Claim) -> bool:
    return one.rank == other.rank and one.rule.pk != other.rule.pk and one.organisation != other.organisation
