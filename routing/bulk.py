"""The decision for many questions at once, as routing.responsibility makes it for one: for imports and for what-if."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection

from geodata.models import Community
from routing.judging import Found
from routing.responsibility import Asked, Verdict, parameters_of, verdict_of

AT_ONCE = 500  # questions in one query

# The question's own columns come from the arrays, the rest is the same for all.
DECIDE_MANY = """
SELECT routing_decide(
    %(community)s::bigint, q.category, q.lon, q.lat, q.day, q.rules_at, %(ruleset)s::bigint, q.asset,
    %(near)s::float8, %(doubt)s::float8)
FROM unnest(%(lons)s::float8[], %(lats)s::float8[], %(categories)s::bigint[], %(days)s::date[],
            %(moments)s::timestamptz[], %(assets)s::bigint[])
    WITH ORDINALITY AS q (lon, lat, category, day, rules_at, asset, n)
ORDER BY q.n
"""


def decide_many(
    questions: Sequence[Asked], *, community: Community, ruleset: int | None = None, on: date | None = None
) -> list[Verdict | None]:
    """A verdict for each question, in their order; None for a place outside the community.

    `ruleset`: the id of a set that is asked instead of the one in force at each moment. `on`: a day whose areas,
    registers and dates hold instead of those of each moment; the weekday and the hour stay those of the moment.
    """
    found: list[Verdict | None] = []
    for start in range(0, len(questions), AT_ONCE):
        found += _decided(questions[start : start + AT_ONCE], community, ruleset, on)
    return found


def _decided(
    questions: Sequence[Asked], community: Community, ruleset: int | None, on: date | None
) -> list[Verdict | None]:
    with connection.cursor() as cursor:
        cursor.execute(DECIDE_MANY, _parameters(questions, community, ruleset, on))
        rows = cursor.fetchall()
    found = [Found.of(document) for (document,) in rows]
    return [
        verdict_of(question, community=community, found=around, on=on) if around.inside else None
        for question, around in zip(questions, found, strict=True)
    ]


def _parameters(
    questions: Sequence[Asked], community: Community, ruleset: int | None, on: date | None
) -> dict[str, Any]:
    return parameters_of(questions[0], community=community, ruleset=ruleset) | {
        "lons": [question.lon for question in questions],
        "lats": [question.lat for question in questions],
        "categories": [question.category for question in questions],
        "days": [on or community.day_of(question.at) for question in questions],
        "moments": [question.at for question in questions],
        "assets": [question.asset for question in questions],
    }
