"""Rules learnt from history: which organisation really answers for a category, in the whole community or area by area.

Learnt from are reports whose organisation is a fact rather than a rule's guess: the file of another system or a person
named it, or it answered. What is learnt goes into a draft; staff look at it and publish it, or do not.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from geodata.models import Area, Community, Division
from routing.bulk import Deciding
from routing.models import Category, Decision, Delivery, LearntRule, Rule, RuleSet
from routing.responsibility import Asked
from routing.rulesets import last_published, new_draft

SUPPORT, CONFIDENCE = 10, 0.8  # fewest reports, and least share of one organisation, that make a rule
AT_ONCE = 2000
MOST_UNSURE = 3  # organisations named of a category that no rule is learnt for

Place = tuple[str, str]  # codes of a division and of its area


@dataclass(frozen=True, slots=True)
class Case:
    """A report of the past, and who really answered."""

    category: str
    organisation: int
    places: tuple[Place, ...]
    lon: float
    lat: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Learnt:
    """A rule that history supports. `place`: None for the whole community."""

    category: str
    place: Place | None
    organisation: int
    cases: int
    agreeing: int

    @property
    def confidence(self) -> float:
        return self.agreeing / self.cases


@dataclass(slots=True)
class Lesson:
    """What history taught."""

    cases: int = 0
    rules: list[Learnt] = field(default_factory=list)
    unsure: dict[str, Counter[int]] = field(default_factory=dict)  # categories without a rule: who answered


@dataclass(frozen=True, slots=True)
class Trial:
    """How often a set of rules named who really answered, beside what would be said without it."""

    cases: int
    right: int
    by_rule: int  # of the cases, decided by a rule rather than by the duty queue
    right_by_category: int  # by naming, for each category, who answered most of its reports that were learnt from
    right_by_one: int  # by naming who answered most of all


def cases_of(community: Community, *, since: datetime, until: datetime) -> Iterator[Case]:
    """Reports of that time whose organisation is a fact. Must be called inside the community's scope."""
    answered = Delivery.objects.filter(
        subject=OuterRef("subject"), organisation=OuterRef("organisation"), role=Delivery.Role.RESPONSIBLE,
        answered_at__isnull=False, refused_at=None,
    )  # fmt: skip
    last = Decision.objects.filter(community=community).order_by("subject", "-decided_at", "-id").distinct("subject")
    known = Decision.objects.filter(pk__in=last.values("pk"), as_of__gte=since, as_of__lt=until)
    known = known.filter(organisation__is_active=True)
    facts = known.filter(Q(trace__has_key="chosen_by") | Q(Exists(answered)))
    columns = ("organisation", "as_of", "trace__category", "trace__areas", "trace__point")
    for organisation, at, category, areas, point in facts.values_list(*columns).iterator(chunk_size=AT_ONCE):
        places = tuple((area["division"], area["code"]) for area in areas or ())
        yield Case(category, organisation, places, point[0], point[1], at)


def learn(cases: Iterable[Case], *, support: int = SUPPORT, confidence: float = CONFIDENCE) -> Lesson:
    """The rules that these reports support, the most frequent categories first."""
    lesson = Lesson()
    by_category: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_category[case.category].append(case)
        lesson.cases += 1
    for category, here in sorted(by_category.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        found = _of_category(category, here, support, confidence)
        lesson.rules += found
        if not found:
            lesson.unsure[category] = Counter(case.organisation for case in here)
    return lesson


def _of_category(category: str, cases: Sequence[Case], support: int, confidence: float) -> list[Learnt]:
    """One rule for the whole community, if it is sure; and those of the division that makes most of the rest right."""
    whole = _rule(category, None, Counter(case.organisation for case in cases), support, confidence)
    usual = whole.organisation if whole else None
    counted: dict[str, dict[Place, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    for case in cases:
        for place in case.places:
            counted[place[0]][place][case.organisation] += 1
    best: list[Learnt] = []
    most = 0
    for _division, places in sorted(counted.items()):
        rules = [_rule(category, place, who, support, confidence) for place, who in sorted(places.items())]
        other = [rule for rule in rules if rule and rule.organisation != usual]
        gained = sum(rule.agreeing - places[rule.place or ("", "")][usual or 0] for rule in other)
        if gained > most:
            best, most = other, gained
    return [*([whole] if whole else []), *best]


def _rule(category: str, place: Place | None, who: Counter[int], support: int, confidence: float) -> Learnt | None:
    cases = who.total()
    (organisation, agreeing), *_others = sorted(who.items(), key=lambda pair: (-pair[1], pair[0]))
    if cases < support or agreeing < confidence * cases:
        return None
    return Learnt(category, place, organisation, cases, agreeing)


def write_draft(
    lesson: Lesson,
    *,
    community: Community,
    since: datetime,
    until: datetime,
    at: datetime,
    by: User | None = None,
    replace: bool = False,
) -> RuleSet:
    """A draft with the rules of the last published set and what was learnt.

    A category that has rules there already keeps them as they are, unless `replace`: then what was learnt stands in
    place of the rules that name who must answer for it. Must be called inside the community's scope.
    """
    with transaction.atomic():
        note = _("Learnt from %(count)s reports, %(since)s – %(until)s") % {
            "count": lesson.cases,
            "since": community.day_of(since).isoformat(),
            "until": community.day_of(until).isoformat(),
        }
        draft = new_draft(community=community, at=at, by=by, based_on=last_published(community), note=note)
        rules = Rule.objects.filter(ruleset=draft, role=Rule.Role.RESPONSIBLE, category__isnull=False)
        learnt = {rule.category for rule in lesson.rules}
        if replace:
            rules.filter(category__code__in=learnt).delete()
        taken = set(rules.values_list("category__code", flat=True))
        new = [rule for rule in lesson.rules if rule.category not in taken]
        _write(new, draft, since=since, until=until)
    return draft


def _write(learnt: Sequence[Learnt], draft: RuleSet, *, since: datetime, until: datetime) -> None:
    community = draft.community
    categories = dict(Category.objects.filter(community=community).values_list("code", "pk"))
    divisions = dict(Division.objects.filter(community=community).values_list("code", "pk"))
    areas = set(Area.objects.filter(community=community).values_list("division__code", "code"))
    rules, figures = [], []
    for one in learnt:
        if one.category not in categories or (one.place and one.place not in areas):
            continue  # gone since
        lineage = uuid.uuid4()
        place: dict[str, Any] = {}
        if one.place:
            place = {"division_id": divisions[one.place[0]], "area_code": one.place[1]}
        rules.append(
            Rule(
                community=community,
                ruleset=draft,
                lineage=lineage,
                category_id=categories[one.category],
                organisation_id=one.organisation,
                **place,
            )
        )
        figures.append(
            LearntRule(
                community=community, lineage=lineage, cases=one.cases, agreeing=one.agreeing, since=since, until=until
            )
        )
    Rule.objects.bulk_create(rules, batch_size=500)
    LearntRule.objects.bulk_create(figures, batch_size=500)


def try_on(ruleset: RuleSet, cases: Sequence[Case], *, learnt_from: Iterable[Case]) -> Trial:
    """The set, a draft for example, tried on reports that it was not learnt from: areas are those of their day."""
    of_category, of_all = _usual(learnt_from)
    community = ruleset.community
    categories = dict(Category.objects.filter(community=community).values_list("code", "pk"))
    deciding = Deciding(community, ruleset=ruleset.pk)
    right = by_rule = 0
    for start in range(0, len(cases), AT_ONCE):
        some = cases[start : start + AT_ONCE]
        asked = [Asked(one.lon, one.lat, categories.get(one.category), one.category, one.at, {}) for one in some]
        for case, verdict in zip(some, deciding.decide(asked), strict=True):
            by_rule += verdict is not None and not verdict.is_fallback
            right += verdict is not None and verdict.organisation == case.organisation
    return Trial(
        cases=len(cases),
        right=right,
        by_rule=by_rule,
        right_by_category=sum(of_category.get(case.category) == case.organisation for case in cases),
        right_by_one=sum(of_all == case.organisation for case in cases),
    )


def _usual(cases: Iterable[Case]) -> tuple[Mapping[str, int], int | None]:
    """Who answered most: for each category, and of all."""
    counted: dict[str, Counter[int]] = defaultdict(Counter)
    for case in cases:
        counted[case.category][case.organisation] += 1
    of_all: Counter[int] = sum(counted.values(), Counter())
    usual = {category: who.most_common(1)[0][0] for category, who in counted.items()}
    return usual, of_all.most_common(1)[0][0] if of_all else None


def names_of(organisations: Iterable[int]) -> dict[int, str]:
    """Names of organisations by their ids."""
    return dict(Organisation.objects.filter(pk__in=set(organisations)).values_list("pk", "name"))
