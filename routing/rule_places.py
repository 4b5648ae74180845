"""The ground that a rule speaks of on a day: what of the community it covers, for which organisation. SRID 4326."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import shapely
from shapely.geometry.base import BaseGeometry

from accounts.models import Organisation
from geodata.convert import as_shape
from geodata.models import Area, Community
from routing.cutting import NOTHING, near_pairs, polygons_of, share_ground
from routing.models import Category, Question, Rule, RuleSet
from routing.register_places import NOBODY, Plane, Things, places_by_keeper, things_of, valid, whole_place
from routing.rule_conditions import Cases, precision_of

MOST_KEEPERS = 300  # of one rule; more of them share one piece, whose organisations are not named


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """Ground on which a rule names one organisation."""

    rule: Rule
    organisation: int | None  # None: whoever keeps the thing that is found or was chosen
    shape: BaseGeometry
    rank: tuple[int, int]  # priority and precision: the higher wins, of equal ones the older rule


class Places:
    """The ground of a community on a day, read once for all rules and categories of a set."""

    def __init__(self, ruleset: RuleSet, *, on: date) -> None:
        self.on = on
        self.community: Community = ruleset.community
        rows = Rule.objects.filter(ruleset=ruleset, is_active=True).order_by("id")
        self.rules: list[Rule] = list(rows.select_related("category", "division", "register", "organisation"))
        self.active = frozenset(Organisation.objects.filter(is_active=True).values_list("pk", flat=True))
        self.questions: dict[int, dict[str, Question]] = defaultdict(dict)  # category → code → question
        for question in Question.objects.filter(community=self.community):
            self.questions[question.category_id][question.code] = question
        self.ground = self._ground()
        shapely.prepare(self.ground)
        middle = self.ground.centroid if not self.ground.is_empty else self.community.centre
        self._plane = Plane(middle.x, middle.y)
        self._areas: dict[int, dict[str, BaseGeometry]] = {}
        self._whole: dict[int, BaseGeometry] = {}
        self._things: dict[int, Things] = {}
        self._found: dict[tuple[object, ...], list[tuple[int | None, BaseGeometry]]] = {}
        self._unions: dict[tuple[int, ...], tuple[list[BaseGeometry], BaseGeometry]] = {}
        self._shared: dict[tuple[int, int], tuple[BaseGeometry, BaseGeometry, BaseGeometry]] = {}
        self._less: dict[tuple[int, int], tuple[BaseGeometry, BaseGeometry, BaseGeometry]] = {}
        self._meet: dict[tuple[int, int], tuple[BaseGeometry, BaseGeometry, bool]] = {}

    def claims(self, rule: Rule) -> list[Claim]:
        """What the rule covers: nothing when its area is gone or its organisation works no longer; one claim for each
        keeper when the register names who answers."""
        rank = (rule.priority, precision_of(rule))
        if rule.organisation_id is not None and rule.organisation_id not in self.active:
            return []
        found = self._of_a_register(rule) if rule.register_id else [(rule.organisation_id, self.place(rule))]
        return [Claim(rule, named, shape, rank) for named, shape in found if not shape.is_empty]

    def cases(self, rules: Sequence[Rule], category: Category) -> Cases:
        """What reports of the category can be like, from the day on, for these rules."""
        chosen: set[bool] = set()
        if category.register_id and any(rule.asks == Rule.Asks.THIS for rule in rules):
            chosen = {keeper != NOBODY for keeper in self.things(category.register_id).keepers.tolist()}
        questions = self.questions.get(category.pk, {})
        return Cases(rules, on=self.on, questions=questions, register=category.register_id, chosen=chosen)

    def place(self, rule: Rule) -> BaseGeometry:
        """The community, or the areas that the rule names; whatever it asks of a register."""
        if rule.division_id is None:
            return self.ground
        if rule.area_code:
            return self.areas(rule.division_id).get(rule.area_code, NOTHING)
        if rule.division_id not in self._whole:
            self._whole[rule.division_id] = self.union(self.areas(rule.division_id).values())
        return self._whole[rule.division_id]

    def areas(self, division: int) -> dict[str, BaseGeometry]:
        """Code → the part of the area that lies in the community."""
        if division not in self._areas:
            rows = Area.objects.filter(division=division).on(self.on).order_by("code")
            listed = list(rows.values_list("code", "boundary"))
            shapes = [valid(as_shape(boundary)) for _code, boundary in listed]
            clipped = zip((code for code, _boundary in listed), map(self._clipped, shapes), strict=True)
            self._areas[division] = {code: shape for code, shape in clipped if not shape.is_empty}
        return self._areas[division]

    def things(self, register: int) -> Things:
        """What of a register is in force."""
        if register not in self._things:
            self._things[register] = things_of(register, on=self.on, active=self.active)
        return self._things[register]

    def union(self, shapes: Iterable[BaseGeometry]) -> BaseGeometry:
        """All of them as one; categories ask for the same ones again."""
        listed = list(shapes)
        if len(listed) < 2:
            return listed[0] if listed else NOTHING
        key = tuple(map(id, listed))
        if key not in self._unions:
            self._unions[key] = (listed, shapely.union_all(listed))
        return self._unions[key][1]

    def sharing(self, shapes: Sequence[BaseGeometry]) -> list[tuple[int, int]]:
        """Pairs of places in the list whose shapes have common ground; the first before the second."""
        pairs = near_pairs(shapes)
        keys = [(id(shapes[one]), id(shapes[other])) for one, other in pairs]
        new = [pair for pair, key in zip(pairs, keys, strict=True) if key not in self._meet]
        asked = [(shapes[one], shapes[other]) for one, other in new]
        told = share_ground([one for one, _other in asked], [other for _one, other in asked]).tolist()
        for (one, other), is_shared in zip(asked, told, strict=True):
            self._meet[id(one), id(other)] = (one, other, is_shared)
        return [pair for pair, key in zip(pairs, keys, strict=True) if self._meet[key][2]]

    def shared(self, one: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
        """The ground that lies in both; empty when they only touch."""
        if one is other:
            return one
        key = (id(one), id(other))
        if key not in self._shared:
            self._shared[key] = (one, other, polygons_of(one.intersection(other)))
        return self._shared[key][2]

    def less(self, shape: BaseGeometry, others: Iterable[BaseGeometry]) -> BaseGeometry:
        """What the others leave of a shape."""
        taken = self.union(others)
        if taken.is_empty or taken is shape:
            return NOTHING if taken is shape else shape
        key = (id(shape), id(taken))
        if key not in self._less:
            self._less[key] = (shape, taken, polygons_of(shape.difference(taken)))
        return self._less[key][2]

    def _of_a_register(self, rule: Rule) -> list[tuple[int | None, BaseGeometry]]:
        if rule.asks == Rule.Asks.THIS:
            return [(rule.organisation_id, self.place(rule))]
        key = (rule.register_id, rule.asks, rule.within, rule.organisation_id, rule.division_id, rule.area_code)
        if key not in self._found:
            place = self.place(rule)
            shapely.prepare(place)
            parts = ((named, _within(shape, place)) for named, shape in self._named(rule))
            self._found[key] = [(named, shape) for named, shape in parts if not shape.is_empty]
        return self._found[key]

    def _named(self, rule: Rule) -> list[tuple[int | None, BaseGeometry]]:
        """Whom the register names and where, in the whole community."""
        assert rule.register_id is not None
        named: object = "anybody" if rule.organisation_id else "keepers"
        key = (rule.register_id, rule.asks, rule.within, named)
        if key not in self._found:
            things = self.things(rule.register_id)
            if rule.organisation_id:
                self._found[key] = [(None, whole_place(things, rule, self._plane))]
            else:
                by_keeper = places_by_keeper(things, rule, self._plane)
                self._found[key] = [*by_keeper.items()]
                if len(by_keeper) > MOST_KEEPERS:
                    self._found[key] = [(None, shapely.union_all(list(by_keeper.values())))]
        return [(organisation or rule.organisation_id, shape) for organisation, shape in self._found[key]]

    def _ground(self) -> BaseGeometry:
        """The community's boundary; without one, all its areas together."""
        if self.community.boundary:
            return valid(as_shape(self.community.boundary))
        areas = Area.objects.filter(community=self.community).on(self.on).values_list("boundary", flat=True)
        return shapely.union_all([valid(as_shape(boundary)) for boundary in areas])

    def _clipped(self, shape: BaseGeometry) -> BaseGeometry:
        return _within(shape, self.ground)


def _within(shape: BaseGeometry, place: BaseGeometry) -> BaseGeometry:
    return shape if place.covers(shape) else polygons_of(shape.intersection(place))
