"""Things that are read row by row: of layers with few things, and those that words or an area choose."""

from collections.abc import Sequence

from geodata.layer_sql import IN_BOX, LAT, LON, Compiled, Question, Sql, union
from geodata.layers import GROUPS, Layer
from geodata.word_sql import searched

MOST_SEARCHED = 1000  # of what words or an area choose, the newest so many are shown

# A mark stands on the part of its thing that is in view.
_PLACE_IN_BOX = """CASE WHEN ST_GeometryType(found.geometry) = 'ST_Point' THEN found.geometry
    ELSE ST_PointOnSurface(ST_Intersection(found.geometry, box.shape)) END"""
_NEWEST = "starts_at DESC, layer DESC, id DESC"
_ORDER = "ORDER BY starts_at DESC, id DESC"
_NOTHING = Sql(
    "SELECT NULL::text AS layer, NULL::bigint AS id, NULL::text AS state_group, NULL::timestamptz AS starts_at, "
    "NULL::geometry AS place, 1::bigint AS rank WHERE false"
)


def is_searched(question: Question) -> bool:
    """Whether words or an area choose: such things are counted up to MOST_SEARCHED."""
    return bool(question.filters.text) or question.filters.area is not None


def has_words_indexed(layer: Layer, question: Question) -> bool:
    """Whether words alone choose, of a layer that is searched through its own index: what is found needs no filter."""
    counted, filters = layer.counted, question.filters
    return bool(counted and counted.words and filters.text) and filters.area is None


def found_in_view(asked: Sequence[Compiled], question: Question) -> Sql:
    """SELECT layer, id, state_group, starts_at, place, rank of what these layers have in the box, or anywhere.

    Reads the box as `box.shape`, if the question has one. Of what is searched the newest come, one more than
    MOST_SEARCHED: `rank` tells.
    """
    if not asked:
        return _NOTHING
    if not is_searched(question):
        rows = union([_in_view(one, question) for one in asked])
        return Sql(f"SELECT f.*, 1::bigint AS rank FROM ({rows.text}) f", rows.params)
    rows = union([_newest(one, question) for one in asked])
    return Sql(
        f"SELECT f.*, row_number() OVER (ORDER BY {_NEWEST}) AS rank "
        f"FROM (SELECT * FROM ({rows.text}) newest ORDER BY {_NEWEST} LIMIT {MOST_SEARCHED + 1}) f",
        rows.params,
    )


def _newest(one: Compiled, question: Question) -> Sql:
    """The newest MOST_SEARCHED + 1 of one layer that are searched for."""
    if one.layer.counted and has_words_indexed(one.layer, question):
        rows = searched(one.layer, one.layer.counted, question, MOST_SEARCHED + 1)
        return Sql(
            f"SELECT '{one.layer.name}' AS layer, id, (ARRAY{list(GROUPS)})[sg + 1] AS state_group, starts_at, "
            f"ST_Point({LON.format('x')}, {LAT.format('y')}, 4326) AS place FROM ({rows.text}) rows",
            rows.params,
        )
    found = _in_view(one, question)
    return Sql(f"SELECT * FROM ({found.text} OFFSET 0) found {_ORDER} LIMIT {MOST_SEARCHED + 1}", found.params)


def _in_view(one: Compiled, question: Question) -> Sql:
    """What one layer has in the box and in the area: layer, id, state_group, starts_at, place."""
    rows = one.select(("id", "state_group", "starts_at", "geometry"))
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
    return Sql(text + (f" WHERE {' AND '.join(where)}" if where else ""), tuple(params))
