"""Rules that ask a register: inside a house, the nearest street or lamp, the thing that was chosen. Registers are drawn
around p, in metres."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import Point, Polygon
from django_scopes import scope

from accounts.models import Organisation
from geodata.models import Community
from routing.models import Asset, Category, Register
from routing.rulesets import new_draft, publish
from tests.conftest import LONG_AGO, LONG_AGO_NOON, NOW
from tests.routing.conftest import Rulebook, beside, square, street

YESTERDAY = NOW - timedelta(days=1)


def inside(book: Rulebook, organisation: str = "", **more: Any) -> None:
    book.rule(organisation, register=book.register("houses"), asks="inside", **more)


def nearest(book: Rulebook, register: str, within: int, organisation: str = "", **more: Any) -> None:
    book.rule(organisation, register=book.register(register), asks="nearest", within=within, **more)


def chosen(book: Rulebook, organisation: str = "", **more: Any) -> None:
    book.rule(organisation, register=book.register("lamps"), asks="this", **more)


def lost(book: Rulebook, place: str | Point = "p", **question: Any) -> list[tuple[str | None, str]]:
    trace = book.decide(place, **question).trace
    return [(rule["organisation_name"], rule["reason"]) for rule in trace["lost"]]


def test_point_inside_a_house_is_its_managers(book: Rulebook) -> None:
    house = book.asset("houses", "h", square(book.town["p"], half=10), "OSBB", name="вул. Соборна", number="12")
    book.asset("houses", "other", square(book.town["q"], half=10), "another")
    inside(book)
    matched = book.decide("p").trace["matched"]
    assert matched["organisation_name"] == "OSBB"
    assert matched["asset"] == {"id": house.pk, "key": "h", "name": "вул. Соборна", "number": "12", "metres": 0}
    assert (matched["register"], matched["asks"]) == ("houses", "inside")


def test_corner_and_wall_of_a_house_belong_to_it_and_its_yard_does_not(book: Rulebook) -> None:
    middle = book.town["p"]
    outer, yard = square(middle, half=20), square(middle, half=8)
    book.asset("houses", "h", Polygon(outer[0], yard[0], srid=4326), "OSBB")
    inside(book)
    west, south, east, north = outer.extent
    on_it = [
        Point(west, south, srid=4326),
        Point(east, (south + north) / 2, srid=4326),
        Point(yard[0][0][0], yard[0][0][1], srid=4326),
    ]
    assert [book.answers(point) for point in on_it] == ["OSBB"] * 3
    assert book.answers(middle) is None


def test_point_beside_a_house_is_not_in_it(book: Rulebook) -> None:
    book.asset("houses", "h", square(book.town["p"], half=10), "OSBB")
    inside(book)
    book.rule("council")
    assert book.answers(beside(book.town["p"], east=11)) == "council"
    assert lost(book, beside(book.town["p"], east=11)) == [(None, "no_asset")]


def test_of_two_houses_over_each_other_the_first_key_answers_every_time(book: Rulebook) -> None:
    book.asset("houses", "b", square(book.town["p"], half=10), "second")
    book.asset("houses", "a", square(book.town["p"], half=20), "first")
    inside(book)
    assert {book.answers("p") for _ in range(3)} == {"first"}


@pytest.mark.parametrize(("away", "answers"), [(0, "keeper"), (24, "keeper"), (25.5, None), (80, None)])
def test_nearest_street_answers_within_its_metres(book: Rulebook, away: float, answers: str | None) -> None:
    book.asset("streets", "s", street(book.town["p"], half=300), "keeper")
    nearest(book, "streets", 25)
    assert book.answers(beside(book.town["p"], north=away)) == answers


def test_of_two_streets_the_nearer_answers(book: Rulebook) -> None:
    book.asset("streets", "a", street(book.town["p"], half=300), "north")
    book.asset("streets", "b", street(beside(book.town["p"], north=-60), half=300), "south")
    nearest(book, "streets", 50)
    assert book.answers(beside(book.town["p"], north=-29)) == "north"
    assert book.answers(beside(book.town["p"], north=-31)) == "south"
    assert book.decide(beside(book.town["p"], north=-29)).trace["matched"]["asset"]["metres"] == pytest.approx(29, 0.01)


def test_streets_that_cross_at_the_point_are_told_apart_by_their_key(book: Rulebook) -> None:
    corner = book.town["p"]
    for key, shape in [("b", square(corner, half=0.2)), ("a", street(corner, half=90)), ("c", corner)]:
        book.asset("streets", key, shape, f"keeper {key}")
    nearest(book, "streets", 25)
    assert book.answers("p") == "keeper a"


def test_point_as_far_from_two_lamps_goes_to_the_first_key(book: Rulebook) -> None:
    book.asset("lamps", "2", beside(book.town["p"], east=10), "second")
    book.asset("lamps", "1", beside(book.town["p"], east=-10), "first")
    nearest(book, "lamps", 15)
    assert book.answers("p") == "first"


def test_register_says_whether_and_the_rule_says_who(book: Rulebook) -> None:
    """A rule may name the organisation itself: all that is near a heat pipe is the heat company's."""
    book.asset("pipes", "1", street(book.town["p"], half=100))
    nearest(book, "pipes", 10, "heat")
    assert book.answers("p") == "heat"
    assert book.answers(beside(book.town["p"], north=20)) is None
    assert book.decide("p").trace["matched"]["asset"]["key"] == "1"


def test_thing_that_was_chosen_is_its_keepers_wherever_the_point_is(book: Rulebook) -> None:
    lamp = book.asset("lamps", "17", book.town["q"], "light", number="17")
    chosen(book)
    book.rule("council")
    assert book.decide("p", asset=lamp).organisation == book.who("light").pk
    assert book.decide("p", asset=lamp).trace["asset"] == lamp.pk
    assert book.answers("p") == "council"
    assert lost(book) == [(None, "no_asset")]


def test_chosen_thing_of_another_register_does_not_count(book: Rulebook) -> None:
    house = book.asset("houses", "h", square(book.town["p"], half=10), "OSBB")
    book.register("lamps")
    chosen(book)
    assert book.decide("p", asset=house).organisation is None


def test_house_that_the_resident_chose_is_meant_wherever_the_point_lies(book: Rulebook) -> None:
    house = book.asset("houses", "h", square(book.town["q"], half=10), "OSBB")
    book.asset("houses", "under the pin", square(book.town["p"], half=10), "neighbours")
    inside(book)
    verdict = book.decide("p", asset=house)
    assert (verdict.organisation, verdict.trace["matched"]["asset"]["id"]) == (book.who("OSBB").pk, house.pk)
    assert verdict.doubt is None


def test_thing_chosen_from_another_register_moves_nothing(book: Rulebook) -> None:
    lamp = book.asset("lamps", "1", book.town["q"], "light")
    book.asset("houses", "h", square(book.town["p"], half=10), "OSBB")
    inside(book)
    assert book.decide("p", asset=lamp).organisation == book.who("OSBB").pk


def test_thing_without_a_keeper_answers_nothing_and_the_trace_says_so(book: Rulebook) -> None:
    book.asset("houses", "h", square(book.town["p"], half=10))
    inside(book)
    book.rule("council")
    assert book.answers("p") == "council"
    assert lost(book) == [(None, "no_keeper")]


def test_keeper_that_works_no_longer_or_handed_it_back_is_passed_over(book: Rulebook) -> None:
    book.asset("houses", "h", square(book.town["p"], half=10), "OSBB")
    inside(book)
    book.rule("council")
    assert book.answers("p", without=["OSBB"]) == "council"
    assert lost(book, without=["OSBB"]) == [("OSBB", "handed_back")]
    Organisation.objects.filter(name="OSBB").update(is_active=False)
    assert book.answers("p") == "council"
    assert lost(book) == [("OSBB", "organisation_inactive")]


def test_register_of_another_community_is_never_asked(book: Rulebook, elsewhere: Community) -> None:
    with scope(community=elsewhere):
        theirs = Register.objects.create(community=elsewhere, code="houses", name="Theirs")
        stranger = Organisation.objects.create(name="stranger")
        Asset.objects.create(
            community=elsewhere,
            register=theirs,
            key="h",
            geometry=square(book.town["p"], half=10),
            keeper=stranger,
            valid_from=LONG_AGO,
        )
        category = Category.objects.create(community=elsewhere, code="roads", name="Roads")
        draft = new_draft(community=elsewhere, at=LONG_AGO_NOON)
        draft.rules.create(community=elsewhere, category=category, register=theirs, asks="inside")
        publish(draft, moment=LONG_AGO_NOON, at=LONG_AGO_NOON)
    book.register("houses")
    inside(book)
    verdict = book.decide("p")
    assert (verdict.organisation, verdict.trace["nearest_other"]) == (None, None)


def test_version_of_the_day_answers(book: Rulebook) -> None:
    house = book.asset("houses", "h", square(book.town["p"], half=10), "before")
    house.valid_to = NOW.date()
    house.save()
    book.asset("houses", "h", square(book.town["p"], half=10), "after", since=NOW.date())
    inside(book)
    assert book.decide("p", at=NOW).organisation == book.who("after").pk
    assert book.decide("p", at=YESTERDAY).organisation == book.who("before").pk


def test_chosen_thing_that_begins_later_does_not_count(book: Rulebook) -> None:
    lamp = book.asset("lamps", "1", book.town["p"], "light", since=NOW.date())
    chosen(book)
    assert book.decide("p", asset=lamp, at=YESTERDAY).organisation is None


def test_chosen_thing_whose_keeper_was_corrected_that_day_is_its_new_keepers(book: Rulebook) -> None:
    """The register came anew at noon; the report of the morning goes to whoever keeps the lamp on that day."""
    before = book.asset("lamps", "1", book.town["p"], "light", valid_to=NOW.date())
    after = book.asset("lamps", "1", book.town["p"], "new light", since=NOW.date())
    chosen(book)
    verdict = book.decide("p", asset=before)
    assert (verdict.organisation, verdict.trace["matched"]["asset"]["id"]) == (book.who("new light").pk, after.pk)
    assert book.decide("p", asset=before, at=YESTERDAY).organisation == book.who("light").pk


def test_chosen_thing_that_the_register_dropped_that_day_still_has_its_keeper(book: Rulebook) -> None:
    lamp = book.asset("lamps", "1", book.town["p"], "light", valid_to=NOW.date())
    chosen(book)
    assert book.decide("p", asset=lamp).organisation == book.who("light").pk


def test_rule_with_a_register_is_more_precise_than_one_with_an_area(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.rule("district", area="north", category="roads")
    book.asset("houses", "h", square(book.town["p"], half=10), "OSBB")
    inside(book, category="roads")
    assert book.answers("p") == "OSBB"
    assert lost(book) == [("district", "less_precise")]


def test_register_is_asked_only_in_the_area_of_the_rule(book: Rulebook) -> None:
    book.area("north", "ABDC")
    for place in "pq":
        book.asset("houses", place, square(book.town[place], half=10), f"OSBB {place}")
    inside(book, area="north")
    assert [book.answers(place) for place in "pq"] == ["OSBB p", None]
