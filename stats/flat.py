"""The ground of a community as a plane: metres to the east and to the north, so that distances are those of a sheet.

Far from the latitude that is true to scale, east is too long or too short: by 0.2 % after 10 km in Ukraine.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.models import Community

METRES = 111_195.08  # of a degree of latitude on a sphere of 6,371,008.8 m
Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Flat:
    """`latitude`, degrees: where east is true to scale."""

    latitude: float

    @property
    def across(self) -> float:
        """Metres of a degree of longitude."""
        return METRES * float(np.cos(np.radians(self.latitude)))

    def metres(self, lon: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
        """East of the meridian 0 and north of the equator."""
        return lon * self.across, lat * METRES

    def degrees(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Longitude and latitude of metres; numbers or arrays."""
        return x / self.across, y / METRES


def flat_of(community: Community) -> Flat:
    """True to scale where the community's map opens, to a tenth of a degree, so that the number is easily told."""
    return Flat(round(community.centre.y, 1))
