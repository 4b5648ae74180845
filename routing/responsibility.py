"""The decision: who must answer for a problem at this point, and why. One SQL round trip, the same answer every time.

Outsiders import `decide`, `Verdict` and `OutsideCommunityError`; the rest may change. What lies around the point is
found by the function `routing_decide` in the database (routing/migrations); routing.judging weighs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.gis.geos import Point

from accounts.models import Organisation
from geodata.models import Community
from geodata.replica import reading
from routing import judging
from routing.models import Asset, Category, RuleSet

DECIDE = """
SELECT routing_decide(
    %(community)s::bigint, %(category)s::bigint, %(lon)s::float8, %(lat)s::float8, %(on)s::date,
    %(rules_at)s::timestamptz, %(ruleset)s::bigint, %(asset)s::bigint, %(near)s::float8, %(doubt)s::float8)
"""


# The same, by the slug of the community and the code of the category: one statement for programs that ask by words.
DECIDE_BY_NAMES = """
SELECT c.id, c.time_zone, k.id, routing_decide(
    c.id, k.id, %(lon)s::float8, %(lat)s::float8, (%(at)s::timestamptz AT TIME ZONE c.time_zone)::date,
    %(at)s::timestamptz, NULL, NULL, %(near)s::float8, %(doubt)s::float8)
FROM geodata_community c JOIN routing_category k ON k.community_id = c.id
WHERE c.slug = %(slug)s AND k.code = %(code)s AND k.is_active
"""
AREA = ("id", "division", "code", "name")  # of an area, as a trace keeps it


class OutsideCommunityError(ValueError):
    """The point is not inside the community. `slug`, `name` and `name_en` tell the one that it is in, or are empty."""

    def __init__(self, elsewhere: dict[str, str] | None) -> None:
        super().__init__("The point is outside the community.")
        found = elsewhere or {}
        self.slug = found.get("slug", "")
        self.name = found.get("name", "")
        self.name_en = found.get("name_en", "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who must answer. Codes and parameters only: routing.explain puts them into words."""

    organisation: int | None  # None: no rule matched and there is no fallback left
    rule: int | None
    is_fallback: bool
    areas: tuple[int, ...]  # ids of the areas that cover the point
    trace: dict[str, Any]
    informed: tuple[int, ...] = ()  # organisations that hear of it and need not answer
    ruleset: int | None = None  # the set of rules that was asked
    # Id, name and ЄДРПОУ code of every organisation that was looked at: for whoever names them at once.
    owners: Mapping[int, Mapping[str, Any]] = field(default_factory=dict, compare=False)

    @property
    def doubt(self) -> dict[str, Any] | None:
        """Another owner within judging.DOUBT metres who would answer if the point lay there."""
        found: dict[str, Any] | None = self.trace.get("doubt")
        return found

    def confirmed(self) -> "Verdict":
        """The same verdict, saying that the resident looked closely and confirmed the place."""
        return replace(self, trace=self.trace | {"doubt": self.doubt | {"confirmed": True}}) if self.doubt else self


def decide(
    point: Point,
    category: Category,
    *,
    community: Community,
    at: datetime,
    answers: Mapping[str, str] | None = None,
    asset: Asset | None = None,
    excluding: frozenset[int] = frozenset(),
    anywhere: bool = False,
    rules_at: datetime | None = None,
    ruleset: RuleSet | None = None,
) -> Verdict:
    """Names the organisation that must answer at `point` (lon, lat; SRID 4326) for what happened at that moment.

    Areas, registers, hours and dates are those of `at` by the community's clock; the set of rules is the one in force
    at `rules_at` (default: `at`), or `ruleset`, a draft for example. `answers`: code of a question → code of an answer.
    `asset`: the house, lamp… that the resident chose.

    The eligible rule of the highest priority wins; of equal ones the more precise (by category, then register, area,
    division, answers, hours and dates), then the older. Organisations in `excluding` handed the thing back. Without a
    rule the community's fallback queue gets it, marked as such. Raises OutsideCommunityError, unless `anywhere`: a
    thing that was accepted stays the community's when the boundary is drawn anew.
    """
    question = Asked(
        lon=point.x, lat=point.y, category=category.pk, category_code=category.code, at=at, answers=dict(answers or {}),
        asset=asset.pk if asset else None,
    )  # fmt: skip
    parameters = parameters_of(
        question, community=community, rules_at=rules_at, ruleset=ruleset.pk if ruleset else None
    )
    with reading().cursor() as cursor:
        cursor.execute(DECIDE, parameters)
        found = judging.Found.of(cursor.fetchone()[0])
    if not found.inside and not anywhere:
        raise OutsideCommunityError(found.elsewhere)
    return verdict_of(question, community=community, found=found, excluding=excluding)


def decide_by_names(*, lon: float, lat: float, slug: str, code: str, at: datetime) -> Verdict | None:
    """What `decide` says at that moment of a community and a category that are known by name only.

    None where no community has this slug or offers this category, and outside its boundary.
    """
    asked: dict[str, Any] = {"lon": lon, "lat": lat, "slug": slug, "code": code, "at": at}
    asked |= {"near": judging.NEAR, "doubt": judging.DOUBT}
    with reading().cursor() as cursor:
        cursor.execute(DECIDE_BY_NAMES, asked)
        row = cursor.fetchone()
    if row is None:
        return None
    community, zone, category, document = row
    found = judging.Found.of(document)
    question = Asked(lon, lat, category, code, at, {})
    return (
        verdict_of(question, community=Community(pk=community, time_zone=zone), found=found) if found.inside else None
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a decision is asked about. `category` is an id, or None for one without any rule of its own."""

    lon: float
    lat: float
    category: int | None
    category_code: str
    at: datetime
    answers: dict[str, str]
    asset: int | None = None


def chosen_by_hand(
    organisation: Organisation, *, chosen_by: str, point: Point, category: Category, community: Community, at: datetime
) -> Verdict:
    """The verdict of a person who knows better than the rules: the duty queue or the community's staff."""
    question = Asked(point.x, point.y, category.pk, category.code, at, {})
    trace = _beginning(question, community) | {
        "organisation": organisation.pk,
        "organisation_name": organisation.name,
        "matched": None,
        "lost": [],
        "informed": [],
        "fallback": False,
        "areas": [],
        "nearest_other": None,
        "doubt": None,
        "chosen_by": chosen_by,
    }
    return Verdict(organisation=organisation.pk, rule=None, is_fallback=False, areas=(), trace=trace)


def parameters_of(
    question: Asked,
    *,
    community: Community,
    rules_at: datetime | None = None,
    ruleset: int | None = None,
    on: date | None = None,
) -> dict[str, Any]:
    """What DECIDE is asked with. `on`: a day whose areas and registers are asked instead of those of the question."""
    return {
        "community": community.pk,
        "category": question.category,
        "lon": question.lon,
        "lat": question.lat,
        "on": on or community.day_of(question.at),
        "rules_at": rules_at or question.at,
        "ruleset": ruleset,
        "asset": question.asset,
        "near": judging.NEAR,
        "doubt": judging.DOUBT,
    }


def verdict_of(
    question: Asked,
    *,
    community: Community,
    found: judging.Found,
    excluding: frozenset[int] = frozenset(),
    on: date | None = None,
) -> Verdict:
    """The verdict out of what the database found. Used by `decide` and, for many questions, by routing.bulk.

    `on`: a day whose dates the rules are held against, instead of the question's own; weekday and hour stay.
    """
    moment = question.at.astimezone(ZoneInfo(community.time_zone))
    case = judging.Case(question.category_code, question.answers, moment, on or moment.date(), excluding)
    rules = judging.judge(found, case)
    candidates = [rule for rule in rules if rule["role"] == "responsible"]
    winner = candidates[0] if candidates and candidates[0]["eligible"] else None
    chosen = winner or _fallback(found, excluding)
    informed = judging.informed(rules, chosen["organisation"])
    told = {id(rule) for rule in informed}
    areas = [{name: area[name] for name in AREA} for area in found.areas if area["covers"]]
    areas.sort(key=lambda area: (area["division"], area["code"]))
    trace = _beginning(question, community) | {
        "ruleset": found.ruleset,
        "organisation": chosen["organisation"],
        "organisation_name": chosen["organisation_name"],
        "matched": judging.summary(winner) if winner else None,
        "lost": [judging.lost(rule, winner) for rule in rules if rule is not winner and id(rule) not in told],
        "informed": [judging.summary(rule) for rule in informed],
        "fallback": winner is None,
        "areas": areas,
        "nearest_other": judging.nearest_other(candidates, chosen["organisation"]),
        "doubt": judging.doubt(candidates, winner, chosen["organisation"]),
    }
    return Verdict(
        organisation=chosen["organisation"],
        rule=winner["rule"] if winner else None,
        is_fallback=winner is None,
        areas=tuple(area["id"] for area in areas),
        trace=trace,
        informed=tuple(rule["organisation"] for rule in informed),
        ruleset=found.ruleset,
        owners=found.owners,
    )


def taken(verdict: Verdict, organisation: int, name: str) -> Verdict:
    """The verdict of another system, whose file names who answered; the areas are those of the point."""
    named = {"organisation": organisation, "organisation_name": name, "chosen_by": judging.IMPORTED}
    silent: dict[str, Any] = {
        "matched": None,
        "lost": [],
        "informed": [],
        "fallback": False,
        "nearest_other": None,
        "doubt": None,
    }
    trace = verdict.trace | named | silent
    return Verdict(organisation=organisation, rule=None, is_fallback=False, areas=verdict.areas, trace=trace)


def verdict_like(verdict: Verdict, question: Asked, *, community: Community) -> Verdict:
    """The verdict about another question that must be answered alike; used by routing.bulk, which knows when."""
    return replace(verdict, trace=verdict.trace | _beginning(question, community))


def _fallback(found: judging.Found, excluding: frozenset[int]) -> dict[str, Any]:
    """The community's duty queue, or nobody when there is none, it is switched off, or it handed the thing back."""
    queue = found.owners.get(found.fallback) if found.fallback is not None else None
    if queue is None or not queue["is_active"] or queue["id"] in excluding:
        return {"organisation": None, "organisation_name": ""}
    return {"organisation": queue["id"], "organisation_name": queue["name"]}


def _beginning(question: Asked, community: Community) -> dict[str, Any]:
    """What was asked, enough to ask it again."""
    return {
        "version": 2,
        "point": [round(question.lon, 7), round(question.lat, 7)],
        "at": question.at.isoformat(),
        "on": question.at.astimezone(ZoneInfo(community.time_zone)).date().isoformat(),
        "category": question.category_code,
        "answers": question.answers,
        "asset": question.asset,
    }
