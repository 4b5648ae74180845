"""What reports are counted by: each becomes one case (core.counters), of what strangers see of it and of its events.

A report that was reopened counts as open all along: a repair that did not hold was no repair. So every day of a case is
known by its report's page, and anybody can count the same from the open data.
"""

from django.utils.translation import gettext_lazy as _

from core.counters import Counters
from core.privacy import counted_sql
from issues.blur import COARSE_GRID
from issues.states import OPEN, State

S = State
_TAKEN_ON = (S.ACCEPTED, S.IN_PROGRESS, S.WAITING, S.DONE)
_FIXED = (S.DONE, S.CONFIRMED)
_ENDING = (S.DONE, S.REJECTED, S.WITHDRAWN, S.DUPLICATE)
_ANSWERED = (S.DONE, S.CONFIRMED, S.REJECTED)  # what a promise asks for: done, or told why not
_NOBODY_WAITS = (S.WITHDRAWN, S.DUPLICATE)


def _in(states: "frozenset[State] | tuple[State, ...]") -> str:
    return "(" + ", ".join(f"'{state.value}'" for state in sorted(states)) + ")"


def _seconds(moment: str) -> str:
    return f"CASE WHEN {moment} IS NOT NULL THEN greatest(0, extract(epoch FROM {moment} - created_at)) END::integer"


# Areas of a blurred place: only those that cover all of its cell of the grid (issues.blur.told_areas).
_AREAS = f"""
    SELECT array_agg(told.area_id::integer ORDER BY told.area_id) AS areas
    FROM issues_issue_areas told WHERE told.issue_id = i.id AND (
        i.map_code = geodata_code(i.location) OR EXISTS (
            SELECT 1 FROM geodata_area area WHERE area.id = told.area_id AND ST_Covers(area.boundary, ST_Expand(
                issues_public_place(i.location, true), {COARSE_GRID / 2}))))
"""
_EVENTS = f"""
    SELECT min(e.at) FILTER (WHERE e.kind = 'moved' AND e.now IN {_in(_TAKEN_ON)}) AS accepted,
        min(e.at) FILTER (WHERE e.by IN ('organisation', 'staff') AND e.kind IN ('moved', 'answered')) AS answered,
        max(e.at) FILTER (WHERE e.now = 'done') AS closed,
        max(e.at) FILTER (WHERE e.now = 'rejected') AS rejected,
        min(e.at) FILTER (WHERE e.now = 'reopened') AS reopened,
        max(e.at) FILTER (WHERE e.now IN {_in(_ENDING)}) AS ended,
        max(e.at) FILTER (WHERE e.now IN {_in(_ENDING)} AND NOT e.is_undated) AS ended_then
    FROM issues_issueevent e WHERE e.issue_id = i.id
"""
_MOMENT_NAMES = ("accepted", "answered", "closed", "reopened", "rejected", "ended")
# A history that says that something was done and not when is of no use for times and promises: is_undated.
# The moments, each where the state says that it still holds.
_MOMENTS = f"""
    SELECT i.id, i.community_id, i.category_id, i.map_code, i.state, i.due_on, i.created_at, c.time_zone AS zone,
        issues_public_place(i.location, i.subject_visibility = 'coarse' OR i.place_is_sensitive) AS place, told.areas,
        (SELECT d.organisation_id FROM routing_decision d WHERE d.subject_id = i.subject_id
         ORDER BY d.decided_at DESC, d.id DESC LIMIT 1) AS organisation_id,
        (SELECT {counted_sql("count(*)")} FROM issues_supporter s
         WHERE s.issue_id = i.id AND NOT s.is_author) AS supporters,
        e.accepted, e.answered, e.reopened, coalesce(until.day, '-infinity') AS reached,
        e.ended > coalesce(e.ended_then, '-infinity') AS is_undated,
        CASE WHEN i.state IN {_in(_FIXED)} THEN e.closed END AS closed,
        CASE WHEN i.state = 'rejected' THEN e.rejected END AS rejected,
        CASE WHEN i.state NOT IN {_in(OPEN)} THEN e.ended END AS ended
    FROM (SELECT id AS thing, community_id AS community, issues_issue.* FROM issues_issue) i
    JOIN geodata_community c ON c.id = i.community_id
    LEFT JOIN core_counted_until until ON until.community = i.community_id
    CROSS JOIN LATERAL ({_EVENTS}) e CROSS JOIN LATERAL ({_AREAS}) told
    WHERE i.map_group IS NOT NULL AND {{chosen}}
"""
_DAY_OF_EACH = ", ".join(
    f"({moment} AT TIME ZONE zone)::date AS {day}"
    for day, moment in {"opened": "created_at", **{n: f"moment.{n}" for n in _MOMENT_NAMES}}.items()
)
_CASES = f"""
    SELECT id AS thing, community_id::integer AS community, category_id::integer AS category,
        organisation_id::integer AS organisation, coalesce(areas, '{{{{}}}}') AS areas, map_code AS m, place,
        day.opened, day.accepted, day.closed, CASE WHEN state = 'confirmed' THEN day.closed END AS confirmed,
        day.reopened, day.rejected, day.ended,
        CASE WHEN state IN {_in(_ANSWERED)} AND day.ended <= due_on AND NOT is_undated THEN day.ended END AS kept,
        CASE WHEN state NOT IN {_in(_NOBODY_WAITS)} AND due_on < reached AND (day.ended IS NULL OR day.ended > due_on)
            THEN due_on + 1 END AS late,
        day.answered, supporters::integer AS supporters,
        {_seconds("moment.answered")} AS answer_seconds,
        CASE WHEN NOT is_undated THEN {_seconds("moment.closed")} END AS fix_seconds
    FROM ({_MOMENTS}) moment CROSS JOIN LATERAL (SELECT
        {_DAY_OF_EACH}) day
"""
_DUE = "SELECT id AS thing FROM issues_issue WHERE community_id = %s AND due_on >= %s AND due_on < %s"

REPORTS = Counters(number=1, name="issues", title=_("Problems"), cases=_CASES, due=_DUE)
