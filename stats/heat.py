"""Heat: how many cases there are for a square kilometre around each place, by a kernel density estimate.

Every case is spread over the circle of the bandwidth around it by the quartic kernel (Silverman 1986, §4.2; also called
biweight), 3 / (π h²) · (1 − d² / h²)² at the distance d < h: most of it near, nothing at the rim. The density of a
place is what all cases brought there. Nothing is corrected at the community's border.
"""

import math
from dataclasses import dataclass

import numpy as np

from stats.flat import Numbers, Whole

BANDWIDTHS = (200, 400, 800)  # metres
USUAL_BANDWIDTH = 400
CELLS_IN_BANDWIDTH = 4
MOST_CELLS = 400_000  # past it cells are twice as wide, until they are fewer
FEWEST = 20  # cases; fewer make no surface, only a picture of themselves
CLASSES = 5
SPOTS = 10
_NICE = (1, 1.5, 2, 3, 4, 5, 6, 8)


@dataclass(frozen=True, slots=True)
class Surface:
    """Densities in the middles of square cells: lines from south to north, columns from west to east.

    The cell (0, 0) begins `column` · `side` metres east and `line` · `side` metres north of the plane's origin.
    """

    column: int
    line: int
    side: float  # metres
    densities: Numbers  # cases for a square kilometre

    def middles(self) -> tuple[Numbers, Numbers]:
        """Metres east of each column's middle, metres north of each line's."""
        lines, columns = self.densities.shape
        easts: Numbers = (self.column + 0.5 + np.arange(columns, dtype=np.float64)) * self.side
        norths: Numbers = (self.line + 0.5 + np.arange(lines, dtype=np.float64)) * self.side
        return easts, norths


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that is denser than all around it: metres, cases for a km², cases within the bandwidth."""

    x: float
    y: float
    density: float
    cases: int


def surface(x: Numbers, y: Numbers, *, bandwidth: float, weights: Numbers | None = None) -> Surface:
    """The density around cases at these metres; `weights`: how many cases stand there. There is at least one."""
    weights = np.ones(len(x)) if weights is None else weights
    side = bandwidth / CELLS_IN_BANDWIDTH
    while _cells(x, y, side, bandwidth) > MOST_CELLS:
        side *= 2
    columns, lines = np.floor(x / side).astype(np.int64), np.floor(y / side).astype(np.int64)
    reach = math.ceil(bandwidth / side)
    left, bottom = int(columns.min()) - reach, int(lines.min()) - reach
    wide, high = int(columns.max()) + reach - left + 1, int(lines.max()) + reach - bottom + 1
    found = np.zeros(wide * high)
    for up in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            away = ((columns + right + 0.5) * side - x) ** 2 + ((lines + up + 0.5) * side - y) ** 2
            brings = weights * np.clip(1 - away / bandwidth**2, 0, None) ** 2
            cell = (lines + up - bottom) * wide + columns + right - left
            found += np.bincount(cell, brings, minlength=wide * high)
    scale = 3 / (math.pi * bandwidth**2) * 1_000_000
    return Surface(left, bottom, side, (found * scale).reshape(high, wide))


def breaks(top: float) -> list[float]:
    """Where the CLASSES begin: round numbers, each twice the one before; the last is not above `top`."""
    most = top / 2 ** (CLASSES - 1)
    power = 10.0 ** math.floor(math.log10(most))
    first = max(nice * power for nice in _NICE if nice * power <= most * (1 + 1e-9))
    return [float(f"{first * 2**n:.12g}") for n in range(CLASSES)]


def spots(found: Surface, x: Numbers, y: Numbers, *, bandwidth: float, weights: Numbers | None = None) -> list[Spot]:
    """The densest places, the densest first; each is farther than two bandwidths from those before it."""
    weights = np.ones(len(x)) if weights is None else weights
    padded = np.pad(found.densities, 1)
    high, wide = found.densities.shape
    around = found.densities.copy()
    for i in (0, 1, 2):
        for j in (0, 1, 2):
            np.maximum(around, padded[i : i + high, j : j + wide], out=around)
    lines, columns = np.nonzero((found.densities >= around) & (found.densities > 0))
    easts, norths = found.middles()
    told: list[Spot] = []
    for at in np.lexsort((columns, lines, -found.densities[lines, columns])):
        east, north = float(easts[columns[at]]), float(norths[lines[at]])
        if all(math.hypot(east - one.x, north - one.y) > 2 * bandwidth for one in told):
            near = (x - east) ** 2 + (y - north) ** 2 < bandwidth**2
            told.append(Spot(east, north, float(found.densities[lines[at], columns[at]]), int(weights[near].sum())))
        if len(told) == SPOTS:
            break
    return told


def class_of(densities: Numbers, begin: list[float]) -> Whole:
    """0 below the first class, else the number of the class."""
    return np.searchsorted(np.array(begin), densities, side="right").astype(np.int64)


def _cells(x: Numbers, y: Numbers, side: float, bandwidth: float) -> float:
    """About how many there would be."""
    return float((np.ptp(x) + 2 * bandwidth + side) * (np.ptp(y) + 2 * bandwidth + side) / side**2)
