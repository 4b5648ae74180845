"""Between shapely, in which shapes are checked, and GEOS, in which Django stores them. Both in SRID 4326."""

import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from shapely.geometry.base import BaseGeometry

from geodata.models import WGS84
from geodata.shapes import polygons_in


def as_shape(boundary: MultiPolygon) -> BaseGeometry:
    """A stored boundary as a shapely geometry."""
    return shapely.from_wkb(bytes(boundary.wkb))


def as_boundary(shape: BaseGeometry) -> MultiPolygon:
    """The polygons of a shapely geometry, to be stored as a boundary."""
    whole = shapely.MultiPolygon(polygons_in(shape))
    stored = GEOSGeometry(memoryview(shapely.to_wkb(whole)), srid=WGS84)
    assert isinstance(stored, MultiPolygon)
    return stored
