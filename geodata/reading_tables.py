"""Tables with coordinates: CSV as city registers are published, with “,”, “;” or tabs, in UTF-8, UTF-16 or cp1251."""

import csv
import io
from dataclasses import dataclass
from typing import Any

from geodata.features import MAX_BYTES, MAX_FEATURES, Feature, FeatureFile
from geodata.problems import RefusedError
from geodata.projections import way_to_wgs84

ENDINGS = (".csv", ".tsv", ".txt")
# What the columns are often called; a person may name others.
LONGITUDES = ("lon", "lng", "long", "longitude", "x", "довгота")
LATITUDES = ("lat", "latitude", "y", "широта")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows of text, as they stand in the file."""

    columns: tuple[str, ...]
    rows: list[dict[str, str]]

    def features(self, *, lon: str, lat: str, crs: str = "") -> FeatureFile:
        """The rows as points; without `crs` the two columns are degrees. Raises RefusedError.

        A row with nothing in both columns has no place, and without the two columns ("") no row has one.
        """
        for wanted in (lon, lat):
            if wanted not in self.columns and (lon or lat):
                raise RefusedError("no_field", field=wanted, fields=", ".join(self.columns[:12]))
        to_wgs84, notes = way_to_wgs84(asked=crs, declared="")
        points = [_point(row.get(lon, ""), row.get(lat, "")) for row in self.rows]
        features = [
            Feature(number, None, {name: text for name, text in row.items() if name not in (lon, lat)}, point)
            for number, (row, point) in enumerate(zip(self.rows, points, strict=True), start=1)
        ]
        others = tuple(column for column in self.columns if column not in (lon, lat))
        return FeatureFile(features, to_wgs84, notes, format="CSV", fields=others)

    def guess(self, names: tuple[str, ...]) -> str:
        """The column that is called so; "" for none."""
        called = {column.casefold(): column for column in self.columns}
        return next((called[name] for name in names if name in called), "")


def is_table(name: str) -> bool:
    """A table is told by the name of its file."""
    return name.lower().endswith(ENDINGS)


def read_table(data: bytes) -> Table:
    """The table of a file. Raises RefusedError."""
    if len(data) > MAX_BYTES:
        raise RefusedError("too_large", limit=MAX_BYTES // 2**20)
    text = _decoded(data)
    head = text.lstrip().splitlines()[0] if text.strip() else ""
    try:
        listed = list(csv.reader(io.StringIO(text, newline=""), delimiter=max(";,\t", key=head.count)))
    except csv.Error:
        raise RefusedError("broken_file", format="CSV") from None
    lines = [[cell.strip() for cell in line] for line in listed if any(cell.strip() for cell in line)]
    if len(lines) < 2:
        raise RefusedError("no_features")
    if len(lines) > MAX_FEATURES + 1:
        raise RefusedError("too_many_features", limit=MAX_FEATURES)
    columns, *rows = lines
    filled = [dict(zip(columns, [*row, *[""] * len(columns)], strict=False)) for row in rows]
    return Table(tuple(dict.fromkeys(columns)), filled)


def _decoded(data: bytes) -> str:
    for encoding in ("utf-16",) if data.startswith(_UTF16) else ("utf-8-sig", "cp1251"):
        try:
            return data.decode(encoding).replace("\0", " ")
        except UnicodeDecodeError:
            continue
    raise RefusedError("not_text")


def _point(lon: str, lat: str) -> dict[str, Any] | None:
    """An unchecked point; None where both cells are empty."""
    return {"type": "Point", "coordinates": [_number(lon), _number(lat)]} if lon or lat else None


def _number(text: str) -> Any:
    """A number, or the text as it is, which no geometry takes; a comma may stand for the point."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text or None
