"""The coverage map against the decision: for a point inside a piece, `decide` names the organisation of the piece."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import shapely
from django.contrib.gis.geos import LineString, MultiPolygon, Point, Polygon
from django.db.models import Q
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.shapes import square_metres
from routing.bulk import decide_many
from routing.coverage import NOBODY, SOMETIMES, Coverage, Piece, coverage_of
from routing.cutting import LEAST
from routing.models import Question, Rule
from routing.responsibility import Asked, Verdict
from tests.conftest import NOW
from tests.examples import rolled_back
from tests.routing.conftest import Rulebook
from tests.routing.test_decide_like_shapely import SIDE, degrees, rectangles, triangles

pytestmark = pytest.mark.django_db
EXAMPLES = settings().max_examples
ORGANISATIONS = ["a", "b", "c", ""]  # "": the keeper of the house
CLEAR = 1e-6  # degrees from any border: there each library rounds in its own way
METRE = 1e-5  # degrees, about: between two roads lie points, not lines
WITHIN = 40  # metres


@dataclass(frozen=True)
class DrawnRule:
    """Numbers instead of rows: `area` is an index, None is the whole community."""

    category: str
    area: int | None
    priority: int
    organisation: str
    asks: str = "inside"  # of a rule for the keeper
    more: dict[str, Any] = field(default_factory=dict)  # its conditions


@dataclass(frozen=True)
class Drawing:
    """A town and its rules, in the order of their age."""

    areas: list[shapely.Polygon]
    houses: list[shapely.Polygon]
    streets: list[shapely.LineString]
    rules: list[DrawnRule]


# A week of the checked day lies in one stretch of all dates that are drawn.
CONDITIONS: tuple[dict[str, Any], ...] = (
    {},
    {"weekdays": [6, 7]},
    {"weekdays": [1, 2, 3, 4, 5]},
    {"hours_from": time(8), "hours_to": time(20)},
    {"hours_from": time(20), "hours_to": time(8)},
    {"answers": {"where": ["yard"]}},
    {"answers": {"where": ["roof", "gone"]}},
    {"answers": {"where": ["gone"]}},
    {"valid_from": date(2026, 11, 1)},
    {"valid_to": date(2028, 1, 1)},
    {"valid_to": date(2026, 11, 10)},
    {"valid_from": date(2027, 1, 1)},
    {"weekdays": [6, 7], "hours_from": time(20), "hours_to": time(8), "answers": {"where": ["yard"]}},
)
# Thursday and Saturday, by day and by night; on the days that are drawn, and when all have begun or ended.
TODAY = [datetime(2026, 11, day, hour, 30, tzinfo=UTC) for day in (19, 21) for hour in (10, 23)]
LATER = [datetime(year, 3, day, hour, 30, tzinfo=UTC) for year, day in ((2027, 4), (2028, 4)) for hour in (10, 23)]
ANSWERS = ("yard", "roof")


def towns(conditions: tuple[dict[str, Any], ...] = ({},), *, streets: int = 0) -> st.SearchStrategy[Drawing]:
    @st.composite
    def drawn(draw: st.DrawFn) -> Drawing:
        shapes = st.one_of(rectangles(), triangles())
        areas = draw(st.lists(shapes, min_size=1, max_size=4))
        houses = draw(st.lists(shapes, max_size=3))
        lines = draw(st.lists(st.tuples(st.integers(0, SIDE), st.booleans()), max_size=streets, unique=True))
        category = st.sampled_from(["roads", "", "trees"])
        rule = st.builds(
            DrawnRule,
            category=category,
            area=st.one_of(st.none(), st.integers(0, len(areas) - 1), st.integers(0, len(areas) - 1)),
            priority=st.integers(0, 1),
            organisation=st.sampled_from(ORGANISATIONS),
            asks=st.sampled_from(["inside", "nearest"]) if streets else st.just("inside"),
            more=st.sampled_from(conditions),
        )
        return Drawing(areas, houses, [street(*line) for line in lines], draw(st.lists(rule, max_size=8)))

    return drawn()


def street(number: int, goes_north: bool) -> shapely.LineString:
    """From one side of the town to the other."""
    ends = [(number, 0), (number, SIDE)] if goes_north else [(0, number), (SIDE, number)]
    return shapely.LineString([degrees(end) for end in ends])


def boundary(shape: shapely.Polygon) -> MultiPolygon:
    rings = [list(ring.coords) for ring in (shape.exterior, *shape.interiors)]
    return MultiPolygon(Polygon(*rings), srid=4326)


def write(book: Rulebook, drawing: Drawing) -> None:
    """The drawing as rows; the last house and the last street have nobody who keeps them."""
    whole = shapely.box(*degrees((0, 0)), *degrees((SIDE, SIDE)))
    book.community.boundary = boundary(whole)
    book.community.save()
    options = [{"code": code, "text": code} for code in ANSWERS]
    Question.objects.create(
        community=book.community, category=book.about("roads"), code="where", text="Де?", options=options
    )
    for number, area in enumerate(drawing.areas):
        book.area(str(number), boundary(area), since=date(2020, 1, 1))
    for number, house in enumerate(drawing.houses):
        book.asset("houses", str(number), boundary(house), keeper=("d", "e", "")[number])
    for number, line in enumerate(drawing.streets):
        book.asset("streets", str(number), LineString(*line.coords, srid=4326), keeper=("d", "e", "")[number])
    for rule in drawing.rules:
        code = "" if rule.area is None else str(rule.area)
        category = "roads" if "answers" in rule.more else rule.category  # questions belong to a category
        book.rule(rule.organisation, category=category, area=code, priority=rule.priority, **asked(book, rule))


def asked(book: Rulebook, rule: DrawnRule) -> dict[str, Any]:
    if rule.organisation:
        return rule.more
    if rule.asks == "inside":
        return rule.more | {"register": book.register("houses"), "asks": "inside"}
    return rule.more | {"register": book.register("streets"), "asks": "nearest", "within": WITHIN}


def places(coverage: Coverage, *, clear: float = CLEAR) -> list[tuple[float, float]]:
    """The middles of half blocks, none on a border of a piece."""
    steps = [(x + 0.31, y + 0.37) for x in range(SIDE) for y in range(SIDE)]
    borders = shapely.union_all([*(piece.shape.boundary for piece in coverage.pieces), coverage.open.boundary])
    spots = [degrees(step) for step in steps]
    return [spot for spot in spots if borders.distance(shapely.Point(spot)) > clear]


def verdicts(
    book: Rulebook, spots: list[tuple[float, float]], *, at: datetime = NOW, answer: str = ""
) -> list[Verdict | None]:
    answers = {"where": answer} if answer else {}
    category = book.about("roads")
    return decide_many([Asked(*spot, category.pk, "roads", at, answers) for spot in spots], community=book.community)


@contextmanager
def drawn_map(book: Rulebook, drawing: Drawing) -> Iterator[Coverage]:
    """The map of the drawing's draft, which is then published."""
    with rolled_back():
        book.known.clear()
        book.draft = None
        write(book, drawing)
        book.rule("nobody", category="elsewhere")  # a set without rules is not published
        ruleset: Any = book.draft
        coverage = coverage_of(ruleset=ruleset, category=book.about("roads"), on=date(2026, 11, 19))
        book.publish()
        yield coverage
        book.known.clear()
        book.draft = None


@settings(max_examples=EXAMPLES)
@given(drawing=towns())
def test_piece_names_whom_the_decision_names(book: Rulebook, drawing: Drawing) -> None:
    with drawn_map(book, drawing) as coverage:
        pieces = coverage.pieces
        assert all(piece.kind != SOMETIMES for piece in pieces)
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


@settings(max_examples=EXAMPLES)
@given(drawing=towns(CONDITIONS, streets=3))
def test_map_of_the_day_tells_of_every_case_what_the_decision_tells(book: Rulebook, drawing: Drawing) -> None:
    with drawn_map(book, drawing) as coverage:
        spots = places(coverage, clear=5 * METRE)[::3]
        cases = [verdicts(book, spots, at=at, answer=answer) for at in TODAY for answer in ANSWERS]
        for spot, found in zip(spots, zip(*cases, strict=True), strict=True):
            here = shapely.Point(spot)
            named = {verdict.organisation for verdict in found if verdict and not verdict.is_fallback}
            silent = sum(verdict is not None and verdict.is_fallback for verdict in found)
            told = [piece for piece in coverage.pieces if piece.shape.contains(here)]
            coat = [piece for piece in told if piece.kind != SOMETIMES]
            over = {piece.organisations[0] for piece in told if piece.kind == SOMETIMES and is_begun(piece)}
            assert (silent == len(found)) is any(piece.kind == NOBODY for piece in coat)
            assert (0 < silent < len(found)) is coverage.open.contains(here)
            assert over <= named, "who answers sometimes does so in some case"
            assert named <= over | {piece.organisations[0] for piece in coat if piece.organisations}
            assert bool(coat) or over, "ground without a coat has rules for some cases"


@settings(max_examples=EXAMPLES)
@given(drawing=towns(CONDITIONS, streets=3))
def test_rule_that_decides_on_any_day_is_reached(book: Rulebook, drawing: Drawing) -> None:
    with drawn_map(book, drawing) as coverage:
        spots = places(coverage, clear=5 * METRE)[::3]
        cases = [verdicts(book, spots, at=at, answer=answer) for at in TODAY + LATER for answer in ANSWERS]
        deciding = {verdict.rule for found in cases for verdict in found if verdict and verdict.rule}
        assert deciding <= coverage.reached


def is_begun(piece: Piece) -> bool:
    """Whether one of its rules has begun on the day of the map."""
    begun = Q(valid_from=None) | Q(valid_from__lte=date(2026, 11, 19))
    return Rule.objects.filter(begun, pk__in=piece.rules).exists()


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
