"""CSV (RFC 4180, UTF-8 without a mark of byte order). A point becomes two columns more; other shapes are left out.

A table program that opens the file must not take a cell for a formula: text that begins as one gets an apostrophe
before it, as such programs themselves write it. The other formats hold the text as it is.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely

from stats.opendata.formats import Chunks, file_format
from stats.opendata.licence import Terms
from stats.opendata.tables import Dataset, Row

PLACE = ("longitude", "latitude")
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def headings(dataset: Dataset) -> tuple[str, ...]:
    """The first line of the file."""
    return (*dataset.names, *(PLACE if dataset.shape == "Point" else ()))


@file_format("csv", title="CSV", media_type="text/csv; charset=utf-8; header=present")
def write_csv(path: Path, dataset: Dataset, chunks: Chunks, terms: Terms) -> None:
    """Writes the file. Licence and attribution stand in the description beside it (<name>.csv-metadata.json)."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(headings(dataset))
        for rows in chunks:
            writer.writerows(_lines(dataset, rows))


def _lines(dataset: Dataset, rows: list[Row]) -> Iterable[Sequence[str]]:
    width = len(dataset.columns)
    texts = ([_cell(value, dataset.missing) for value in row[:width]] for row in rows)
    if dataset.shape != "Point":
        return texts
    points = shapely.get_coordinates(shapely.from_wkb([row[width] for row in rows]))
    return ([*line, f"{x:.7f}", f"{y:.7f}"] for line, (x, y) in zip(texts, points, strict=True))


def _cell(value: Any, missing: str) -> str:
    if value is None:
        return missing
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULAS) else text
