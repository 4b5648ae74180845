"""What is drawn over the still picture of a base map: heat as shaded rings, clusters as circles. Pixels of that
picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geodata.boxes import Box, parse_box, pixel_of
from geodata.picture import HEIGHT, WIDTH
from stats.contours import Ring, rings
from stats.flat import Flat, Numbers
from stats.heat import Surface

SMALLEST = 15  # px: the radius of a circle that has room for its number
_MARGIN = 0.04  # of the ground's width, on each side


@dataclass(frozen=True, slots=True)
class Shade:
    """One class of heat: its number from 1, the density at which it begins, the next one's (None: the last), its
    ground."""

    number: int
    begins: float
    ends: float | None
    path: str


@dataclass(frozen=True, slots=True)
class Circle:
    """px, with the number that stands in it."""

    x: float
    y: float
    radius: float
    number: int

    @property
    def label_at(self) -> float:
        """Where the foot of the number stands: in the middle of the circle."""
        return self.y + 7


def around(west: float, south: float, east: float, north: float) -> Box:
    """The box of a picture that shows all of these degrees, with some air."""
    air = max(east - west, north - south) * _MARGIN
    return parse_box(str(Box(west - air, south - air, east + air, north + air)))


def box_of(surface: Surface, flat: Flat, lowest: float) -> Box:
    """The picture that holds all that is at least so dense."""
    lines, columns = np.nonzero(surface.densities >= lowest)
    easts, norths = surface.middles()
    west, south = flat.degrees(easts[columns.min()] - surface.side, norths[lines.min()] - surface.side)
    east, north = flat.degrees(easts[columns.max()] + surface.side, norths[lines.max()] + surface.side)
    return around(float(west), float(south), float(east), float(north))


def shades(surface: Surface, flat: Flat, begin: Sequence[float], box: Box) -> list[Shade]:
    """The ground of each class, and of all denser ones: drawn one over the other, from the palest."""
    heights = np.pad(surface.densities, 1)
    easts, norths = surface.middles()
    lons, lats = flat.degrees(_wider(easts, surface.side), _wider(norths, surface.side))
    x = np.array([pixel_of(box, lon, box.south, WIDTH, HEIGHT)[0] for lon in lons.tolist()])
    y = np.array([pixel_of(box, box.west, lat, WIDTH, HEIGHT)[1] for lat in lats.tolist()])
    return [
        Shade(number, level, begin[number] if number < len(begin) else None, _path(rings(heights, level, x, y)))
        for number, level in enumerate(begin, start=1)
    ]


def circle(lon: float, lat: float, radius: float, *, flat: Flat, box: Box, number: int) -> Circle:
    """A circle of so many metres around a place."""
    x, y = pixel_of(box, lon, lat, WIDTH, HEIGHT)
    rim = pixel_of(box, lon + radius / flat.across, lat, WIDTH, HEIGHT)[0]
    return Circle(round(x, 1), round(y, 1), round(max(rim - x, SMALLEST), 1), number)


def _wider(middles: Numbers, side: float) -> Numbers:
    """One more on each side."""
    wider: Numbers = np.concatenate([[middles[0] - side], middles, [middles[-1] + side]])
    return wider


def _path(found: Sequence[Ring]) -> str:
    return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z" for ring in found)
