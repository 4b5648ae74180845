"""The doubt against brute force: the rules are asked all around the point, and another answer must be a doubt."""

from dataclasses import replace
from math import cos, radians, sin

import pytest
import shapely
from hypothesis import given, settings

from routing.judging import DOUBT
from tests.examples import rolled_back
from tests.routing.conftest import Rulebook
from tests.routing.test_decide_like_shapely import SOUTH, Drawing, ask, drawings, expected

pytestmark = pytest.mark.django_db
EXAMPLES = 3 * settings().max_examples
NORTH, EAST = 1 / 111_200, 1 / 111_320 / cos(radians(SOUTH))  # degrees of a metre there, about


def answers_around(drawing: Drawing) -> set[str]:
    """Whom rules name at 24 × 7 places up to 28 metres from the point."""
    found = set()
    for turn in range(24):
        angle = radians(15 * turn)
        for away in range(4, 29, 4):
            east, north = away * cos(angle) * EAST, away * sin(angle) * NORTH
            place = shapely.Point(drawing.point.x + east, drawing.point.y + north)
            organisation, rule, _by_the_queue = expected(replace(drawing, point=place))
            if rule is not None and organisation is not None:
                found.add(organisation)
    return found


@settings(max_examples=EXAMPLES)
@given(drawing=drawings())
def test_another_answer_near_by_is_a_doubt(book: Rulebook, drawing: Drawing) -> None:
    book.community.boundary = None
    book.community.save()
    with rolled_back():
        book.known.clear()
        verdict, _rules = ask(book, drawing)
        mine, _rule, _by_the_queue = expected(drawing)
        others = answers_around(drawing) - {mine}
        if others:
            assert verdict.doubt is not None, f"{mine} answers here, {others} near by"
            assert verdict.doubt["metres"] <= DOUBT
            assert verdict.doubt["organisation"] != verdict.organisation
        book.known.clear()
