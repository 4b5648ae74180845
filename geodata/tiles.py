"""Vector tiles (Mapbox Vector Tile 2.1) of what is on the map, one layer of the tile for each layer of the map."""

from collections.abc import Sequence
from dataclasses import replace

from geodata.boxes import Box
from geodata.cells import version_of
from geodata.counted_sql import Source
from geodata.layer_sql import Question
from geodata.layers import Layer
from geodata.prepared import fetch
from geodata.squares import latitude
from geodata.tile_sql import BUFFER, EXTENT, tile_sql, tile_view

DEEPEST = 22  # zoom


def tile(layers: Sequence[Layer], question: Question, z: int, x: int, y: int) -> bytes:
    """The tile's bytes, empty when nothing is in it: the tiles of the single layers, one after another.

    Things (`id`, title, category, icon, state, state_group, starts_at, url) in their own geometry, or where a layer has
    more than FEW of them points that stand for squares (cluster, count, wait, work, done, shut, none). The box of the
    question does not matter. Must be called inside the community's scope. Raises ValueError for a tile that is none.
    """
    if not (0 <= z <= DEEPEST and 0 <= x < 1 << z and 0 <= y < 1 << z):
        raise ValueError(f"There is no tile {z}/{x}/{y}.")
    asked = replace(question, box=_box(z, x, y))
    view = tile_view(asked, z, x, y)
    found = b""
    for layer in layers:
        sql = tile_sql(layer, asked, view, z, x, y)
        ((data, many),) = fetch(sql, is_prepared=view.source != Source.SEARCHED)
        found += bytes(data) if many else b""
    return found


def tiles_version(layers: Sequence[Layer], community_id: int) -> str:
    """A word for the addresses of tiles: a number that grows with every change, or “now” where a layer is not counted
    and nobody knows when it changes."""
    return str(version_of(community_id)) if all(layer.counted for layer in layers) else "now"


def _box(z: int, x: int, y: int) -> Box:
    """The tile with its buffer, in degrees."""
    size, around = 1 << z, BUFFER / EXTENT
    return Box(
        max(-180.0, (x - around) / size * 360 - 180),
        latitude(min(1.0, (y + 1 + around) / size)),
        min(180.0, (x + 1 + around) / size * 360 - 180),
        latitude(max(0.0, (y - around) / size)),
    )
