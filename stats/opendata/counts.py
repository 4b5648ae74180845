"""Dataset `counts`: what statistics add up, by month: of the community, its areas, its organisations, each kind."""

from django.utils.translation import gettext_lazy as _

from issues.counters import REPORTS as COUNTED
from stats.opendata.tables import Column, Dataset, register

COUNTS = ("opened", "accepted", "closed", "confirmed", "reopened", "rejected", "ended", "kept", "late")
_SOME = " OR ".join(f"m.{name} <> 0" for name in COUNTS)

ADDED_UP = register(
    Dataset(
        name="counts",
        title=_("Counts by month"),
        about=_(
            "How many problems were sent, taken on, done, rejected… in each month: in the whole community, in each of "
            "its areas, by each organisation, of each kind and of all kinds together."
        ),
        columns=(
            Column("place", "text", _("what is counted: community, area or organisation")),
            Column("area_id", "integer", _("the area, by its id in “Areas”")),
            Column("division", "text", _("code of the area's division")),
            Column("area", "text", _("code of the area")),
            Column("area_name", "text", _("name of the area")),
            Column("organisation", "text", _("the organisation; empty for problems that nobody answers for")),
            Column("organisation_edrpou", "text", _("its ЄДРПОУ code")),
            Column("category", "text", _("code of the kind; empty: all kinds together")),
            Column("category_name", "text", _("name of the kind")),
            Column("month", "day", _("first day of the month")),
            Column("opened", "integer", _("sent in the month")),
            Column("accepted", "integer", _("taken on first in the month")),
            Column("closed", "integer", _("done in the month, and still done")),
            Column("confirmed", "integer", _("of them, those of which the reporter says that they are done")),
            Column("reopened", "integer", _("opened again in the month")),
            Column("rejected", "integer", _("rejected in the month")),
            Column("ended", "integer", _("no longer open since the month")),
            Column("kept", "integer", _("answered in the month within the promise")),
            Column("late", "integer", _("not answered within a promise that ended in the month")),
            Column("supporters", "integer", _("supporters of those sent in the month that at least 5 people support")),
        ),
        selected=f"""
            CASE m.kind WHEN 0 THEN 'community' WHEN 1 THEN 'area' ELSE 'organisation' END AS place,
            a.id AS area_id, d.code AS division, a.code AS area, a.name AS area_name,
            o.name AS organisation, o.edrpou AS organisation_edrpou, k.code AS category, k.name AS category_name,
            m.month, {", ".join(f"m.{name}" for name in COUNTS)}, m.supporters
        """,
        source=f"""
            FROM stats_month m
            LEFT JOIN geodata_area a ON m.kind = 1 AND a.id = m.place
            LEFT JOIN geodata_division d ON d.id = a.division_id
            LEFT JOIN accounts_organisation o ON m.kind = 2 AND o.id = m.place
            LEFT JOIN routing_category k ON k.id = m.category
            WHERE m.source = {COUNTED.number} AND m.community = %(community)s AND m.kind < 3 AND ({_SOME})
        """,
        key="month, place, division NULLS FIRST, area, area_id, organisation, category NULLS FIRST",
        formats=("csv", "parquet"),
        version=1,
    )
)
