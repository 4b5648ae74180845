"""Files of areas, written from drawings."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib.gis.geos import GEOSGeometry


def feature(shape: GEOSGeometry | dict[str, Any] | None, code: Any = "1", name: Any = "Перший") -> dict[str, Any]:
    """A GeoJSON feature with the properties `code` and `name`."""
    geometry = json.loads(shape.json) if isinstance(shape, GEOSGeometry) else shape
    return {"type": "Feature", "properties": {"code": code, "name": name}, "geometry": geometry}


def polygon(*rings: Sequence[tuple[float, ...]]) -> dict[str, Any]:
    """A GeoJSON polygon with exactly these positions."""
    return {"type": "Polygon", "coordinates": [[list(position) for position in ring] for ring in rings]}


def collection(*features: Any, **members: Any) -> bytes:
    """The bytes of a file with these features."""
    return json.dumps({"type": "FeatureCollection", "features": features, **members}).encode()
