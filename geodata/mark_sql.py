"""The query of the marks of a view: counted layers by their cells or their rows, the others row by row."""

from collections.abc import Sequence

from geodata.counted_sql import Source, View, counts, groups_of, rows, rows_in_range
from geodata.found import MOST_SEARCHED, found_in_view
from geodata.layer_sql import Compiled, Question, Sql, json_of, union, with_parts
from geodata.layers import GROUPS, Layer
from geodata.squares import WORLD

DECIMALS = 6  # of degrees, about a tenth of a metre
FINEST_PX = 1 / 256  # of the width of a tile: lines and areas are simplified to a pixel
COLUMNS = ("id", "title", "state", "state_group", "icon", "url")


def marks_sql(layers: Sequence[Layer], question: Question, view: View) -> Sql:
    """One SELECT of the answer's text, read as `view` says. Must be called inside the community's scope."""
    asked = [question.ask(layer) for layer in layers]
    counted = [one for one in asked if one.layer.counted and view.source != Source.SEARCHED]
    dense = counted if view.may_be_dense else []
    parts = [("box", Sql("SELECT ST_MakeEnvelope(%s, %s, %s, %s, 4326) AS shape", tuple(question.box or ())))]
    parts += [(f"counted_{n}", counts_of(one, question, view)) for n, one in enumerate(dense)]
    parts += [("dense", dense_sql(len(dense), view))]
    parts += [(f"rows_{n}", few_rows(one, question, view)) for n, one in enumerate(counted)]
    parts += [("found", found_in_view([one for one in asked if one not in counted], question))]
    parts += [("points", _points(counted)), ("total", total_sql(dense, question))]
    parts += [("grid", _grid(view)), ("heaps", _heaps(dense, question, view)), ("squares", _squares(view))]
    parts += [("alone", _alone(dense, question, view)), ("things", union([_things(one, layers) for one in asked]))]
    return with_parts(parts, _answer(layers, question, view))


def dense_sql(many: int, view: View) -> Sql:
    """Whether squares are counted (`yes`), because too much is in view to read the rows; of `counted_0` and so on."""
    if view.source == Source.MONTHS:
        return Sql("SELECT true AS yes")
    told = " + ".join(f"(SELECT coalesce(sum(n), 0) FROM counted_{n})" for n in range(many))
    return Sql(f"SELECT {told} > {view.few} AS yes") if told else Sql("SELECT false AS yes")


def total_sql(dense: Sequence[Compiled], question: Question) -> Sql:
    """How many things that are asked for are in view (`n`): `points`, or the counts of squares."""
    told = "".join(
        f" + coalesce((SELECT sum(n) FROM counted_{n} WHERE sg = ANY (%s) AND (SELECT yes FROM dense)), 0)"
        for n in range(len(dense))
    )
    params = tuple(groups_of(one.layer, question) for one in dense)
    return Sql(f"SELECT (SELECT count(*) FROM points){told} AS n", params)


def few_rows(one: Compiled, question: Question, view: View) -> Sql:
    """The rows of a counted layer, unless there are too many."""
    assert one.layer.counted
    found = rows(one.layer, one.layer.counted, question, view)
    return Sql(f"SELECT * FROM ({found.text}) rows WHERE NOT (SELECT yes FROM dense)", found.params)


def counts_of(one: Compiled, question: Question, view: View) -> Sql:
    """The counts of a counted layer's squares in view."""
    assert one.layer.counted
    return counts(one.layer, one.layer.counted, question, view)


def _points(counted: Sequence[Compiled]) -> Sql:
    """Every single thing in view with its place in the grid; `place` only of those that are read row by row."""
    parts = [
        Sql(f"SELECT '{one.layer.name}' AS layer, id, sg, x, y, NULL::geometry AS place FROM rows_{n}")
        for n, one in enumerate(counted)
    ]
    live = Sql(
        f"SELECT layer, id, (array_position(ARRAY{list(GROUPS)}, state_group) - 1)::smallint AS sg, "
        "geodata_grid_x(geodata_anchor(place)) AS x, geodata_grid_y(geodata_anchor(place)) AS y, "
        f"geodata_anchor(place) AS place FROM found WHERE rank <= {MOST_SEARCHED}"
    )
    return union([*parts, live])


def _grid(view: View) -> Sql:
    """Codes, columns (`across`) and lines (`down`) of the squares in view, where squares may be counted."""
    squares = list(view.squares.each()) if view.may_be_dense else []
    return Sql(
        "SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::integer[]) AS grid(c, across, down)",
        tuple([square[place] for square in squares] for place in range(3)),
    )


def _heaps(dense: Sequence[Compiled], question: Question, view: View) -> Sql:
    """What stands in each square: single things, or counts by family of states."""
    shift = view.squares.shift
    singles = Sql(
        f"SELECT x >> {shift} AS across, y >> {shift} AS down, sg, 1::bigint AS n, x::bigint AS sx, y::bigint AS sy, "
        "x AS west, x AS east, y AS north, y AS south, layer, id FROM points "
        "WHERE (SELECT n FROM total) > %s OR (SELECT yes FROM dense)",
        (question.most,),
    )
    inner = (1 << shift) - 1
    counted = [
        Sql(
            f"SELECT across, down, sg, n::bigint, sx::bigint, sy::bigint, "
            f"across << {shift}, (across << {shift}) + {inner}, down << {shift}, (down << {shift}) + {inner}, "
            "NULL, NULL "
            f"FROM counted_{n} JOIN grid USING (c) WHERE (SELECT yes FROM dense) AND sg = ANY (%s)",
            (groups_of(one.layer, question),),
        )
        for n, one in enumerate(dense)
    ]
    return union([singles, *counted])


def _squares(view: View) -> Sql:
    """The heaps of each square together: how many, their mean place, their edges, one of them."""
    families = ", ".join(
        f'coalesce(sum(n) FILTER (WHERE sg = {number}), 0)::bigint AS "{group}"' for number, group in enumerate(GROUPS)
    )
    return Sql(
        "SELECT across, down, sum(n)::bigint AS n, (sum(sx) / sum(n))::float8 AS x, (sum(sy) / sum(n))::float8 AS y, "
        f"min(west) AS west, max(east) AS east, min(north) AS north, max(south) AS south, {families}, "
        "min(layer) AS layer, min(id) AS id FROM heaps GROUP BY across, down"
    )


def _alone(dense: Sequence[Compiled], question: Question, view: View) -> Sql:
    """Which single things are shown, with the place of those that are read row by row."""
    plain = Sql(
        "SELECT layer, id, place FROM points WHERE (SELECT n FROM total) <= %s AND NOT (SELECT yes FROM dense) "
        "UNION ALL SELECT points.layer, points.id, points.place FROM squares JOIN points USING (layer, id) WHERE n = 1",
        (question.most,),
    )
    wide, inner = 2 * view.squares.shift, (1 << 2 * view.squares.level) - 1
    low, high = f"(grid.c & {inner}) << {wide}", f"(((grid.c & {inner}) + 1) << {wide}) - 1"
    looked_up = []
    for one in dense:
        assert one.layer.counted
        found = rows_in_range(one.layer, one.layer.counted, question, low, high)
        looked_up.append(
            Sql(
                f"SELECT '{one.layer.name}', found.id, NULL::geometry FROM squares JOIN grid USING (across, down) "
                f"CROSS JOIN LATERAL ({found.text} LIMIT 1) found WHERE squares.n = 1 AND squares.id IS NULL",
                found.params,
            )
        )
    return union([plain, *looked_up])


def _things(one: Compiled, layers: Sequence[Layer]) -> Sql:
    """The single things of one layer, with all that their marks carry, and their geometry."""
    full = one.select((*COLUMNS, "geometry"), extra=_extra(one.layer, layers))
    return Sql(
        "SELECT full_rows.*, coalesce(alone.place, geodata_anchor(full_rows.geometry)) AS place FROM alone "
        f"CROSS JOIN LATERAL ({full.text} WHERE rows.id = alone.id OFFSET 0) full_rows "
        f"WHERE alone.layer = '{one.layer.name}'",
        full.params,
    )


def _answer(layers: Sequence[Layer], question: Question, view: View) -> Sql:
    """The GeoJSON."""
    thing = json_of([(name, name) for name in ("layer", *COLUMNS)] + [(n, f'"{n}"') for n in _names(layers)])
    cluster = json_of([("cluster", "true"), ("count", "n"), *((group, f'"{group}"') for group in GROUPS)])
    lon = "({0} + 0.5) / " + f"{WORLD}.0 * 360 - 180"
    lat = "degrees(atan(sinh(pi() * (1 - 2 * ({0} + 0.5) / " + f"{WORLD}.0))))"
    edges = ", ".join(
        f"round(({one.format(name)})::numeric, {DECIMALS})"
        for one, name in ((lon, "west"), (lat, "south"), (lon, "east"), (lat, "north"))
    )
    pixel = 360 / (1 << view.squares.level) * 4 * FINEST_PX  # degrees, at most: squares are 64 px wide or wider
    feature = f"'type', 'Feature', 'geometry', ST_AsGeoJSON(place, {DECIMALS})::json, 'properties', properties"
    ground = view.squares.box
    return Sql(
        f"""
        SELECT json_build_object(
            'type', 'FeatureCollection',
            'total', (SELECT n FROM total),
            'capped', EXISTS (SELECT 1 FROM found WHERE rank > {MOST_SEARCHED}),
            'bbox', CASE WHEN (SELECT yes FROM dense) THEN %s::json ELSE %s::json END,
            'features', coalesce((
                SELECT json_agg(CASE WHEN extent IS NULL THEN json_build_object({feature})
                    ELSE json_build_object({feature}, 'bbox', extent) END ORDER BY ST_Y(place) DESC, ST_X(place))
                FROM (
                    SELECT place, {thing} AS properties, NULL::json AS extent FROM things
                    UNION ALL
                    SELECT ST_Point({lon.format("x")}, {lat.format("y")}, 4326), {cluster}, json_build_array({edges})
                    FROM squares WHERE n > 1
                ) shown), '[]'::json),
            'shapes', json_build_object('type', 'FeatureCollection', 'features', coalesce((
                SELECT json_agg(json_build_object('type', 'Feature', 'geometry', ST_AsGeoJSON(shape, {DECIMALS})::json,
                    'properties', json_build_object('layer', layer, 'id', id, 'state_group', state_group)))
                FROM (
                    SELECT layer, id, state_group,
                        ST_ClipByBox2D(ST_SimplifyPreserveTopology(geometry, {pixel}), box.shape) AS shape
                    FROM things, box WHERE GeometryType(geometry) <> 'POINT'
                ) drawn WHERE NOT ST_IsEmpty(shape)), '[]'::json))
        )::text
        """,
        (_as_json(ground), _as_json(question.box or ground)),
    )


def _as_json(box: Sequence[float]) -> str:
    return "[" + ", ".join(f"{edge:.7f}" for edge in box) + "]"


def _names(layers: Sequence[Layer]) -> list[str]:
    """What marks of any of these layers carry beyond the fixed columns."""
    return sorted({name for layer in layers for name in layer.on_marks})


def _extra(layer: Layer, layers: Sequence[Layer]) -> str:
    """The same columns for every layer: JSON of the property, or null where a layer has none."""
    columns = []
    for name in _names(layers):
        column = layer.on_marks.get(name)
        columns.append(f'to_json(rows."{column}") AS "{name}"' if column else f'NULL::json AS "{name}"')
    return ", ".join(columns)
