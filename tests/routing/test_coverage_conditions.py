"""The coverage map of rules that ask for hours, days, dates or answers, and what stands in whose way."""

from datetime import date, time
from typing import Any

import pytest

from routing.models import Question
from tests.grid import Town
from tests.routing.conftest import Rulebook
from tests.routing.test_coverage import drawn, open_share, shares


def question(book: Rulebook, *, is_required: bool = True, category: str = "roads") -> None:
    """“Where?” — in the yard, on the roof, on the road."""
    options = [{"code": code, "text": code} for code in ("yard", "roof", "road")]
    Question.objects.create(
        community=book.community, category=book.about(category), code="where", text="Де?", options=options,
        is_required=is_required,
    )  # fmt: skip


def test_where_rules_answer_only_at_some_hours_it_depends_and_is_never_nobodys(book: Rulebook) -> None:
    evenings = book.rule("a", hours_from=time(18), hours_to=time(8))
    assert shares(book) == {"sometimes: a": pytest.approx(100)}
    assert open_share(book) == pytest.approx(100)
    assert evenings.pk in drawn(book).reached


def test_contract_that_ends_later_answers_today(book: Rulebook) -> None:
    book.rule("a", valid_from=date(2026, 1, 1), valid_to=date(2028, 1, 1))
    assert shares(book) == {"answered: a": pytest.approx(100)}
    assert open_share(book) == 0


def test_rule_that_begins_later_leaves_today_to_nobody(book: Rulebook) -> None:
    later = book.rule("a", valid_from=date(2027, 1, 1))
    assert shares(book) == {"nobody": pytest.approx(100), "sometimes: a": pytest.approx(100)}
    assert later.pk in drawn(book).reached


def test_day_and_night_together_leave_no_gap(book: Rulebook) -> None:
    book.rule("a", hours_from=time(8), hours_to=time(20))
    book.rule("b", hours_from=time(20), hours_to=time(8))
    assert shares(book) == {"sometimes: a": pytest.approx(100), "sometimes: b": pytest.approx(100)}
    assert open_share(book) == 0


def test_one_organisation_by_day_and_by_night_answers_always(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.rule("a", hours_from=time(8), hours_to=time(20))
    book.rule("a", hours_from=time(20), hours_to=time(8))
    book.rule("b", area="north", weekdays=[6, 7])
    assert shares(book) == {
        "answered: a": pytest.approx(50, abs=0.1),
        "sometimes: a": pytest.approx(50, abs=0.1),
        "sometimes: b": pytest.approx(50, abs=0.1),
    }


def test_working_days_and_the_weekend_by_day_leave_the_nights_of_the_weekend_open(book: Rulebook) -> None:
    book.rule("a", weekdays=[1, 2, 3, 4, 5])
    book.rule("b", weekdays=[6, 7], hours_from=time(8), hours_to=time(20))
    assert open_share(book) == pytest.approx(100)


@pytest.mark.parametrize(("is_required", "left"), [(True, 0), (False, 100)])
def test_rules_for_all_answers_of_a_question_leave_no_gap_when_it_must_be_answered(
    book: Rulebook, is_required: bool, left: float
) -> None:
    question(book, is_required=is_required)
    book.rule("a", category="roads", answers={"where": ["yard", "roof"]})
    book.rule("b", category="roads", answers={"where": ["road"]})
    assert {kind.split(":")[0] for kind in shares(book)} == {"sometimes"}
    assert open_share(book) == pytest.approx(left)


def test_thing_is_chosen_only_where_the_category_asks_for_it(book: Rulebook, town: Town) -> None:
    lamps = book.about("lamps")
    lamps.register = book.register("lamps")
    lamps.save()
    book.asset("lamps", "1", town["p"], keeper="light")
    book.rule("", register=book.register("lamps"), asks="this")
    assert shares(book, "lamps") == {"sometimes": pytest.approx(100)}
    assert shares(book, "roads") == {"nobody": pytest.approx(100)}, "its residents choose no lamp"


# Conditions against conditions --------------------------------------------------------------------------------------


def pairs(book: Rulebook) -> list[tuple[int, int]]:
    return [(contest.one.pk, contest.other.pk) for contest in drawn(book).contests]


def test_rule_of_some_hours_stands_against_an_equal_one_for_all_hours(book: Rulebook) -> None:
    older = book.rule("a", valid_from=date(2020, 1, 1))  # lasts: the same precision as a rule with hours
    newer = book.rule("b", weekdays=[6, 7])
    assert pairs(book) == [(older.pk, newer.pk)]
    assert newer.pk not in drawn(book).reached, "the older one decides on every day"
    assert shares(book) == {"answered: a": pytest.approx(100)}


def test_older_rule_of_some_hours_stands_against_an_equal_one_for_all_hours(book: Rulebook) -> None:
    older = book.rule("a", weekdays=[6, 7])
    newer = book.rule("b", valid_from=date(2020, 1, 1))
    assert pairs(book) == [(older.pk, newer.pk)]
    assert drawn(book).reached == {older.pk, newer.pk}
    assert shares(book) == {"answered: b": pytest.approx(100), "sometimes: a": pytest.approx(100)}


def test_equal_rule_of_the_same_organisation_is_no_contradiction_and_is_never_reached(book: Rulebook) -> None:
    older = book.rule("a", valid_from=date(2020, 1, 1))
    book.rule("a", weekdays=[6, 7])
    assert drawn(book).contests == []
    assert drawn(book).reached == {older.pk}


@pytest.mark.parametrize(
    ("stronger", "weaker", "is_reached"),
    [
        ({"weekdays": [6, 7]}, {"weekdays": [6, 7]}, False),
        ({"weekdays": [6, 7]}, {"weekdays": [7]}, False),
        ({"weekdays": [7]}, {"weekdays": [6, 7]}, True),
        ({"answers": {"where": ["yard", "roof"]}}, {"answers": {"where": ["yard"]}}, False),
        ({"answers": {"where": ["yard"]}}, {"answers": {"where": ["yard", "roof"]}}, True),
        ({"answers": {"where": ["yard", "roof", "road"]}}, {"weekdays": [1]}, False),
        ({"hours_from": time(22), "hours_to": time(6)}, {"hours_from": time(1), "hours_to": time(5)}, False),
        ({"hours_from": time(1), "hours_to": time(5)}, {"hours_from": time(22), "hours_to": time(6)}, True),
        ({"valid_to": date(2028, 1, 1)}, {}, True),
        ({"valid_to": date(2028, 1, 1)}, {"valid_to": date(2027, 1, 1)}, False),
        ({"valid_from": date(2026, 11, 1)}, {"valid_from": date(2026, 1, 1)}, False),
        ({"weekdays": [6], "valid_to": date(2028, 1, 1)}, {"weekdays": [6]}, True),
    ],
)
def test_rule_is_never_reached_when_a_stronger_one_holds_in_all_its_cases(
    book: Rulebook, stronger: dict[str, Any], weaker: dict[str, Any], is_reached: bool
) -> None:
    question(book)
    book.rule("a", category="roads", priority=5, **stronger)
    rule = book.rule("b", category="roads", **weaker)
    assert (rule.pk in drawn(book).reached) is is_reached


def test_rule_is_never_reached_when_several_hold_in_all_its_cases(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.area("south", "CDFE")
    for area in ("north", "south"):
        book.rule("a", area=area, priority=1, weekdays=[1, 2, 3, 4, 5])
        book.rule("b", area=area, priority=1, weekdays=[6, 7])
    never = book.rule("c")
    assert never.pk not in drawn(book).reached


def test_rule_with_one_hour_left_in_one_area_is_reached(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.area("south", "CDFE")
    book.rule("a", area="south", priority=1)
    book.rule("a", area="north", priority=1, hours_from=time(1), hours_to=time(0))
    hour = book.rule("b")
    assert hour.pk in drawn(book).reached
    assert shares(book)["answered: b"] == pytest.approx(50, abs=0.1)


@pytest.mark.parametrize(
    "dead",
    [
        {"valid_to": date(2026, 1, 1)},
        {"answers": {"where": ["gone"]}},
        {"answers": {"what": ["hole"]}},
        {"register": "lamps", "asks": "this"},
    ],
)
def test_rule_that_never_holds_is_neither_painted_nor_in_the_way(
    book: Rulebook, town: Town, dead: dict[str, Any]
) -> None:
    question(book)
    book.asset("lamps", "1", town["p"], keeper="light")
    given = {**dead, "register": book.register("lamps")} if "register" in dead else dead
    book.rule("a", category="roads", priority=5, **given)
    book.rule("b", category="roads", **given)
    book.rule("c", category="roads")
    assert drawn(book).contests == []
    assert shares(book) == {"answered: c": pytest.approx(100)}


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ({"weekdays": [1, 2]}, {"weekdays": [2, 3]}, True),
        ({"weekdays": [1, 2]}, {"weekdays": [6, 7]}, False),
        ({"hours_from": time(8), "hours_to": time(18)}, {"hours_from": time(18), "hours_to": time(8)}, False),
        ({"hours_from": time(8), "hours_to": time(18)}, {"hours_from": time(17), "hours_to": time(20)}, True),
        ({"hours_from": time(22), "hours_to": time(6)}, {"hours_from": time(5), "hours_to": time(7)}, True),
        ({"valid_to": date(2027, 1, 1)}, {"valid_from": date(2027, 1, 1), "valid_to": date(2028, 1, 1)}, False),
        ({"valid_from": date(2027, 1, 1)}, {"valid_from": date(2027, 6, 1), "valid_to": date(2028, 1, 1)}, True),
        ({"valid_to": date(2026, 11, 19), "weekdays": [1]}, {"weekdays": [1]}, False),
        ({"answers": {"where": ["yard", "roof"]}}, {"answers": {"where": ["roof"]}}, True),
        ({"answers": {"where": ["yard"]}}, {"answers": {"where": ["roof"]}}, False),
        ({"answers": {"where": ["yard"]}}, {"answers": {"what": ["hole"]}}, True),
    ],
)
def test_rules_contradict_when_their_conditions_can_hold_together_from_the_day_on(
    book: Rulebook, one: dict[str, Any], other: dict[str, Any], together: bool
) -> None:
    question(book)
    what = [{"code": code, "text": code} for code in ("hole", "crack")]
    Question.objects.create(
        community=book.community, category=book.about("roads"), code="what", text="Що?", options=what
    )
    book.rule("a", category="roads", **one)
    book.rule("b", category="roads", **other)
    assert bool(drawn(book).contests) is together
