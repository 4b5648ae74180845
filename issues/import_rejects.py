"""Rejected rows as a file that can be corrected and imported again: CSV as the file was, GeoJSON for features."""

import codecs
import csv
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from geodata.projections import Projection, way_to_wgs84
from issues.import_mapping import IDENTITY, LAT, LON
from issues.import_sources import CSV, GEOMETRY, LINE, REASON, SHAPE, guarded

MOST_ROW = 2**16  # bytes of a rejected row that is kept
LONGEST_VALUE = 5000  # characters of a value of one that is longer; no text of a report may be so long
ESCAPED = 6  # bytes that a character may take

Told = tuple[int, str, Mapping[str, Any]]  # line, reason in words, the row as `plain_row` gives it


class RejectsFile(Protocol):
    """The text of such a file, in three parts."""

    def head(self) -> str:
        """What stands before all rows."""

    def row(self, told: Told) -> str:
        """A rejected row."""

    def tail(self) -> str:
        """What stands behind all rows."""


def rejects_of(about: Mapping[str, Any]) -> RejectsFile:
    """CSV with the columns of the file, or GeoJSON: `about` tells its format, fields, delimiter and the reference
    system that it declared. Features of a file that declared one lie in longitude and latitude, others as they lay."""
    if about["format"] == CSV:
        return _Table(about["fields"], about["delimiter"])
    return _Features(way_to_wgs84(asked="", declared=about["declared"])[0])


def encoder(encoding: str) -> Callable[[str], bytes]:
    """Bytes of each piece of the text: what did not decode as it was, and “?” for what the encoding has no sign for."""
    reads = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding  # for spreadsheets
    piece = codecs.getincrementalencoder(reads)("surrogateescape")

    def encode(text: str) -> bytes:
        try:
            return piece.encode(text)
        except UnicodeEncodeError:
            return text.encode(encoding, "replace")

    return encode


def ending(file_format: str) -> str:
    """Of the name of the file."""
    return ".csv" if file_format == CSV else ".geojson"


def plain_row(raw: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as JSON keeps it: values without a column stand under ""."""
    return {"" if name is None else name: value for name, value in raw.items()}


def bounded_row(raw: Mapping[Any, Any]) -> str:
    """A row as JSON in ASCII, at most MOST_ROW bytes: what is too long to be brought in anyway is cut."""
    row = plain_row(raw)
    text = json.dumps(row, default=str)
    if len(text) <= MOST_ROW:
        return text
    longest = min(LONGEST_VALUE, MOST_ROW // (ESCAPED * len(row)))  # characters
    text = json.dumps({name: _cut(value, longest) for name, value in row.items()}, default=str)
    return text if len(text) <= MOST_ROW else "{}"


def _cut(value: Any, longest: int) -> Any:
    if isinstance(value, int | float | None):
        return value
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= longest else text[: max(longest - 1, 0)] + "…"


class _Piece:
    """Gives back what csv writes."""

    def write(self, text: str) -> str:
        return text


class _Table:
    def __init__(self, fields: Sequence[str], delimiter: str) -> None:
        self._columns = [name for name in fields if name not in (LINE, REASON)]
        self._writer = csv.writer(_Piece(), delimiter=delimiter)

    def head(self) -> str:
        return self._line([LINE, REASON, *self._columns])

    def row(self, told: Told) -> str:
        line, reason, raw = told
        extra = raw.get("")  # values without a column
        more = extra if isinstance(extra, list) else []
        return self._line([line, reason, *(raw.get(name) for name in self._columns), *more])

    def tail(self) -> str:
        return ""

    def _line(self, values: Sequence[Any]) -> str:
        return str(self._writer.writerow([guarded(value) for value in values]))


class _Features:
    def __init__(self, to_wgs84: Projection | None) -> None:
        self._to_wgs84, self._comma = to_wgs84, ""

    def head(self) -> str:
        return '{"type": "FeatureCollection", "features": ['

    def row(self, told: Told) -> str:
        line, reason, raw = told
        properties = {name: value for name, value in raw.items() if name not in (IDENTITY, LON, LAT, GEOMETRY, SHAPE)}
        if shape := raw.get(GEOMETRY):
            properties[SHAPE] = shape
        feature: dict[str, Any] = {
            "type": "Feature",
            "properties": {**properties, LINE: line, REASON: reason},
            "geometry": _geometry(raw, self._to_wgs84),
        }
        if IDENTITY in raw:
            feature["id"] = raw[IDENTITY]
        before, self._comma = self._comma, ","
        return f"{before}\n{json.dumps(feature, ensure_ascii=False)}"

    def tail(self) -> str:
        return "\n]}\n"


def _geometry(raw: Mapping[str, Any], to_wgs84: Projection | None) -> Any:
    if LON not in raw:
        return None
    x, y = raw[LON], raw[LAT]
    if to_wgs84:
        (x,), (y,) = to_wgs84([x], [y])
    return {"type": "Point", "coordinates": [x, y]}
