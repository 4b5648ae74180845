"""The decision in words, in both languages; the trace itself holds none."""

from typing import Any

import pytest
from django.utils.translation import override

from routing.explain import considered, why
from tests.routing.conftest import Rulebook

NAMES = {"roads": "Дороги", "manholes": "Люки"}


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
        assert "“roads”" in why(traces["both"], {})[0]
