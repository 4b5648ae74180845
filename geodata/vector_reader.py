"""Reads one GeoPackage or Shapefile with GDAL, in a process of its own: whatever the file does, it ends here.

Started by geodata.reading_vector as `python -m geodata.vector_reader JOB`, JOB being JSON:

    {"path": "/tmp/…/file.gpkg", "out": "/tmp/…/out", "layer": "", "encoding": null, "max_features": 500000}

Writes lines of JSON to `out`: first what was found, then [identity, properties, geometry] for each feature. The first
line may be {"refused": kind, …} instead. With "piece" in JOB the layer is read so many features at a time, and a last
line counts them, {"count": n}; with "first" in JOB the first piece is enough. "bytes" and "seconds" are other limits.
A damaged file ends in a traceback: the caller looks at the exit code only.
Of the project it imports geodata.wkb alone, and never Django.
"""

import errno
import gc
import json
import resource
import signal
import sqlite3
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from geodata.wkb import geometry_of

MEMORY = 4 * 2**30  # bytes of address space
SECONDS = 120  # of processor time
BYTES = 600 * 2**20  # of one written file
TOO_LARGE = 3  # exit code
NO_SPACE = 4  # exit code: the disk is full
OUT_OF_TIME = -signal.SIGXCPU  # exit code, as the caller sees it
_ALLOWED_MODULES = ("rtree",)  # virtual tables of a GeoPackage; others may reach outside it


class Refusal(Exception):  # noqa: N818  not an error of this program
    """Becomes the first line of the answer."""


def main(job: dict[str, Any]) -> None:
    """Reads the file and writes the answer."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    seconds, size = job.get("seconds", SECONDS), job.get("bytes", BYTES)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))  # a signal first, then the end
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()  # nothing here goes in circles, and looking for them is slow
    try:
        with Path(job["out"]).open("w", encoding="utf-8") as out:
            try:
                if job["path"].endswith(".gpkg"):
                    check_tables(job["path"])
                write_features(job, out)
            except Refusal as refusal:
                out.write(json.dumps(refusal.args[0]) + "\n")
    except OSError as mistake:  # also of what closing the file writes
        if mistake.errno == errno.EFBIG:
            sys.exit(TOO_LARGE)
        if mistake.errno in (errno.ENOSPC, errno.EDQUOT):
            sys.exit(NO_SPACE)
        raise


def check_tables(path: str) -> None:
    """Raises Refusal for a damaged database and for tables that are programs rather than data."""
    opened = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        opened.execute("PRAGMA trusted_schema = OFF")
        made = "SELECT name, lower(sql) FROM sqlite_master WHERE lower(sql) LIKE 'create virtual%'"
        for name, sql in opened.execute(made):
            words = sql.replace("(", " ( ").split()
            module = words[words.index("using") + 1] if "using" in words[:-1] else ""
            if module not in _ALLOWED_MODULES:
                raise Refusal({"refused": "virtual_table", "details": {"table": str(name)[:60]}})
        if opened.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise Refusal({"refused": "broken_file"})
    finally:
        opened.close()


def write_features(job: dict[str, Any], out: TextIO) -> None:
    """The answer for the wanted layer, or the names of the layers when none is chosen."""
    layers, layer = chosen_layer(job)
    piece, start = job.get("piece"), 0
    while True:
        meta, identities, geometries, columns = read_piece(job, layer, skip=start)
        count = len(identities)
        if not start:
            if not count:
                raise Refusal({"refused": "no_features"})
            names = [decoded(name, job["encoding"]) for name in meta["fields"]]
            found = {"layers": layers, "layer": layer, "fields": names, "crs": meta["crs"]}
            out.write(json.dumps(found if piece else found | {"count": count}) + "\n")
        write_rows(out, names, identities, geometries, columns, encoding=job["encoding"])
        start += count
        if not piece or count < piece or job.get("first"):
            break
    if piece:
        out.write(json.dumps({"count": start}) + "\n")


def chosen_layer(job: dict[str, Any]) -> tuple[list[str], str]:
    """The layers with places, and the wanted one or the only one. Raises Refusal."""
    import pyogrio.raw  # after the limits are set

    wanted = job["layer"]
    layers = [str(name) for name, kind in pyogrio.list_layers(job["path"]) if kind is not None]
    if not layers:
        raise Refusal({"refused": "no_layers"})
    if not wanted and len(layers) > 1:
        raise Refusal({"refused": "choose_layer", "layers": layers})
    if wanted and wanted not in layers:
        raise Refusal({"refused": "no_layer", "layers": layers, "details": {"layer": wanted[:60]}})
    return layers, wanted or layers[0]


def read_piece(job: dict[str, Any], layer: str, *, skip: int) -> tuple[Any, Any, Any, Any]:
    """Meta, identities, geometries and columns of the whole layer, or of its next piece. Raises Refusal."""
    import pyogrio.raw

    # GDAL gives the bytes of a dBase table as they are when told that they are Latin-1.
    recoded = {"encoding": "ISO-8859-1"} if job["encoding"] else {}
    # A filter makes GDAL count the rows: the number that a GeoPackage keeps of itself may be out of date.
    counted = {} if job["encoding"] else {"where": "1 = 1"}
    most, piece = job["max_features"], job.get("piece")
    meta, identities, geometries, columns = pyogrio.raw.read(
        job["path"], layer=layer, return_fids=True, datetime_as_string=True, skip_features=skip,
        max_features=piece or most + 1, **recoded, **counted,
    )  # fmt: skip
    if geometries is None:
        raise Refusal({"refused": "no_features"})
    if skip + len(geometries) > most:
        raise Refusal({"refused": "too_many_features", "details": {"limit": most}})
    return meta, identities, geometries, columns


def write_rows(
    out: TextIO, names: list[str], identities: Any, geometries: Any, columns: list[Any], *, encoding: str | None
) -> None:
    """A line for each feature."""
    for identity, wkb, values in zip(identities.tolist(), geometries, rows(columns, len(geometries)), strict=True):
        properties = {name: plain(value, encoding) for name, value in zip(names, values, strict=True)}
        out.write(json.dumps([identity, properties, geometry(wkb)]) + "\n")


def rows(columns: list[Any], count: int) -> Iterator[tuple[Any, ...]]:
    """Values row by row."""
    return zip(*(column.tolist() for column in columns), strict=True) if columns else iter([()] * count)


def geometry(wkb: bytes | None) -> dict[str, Any] | None:
    """None for a feature without one; a type that GeoJSON has no word for is named as it is."""
    if wkb is None:
        return None
    try:
        return geometry_of(wkb)
    except (ValueError, struct.error):
        return {"type": "WKB"}


def plain(value: Any, encoding: str | None) -> Any:
    """A value as JSON has it; bytes and what is not a number count as nothing."""
    if isinstance(value, str):
        return decoded(value, encoding)
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    return value if isinstance(value, int | bool) else None


def decoded(text: str, encoding: str | None) -> str:
    """The text that stands in the bytes of a dBase table."""
    return text.encode("latin-1", "replace").decode(encoding, "replace") if encoding else text


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
