"""Reads GeoPackage and Shapefile through GDAL in a process of its own, which sees nothing but the file."""

import codecs
import errno
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from geodata import vector_reader
from geodata.archives import Archive
from geodata.features import MAX_FEATURES, MAX_UNPACKED, ChooseLayerError, Feature, FeatureFile, chosen_layer
from geodata.problems import REASONS, Outcome, Problem, RefusedError
from geodata.projections import way_to_wgs84

DRIVERS = ("GPKG", "ESRI Shapefile")  # of GDAL; all others are left out of the process
SECONDS = 180  # for one file, by the clock
# Of a file that is read row by row, the history of a city: what is read then lies on the disk, never in memory.
LONG_SECONDS = 1800
LONG_BYTES = 8 * 2**30
LONG_FEATURES = 20_000_000
PIECE = 50_000  # features that GDAL holds at once
_ROOT = Path(__file__).resolve().parent.parent
_MAX_PRJ = 64 * 1024  # bytes of a description of a reference system
_HANDED_DOWN = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "VIRTUAL_ENV", "SYSTEMROOT")
# What byte 29 of a dBase table says of its text, where it says anything sure. 0x03 and 0x57 stand for "Windows".
_DECLARED_ENCODING = {0x26: "cp866", 0x65: "cp866", 0xC8: "cp1250", 0xC9: "cp1251"}
_USUAL_ENCODING = "cp1251"
_SQLITE_HEADER = 100  # bytes


def read_geopackage(data: bytes, *, crs: str = "", layer: str = "") -> FeatureFile:
    """Features of one layer with geometry. Raises RefusedError."""
    if _is_cut_off(data):
        raise RefusedError("cut_off")
    with tempfile.TemporaryDirectory(prefix="misto-") as folder:
        path = Path(folder) / "file.gpkg"
        path.write_bytes(data)
        found, features = _read(path, layer=layer, file_format="GeoPackage")
    return _file(found, features, file_format="GeoPackage", crs=crs)


@dataclass(frozen=True, slots=True)
class Streamed:
    """A layer that is read feature by feature: identity, properties, and the unchecked geometry.

    `crs` is what the file declares; `file` and `size` tell how far the reading is.
    """

    fields: tuple[str, ...]
    layer: str
    crs: str
    features: Iterator[tuple[int, dict[str, Any], Any]]
    file: BinaryIO
    size: int


@contextmanager
def streamed_geopackage(path: Path, *, layer: str = "", first: int = 0) -> Iterator[Streamed]:
    """One layer of a GeoPackage of any length, or its `first` features; gone after the block. Raises RefusedError, also
    while it is read, and OSError when the disk is full."""
    with path.open("rb") as given:
        if _is_cut_off(given.read(_SQLITE_HEADER), size=path.stat().st_size):
            raise RefusedError("cut_off")
    with tempfile.TemporaryDirectory(prefix="misto-") as folder:
        copy, out = Path(folder) / "file.gpkg", Path(folder) / "out"
        try:
            copy.hardlink_to(path)
        except OSError:  # on another disk, or somebody else's
            shutil.copyfile(path, copy)
        job = {
            "path": str(copy), "out": str(out), "layer": layer[:200], "encoding": None,
            "max_features": LONG_FEATURES, "bytes": LONG_BYTES, "seconds": LONG_SECONDS,
            "piece": first or PIECE, "first": bool(first),
        }  # fmt: skip
        _run("-m", vector_reader.__name__, json.dumps(job), file_format="GeoPackage", seconds=LONG_SECONDS)
        copy.unlink()
        with out.open("rb") as lines:
            found = json.loads(lines.readline() or b"{}")
            if "refused" in found:
                raise _refusal(found, "GeoPackage")
            if "fields" not in found:
                raise RefusedError("broken_file", format="GeoPackage")
            yield Streamed(
                tuple(found["fields"]), str(found["layer"]), found["crs"] or "", _each(lines), lines,
                out.stat().st_size,
            )  # fmt: skip


def _each(lines: BinaryIO) -> Iterator[tuple[int, dict[str, Any], Any]]:
    """Features until the last line, which counts them. Raises RefusedError when it does not."""
    number = 0
    while line := lines.readline():
        told = json.loads(line)
        if isinstance(told, dict):
            if told.get("count") == number:
                return
            break
        number += 1
        yield told[0], told[1], told[2]
    raise RefusedError("broken_file", format="GeoPackage")


def _is_cut_off(data: bytes, *, size: int = 0) -> bool:
    """Whether an SQLite database has fewer pages than its header says, where that is up to date (its format, 1.3).
    `size`: bytes of the whole, where `data` is its beginning only."""
    if len(data) < _SQLITE_HEADER:
        return True
    (page,), (pages,) = struct.unpack_from(">H", data, 16), struct.unpack_from(">I", data, 28)
    is_known = data[24:28] == data[92:96]
    return is_known and pages * (2**16 if page == 1 else page) > (size or len(data))


def shapefiles_in(archive: Archive) -> dict[str, dict[str, PurePosixPath]]:
    """The Shapefiles of an archive by the names of their layers: for each the paths by their endings."""
    grouped: dict[tuple[PurePosixPath, str], dict[str, PurePosixPath]] = {}
    for path in archive.paths:
        if path.suffix.lower() in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
            grouped.setdefault((path.parent, path.stem.lower()), {})[path.suffix.lower()] = path
    whole = [parts for parts in grouped.values() if ".shp" in parts]
    stems = [parts[".shp"].stem for parts in whole]
    return {
        parts[".shp"].stem if stems.count(parts[".shp"].stem) == 1 else str(parts[".shp"].with_suffix("")): parts
        for parts in whole
    }


def read_shapefile(archive: Archive, *, crs: str = "", layer: str = "") -> FeatureFile:
    """Features of one Shapefile in an archive. Raises RefusedError."""
    layers = shapefiles_in(archive)
    name = chosen_layer(layers, layer)
    parts = layers[name]
    for ending in (".shx", ".dbf"):
        if ending not in parts:
            raise RefusedError("shapefile_part", file=f"{name}{ending}"[:80], beside=parts[".shp"].name[:80])
    contents = {ending: archive.read(path) for ending, path in parts.items()}
    _check_counts(name, contents)
    encoding, notes = _encoding(contents)
    with tempfile.TemporaryDirectory(prefix="misto-") as folder:
        for ending in (".shp", ".shx", ".dbf", ".prj"):
            if ending in contents and (ending != ".prj" or len(contents[".prj"]) <= _MAX_PRJ):
                (Path(folder) / f"file{ending}").write_bytes(contents[ending])
        found, features = _read(Path(folder) / "file.shp", encoding=encoding, file_format="Shapefile")
    found |= {"layers": list(layers), "layer": name}
    return _file(found, features, file_format="Shapefile", crs=crs, notes=notes)


def _check_counts(name: str, contents: Mapping[str, bytes]) -> None:
    """Raises RefusedError when the table and the index do not belong together: rows would get foreign shapes."""
    if len(contents[".dbf"]) < 32 or len(contents[".shx"]) < 100:
        raise RefusedError("broken_file", format="Shapefile")
    (rows,) = struct.unpack_from("<I", contents[".dbf"], 4)
    shapes = (len(contents[".shx"]) - 100) // 8
    if rows != shapes:
        raise RefusedError("shapefile_counts", file=name[:60], shapes=shapes, rows=rows)


def _encoding(contents: Mapping[str, bytes]) -> tuple[str, list[Problem]]:
    """How the text of the table is written: as it says; else UTF-8 if it can be that, else as Windows does here."""
    table = contents[".dbf"]
    may_be_utf8 = table.isascii() or _looks_like_utf8(table[32:])
    named = contents.get(".cpg", b"")[:40].decode("ascii", "ignore").strip().lower()
    known = next((name for name in (named, f"cp{named}", named.replace("ansi ", "cp")) if _is_encoding(name)), "")
    if known and (may_be_utf8 or codecs.lookup(known).name != "utf-8"):
        return known, []
    declared = _DECLARED_ENCODING.get(table[29])
    if declared and not known:
        return declared, []
    if may_be_utf8:
        return "utf-8", []
    encoding = declared or _USUAL_ENCODING
    details = {"encoding": encoding.replace("cp125", "Windows-125")}
    if known:
        return encoding, [Problem("encoding_overruled", Outcome.NOTED, details=details | {"declared": "UTF-8"})]
    return encoding, [Problem("encoding_guessed", Outcome.NOTED, details=details)]


def _is_encoding(name: str) -> bool:
    try:
        return name != "" and isinstance("".encode(name), bytes) and isinstance(b"".decode(name), str)
    except (LookupError, ValueError, TypeError):
        return False


def _looks_like_utf8(table: bytes) -> bool:
    """Whether almost all is UTF-8: a letter at the end of a long value may be cut in two."""
    text = table[: 2**20].decode("utf-8", "replace")
    wrong = text.count("\N{REPLACEMENT CHARACTER}")
    return wrong * 20 <= sum(not character.isascii() for character in text)


def _read(
    path: Path, *, file_format: str, layer: str = "", encoding: str | None = None
) -> tuple[dict[str, Any], list[Feature]]:
    """What the process found, and the features. Raises RefusedError, also when it crashed or took too long."""
    out = path.with_name("out")
    job = {"path": str(path), "out": str(out), "layer": layer[:200], "encoding": encoding, "max_features": MAX_FEATURES}
    _run("-m", vector_reader.__name__, json.dumps(job), file_format=file_format)
    with out.open(encoding="utf-8") as lines:
        found = json.loads(lines.readline() or "{}")
        if "refused" in found:
            raise _refusal(found, file_format)
        rows = [json.loads(line) for line in lines]
    if "count" not in found or len(rows) != found["count"]:
        raise RefusedError("broken_file", format=file_format)
    identified = file_format == "GeoPackage"  # the numbers of a Shapefile's rows identify nothing
    return found, [
        Feature(number, identity if identified else None, properties, geometry)
        for number, (identity, properties, geometry) in enumerate(rows, start=1)
    ]


def _run(*arguments: str, file_format: str, seconds: float = 0) -> None:
    try:
        done = subprocess.run(  # noqa: S603  our own program; the file is named by a path of ours
            [sys.executable, *arguments], cwd=_ROOT, env=process_environment(), timeout=seconds or SECONDS, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise RefusedError("too_slow") from None
    if done.returncode == vector_reader.TOO_LARGE:
        raise RefusedError("zip_too_large", limit=MAX_UNPACKED // 2**20)
    if done.returncode == vector_reader.NO_SPACE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if done.returncode == vector_reader.OUT_OF_TIME:
        raise RefusedError("too_slow")
    if done.returncode:
        raise RefusedError("broken_file", format=file_format)


def process_environment() -> dict[str, str]:
    """Of the process: no secrets of the service, two drivers, no network, one thread."""
    handed_down = {name: os.environ[name] for name in _HANDED_DOWN if name in os.environ}
    return handed_down | {
        "LANG": "C.UTF-8",
        "GDAL_SKIP": ",".join(_other_drivers()),
        "GDAL_DRIVER_PATH": "disable",
        "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
        "OGR_SQLITE_PRAGMA": "trusted_schema=OFF",
        "PROJ_NETWORK": "OFF",
        "OPENBLAS_NUM_THREADS": "1",
        "GDAL_NUM_THREADS": "1",
    }


@cache
def _other_drivers() -> tuple[str, ...]:
    """Formats that this build of GDAL knows and we do not read; asked once, outside our own process."""
    asked = "import json, pyogrio; print(json.dumps(list(pyogrio.list_drivers())))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, timeout=SECONDS)  # noqa: S603
    return tuple(name for name in json.loads(told.stdout) if name not in DRIVERS)


def _refusal(found: dict[str, Any], file_format: str) -> RefusedError:
    kind, details = str(found["refused"]), dict(found.get("details", {}))
    if kind not in REASONS:
        return RefusedError("broken_file", format=file_format)
    if "layers" in found:
        return ChooseLayerError(kind, map(str, found["layers"]), layer=str(details.get("layer", "")))
    return RefusedError(kind, **{**details, "format": file_format})


def _file(
    found: dict[str, Any], features: list[Feature], *, file_format: str, crs: str, notes: list[Problem] | None = None
) -> FeatureFile:
    declared = found["crs"] or ""
    if not (crs or declared):
        raise RefusedError("no_crs")
    to_wgs84, problems = way_to_wgs84(asked=crs, declared=declared)
    layers, fields = tuple(found["layers"]), tuple(found["fields"])
    return FeatureFile(
        features, to_wgs84, [*problems, *(notes or [])], file_format, layers, str(found["layer"]), fields
    )
