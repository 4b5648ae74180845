"""Shapes that people draw: made of what an address or a form says, and written into an address again.

A shape in an address is "lon,lat;lon,lat;…": a ring, which need not be closed. Holes follow after "|", further parts
after "||".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

import numpy as np
import pyproj
import shapely
from pyproj import Geod
from shapely import MultiLineString, MultiPolygon, Polygon

from geodata.boxes import Box

DIGITS = 5  # of degrees: a metre; an address has room for a line of 8,190 characters
CORNERS = 96  # of a circle: its area is 0.07 % too small
SMOOTH = 0.3  # metres by which the edge of a street's surroundings may be drawn otherwise
_GLOBE = Geod(ellps="WGS84")

Corner = tuple[float, float]
Rings = list[list[Corner]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A valid shape (SRID 4326). `pairs`: what an address calls it; `kind`: polygon, circle or street."""

    shape: Polygon | MultiPolygon
    kind: str
    title: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def square_metres(self) -> float:
        """On the ground."""
        return square_metres(self.shape)

    @property
    def query(self) -> str:
        """For an address; commas stay readable."""
        return urlencode(self.pairs, safe=",;|")

    @property
    def box(self) -> Box:
        """Around it."""
        return Box(*shapely.bounds(self.shape).tolist())

    @property
    def rings(self) -> Rings:
        """All of its rings, parts and holes alike."""
        return [ring for part in rings_of(self.shape) for ring in part]


def square_metres(shape: Polygon | MultiPolygon) -> float:
    """Of a shape on the WGS 84 ellipsoid."""
    return abs(float(_GLOBE.geometry_area_perimeter(shapely.orient_polygons(shape))[0]))


def rings_of(shape: Polygon | MultiPolygon) -> list[Rings]:
    """Each part with its outer ring and its holes."""
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    return [[[(x, y) for x, y, *_z in ring.coords] for ring in (part.exterior, *part.interiors)] for part in parts]


def written(shape: Polygon | MultiPolygon) -> str:
    """As an address has it."""
    return "||".join("|".join(_ring(ring[:-1]) for ring in part) for part in rings_of(shape))


def circle(centre: Corner, metres: float) -> Polygon:
    """On the ground around a place."""
    turn = np.linspace(0, 360, CORNERS, endpoint=False)
    lons, lats, _back = _GLOBE.fwd(
        np.full(CORNERS, centre[0]), np.full(CORNERS, centre[1]), turn, np.full(CORNERS, metres)
    )
    return Polygon(np.stack([lons, lats], axis=1))


def surroundings(line: MultiLineString, metres: float) -> Polygon | MultiPolygon:
    """All that is so near to a line on the ground."""
    flat, back = _plane(*(round(at, 2) for at in shapely.centroid(line).coords[0]))
    wide = shapely.buffer(shapely.transform(line, _by(flat)), metres, quad_segs=8)
    found = shapely.transform(shapely.simplify(wide, SMOOTH), _by(back))
    if not isinstance(found, Polygon | MultiPolygon):
        raise TypeError(f"{type(found)} is no area.")
    return found


@lru_cache(maxsize=64)
def _plane(lon: float, lat: float) -> tuple[pyproj.Transformer, pyproj.Transformer]:
    """To metres around a place, where distances are true, and back."""
    local = pyproj.CRS.from_proj4(f"+proj=aeqd +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m")
    there = pyproj.Transformer.from_crs("OGC:CRS84", local, always_xy=True)
    return there, pyproj.Transformer.from_crs(local, "OGC:CRS84", always_xy=True)


def _by(way: pyproj.Transformer):  # type: ignore[no-untyped-def]
    return lambda places: np.stack(way.transform(places[:, 0], places[:, 1]), axis=1)


def _ring(corners: Sequence[Corner]) -> str:
    return ";".join(",".join(f"{value:.{DIGITS}f}".rstrip("0").rstrip(".") for value in corner) for corner in corners)
