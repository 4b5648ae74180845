"""The coverage map: who answers where, nobody, two at once, on drawn towns."""

from datetime import date

import pytest
import shapely
from django.contrib.gis.geos import MultiPolygon, Polygon

from accounts.models import Organisation
from geodata.convert import as_shape
from geodata.shapes import square_metres
from routing.coverage import ANSWERED, NOBODY, TWO, Coverage, Piece, coverage_of
from routing.models import RuleSet
from tests.conftest import LONG_AGO
from tests.grid import Town
from tests.routing.conftest import Rulebook

ON = date(2026, 11, 19)


def drawn(book: Rulebook, category: str = "roads") -> Coverage:
    """The map of the set that the book's rules stand in, published or not."""
    ruleset = book.draft or RuleSet.objects.filter(community=book.community).first()
    assert ruleset
    return coverage_of(ruleset=ruleset, category=book.about(category), on=ON)


def names(book: Rulebook, piece: Piece) -> str:
    known = dict(Organisation.objects.filter(pk__in=piece.organisations).values_list("pk", "name"))
    return " ".join(known[pk] for pk in piece.organisations)


def shares(book: Rulebook, category: str = "roads") -> dict[str, float]:
    """“kind: names” → share of the community, in hundredths."""
    coverage = drawn(book, category)
    found: dict[str, float] = {}
    for piece in coverage.pieces:
        key = f"{piece.kind}: {names(book, piece)}".rstrip(": ")
        found[key] = found.get(key, 0) + 100 * piece.square_metres / coverage.ground
    return found


def open_share(book: Rulebook) -> float:
    """Of the community, in hundredths: where it depends on the case whether anybody is named."""
    coverage = drawn(book)
    return 100 * square_metres(coverage.open) / coverage.ground


def test_rule_for_the_whole_community_covers_all_of_it(book: Rulebook) -> None:
    book.rule("a", category="roads")
    assert shares(book) == {"answered: a": pytest.approx(100)}
    assert shares(book, "trees") == {"nobody": pytest.approx(100)}


def test_area_is_covered_and_the_rest_goes_to_nobody(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.rule("a", area="north")
    assert shares(book) == {"answered: a": pytest.approx(50, abs=0.1), "nobody": pytest.approx(50, abs=0.1)}


def test_more_precise_rule_stands_before_the_one_for_everything(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.rule("a")
    book.rule("b", area="north")
    assert shares(book) == {"answered: b": pytest.approx(50, abs=0.1), "answered: a": pytest.approx(50, abs=0.1)}


def test_higher_priority_beats_precision(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.rule("a", priority=1)
    weaker = book.rule("b", area="north", category="roads")
    assert shares(book) == {"answered: a": pytest.approx(100)}
    assert weaker.pk not in drawn(book).reached


def test_hole_in_an_area_is_not_covered(book: Rulebook) -> None:
    west, south, east, north = book.town.box()
    wide, high = (east - west) / 10, (north - south) / 4
    hole = [(west + wide, south + high), (west + 2 * wide, south + high), (west + 2 * wide, south + 2 * high)]
    hole.append(hole[0])
    book.area("holed", MultiPolygon(Polygon(book.town.ring("ABFE"), hole), srid=4326))
    book.rule("a", area="holed")
    (nobody,) = [piece for piece in drawn(book).pieces if piece.kind == NOBODY]
    assert nobody.square_metres == pytest.approx(square_metres(shapely.Polygon(hole)))


def test_two_that_rank_the_same_stand_against_each_other_where_they_overlap(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.area("all", "ABFE")
    older = book.rule("a", area="all")
    newer = book.rule("b", area="north")
    coverage = drawn(book)
    (two,) = [piece for piece in coverage.pieces if piece.kind == TWO]
    assert names(book, two) == "a b", "the older comes first"
    assert two.rules == (older.pk, newer.pk)
    assert two.square_metres == pytest.approx(coverage.ground / 2, rel=0.01)
    assert [(contest.one, contest.other) for contest in coverage.contests] == [(older, newer)]
    assert book.answers("p") == "a", "the older decides"


def test_same_organisation_twice_is_no_contradiction(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.area("all", "ABFE")
    book.rule("a", area="all")
    book.rule("a", area="north")
    assert shares(book) == {"answered: a": pytest.approx(100)}


def test_contradiction_under_a_stronger_rule_harms_nobody(book: Rulebook) -> None:
    book.rule("a")
    book.rule("b")
    book.rule("c", priority=1)
    coverage = drawn(book)
    assert coverage.contests == []
    assert [names(book, piece) for piece in coverage.pieces] == ["c"]


def test_three_at_once_are_one_piece(book: Rulebook) -> None:
    book.area("north", "ABDC")
    for name, area in (("a", ""), ("b", ""), ("c", "north"), ("d", "north"), ("e", "north")):
        book.rule(name, area=area)
    assert shares(book) == {"two: c d e": pytest.approx(50, abs=0.1), "two: a b": pytest.approx(50, abs=0.1)}


def test_neighbours_only_touch(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.area("south", "CDFE")
    book.rule("a", area="north")
    book.rule("b", area="south")
    coverage = drawn(book)
    assert {piece.kind for piece in coverage.pieces} == {ANSWERED}
    assert coverage.contests == []


def test_rule_of_a_register_covers_the_inside_of_its_polygons_only(book: Rulebook, town: Town) -> None:
    book.asset("houses", "1", town.area("ABDC"), keeper="osbb")
    book.rule("", register=book.register("houses"), asks="inside")
    assert shares(book) == {"answered: osbb": pytest.approx(50, abs=0.1), "nobody": pytest.approx(50, abs=0.1)}


def test_house_that_nobody_keeps_is_a_gap(book: Rulebook, town: Town) -> None:
    book.asset("houses", "1", town.area("ABDC"))
    book.asset("houses", "2", town.area("CDFE"), keeper="osbb")
    book.rule("", register=book.register("houses"), asks="inside")
    assert shares(book) == {"answered: osbb": pytest.approx(50, abs=0.1), "nobody": pytest.approx(50, abs=0.1)}


def test_of_houses_over_each_other_the_first_key_decides(book: Rulebook, town: Town) -> None:
    book.asset("houses", "2", town.area("ABFE"), keeper="second")
    book.asset("houses", "1", town.area("ABDC"), keeper="first")
    book.rule("", register=book.register("houses"), asks="inside")
    assert shares(book) == {
        "answered: first": pytest.approx(50, abs=0.1),
        "answered: second": pytest.approx(50, abs=0.1),
    }
    assert book.answers("p") == "first"


def test_road_covers_so_many_metres_around_it(book: Rulebook, town: Town) -> None:
    book.asset("streets", "1", town.line("CD"), keeper="roads")
    book.rule("", register=book.register("streets"), asks="nearest", within=20)
    (piece,) = [piece for piece in drawn(book).pieces if piece.kind == ANSWERED]
    assert piece.square_metres == pytest.approx(300 * 40, rel=0.001), (
        "300 m of street, 20 m each way; the ends lie outside"
    )


def test_between_two_roads_the_nearer_one_decides(book: Rulebook, town: Town) -> None:
    book.asset("streets", "1", town.line("AB"), keeper="north")
    book.asset("streets", "2", town.line("CD"), keeper="middle")
    book.rule("", register=book.register("streets"), asks="nearest", within=150)
    found = shares(book)
    assert found["answered: north"] == pytest.approx(25, abs=0.5), "half of the 200 m between them"
    assert found["answered: middle"] == pytest.approx(25 + 37.5, abs=0.5)
    assert found["nobody"] == pytest.approx(12.5, abs=0.5)


def test_chosen_thing_is_no_place_and_answers_only_sometimes(book: Rulebook, town: Town) -> None:
    roads = book.about("roads")
    roads.register = book.register("lamps")
    roads.save()
    book.asset("lamps", "1", town["p"], keeper="light")
    book.rule("", register=book.register("lamps"), asks="this")
    assert shares(book) == {"sometimes": pytest.approx(100)}
    assert open_share(book) == pytest.approx(100), "who chooses nothing"
    book.rule("a")
    assert shares(book) == {"answered: a": pytest.approx(100), "sometimes": pytest.approx(100)}


def test_ended_area_and_closed_organisation_cover_nothing(book: Rulebook) -> None:
    book.area("north", "ABDC", until=date(2025, 1, 1))
    book.rule("a", area="north")
    book.rule("b")
    closed = book.who("b")
    closed.is_active = False
    closed.save()
    assert shares(book) == {"nobody": pytest.approx(100)}


def test_ground_outside_the_community_is_not_counted(book: Rulebook, town: Town) -> None:
    book.area("wide", MultiPolygon(*[town.polygon("ABFE").buffer(0.01)], srid=4326))
    book.rule("a", area="wide")
    assert shares(book) == {"answered: a": pytest.approx(100)}


def test_community_without_a_boundary_is_as_large_as_its_areas(book: Rulebook) -> None:
    book.community.boundary = None
    book.community.save()
    book.area("north", "ABDC")
    book.rule("a")
    coverage = drawn(book)
    assert coverage.ground == pytest.approx(square_metres(as_shape(book.town.area("ABDC"))))
    assert shares(book) == {"answered: a": pytest.approx(100)}


def test_community_without_any_ground_has_an_empty_map(book: Rulebook) -> None:
    book.community.boundary = None
    book.community.save()
    book.rule("a")
    assert drawn(book).pieces == []


def test_division_without_an_area_named_covers_all_its_areas(book: Rulebook) -> None:
    book.area("north", "ABDC", since=LONG_AGO)
    book.rule("a", division=book.division, area="north")
    rule = book.rule("b")
    rule.division = book.division
    rule.save()
    found = drawn(book)
    assert rule.pk not in found.reached, "its only area has a rule of its own"
