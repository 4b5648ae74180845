"""Dataset `reports`: one row for each report that strangers may see, with all that statistics are counted from.

Words, names, flats, answers to questions and photos are not in it; a place is as strangers see it on the map.
"""

from django.utils.translation import gettext_lazy as _

from issues.counters import REPORTS as COUNTED
from issues.states import GROUPS
from stats.opendata.tables import Browsed, Column, Dataset, register
from stats.opendata.taken_back import is_taken_back

BLURRED = "(i.subject_visibility = 'coarse' OR i.place_is_sensitive)"
_GROUP = " ".join(f"WHEN '{state.value}' THEN '{group.value}'" for state, group in GROUPS.items())
# A report whose place was changed a moment ago is not counted where it is now: its areas would tell the old place.
_AREAS = "s.m = i.map_code AND a.id = ANY (s.areas)"
_AREAS_OF = f"geodata_area a JOIN geodata_division d ON d.id = a.division_id WHERE {_AREAS}"
PLACE = f"issues_public_place(i.location, {BLURRED})"

SOURCE = f"""
    FROM issues_issue i JOIN stats_case s ON s.source = {COUNTED.number} AND s.thing = i.id
    JOIN routing_category k ON k.id = i.category_id LEFT JOIN accounts_organisation o ON o.id = s.organisation
    WHERE i.community_id = %(community)s AND s.community = %(community)s AND i.map_group IS NOT NULL
"""
_SELECTED = f"""
    i.number, %(site)s || '/' || %(slug)s || '/issues/' || i.number || '/' AS url,
    k.code AS category, k.name AS category_name, i.state, CASE i.state {_GROUP} END AS state_group,
    o.name AS organisation, o.edrpou AS organisation_edrpou,
    date_trunc('second', i.created_at) AS reported_at, i.due_on AS promised,
    s.opened, s.accepted, s.answered, s.closed, s.confirmed, s.reopened, s.rejected, s.ended, s.kept, s.late,
    s.answer_seconds, s.fix_seconds, nullif(s.supporters, 0) AS supporters,
    CASE WHEN NOT {BLURRED} THEN nullif(i.address, '') END AS address,
    CASE WHEN {BLURRED} THEN 1 ELSE 0 END AS place_is_blurred,
    (SELECT string_agg(d.code || '/' || a.code, ' ' ORDER BY d.code, a.code, a.id) FROM {_AREAS_OF}) AS areas,
    (SELECT string_agg(a.id::text, ' ' ORDER BY d.code, a.code, a.id) FROM {_AREAS_OF}) AS area_ids,
    ST_AsBinary({PLACE}) AS geometry
"""
_CASES = f"source = {COUNTED.number} AND community = %(community)s"
_TOTAL = f"SELECT coalesce(sum(opened), 0) FROM stats_month WHERE {_CASES} AND kind = 0 AND place = 0 AND category = 0"
_FIRST = f"SELECT min(i.created_at) {SOURCE} AND s.opened = (SELECT min(opened) FROM stats_case WHERE {_CASES})"

REPORTS = register(
    Dataset(
        name="reports",
        title=_("Problems"),
        about=_(
            "A row for every problem that is on the map: what kind, where, in which state, who must answer, and the "
            "days on which something happened. Every number of the statistics can be counted from it."
        ),
        columns=(
            Column("number", "integer", _("number of the report in its community")),
            Column("url", "text", _("its page")),
            Column("category", "text", _("code of its kind")),
            Column("category_name", "text", _("name of its kind")),
            Column("state", "text", _("its state")),
            Column("state_group", "text", _("family of the state: wait, work, done, shut")),
            Column("organisation", "text", _("who must answer")),
            Column("organisation_edrpou", "text", _("ЄДРПОУ code of who must answer")),
            Column("reported_at", "moment", _("when it was sent")),
            Column("promised", "day", _("last day of the promised answer")),
            Column("opened", "day", _("day on which it was sent")),
            Column("accepted", "day", _("day on which somebody took it on first")),
            Column("answered", "day", _("day of the first answer")),
            Column("closed", "day", _("day on which it was done, if it still is")),
            Column("confirmed", "day", _("the same day, if the reporter says that it is done")),
            Column("reopened", "day", _("day on which it was opened again first")),
            Column("rejected", "day", _("day on which it was rejected")),
            Column("ended", "day", _("day since which it is no longer open, for whatever reason")),
            Column("kept", "day", _("day of an answer within the promise")),
            Column("late", "day", _("first day after a promise that was not kept")),
            Column("answer_seconds", "integer", _("seconds from sending to the first answer")),
            Column("fix_seconds", "integer", _("seconds from sending until it was done")),
            Column("supporters", "integer", _("people who said that it concerns them too; empty for fewer than 5")),
            Column("address", "text", _("address; empty where the place is blurred")),
            Column("place_is_blurred", "integer", _("1 when the point is the middle of a cell of about a kilometre")),
            Column("areas", "text", _("codes of its areas, as division/area, with spaces between them")),
            Column("area_ids", "text", _("the same areas by their id in “Areas”, which tells versions apart")),
        ),
        selected=_SELECTED,
        source=SOURCE,
        key="number",
        formats=("csv", "geojson", "gpkg", "parquet"),
        version=1,
        shape="Point",
        month="s.opened",
        taken_back=is_taken_back,
        browsed=Browsed(
            key="number",
            key_sql="i.number",
            # One that was blurred or moved a moment ago is in no box until it is counted where it is now. As a CASE it
            # does not make the planner believe that hardly any report lies in a box.
            near=f"CASE WHEN s.m = i.map_code THEN {PLACE} && "
            "ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) ELSE false END",
            since="i.created_at",
            until="i.created_at",
            filters={"category": "k.code", "state": "i.state", "state_group": f"CASE i.state {_GROUP} END"},
            codes="s.m",
            total=_TOTAL,
            first=_FIRST,
        ),
    )
)
