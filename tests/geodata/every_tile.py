"""Vector tiles as a test reads them."""

import tempfile
from pathlib import Path
from typing import Any

import pyogrio.raw

from geodata.layer_sql import Question
from geodata.layers import Layer
from geodata.squares import FINEST, place_in_grid
from geodata.tiles import tile


def decoded(data: bytes, layer: str) -> list[dict[str, Any]]:
    """Features of one layer of a tile, as GDAL reads them: properties, and `type` of the geometry."""
    if not data:
        return []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tile.mvt"
        path.write_bytes(data)
        if layer not in {name for name, _kind in pyogrio.list_layers(path)}:
            return []
        meta, _fids, geometry, columns = pyogrio.raw.read(path, layer=layer)
        names = list(meta["fields"])
        rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        return [row | {"type": meta["geometry_type"], "wkb": shape} for row, shape in zip(rows, geometry, strict=True)]


def tile_around(asked: Question) -> tuple[int, int, int]:
    """Zoom, column and line of the smallest tile in which the box of a question lies."""
    assert asked.box
    left, top = place_in_grid(asked.box.west, asked.box.north)
    right, bottom = place_in_grid(asked.box.east, asked.box.south)
    z = min(FINEST - (left ^ right).bit_length(), FINEST - (top ^ bottom).bit_length())
    return z, left >> FINEST - z, top >> FINEST - z


def features_of_tile(layer: Layer, asked: Question) -> list[dict[str, Any]]:
    """What the smallest tile around the box of a question has of one layer."""
    return decoded(tile([layer], asked, *tile_around(asked)), layer.name)
