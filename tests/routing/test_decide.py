"""Who must answer: every rule of the decision, on drawn towns. p lies in the north, q in the south, o outside."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyproj import Geod

from accounts.models import Organisation
from geodata.models import Community, Division
from routing.judging import MOST_LOST
from routing.responsibility import OutsideCommunityError, decide
from routing.rulesets import new_draft, publish
from tests.conftest import LONG_AGO_NOON, NOW
from tests.grid import grid
from tests.routing.conftest import Rulebook

NORTH, SOUTH = "ABDC", "CDFE"
TODAY = NOW.date()


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def reasons(book: Rulebook, place: str = "p") -> dict[str, str]:
    """Why each lost rule lost, by the name of its organisation."""
    return {rule["organisation_name"]: rule["reason"] for rule in book.decide(place).trace["lost"]}


def test_category_and_area_beat_category_beat_area_beat_any(book: Rulebook) -> None:
    book.area("north", NORTH)
    steps = ["any", "area", "category", "both"]
    book.rule("any")
    book.rule("area", area="north")
    book.rule("category", category="roads")
    book.rule("both", category="roads", area="north")
    handed_back: list[str] = []
    for name in reversed(steps):
        assert book.answers("p", without=handed_back) == name
        handed_back.append(name)
    assert book.answers("p", without=handed_back) is None


def test_priority_beats_precision(book: Rulebook) -> None:
    book.area("north", NORTH)
    book.rule("exact", category="roads", area="north")
    book.rule("loud", priority=1)
    assert book.answers("p") == "loud"
    assert reasons(book) == {"exact": "lower_priority"}


def test_of_equal_rules_the_older_wins(book: Rulebook) -> None:
    book.area("north", NORTH)
    book.area("centre", NORTH)
    book.rule("older", area="centre")
    book.rule("newer", area="north")
    assert book.answers("p") == "older"
    assert reasons(book) == {"newer": "newer"}


def test_rule_of_another_category_is_not_looked_at(book: Rulebook) -> None:
    book.rule("water", category="manholes")
    verdict = book.decide("p", "roads")
    assert verdict.organisation is None
    assert verdict.trace["lost"] == []


def test_rule_without_an_area_covers_the_whole_community(book: Rulebook) -> None:
    book.rule("roads", category="roads")
    assert [book.answers(place) for place in "pq"] == ["roads", "roads"]


def test_rule_of_an_area_ends_with_the_area(book: Rulebook) -> None:
    book.area("north", NORTH)
    book.rule("north", area="north")
    assert [book.answers(place) for place in "pq"] == ["north", None]


def test_point_in_a_hole_is_outside_the_area(book: Rulebook) -> None:
    town = grid(
        "A . . . B",
        ". a . b .",
        ". . h . .",
        ". d . c .",
        "D . . . C",
    )
    book.area("ring", town.area("ABCD", hole="abcd"))
    book.rule("ring", area="ring")
    book.community.boundary = None
    book.community.save()
    assert book.answers(town["h"]) is None
    assert book.answers(town["b"]) == "ring", "the edge of the hole belongs to the area"


def test_without_a_rule_the_fallback_queue_gets_it_and_it_is_marked(book: Rulebook) -> None:
    book.fallback("council")
    verdict = book.decide("p")
    assert verdict.organisation == book.who("council").pk
    assert (verdict.is_fallback, verdict.rule, verdict.trace["matched"]) == (True, None, None)
    assert verdict.trace["fallback"] is True
    assert verdict.trace["organisation_name"] == "council"


def test_fallback_queue_that_works_no_longer_gets_nothing(book: Rulebook) -> None:
    book.fallback("council")
    Organisation.objects.filter(name="council").update(is_active=False)
    verdict = book.decide("p")
    assert (verdict.organisation, verdict.is_fallback) == (None, True)


def test_thing_that_was_accepted_stays_when_the_boundary_is_drawn_anew(book: Rulebook) -> None:
    book.fallback("council")
    book.community.boundary = book.town.area(SOUTH)
    book.community.save()
    with pytest.raises(OutsideCommunityError):
        book.decide("p")
    roads = book.about("roads")
    assert roads
    verdict = decide(book.town["p"], roads, community=book.community, at=NOW, anywhere=True)
    assert verdict.is_fallback


def test_rule_wins_over_the_fallback_queue_and_is_not_marked(book: Rulebook) -> None:
    book.fallback("council")
    rule = book.rule("roads")
    verdict = book.decide("p")
    assert (verdict.rule, verdict.is_fallback) == (rule.pk, False)


def test_organisation_that_works_no_longer_gets_nothing(book: Rulebook) -> None:
    book.rule("closed", category="roads")
    book.rule("works")
    closed = book.who("closed")
    assert closed
    closed.is_active = False
    closed.save()
    assert book.answers("p") == "works"
    assert reasons(book) == {"closed": "organisation_inactive"}


def test_rule_that_is_switched_off_is_not_looked_at(book: Rulebook) -> None:
    book.rule("off", is_active=False)
    book.rule("water", category="manholes")
    verdict = book.decide("p")
    assert verdict.organisation is None
    assert verdict.trace["lost"] == []


def test_who_handed_it_back_is_passed_over_then_the_queue_then_nobody(book: Rulebook) -> None:
    book.fallback("council")
    book.rule("roads", category="roads")
    book.rule("anything")
    assert book.answers("p", without=["roads"]) == "anything"
    assert book.answers("p", without=["roads", "anything"]) == "council"
    assert book.answers("p", without=["roads", "anything", "council"]) is None
    trace = book.decide("p", without=["roads"]).trace
    assert [(rule["organisation_name"], rule["reason"]) for rule in trace["lost"]] == [("roads", "handed_back")]


def test_organisation_of_two_rules_that_handed_it_back_gets_it_by_neither(book: Rulebook) -> None:
    book.rule("roads", category="roads")
    book.rule("roads")
    assert book.answers("p", without=["roads"]) is None


def test_rule_follows_the_code_when_the_boundary_changes(book: Rulebook) -> None:
    change = date(2026, 6, 1)
    book.area("ward", NORTH, until=change)
    book.area("ward", SOUTH, since=change)
    book.rule("keeper", area="ward")

    def held_by(place: str, day: date) -> bool:
        return book.decide(place, at=noon(day)).organisation is not None

    before, after = change - timedelta(days=1), change
    assert (held_by("p", before), held_by("q", before)) == (True, False)
    assert (held_by("p", after), held_by("q", after)) == (False, True)


def test_area_counts_from_its_first_day_until_the_day_before_its_last(book: Rulebook) -> None:
    book.area("ward", NORTH, since=TODAY, until=TODAY + timedelta(days=1))
    book.rule("keeper", area="ward")
    days = [TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1)]
    assert [book.decide("p", at=noon(day)).organisation is not None for day in days] == [False, True, False]


def test_verdict_names_every_area_that_covers_the_point(book: Rulebook, inside: Community) -> None:
    schools = Division.objects.create(community=inside, code="schools", name="Школи")
    north = book.area("north", NORTH)
    school = book.area("school-3", "ABFE", division=schools)
    book.area("south", SOUTH)
    verdict = book.decide("p")
    assert set(verdict.areas) == {north.pk, school.pk}
    assert [(area["division"], area["code"]) for area in verdict.trace["areas"]] == [
        ("districts", "north"),
        ("schools", "school-3"),
    ]


def test_same_code_in_another_division_is_another_area(book: Rulebook, inside: Community) -> None:
    schools = Division.objects.create(community=inside, code="schools", name="Школи")
    book.area("1", NORTH)
    book.area("1", SOUTH, division=schools)
    book.rule("school", area="1", division=schools)
    assert [book.answers(place) for place in "pq"] == [None, "school"]


def test_point_on_a_border_belongs_to_the_older_rule_every_time(book: Rulebook) -> None:
    town = grid("A . B", "C m D", "E . F")
    book.community.boundary = None
    book.community.save()
    book.area("south", town.area(SOUTH))
    book.area("north", town.area(NORTH))
    book.rule("north keeper", area="north")
    book.rule("south keeper", area="south")
    assert {book.answers(town["m"]) for _ in range(5)} == {"north keeper"}
    assert len(book.decide(town["m"]).areas) == 2


def test_point_on_the_border_of_the_community_is_inside(book: Rulebook) -> None:
    book.rule("roads")
    assert book.answers("A") == "roads"


def inside_of(community: Community) -> Point:
    assert community.boundary is not None
    return community.boundary.point_on_surface


def test_point_outside_is_refused_without_a_name_when_it_is_nowhere(book: Rulebook) -> None:
    with pytest.raises(OutsideCommunityError) as refusal:
        book.decide("o")
    assert (refusal.value.slug, refusal.value.name, refusal.value.name_en) == ("", "", "")


def test_point_outside_is_refused_with_the_community_it_is_in(book: Rulebook, elsewhere: Community) -> None:
    with pytest.raises(OutsideCommunityError) as refusal:
        book.decide(inside_of(elsewhere))
    assert (refusal.value.slug, refusal.value.name) == ("sosnivka", "Соснівська громада")


def test_community_without_a_boundary_refuses_no_point(book: Rulebook) -> None:
    book.community.boundary = None
    book.community.save()
    book.rule("roads")
    assert book.answers("o") == "roads"


def test_rules_and_areas_of_another_community_do_not_count(book: Rulebook, elsewhere: Community) -> None:
    from django_scopes import scope

    from geodata.models import Area
    from routing.models import Rule

    with scope(community=elsewhere):
        theirs = Division.objects.create(community=elsewhere, code="districts", name="Райони")
        Area.objects.create(
            community=elsewhere,
            division=theirs,
            code="north",
            name="Північ",
            boundary=book.town.area(NORTH),
            valid_from=date(2020, 1, 1),
        )
        draft = new_draft(community=elsewhere, at=LONG_AGO_NOON)
        given = {"community": elsewhere, "ruleset": draft, "organisation": book.who("stranger")}
        Rule.objects.create(**given)
        Rule.objects.create(division=theirs, area_code="north", priority=9, **given)
        publish(draft, moment=LONG_AGO_NOON, at=LONG_AGO_NOON)
    assert book.answers("p") is None
    assert book.decide("p").areas == ()


@pytest.mark.parametrize("east", [1.0, 17.0, 60.0, 95.0])
def test_nearest_other_owner_is_measured_in_metres_on_the_ellipsoid(book: Rulebook, east: float) -> None:
    book.area("west", NORTH)
    book.rule("everywhere")
    book.rule("west keeper", area="west")
    book.community.boundary = None
    book.community.save()
    edge, level = book.town["B"], book.town["p"]
    lon, lat, _azimuth = Geod(ellps="WGS84").fwd(edge.x, level.y, 90, east)
    nearest = book.decide(Point(lon, lat, srid=4326)).trace["nearest_other"]
    assert nearest["organisation_name"] == "west keeper"
    assert nearest["metres"] == pytest.approx(east, abs=0.5)


def test_owner_more_than_a_hundred_metres_away_is_not_named(book: Rulebook) -> None:
    book.area("west", NORTH)
    book.rule("everywhere")
    book.rule("west keeper", area="west")
    book.community.boundary = None
    book.community.save()
    lon, lat, _azimuth = Geod(ellps="WGS84").fwd(book.town["B"].x, book.town["p"].y, 90, 102)
    trace = book.decide(Point(lon, lat, srid=4326)).trace
    assert (trace["nearest_other"], trace["lost"]) == (None, [])


def test_nearest_owner_is_somebody_else(book: Rulebook) -> None:
    book.area("north", NORTH)
    book.area("south", SOUTH)
    book.rule("one for both", area="north")
    book.rule("one for both", area="south")
    assert book.decide("p").trace["nearest_other"] is None


def test_nearest_owner_is_named_however_many_rules_there_are(book: Rulebook) -> None:
    town = grid("A . . B", "p . . .", "C . . D", "E . . F", "G . . H", cell=20)
    book.community.boundary = None
    book.community.save()
    book.area("near", town.area("CDFE"))
    book.area("far", town.area("EFHG"))
    for number in range(2 * MOST_LOST):
        book.rule(f"inside {number}", category="roads", priority=number)
        book.rule(f"far {number}", area="far", priority=100 + number)
    book.rule("near keeper", area="near")
    trace = book.decide(town["p"]).trace
    assert trace["matched"]["organisation_name"] == f"inside {2 * MOST_LOST - 1}"
    assert trace["nearest_other"]["organisation_name"] == "near keeper"
    assert trace["nearest_other"]["metres"] == pytest.approx(20, abs=0.5)
    assert len(trace["lost"]) <= 2 * MOST_LOST + 2


def test_trace_lists_the_rules_that_lost_and_why(book: Rulebook) -> None:
    book.area("north", NORTH)
    book.area("south", SOUTH)
    book.rule("winner", category="roads", area="north", priority=1)
    book.rule("lower", category="roads", area="north")
    book.rule("less precise", category="roads", priority=1)
    book.rule("next door", area="south", priority=5)
    closed = book.rule("closed", priority=7).organisation
    assert closed
    closed.is_active = False
    closed.save()
    town_edge = book.town["p"]
    trace = book.decide(town_edge).trace
    lost = {rule["organisation_name"]: (rule["reason"], rule["metres"]) for rule in trace["lost"]}
    assert trace["matched"]["organisation_name"] == "winner"
    assert lost == {
        "lower": ("lower_priority", 0),
        "less precise": ("less_precise", 0),
        "closed": ("organisation_inactive", 0),
        "next door": ("outside_area", pytest.approx(100, abs=0.5)),
    }


def test_decision_is_one_query_and_the_same_twice(book: Rulebook) -> None:
    book.area("north", NORTH)
    book.fallback("council")
    book.rule("roads", category="roads", area="north")
    book.about("roads")
    book.publish()
    with CaptureQueriesContext(connection) as queries:
        first = book.decide("p")
    asked = [query for query in queries if "routing_decide(" in query["sql"]]
    assert len(asked) == 1
    assert len(queries) == 2, "the category that this test looks up, and the decision"
    assert book.decide("p") == first


def test_trace_is_json_and_holds_no_prose(book: Rulebook) -> None:
    book.area("north", NORTH)
    book.area("south", SOUTH)
    book.rule("roads", category="roads", area="north")
    book.rule("lost", area="south")
    trace = book.decide("p").trace
    assert json.loads(json.dumps(trace)) == trace
    names = {"organisation_name", "area", "name"}
    words = {value for key, value in leaves(trace) if isinstance(value, str) and key not in names}
    lineages = {value for key, value in leaves(trace) if key == "lineage"}
    codes = {"roads", "districts", "north", "south", "responsible", "outside_area", ""}
    assert words == {"2026-11-19", "2026-11-19T08:00:00+00:00"} | codes | lineages


def leaves(value: object, key: str = "") -> list[tuple[str, object]]:
    """(name, value) of everything that is neither a list nor an object."""
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in leaves(inner, name)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner, key)]
    return [(key, value)]
