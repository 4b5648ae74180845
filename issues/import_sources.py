"""Files of another system, row after row: CSV, GeoJSON, GeoPackage. None is ever in memory as a whole.

A row is a mapping from the names of its columns to texts, numbers or None; a feature has its place and its id under
"@lon", "@lat" and "@id" beside its properties, in the coordinates of the file.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import ijson

from geodata.problems import Problem, RefusedError
from geodata.projections import Projection, way_to_wgs84
from geodata.reading_vector import streamed_geopackage
from issues.import_mapping import IDENTITY, LAT, LON, FileMapping

CSV, GEOJSON, GEOPACKAGE = "CSV", "GeoJSON", "GeoPackage"
GEOMETRY = "@geometry"  # the type of one that is no point, or None
LINE, REASON, SHAPE = "import_line", "import_reason", "import_geometry"  # what a file of rejected rows adds to them
PEEKED = 1000  # features that are looked at for the names of their columns
HEAD = 2**20  # bytes that are looked at to tell how a text is written
_SQLITE, _ZIP = b"SQLite format 3\0", b"PK\x03\x04"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECLARES_LATE = re.compile(rb'"crs"\s*:')
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?\Z", re.ASCII)
USUAL_ENCODING = "windows-1251"

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the file. `line`: where it begins in a CSV file, its number among the features otherwise; `broken`: why
    it is no row, in words of the library that read it."""

    line: int
    raw: Raw
    broken: str = ""


@dataclass(slots=True)
class Source:
    """An open file. `to_wgs84`: the way from its coordinates to longitude and latitude; None: they are."""

    format: str
    fields: tuple[str, ...]
    records: Iterator[Record]
    file: BinaryIO
    size: int
    has_places: bool = True
    to_wgs84: Projection | None = None
    notes: list[Problem] = field(default_factory=list)
    encoding: str = "utf-8"
    delimiter: str = ","
    declared: str = ""  # reference system, where the file says it and nobody said another
    text: io.TextIOWrapper | None = None  # kept here: the file closes with it

    @property
    def share(self) -> float:
        """How much of the file was read, 0 to 1."""
        return min(self.file.tell() / self.size, 1) if self.size else 1


@contextmanager
def open_source(path: Path, *, mapping: FileMapping, rows: int = 0) -> Iterator[Source]:
    """The file, whose kind its first bytes tell. Raises RefusedError, also while it is read, and OSError. `rows`: no
    more than so many are wanted, where that saves work."""
    with path.open("rb") as file:
        start = file.read(HEAD)
        file.seek(0)
        size = path.stat().st_size
        if start.startswith(_ZIP):
            raise RefusedError("packed")
        if not start.strip():
            raise RefusedError("no_rows")
        if start.startswith(_SQLITE):
            with _geopackage(path, mapping, rows) as source:
                yield source
        elif start.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"["):
            yield _geojson(file, size, mapping)
        else:
            yield _csv(file, size, start, mapping)


def _csv(file: BinaryIO, size: int, start: bytes, mapping: FileMapping) -> Source:
    """Bytes that are no text come as lone surrogates, so that their row can be rejected."""
    encoding, notes = (mapping.encoding, []) if mapping.encoding else _encoding_of(start, is_whole=len(start) == size)
    reads = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    text = io.TextIOWrapper(file, reads, "replace" if "16" in reads else "surrogateescape", newline="")
    head = start.decode(reads, "replace").lstrip().split("\n", 1)[0]
    delimiter = mapping.delimiter or max(",;\t|", key=head.count)
    reader = csv.DictReader(text, delimiter=delimiter)
    try:
        fields = tuple(reader.fieldnames or ())
    except csv.Error:
        raise RefusedError("broken_file", format=CSV) from None
    records = _lines(reader)
    if LINE in fields:  # a file of rejected rows
        reader.fieldnames = fields = tuple(map(without_guard, fields))
        records = map(_unguarded, records)
    return Source(
        format=CSV, fields=fields, records=records, file=file, size=size, has_places=False,
        to_wgs84=way_to_wgs84(asked=mapping.crs, declared="")[0], notes=notes, encoding=encoding, delimiter=delimiter,
        text=text,
    )  # fmt: skip


def _lines(reader: "csv.DictReader[str]") -> Iterator[Record]:
    while True:
        line = reader.line_num + 1
        try:
            yield Record(line, next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(line, {}, broken=str(error))


def guarded(value: Any) -> Any:
    """A text for a cell of a table: what a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) and not _PLAIN_NUMBER.match(value) else value


def without_guard(value: Any) -> Any:
    """What `guarded` was given."""
    if isinstance(value, list):  # values without a column
        return list(map(without_guard, value))
    return value[1:] if isinstance(value, str) and value[:1] == "'" and _FORMULA.match(value) else value


def _unguarded(record: Record) -> Record:
    return replace(record, raw={name: without_guard(value) for name, value in record.raw.items()})


def _encoding_of(start: bytes, *, is_whole: bool) -> tuple[str, list[Problem]]:
    """As its mark says; else UTF-8 when almost all is; else as Windows writes here, with a note."""
    if start.startswith(_UTF16):
        return "utf-16", []
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(start, final=is_whole)
    wrong = text.count("\N{REPLACEMENT CHARACTER}")
    if wrong * 10 <= len(_NOT_ASCII.findall(text)):
        return "utf-8", []
    return USUAL_ENCODING, [Problem("encoding_guessed", details={"encoding": USUAL_ENCODING})]


def _geojson(file: BinaryIO, size: int, mapping: FileMapping) -> Source:
    declared = _declared_crs(file, asked=mapping.crs)
    file.seek(max(size - 4096, 0))
    tail = file.read()
    if not tail.rstrip().endswith(b"}"):
        raise RefusedError("cut_off")
    if not (declared or mapping.crs) and _DECLARES_LATE.search(tail.rpartition(b"]")[2]):
        raise RefusedError("crs_at_the_end")
    file.seek(0)
    to_wgs84, notes = way_to_wgs84(asked=mapping.crs, declared=declared)
    records = _features(file)
    first = list(islice(records, PEEKED))
    if not first:
        raise RefusedError("no_features")
    return Source(
        format=GEOJSON, fields=_fields(first), records=chain(first, records), file=file, size=size,
        to_wgs84=to_wgs84, notes=notes, declared="" if mapping.crs else declared,
    )  # fmt: skip


def _declared_crs(file: BinaryIO, *, asked: str) -> str:
    """The name in the `crs` member of GeoJSON 2008 that stands before the features; "" for none. Raises RefusedError
    for what is no collection of features."""
    kind = declared = ""
    try:
        for prefix, event, value in ijson.parse(file, use_float=True):
            if prefix == "type" and event == "string":
                kind = value
            elif prefix == "crs.properties.name" and event == "string":
                declared = value
            elif prefix == "features":
                if event != "start_array":
                    raise RefusedError("features_not_list")
                return declared
            elif prefix == "" and event == "start_array":
                raise RefusedError("not_object")
    except (ijson.JSONError, UnicodeDecodeError) as mistake:
        raise _unreadable(mistake) from None
    raise RefusedError("unknown_type", type=kind[:40]) if kind else RefusedError("no_type")


def _features(file: BinaryIO) -> Iterator[Record]:
    number = 0
    try:
        for number, item in enumerate(ijson.items(file, "features.item", use_float=True), start=1):
            if isinstance(item, dict) and item.get("type") == "Feature":
                properties = item.get("properties")
                yield _record(number, item.get("id"), properties, item.get("geometry"))
            else:
                yield Record(number, {}, broken="Feature?")
    except (ijson.JSONError, UnicodeDecodeError) as mistake:
        raise _unreadable(mistake, after=number) from None


def _unreadable(mistake: Exception, *, after: int = 0) -> RefusedError:
    if isinstance(mistake, UnicodeDecodeError) or "UTF8" in str(mistake):
        return RefusedError("not_text")
    if isinstance(mistake, ijson.IncompleteJSONError) and "premature" in str(mistake):
        return RefusedError("cut_off")
    return RefusedError("broken_after", count=after)


def _record(number: int, identity: Any, properties: Any, geometry: Any) -> Record:
    raw: dict[str, Any] = {}
    if isinstance(properties, dict):
        raw = {name: value if _is_plain(value) else str(value) for name, value in properties.items()}
    if _is_plain(identity) and identity is not None:
        raw[IDENTITY] = identity
    place = _point(geometry)
    if place is None:
        raw[GEOMETRY] = str(geometry.get("type"))[:40] if isinstance(geometry, dict) else None
    else:
        raw[LON], raw[LAT] = place
    return Record(number, raw)


def _point(geometry: Any) -> tuple[Any, Any] | None:
    """The coordinates of a point, or of the only one of several; None for anything else."""
    if not isinstance(geometry, dict):
        return None
    inside = geometry.get("coordinates")
    if geometry.get("type") == "MultiPoint" and isinstance(inside, list) and len(inside) == 1:
        inside = inside[0]
    elif geometry.get("type") != "Point":
        return None
    if not isinstance(inside, list) or len(inside) < 2 or not all(_is_number(one) for one in inside[:2]):
        return None
    return inside[0], inside[1]


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fields(records: list[Record]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for record in records for name in record.raw if name != GEOMETRY))


@contextmanager
def _geopackage(path: Path, mapping: FileMapping, rows: int) -> Iterator[Source]:
    with streamed_geopackage(path, layer=mapping.layer, first=rows) as found:
        if not (mapping.crs or found.crs):
            raise RefusedError("no_crs")
        to_wgs84, notes = way_to_wgs84(asked=mapping.crs, declared=found.crs)
        features = enumerate(found.features, start=1)
        records = (_record(number, identity, properties, shape) for number, (identity, properties, shape) in features)
        yield Source(
            format=GEOPACKAGE, fields=(*found.fields, IDENTITY, LON, LAT), records=records, file=found.file,
            size=found.size, to_wgs84=to_wgs84, notes=notes, declared="" if mapping.crs else found.crs,
        )  # fmt: skip
