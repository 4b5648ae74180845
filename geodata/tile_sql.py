"""The query of a vector tile of one layer: counts per square where there is too much, else the things themselves."""

from geodata.counted_sql import FEW, Source, View, rows
from geodata.found import MOST_SEARCHED, found_in_view
from geodata.layer_sql import Compiled, Question, Sql, with_parts
from geodata.layers import GROUPS, Layer
from geodata.mark_sql import dense_parts
from geodata.squares import FINEST, MONTHLY, STORED, Squares

EXTENT = 4096  # units across a tile
BUFFER = 64  # units around it, so that lines and borders of areas join without a seam
SQUARES_ACROSS = 4  # a power of two: 16 squares stand side by side in a tile, each about 16 px wide
_NO_HEAPS = Sql("SELECT NULL::geometry AS geom WHERE false")
_COLUMNS = ("id", "title", "category_code", "icon", "state", "state_group", "starts_at", "url")
_NAMED = (
    "full_rows.id, full_rows.title, full_rows.category_code AS category, full_rows.icon, full_rows.state, "
    "full_rows.state_group, full_rows.starts_at::text, full_rows.url"
)


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


def tile_sql(layer: Layer, question: Question, view: View, z: int, x: int, y: int) -> Sql:
    """SELECT of the tile's bytes and of how many features it has. `question.box` must be the tile with its buffer."""
    counted = layer.counted if view.may_be_dense else None
    parts = [
        ("box", Sql("SELECT ST_MakeEnvelope(%s, %s, %s, %s, 4326) AS shape", tuple(question.box or ()))),
        ("bounds", Sql("SELECT ST_TileEnvelope(%s, %s, %s) AS shape", (z, x, y))),
    ]
    parts += dense_parts([layer] if counted else [], question, view)
    if layer.counted and not layer.counted.has_shapes and view.source != Source.SEARCHED:
        parts += _points(question.known(layer), rows(layer, layer.counted, question, view), z, x, y)
    else:
        parts += _shapes(question.ask(layer), question, view)
    parts.append(("heaps", _heaps(z, x, y) if counted else _NO_HEAPS))
    answer = Sql(
        f"SELECT coalesce((SELECT ST_AsMVT(things, '{layer.name}', {EXTENT}, 'geom', 'id') FROM things), '') || "
        f"coalesce((SELECT ST_AsMVT(heaps, '{layer.name}', {EXTENT}, 'geom') FROM heaps), ''), "
        "(SELECT count(*) FROM things) + (SELECT count(*) FROM heaps)"
    )
    return with_parts(parts, answer)


def _points(one: Compiled, found: Sql, z: int, x: int, y: int) -> list[tuple[str, Sql]]:
    """The things of a layer of points: by their squares, at the places that the table has of the grid."""
    full = one.select(_COLUMNS)
    place = f"ST_MakePoint({_along('x')}, {_along('y')})"
    text = f"SELECT {_NAMED}, {place} AS geom FROM here JOIN ({full.text}) full_rows USING (id)"
    return [
        ("here", Sql(f"SELECT id, x, y FROM ({found.text}) found WHERE NOT (SELECT yes FROM dense)", found.params)),
        ("things", Sql(text, (*_corner(z, x, y), *full.params))),
    ]


def _shapes(one: Compiled, question: Question, view: View) -> list[tuple[str, Sql]]:
    """The things of any other layer: points that stand in the tile, lines and areas that touch it."""
    left, right, top, bottom = view.exact
    full = one.select((*_COLUMNS, "geometry"))
    found = found_in_view([one], question)
    ids = f"SELECT id FROM ({found.text}) found WHERE NOT (SELECT yes FROM dense) AND rank <= {MOST_SEARCHED}"
    things = (
        f"SELECT * FROM (SELECT {_NAMED}, "
        f"ST_AsMVTGeom(ST_Transform(full_rows.geometry, 3857), bounds.shape, {EXTENT}, {BUFFER}) AS geom "
        f"FROM ({full.text} WHERE rows.id = ANY (ARRAY(SELECT id FROM ids))) full_rows, bounds "
        "WHERE GeometryType(full_rows.geometry) <> 'POINT' OR (geodata_grid_x(full_rows.geometry) BETWEEN %s AND %s "
        "AND geodata_grid_y(full_rows.geometry) BETWEEN %s AND %s)) drawn WHERE geom IS NOT NULL"
    )
    return [("ids", Sql(ids, found.params)), ("things", Sql(things, (*full.params, left, right, top, bottom)))]


def _heaps(z: int, x: int, y: int) -> Sql:
    """Counts of squares, each a point at the mean place of its things."""
    named = ", ".join(f'"{group}"' for group in GROUPS)
    place = f"ST_MakePoint({_along('sx::float8 / n')}, {_along('sy::float8 / n')})"
    text = f"SELECT {place} AS geom, true AS cluster, n AS count, {named} FROM counted_0 WHERE (SELECT yes FROM dense)"
    return Sql(text, _corner(z, x, y))


def _along(place: str) -> str:
    """SQL: a place of the finest grid in units of the tile; its parameters come from `_corner`."""
    return f"((({place}) - %s::bigint) * %s::float8)::integer"


def _corner(z: int, x: int, y: int) -> tuple[int, float, int, float]:
    """First column and line of the tile in the finest grid, each with the size of a square in units of the tile."""
    unit = EXTENT / (1 << FINEST - z)
    return x << FINEST - z, unit, y << FINEST - z, unit
