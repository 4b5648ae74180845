"""Reads a polygon that was drawn, typed or pasted: as in an address, or as GeoJSON. Every mistake is told in words."""

import json
import math
from itertools import groupby
from typing import Any

import shapely
from django.utils.translation import gettext as _
from shapely import MultiPolygon, Polygon

from stats.drawn import DIGITS, Corner, Rings

MOST_CORNERS = 300  # an address of so many fits launcher.parts.LONGEST_LINE, however it is encoded
LONGEST = 100_000  # characters
MOST_PARTS = 200  # parts and holes


class UnreadableShapeError(ValueError):
    """The text is no shape; the message says why in the reader's language."""


def read_shape(text: str) -> Polygon | MultiPolygon:
    """A valid polygon with an area, SRID 4326, its corners rounded as in addresses. Raises UnreadableShapeError."""
    text = text.strip()
    if len(text) > LONGEST:
        raise UnreadableShapeError(_("This is too long. Simplify the shape."))
    parts = _of_geojson(text) if text.startswith(("{", "[")) else _of_address(text)
    if not parts or not all(parts):
        raise UnreadableShapeError(_("The shape has no area."))
    parts = [[_closed(ring) for ring in part] for part in parts]
    corners = sum(len(ring) - 1 for part in parts for ring in part)
    if corners > MOST_CORNERS:
        raise UnreadableShapeError(
            _("The shape has %(many)s corners; %(most)s are the most. Simplify it.")
            % {"many": corners, "most": MOST_CORNERS}
        )
    if sum(map(len, parts)) > MOST_PARTS:
        raise UnreadableShapeError(_("The shape has too many parts. Simplify it."))
    return _valid(parts)


def _valid(parts: list[Rings]) -> Polygon | MultiPolygon:
    shapes = [Polygon(part[0], part[1:]) for part in parts]
    shape = shapes[0] if len(shapes) == 1 else MultiPolygon(shapes)
    reason = shapely.is_valid_reason(shape)
    if reason != "Valid Geometry":
        words = _("The shape crosses or touches itself")
        at = reason.partition("[")[2].rstrip("]").split()
        if len(at) == 2:
            words += " " + _("at %(lat)s, %(lon)s") % {"lat": f"{float(at[1]):.5f}", "lon": f"{float(at[0]):.5f}"}
        words += ". " + _("Draw it so that its edge never meets itself; corners are rounded to a metre.")
        raise UnreadableShapeError(words)
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
        ]
    except (TypeError, KeyError):
        raise UnreadableShapeError(_("This begins like GeoJSON, but it is not.")) from None


def _corner(*numbers: Any) -> Corner:
    try:
        lon, lat = (float(number) for number in numbers)
    except (TypeError, ValueError, OverflowError):
        raise UnreadableShapeError(
            _("A corner is a longitude and a latitude: 28.4600,49.2200; corners are parted by “;”.")
        ) from None
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 85):
        raise UnreadableShapeError(_("Longitudes lie between -180 and 180, latitudes between -85 and 85."))
    return round(lon, DIGITS), round(lat, DIGITS)


def _closed(ring: list[Corner]) -> list[Corner]:
    """With the first corner at its end too, and no corner twice in a row, as rounding leaves them."""
    corners = [corner for corner, _same in groupby([*ring, *ring[:1]])]
    if len(set(corners)) < 3:
        raise UnreadableShapeError(_("A shape has three corners at least."))
    return corners
