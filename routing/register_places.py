"""The ground on which the things of a register decide: inside its polygons, or within so many metres of them.

Metres are measured on a plane (transverse Mercator through the middle of the community): 30 km from there a length is
1 part in 90,000 too long. Round ends have 8 sides to a quarter, so a place may be 0.5 % of the metres too small.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from numpy.typing import NDArray
from pyproj import Proj
from shapely.geometry.base import BaseGeometry

from routing.models import Asset, Rule

SIDES = 8  # of a quarter of a circle
SAMPLES = 20  # between two keepers, lines become points so many times closer than the metres asked
GRID = 0.001  # metres: corners on the plane are rounded, so that borders that all but touch do
NOBODY = 0  # in the place of a keeper's id: a thing without a keeper, or with one that works no longer

Shapes = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Things:
    """What of a register is in force, by key; `keepers`: ids, NOBODY for none."""

    shapes: Shapes
    keepers: NDArray[np.int64]


class Plane:
    """Longitude and latitude to metres around a point, and back."""

    def __init__(self, lon: float, lat: float) -> None:
        self._projection = Proj(proj="tmerc", lon_0=lon, lat_0=lat, ellps="WGS84")

    def to_metres(self, shapes: Any) -> Any:
        return shapely.transform(shapes, self._way(inverse=False))

    def to_degrees(self, shape: BaseGeometry) -> BaseGeometry:
        """Corners that all but touch may cross on the way back: that is repaired."""
        return valid(shapely.transform(shape, self._way(inverse=True)))

    def _way(self, *, inverse: bool) -> Callable[[Any], Any]:
        return lambda places: np.column_stack(self._projection(places[:, 0], places[:, 1], inverse=inverse))


def things_of(register: int, *, on: date, active: frozenset[int]) -> Things:
    """The things of a register on that day, in the order of their keys; `active`: organisations that still work."""
    rows = Asset.objects.filter(register=register).on(on).annotate(wkb=AsWKB("geometry")).order_by("key")
    listed = list(rows.values_list("wkb", "keeper_id"))
    wkb = np.array([bytes(wkb) for wkb, _keeper in listed], dtype=object)
    keepers = [keeper if keeper in active else NOBODY for _wkb, keeper in listed]
    return Things(shapely.force_2d(shapely.from_wkb(wkb)), np.asarray(keepers, dtype=np.int64))


def whole_place(things: Things, rule: Rule, plane: Plane) -> BaseGeometry:
    """Where the rule finds anything of the register, whoever keeps it. SRID 4326."""
    if rule.asks == Rule.Asks.INSIDE:
        return shapely.union_all(_polygons(things).shapes)
    return plane.to_degrees(shapely.union_all(_around(things, rule, plane), grid_size=GRID))


def places_by_keeper(things: Things, rule: Rule, plane: Plane) -> dict[int, BaseGeometry]:
    """Keeper → where the thing that decides is theirs. Where nobody keeps it, the rule names nobody. SRID 4326."""
    if rule.asks == Rule.Asks.INSIDE:
        return _inside(_polygons(things))
    near = _nearest(things, _around(things, rule, plane), rule.within or 0, plane)
    return {keeper: plane.to_degrees(shape) for keeper, shape in near.items()}


def valid(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape without crossings; boundaries that were drawn by hand may have some."""
    return shape if shape.is_valid else shapely.make_valid(shape, method="structure", keep_collapsed=False)


def meeting(shapes: Sequence[BaseGeometry] | Shapes) -> list[tuple[int, int]]:
    """Pairs of places in the list whose shapes meet, if only at a border; the first before the second."""
    if len(shapes) < 2:
        return []
    ones, others = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    return sorted((one, other) for one, other in zip(ones.tolist(), others.tolist(), strict=True) if one < other)


def _polygons(things: Things) -> Things:
    """Only polygons have an inside."""
    chosen = shapely.get_dimensions(things.shapes) == 2
    return Things(things.shapes[chosen], things.keepers[chosen])


def _around(things: Things, rule: Rule, plane: Plane) -> Shapes:
    return np.asarray(shapely.buffer(plane.to_metres(things.shapes), rule.within or 0, quad_segs=SIDES), dtype=object)


def _inside(things: Things) -> dict[int, BaseGeometry]:
    """Where two lie over each other, the one whose key comes first decides."""
    shapes = things.shapes.copy()
    for one, other in meeting(things.shapes):
        if things.keepers[one] != things.keepers[other]:
            shapes[other] = shapely.difference(shapes[other], things.shapes[one])
    return _by_keeper(shapes, things.keepers, grid=None)


def _nearest(things: Things, around: Shapes, within: int, plane: Plane) -> dict[int, BaseGeometry]:
    """Where the surroundings of two keepers meet, the nearer thing decides: cells around points of both."""
    found = _by_keeper(around, things.keepers, grid=GRID, nobody=True)
    contested = _shared(list(found.values()))
    if not contested.is_empty:
        flat = plane.to_metres(things.shapes)
        chosen = shapely.STRtree(flat).query(contested, predicate="dwithin", distance=within)
        cells = _cells(flat[np.sort(chosen)], things.keepers[np.sort(chosen)], within, contested)
        found = {
            keeper: shapely.union(
                shape.difference(contested, grid_size=GRID), cells.get(keeper, shapely.Polygon()), grid_size=GRID
            )
            for keeper, shape in found.items()
        }
    return {keeper: shape for keeper, shape in found.items() if keeper != NOBODY}


def _by_keeper(
    shapes: Shapes, keepers: NDArray[np.int64], *, grid: float | None, nobody: bool = False
) -> dict[int, BaseGeometry]:
    asked = [keeper for keeper in np.unique(keepers).tolist() if nobody or keeper != NOBODY]
    return {keeper: shapely.union_all(shapes[keepers == keeper], grid_size=grid) for keeper in asked}


def _shared(shapes: list[BaseGeometry]) -> BaseGeometry:
    """Ground on the plane that two of the shapes share."""
    shared = [shapes[one].intersection(shapes[other], grid_size=GRID) for one, other in meeting(shapes)]
    return shapely.union_all(shared, grid_size=GRID)


def _cells(shapes: Shapes, keepers: NDArray[np.int64], within: int, ground: BaseGeometry) -> Mapping[int, BaseGeometry]:
    """Keeper → the part of the ground that is nearest to something of theirs; of equally near ones the first."""
    near, keepers = _near(shapes, keepers, ground.buffer(within + 0.5, quad_segs=4))
    dense = shapely.segmentize(near, max(within / SAMPLES, 0.5))
    places, owners = shapely.get_coordinates(dense, return_index=True)
    places, first = np.unique(np.round(places, 3), axis=0, return_index=True)
    drawn = shapely.voronoi_polygons(shapely.multipoints(places), extend_to=ground, ordered=True)
    cells = shapely.get_parts(drawn)
    whose = keepers[owners[first]]
    shapely.prepare(ground)
    touching = shapely.intersects(cells, ground)
    cells, whose = cells[touching], whose[touching]
    return {
        keeper: _flat(shapely.intersection(shapely.coverage_union_all(cells[whose == keeper]), ground, grid_size=GRID))
        for keeper in np.unique(whose).tolist()
    }


def _near(shapes: Shapes, keepers: NDArray[np.int64], reach: BaseGeometry) -> tuple[Shapes, NDArray[np.int64]]:
    """The parts of the things that can be the nearest to some place of the ground, and their keepers."""
    shapely.prepare(reach)
    near = np.asarray(shapely.intersection(shapes, reach), dtype=object)
    kept = ~shapely.is_empty(near)
    return near[kept], keepers[kept]


def _flat(shape: BaseGeometry) -> BaseGeometry:
    """Its polygons, without the lines and points that an intersection leaves: no overlay takes a mixture."""
    parts = shapely.get_parts(shape)
    return shapely.MultiPolygon(list(parts[shapely.get_dimensions(parts) == 2]))
