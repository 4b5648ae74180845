"""How much of a file of OpenStreetMap belongs to a community: its ground, and a strip of its neighbours on the map."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from geodata.convert import as_shape
from geodata.models import Community
from geodata.shapes import polygons_in

STRIP = 500.0  # metres around the boundary that the drawn map shows too
AROUND_CENTRE = 15_000.0  # metres to each side of where the map opens, for a community without a boundary
_DEGREE = 111_320.0  # metres of one degree to the north, about


@dataclass(frozen=True, slots=True)
class OsmGround:
    """`inside`: the community. `shown`: what its map shows, the strip included. Polygons, SRID 4326."""

    inside: BaseGeometry
    shown: BaseGeometry

    def on_map(self, shapes: Any) -> Any:
        """For an array of geometries: which of them the map shows. Boxes are compared first."""
        return _meeting(self.shown, shapes)

    def in_community(self, shapes: Any) -> Any:
        """For an array of geometries: which of them touch the community."""
        return _meeting(self.inside, shapes)

    def cut(self, shape: BaseGeometry) -> BaseGeometry | None:
        """What the box of the map leaves of a wide shape, with parts of its own kind only; None for nothing."""
        box = shapely.box(*self.shown.bounds)
        if box.covers(shape):
            return shape
        left = shapely.intersection(shape if shape.is_valid else shapely.make_valid(shape), box)
        if shape.geom_type.endswith("Polygon"):
            polygons = polygons_in(left)
            return shapely.MultiPolygon(polygons) if polygons else None
        lines = [
            part for part in getattr(left, "geoms", [left]) if part.geom_type == "LineString" and not part.is_empty
        ]
        return shapely.MultiLineString(lines) if lines else None


def ground_of(community: Community) -> OsmGround:
    """The ground within the boundary; without one, a square around where the map opens."""
    if community.boundary:
        inside = as_shape(community.boundary)
        return OsmGround(inside, widened(inside, STRIP))
    square = widened(shapely.Point(community.centre.x, community.centre.y), AROUND_CENTRE).envelope
    return OsmGround(square, square)


def widened(shape: BaseGeometry, metres: float) -> BaseGeometry:
    """The shape with so many metres around it, about: on the map nobody measures them."""
    stretch = math.cos(math.radians(shape.centroid.y))
    flat = affinity.scale(shape, xfact=stretch, yfact=1.0, origin=(0, 0))
    wide = flat.buffer(metres / _DEGREE, quad_segs=2)
    return affinity.scale(wide, xfact=1 / stretch, yfact=1.0, origin=(0, 0))


def _meeting(ground: BaseGeometry, shapes: Any) -> Any:
    found = np.zeros(len(shapes), dtype=bool)
    if len(shapes) == 0:
        return found
    west, south, east, north = ground.bounds
    boxes = shapely.bounds(shapes)
    near = (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
    shapely.prepare(ground)
    found[near] = shapely.intersects(ground, np.asarray(shapes)[near])
    return found
