"""The decision for many places at once: for imports, where one query per row would take the evening.

The same answers as routing.responsibility.decide, proven by a test on random rows. Areas are matched from the polygons'
side, so that PostGIS prepares each boundary once and tries all points against it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import cos, radians
from typing import Any

from django.db import connection, transaction

from geodata.models import Community
from routing.responsibility import METRES, MOST_LOST, NEAR, RANKING, Verdict, verdict_of

PLACES = """
CREATE TEMPORARY TABLE place ON COMMIT DROP AS
SELECT n, category, day, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS point
FROM unnest(%(n)s::int[], %(lon)s::float8[], %(lat)s::float8[], %(category)s::bigint[], %(day)s::date[])
     AS given (n, lon, lat, category, day)
"""

INSIDE = """
SELECT p.n FROM (SELECT boundary FROM geodata_community WHERE id = %(community)s OFFSET 0) c
JOIN place p ON c.boundary IS NULL OR ST_Covers(c.boundary, p.point)
"""

AROUND = """
CREATE TEMPORARY TABLE around ON COMMIT DROP AS
SELECT p.n, p.category, p.covers, p.metres, a.id, a.division_id, a.code, a.name, a.division
FROM (
    SELECT a.*, d.code AS division
    FROM geodata_area a JOIN geodata_division d ON d.id = a.division_id
    WHERE a.community_id = %(community)s AND a.boundary && ST_Expand(
        (SELECT ST_SetSRID(ST_Extent(point)::geometry, 4326) FROM place), %(degrees_lon)s, %(degrees_lat)s)
    OFFSET 0
) a CROSS JOIN LATERAL (
    SELECT q.n, q.category, q.covers, {metres} AS metres
    FROM (
        SELECT place.n, place.category, place.point, a.boundary, ST_Covers(a.boundary, place.point) AS covers FROM place
        WHERE place.point && ST_Expand(a.boundary, %(degrees_lon)s, %(degrees_lat)s)
          AND a.valid_from <= place.day AND (a.valid_to IS NULL OR a.valid_to > place.day)
        OFFSET 0
    ) q
) p
WHERE p.metres <= %(near)s
""".replace("{metres}", METRES)

AREAS = "SELECT n, id, division, code, name FROM around WHERE covers ORDER BY n, division, code"

RULES = """
WITH candidate AS (
    SELECT p.n, r.*, NULL::text AS division, NULL::text AS area, true AS covers, 0::float8 AS metres
    FROM place p JOIN routing_rule r ON r.category_id IS NULL OR r.category_id = p.category
    WHERE r.community_id = %(community)s AND r.is_active AND r.division_id IS NULL
    UNION ALL
    SELECT a.n, r.*, a.division, a.name, a.covers, a.metres
    FROM around a JOIN routing_rule r ON r.division_id = a.division_id AND r.area_code = a.code
    WHERE r.community_id = %(community)s AND r.is_active AND (r.category_id IS NULL OR r.category_id = a.category)
), named AS (
    SELECT r.n, r.id AS rule, c.code AS category, r.division, r.area_code, r.area, r.priority,
           o.id AS organisation, o.name AS organisation_name, o.is_active, false AS excluded, r.covers, r.metres,
           (r.category_id IS NOT NULL)::int * 2 + (r.division_id IS NOT NULL)::int AS precision,
           r.covers AND o.is_active AS eligible
    FROM candidate r
    JOIN accounts_organisation o ON o.id = r.organisation_id
    LEFT JOIN routing_category c ON c.id = r.category_id
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY n, covers ORDER BY {ranking}) AS place FROM named
)
SELECT * FROM ranked WHERE place <= %(most)s ORDER BY n, covers DESC, place
""".replace("{ranking}", RANKING)

FALLBACK = """
SELECT json_build_object('organisation', o.id, 'organisation_name', o.name)
FROM routing_communityrouting f JOIN accounts_organisation o ON o.id = f.fallback_id
WHERE f.community_id = %(community)s AND o.is_active
"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One place to decide about. `category` is its id, or None for a category without any rule of its own."""

    lon: float
    lat: float
    category: int | None
    category_code: str
    on: date


def decide_many(questions: Sequence[Question], *, community: Community) -> list[Verdict | None]:
    """A verdict for each question, in their order; None for a place outside the community."""
    if not questions:
        return []
    parameters = _parameters(questions, community)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PLACES, parameters)
        cursor.execute("CREATE INDEX ON place USING gist (point)")
        cursor.execute("ANALYZE place")
        cursor.execute(INSIDE, parameters)
        inside = {n for (n,) in cursor.fetchall()}
        cursor.execute(AROUND, parameters)
        cursor.execute("ANALYZE around")
        cursor.execute(AREAS)
        areas = _by_place(cursor)
        cursor.execute(RULES, parameters)
        rules = _by_place(cursor)
        cursor.execute(FALLBACK, parameters)
        row = cursor.fetchone()
        cursor.execute("DROP TABLE place, around")  # not only at the commit: this may run twice in one transaction
    fallback = row[0] if row else None
    return [
        verdict_of(
            (question.lon, question.lat),
            question.category_code,
            on=question.on,
            fallback=fallback,
            areas=areas[n],
            rules=rules[n],
        )
        if n in inside
        else None
        for n, question in enumerate(questions)
    ]


def _parameters(questions: Sequence[Question], community: Community) -> Row:
    """Boxes that hold NEAR around every place, and the columns of the places."""
    degrees = NEAR / 111_000 * 1.01  # as in decide()
    furthest = max(abs(question.lat) for question in questions)
    return {
        "community": community.pk,
        "n": list(range(len(questions))),
        "lon": [question.lon for question in questions],
        "lat": [question.lat for question in questions],
        "category": [question.category for question in questions],
        "day": [question.on for question in questions],
        "near": NEAR,
        "most": MOST_LOST + 1,
        "degrees_lat": degrees,
        "degrees_lon": degrees / max(cos(radians(furthest)), 0.01),
    }


def _by_place(cursor: Any) -> defaultdict[int, list[Row]]:
    """Rows as dicts, without the place's number, under that number."""
    names = [column.name for column in cursor.description]
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        found[row.pop("n")].append(row)
    return found
