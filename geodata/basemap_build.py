"""Builds the PMTiles file of a community: zoom by zoom, 64 tiles at a time, in the order of the file."""

import gzip
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import IO, Any

from django.db import connection, transaction
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from geodata import basemap_sql as sql
from geodata.models import Community

WORLD = 40_075_016.685_578_5  # metres around web mercator's plane
SHOWN = 512  # pixels that a tile fills on the screen at its own zoom
SMALLEST = 4.0  # square pixels; less is a speck
EXTENT, BUFFER = 4096, 64  # units of a tile's side, and of what is drawn around it
BLOCK = 8  # tiles on a side that are cut by one query
LAYERS = ("boundaries", "buildings", "earth", "landuse", "places", "roads", "water")


class NothingToDrawError(Exception):
    """The community has neither shapes nor areas."""


class BuiltElsewhereError(Exception):
    """Somebody is building this map at the moment."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a zoom is."""

    zoom: int
    done: int  # queries of this zoom
    all: int
    tiles: int  # in the file until now
    bytes: int


@dataclass(slots=True)
class Plan:
    """What would be drawn."""

    shapes: dict[str, int] = field(default_factory=dict)  # "layer/kind" → how many
    tiles: dict[int, int] = field(default_factory=dict)  # zoom → how many at most


@dataclass(frozen=True, slots=True)
class Grid:
    """A rectangle of tiles of one zoom; x grows to the east, y to the south, all inclusive."""

    zoom: int
    left: int
    top: int
    right: int
    bottom: int

    @property
    def count(self) -> int:
        return (self.right - self.left + 1) * (self.bottom - self.top + 1)

    def blocks(self) -> list["Grid"]:
        """Its parts on the lattice of BLOCK × BLOCK tiles, in the order of a PMTiles file.

        Tiles lie there along a Hilbert curve, which leaves such a block only when it has been everywhere in it.
        """
        corners = [
            (x, y)
            for x in range(self.left - self.left % BLOCK, self.right + 1, BLOCK)
            for y in range(self.top - self.top % BLOCK, self.bottom + 1, BLOCK)
        ]
        ends = [(x, y, min(x + BLOCK, 2**self.zoom) - 1, min(y + BLOCK, 2**self.zoom) - 1) for x, y in corners]
        parts = [
            Grid(self.zoom, max(x, self.left), max(y, self.top), min(right, self.right), min(bottom, self.bottom))
            for x, y, right, bottom in ends
        ]
        return sorted(parts, key=lambda part: zxy_to_tileid(part.zoom, part.left, part.top))


def plan(community: Community, *, on: date, min_zoom: int, max_zoom: int) -> Plan:
    """Counts what is there; writes nothing. Raises NothingToDrawError."""
    found = Plan()
    with transaction.atomic(), connection.cursor() as cursor:
        found.shapes = _gathered(cursor, community, on)
        box = _box(cursor, "basemap_shape")
        cursor.execute("DROP TABLE basemap_shape")
    assert box  # something was gathered
    for zoom in range(min_zoom, max_zoom + 1):
        found.tiles[zoom] = _grid(box, zoom).count
    return found


def build(
    community: Community,
    file: IO[bytes],
    *,
    on: date,
    min_zoom: int,
    max_zoom: int,
    told: Callable[[Progress], None] = lambda _progress: None,
) -> None:
    """Writes the base map as of that day. The same rows make the same bytes.

    Raises NothingToDrawError, BuiltElsewhereError.
    """
    writer = Writer(file)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('build_basemap'), %s)", [community.pk])
        if not cursor.fetchone()[0]:
            raise BuiltElsewhereError
        _gathered(cursor, community, on)
        box = _box(cursor, "basemap_shape")
        for zoom in range(min_zoom, max_zoom + 1):
            _generalise(cursor, zoom, closest=zoom == max_zoom)
            _write_zoom(cursor, writer, zoom, told)
        cursor.execute("DROP TABLE basemap_shape, basemap_zoom")
    if not writer.tile_entries or not box:
        raise NothingToDrawError
    writer.finalize(_header(box, community), _metadata(community, min_zoom, max_zoom))


def _gathered(cursor: Any, community: Community, on: date) -> dict[str, int]:
    """Gathers the shapes; how many of each layer and kind. Raises NothingToDrawError."""
    cursor.execute(sql.GATHERED, {"community": community.pk, "day": on})
    cursor.execute("ANALYZE basemap_shape")
    cursor.execute(sql.COUNTED)
    counts = {f"{layer}/{kind}": count for layer, kind, count in cursor.fetchall()}
    if not set(counts) - {"earth/community", "boundaries/community"}:
        raise NothingToDrawError
    return counts


def _generalise(cursor: Any, zoom: int, *, closest: bool) -> None:
    pixel = WORLD / 2**zoom / SHOWN
    facts = {"zoom": zoom, "closest": closest, "tolerance": pixel / 2, "smallest": SMALLEST * pixel**2}
    cursor.execute(sql.NO_LONGER_GENERALISED)
    cursor.execute(sql.GENERALISED, facts)
    cursor.execute(sql.GENERALISED_INDEX)
    cursor.execute(sql.GENERALISED_KNOWN)


def _write_zoom(cursor: Any, writer: Writer, zoom: int, told: Callable[[Progress], None]) -> None:
    box = _box(cursor, "basemap_zoom")
    blocks = _grid(box, zoom).blocks() if box else []
    for done, block in enumerate(blocks, start=1):
        for tile_id, tile in _tiles(cursor, block):
            writer.write_tile(tile_id, gzip.compress(tile, mtime=0))
        told(Progress(zoom, done, len(blocks), writer.addressed_tiles, writer.offset))


def _tiles(cursor: Any, block: Grid) -> Iterator[tuple[int, bytes]]:
    """Tiles of a block that show something, with their ids, in order."""
    edges = {"left": block.left, "right": block.right, "top": block.top, "bottom": block.bottom}
    units = {"extent": EXTENT, "buffer": BUFFER, "margin": BUFFER / EXTENT}
    cursor.execute(sql.TILES, edges | units | {"zoom": block.zoom})
    found = [(zxy_to_tileid(block.zoom, x, y), bytes(tile)) for x, y, tile in cursor.fetchall()]
    yield from sorted(found)


Box = tuple[float, float, float, float]  # west, south, east, north in metres of web mercator


def _box(cursor: Any, table: str) -> Box | None:
    cursor.execute(sql.EXTENT_OF_ALL.format(table=table))
    row = cursor.fetchone()
    return None if row[0] is None else row


def _grid(box: Box, zoom: int) -> Grid:
    """The tiles that meet a box."""
    west, south, east, north = box
    side, last = WORLD / (1 << zoom), (1 << zoom) - 1

    def index(metres: float) -> int:
        return min(max(math.floor((metres + WORLD / 2) / side), 0), last)

    return Grid(zoom, index(west), index(-north), index(east), index(-south))


def _header(box: Box, community: Community) -> dict[str, Any]:
    west, south, east, north = box
    corners = [_degrees(west, south), _degrees(east, north)]
    (min_lon, min_lat), (max_lon, max_lat) = ((round(lon * 1e7), round(lat * 1e7)) for lon, lat in corners)
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": min_lon,
        "min_lat_e7": min_lat,
        "max_lon_e7": max_lon,
        "max_lat_e7": max_lat,
        "center_zoom": community.zoom,
        "center_lon_e7": round(community.centre.x * 1e7),
        "center_lat_e7": round(community.centre.y * 1e7),
    }


def _degrees(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a point of web mercator's plane."""
    return x / WORLD * 360, math.degrees(2 * math.atan(math.exp(y / WORLD * 2 * math.pi)) - math.pi / 2)


def _metadata(community: Community, min_zoom: int, max_zoom: int) -> dict[str, Any]:
    """What other programs read about the file."""
    fields = {"kind": "String", "name": "String"}
    layers = [{"id": name, "minzoom": min_zoom, "maxzoom": max_zoom, "fields": fields} for name in LAYERS]
    return {"name": community.name, "attribution": community.map_credit, "vector_layers": layers}
