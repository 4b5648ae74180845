"""Decisions with registers and conditions against a second opinion: towns at random, decided by shapely and Python."""

import json
from typing import Any

import pytest
import shapely
from django.contrib.gis.geos import GEOSGeometry, Point
from hypothesis import given, settings

from geodata.convert import as_boundary
from geodata.models import Division
from geodata.shapes import clean_shape
from routing.bulk import decide_many
from routing.judging import DOUBT
from routing.models import Asset, Rule
from routing.responsibility import Asked, Verdict
from tests.examples import rolled_back
from tests.routing.conftest import Rulebook
from tests.routing.drawn_registers import LONG_AGO, WITHIN, Drawing, DrawnRule, drawings, expected, metres

pytestmark = pytest.mark.django_db
EXAMPLES = 3 * settings().max_examples


def stored(shape: shapely.Geometry) -> Any:
    """As an import stores it: cleaned, without heights."""
    if isinstance(shape, shapely.Polygon):
        as_in_a_file = json.loads(json.dumps(shape.__geo_interface__))
        return as_boundary(clean_shape(as_in_a_file)[0])
    return GEOSGeometry(memoryview(shapely.to_wkb(shape)), srid=4326)


def write(book: Rulebook, drawing: Drawing) -> tuple[list[Rule], list[Asset]]:
    """Brings the drawing into the database."""
    divisions = [book.division, Division.objects.create(community=book.community, code="other", name="Інший")]
    for number, area in enumerate(drawing.areas):
        book.area(str(number), stored(area.shape), division=divisions[area.division])
    things = [
        book.asset(thing.register, str(number), stored(thing.shape), thing.keeper or "", since=thing.since)
        for number, thing in enumerate(drawing.things)
    ]
    rules = [write_rule(book, rule, drawing, divisions) for rule in drawing.rules]
    for name in drawing.inactive:
        organisation = book.who(name)
        organisation.is_active = False
        organisation.save()
    return rules, things


def write_rule(book: Rulebook, rule: DrawnRule, drawing: Drawing, divisions: list[Division]) -> Rule:
    division = rule.division if rule.area is None else drawing.areas[rule.area].division
    how, register = rule.asks or ("", "")
    return book.rule(
        rule.organisation or "",
        category="roads" if rule.category else "",
        area="" if rule.area is None else str(rule.area),
        division=None if division is None else divisions[division],
        any_area=rule.division is not None,
        priority=rule.priority,
        role=rule.role,
        register=book.register(register) if register else None,
        asks=how,
        within=WITHIN[register] if how == "nearest" else None,
        answers={"where": list(rule.answers)} if rule.answers else {},
        weekdays=list(rule.weekdays),
        hours_from=rule.hours[0] if rule.hours else None,
        hours_to=rule.hours[1] if rule.hours else None,
        valid_from=rule.valid_from,
    )


def ask(book: Rulebook, drawing: Drawing, things: list[Asset], *, without: set[str]) -> Verdict:
    return book.decide(
        Point(drawing.point.x, drawing.point.y, srid=4326),
        at=drawing.at,
        answers={"where": drawing.answer} if drawing.answer else {},
        asset=None if drawing.chosen is None else things[drawing.chosen],
        without=without,
    )


@settings(max_examples=EXAMPLES)
@given(drawing=drawings())
def test_decision_is_the_one_that_shapely_gives(book: Rulebook, drawing: Drawing) -> None:
    book.community.boundary = None
    book.community.save()
    with rolled_back():
        book.known.clear()
        rules, things = write(book, drawing)
        verdict = ask(book, drawing, things, without=drawing.handed_back)
        wanted = expected(drawing)
        assert verdict.organisation == (book.who(wanted.organisation).pk if wanted.organisation else None)
        assert verdict.rule == (None if wanted.rule is None else rules[wanted.rule].pk)
        assert list(verdict.informed) == [book.who(name).pk for name in wanted.informed]
        if wanted.thing is not None:
            assert verdict.trace["matched"]["asset"]["id"] == things[wanted.thing].pk
        check_doubt(verdict, drawing)
        book.known.clear()


def check_doubt(verdict: Verdict, drawing: Drawing) -> None:
    """Whoever makes a decision doubtful is somebody else, works, and is as near as the trace says."""
    matched = verdict.trace["matched"]
    doubt = verdict.doubt
    if doubt is None:
        return
    assert matched is None or matched["asks"] != "this"
    assert doubt["organisation"] != verdict.organisation
    assert doubt["organisation_name"] not in drawing.inactive
    assert doubt["metres"] <= DOUBT
    drawn = [thing.shape for thing in drawing.things] + [area.shape for area in drawing.areas]
    shapes = drawn + [shape.boundary for shape in drawn if isinstance(shape, shapely.Polygon)]
    assert min(abs(metres(shape, drawing.point) - doubt["metres"]) for shape in shapes) < 0.2


@settings(max_examples=EXAMPLES // 3)
@given(drawing=drawings())
def test_many_at_once_are_decided_as_one(book: Rulebook, drawing: Drawing) -> None:
    book.community.boundary = None
    book.community.save()
    with rolled_back():
        book.known.clear()
        _rules, things = write(book, drawing)
        one = ask(book, drawing, things, without=set())
        question = Asked(
            lon=drawing.point.x,
            lat=drawing.point.y,
            category=book.about("roads").pk,
            category_code="roads",
            at=drawing.at,
            answers={"where": drawing.answer} if drawing.answer else {},
            asset=None if drawing.chosen is None else things[drawing.chosen].pk,
        )
        assert decide_many([question] * 3, community=book.community) == [one] * 3
        book.known.clear()


def test_areas_that_are_split_at_the_180th_meridian_hold_on_their_own_side(book: Rulebook) -> None:
    """180° and -180° are written for one meridian; each side owns what is written as its own."""
    book.community.boundary = None
    book.community.save()
    east, west = shapely.box(179.99, -16.9, 180, -16.8), shapely.box(-180, -16.9, -179.99, -16.8)
    for code, shape in [("east", east), ("west", west)]:
        book.area(code, as_boundary(shape), since=LONG_AGO)
        book.rule(code, area=code)
    places = {180.0: "east", -180.0: "west", 179.995: "east", -179.995: "west"}
    assert {lon: book.answers(Point(lon, -16.85, srid=4326)) for lon in places} == places


def test_community_on_both_sides_of_the_180th_meridian_holds_both(book: Rulebook) -> None:
    both = shapely.union(shapely.box(179.99, -16.9, 180, -16.8), shapely.box(-180, -16.9, -179.99, -16.8))
    book.community.boundary = as_boundary(both)
    book.community.save()
    book.area("all", as_boundary(both))
    book.rule("taveuni", area="all")
    assert {book.answers(Point(lon, -16.85, srid=4326)) for lon in (180.0, -180.0, 179.995, -179.995)} == {"taveuni"}
