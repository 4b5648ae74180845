"""The one door to files of places: GeoJSON, GeoPackage, zipped Shapefile, KML, KMZ. What is wrong is a RefusedError."""

from pathlib import PurePosixPath

from geodata.archives import Archive
from geodata.features import (
    GEOMETRY_TYPES,
    MAX_BYTES,
    MAX_FEATURES,
    MAX_UNPACKED,
    ChooseLayerError,
    Feature,
    FeatureFile,
)
from geodata.problems import RefusedError
from geodata.projections import WGS84, Projection, projection
from geodata.reading_json import read_geojson
from geodata.reading_kml import read_kml
from geodata.reading_vector import read_geopackage, read_shapefile, shapefiles_in

__all__ = [
    "GEOMETRY_TYPES",
    "MAX_BYTES",
    "MAX_FEATURES",
    "MAX_UNPACKED",
    "WGS84",
    "ChooseLayerError",
    "Feature",
    "FeatureFile",
    "Projection",
    "projection",
    "read_features",
    "read_geojson",
]

_SQLITE, _SHP = b"SQLite format 3\0", b"\x00\x00\x27\x0a"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second begins an empty one
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # byte order marks
_READ = (".gpkg", ".kml", ".geojson", ".json")  # looked for in an archive without a Shapefile


def read_features(data: bytes, *, name: str = "", crs: str = "", layer: str = "") -> FeatureFile:
    """Features of a file, whose kind its first bytes tell; `name` of the file only helps to say what is wrong.

    `crs` ("EPSG:6384") overrules what the file declares, `layer` chooses where a file has several. Raises
    RefusedError when the whole file is no use, and ChooseLayerError, one of those, when a layer has to be named.
    """
    if len(data) > MAX_BYTES:
        raise RefusedError("too_large", limit=MAX_BYTES // 2**20)
    if data.startswith(_ZIP):
        return _read_archive(Archive(data), crs=crs, layer=layer)
    return _read_plain(data, name=name, crs=crs, layer=layer)


def _read_plain(data: bytes, *, name: str, crs: str, layer: str) -> FeatureFile:
    ending = PurePosixPath(name).suffix.lower()
    if not data.strip():
        raise RefusedError("no_features")
    if data.startswith(_SQLITE):
        return read_geopackage(data, crs=crs, layer=layer)
    if data.startswith(_SHP) or ending in (".shp", ".dbf", ".shx"):
        raise RefusedError("bare_shapefile")
    start = data[:200]
    for mark in _MARKS:
        start = start.removeprefix(mark)
    start = start.lstrip(b"\0 \t\r\n")
    if start.startswith(b"<"):
        return read_kml(data, crs=crs, layer=layer)
    if start[:1] in (b"{", b"[", b'"') or ending in (".geojson", ".json"):
        return read_geojson(data, crs=crs)
    raise RefusedError("unknown_format")


def _read_archive(archive: Archive, *, crs: str, layer: str) -> FeatureFile:
    """A Shapefile, or the only other file in the archive; of a KMZ its first KML."""
    if shapefiles_in(archive):
        return read_shapefile(archive, crs=crs, layer=layer)
    readable = [path for path in archive.paths if path.suffix.lower() in _READ]
    if not readable:
        raise RefusedError("zip_nothing")
    root = [path for path in readable if path.name.lower() == "doc.kml"]
    if len(readable) > 1 and not root:
        raise RefusedError("zip_several", files=", ".join(str(path)[:60] for path in readable[:12]))
    path = (root or readable)[0]
    return _read_plain(archive.read(path), name=path.name, crs=crs, layer=layer)
