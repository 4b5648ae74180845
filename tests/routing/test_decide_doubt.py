"""The doubt: somebody else would answer within thirty metres, on either side of a border. Drawn around p, in metres."""

from typing import Any

import pytest
from django.contrib.gis.geos import Point

from tests.routing.conftest import Rulebook, beside, square, street


def doubt(book: Rulebook, place: str | Point = "p", **question: Any) -> tuple[str, str | None, str | None] | None:
    found = book.decide(place, **question).doubt
    return (found["organisation_name"], found["asset"], found["area"]) if found else None


def test_house_of_another_manager_within_thirty_metres_is_a_doubt(book: Rulebook) -> None:
    book.asset("houses", "h", square(book.town["p"], half=10), "OSBB")
    book.asset("houses", "k", square(beside(book.town["p"], east=35), half=10), "other", name="вул. Нова", number="3")
    book.rule("", register=book.register("houses"), asks="inside")
    assert doubt(book) == ("other", "вул. Нова, 3", None)
    found = book.decide("p").doubt
    assert found is not None
    assert found["metres"] == pytest.approx(25, abs=0.1)
    assert doubt(book, beside(book.town["p"], east=-8)) is None, "33 metres away"


def test_house_of_the_same_manager_is_no_doubt(book: Rulebook) -> None:
    for key, east in [("h", 0), ("k", 35)]:
        book.asset("houses", key, square(beside(book.town["p"], east=east), half=10), "OSBB")
    book.rule("", register=book.register("houses"), asks="inside")
    assert doubt(book) is None


def test_point_in_the_street_doubts_the_house_beside_it(book: Rulebook) -> None:
    book.asset("houses", "h", square(beside(book.town["p"], north=20), half=10), "OSBB")
    book.rule("", register=book.register("houses"), asks="inside")
    book.rule("council")
    assert book.answers("p") == "council"
    assert doubt(book) == ("OSBB", "h", None)


def test_area_of_another_within_thirty_metres_is_a_doubt(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.area("south", "CDFE")
    book.rule("n", area="north")
    book.rule("s", area="south")
    border = Point(book.town["p"].x, book.town["C"].y, srid=4326)
    assert doubt(book, beside(border, north=29)) == ("s", None, "Район south")
    assert doubt(book, beside(border, north=31)) is None


def test_there_is_no_doubt_about_what_the_resident_chose(book: Rulebook) -> None:
    lamp = book.asset("lamps", "1", book.town["p"], "light")
    book.asset("lamps", "2", beside(book.town["p"], east=5), "village")
    lamps = book.register("lamps")
    book.rule("", register=lamps, asks="nearest", within=20)
    assert doubt(book) == ("village", "2", None)
    assert doubt(book, asset=lamp) is None


def test_there_is_no_doubt_about_a_rule_that_could_not_win(book: Rulebook) -> None:
    book.rule("council", priority=5)
    book.asset("houses", "h", square(beside(book.town["p"], north=20), half=10), "OSBB")
    book.rule("", register=book.register("houses"), asks="inside")
    assert doubt(book) is None
    nearest_other = book.decide("p").trace["nearest_other"]
    assert nearest_other["organisation_name"] == "OSBB", "still told, because it is near"


def test_there_is_no_doubt_about_a_rule_of_other_answers(book: Rulebook) -> None:
    book.rule("council")
    book.asset("houses", "h", square(beside(book.town["p"], north=20), half=10), "OSBB")
    book.rule("", register=book.register("houses"), asks="inside", category="roads", answers={"where": ["yard"]})
    assert doubt(book) is None
    assert doubt(book, answers={"where": "yard"}) == ("OSBB", "h", None)


def test_confirmed_doubt_stays_in_the_trace(book: Rulebook) -> None:
    book.asset("houses", "h", square(beside(book.town["p"], north=20), half=10), "OSBB")
    book.rule("", register=book.register("houses"), asks="inside")
    book.rule("council")
    verdict = book.decide("p")
    assert verdict.doubt is not None
    assert verdict.doubt["confirmed"] is False
    confirmed = verdict.confirmed()
    assert confirmed.doubt == verdict.doubt | {"confirmed": True}
    assert verdict.doubt["confirmed"] is False
    assert confirmed.organisation == verdict.organisation


def test_verdict_without_a_doubt_has_nothing_to_confirm(book: Rulebook) -> None:
    book.rule("council")
    verdict = book.decide("p")
    assert verdict.confirmed() == verdict


def test_point_just_inside_an_area_doubts_whoever_answers_around_it(book: Rulebook) -> None:
    """A park in a town: two steps outside it the park is the doubt, two steps inside it the town is."""
    book.area("park", "ABDC")
    book.rule("park", area="park")
    book.rule("town")
    border = Point(book.town["p"].x, book.town["C"].y, srid=4326)
    assert (book.answers(beside(border, north=2)), book.answers(beside(border, north=-2))) == ("park", "town")
    assert doubt(book, beside(border, north=-2)) == ("park", None, "Район park")
    assert doubt(book, beside(border, north=2)) == ("town", None, None)
    assert doubt(book, beside(border, north=31)) is None


def test_point_in_a_house_doubts_whoever_answers_before_its_wall(book: Rulebook) -> None:
    book.asset("houses", "h", square(book.town["p"], half=40), "OSBB")
    book.rule("", register=book.register("houses"), asks="inside")
    book.rule("council")
    assert doubt(book) is None, "40 metres from every wall"
    assert doubt(book, beside(book.town["p"], east=35)) == ("council", None, None)
    found = book.decide(beside(book.town["p"], east=35)).doubt
    assert found is not None
    assert found["metres"] == pytest.approx(5, abs=0.1)


def test_border_to_a_neighbour_of_the_same_organisation_is_no_doubt(book: Rulebook) -> None:
    """Beyond it the neighbour's rule decides, and never the one for the whole town."""
    book.area("north", "ABDC")
    book.area("south", "CDFE")
    book.rule("roads", area="north")
    book.rule("roads", area="south")
    book.rule("town")
    border = Point(book.town["p"].x, book.town["C"].y, srid=4326)
    assert doubt(book, beside(border, north=2)) is None


def test_limit_of_the_nearest_street_is_no_border(book: Rulebook) -> None:
    book.asset("streets", "s", street(book.town["p"], half=300), "keeper")
    book.rule("", register=book.register("streets"), asks="nearest", within=25)
    book.rule("council")
    assert book.answers(beside(book.town["p"], north=20)) == "keeper"
    assert doubt(book, beside(book.town["p"], north=20)) is None


def test_nobody_doubts_a_border_beyond_which_nobody_is_named(book: Rulebook) -> None:
    book.fallback("queue")
    book.area("park", "ABDC")
    book.rule("park", area="park")
    border = Point(book.town["p"].x, book.town["C"].y, srid=4326)
    assert doubt(book, beside(border, north=2)) is None
