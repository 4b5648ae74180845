"""GeoJSON (RFC 7946): longitude before latitude, WGS 84, outer rings counterclockwise."""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import shapely

from stats.opendata.formats import Chunks, described, file_format
from stats.opendata.licence import Terms
from stats.opendata.tables import Dataset, Row


@file_format("geojson", title="GeoJSON", media_type="application/geo+json")
def write_geojson(path: Path, dataset: Dataset, chunks: Chunks, terms: Terms) -> None:
    """Writes a FeatureCollection, a feature on each line; `metadata` tells licence and attribution."""
    head = json.dumps({"name": dataset.name, "metadata": described(terms)}, ensure_ascii=False)
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", ' + head.removeprefix("{").removesuffix("}") + ', "features": [')
        divider = "\n"
        for rows in chunks:
            for feature in features(dataset, rows):
                file.write(divider + feature)
                divider = ",\n"
        file.write("\n]}\n")


def features(dataset: Dataset, rows: list[Row]) -> Iterator[str]:
    """Each row as the text of a GeoJSON feature."""
    width = len(dataset.columns)
    shapes: Iterable[str] = shapely.to_geojson(shapely.from_wkb([row[width] for row in rows])) if rows else []
    at = dataset.names.index(dataset.browsed.key) if dataset.browsed else None
    for row, shape in zip(rows, shapes, strict=True):
        told = dict(zip(dataset.names, map(as_json, row[:width]), strict=True))
        number = "" if at is None else f'"id": {int(row[at])}, '
        properties = json.dumps(told, ensure_ascii=False)
        yield f'{{"type": "Feature", {number}"geometry": {shape}, "properties": {properties}}}'


def as_json(value: Any) -> Any:
    """Days and moments as ISO 8601 has them; everything else as it is."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if isinstance(value, date) else value
