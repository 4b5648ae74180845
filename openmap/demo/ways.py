"""Streets and main roads of the drawing, and which house stands in which of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString

from openmap.demo.curves import lines_of
from openmap.demo.layout import BUILT_UP, METRES, ROADS
from openmap.demo.town import Town

FRONT = 14.0  # metres of a street per house number
FRONT_ON_ROAD = 24.0  # the same of a main road, which is long


@dataclass(frozen=True)
class Way:
    """A street or a main road; its longest piece comes first, as house numbers do."""

    name: str
    district: str  # "" for a main road
    pieces: tuple[LineString, ...]

    @cached_property
    def begins(self) -> list[float]:
        """How far along the whole way each piece begins, units."""
        return [sum(float(piece.length) for piece in self.pieces[:number]) for number in range(len(self.pieces))]

    @cached_property
    def length(self) -> float:
        """Of all pieces, units."""
        return sum(float(piece.length) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class HouseAddress:
    """Where a building stands: its street and its number there."""

    street: str
    number: int


def ways_of(town: Town) -> list[Way]:
    """Main roads as far as the town goes, then streets."""
    main = [(name, "", lines_of(line.intersection(BUILT_UP))) for name, line in ROADS.items()]
    streets = [(street.name, street.district, list(street.pieces)) for street in town.streets]
    return [
        Way(name, district, tuple(sorted(own, key=lambda one: -one.length)))
        for name, district, own in (*main, *streets)
    ]  # fmt: skip


def number_at(street: str, along: float) -> int:
    """The number of a house so many units from where the street begins."""
    return max(1, round(along * METRES / (FRONT_ON_ROAD if street in ROADS else FRONT)))


def addresses_in(ways: Sequence[Way], middles: Any) -> list[HouseAddress]:
    """An address for each of these points (an array of middles of buildings), by the street that it is nearest to: odd
    numbers on the left, even ones on the right, each once."""
    pieces = [(way, number) for way in ways for number in range(len(way.pieces))]
    lines = np.array([way.pieces[number] for way, number in pieces], dtype=object)
    nearest = shapely.STRtree(lines).nearest(middles)
    along = shapely.line_locate_point(lines[nearest], middles)
    behind = shapely.get_coordinates(shapely.line_interpolate_point(lines[nearest], np.maximum(along - 0.5, 0)))
    before = shapely.get_coordinates(shapely.line_interpolate_point(lines[nearest], along + 0.5))
    here = shapely.get_coordinates(middles)
    (run, aside) = (before - behind, here - behind)
    turns = run[:, 0] * aside[:, 1] - run[:, 1] * aside[:, 0]
    taken: dict[str, set[int]] = defaultdict(set)
    found = []
    for piece, far, turn in zip(nearest.tolist(), along.tolist(), turns.tolist(), strict=True):
        way, number = pieces[piece]
        wanted = number_at(way.name, way.begins[number] + far)
        found.append(HouseAddress(way.name, _free(wanted, is_even=turn >= 0, taken=taken[way.name])))
    return found


def _free(number: int, *, is_even: bool, taken: set[int]) -> int:
    """That number, or the next free one of its side."""
    if number % 2 == is_even:
        number += 1
    while number in taken:
        number += 2
    taken.add(number)
    return number
