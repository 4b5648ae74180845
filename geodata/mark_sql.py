"""The query of the marks of a view: counted layers by their cells or their rows, the others row by row."""

from collections.abc import Sequence

from geodata.counted_sql import CROWD, Source, View, counts, crowd, rows, rows_in_range
from geodata.found import MOST_SEARCHED, found_in_view, has_words_indexed
from geodata.layer_sql import LAT, LON, Compiled, Question, Sql, json_of, union, with_parts
from geodata.layers import GROUPS, Layer

DECIMALS = 6  # of degrees, about a tenth of a metre
FINEST_PX = 1 / 256  # of the width of a tile: lines and areas are simplified to a pixel
COLUMNS = ("id", "title", "state", "state_group", "icon", "url")


def marks_sql(layers: Sequence[Layer], question: Question, view: View) -> Sql:
    """One SELECT of the answer's text, read as `view` says. Must be called inside the community's scope."""
    asked = asked_of(layers, question, view)
    counted = [one for one in asked if one.layer.counted and view.source != Source.SEARCHED]
    dense = counted if view.may_be_dense else []
    parts = [("box", Sql("SELECT ST_MakeEnvelope(%s, %s, %s, %s, 4326) AS shape", tuple(question.box or ())))]
    parts += dense_parts([one.layer for one in dense], question, view)
    parts += [(f"rows_{n}", few_rows(one, question, view)) for n, one in enumerate(counted)]
    parts += [("found", found_in_view([one for one in asked if one not in counted], question))]
    parts += [("points", _points(counted)), ("total", total_sql(len(dense)))]
    parts += [("grid", _grid(view)), ("heaps", _heaps(dense, question, view)), ("squares", _squares())]
    parts += [("alone", _alone(dense, question, view)), ("things", union([_things(one, layers) for one in asked]))]
    # What is searched is not much, and finding its squares costs more than reading them again.
    inlined = {"heaps"} if view.source == Source.SEARCHED else {"points", "heaps"}
    return with_parts(parts, _answer(layers, question, view), inlined=frozenset(inlined))


def asked_of(layers: Sequence[Layer], question: Question, view: View) -> list[Compiled]:
    """The rows of each layer: with a hint of the box where words or an area choose among its rows."""

    def is_chosen(layer: Layer) -> bool:
        return view.source == Source.SEARCHED and not has_words_indexed(layer, question)

    return [question.ask(layer) if is_chosen(layer) else question.known(layer) for layer in layers]


def dense_parts(layers: Sequence[Layer], question: Question, view: View) -> list[tuple[str, Sql]]:
    """`counted_0` and so on, the counts of these layers' squares in view; `dense`, whether they are shown (`yes`):
    because too much is in view to read the rows."""
    counted = [(layer, layer.counted) for layer in layers if layer.counted]
    parts = [(f"counted_{n}", counts(layer, its, question, view)) for n, (layer, its) in enumerate(counted)]
    if not parts:
        return [("dense", Sql("SELECT false AS yes"))]
    yes = Sql(" + ".join(f"(SELECT coalesce(sum(n), 0) FROM {name})" for name, _sql in parts) + " > %s", (view.few,))
    if view.source == Source.MONTHS:
        everything = union([crowd(layer, its, question, view) for layer, its in counted])
        crowded = f"(SELECT sum(n) FROM ({everything.text}) crowds) > {CROWD}"
        yes = Sql(f"{yes.text} OR {crowded}", (*yes.params, *everything.params))
    return [*parts, ("dense", Sql(f"SELECT {yes.text} AS yes", yes.params))]


def total_sql(many: int) -> Sql:
    """How many things that are asked for are in view (`n`): `points`, or the counts of squares of so many layers."""
    told = "".join(
        f" + CASE WHEN (SELECT yes FROM dense) THEN (SELECT coalesce(sum(n), 0)::bigint FROM counted_{n}) ELSE 0 END"
        for n in range(many)
    )
    return Sql(f"SELECT (SELECT count(*) FROM points){told} AS n")


def few_rows(one: Compiled, question: Question, view: View) -> Sql:
    """The rows of a counted layer, unless there are too many."""
    assert one.layer.counted
    found = rows(one.layer, one.layer.counted, question, view)
    return Sql(f"SELECT * FROM ({found.text}) rows WHERE NOT (SELECT yes FROM dense)", found.params)


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
    one_of = ", ".join(f'(sg = {number})::integer::bigint AS "{group}"' for number, group in enumerate(GROUPS))
    singles = Sql(
        f"SELECT x >> %s::integer AS across, y >> %s::integer AS down, 1::bigint AS n, {one_of}, "
        "x::bigint AS sx, y::bigint AS sy, x AS west, x AS east, y AS north, y AS south, layer, id FROM points "
        "WHERE (SELECT n FROM total) > %s OR (SELECT yes FROM dense)",
        (shift, shift, question.most),
    )
    named, inner = ", ".join(f'"{group}"' for group in GROUPS), (1 << shift) - 1
    counted = [
        Sql(
            f"SELECT across, down, n, {named}, sx, sy, across << %s::integer, (across << %s::integer) + %s::integer, "
            "down << %s::integer, (down << %s::integer) + %s::integer, NULL, NULL "
            f"FROM counted_{n} JOIN grid USING (c) WHERE (SELECT yes FROM dense)",
            (shift, shift, inner, shift, shift, inner),
        )
        for n, _one in enumerate(dense)
    ]
    return union([singles, *counted])


def _squares() -> Sql:
    """The heaps of each square together: how many, their mean place, their edges, one of them."""
    named = ", ".join(f'sum("{group}")::bigint AS "{group}"' for group in GROUPS)
    return Sql(
        "SELECT across, down, sum(n)::bigint AS n, sum(sx::float8) / sum(n)::float8 AS x, "
        "sum(sy::float8) / sum(n)::float8 AS y, min(west) AS west, max(east) AS east, min(north) AS north, "
        f"max(south) AS south, {named}, min(layer) AS layer, min(id) AS id FROM heaps GROUP BY across, down"
    )


def _alone(dense: Sequence[Compiled], question: Question, view: View) -> Sql:
    """Which single things are shown, with the place of those that are read row by row."""
    plain = Sql(
        "SELECT layer, id, place FROM points WHERE (SELECT n FROM total) <= %s AND NOT (SELECT yes FROM dense) "
        "UNION ALL SELECT points.layer, points.id, points.place FROM squares JOIN points USING (layer, id) WHERE n = 1",
        (question.most,),
    )
    wide, inner = 2 * view.squares.shift, (1 << 2 * view.squares.level) - 1
    ends = Sql(
        "SELECT (grid.c & %s::bigint) << %s::integer AS low, (((grid.c & %s::bigint) + 1) << %s::integer) - 1 AS high "
        "FROM squares JOIN grid USING (across, down) WHERE squares.n = 1 AND squares.id IS NULL",
        (inner, wide, inner, wide),
    )
    looked_up = []
    for one in dense:
        assert one.layer.counted
        found = rows_in_range(one.layer, one.layer.counted, question, "ends.low", "ends.high")
        looked_up.append(
            Sql(
                f"SELECT '{one.layer.name}', found.id, NULL::geometry FROM ({ends.text} OFFSET 0) ends "
                f"CROSS JOIN LATERAL ({found.text} LIMIT 1) found",
                (*ends.params, *found.params),
            )
        )
    return union([plain, *looked_up])


def _things(one: Compiled, layers: Sequence[Layer]) -> Sql:
    """The single things of one layer, with all that their marks carry, and their geometry."""
    full = one.select((*COLUMNS, "geometry"), extra=_extra(one.layer, layers))
    place = "geodata_anchor(full_rows.geometry)"
    if not one.layer.counted or one.layer.counted.has_shapes:  # on the part that is in view
        place = f"coalesce(alone.place, {place})"
    return Sql(
        f"SELECT full_rows.*, {place} AS place FROM alone JOIN ({full.text}) full_rows ON full_rows.id = alone.id "
        f"WHERE alone.layer = '{one.layer.name}'",
        full.params,
    )


def _rounded(value: str) -> str:
    """SQL of a number (float8) as JSON holds it."""
    return f"round({value} * 1e6) / 1e6"


def _answer(layers: Sequence[Layer], question: Question, view: View) -> Sql:
    """The GeoJSON."""
    thing = json_of([(name, name) for name in ("layer", *COLUMNS)] + [(n, f'"{n}"') for n in _names(layers)])
    cluster = json_of([("cluster", "true"), ("count", "n"), *((group, f'"{group}"') for group in GROUPS)])
    edges = ", ".join(
        _rounded(one.format(name)) for one, name in ((LON, "west"), (LAT, "south"), (LON, "east"), (LAT, "north"))
    )
    pixel = 360 / (1 << view.squares.level) * 4 * FINEST_PX  # degrees, at most: squares are 64 px wide or wider
    point = f"json_build_object('type', 'Point', 'coordinates', json_build_array({_rounded('lon')}, {_rounded('lat')}))"
    feature = f"'type', 'Feature', 'geometry', {point}, 'properties', properties"
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
                    ELSE json_build_object({feature}, 'bbox', extent) END ORDER BY lat DESC, lon)
                FROM (
                    SELECT ST_X(place) AS lon, ST_Y(place) AS lat, {thing} AS properties, NULL::json AS extent
                    FROM things
                    UNION ALL
                    SELECT {LON.format("x")}, {LAT.format("y")}, {cluster}, json_build_array({edges})
                    FROM squares WHERE n > 1
                ) shown), '[]'::json),
            'shapes', json_build_object('type', 'FeatureCollection', 'features', coalesce((
                SELECT json_agg(json_build_object('type', 'Feature', 'geometry', ST_AsGeoJSON(shape, {DECIMALS})::json,
                    'properties', json_build_object('layer', layer, 'id', id, 'state_group', state_group)))
                FROM (
                    SELECT layer, id, state_group,
                        ST_ClipByBox2D(ST_SimplifyPreserveTopology(geometry, %s::float8), box.shape) AS shape
                    FROM things, box WHERE GeometryType(geometry) <> 'POINT'
                ) drawn WHERE NOT ST_IsEmpty(shape)), '[]'::json))
        )::text
        """,
        (_as_json(ground), _as_json(question.box or ground), pixel),
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
