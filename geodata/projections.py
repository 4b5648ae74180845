"""The way from the coordinates of a file to longitude and latitude."""

import re
from collections.abc import Callable

import pyproj
from pyproj.exceptions import ProjError

from geodata.problems import Outcome, Problem, RefusedError

WGS84 = "OGC:CRS84"  # longitude, then latitude
_DEGREES = (WGS84, "EPSG:4326")
# Names of a reference system, as a person or the `crs` member of GeoJSON 2008 writes them.
_CRS_NAME = re.compile(r"^(?:urn:(?:x-)?ogc:def:crs:)?(OGC|EPSG|ESRI)(?::[\d.]*)?:([A-Z0-9]+)$", re.IGNORECASE)
# A description of a system (WKT), as the .prj of a Shapefile and a GeoPackage hold it.
_WKT = re.compile(r"^\s*[A-Z_]{4,24}\s*\[")
_MAX_WKT = 20_000  # characters
_GRIDS = re.compile(r"nadgrids=(?!@null\b)|PROJ4_GRIDS|geoidgrids|\+init=|PARAMETERFILE", re.IGNORECASE)

# Takes two equally long lists of coordinates, gives longitudes and latitudes.
Projection = Callable[[list[float], list[float]], tuple[list[float], list[float]]]


def way_to_wgs84(*, asked: str, declared: str) -> tuple[Projection | None, list[Problem]]:
    """The projection of a file that declares one system while the person may name another; "" for none.

    What the person asks for wins, and a note says so. None for longitude and latitude. Raises RefusedError as
    `projection` does.
    """
    notes = []
    if asked and declared:
        in_file, wanted = _spelled(declared), authority_name(asked)
        if in_file != wanted and not (in_file in _DEGREES and wanted in _DEGREES):
            details = {"declared": in_file[:60], "crs": asked}
            notes.append(Problem("crs_overruled", Outcome.NOTED, details=details))
    name = asked or declared
    return (projection(name) if name else None), notes


def authority_name(name: str) -> str:
    """One spelling, "EPSG:32635". Raises RefusedError for anything but an authority and its code."""
    found = _CRS_NAME.match(name.strip())
    if not found:
        raise RefusedError("bad_crs", crs=name[:60])
    return f"{found[1]}:{found[2]}".upper()


def projection(name: str) -> Projection | None:
    """The way from a reference system, named or described, to longitude and latitude (WGS 84); None when it is that.

    x comes before y whatever the authority says. Raises RefusedError for an unknown system, and for one that
    cannot be brought to WGS 84 without a guess of a hundred metres.
    """
    source, told = _system(name)
    if told in _DEGREES:
        return None
    try:
        way = pyproj.Transformer.from_crs(source, WGS84, always_xy=True, allow_ballpark=False)
    except ProjError as mistake:
        raise RefusedError("inexact_crs", crs=told[:60]) from mistake

    def to_wgs84(x: list[float], y: list[float]) -> tuple[list[float], list[float]]:
        longitudes, latitudes = way.transform(x, y)
        return list(longitudes), list(latitudes)

    return to_wgs84


def _system(name: str) -> tuple[pyproj.CRS, str]:
    """The system, and its name by an authority where it has one."""
    told = _spelled(name)
    try:
        source = pyproj.CRS.from_user_input(told if _CRS_NAME.match(told) else name)
    except ProjError as mistake:
        raise RefusedError("bad_crs", crs=told[:60]) from mistake
    if not (source.is_geographic or source.is_projected):  # for instance metres from the middle of the Earth
        raise RefusedError("bad_crs", crs=told[:60])
    return source, told


def _spelled(name: str) -> str:
    """Authority and code; for a description that no authority knows, the name inside it."""
    if not _WKT.match(name):
        return authority_name(name)
    if len(name) > _MAX_WKT or _GRIDS.search(name):  # a description may not send PROJ to files
        raise RefusedError("bad_crs", crs=name[:60])
    try:
        described = pyproj.CRS.from_wkt(name)
    except ProjError as mistake:
        raise RefusedError("bad_crs", crs=name[:60]) from mistake
    # GeoPackage: srs_id -1 and 0 stand for "not known".
    if described.is_engineering or described.name.lower().startswith(("undefined", "unknown")):
        raise RefusedError("no_crs")
    known = described.to_authority(min_confidence=90)
    return ":".join(known) if known and known[0] in ("EPSG", "ESRI", "OGC") else described.name
