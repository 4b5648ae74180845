"""The decision: who must answer for a problem at this point, and why. One SQL round trip, the same answer every time.

Outsiders import `decide`, `Verdict` and `OutsideCommunityError`; the rest may change.
"""

from dataclasses import dataclass
from datetime import date
from math import cos, radians
from typing import Any

from django.contrib.gis.geos import Point
from django.db import connection

from accounts.models import Organisation
from geodata.models import Community
from routing.models import Category

NEAR = 100.0  # metres: owners whose area is this near are named in the trace
MOST_LOST = 12  # lost rules kept in a trace: so many that cover the point, and so many near it

# Order of rules that cover the point, and of those that do not: used by DECIDE and by routing.bulk.
RANKING = "eligible DESC, metres, priority DESC, precision DESC, rule"

# Metres from `point` to `boundary`; null when that is more than `near`. A geodesic distance to a whole boundary takes
# 2 ms for 6,000 vertices, so the boundary is asked in degrees first and then cut to the box around the point.
METRES = """
CASE WHEN covers THEN 0
     WHEN ST_DWithin(boundary, point, %(degrees_lon)s) THEN ST_Distance(
         ST_ClipByBox2D(boundary, ST_Expand(point, %(degrees_lon)s, %(degrees_lat)s)::box2d)::geography,
         point::geography) END
"""

# Parameters: community, category (or null), lon, lat, day, excluded organisations, near (metres), degrees (a box that
# holds `near`). One row: is the point inside, where else is it, the fallback, the areas that cover it, the rules.
DECIDE = """
WITH here AS MATERIALIZED (
    SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS point
), around AS MATERIALIZED (
    SELECT *, {metres} AS metres
    FROM (
        SELECT a.id, a.division_id, a.code, a.name, d.code AS division, a.boundary, here.point,
               ST_Covers(a.boundary, here.point) AS covers
        FROM geodata_area a JOIN geodata_division d ON d.id = a.division_id, here
        WHERE a.community_id = %(community)s
          AND a.valid_from <= %(day)s AND (a.valid_to IS NULL OR a.valid_to > %(day)s)
          AND a.boundary && ST_Expand(here.point, %(degrees_lon)s, %(degrees_lat)s)
        OFFSET 0
    ) a
), candidate AS (
    SELECT r.*, NULL::text AS division, NULL::text AS area, true AS covers, 0::float8 AS metres
    FROM routing_rule r
    WHERE r.community_id = %(community)s AND r.is_active AND r.division_id IS NULL
      AND (r.category_id IS NULL OR r.category_id = %(category)s)
    UNION ALL
    SELECT r.*, a.division, a.name, a.covers, a.metres
    FROM around a JOIN routing_rule r ON r.division_id = a.division_id AND r.area_code = a.code
    WHERE r.community_id = %(community)s AND r.is_active AND a.metres <= %(near)s
      AND (r.category_id IS NULL OR r.category_id = %(category)s)
), named AS (
    SELECT r.id AS rule, c.code AS category, r.division, r.area_code, r.area, r.priority,
           o.id AS organisation, o.name AS organisation_name, o.is_active,
           o.id = ANY(%(excluding)s) AS excluded, r.covers, r.metres,
           (r.category_id IS NOT NULL)::int * 2 + (r.division_id IS NOT NULL)::int AS precision
    FROM candidate r
    JOIN accounts_organisation o ON o.id = r.organisation_id
    LEFT JOIN routing_category c ON c.id = r.category_id
), judged AS (
    SELECT named.*, covers AND is_active AND NOT excluded AS eligible FROM named
), ranked AS (  -- the strongest of those that cover the point, the nearest of the others
    SELECT *, row_number() OVER (PARTITION BY covers ORDER BY {ranking}) AS place
    FROM judged
)
SELECT
    (SELECT boundary IS NULL OR ST_Covers(boundary, here.point) FROM geodata_community, here WHERE id = %(community)s),
    (SELECT json_build_object('slug', slug, 'name', name, 'name_en', name_en) FROM geodata_community, here
      WHERE id <> %(community)s AND ST_Covers(boundary, here.point) ORDER BY id LIMIT 1),
    (SELECT json_build_object('organisation', o.id, 'organisation_name', o.name)
       FROM routing_communityrouting f JOIN accounts_organisation o ON o.id = f.fallback_id
      WHERE f.community_id = %(community)s AND o.is_active AND NOT o.id = ANY(%(excluding)s)),
    (SELECT coalesce(json_agg(json_build_object('id', id, 'division', division, 'code', code, 'name', name)
                              ORDER BY division, code), '[]') FROM around WHERE covers),
    (SELECT coalesce(json_agg(to_json(ranked) ORDER BY covers DESC, place), '[]') FROM ranked WHERE place <= %(most)s)
""".replace("{ranking}", RANKING).replace("{metres}", METRES)


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


def decide(
    point: Point,
    category: Category,
    *,
    community: Community,
    on: date,
    excluding: frozenset[int] = frozenset(),
    anywhere: bool = False,
) -> Verdict:
    """Names the organisation that must answer at `point` (lon, lat; SRID 4326) on that day.

    The eligible rule of the highest priority wins; of equal ones the more precise (category and area, category, area,
    neither), then the older. Organisations in `excluding` handed the thing back. Without a rule the community's
    fallback queue gets it, marked as such. Raises OutsideCommunityError, unless `anywhere`: a thing that was accepted
    stays the community's when the boundary is drawn anew.
    """
    parameters = parameters_of(point, category, community=community, on=on, excluding=excluding)
    with connection.cursor() as cursor:
        cursor.execute(DECIDE, parameters)
        inside, elsewhere, fallback, areas, rules = cursor.fetchone()
    if not inside and not anywhere:
        raise OutsideCommunityError(elsewhere)
    return verdict_of((point.x, point.y), category.code, on=on, fallback=fallback, areas=areas, rules=rules)


def chosen_by_hand(
    organisation: Organisation, *, chosen_by: str, point: Point, category: Category, on: date
) -> Verdict:
    """The verdict of a person who knows better than the rules: the duty queue or the community's staff."""
    trace = {
        "version": 1,
        "point": [round(point.x, 7), round(point.y, 7)],
        "on": on.isoformat(),
        "category": category.code,
        "organisation": organisation.pk,
        "organisation_name": organisation.name,
        "matched": None,
        "lost": [],
        "fallback": False,
        "areas": [],
        "nearest_other": None,
        "chosen_by": chosen_by,
    }
    return Verdict(organisation=organisation.pk, rule=None, is_fallback=False, areas=(), trace=trace)


def parameters_of(
    point: Point, category: Category, *, community: Community, on: date, excluding: frozenset[int]
) -> dict[str, Any]:
    """What DECIDE is asked with."""
    degrees = NEAR / 111_000  # a degree of latitude is at least 110,574 m; the box may be larger, never smaller
    return {
        "community": community.pk,
        "category": category.pk,
        "lon": point.x,
        "lat": point.y,
        "day": on,
        "excluding": sorted(excluding),
        "near": NEAR,
        "degrees_lat": degrees * 1.01,
        "degrees_lon": degrees * 1.01 / max(cos(radians(point.y)), 0.01),
        "most": MOST_LOST + 1,
    }


def verdict_of(
    place: tuple[float, float],
    category: str,
    *,
    on: date,
    fallback: dict[str, Any] | None,
    areas: list[dict[str, Any]],
    rules: list[dict[str, Any]],
) -> Verdict:
    """The verdict out of what the database found: the areas that cover `place` (lon, lat), and rules in RANKING.

    Used by `decide` and, for many places at once, by routing.bulk.
    """
    winner = rules[0] if rules and rules[0]["eligible"] else None
    chosen = winner or fallback or {"organisation": None, "organisation_name": ""}
    lost = [_lost(rule, winner) for rule in rules if rule is not winner]
    trace = {
        "version": 1,
        "point": [round(place[0], 7), round(place[1], 7)],
        "on": on.isoformat(),
        "category": category,
        "organisation": chosen["organisation"],
        "organisation_name": chosen["organisation_name"],
        "matched": _summary(winner) if winner else None,
        "lost": lost,
        "fallback": winner is None,
        "areas": areas,
        "nearest_other": _nearest_other(rules, chosen["organisation"]),
    }
    return Verdict(
        organisation=chosen["organisation"],
        rule=winner["rule"] if winner else None,
        is_fallback=winner is None,
        areas=tuple(area["id"] for area in areas),
        trace=trace,
    )


def _summary(rule: dict[str, Any]) -> dict[str, Any]:
    names = ("rule", "category", "division", "area_code", "area", "priority", "organisation", "organisation_name")
    return {name: rule[name] for name in names}


def _lost(rule: dict[str, Any], winner: dict[str, Any] | None) -> dict[str, Any]:
    """Why a rule did not win: outside_area, organisation_inactive, handed_back, lower_priority, less_precise, newer."""
    if not rule["covers"]:
        reason = "outside_area"
    elif not rule["is_active"]:
        reason = "organisation_inactive"
    elif rule["excluded"]:
        reason = "handed_back"
    elif winner and rule["priority"] < winner["priority"]:
        reason = "lower_priority"
    elif winner and rule["precision"] < winner["precision"]:
        reason = "less_precise"
    else:
        reason = "newer"
    return _summary(rule) | {"reason": reason, "metres": round(rule["metres"], 1)}


def _nearest_other(rules: list[dict[str, Any]], organisation: int | None) -> dict[str, Any] | None:
    """The owner of the nearest area that the point is not in, when that is somebody else."""
    others = [r for r in rules if not r["covers"] and r["is_active"] and r["organisation"] != organisation]
    if not others:
        return None
    nearest = min(others, key=lambda rule: (round(rule["metres"], 1), rule["rule"]))
    found = {name: nearest[name] for name in ("organisation", "organisation_name", "area")}
    return found | {"metres": round(nearest["metres"], 1)}
