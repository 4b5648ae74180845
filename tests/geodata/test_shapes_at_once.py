"""Many shapes cleaned at once are the shapes that come out one by one, or are left to that way."""

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.problems import RefusedError
from geodata.projections import projection
from geodata.shapes import LINE, POINT, POLYGON, clean_geometry
from geodata.shapes_at_once import clean_at_once
from tests.geodata.files import polygon
from tests.grid import ORIGIN, degrees_per_metre, grid

EVERY = frozenset({POINT, LINE, POLYGON})
TOWN = grid("A . . B", ". a b .", ". d c .", "D . . C", cell=20)
YARD = polygon(TOWN.ring("ABCD"), TOWN.ring("abcd"))
METRES = "EPSG:32635"


def point(*place: Any) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(place)}


def line(*places: Any) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(place) for place in places]}


def multi(geometry: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    return {"type": f"Multi{geometry['type']}", "coordinates": [one["coordinates"] for one in (geometry, *more)]}


def check(geometries: list[Any], *, crs: str = "", kinds: frozenset[str] = EVERY) -> list[bool]:
    """Whether each was cleaned with the others; each that was is the same as by itself, where nothing is said of it."""
    to_wgs84 = projection(crs) if crs else None
    found = clean_at_once(geometries, to_wgs84, kinds=kinds)
    for geometry, shape in zip(geometries, found, strict=True):
        if shape is not None:
            alone, notes = clean_geometry(geometry, to_wgs84, kinds=kinds)
            assert notes == []
            assert shape.wkb == alone.wkb
    return [shape is not None for shape in found]


PLAIN = [
    polygon(TOWN.ring("ABCD")),
    polygon(TOWN.ring("DCBA")),
    YARD,
    multi(YARD),
    point(*ORIGIN),
    multi(point(*ORIGIN)),
    line(*TOWN.ring("AB")[:2]),
    multi(line(*TOWN.ring("ABC")[:3])),
    line((28, 49), (29, 50)),
]
ODD = [
    polygon(TOWN.ring("ABCD")[:-1]),  # open
    polygon(TOWN.ring("ACBD")),  # crosses itself
    polygon([(*place, 120.0) for place in TOWN.ring("ABCD")]),  # with heights
    multi(polygon(TOWN.ring("ABCD")), polygon(TOWN.ring("abcd"))),
    polygon([(0, 0)] * 4),
    polygon([(28, 49), (28.000001, 49), (28, 49.000001), (28, 49)]),  # less than a square metre
    polygon([(49, 528), (49.1, 528), (49, 528.1), (49, 528)]),
    polygon([(-179, 49), (179, 49), (179, 50), (-179, 49)]),
    polygon([]),
    polygon(),
    point(28, math.nan),
    point(True, 49),
    point("28", 49),
    point(28),
    point(),
    line((28, 49)),
    line((28, 49), (28, 49)),
    {"type": "GeometryCollection", "geometries": [point(28, 49)]},
    {"type": "Point"},
    {"type": "MultiPoint", "coordinates": []},
    {"type": ["Point"], "coordinates": [28, 49]},
    {"type": "Blob"},
    "Point",
    None,
]


def test_plain_shapes_are_cleaned_together() -> None:
    assert check(PLAIN) == [True] * len(PLAIN)


def test_what_needs_a_word_is_left_to_the_other_way_and_spoils_nothing() -> None:
    mixed = [*PLAIN, *ODD]
    random.Random(1).shuffle(mixed)
    assert check(mixed) == [geometry in PLAIN for geometry in mixed]
    assert check(ODD) == [False] * len(ODD)
    assert check([]) == []


def test_unwanted_kinds_are_left_to_the_other_way() -> None:
    assert check(PLAIN, kinds=frozenset({POINT})) == [kind in (4, 5) for kind in range(len(PLAIN))]


def test_number_that_no_coordinate_can_be_leaves_everything_to_the_other_way() -> None:
    assert check([point(28, 49), point(28, 10**400)]) == [False, False]


def test_metres_are_brought_to_degrees_together() -> None:
    square = polygon([(606000, 5453000), (606020, 5453000), (606020, 5453020.5), (606000, 5453020), (606000, 5453000)])
    assert check([square, point(606000, 5453000), point(1e30, 1)], crs=METRES) == [True, True, False]


@pytest.mark.parametrize("latitude", [0.0, 49.0, 70.0, 85.0])
def test_long_slivers_between_a_parallel_and_a_geodesic_are_left_to_the_exact_way(latitude: float) -> None:
    """In degrees they are as large as a house; between geodesics they may have no area at all."""
    across, along = degrees_per_metre(latitude)
    slivers = []
    for length in (1, 10, 100, 1_000, 10_000, 100_000):
        for width in (0.01, 0.1, 1, 3, 10, 200):
            for bent in (0.0, 0.5, 1.0, 2.0):
                bulge = bent * length**2 / 8 / 6_371_000 * math.tan(math.radians(latitude)) * along
                east, north = length * across, width * along
                ring = [(28, latitude), (28 + east, latitude), (28 + east / 2, latitude + bulge + north / 1000)]
                slivers.append(polygon([*ring, ring[0]]))
                square = [ring[0], ring[1], (28 + east, latitude + north), (28, latitude + north)]
                slivers.append(polygon([*square, square[0]]))
    assert any(check(slivers))


COORDINATE = st.one_of(
    st.integers(-200, 200),
    st.floats(-200, 200),
    st.sampled_from(
        [28, 28.00001, 28.0002, 49, 49.00001, 49.0002, 0.0, -0.0, 180, -180, 90, True, None, "1", math.inf]
    ),
)
POSITION = st.lists(COORDINATE, min_size=1, max_size=3)
LINES = st.lists(POSITION, max_size=6)
RINGS = st.lists(LINES.map(lambda ring: [*ring, *ring[:1]]), max_size=3)
GEOMETRY = st.one_of(
    st.builds(lambda found: {"type": "Point", "coordinates": found}, POSITION),
    st.builds(lambda found: {"type": "LineString", "coordinates": found}, LINES),
    st.builds(lambda found: {"type": "MultiPoint", "coordinates": found}, LINES),
    st.builds(lambda found: {"type": "MultiLineString", "coordinates": found}, st.lists(LINES, max_size=2)),
    st.builds(lambda found: {"type": "Polygon", "coordinates": found}, RINGS),
    st.builds(lambda found: {"type": "MultiPolygon", "coordinates": found}, st.lists(RINGS, max_size=2)),
)


@given(st.lists(GEOMETRY, max_size=8))
def test_whatever_a_file_holds_comes_out_as_one_by_one(geometries: list[Any]) -> None:
    check(geometries)


@st.composite
def stars(draw: st.DrawFn) -> dict[str, Any]:
    """A polygon around a middle, mostly valid, from centimetres to hundreds of kilometres wide; maybe with a hole."""
    west, south = draw(st.floats(-170, 170)), draw(st.floats(-85, 85))
    across, along = degrees_per_metre(south)
    size, count = 10 ** draw(st.floats(-2, 5.5)), draw(st.integers(3, 9))
    reach = draw(st.lists(st.floats(0.01, 1), min_size=count, max_size=count))
    turns = [math.tau * n / count for n in range(count)]
    corners = [
        (math.cos(turn) * far * size, math.sin(turn) * far * size) for turn, far in zip(turns, reach, strict=True)
    ]
    ring = [(west + x * across, south + y * along) for x, y in corners]
    hole = [(west + x * across / 3, south + y * along / 3) for x, y in corners]
    rings = [[*ring, ring[0]], *([[*hole, hole[0]]] if draw(st.booleans()) else [])]
    return polygon(*rings)


@given(st.lists(stars(), min_size=1, max_size=6))
def test_polygons_of_every_size_come_out_as_one_by_one(geometries: list[Any]) -> None:
    check(geometries)


def test_none_of_what_is_refused_alone_passes_with_the_others() -> None:
    for geometry in ODD:
        try:
            clean_geometry(geometry, kinds=EVERY)
        except RefusedError:
            assert check([geometry, *PLAIN])[0] is False
