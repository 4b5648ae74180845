"""The query of a vector tile of one layer: counts per square where there is too much, else the things themselves."""

from geodata.counted_sql import FEW, Source, View, counts, groups_of
from geodata.found import MOST_SEARCHED, found_in_view
from geodata.layer_sql import Compiled, Question, Sql, with_parts
from geodata.layers import GROUPS
from geodata.mark_sql import dense_sql
from geodata.squares import FINEST, MONTHLY, STORED, Squares

EXTENT = 4096  # units across a tile
BUFFER = 64  # units around it, so that lines and borders of areas join without a seam
SQUARES_ACROSS = 4  # a power of two: 16 squares stand side by side in a tile, each about 16 px wide
_NO_HEAPS = Sql("SELECT NULL::geometry AS geom WHERE false")
_COLUMNS = ("id", "title", "category_code", "icon", "state", "state_group", "starts_at", "url", "geometry")


def tile_view(question: Question, z: int, x: int, y: int) -> View:
    """How a tile is read. Its squares divide it, so that no square is counted in two tiles."""
    filters = question.filters
    has_period = bool(filters.since or filters.until)
    finest = MONTHLY[-1] if has_period else STORED[-1]
    deeper = max(0, min(SQUARES_ACROSS, finest - z))
    squares = Squares(z + deeper, x << deeper, y << deeper, ((x + 1) << deeper) - 1, ((y + 1) << deeper) - 1)
    source = Source.MONTHS if has_period else Source.CELLS
    if filters.text or filters.area is not None:
        source = Source.SEARCHED
    elif squares.level > finest:
        source = Source.ROWS
    return View(squares, squares.edges, source, FEW)


def tile_sql(one: Compiled, question: Question, view: View, z: int, x: int, y: int) -> Sql:
    """SELECT of the tile's bytes and of how many features it has. `question.box` must be the tile with its buffer."""
    counted = one.layer.counted if view.may_be_dense else None
    parts = [
        ("box", Sql("SELECT ST_MakeEnvelope(%s, %s, %s, %s, 4326) AS shape", tuple(question.box or ()))),
        ("bounds", Sql("SELECT ST_TileEnvelope(%s, %s, %s) AS shape", (z, x, y))),
    ]
    if counted:
        parts.append(("counted_0", counts(one.layer, counted, question, view)))
    parts += [
        (
            "dense",
            dense_sql(1 if counted else 0, view if counted else View(view.squares, view.exact, Source.ROWS, FEW)),
        ),
        ("found", found_in_view([one], question)),
        ("things", _things(one, view)),
        (
            "heaps",
            _heaps(one, question, view, z, x, y) if counted else Sql("SELECT NULL::geometry AS geom WHERE false"),
        ),
    ]
    name = one.layer.name
    answer = Sql(
        f"SELECT coalesce((SELECT ST_AsMVT(things, '{name}', {EXTENT}, 'geom', 'id') FROM things), '') || "
        f"coalesce((SELECT ST_AsMVT(heaps, '{name}', {EXTENT}, 'geom') FROM heaps), ''), "
        "(SELECT count(*) FROM things) + (SELECT count(*) FROM heaps)"
    )
    return with_parts(parts, answer)


def _things(one: Compiled, view: View) -> Sql:
    """The things themselves: points that stand in the tile, lines and areas that touch it."""
    left, right, top, bottom = view.exact
    full = one.select(_COLUMNS)
    return Sql(
        "SELECT * FROM (SELECT full_rows.id, full_rows.title, full_rows.category_code AS category, full_rows.icon, "
        "full_rows.state, full_rows.state_group, full_rows.starts_at::text, full_rows.url, "
        f"ST_AsMVTGeom(ST_Transform(full_rows.geometry, 3857), bounds.shape, {EXTENT}, {BUFFER}) AS geom "
        f"FROM found CROSS JOIN bounds CROSS JOIN LATERAL ({full.text} WHERE rows.id = found.id OFFSET 0) full_rows "
        f"WHERE NOT (SELECT yes FROM dense) AND found.rank <= {MOST_SEARCHED} "
        "AND (GeometryType(full_rows.geometry) <> 'POINT' OR (geodata_grid_x(full_rows.geometry) BETWEEN %s AND %s "
        "AND geodata_grid_y(full_rows.geometry) BETWEEN %s AND %s))) drawn WHERE geom IS NOT NULL",
        (*full.params, left, right, top, bottom),
    )


def _heaps(one: Compiled, question: Question, view: View, z: int, x: int, y: int) -> Sql:
    """Counts of squares, each a point at the mean place of its things, in units of the tile."""
    families = ", ".join(
        f'coalesce(sum(n) FILTER (WHERE sg = {number}), 0)::bigint AS "{group}"' for number, group in enumerate(GROUPS)
    )
    unit = EXTENT / (1 << FINEST - z)

    def along(column: str, first: int) -> str:
        return f"(((sum({column}) / sum(n))::float8 - {first << FINEST - z}) * {unit})::integer"

    return Sql(
        f"SELECT ST_MakePoint({along('sx', x)}, {along('sy', y)}) AS geom, true AS cluster, sum(n)::bigint AS count, "
        f"{families} FROM counted_0 WHERE (SELECT yes FROM dense) AND sg = ANY (%s) GROUP BY c",
        (groups_of(one.layer, question),),
    )
