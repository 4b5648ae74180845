"""Reads GeoJSON into numbered features, trusting nothing: what is wrong ends in RefusedError."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyproj
from pyproj.exceptions import ProjError

from geodata.problems import Outcome, Problem, RefusedError

MAX_BYTES = 200 * 1024 * 1024
WGS84 = "OGC:CRS84"  # longitude, then latitude
GEOMETRY_TYPES = frozenset(
    ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")
)
# Names of a reference system, as a person or the `crs` member of GeoJSON 2008 writes them.
_CRS_NAME = re.compile(r"^(?:urn:(?:x-)?ogc:def:crs:)?(OGC|EPSG|ESRI)(?::[\d.]*)?:([A-Z0-9]+)$", re.IGNORECASE)

# Takes two equally long lists of coordinates, gives longitudes and latitudes.
Projection = Callable[[list[float], list[float]], tuple[list[float], list[float]]]


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature as it stands in the file; `number` counts from 1. The geometry is still unchecked JSON."""

    number: int
    identity: Any
    properties: dict[str, Any]
    geometry: Any


@dataclass(frozen=True, slots=True)
class FeatureFile:
    """Features of a file, and the way to longitude and latitude from their coordinates (None: they are)."""

    features: list[Feature]
    to_wgs84: Projection | None = None
    problems: list[Problem] = field(default_factory=list)


def read_geojson(data: bytes, *, crs: str = "") -> FeatureFile:
    """Features of a FeatureCollection, of a single Feature or of a bare geometry.

    `crs` ("EPSG:32635") overrules what the file declares. Raises RefusedError when the whole file is no use.
    """
    document = _json(data)
    if not isinstance(document, dict):
        raise RefusedError("not_object")
    kind = document.get("type")
    if kind == "FeatureCollection":
        items = document.get("features", [])
        if not isinstance(items, list):
            raise RefusedError("features_not_list")
    elif kind == "Feature":
        items = [document]
    elif isinstance(kind, str) and kind in GEOMETRY_TYPES:
        items = [{"type": "Feature", "properties": {}, "geometry": document}]
    else:
        raise RefusedError("unknown_type", type=str(kind)[:40])
    if not items:
        raise RefusedError("no_features")
    to_wgs84, notes = _projection(document, crs)
    problems = list(notes)
    features = []
    for number, item in enumerate(items, start=1):
        if isinstance(item, dict) and item.get("type") == "Feature":
            properties = item.get("properties")
            known = properties if isinstance(properties, dict) else {}
            features.append(Feature(number, item.get("id"), known, item.get("geometry")))
        else:
            problems.append(Problem("not_feature", feature=number))
    return FeatureFile(features, to_wgs84, problems)


def _json(data: bytes) -> Any:
    if len(data) > MAX_BYTES:
        raise RefusedError("too_large", limit=MAX_BYTES // 2**20)
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise RefusedError("not_text") from None
    except json.JSONDecodeError as mistake:
        raise RefusedError("not_json", line=mistake.lineno, column=mistake.colno) from None
    except RecursionError:
        raise RefusedError("too_deep") from None
    except ValueError:  # for instance a number of ten thousand digits
        raise RefusedError("bad_json") from None


def _projection(document: dict[str, Any], asked: str) -> tuple[Projection | None, list[Problem]]:
    declared = _declared_crs(document)
    notes = []
    if asked and declared and _authority_name(asked) != _authority_name(declared):
        details = {"declared": declared, "crs": asked}
        notes.append(Problem("crs_overruled", Outcome.NOTED, details=details))
    name = asked or declared
    return (projection(name) if name else None), notes


def _declared_crs(document: dict[str, Any]) -> str:
    """The name in the `crs` member of GeoJSON 2008; empty when there is none."""
    crs = document.get("crs")
    if crs is None:
        return ""
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        raise RefusedError("bad_crs", crs=str(crs)[:60])
    return name


def _authority_name(name: str) -> str:
    """One spelling, "EPSG:32635". Raises RefusedError for anything but an authority and its code."""
    found = _CRS_NAME.match(name.strip())
    if not found:
        raise RefusedError("bad_crs", crs=name[:60])
    return f"{found[1]}:{found[2]}".upper()


def projection(name: str) -> Projection | None:
    """The way from a named reference system to longitude and latitude (WGS 84); None when it is that already.

    GeoJSON puts x before y whatever the authority says. Raises RefusedError for an unknown system, and for one that
    cannot be brought to WGS 84 without a guess of a hundred metres.
    """
    authority_name = _authority_name(name)
    if authority_name in (WGS84, "EPSG:4326"):
        return None
    try:
        source = pyproj.CRS.from_user_input(authority_name)
    except ProjError as mistake:
        raise RefusedError("bad_crs", crs=name[:60]) from mistake
    try:
        way = pyproj.Transformer.from_crs(source, WGS84, always_xy=True, allow_ballpark=False)
    except ProjError as mistake:
        raise RefusedError("inexact_crs", crs=name[:60]) from mistake

    def to_wgs84(x: list[float], y: list[float]) -> tuple[list[float], list[float]]:
        longitudes, latitudes = way.transform(x, y)
        return list(longitudes), list(latitudes)

    return to_wgs84
