"""Reads GeoJSON into numbered features."""

import json
from typing import Any

from geodata.features import GEOMETRY_TYPES, MAX_BYTES, MAX_FEATURES, Feature, FeatureFile, field_names
from geodata.problems import Problem, RefusedError
from geodata.projections import authority_name, way_to_wgs84


def read_geojson(data: bytes, *, crs: str = "") -> FeatureFile:
    """Features of a FeatureCollection, of a single Feature or of a bare geometry.

    `crs` ("EPSG:32635") overrules what the file declares. Raises RefusedError when the whole file is no use.
    """
    document = _json(data)
    items = _items(document)
    to_wgs84, notes = way_to_wgs84(asked=crs, declared=_declared_crs(document))
    problems = list(notes)
    features = []
    for number, item in enumerate(items, start=1):
        if isinstance(item, dict) and item.get("type") == "Feature":
            properties = item.get("properties")
            known = properties if isinstance(properties, dict) else {}
            features.append(Feature(number, item.get("id"), known, item.get("geometry")))
        else:
            problems.append(Problem("not_feature", feature=number))
    return FeatureFile(features, to_wgs84, problems, fields=field_names(one.properties for one in features))


def _items(document: Any) -> list[Any]:
    """What should be features. Raises RefusedError when the document holds none."""
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
        raise RefusedError("no_type") if kind is None else RefusedError("unknown_type", type=str(kind)[:40])
    if not items:
        raise RefusedError("no_features")
    if len(items) > MAX_FEATURES:
        raise RefusedError("too_many_features", limit=MAX_FEATURES)
    return items


def _json(data: bytes) -> Any:
    if len(data) > MAX_BYTES:
        raise RefusedError("too_large", limit=MAX_BYTES // 2**20)
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as mistake:
        raise RefusedError("cut_off" if mistake.reason == "unexpected end of data" else "not_text") from None
    except json.JSONDecodeError as mistake:
        if mistake.pos >= len(mistake.doc.rstrip()) > 0 or mistake.msg.startswith("Unterminated string"):
            raise RefusedError("cut_off") from None
        raise RefusedError("not_json", line=mistake.lineno, column=mistake.colno) from None
    except RecursionError:
        raise RefusedError("too_deep") from None
    except ValueError:  # for instance a number of ten thousand digits
        raise RefusedError("bad_json") from None


def _declared_crs(document: dict[str, Any]) -> str:
    """The name in the `crs` member of GeoJSON 2008; empty when there is none."""
    crs = document.get("crs")
    if crs is None:
        return ""
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        raise RefusedError("bad_crs", crs=str(crs)[:60])
    authority_name(name)
    return name
