"""The decision against a second opinion: drawn towns at random, decided in Python with shapely."""

from dataclasses import dataclass
from datetime import date
from math import cos, radians

import pytest
import shapely
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.affinity import scale
from shapely.ops import nearest_points

from routing.judging import NEAR
from routing.models import Rule
from routing.responsibility import Verdict
from tests.examples import rolled_back
from tests.routing.conftest import Rulebook

pytestmark = pytest.mark.django_db
SIDE = 6  # streets each way; points lie on corners and in the middle of blocks, so very often on a border
WEST, SOUTH, STEP = 28.46, 49.22, 0.0006  # degrees; a step is about 44 by 67 metres
EARTH = Geod(ellps="WGS84")
ORGANISATIONS = ["a", "b", "c", "d"]
EXAMPLES = 3 * settings().max_examples  # they are cheap
Node = tuple[int, int]


def degrees(node: tuple[float, float]) -> tuple[float, float]:
    return WEST + node[0] * STEP, SOUTH + node[1] * STEP


@st.composite
def rectangles(draw: st.DrawFn) -> shapely.Polygon:
    """Along the streets; sometimes with a square taken out of the middle."""
    left, right = sorted(draw(st.lists(st.integers(0, SIDE), min_size=2, max_size=2, unique=True)))
    low, high = sorted(draw(st.lists(st.integers(0, SIDE), min_size=2, max_size=2, unique=True)))
    ring = [(left, low), (right, low), (right, high), (left, high)]
    holes = []
    if right - left > 2 and high - low > 2 and draw(st.booleans()):
        holes = [[(left + 1, low + 1), (left + 1, high - 1), (right - 1, high - 1), (right - 1, low + 1)]]
    return shapely.Polygon([degrees(node) for node in ring], [[degrees(node) for node in hole] for hole in holes])


@st.composite
def triangles(draw: st.DrawFn) -> shapely.Polygon:
    corners = draw(st.lists(st.tuples(*[st.integers(0, SIDE)] * 2), min_size=3, max_size=3, unique=True))
    found = shapely.Polygon([degrees(corner) for corner in corners])
    assume(found.area > STEP * STEP / 4)
    return found


@dataclass(frozen=True)
class DrawnRule:
    """Numbers instead of rows: `area` is an index, None is the whole community."""

    category: str | None
    area: int | None
    priority: int
    organisation: str


@dataclass(frozen=True)
class Drawing:
    """A town, its rules in the order of their age, and a question."""

    areas: list[shapely.Polygon]
    rules: list[DrawnRule]
    inactive: set[str]
    handed_back: set[str]
    fallback: str | None
    point: shapely.Point


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    areas = draw(st.lists(st.one_of(rectangles(), triangles()), min_size=1, max_size=5))
    rule = st.builds(
        DrawnRule,
        category=st.sampled_from(["roads", "roads", "manholes", None]),
        area=st.one_of(st.none(), st.integers(0, len(areas) - 1), st.integers(0, len(areas) - 1)),
        priority=st.integers(0, 1),
        organisation=st.sampled_from(ORGANISATIONS),
    )
    rules = draw(st.lists(rule, max_size=12, unique_by=lambda one: (one.category, one.area, one.priority)))
    some = st.sets(st.sampled_from(ORGANISATIONS), max_size=2)
    halves = st.integers(0, 2 * SIDE).map(lambda half: half / 2)
    point = shapely.Point(degrees((draw(halves), draw(halves))))
    # On a slanted border, rounding decides, and each library rounds in its own way.
    assume(all(_is_clear(area, point) for area in areas))
    return Drawing(areas, rules, draw(some), draw(some), draw(st.sampled_from([None, *ORGANISATIONS])), point)


def _is_clear(area: shapely.Polygon, point: shapely.Point) -> bool:
    if len(area.exterior.coords) == 5 or point.coords[0] in area.exterior.coords:
        return True
    return bool(area.exterior.distance(point) > STEP / 100)


def covers(drawing: Drawing, rule: DrawnRule) -> bool:
    return rule.area is None or bool(drawing.areas[rule.area].covers(drawing.point))


def expected(drawing: Drawing) -> tuple[str | None, int | None, bool]:
    """(organisation, index of the rule, by the fallback queue), one rule after another."""
    best: tuple[tuple[int, int, int], str, int] | None = None
    for age, rule in enumerate(drawing.rules):
        gone = rule.organisation in drawing.inactive | drawing.handed_back
        if gone or rule.category not in {"roads", None} or not covers(drawing, rule):
            continue
        precision = 2 * (rule.category is not None) + (rule.area is not None)
        rank = (rule.priority, precision, -age)
        if best is None or rank > best[0]:
            best = (rank, rule.organisation, age)
    if best:
        return best[1], best[2], False
    left = drawing.fallback if drawing.fallback not in drawing.handed_back | drawing.inactive else None
    return left, None, True


def metres(area: shapely.Polygon, point: shapely.Point) -> float:
    """From a point to an area, on the ellipsoid; the nearest place is found where a degree is as long each way."""
    narrow = cos(radians(SOUTH))
    there, here = (scale(shape, narrow, 1, origin=(0, 0)) for shape in (area, point))
    near = nearest_points(there, here)[0]
    _there, _back, length = EARTH.inv(point.x, point.y, near.x / narrow, near.y)
    return float(length)


def ask(book: Rulebook, drawing: Drawing) -> tuple[Verdict, list[Rule]]:
    """Writes the drawing into the database and asks it."""
    for number, area in enumerate(drawing.areas):
        rings = [list(area.exterior.coords), *[list(hole.coords) for hole in area.interiors]]
        book.area(str(number), MultiPolygon(Polygon(*rings), srid=4326), since=date(2020, 1, 1))
    rules = [
        book.rule(
            rule.organisation,
            category=rule.category or "",
            area="" if rule.area is None else str(rule.area),
            priority=rule.priority,
        )
        for rule in drawing.rules
    ]
    for name in drawing.inactive:
        organisation = book.who(name)
        organisation.is_active = False
        organisation.save()
    if drawing.fallback:
        book.fallback(drawing.fallback)
    point = Point(drawing.point.x, drawing.point.y, srid=4326)
    return book.decide(point, without=drawing.handed_back), rules


@settings(max_examples=EXAMPLES)
@given(drawing=drawings())
def test_decision_is_the_one_that_shapely_gives(book: Rulebook, drawing: Drawing) -> None:
    book.community.boundary = None
    book.community.save()
    with rolled_back():
        book.known.clear()
        verdict, rules = ask(book, drawing)
        organisation, rule, is_fallback = expected(drawing)
        assert verdict.organisation == (book.who(organisation).pk if organisation else None)
        assert verdict.rule == (rules[rule].pk if rule is not None else None)
        assert verdict.is_fallback is is_fallback
        inside = {str(n) for n, area in enumerate(drawing.areas) if area.covers(drawing.point)}
        assert {area["code"] for area in verdict.trace["areas"]} == inside
        lost = {entry["rule"] for entry in verdict.trace["lost"] if entry["reason"] != "outside_area"}
        considered = [
            row.pk
            for row, drawn in zip(rules, drawing.rules, strict=True)
            if covers(drawing, drawn) and drawn.category != "manholes" and row.pk != verdict.rule
        ]
        assert lost == set(considered)
        book.known.clear()


@settings(max_examples=EXAMPLES)
@given(drawing=drawings())
def test_nearest_other_owner_is_the_one_that_the_ellipsoid_gives(book: Rulebook, drawing: Drawing) -> None:
    book.community.boundary = None
    book.community.save()
    with rolled_back():
        book.known.clear()
        verdict, _rules = ask(book, drawing)
        chosen = expected(drawing)[0]
        distances = {
            rule.organisation: metres(drawing.areas[rule.area], drawing.point)
            for rule in sorted(drawing.rules, key=lambda rule: -metres(drawing.areas[rule.area or 0], drawing.point))
            if rule.area is not None
            and rule.category != "manholes"
            and rule.organisation != chosen
            and rule.organisation not in drawing.inactive
            and not covers(drawing, rule)
        }
        nearest = min(distances.values(), default=NEAR + 1)
        found = verdict.trace["nearest_other"]
        if nearest < NEAR - 0.5:
            assert found["metres"] == pytest.approx(nearest, abs=0.5)
            assert distances[found["organisation_name"]] == pytest.approx(nearest, abs=0.5)
        elif nearest > NEAR + 0.5:
            assert found is None
        book.known.clear()
