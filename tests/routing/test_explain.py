"""The decision in words, in both languages; the trace itself holds none."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from routing.explain import Names, considered, why
from routing.models import Question, Rule
from routing.wording import RELATED, Wording, names_of
from tests.routing.conftest import Rulebook, square

NAMES = Names(categories={"roads": "Дороги", "manholes": "Люки"})
SATURDAY_NIGHT = datetime(2026, 11, 21, 23, 0, tzinfo=ZoneInfo("Europe/Kyiv"))


@pytest.fixture
def traces(book: Rulebook) -> dict[str, Any]:
    """A trace of every kind, by what it shows."""
    book.area("north", "ABDC")
    book.area("south", "CDFE")
    found: dict[str, Any] = {"nobody": book.decide("p").trace}
    book.fallback("council")
    found["fallback"] = book.decide("p").trace
    for name, category, area in [
        ("any", "", ""), ("area", "", "north"), ("category", "roads", ""), ("both", "roads", "north"),
    ]:  # fmt: skip
        book.rule(name, category=category, area=area)
        found[name] = book.decide("p").trace
    book.rule("neighbour", category="roads", area="south")
    closed = book.rule("closed", priority=9).organisation
    assert closed
    closed.is_active = False
    closed.save()
    near = book.town["p"].clone()
    near.y = book.town["C"].y + (near.y - book.town["C"].y) / 5  # 20 metres from the south
    found["near"] = book.decide(near).trace
    found["handed back"] = book.decide("p", without=["both"]).trace
    return found


def sentences(trace: dict[str, Any], language: str) -> list[str]:
    with override(language):
        return [str(sentence) for sentence in why(trace, NAMES)]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("nobody", "No rule names anybody for this place; the community's staff will find who must answer."),
        ("any", "In the whole community, problems are the duty of any."),
        ("area", "In the area “Район north”, problems are the duty of area."),
        ("category", "In the whole community, problems of the kind “Дороги” are the duty of category."),
        ("both", "In the area “Район north”, problems of the kind “Дороги” are the duty of both."),
    ],
)
def test_reason_is_said_in_one_sentence(traces: dict[str, Any], kind: str, said: str) -> None:
    assert sentences(traces[kind], "en")[0] == said


def test_fallback_is_said_to_be_the_fallback(traces: dict[str, Any]) -> None:
    (said,) = sentences(traces["fallback"], "en")
    assert "duty queue" in said


def test_near_owner_and_hand_backs_are_told(traces: dict[str, Any]) -> None:
    assert sentences(traces["near"], "en")[1:] == ["20 m from here begins the area of neighbour."]
    assert sentences(traces["handed back"], "en")[1] == "The organisations asked before said that it is not theirs."


def test_far_owner_is_not_worth_a_word(traces: dict[str, Any]) -> None:
    assert traces["both"]["nearest_other"] is None
    assert len(sentences(traces["both"], "en")) == 1


def test_every_rule_that_was_looked_at_is_told_the_winner_first(traces: dict[str, Any]) -> None:
    with override("en"):
        rows = considered(traces["near"], NAMES)
    assert [(row.rule, row.outcome, row.matched) for row in rows] == [
        ("Дороги, Район north → both", "Matched", True),
        ("Дороги, the whole community → category", "No: another rule is more precise", False),
        ("Any problem, Район north → area", "No: another rule is more precise", False),
        ("Any problem, the whole community → any", "No: another rule is more precise", False),
        ("Any problem, the whole community → closed", "No: this organisation works no longer", False),
        ("Дороги, Район south → neighbour", "No: the point is 20 m outside this area", False),
    ]


@pytest.mark.parametrize("kind", ["nobody", "fallback", "any", "area", "category", "both", "near", "handed back"])
def test_ukrainian_says_the_same_in_ukrainian(traces: dict[str, Any], kind: str) -> None:
    english, ukrainian = sentences(traces[kind], "en"), sentences(traces[kind], "uk")
    assert len(ukrainian) == len(english)
    assert not set(english) & set(ukrainian)


def test_category_that_is_gone_is_named_by_its_code(traces: dict[str, Any]) -> None:
    with override("en"):
        assert "“roads”" in why(traces["both"], Names())[0]


# Rules that ask for more than a place -----------------------------------------------------------------------


@pytest.fixture
def where(book: Rulebook) -> Question:
    """Roads ask where the hole is."""
    return Question.objects.create(
        community=book.community,
        category=book.about("roads"),
        code="where",
        text="Де саме?",
        text_en="Where exactly?",
        options=[
            {"code": "street", "text": "На вулиці", "text_en": "On the street"},
            {"code": "yard", "text": "У дворі", "text_en": "In the yard"},
            {"code": "roof", "text": "На даху"},
        ],
    )


def told(book: Rulebook, language: str = "en", **asked: Any) -> str:
    """The reason of the decision at p, on a Saturday at 23:00 unless `asked` says otherwise."""
    trace = book.decide("p", **({"at": SATURDAY_NIGHT} | asked)).trace
    with override(language):
        return why(trace, names_of(trace, book.community.pk))[0]


EVERYWHERE = "In the whole community, problems of the kind “roads” are the duty of parks. This rule holds only "


def test_answers_on_which_the_decision_depends_are_told_as_they_were_asked(book: Rulebook, where: Question) -> None:
    book.rule("parks", category="roads", answers={"where": ["yard", "roof"]})
    reason = told(book, answers={"where": "yard"})
    assert reason == f"{EVERYWHERE}when “Where exactly?” is answered “In the yard / На даху”."


def test_answers_are_told_in_the_words_of_the_reader(book: Rulebook, where: Question) -> None:
    book.rule("parks", category="roads", answers={"where": ["yard", "roof"]})
    reason = told(book, "uk", answers={"where": "yard"})
    assert "Де саме?" in reason
    assert "У дворі / На даху" in reason
    assert "Where" not in reason


def test_question_that_is_gone_is_told_by_its_code(book: Rulebook, where: Question) -> None:
    book.rule("parks", category="roads", answers={"where": ["yard"]})
    trace = book.decide("p", answers={"where": "yard"}).trace
    where.delete()
    with override("en"):
        assert why(trace, names_of(trace, book.community.pk)) == [f"{EVERYWHERE}when “where” is answered “yard”."]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ({"weekdays": [6]}, "on Saturdays"),
        ({"weekdays": [5, 6, 7]}, "on Fridays, Saturdays and Sundays"),
        ({"hours_from": time(18), "hours_to": time(8)}, "18:00–08:00"),
        ({"hours_from": time(18), "hours_to": time(0)}, "18:00–24:00"),
        ({"weekdays": [6], "hours_from": time(20), "hours_to": time(0)}, "on Saturdays, 20:00–24:00"),
        ({"valid_from": date(2026, 11, 1)}, "from 1 November 2026"),
        ({"valid_to": date(2028, 1, 1)}, "before 1 January 2028"),
        (
            {"valid_from": date(2026, 11, 1), "valid_to": date(2027, 4, 1)},
            "from 1 November 2026, before 1 April 2027",
        ),
    ],
)
def test_days_hours_and_dates_of_the_rule_are_told(book: Rulebook, times: dict[str, Any], said: str) -> None:
    book.rule("parks", category="roads", **times)
    assert told(book) == f"{EVERYWHERE}{said}."


def test_hours_over_midnight_with_days_are_told_as_both_ends_of_the_same_day(book: Rulebook) -> None:
    book.rule("parks", category="roads", weekdays=[6, 7], hours_from=time(18), hours_to=time(8))
    said = f"{EVERYWHERE}on Saturdays and Sundays, 00:00–08:00 and 18:00–24:00."
    assert told(book) == said
    assert told(book, at=SATURDAY_NIGHT.replace(hour=2)) == said, "Saturday before the dawn"


def test_everything_together_is_one_sentence(book: Rulebook, where: Question) -> None:
    book.area("north", "ABDC")
    book.rule(
        "parks", category="roads", area="north", answers={"where": ["yard"]}, weekdays=[6, 7],
        hours_from=time(18), hours_to=time(8), valid_to=date(2028, 1, 1),
    )  # fmt: skip
    assert told(book, answers={"where": "yard"}) == (
        "In the area “Район north”, problems of the kind “roads” are the duty of parks. This rule holds only when "
        "“Where exactly?” is answered “In the yard”, on Saturdays and Sundays, 00:00–08:00 and 18:00–24:00, before "
        "1 January 2028."
    )


def test_keeper_who_answers_at_night_only_is_told_so(book: Rulebook) -> None:
    house = book.asset("houses", "12", square(book.town["p"], half=10), "osbb")
    book.rule("", category="roads", register=house.register, asks="inside", hours_from=time(18), hours_to=time(8))
    assert told(book) == "The place is inside “12”, for which osbb answers. This rule holds only 18:00–08:00."


@pytest.mark.parametrize(
    ("category", "said"),
    [
        ("", "In every area of “Райони”, and so here in “Район north”, problems are the duty of parks."),
        ("roads", "In every area of “Райони”, and so here in “Район north”, problems of the kind “roads” are the "),
    ],
)
def test_rule_for_any_area_of_a_division_is_not_told_as_one_of_this_area(
    book: Rulebook, category: str, said: str
) -> None:
    book.area("north", "ABDC")
    book.rule("parks", category=category, any_area=True)
    assert told(book).startswith(said)
    assert told(book).endswith("the duty of parks.")


def test_register_is_called_by_its_name(book: Rulebook) -> None:
    houses = book.register("houses")
    houses.name = "Будинки"
    houses.save()
    book.rule("parks", category="roads", register=houses, asks="nearest", within=40)
    trace = book.decide("p").trace
    with override("en"):
        (row,) = considered(trace, names_of(trace, book.community.pk))
    assert row.rule == "roads, the whole community, the nearest of “Будинки” within 40 m → parks"


def test_rules_that_differ_in_their_conditions_only_read_otherwise(book: Rulebook, where: Question) -> None:
    book.area("north", "ABDC")
    book.rule("parks", category="roads", answers={"where": ["yard"]}, priority=3)
    book.rule("parks", category="roads", answers={"where": ["street", "roof"]})
    book.rule("parks", category="roads", any_area=True)
    book.rule("parks", category="roads", area="north")
    book.rule("parks", category="roads", weekdays=[5], hours_from=time(22), hours_to=time(6))
    trace = book.decide("p", answers={"where": "yard"}).trace
    with override("en"):
        rows = {row.rule for row in considered(trace, names_of(trace, book.community.pk))}
    assert rows == {
        "roads, Район north → parks",
        "roads, any area of “Райони” → parks",
        "roads, the whole community, Fri, 00:00–06:00 and 22:00–24:00 → parks",
        "roads, the whole community, Where exactly? — In the yard → parks",
        "roads, the whole community, Where exactly? — On the street / На даху → parks",
    }


def test_rows_of_rules_read_as_those_of_a_trace(book: Rulebook, where: Question) -> None:
    book.area("north", "ABDC")
    book.rule("parks", category="roads", answers={"where": ["yard"]}, priority=3, valid_to=date(2028, 1, 1))
    book.rule("parks", category="roads", any_area=True, weekdays=[5], hours_from=time(22), hours_to=time(6))
    book.rule("parks", category="roads", area="north", valid_from=date(2026, 1, 1))
    trace = book.decide("p", answers={"where": "yard"}).trace
    rules = list(Rule.objects.select_related(*RELATED))
    for language in ("en", "uk"):
        with override(language):
            wording = Wording(rules)
            of_rows = {wording.words(rule) for rule in rules}
            assert {row.rule for row in considered(trace, names_of(trace, book.community.pk))} == of_rows


def test_plain_rules_cost_one_question_to_the_database(
    book: Rulebook, django_assert_num_queries: Any, traces: dict[str, Any]
) -> None:
    with django_assert_num_queries(1):
        names_of(traces["both"], book.community.pk)
