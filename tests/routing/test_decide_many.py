"""Many decisions at once are the same decisions, one by one."""

import random
from datetime import date, timedelta

import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon

from geodata.models import Division
from routing.bulk import Question, decide_many
from routing.models import Category
from routing.responsibility import OutsideCommunityError, Verdict, decide
from tests.grid import ORIGIN
from tests.routing.conftest import TODAY, Rulebook

pytestmark = pytest.mark.django_db
ACROSS, UP = 0.0069, 0.0036  # degrees: the town of the drawing
DAYS = [TODAY - timedelta(days=far) for far in (0, 1, 200, 2000, 9000)]
ORGANISATIONS = ["a", "b", "c", "d", "e"]


def furnish(book: Rulebook, chance: random.Random) -> list[Category]:
    """Triangles of two divisions, some replaced by a later version, and rules of every kind."""
    other = Division.objects.create(community=book.community, code="other", name="Інший поділ")
    for number in range(12):
        division = chance.choice([book.division, other])
        middle = chance.choice(DAYS[1:3])
        book.area(f"z{number}", triangle(chance), since=DAYS[3], until=middle, division=division)
        if chance.random() < 0.7:
            book.area(f"z{number}", triangle(chance), since=middle, division=division)
        for _ in range(chance.randint(0, 3)):
            category = chance.choice(["", "roads", "lamps"])
            priority = len(book.known) * 100 + chance.randint(0, 40) - number
            book.rule(
                chance.choice(ORGANISATIONS),
                category=category,
                area=f"z{number}",
                priority=priority,
                division=division,
                is_active=chance.random() < 0.9,
            )
    for priority, category in enumerate(["", "roads", "lamps"]):
        if chance.random() < 0.6:
            book.rule(chance.choice(ORGANISATIONS), category=category, priority=priority)
    retired = book.who(chance.choice(ORGANISATIONS))
    retired.is_active = False
    retired.save()
    if chance.random() < 0.7:
        book.fallback("duty")
    return [book.about(code) for code in ("roads", "lamps", "trees")]


def triangle(chance: random.Random) -> MultiPolygon:
    x, y = spot(chance)
    size = chance.uniform(0.2, 1)
    corners = [(x, y), (x + ACROSS * size, y + UP * size / 3), (x + ACROSS * size / 4, y + UP * size)]
    return MultiPolygon(Polygon([*corners, corners[0]]), srid=4326)


def spot(chance: random.Random) -> tuple[float, float]:
    return ORIGIN[0] + chance.uniform(-0.1, 1.1) * ACROSS, ORIGIN[1] + chance.uniform(-0.1, 1.1) * UP


def one_by_one(book: Rulebook, asked: Question, category: Category) -> Verdict | None:
    try:
        return decide(Point(asked.lon, asked.lat, srid=4326), category, community=book.community, on=asked.on)
    except OutsideCommunityError:
        return None


@pytest.mark.parametrize("seed", range(6))
def test_many_decisions_at_once_are_the_same_as_one_by_one(book: Rulebook, seed: int) -> None:
    chance = random.Random(seed)
    categories = furnish(book, chance)
    asked, expected = [], []
    for _ in range(150):
        category = chance.choice(categories)
        question = Question(*spot(chance), category.pk, category.code, chance.choice(DAYS))
        asked.append(question)
        expected.append(one_by_one(book, question, category))
    assert decide_many(asked, community=book.community) == expected
    assert None in expected
    assert any(verdict and verdict.rule for verdict in expected)


def test_corners_of_areas_are_decided_alike(book: Rulebook) -> None:
    book.area("z", "ABDC")
    book.rule("a", area="z")
    category = book.about("roads")
    corners = [Question(*book.town.places[name], category.pk, "roads", TODAY) for name in "ABCD"]
    verdicts = [one_by_one(book, corner, category) for corner in corners]
    assert decide_many(corners, community=book.community) == verdicts
    assert all(verdict and not verdict.is_fallback for verdict in verdicts)


def test_no_question_needs_no_answer(book: Rulebook) -> None:
    assert decide_many([], community=book.community) == []


def test_category_that_is_not_saved_has_only_rules_for_any_category(book: Rulebook) -> None:
    book.rule("a")
    lon, lat = book.town.places["p"]
    (verdict,) = decide_many([Question(lon, lat, None, "new", date(2026, 1, 1))], community=book.community)
    assert verdict is not None
    assert verdict.organisation == book.who("a").pk
