"""Things that are read row by row: of layers with few things, and those that words or an area choose."""

from collections.abc import Sequence

from geodata.layer_sql import IN_BOX, Compiled, Question, Sql, union

MOST_SEARCHED = 2000  # of what words or an area choose, the newest so many are shown

# A mark stands on the part of its thing that is in view.
_PLACE_IN_BOX = """CASE WHEN ST_GeometryType(found.geometry) = 'ST_Point' THEN found.geometry
    ELSE ST_PointOnSurface(ST_Intersection(found.geometry, box.shape)) END"""
_NEWEST = "starts_at DESC, layer DESC, id DESC"
_NOTHING = Sql(
    "SELECT NULL::text AS layer, NULL::bigint AS id, NULL::text AS state_group, NULL::timestamptz AS starts_at, "
    "NULL::geometry AS place, 1::bigint AS rank WHERE false"
)


def is_searched(question: Question) -> bool:
    """Whether words or an area choose: such things are counted up to MOST_SEARCHED."""
    return bool(question.filters.text) or question.filters.area is not None


def found_in_view(asked: Sequence[Compiled], question: Question) -> Sql:
    """SELECT layer, id, state_group, starts_at, place, rank of what these layers have in the box, or anywhere.

    Reads the box as `box.shape`, if the question has one. Of what is searched the newest come, one more than
    MOST_SEARCHED: `rank` tells.
    """
    if not asked:
        return _NOTHING
    rows = union([one.select(("id", "state_group", "starts_at", "geometry")) for one in asked])
    place = _PLACE_IN_BOX if question.box else "found.geometry"
    sources, where, params = [f"({rows.text}) found"], [], list(rows.params)
    if question.box:
        sources.append("box")
        where.append(IN_BOX)
    if question.filters.area is not None:
        sources.append("(SELECT boundary FROM geodata_area WHERE id = %s) area")
        where.append("ST_Intersects(area.boundary, found.geometry)")
        params.append(question.filters.area)
    text = f"SELECT layer, id, state_group, starts_at, {place} AS place FROM {', '.join(sources)}"
    text += f" WHERE {' AND '.join(where)}" if where else ""
    if not is_searched(question):
        return Sql(f"SELECT f.*, 1::bigint AS rank FROM ({text}) f", tuple(params))
    return Sql(
        f"SELECT f.*, row_number() OVER (ORDER BY {_NEWEST}) AS rank "
        f"FROM ({text} ORDER BY {_NEWEST} LIMIT {MOST_SEARCHED + 1}) f",
        tuple(params),
    )
