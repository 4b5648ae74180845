"""What a rule asks besides its place: answers, days, hours, dates; roles; and which set of rules is asked."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from geodata.models import Division
from routing.judging import Case, Found, judge
from routing.models import RuleSet
from routing.responsibility import Verdict, decide
from routing.rulesets import discard, new_draft, publish
from tests.conftest import LONG_AGO_NOON, NOW
from tests.routing.conftest import Rulebook

KYIV = ZoneInfo("Europe/Kyiv")


def holds(book: Rulebook, at: datetime, **question: Any) -> bool:
    """Whether the only rule answers at that moment."""
    return book.decide("p", at=at, **question).organisation is not None


def kyiv(*moment: int, fold: int = 0) -> datetime:
    return datetime(*moment, tzinfo=KYIV, fold=fold)  # type: ignore[arg-type,misc]


def names(book: Rulebook, verdict: Verdict) -> list[str]:
    by_id = {organisation.pk: name for name, organisation in book.known.items()}
    return [by_id[organisation] for organisation in verdict.informed]


def test_any_area_of_a_division_holds_in_each_of_them(book: Rulebook) -> None:
    book.area("north", "ABDC")
    schools = Division.objects.create(community=book.community, code="schools", name="Школи")
    book.area("school-1", "CDFE", division=schools)
    book.rule("districts", any_area=True)
    assert [book.answers(place) for place in "pq"] == ["districts", None]
    assert book.decide("p").trace["matched"]["area"] == "Район north"


def test_named_area_is_more_precise_than_any_area(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.rule("any", any_area=True)
    book.rule("north", area="north")
    assert book.answers("p") == "north"
    assert book.answers("p", without=["north"]) == "any"


def test_rule_asks_for_one_of_some_answers(book: Rulebook) -> None:
    book.rule("manager", category="roads", answers={"where": ["yard", "roof"]})
    given = {"yard": True, "roof": True, "street": False}
    assert {answer: holds(book, NOW, answers={"where": answer}) for answer in given} == given
    assert not holds(book, NOW), "nothing was answered"


def test_rule_of_two_questions_asks_for_both(book: Rulebook) -> None:
    book.rule("manager", category="roads", answers={"where": ["yard"], "danger": ["yes"]})
    assert holds(book, NOW, answers={"where": "yard", "danger": "yes", "colour": "red"})
    assert not holds(book, NOW, answers={"where": "yard", "danger": "no"})
    assert not holds(book, NOW, answers={"where": "yard"})
    trace = book.decide("p", answers={"where": "yard"}).trace
    assert [rule["reason"] for rule in trace["lost"]] == ["answers"]
    assert trace["answers"] == {"where": "yard"}


def test_rule_with_answers_is_more_precise(book: Rulebook) -> None:
    book.rule("council", category="roads")
    book.rule("manager", category="roads", answers={"where": ["yard"]})
    assert book.decide("p", answers={"where": "yard"}).organisation == book.who("manager").pk
    assert book.decide("p", answers={"where": "street"}).organisation == book.who("council").pk


def test_days_of_the_week_are_those_of_the_community(book: Rulebook) -> None:
    book.rule("weekend", weekdays=[6, 7])
    assert not holds(book, kyiv(2026, 11, 20, 23, 59))
    assert holds(book, kyiv(2026, 11, 21, 0, 0)), "Saturday in Kyiv, still Friday in Greenwich"
    assert holds(book, kyiv(2026, 11, 22, 23, 59))
    assert not holds(book, kyiv(2026, 11, 23, 0, 0))


@pytest.mark.parametrize(
    ("clock", "expected"),
    [((7, 59, 59), False), ((8, 0), True), ((16, 59, 59), True), ((17, 0), False), ((0, 0), False)],
)
def test_hours_begin_at_the_first_and_end_before_the_last(
    book: Rulebook, clock: tuple[int, ...], expected: bool
) -> None:
    book.rule("day shift", hours_from=time(8), hours_to=time(17))
    assert holds(book, kyiv(2026, 11, 19, *clock)) is expected


@pytest.mark.parametrize(
    ("clock", "expected"),
    [((21, 59, 59), False), ((22, 0), True), ((23, 59), True), ((0, 0), True), ((5, 59, 59), True), ((6, 0), False)],
)
def test_hours_may_go_over_midnight(book: Rulebook, clock: tuple[int, ...], expected: bool) -> None:
    book.rule("night shift", hours_from=time(22), hours_to=time(6))
    assert holds(book, kyiv(2026, 11, 19, *clock)) is expected


def test_hours_until_midnight_end_with_the_day(book: Rulebook) -> None:
    book.rule("evening", hours_from=time(18), hours_to=time(0))
    assert holds(book, kyiv(2026, 11, 19, 23, 59, 59))
    assert not holds(book, kyiv(2026, 11, 20, 0, 0))


def test_weekday_of_a_night_is_that_of_its_clock(book: Rulebook) -> None:
    """Friday 22–6: the hours after midnight belong to Friday's own morning, as they stand on the calendar."""
    book.rule("friday night", weekdays=[5], hours_from=time(22), hours_to=time(6))
    assert holds(book, kyiv(2026, 11, 20, 23, 0))
    assert holds(book, kyiv(2026, 11, 20, 5, 0))
    assert not holds(book, kyiv(2026, 11, 21, 5, 0))


def test_clock_that_jumps_in_spring_skips_its_hours(book: Rulebook) -> None:
    """29 March 2026: after 2:59 comes 4:00 in Kyiv."""
    book.rule("three", hours_from=time(3), hours_to=time(4))
    before = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
    assert not holds(book, before), "2:59:59"
    assert not holds(book, before + timedelta(seconds=1)), "4:00"


def test_hour_that_comes_twice_in_autumn_holds_twice(book: Rulebook) -> None:
    """25 October 2026: 3:00 to 3:59 comes twice in Kyiv."""
    book.rule("three", hours_from=time(3), hours_to=time(4))
    assert holds(book, kyiv(2026, 10, 25, 3, 30))
    assert holds(book, kyiv(2026, 10, 25, 3, 30, fold=1))
    assert not holds(book, datetime(2026, 10, 25, 2, 0, tzinfo=UTC)), "4:00"


def test_hours_are_those_of_the_community_wherever_the_server_is(book: Rulebook) -> None:
    book.rule("day shift", hours_from=time(8), hours_to=time(17))
    book.community.time_zone = "America/New_York"
    book.community.save()
    assert not holds(book, kyiv(2026, 11, 19, 10, 0)), "three in the morning in New York"
    assert holds(book, kyiv(2026, 11, 19, 20, 0))


def test_dates_hold_from_the_first_until_the_day_before_the_last(book: Rulebook) -> None:
    book.rule("winter", valid_from=date(2026, 11, 19), valid_to=date(2026, 11, 21))
    days = {18: False, 19: True, 20: True, 21: False}
    assert {day: holds(book, kyiv(2026, 11, day, 0, 0)) for day in days} == days
    assert {day: holds(book, kyiv(2026, 11, day, 23, 59)) for day in days} == days


@pytest.mark.parametrize("bound", [{"valid_from": date(2027, 1, 1)}, {"valid_to": date(2026, 1, 1)}])
def test_date_may_be_open_on_one_side(book: Rulebook, bound: dict[str, Any]) -> None:
    book.rule("half", **bound)
    assert holds(book, kyiv(2027, 6, 1, 12, 0)) is ("valid_from" in bound)
    assert holds(book, kyiv(2025, 6, 1, 12, 0)) is ("valid_to" in bound)


def test_trace_says_what_did_not_fit(book: Rulebook) -> None:
    book.rule("hours", hours_from=time(1), hours_to=time(2))
    book.rule("dates", valid_to=date(2026, 1, 1))
    book.rule("days", weekdays=[1])
    lost = book.decide("p").trace["lost"]
    assert {rule["organisation_name"]: rule["reason"] for rule in lost} == {
        "hours": "hours", "dates": "dates", "days": "hours",
    }  # fmt: skip


def test_informed_organisations_hear_of_it_and_never_answer(book: Rulebook) -> None:
    book.rule("roads")
    book.rule("police", role="informed", priority=9)
    book.rule("mayor", role="informed")
    verdict = book.decide("p")
    assert verdict.organisation == book.who("roads").pk
    assert names(book, verdict) == ["police", "mayor"]
    assert [rule["organisation_name"] for rule in verdict.trace["informed"]] == ["police", "mayor"]
    assert verdict.trace["lost"] == []


def test_nobody_answers_only_because_somebody_is_informed(book: Rulebook) -> None:
    book.fallback("council")
    book.rule("police", role="informed")
    verdict = book.decide("p")
    assert (verdict.organisation, verdict.is_fallback) == (book.who("council").pk, True)
    assert names(book, verdict) == ["police"]


def test_informed_organisation_hears_once_and_not_when_it_answers(book: Rulebook) -> None:
    book.rule("roads")
    book.rule("roads", role="informed")
    book.rule("police", role="informed", priority=1)
    book.rule("police", role="informed")
    verdict = book.decide("p")
    assert names(book, verdict) == ["police"]
    lost = {(rule["organisation_name"], rule["reason"]) for rule in verdict.trace["lost"]}
    assert lost == {("roads", "already_told"), ("police", "already_told")}


def test_informed_organisation_that_handed_it_back_or_closed_hears_nothing(book: Rulebook) -> None:
    book.rule("roads")
    book.rule("police", role="informed")
    book.rule("closed", role="informed")
    closed = book.who("closed")
    closed.is_active = False
    closed.save()
    assert names(book, book.decide("p", without=["police"])) == []


def test_informed_rule_has_conditions_too(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.rule("police", role="informed", area="north", weekdays=[4])
    assert [names(book, book.decide(place)) for place in "pq"] == [["police"], []]
    assert names(book, book.decide("p", at=NOW + timedelta(days=1))) == []


def test_precision_counts_category_register_area_division_answers_then_times(book: Rulebook) -> None:
    """Each alone is worth more than all the later ones together."""
    plain: dict[str, Any] = {
        "role": "responsible", "category_id": None, "register": None, "register_id": None, "asks": "", "within": None,
        "area_code": "", "division_id": None, "answers": {}, "weekdays": [], "hours_from": None, "hours_to": None,
        "valid_from": None, "valid_to": None, "priority": 0, "organisation": 1,
    }  # fmt: skip
    steps: list[dict[str, Any]] = [
        {"category_id": 1},
        {"register": "r", "register_id": 1, "asks": "this"},
        {"area_code": "a"},
        {"division_id": 1},
        {"answers": {"q": ["a"]}},
        {"weekdays": [NOW.isoweekday()]},
    ]
    document: dict[str, Any] = {
        "inside": True, "elsewhere": None, "fallback": None, "ruleset": 1, "assets": None,
        "areas": [{"id": 1, "division_id": 1, "division": "d", "code": "a", "name": "A", "covers": True, "metres": 50}],
        "chosen": {"register_id": 1, "id": 1, "key": "k", "name": "", "number": "", "organisation": 1},
        "owners": [{"id": 1, "name": "o", "edrpou": None, "is_active": True}],
    }  # fmt: skip
    case = Case(category="c", answers={"q": "a"}, moment=NOW, on=NOW.date())
    for number, step in enumerate(steps):
        weaker: dict[str, Any] = {}
        for later in steps[number + 1 :]:
            weaker |= later
        rules = [plain | weaker | {"rule": 1}, plain | step | {"rule": 2}]
        assert judge(Found.of(document | {"rules": rules}), case)[0]["rule"] == 2, step


def test_set_of_that_moment_decides_with_the_places_of_another(book: Rulebook) -> None:
    """`rules_at`: what would today's rules say of a report of last year?"""
    first = _published(book, "before", LONG_AGO_NOON)
    second = _published(book, "after", NOW)
    yesterday = NOW - timedelta(days=1)
    assert book.decide("p", at=yesterday).ruleset == first.pk
    assert book.decide("p", at=NOW).ruleset == second.pk
    roads = book.about("roads")
    verdict = decide(book.town["p"], roads, community=book.community, at=yesterday, rules_at=NOW)
    assert (verdict.ruleset, verdict.organisation) == (second.pk, book.who("after").pk)
    assert verdict.trace["at"] == yesterday.isoformat()


def test_what_happened_before_all_sets_is_decided_by_the_first(book: Rulebook) -> None:
    first = _published(book, "before", NOW)
    _published(book, "after", NOW + timedelta(days=1))
    assert book.decide("p", at=NOW - timedelta(days=900)).ruleset == first.pk


def test_set_that_waits_for_its_moment_decides_nothing_before(book: Rulebook) -> None:
    first = _published(book, "now", LONG_AGO_NOON)
    later = NOW + timedelta(hours=1)
    second = _published(book, "later", later)
    assert book.decide("p", at=later - timedelta(microseconds=1)).ruleset == first.pk
    assert book.decide("p", at=later).ruleset == second.pk


def test_draft_is_asked_only_when_it_is_named(book: Rulebook) -> None:
    first = _published(book, "now", LONG_AGO_NOON)
    draft = new_draft(community=book.community, at=NOW)
    draft.rules.create(community=book.community, organisation=book.who("draft"))
    assert book.decide("p").ruleset == first.pk
    roads = book.about("roads")
    verdict = decide(book.town["p"], roads, community=book.community, at=NOW, ruleset=draft)
    assert (verdict.ruleset, verdict.organisation) == (draft.pk, book.who("draft").pk)
    discard(draft, at=NOW)
    assert book.decide("p").ruleset == first.pk


def test_community_without_any_set_has_its_queue(book: Rulebook) -> None:
    book.fallback("council")
    verdict = book.decide("p")
    assert (verdict.ruleset, verdict.organisation, verdict.is_fallback) == (None, book.who("council").pk, True)


def _published(book: Rulebook, organisation: str, moment: datetime) -> RuleSet:
    """A set with one rule for everything."""
    draft = new_draft(community=book.community, at=LONG_AGO_NOON)
    draft.rules.create(community=book.community, organisation=book.who(organisation))
    return publish(draft, moment=moment, at=LONG_AGO_NOON)
