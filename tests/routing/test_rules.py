"""Rules that contradict each other, or speak of nothing, cannot be written down."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from routing.models import Rule
from tests.parallel import at_once
from tests.routing.conftest import Rulebook


@pytest.mark.parametrize(("category", "area"), [("", ""), ("roads", ""), ("", "north"), ("roads", "north")])
def test_two_answers_to_one_question_are_refused(book: Rulebook, category: str, area: str) -> None:
    book.area("north", "ABDC")
    book.rule("first", category=category, area=area)
    with pytest.raises(IntegrityError, match="rule_not_contradicted"), transaction.atomic():
        book.rule("second", category=category, area=area)


def test_rules_of_different_priority_do_not_contradict(book: Rulebook) -> None:
    book.rule("first", category="roads")
    book.rule("second", category="roads", priority=1)
    assert book.answers("p") == "second"


def test_rule_that_is_switched_off_contradicts_nothing(book: Rulebook) -> None:
    book.rule("first", is_active=False)
    book.rule("second")
    assert book.answers("p") == "second"


def test_area_without_a_division_is_refused_by_the_database(book: Rulebook) -> None:
    with pytest.raises(IntegrityError, match="rule_area_has_a_division"), transaction.atomic():
        Rule.objects.create(community=book.community, organisation=book.who("roads"), area_code="north")


def test_division_without_an_area_is_refused_by_the_database(book: Rulebook) -> None:
    with pytest.raises(IntegrityError, match="rule_area_has_a_division"), transaction.atomic():
        Rule.objects.create(community=book.community, organisation=book.who("roads"), division=book.division)


def test_area_that_no_division_has_is_refused_by_the_form(book: Rulebook) -> None:
    book.area("north", "ABDC")
    rule = Rule(community=book.community, organisation=book.who("roads"), division=book.division, area_code="nowhere")
    with pytest.raises(ValidationError) as refusal:
        rule.clean()
    assert refusal.value.message_dict.keys() == {"area_code"}


@pytest.mark.django_db(transaction=True)
def test_of_two_contradicting_rules_written_at_once_one_stays(book: Rulebook) -> None:
    book.who("first"), book.who("second")

    def write(name: str) -> Rule:
        with transaction.atomic():
            return book.rule(name)

    outcomes = at_once([lambda: write("first"), lambda: write("second")], community=book.community)
    assert [type(outcome) for outcome in outcomes].count(IntegrityError) == 1
    assert Rule.objects.count() == 1
