"""Reads a published file back with other programs than those that wrote it: columns, and rows as dictionaries."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pyogrio
import shapely

Told = tuple[list[str], list[dict[str, Any]]]
GEOMETRY = "geometry"


def read_back(path: Path) -> Told:
    """By the ending of the name; the geometry is a shape of shapely."""
    return {".csv": _csv, ".geojson": _geojson, ".gpkg": _gpkg, ".parquet": _parquet}[path.suffix](path)


def _csv(path: Path) -> Told:
    raw = path.read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert raw.endswith(b"\r\n")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    heads = raw.decode().split("\r\n")[0].split(",")
    return heads, [_with_point(row) for row in rows]


def _with_point(row: dict[str, Any]) -> dict[str, Any]:
    place = {GEOMETRY: shapely.Point(float(row["longitude"]), float(row["latitude"]))} if "longitude" in row else {}
    return row | place


def _geojson(path: Path) -> Told:
    found = json.loads(path.read_text("utf-8"))
    assert found["type"] == "FeatureCollection"
    rows = [
        one["properties"] | {GEOMETRY: shapely.from_geojson(json.dumps(one["geometry"]))} for one in found["features"]
    ]
    return [*rows[0]], rows


def _gpkg(path: Path) -> Told:
    _facts, table = pyogrio.read_arrow(path)
    return _of_arrow(table)


def _parquet(path: Path) -> Told:
    return _of_arrow(pq.read_table(path))


def _of_arrow(table: Any) -> Told:
    rows = table.to_pylist()
    for row in rows:
        if GEOMETRY in row:
            row[GEOMETRY] = shapely.from_wkb(row[GEOMETRY])
    return table.column_names, rows
