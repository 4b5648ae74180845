"""Every way a polygon can be wrong ends in a repair that is told, or in a refusal with its reason."""

from collections.abc import Callable
from typing import Any

import pytest

from geodata.problems import Outcome, RefusedError
from geodata.shapes import LINE, MAX_DEPTH, POINT, POLYGON, clean_geometry, clean_shape, square_metres
from tests.geodata.files import polygon
from tests.grid import grid

TOWN = grid(
    "A . . . B",
    ". a . b .",
    ". . p . .",
    ". d . c .",
    "D . . . C",
)  # ABCD is 400 × 400 m, abcd 200 × 200 m
BIG, SMALL = TOWN.ring("ABCD"), TOWN.ring("abcd")


def nested(depth: int) -> dict[str, Any]:
    """A polygon inside that many collections."""
    geometry = polygon(BIG)
    for _ in range(depth):
        geometry = {"type": "GeometryCollection", "geometries": [geometry]}
    return geometry


def kinds(notes: list[Any]) -> list[tuple[str, Outcome]]:
    return [(note.kind, note.outcome) for note in notes]


def test_good_polygon_passes_untouched() -> None:
    shape, notes = clean_shape(polygon(BIG, SMALL))
    assert notes == []
    assert square_metres(shape) == pytest.approx(400 * 400 - 200 * 200, rel=1e-3)


def test_rings_in_the_wrong_direction_are_no_problem() -> None:
    shape, notes = clean_shape(polygon(BIG[::-1], SMALL[::-1]))
    assert notes == []
    assert shape.geoms[0].exterior.is_ccw


def test_open_ring_is_closed() -> None:
    shape, notes = clean_shape(polygon(BIG[:-1]))
    assert kinds(notes) == [("closed", Outcome.REPAIRED)]
    assert square_metres(shape) == pytest.approx(160_000, rel=1e-3)


def test_heights_are_dropped() -> None:
    shape, notes = clean_shape(polygon([(*place, 120.0) for place in BIG]))
    assert kinds(notes) == [("flattened", Outcome.NOTED)]
    assert not shape.has_z


def test_small_crossing_is_repaired_and_the_areas_are_told() -> None:
    west, north = BIG[0]
    overshot = [*BIG[:4], (west + 2e-6, north + 1e-6), BIG[0]]
    shape, notes = clean_shape(polygon(overshot))
    assert kinds(notes) == [("self_crossing", Outcome.REPAIRED)]
    assert shape.is_valid
    assert notes[0].place == pytest.approx((west, north), abs=1e-5)
    assert notes[0].details["before"] == pytest.approx(160_000, rel=1e-3)
    assert notes[0].details["after"] == pytest.approx(160_000, rel=1e-3)


def test_repeated_corner_is_no_problem() -> None:
    shape, notes = clean_shape(polygon([BIG[0], *BIG]))
    assert notes == []
    assert shape.is_valid


def test_bow_tie_is_too_much_to_guess() -> None:
    crossed = [BIG[0], BIG[2], BIG[1], BIG[3], BIG[0]]
    with pytest.raises(RefusedError) as refusal:
        clean_shape(polygon(crossed))
    assert refusal.value.problem.kind == "too_much_repair"
    assert refusal.value.problem.place == pytest.approx(TOWN["p"].coords, abs=1e-6)


def test_hole_that_sticks_out_is_too_much_to_guess() -> None:
    with pytest.raises(RefusedError) as refusal:
        clean_shape(polygon(SMALL, TOWN.ring("ApD")))
    assert refusal.value.problem.kind == "too_much_repair"


def test_part_drawn_twice_counts_once() -> None:
    twice = {"type": "MultiPolygon", "coordinates": [[BIG], [TOWN.ring("apd")]]}
    shape, notes = clean_shape(_as_lists(twice))
    assert kinds(notes) == [("self_crossing", Outcome.REPAIRED)]
    assert square_metres(shape) == pytest.approx(160_000, rel=1e-3)


def test_points_and_lines_beside_polygons_are_left_out() -> None:
    beside = [polygon(BIG), {"type": "Point", "coordinates": list(TOWN["p"].coords)}]
    shape, notes = clean_shape({"type": "GeometryCollection", "geometries": beside})
    assert kinds(notes) == [("left_out", Outcome.REPAIRED)]
    assert len(shape.geoms) == 1


def test_polygon_inside_a_few_collections_is_found() -> None:
    assert clean_shape(nested(MAX_DEPTH))[1] == []


def _as_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_lists(member) for key, member in value.items()}
    return [_as_lists(member) for member in value] if isinstance(value, list | tuple) else value


def ring(*changed: Any) -> dict[str, Any]:
    """The big square with its first corner replaced."""
    return {"type": "Polygon", "coordinates": [[*changed, *map(list, BIG[1:-1])]]}


REFUSED: dict[str, tuple[Any, str]] = {
    "null": (None, "no_geometry"),
    "text": ("POLYGON((0 0, 1 1))", "not_geometry"),
    "list": ([1, 2], "not_geometry"),
    "no type": ({"coordinates": [1, 2]}, "no_type"),
    "type of another kind": ({"type": 5, "coordinates": []}, "unknown_type"),
    "unknown type": ({"type": "Circle", "coordinates": [1, 2]}, "unknown_type"),
    "point": ({"type": "Point", "coordinates": [28.4, 49.2]}, "wrong_geometry"),
    "line": ({"type": "LineString", "coordinates": [[28.4, 49.2], [28.5, 49.2]]}, "wrong_geometry"),
    "only points in a collection": (
        {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [28.4, 49.2]}]},
        "wrong_geometry",
    ),
    "empty collection": ({"type": "GeometryCollection", "geometries": []}, "empty"),
    "collection with null": ({"type": "GeometryCollection", "geometries": [None]}, "no_geometry"),
    "collection without members": ({"type": "GeometryCollection"}, "bad_coordinates"),
    "collections too deep": (nested(MAX_DEPTH + 1), "too_deep"),
    "empty polygon": ({"type": "Polygon", "coordinates": []}, "empty"),
    "empty multipolygon": ({"type": "MultiPolygon", "coordinates": []}, "empty"),
    "empty ring": ({"type": "Polygon", "coordinates": [[]]}, "too_few_points"),
    "two corners": (polygon([BIG[0], BIG[1], BIG[0]]), "too_few_points"),
    "no coordinates": ({"type": "Polygon"}, "bad_coordinates"),
    "one dimension": ({"type": "Polygon", "coordinates": [5]}, "bad_coordinates"),
    "too shallow": ({"type": "Polygon", "coordinates": [list(place) for place in BIG]}, "bad_coordinates"),
    "too deep": ({"type": "Polygon", "coordinates": [[[list(place) for place in BIG]]]}, "bad_coordinates"),
    "multipolygon too shallow": ({"type": "MultiPolygon", "coordinates": [28.4, 49.2]}, "bad_coordinates"),
    "empty position": (ring([]), "bad_coordinates"),
    "one number": (ring([28.4]), "bad_coordinates"),
    "numbers as text": (ring(["28.4", "49.2"]), "bad_coordinates"),
    "true and false": (ring([True, False]), "bad_coordinates"),
    "not a number": (ring([float("nan"), 49.2]), "not_finite"),
    "infinite": (ring([28.4, float("inf")]), "not_finite"),
    "number past all floats": (ring([10**400, 49.2]), "not_finite"),
    "beyond the world": (ring([-190.6, 52.3]), "outside_world"),
    "latitude first": (polygon([(y, x + 100) for x, y in BIG]), "swapped"),
    "undeclared metres": (polygon([(x * 20_000, y * 100_000) for x, y in BIG]), "projected"),
    "around the world": (polygon([(177.9, -18.3), (-179.8, -18.3), (-179.8, -16.2), (177.9, -16.2)]), "antimeridian"),
    "no width": (polygon([(28.4, 49.2), (28.5, 49.2), (28.6, 49.2)]), "no_area"),
    "a speck": (polygon([(28.4, 49.2), (28.400001, 49.2), (28.400001, 49.200001)]), "no_area"),
}


@pytest.mark.parametrize(("geometry", "kind"), REFUSED.values(), ids=REFUSED)
def test_what_no_repair_can_help_is_refused(geometry: Any, kind: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        clean_shape(geometry)
    assert refusal.value.problem.kind == kind
    assert "%(" not in refusal.value.problem.text


def test_coordinates_outside_the_systems_reach_are_refused() -> None:
    def nowhere(x: list[float], y: list[float]) -> tuple[list[float], list[float]]:
        return [float("inf")] * len(x), y

    way: Callable[[list[float], list[float]], tuple[list[float], list[float]]] = nowhere
    with pytest.raises(RefusedError) as refusal:
        clean_shape(polygon(BIG), way)
    assert refusal.value.problem.kind == "crs_range"


ALL = frozenset((POINT, LINE, POLYGON))
HERE, THERE = list(BIG[0]), list(BIG[1])


def among(kind: str, *members: Any) -> dict[str, Any]:
    return {"type": "GeometryCollection", "geometries": [{"type": kind, "coordinates": one} for one in members]}


@pytest.mark.parametrize(
    ("geometry", "kind"),
    [
        ({"type": "Point", "coordinates": HERE}, "Point"),
        ({"type": "MultiPoint", "coordinates": [HERE]}, "Point"),
        ({"type": "MultiPoint", "coordinates": [HERE, THERE]}, "MultiPoint"),
        ({"type": "LineString", "coordinates": [HERE, HERE, THERE]}, "LineString"),
        ({"type": "MultiLineString", "coordinates": [[HERE, THERE], [THERE, HERE]]}, "MultiLineString"),
        (among("LineString", [HERE, THERE], [HERE, THERE]), "MultiLineString"),
        (polygon(BIG, SMALL), "Polygon"),
        ({"type": "MultiPolygon", "coordinates": [polygon(SMALL)["coordinates"]]}, "Polygon"),
    ],
)
def test_geometry_of_a_register_keeps_its_kind(geometry: dict[str, Any], kind: str) -> None:
    shape, notes = clean_geometry(geometry, kinds=ALL)
    assert (shape.geom_type, notes) == (kind, [])


def test_polygons_of_a_register_are_repaired_by_the_same_rule() -> None:
    shape, notes = clean_geometry(polygon(BIG[:-1]), kinds=ALL)
    assert kinds(notes) == [("closed", Outcome.REPAIRED)]
    assert square_metres(shape) == pytest.approx(160_000, rel=1e-3)


def test_heights_of_points_and_lines_are_dropped() -> None:
    shape, notes = clean_geometry({"type": "LineString", "coordinates": [[*HERE, 5], [*THERE, 5]]}, kinds=ALL)
    assert kinds(notes) == [("flattened", Outcome.NOTED)]
    assert not shape.has_z


REFUSED_IN_A_REGISTER: dict[str, tuple[Any, str]] = {
    "nothing": (None, "no_geometry"),
    "no members": (among("Point"), "empty"),
    "no points": ({"type": "MultiPoint", "coordinates": []}, "empty"),
    "no place": ({"type": "Point", "coordinates": []}, "bad_coordinates"),
    "points without a list": ({"type": "MultiPoint", "coordinates": 5}, "bad_coordinates"),
    "line without a list": ({"type": "LineString", "coordinates": 5}, "bad_coordinates"),
    "empty line": ({"type": "LineString", "coordinates": []}, "line_points"),
    "line on the spot": ({"type": "LineString", "coordinates": [HERE, HERE]}, "line_points"),
    "not a number": ({"type": "Point", "coordinates": [float("nan"), 49.2]}, "not_finite"),
    "latitude first": ({"type": "Point", "coordinates": [49.2, 128.4]}, "swapped"),
    "metres": ({"type": "Point", "coordinates": [500_000, 5_450_000]}, "projected"),
    "around the world": ({"type": "LineString", "coordinates": [[179.9, 50], [-179.9, 50]]}, "antimeridian"),
    "two kinds": (
        {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": HERE}, polygon(BIG)]},
        "mixed_geometry",
    ),
    "bow tie": (polygon([BIG[0], BIG[2], BIG[1], BIG[3], BIG[0]]), "too_much_repair"),
    "collections too deep": (nested(MAX_DEPTH + 1), "too_deep"),
}


@pytest.mark.parametrize(("geometry", "kind"), REFUSED_IN_A_REGISTER.values(), ids=REFUSED_IN_A_REGISTER)
def test_what_a_register_cannot_hold_is_refused(geometry: Any, kind: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        clean_geometry(geometry, kinds=ALL)
    assert refusal.value.problem.kind == kind
    assert "%(" not in refusal.value.problem.text


def test_kind_that_a_register_does_not_take_is_refused() -> None:
    with pytest.raises(RefusedError) as refusal:
        clean_geometry({"type": "Point", "coordinates": HERE}, kinds=frozenset((LINE, POLYGON)))
    assert refusal.value.problem.kind == "unwanted_geometry"
    assert refusal.value.problem.details == {"type": "Point", "wanted": "line, polygon"}
