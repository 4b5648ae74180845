"""Reads a polygon that was drawn, typed or pasted: as in an address, or as GeoJSON. Every mistake is told in words."""

import json
import math
from typing import Any

import shapely
from django.utils.translation import gettext as _
from shapely import MultiPolygon, Polygon

from stats.drawn import Corner, Rings

MOST_CORNERS = 1_000
LONGEST = 100_000  # characters
MOST_PARTS = 200  # parts and holes


class UnreadableShapeError(ValueError):
    """The text is no shape; the message says why in the reader's language."""


def read_shape(text: str) -> Polygon | MultiPolygon:
    """A valid polygon with an area, SRID 4326. Raises UnreadableShapeError."""
    text = text.strip()
    if len(text) > LONGEST:
        raise UnreadableShapeError(_("This is too long. Simplify the shape."))
    parts = _of_geojson(text) if text.startswith(("{", "[")) else _of_address(text)
    corners = sum(len(ring) for part in parts for ring in part)
    if corners > MOST_CORNERS:
        raise UnreadableShapeError(
            _("The shape has %(many)s corners; %(most)s are the most. Simplify it.")
            % {"many": corners, "most": MOST_CORNERS}
        )
    if sum(map(len, parts)) > MOST_PARTS:
        raise UnreadableShapeError(_("The shape has too many parts. Simplify it."))
    return _valid([[_closed(ring) for ring in part] for part in parts])


def _valid(parts: list[Rings]) -> Polygon | MultiPolygon:
    shapes = [Polygon(part[0], part[1:]) for part in parts]
    shape = shapes[0] if len(shapes) == 1 else MultiPolygon(shapes)
    reason = shapely.is_valid_reason(shape)
    if reason != "Valid Geometry":
        words = _("The shape crosses or touches itself")
        at = reason.partition("[")[2].rstrip("]").split()
        if len(at) == 2:
            words += " " + _("at %(lat)s, %(lon)s") % {"lat": f"{float(at[1]):.5f}", "lon": f"{float(at[0]):.5f}"}
        raise UnreadableShapeError(words + ". " + _("Draw it so that its edge never meets itself."))
    if shape.area <= 0:
        raise UnreadableShapeError(_("The shape has no area."))
    return shape


def _of_address(text: str) -> list[Rings]:
    return [
        [[_corner(*corner.split(",")) for corner in ring.split(";") if corner.strip()] for ring in part.split("|")]
        for part in text.split("||")
    ]


def _of_geojson(text: str) -> list[Rings]:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableShapeError(_("This begins like GeoJSON, but it is not.")) from None
    for _step in range(4):
        if isinstance(document, dict) and document.get("type") == "Feature":
            document = document.get("geometry")
        elif isinstance(document, dict) and document.get("type") == "FeatureCollection":
            features = document.get("features")
            if not isinstance(features, list) or len(features) != 1:
                raise UnreadableShapeError(_("The GeoJSON must have exactly one shape."))
            document = features[0]
    kind = document.get("type") if isinstance(document, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise UnreadableShapeError(_("The GeoJSON must be a Polygon or a MultiPolygon."))
    parts = document.get("coordinates")
    try:
        return [
            [[_corner(*corner[:2]) for corner in ring] for ring in part]
            for part in ([parts] if kind == "Polygon" else parts)
        ] or _nothing()
    except (TypeError, KeyError):
        raise UnreadableShapeError(_("This begins like GeoJSON, but it is not.")) from None


def _nothing() -> list[Rings]:
    raise UnreadableShapeError(_("The shape has no area."))


def _corner(*numbers: Any) -> Corner:
    try:
        lon, lat = (float(number) for number in numbers)
    except (TypeError, ValueError):
        raise UnreadableShapeError(
            _("A corner is a longitude and a latitude: 28.4600,49.2200; corners are parted by “;”.")
        ) from None
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 85):
        raise UnreadableShapeError(_("Longitudes lie between -180 and 180, latitudes between -85 and 85."))
    return lon, lat


def _closed(ring: list[Corner]) -> list[Corner]:
    corners = ring if ring and ring[0] == ring[-1] else [*ring, *ring[:1]]
    if len(set(corners)) < 3:
        raise UnreadableShapeError(_("A shape has three corners at least."))
    return corners
