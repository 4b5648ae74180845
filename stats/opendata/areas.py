"""Dataset `areas`: the areas that everything is counted by, each version of each boundary."""

from django.utils.translation import gettext_lazy as _

from stats.opendata.tables import Browsed, Column, Dataset, register

# Rings as RFC 7946 wants them: outer ones counterclockwise.
_SELECTED = """
    a.id, d.code AS division, d.name AS division_name, a.code, a.name, a.valid_from, a.valid_to,
    ST_AsBinary(ST_ForcePolygonCCW(a.boundary)) AS geometry
"""

AREAS = register(
    Dataset(
        name="areas",
        title=_("Areas"),
        about=_(
            "Boundaries of the areas that problems are counted by. A boundary that was changed is a version of its "
            "own: problems stay with the version of their day."
        ),
        columns=(
            Column("id", "integer", _("number of this version of the area")),
            Column("division", "text", _("code of the division that it is part of")),
            Column("division_name", "text", _("name of the division")),
            Column("code", "text", _("code of the area, the same in all its versions")),
            Column("name", "text", _("name of the area")),
            Column("valid_from", "day", _("first day of this version")),
            Column("valid_to", "day", _("first day on which it no longer holds; empty: it holds")),
        ),
        selected=_SELECTED,
        source="""
            FROM geodata_area a JOIN geodata_division d ON d.id = a.division_id
            WHERE a.community_id = %(community)s
        """,
        key="id",
        formats=("csv", "geojson", "gpkg", "parquet"),
        version=1,
        shape="MultiPolygon",
        browsed=Browsed(
            key="id",
            key_sql="a.id",
            near="ST_Intersects(a.boundary, ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326))",
            since="a.valid_from::timestamp AT TIME ZONE %(zone)s",
            until="coalesce(a.valid_to::timestamp AT TIME ZONE %(zone)s - interval '1 microsecond', 'infinity')",
            filters={"division": "d.code", "code": "a.code"},
        ),
    )
)
