"""“Not ours” is collected by the rule that was wrong: how often, where, and with which words."""

from datetime import datetime, timedelta

import pytest
from django.utils import translation

from geodata.models import Community
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import not_ours, redact_words
from routing.hints import Hint, hints_of
from routing.models import Delivery, Rule, RuleSet
from routing.rulesets import new_draft, set_in_force
from tests.conftest import City, hole
from tests.grid import Town
from tests.people import person


@pytest.fixture(autouse=True)
def _in_english() -> object:
    with translation.override("en"):
        yield


def in_force(city: City, now: datetime) -> RuleSet:
    found = set_in_force(city.community, at=now)
    assert found is not None
    return found


def rule_of_roads(city: City, now: datetime) -> Rule:
    return Rule.objects.get(ruleset=in_force(city, now), category=city.roads)


def refused(city: City, town: Town, place: str, *, reason: str, at: datetime) -> Issue:
    """A report whose first organisation says that it is not theirs."""
    category = city.roads if place == "p" else city.manholes
    issue = report_issue(new=hole(city, town[place], category=category), community=city.community, at=at)
    not_ours(delivery=first_delivery(issue), reason=reason, at=at + timedelta(hours=1))
    return issue


def first_delivery(issue: Issue) -> Delivery:
    found: Delivery = Delivery.objects.filter(subject=issue.subject).earliest("created_at", "id")
    return found


def hints(rule: Rule) -> list[Hint]:
    return hints_of([rule], community_id=rule.community_id).get(rule.lineage, [])


def test_rule_that_nobody_complained_of_has_no_hints(city: City, issue: Issue, now: datetime) -> None:
    assert hints(rule_of_roads(city, now)) == []


def test_rule_says_how_often_and_where_it_was_rejected(city: City, town: Town, now: datetime) -> None:
    for days in range(7):
        refused(city, town, "p", reason=f"Не наша дорога {days}.", at=now - timedelta(days=days))
    (hint,) = hints(rule_of_roads(city, now))
    assert hint.words == "rejected 7 times in Заріччя"
    assert hint.last_at == now + timedelta(hours=1)
    assert [reason.text for reason in hint.reasons] == [f"Не наша дорога {days}." for days in range(3)]


def test_rule_for_the_whole_community_tells_places_apart(city: City, town: Town, now: datetime) -> None:
    refused(city, town, "q", reason="Не наш люк.", at=now)
    rule = Rule.objects.get(ruleset=in_force(city, now), category=city.manholes)
    assert [hint.words for hint in hints(rule)] == ["rejected 1 time in Слобідка"]


def test_draft_of_the_rule_has_the_hints_of_what_is_in_force(city: City, town: Town, now: datetime) -> None:
    refused(city, town, "p", reason="Не наша дорога.", at=now)
    draft = new_draft(community=city.community, at=now, based_on=in_force(city, now))
    copied = Rule.objects.get(ruleset=draft, category=city.roads)
    assert [hint.times for hint in hints(copied)] == [1]


def test_rule_that_is_given_to_somebody_else_begins_anew(city: City, town: Town, now: datetime) -> None:
    refused(city, town, "p", reason="Не наша дорога.", at=now)
    draft = new_draft(community=city.community, at=now, based_on=in_force(city, now))
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.council)
    assert hints(Rule.objects.get(ruleset=draft, category=city.roads)) == []


def test_words_that_a_moderator_took_out_are_not_shown_and_still_counted(city: City, town: Town, now: datetime) -> None:
    issue = refused(city, town, "p", reason="Дзвоніть Петрові.", at=now)
    (event,) = issue.events.filter(words__text="Дзвоніть Петрові.")
    redact_words(event=event, user=person("moderator"), at=now)
    (hint,) = hints(rule_of_roads(city, now))
    assert (hint.times, hint.reasons) == (1, [])


def test_what_the_next_organisation_refused_is_no_hint_for_the_first_rule(
    city: City, town: Town, now: datetime
) -> None:
    issue = refused(city, town, "p", reason="Не наша дорога.", at=now)
    last = Delivery.objects.standing().get(subject=issue.subject)
    assert last.organisation == city.council, "the duty queue has it now"
    (hint,) = hints(rule_of_roads(city, now))
    assert hint.times == 1


def test_another_communitys_refusals_are_not_counted(city: City, town: Town, now: datetime) -> None:
    refused(city, town, "p", reason="Не наша дорога.", at=now)
    rule = rule_of_roads(city, now)
    elsewhere = Community.objects.exclude(pk=city.community.pk).first()
    assert hints_of([rule], community_id=elsewhere.pk if elsewhere else 0) == {}
