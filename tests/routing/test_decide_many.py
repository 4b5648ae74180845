"""Many decisions at once are the same decisions, one by one."""

import random
from datetime import time, timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import LineString, MultiPolygon, Point, Polygon

from geodata.models import Division
from routing.bulk import Deciding, decide_many
from routing.models import Asset, Category, RuleSet
from routing.responsibility import Asked, OutsideCommunityError, Verdict, decide
from tests.conftest import NOW
from tests.grid import ORIGIN
from tests.routing.conftest import Rulebook

pytestmark = pytest.mark.django_db
ACROSS, UP = 0.0069, 0.0036  # degrees: the town of the drawing
MOMENTS = [NOW - timedelta(days=far, hours=far % 24) for far in (0, 1, 200, 2000, 9000)]
DAYS = [moment.date() for moment in MOMENTS]
ORGANISATIONS = ["a", "b", "c", "d", "e"]
ANSWERS = ["yard", "roof", "street"]


def furnish(book: Rulebook, chance: random.Random) -> list[Category]:
    """Triangles of two divisions, some replaced by a later version, registers, and rules of every kind."""
    other = Division.objects.create(community=book.community, code="other", name="Інший поділ")
    furnish_registers(book, chance)
    for number in range(12):
        division = chance.choice([book.division, other])
        middle = chance.choice(DAYS[1:3])
        book.area(f"z{number}", triangle(chance), since=DAYS[3], until=middle, division=division)
        if chance.random() < 0.7:
            book.area(f"z{number}", triangle(chance), since=middle, division=division)
        for _ in range(chance.randint(0, 3)):
            book.rule(
                chance.choice(ORGANISATIONS),
                category=chance.choice(["", "roads", "lamps"]),
                area=f"z{number}",
                priority=chance.randint(0, 2),
                division=division,
                is_active=chance.random() < 0.9,
                **conditions(chance),
            )
    for category in ["", "roads", "lamps"]:
        for asks in [{}, *asked_of(book)]:
            if chance.random() < 0.6:
                keeper = "" if asks and chance.random() < 0.8 else chance.choice(ORGANISATIONS)
                book.rule(keeper, category=category, priority=chance.randint(0, 2), **asks, **conditions(chance))
    retired = book.who(chance.choice(ORGANISATIONS))
    retired.is_active = False
    retired.save()
    if chance.random() < 0.7:
        book.fallback("duty")
    categories = [book.about(code) for code in ("roads", "lamps", "trees")]
    book.publish()
    return categories


def furnish_registers(book: Rulebook, chance: random.Random) -> None:
    """Houses, streets and lamps, some with a keeper; some of them stand since lately only."""
    for number in range(10):
        keepers = [*ORGANISATIONS, ""]
        since = chance.choice(DAYS[1:])
        ends = [spot(chance), spot(chance)]
        book.asset("houses", f"h{number}", triangle(chance, largest=0.3), chance.choice(keepers), since=since)
        book.asset("streets", f"s{number}", LineString(*ends, srid=4326), chance.choice(keepers), since=since)
        book.asset("lamps", f"l{number}", Point(*spot(chance), srid=4326), chance.choice(keepers), since=since)


def asked_of(book: Rulebook) -> list[dict[str, Any]]:
    """Every way to ask a register."""
    return [
        {"register": book.register("houses"), "asks": "inside"},
        {"register": book.register("streets"), "asks": "nearest", "within": 40},
        {"register": book.register("lamps"), "asks": "nearest", "within": 90},
        {"register": book.register("lamps"), "asks": "this"},
    ]


def conditions(chance: random.Random) -> dict[str, Any]:
    """Sometimes a role, answers, days, hours or dates."""
    found: dict[str, Any] = {"role": chance.choice(["responsible", "responsible", "informed"])}
    if chance.random() < 0.3:
        found["answers"] = {"where": chance.sample(ANSWERS, chance.randint(1, 2))}
    if chance.random() < 0.2:
        found["weekdays"] = chance.sample(range(1, 8), chance.randint(1, 6))
    if chance.random() < 0.2:
        found["hours_from"], found["hours_to"] = (time(hour) for hour in chance.sample(range(24), 2))
    if chance.random() < 0.2:
        found["valid_from"] = chance.choice(DAYS)
    return found


def triangle(chance: random.Random, *, largest: float = 1.0) -> MultiPolygon:
    x, y = spot(chance)
    size = chance.uniform(0.2, 1) * largest
    corners = [(x, y), (x + ACROSS * size, y + UP * size / 3), (x + ACROSS * size / 4, y + UP * size)]
    return MultiPolygon(Polygon([*corners, corners[0]]), srid=4326)


def spot(chance: random.Random) -> tuple[float, float]:
    return ORIGIN[0] + chance.uniform(-0.1, 1.1) * ACROSS, ORIGIN[1] + chance.uniform(-0.1, 1.1) * UP


def one_by_one(book: Rulebook, asked: Asked, category: Category, *, ruleset: RuleSet | None = None) -> Verdict | None:
    point = Point(asked.lon, asked.lat, srid=4326)
    asset = Asset.objects.get(pk=asked.asset) if asked.asset else None
    try:
        return decide(
            point,
            category,
            community=book.community,
            at=asked.at,
            answers=asked.answers,
            asset=asset,
            ruleset=ruleset,
        )
    except OutsideCommunityError:
        return None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("few", [0, 1000], ids=["alike questions once", "each by itself"])
def test_many_decisions_at_once_are_the_same_as_one_by_one(
    book: Rulebook, seed: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("routing.bulk.FEW", few)
    chance = random.Random(seed)
    categories = furnish(book, chance)
    lamps = list(Asset.objects.filter(register__code="lamps").order_by("key"))
    asked, expected = [], []
    for _ in range(150):
        category = chance.choice(categories)
        answers = {"where": chance.choice(ANSWERS)} if chance.random() < 0.5 else {}
        lamp = chance.choice(lamps).pk if chance.random() < 0.3 else None
        question = Asked(*spot(chance), category.pk, category.code, chance.choice(MOMENTS), answers, lamp)
        asked.append(question)
        expected.append(one_by_one(book, question, category))
    assert decide_many(asked, community=book.community) == expected
    assert None in expected
    assert any(verdict and verdict.rule for verdict in expected)
    assert any(verdict and verdict.trace["matched"] and verdict.trace["matched"]["asset"] for verdict in expected)


def test_draft_is_asked_for_many_as_for_one(book: Rulebook) -> None:
    book.rule("now")
    book.publish()
    book.rule("then")
    draft = book.draft
    assert draft
    draft.rules.filter(organisation=book.who("now")).delete()
    category = book.about("roads")
    question = Asked(*book.town.places["p"], category.pk, "roads", NOW, {})
    (tried,) = decide_many([question], community=book.community, ruleset=draft.pk)
    (real,) = decide_many([question], community=book.community)
    assert tried == one_by_one(book, question, category, ruleset=draft)
    assert tried is not None
    assert tried.organisation == book.who("then").pk
    assert real is not None
    assert real.organisation == book.who("now").pk


def test_more_than_one_batch_keeps_the_order(book: Rulebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routing.bulk.AT_ONCE", 3)
    book.area("north", "ABDC")
    book.rule("north", area="north")
    category = book.about("roads")
    book.publish()
    asked = [Asked(*book.town.places[name], category.pk, "roads", NOW, {}) for name in "pqopqpq"]
    found = [verdict and verdict.organisation for verdict in decide_many(asked, community=book.community)]
    north = book.who("north").pk
    assert found == [north, None, None, north, None, north, None]


def test_corners_of_areas_are_decided_alike(book: Rulebook) -> None:
    book.area("z", "ABDC")
    book.rule("a", area="z")
    category = book.about("roads")
    book.publish()
    corners = [Asked(*book.town.places[name], category.pk, "roads", NOW, {}) for name in "ABCD"]
    verdicts = [one_by_one(book, corner, category) for corner in corners]
    assert decide_many(corners, community=book.community) == verdicts
    assert all(verdict and not verdict.is_fallback for verdict in verdicts)


def test_no_question_needs_no_answer(book: Rulebook) -> None:
    assert decide_many([], community=book.community) == []


def test_category_that_is_not_saved_has_only_rules_for_any_category(book: Rulebook) -> None:
    book.rule("a")
    book.publish()
    lon, lat = book.town.places["p"]
    (verdict,) = decide_many([Asked(lon, lat, None, "new", NOW, {})], community=book.community)
    assert verdict is not None
    assert verdict.organisation == book.who("a").pk


@pytest.mark.parametrize("seed", range(3))
def test_what_lies_deep_in_areas_is_asked_once_and_decided_as_one_by_one(
    book: Rulebook, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A town fifty times as wide, so that most places are far from every border."""
    monkeypatch.setattr("routing.bulk.FEW", 0)
    monkeypatch.setattr("tests.routing.test_decide_many.ACROSS", ACROSS * 50)
    monkeypatch.setattr("tests.routing.test_decide_many.UP", UP * 50)
    chance = random.Random(seed)
    west, south = ORIGIN
    book.community.boundary = MultiPolygon(Polygon.from_bbox((west, south, west + ACROSS, south + UP)), srid=4326)
    book.community.save()
    categories = furnish(book, chance)
    asked, expected = [], []
    for _ in range(250):
        category = chance.choice(categories)
        answers = {"where": chance.choice(ANSWERS)} if chance.random() < 0.5 else {}
        question = Asked(*spot(chance), category.pk, category.code, chance.choice(MOMENTS), answers)
        asked.append(question)
        expected.append(one_by_one(book, question, category))
    assert Deciding(book.community).decide(asked) == expected
    deciding = Deciding(book.community)
    keys = deciding._keys(asked)
    assert len([key for key in keys if key]) > 100
    assert len({key for key in keys if key}) < 100
    for start in range(0, len(asked), 50):
        assert deciding.decide(asked[start : start + 50]) == expected[start : start + 50]
