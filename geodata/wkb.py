"""Well-known binary to the geometry of GeoJSON, without a judgement on either: an open ring stays open."""

import math
import struct
from typing import Any

_TYPES = {
    1: "Point",
    2: "LineString",
    3: "Polygon",
    4: "MultiPoint",
    5: "MultiLineString",
    6: "MultiPolygon",
    7: "GeometryCollection",
}
_Z_FLAG = 0x80000000  # as older programs mark heights; ISO adds 1000 to the type


def geometry_of(wkb: bytes) -> dict[str, Any]:
    """The geometry as GDAL exports it: linear, with heights or without, never with measures.

    An empty point becomes an empty collection. Raises ValueError or struct.error for other bytes.
    """
    return _geometry(wkb, 0)[0]


def _geometry(wkb: bytes, at: int) -> tuple[dict[str, Any], int]:
    order = "<" if wkb[at] else ">"
    code, at = _number(wkb, at + 1, order)
    width = 3 if code & _Z_FLAG or 1000 <= code < 2000 else 2
    kind = _TYPES.get((code & ~_Z_FLAG) % 1000)
    if kind is None or (code & ~_Z_FLAG) >= 2000:
        raise ValueError(f"geometry of type {code}")
    if kind == "Point":
        places, at = _places(wkb, at, order, width=width, count=1)
        if math.isnan(places[0][0]) and math.isnan(places[0][1]):
            return {"type": "GeometryCollection", "geometries": []}, at
        return {"type": kind, "coordinates": places[0]}, at
    count, at = _number(wkb, at, order)
    if kind == "LineString":
        places, at = _places(wkb, at, order, width=width, count=count)
        return {"type": kind, "coordinates": places}, at
    if kind == "Polygon":
        rings = []
        for _ in range(count):
            length, at = _number(wkb, at, order)
            ring, at = _places(wkb, at, order, width=width, count=length)
            rings.append(ring)
        return {"type": kind, "coordinates": rings}, at
    members = []
    for _ in range(count):
        member, at = _geometry(wkb, at)
        members.append(member)
    if kind == "GeometryCollection":
        return {"type": kind, "geometries": members}, at
    return {"type": kind, "coordinates": [one["coordinates"] for one in members if "coordinates" in one]}, at


def _number(wkb: bytes, at: int, order: str) -> tuple[int, int]:
    (value,) = struct.unpack_from(f"{order}I", wkb, at)
    return int(value), at + 4


def _places(wkb: bytes, at: int, order: str, *, width: int, count: int) -> tuple[list[list[float]], int]:
    end = at + 8 * width * count
    if end > len(wkb):
        raise ValueError("geometry cut short")
    return [list(place) for place in struct.iter_unpack(f"{order}{width}d", wkb[at:end])], end
