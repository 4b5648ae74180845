"""Rules that contradict each other, or speak of nothing, cannot be written down."""

from datetime import date, time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from routing.models import Rule
from tests.routing.conftest import Rulebook


def test_rules_of_different_priority_do_not_contradict(book: Rulebook) -> None:
    book.rule("first", category="roads")
    book.rule("second", category="roads", priority=1)
    assert book.answers("p") == "second"


def test_rule_that_is_switched_off_contradicts_nothing(book: Rulebook) -> None:
    book.rule("first", is_active=False)
    book.rule("second")
    assert book.answers("p") == "second"


def refused(book: Rulebook, constraint: str, organisation: str = "roads", **columns: Any) -> None:
    """The database refuses such a rule, by that constraint."""
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        book.rule(organisation, **columns)


def test_rule_for_any_area_of_a_division_is_a_rule(book: Rulebook) -> None:
    book.area("north", "ABDC")
    book.rule("districts", division=book.division, any_area=True)
    assert [book.answers(place) for place in "pq"] == ["districts", None]


def test_area_without_a_division_is_refused_by_the_database(book: Rulebook) -> None:
    refused(book, "rule_area_has_a_division", area_code="north")


def test_rule_without_an_organisation_needs_a_register_that_names_one(book: Rulebook) -> None:
    refused(book, "rule_names_somebody", organisation="")


def test_register_and_what_is_asked_of_it_come_together(book: Rulebook) -> None:
    refused(book, "rule_asks_its_register", register=book.register("houses"))
    refused(book, "rule_asks_its_register", asks="inside")


@pytest.mark.parametrize(("asks", "within"), [("inside", 5), ("this", 5), ("nearest", None), ("nearest", 1001)])
def test_metres_belong_to_the_nearest_one(book: Rulebook, asks: str, within: int | None) -> None:
    refused(book, "rule_nearest_within_metres", register=book.register("lamps"), asks=asks, within=within)


@pytest.mark.parametrize(("begins", "ends"), [(time(8), None), (None, time(8)), (time(8), time(8))])
def test_hours_have_two_different_ends(book: Rulebook, begins: time | None, ends: time | None) -> None:
    refused(book, "rule_hours_have_both_ends", hours_from=begins, hours_to=ends)


def test_dates_stand_in_order(book: Rulebook) -> None:
    day = date(2026, 11, 19)
    refused(book, "rule_dates_in_order", valid_from=day, valid_to=day)


def test_week_has_seven_days(book: Rulebook) -> None:
    refused(book, "rule_weekdays_known", weekdays=[0])
    refused(book, "rule_weekdays_known", weekdays=[8])


def test_rule_of_a_published_set_does_not_change(book: Rulebook) -> None:
    rule = book.rule("roads")
    book.publish()
    for change in (
        lambda: Rule.objects.filter(pk=rule.pk).update(priority=5),
        lambda: Rule.objects.filter(pk=rule.pk).delete(),
        lambda: Rule.objects.create(community=book.community, ruleset=rule.ruleset, organisation=book.who("new")),
    ):
        with pytest.raises(IntegrityError, match="published set"), transaction.atomic():
            change()


def test_area_that_no_division_has_is_refused_by_the_form(book: Rulebook) -> None:
    book.area("north", "ABDC")
    rule = Rule(community=book.community, organisation=book.who("roads"), division=book.division, area_code="nowhere")
    with pytest.raises(ValidationError) as refusal:
        rule.clean()
    assert refusal.value.message_dict.keys() == {"area_code"}
