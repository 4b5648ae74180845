"""The coverage map against the decision: for a point inside a piece, `decide` names the organisation of the piece."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import shapely
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.shapes import square_metres
from routing.bulk import decide_many
from routing.coverage import LEAST, NOBODY, SOMETIMES, Coverage, coverage_of
from routing.responsibility import Asked, Verdict
from tests.conftest import NOW
from tests.examples import rolled_back
from tests.routing.conftest import Rulebook
from tests.routing.test_decide_like_shapely import SIDE, degrees, rectangles, triangles

pytestmark = pytest.mark.django_db
EXAMPLES = settings().max_examples
ORGANISATIONS = ["a", "b", "c", ""]  # "": the keeper of the house
CLEAR = 1e-6  # degrees from any border: there each library rounds in its own way


@dataclass(frozen=True)
class DrawnRule:
    """Numbers instead of rows: `area` is an index, None is the whole community."""

    category: str
    area: int | None
    priority: int
    organisation: str


@st.composite
def drawings(draw: st.DrawFn) -> tuple[list[shapely.Polygon], list[shapely.Polygon], list[DrawnRule]]:
    shapes = st.one_of(rectangles(), triangles())
    areas = draw(st.lists(shapes, min_size=1, max_size=4))
    houses = draw(st.lists(shapes, max_size=3))
    rule = st.builds(
        DrawnRule,
        category=st.sampled_from(["roads", "", "trees"]),
        area=st.one_of(st.none(), st.integers(0, len(areas) - 1), st.integers(0, len(areas) - 1)),
        priority=st.integers(0, 1),
        organisation=st.sampled_from(ORGANISATIONS),
    )
    return areas, houses, draw(st.lists(rule, max_size=8))


def boundary(shape: shapely.Polygon) -> MultiPolygon:
    rings = [list(ring.coords) for ring in (shape.exterior, *shape.interiors)]
    return MultiPolygon(Polygon(*rings), srid=4326)


def write(book: Rulebook, areas: list[shapely.Polygon], houses: list[shapely.Polygon], rules: list[DrawnRule]) -> None:
    """The drawing as rows; the last house has nobody who keeps it."""
    whole = shapely.box(*degrees((0, 0)), *degrees((SIDE, SIDE)))
    book.community.boundary = boundary(whole)
    book.community.save()
    for number, area in enumerate(areas):
        book.area(str(number), boundary(area), since=date(2020, 1, 1))
    for number, house in enumerate(houses):
        book.asset("houses", str(number), boundary(house), keeper=("d", "e", "")[number])
    for rule in rules:
        inside: dict[str, Any] = {} if rule.organisation else {"register": book.register("houses"), "asks": "inside"}
        code = "" if rule.area is None else str(rule.area)
        book.rule(rule.organisation, category=rule.category, area=code, priority=rule.priority, **inside)


def places(coverage: Coverage) -> list[tuple[float, float]]:
    """The middles of half blocks, none on a border of a piece."""
    steps = [(x + 0.31, y + 0.37) for x in range(SIDE) for y in range(SIDE)]
    borders = shapely.union_all([piece.shape.boundary for piece in coverage.pieces])
    spots = [degrees(step) for step in steps]
    return [spot for spot in spots if borders.distance(shapely.Point(spot)) > CLEAR]


def verdicts(book: Rulebook, spots: list[tuple[float, float]]) -> list[Verdict | None]:
    category = book.about("roads")
    return decide_many([Asked(*spot, category.pk, "roads", NOW, {}) for spot in spots], community=book.community)


@settings(max_examples=EXAMPLES)
@given(drawing=drawings())
def test_piece_names_whom_the_decision_names(
    book: Rulebook, drawing: tuple[list[shapely.Polygon], list[shapely.Polygon], list[DrawnRule]]
) -> None:
    with rolled_back():
        book.known.clear()
        book.draft = None
        write(book, *drawing)
        book.rule("nobody", category="elsewhere")  # a set without rules is not published
        ruleset: Any = book.draft
        coverage = coverage_of(ruleset=ruleset, category=book.about("roads"), on=date(2026, 11, 19))
        book.publish()
        pieces = [piece for piece in coverage.pieces if piece.kind != SOMETIMES]
        assert sum(piece.square_metres for piece in pieces) == pytest.approx(coverage.ground, abs=len(pieces) * LEAST)
        assert coverage.ground == pytest.approx(square_metres(shapely.box(*degrees((0, 0)), *degrees((SIDE, SIDE)))))
        spots = places(coverage)
        for spot, verdict in zip(spots, verdicts(book, spots), strict=True):
            assert verdict
            (piece,) = [piece for piece in pieces if piece.shape.contains(shapely.Point(spot))]
            assert (piece.kind == NOBODY) is verdict.is_fallback
            if verdict.rule:
                assert piece.organisations[0] == verdict.organisation
                assert verdict.rule in piece.rules
        book.known.clear()
        book.draft = None


def test_every_place_near_a_road_belongs_to_the_keeper_that_the_decision_finds(book: Rulebook) -> None:
    town = book.town
    book.asset("streets", "1", town.line("AE"), keeper="west")
    book.asset("streets", "2", town.line("CD"), keeper="middle")
    book.asset("streets", "3", town.line("BF"))
    book.rule("", register=book.register("streets"), asks="nearest", within=90)
    book.rule("any")
    ruleset = book.draft
    assert ruleset
    coverage = coverage_of(ruleset=ruleset, category=book.about("roads"), on=date(2026, 11, 19))
    west, south, east, north = town.polygon("ABFE").extent
    spots = [
        (west + (east - west) * (x + 0.5) / 12, south + (north - south) * (y + 0.5) / 12)
        for x in range(12)
        for y in range(12)
    ]
    borders = shapely.union_all([piece.shape.boundary for piece in coverage.pieces])
    for spot in spots:
        if borders.distance(shapely.Point(spot)) < 5e-5:  # some metres: between two roads lie points, not lines
            continue
        verdict = book.decide(Point(*spot, srid=4326))
        (piece,) = [piece for piece in coverage.pieces if piece.shape.contains(shapely.Point(spot))]
        assert piece.organisations == (verdict.organisation,)
