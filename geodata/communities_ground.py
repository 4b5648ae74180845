"""Ground that several communities claim, given to one of them by a written rule: docs/decisions/0010."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from geodata.problems import Place
from geodata.shapes import MIN_AREA, inner_point, polygons_in, square_metres

WIDE = 100.0  # m; wider than that it is not the same border drawn twice, but a place drawn twice
MOST_SHARED = 0.1  # share of the smaller one, as with repairs in geodata.shapes
_EARTH = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class Shared:
    """Ground that two communities claim: who has it now, who claimed it too."""

    kept_by: str
    lost_by: str
    square_metres: float
    share: float  # of the smaller claim
    width: float  # m, of the widest part: twice its area by its perimeter
    place: Place | None

    @property
    def is_wide(self) -> bool:
        return self.width > WIDE

    @property
    def is_too_much(self) -> bool:
        return self.share > MOST_SHARED


@dataclass(frozen=True, slots=True)
class Settled:
    """Boundaries by code of which no two share ground, and what had to be settled, the largest first."""

    shapes: dict[str, BaseGeometry]
    shared: list[Shared]


def settle(claims: Mapping[str, BaseGeometry], fixed: Mapping[str, BaseGeometry]) -> Settled:
    """Gives ground claimed twice to the smaller claim; to the lower code when they are equal.

    `fixed` are boundaries that stay as they are: they keep all their ground. Every claim loses what any claim before it
    in this order claims, so the outcome depends on no order of the file. All in SRID 4326 and valid.
    """
    if not claims:
        return Settled({}, [])
    codes = [*fixed, *claims]
    shapes = [*fixed.values(), *claims.values()]
    sizes = [square_metres(shape) for shape in shapes]
    rank = {code: (code not in fixed, size, code) for code, size in zip(codes, sizes, strict=True)}
    losses: dict[int, list[BaseGeometry]] = defaultdict(list)
    shared: list[Shared] = []
    for one, other in _neighbours(shapes):
        first, second = sorted((one, other), key=lambda at: rank[codes[at]])
        common = shapely.intersection(shapes[first], shapes[second])
        size = square_metres(common)
        if not size or codes[second] in fixed:
            continue
        losses[second].append(shapes[first])
        share = size / min(sizes[first], sizes[second])
        shared.append(Shared(codes[first], codes[second], size, share, _width(common), inner_point(common)))
    settled = {
        code: _without(shapes[at], losses[at]) if at in losses else shapes[at]
        for at, code in enumerate(codes)
        if code not in fixed
    }
    return Settled(settled, sorted(shared, key=lambda found: (-found.square_metres, found.kept_by, found.lost_by)))


def _neighbours(shapes: Sequence[BaseGeometry]) -> list[tuple[int, int]]:
    """Pairs of shapes that touch or overlap, each once."""
    ones, others = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    return [(one, other) for one, other in zip(ones.tolist(), others.tolist(), strict=True) if one < other]


def _without(shape: BaseGeometry, losses: Sequence[BaseGeometry]) -> BaseGeometry:
    """The shape less what others keep; crumbs below a square metre fall away."""
    left = shapely.difference(shape, shapely.union_all(losses))
    return shapely.MultiPolygon([part for part in polygons_in(left) if square_metres(part) >= MIN_AREA])


def _width(shape: BaseGeometry) -> float:
    widths = []
    for part in polygons_in(shape):
        area, perimeter = _EARTH.geometry_area_perimeter(part)
        widths.append(2 * abs(area) / perimeter if perimeter else 0.0)
    return max(widths, default=0.0)
