"""Boxes on the map and the pixels that show them, in web mercator as every map on the web."""

import math
from typing import NamedTuple

TILE = 256  # px of a web mercator tile; the whole world is one tile wide at zoom 0
MAX_LATITUDE = 85.05112878  # where web mercator ends
MIN_ZOOM, MAX_ZOOM = 5, 18

Corner = tuple[float, float]  # longitude and latitude, or x and y of web mercator


class BadBoxError(ValueError):
    """The text is not a box; the message says why, in English."""


class Box(NamedTuple):
    """West, south, east, north: degrees, SRID 4326. It does not cross the 180th meridian."""

    west: float
    south: float
    east: float
    north: float

    def __str__(self) -> str:
        return ",".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in self)

    @property
    def centre(self) -> Corner:
        """Longitude and latitude of the point in the middle of the picture that shows this box."""
        west, north = to_mercator(self.west, self.north)
        east, south = to_mercator(self.east, self.south)
        return from_mercator((west + east) / 2, (north + south) / 2)


def parse_box(text: str) -> Box:
    """The box that "west,south,east,north" describes. Raises BadBoxError for anything else."""
    parts = text.split(",")
    if len(parts) != 4:
        raise BadBoxError("A box has four numbers: west,south,east,north.")
    try:
        west, south, east, north = map(float, parts)
    except ValueError:
        raise BadBoxError("A box has four numbers: west,south,east,north.") from None
    if not all(map(math.isfinite, (west, south, east, north))):
        raise BadBoxError("The numbers of a box are finite.")
    if not (-180 <= west < east <= 180):
        raise BadBoxError("West lies before east, between -180 and 180.")
    if not (-90 <= south < north <= 90):
        raise BadBoxError("South lies before north, between -90 and 90.")
    return Box(west, south, east, north)


def to_mercator(longitude: float, latitude: float) -> Corner:
    """x and y from 0 to 1: shares of the world's width from the west and from the north."""
    sine = math.sin(math.radians(max(-MAX_LATITUDE, min(MAX_LATITUDE, latitude))))
    return longitude / 360 + 0.5, 0.5 - math.atanh(sine) / (2 * math.pi)


def from_mercator(x: float, y: float) -> Corner:
    """Longitude and latitude; the inverse of `to_mercator`. What lies off the map counts as its edge."""
    x, y = max(0.0, min(1.0, x)), max(0.0, min(1.0, y))
    return (x - 0.5) * 360, math.degrees(math.atan(math.sinh((0.5 - y) * 2 * math.pi)))


def point_at(box: Box, x: float, y: float, width: int, height: int) -> Corner:
    """Longitude and latitude of a pixel (from the top left) of the picture that shows `box`, widened to fit.

    The picture keeps the proportions of the ground: see `shown`.
    """
    west, north, east, south = _edges(shown(box, width, height))
    return from_mercator(west + (east - west) * x / width, north + (south - north) * y / height)


def pixel_of(box: Box, longitude: float, latitude: float, width: int, height: int) -> tuple[float, float]:
    """The pixel (from the top left) that shows a place in the picture of `box`; the inverse of `point_at`."""
    west, north, east, south = _edges(shown(box, width, height))
    x, y = to_mercator(longitude, latitude)
    return (x - west) / (east - west) * width, (y - north) / (south - north) * height


def shown(box: Box, width: int, height: int) -> Box:
    """The smallest box of the picture's proportions that holds `box`: what the picture really shows."""
    west, north, east, south = _edges(box)
    across, down = east - west, south - north
    if across * height > down * width:
        down = across * height / width
    else:
        across = down * width / height
    return _around(((west + east) / 2, (north + south) / 2), across, down)


def zoomed(box: Box, factor: float, centre: Corner | None = None) -> Box:
    """The box with sides `factor` times as long (0.5 is closer), around `centre` (longitude, latitude)."""
    west, north, east, south = _edges(box)
    middle = to_mercator(*centre) if centre else ((west + east) / 2, (north + south) / 2)
    return _around(middle, (east - west) * factor, (south - north) * factor)


def box_around(centre: Corner, zoom: float, width: int, height: int) -> Box:
    """What a map of that size in pixels shows at a zoom."""
    world = TILE * 2**zoom
    return _around(to_mercator(*centre), width / world, height / world)


def zoom_to_fit(box: tuple[float, float, float, float], width: int = 800, height: int = 560) -> int:
    """The closest whole zoom (5 to 18) at which a map of that size in pixels shows all of the box."""
    west, north, east, south = _edges(Box(*box))
    across, down = max(east - west, 1e-12), max(south - north, 1e-12)
    zoom = math.floor(math.log2(min(width / across, height / down) / TILE))
    return max(MIN_ZOOM, min(MAX_ZOOM, zoom))


def _edges(box: Box) -> tuple[float, float, float, float]:
    """West, north, east, south in shares of the world's width."""
    return *to_mercator(box.west, box.north), *to_mercator(box.east, box.south)


def _around(middle: Corner, across: float, down: float) -> Box:
    west, north = from_mercator(max(0.0, middle[0] - across / 2), max(0.0, middle[1] - down / 2))
    east, south = from_mercator(min(1.0, middle[0] + across / 2), min(1.0, middle[1] + down / 2))
    return Box(west, south, east, north)
