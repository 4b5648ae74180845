"""Rules are published while people report: every report is decided by one set, wholly, and none is lost."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from threading import Event, Semaphore
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError, transaction
from django_scopes import scopes_disabled

from issues.actions import report_issue
from issues.models import Issue
from routing.models import Decision, Delivery, Rule, RuleSet
from routing.rulesets import PublishingError, new_draft, publish, set_in_force
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.parallel import at_once

pytestmark = pytest.mark.django_db(transaction=True)
REPORTERS = 6
EACH = 2  # reports of each of them, begun after the publication
MOST = 60  # reports of one reporter


def swapped(city: City, based_on: RuleSet, *, note: str = "") -> RuleSet:
    """A draft in which everything belongs to the other organisation, those who are informed too."""
    draft = new_draft(community=city.community, at=NOW, based_on=based_on, note=note)
    for rule in Rule.objects.filter(ruleset=draft):
        other = city.vodokanal if rule.organisation_id == city.road_service.pk else city.road_service
        Rule.objects.filter(pk=rule.pk).update(organisation=other)
    return draft


def with_informed(city: City) -> RuleSet:
    """Holes are the road service's, and the vodokanal hears of them; published long ago."""
    draft = new_draft(community=city.community, at=NOW)
    given = {"community": city.community, "ruleset": draft, "category": city.roads}
    Rule.objects.create(organisation=city.road_service, **given)
    Rule.objects.create(organisation=city.vodokanal, role="informed", **given)
    return publish(draft, moment=NOW, at=NOW)


@dataclass
class Race:
    """Reporters who report the whole time while a draft is published."""

    city: City
    point: Point
    some_reported: Semaphore = field(default_factory=lambda: Semaphore(0))
    is_published: Event = field(default_factory=Event)

    def publish(self, draft: RuleSet, moment: datetime) -> None:
        """When as many reports were sent as there are reporters, and while they go on."""
        for _ in range(REPORTERS):
            assert self.some_reported.acquire(timeout=30)
        publish(draft, moment=moment, at=moment)
        self.is_published.set()

    def report(self, number: int, at: datetime) -> list[tuple[bool, Issue]]:
        """Again and again, until some were begun after the publication; of each, whether it was."""
        sent: list[tuple[bool, Issue]] = []
        while sum(is_later for is_later, _issue in sent) < EACH and len(sent) < MOST:
            is_later = self.is_published.is_set()
            new = told(self.city, self.point, number)
            sent.append((is_later, report_issue(new=new, community=self.city.community, at=at)))
            self.some_reported.release()
        return sent


def test_every_report_belongs_wholly_to_one_set_while_another_is_published(city: City, town: Town) -> None:
    first = with_informed(city)
    draft = swapped(city, first)
    moment = NOW + timedelta(seconds=1)
    race = Race(city, town["p"])
    calls: list[Any] = [lambda n=n: race.report(n, moment) for n in range(REPORTERS)]
    *reported, published = at_once([*calls, lambda: race.publish(draft, moment)], community=city.community)
    assert [one for one in (*reported, published) if isinstance(one, Exception)] == []
    sets: dict[bool, set[RuleSet]] = {False: set(), True: set()}
    for of_one in reported:
        order: list[int] = []
        for is_later, issue in of_one:
            decision = Decision.objects.get(subject=issue.subject)
            check_one_set(decision)
            assert decision.ruleset
            sets[is_later].add(decision.ruleset)
            order.append(decision.ruleset.pk)
        assert order == sorted(order), "nobody goes back to the old set"
    assert sets[True] == {draft}, "whoever reports after the publication gets the new set"
    assert first in sets[False], "and somebody reported before it"
    assert Issue.objects.count() == sum(map(len, reported))


def test_set_that_waits_begins_for_everybody_at_its_moment(city: City, town: Town) -> None:
    """Each reporter has a clock of his own, around the moment."""
    first = with_informed(city)
    draft = swapped(city, first)
    moment = NOW + timedelta(seconds=10)
    publish(draft, moment=moment, at=NOW)
    steps = [timedelta(seconds=-2), timedelta(microseconds=-1), timedelta(0), timedelta(seconds=2)]

    def report(number: int) -> None:
        for step in steps:
            report_issue(new=told(city, town["p"], number), community=city.community, at=moment + step)

    outcomes = at_once([lambda n=n: report(n) for n in range(REPORTERS)], community=city.community)  # type: ignore[misc]
    assert outcomes == [None] * REPORTERS
    decisions = list(Decision.objects.select_related("ruleset"))
    assert len(decisions) == len(steps) * REPORTERS
    for decision in decisions:
        check_one_set(decision)
        assert decision.ruleset == (first if decision.as_of < moment else draft)


def told(city: City, point: Point, number: int) -> Any:
    return hole(city, point, text=f"Яма № {number} на переході, машини об’їжджають її тротуаром.")


def check_one_set(decision: Decision) -> None:
    """Responsible and informed organisations, rule and trace are all of the decision's set."""
    rules = {rule.role: rule for rule in Rule.objects.filter(ruleset=decision.ruleset)}
    assert decision.organisation_id == rules["responsible"].organisation_id
    assert decision.rule_id == rules["responsible"].pk
    assert decision.trace["ruleset"] == decision.ruleset_id
    assert decision.trace["matched"]["lineage"] == str(rules["responsible"].lineage)
    assert [rule["organisation"] for rule in decision.trace["informed"]] == [rules["informed"].organisation_id]
    sent = {(row.role, row.organisation_id) for row in Delivery.objects.filter(decision=decision)}
    assert sent == {(role, rule.organisation_id) for role, rule in rules.items()}


def test_of_two_sets_published_at_once_both_follow_each_other_or_one_is_refused(city: City) -> None:
    first = set_in_force(city.community, at=NOW)
    assert first is not None
    drafts = [swapped(city, first, note=str(n)) for n in range(4)]

    def bring(draft: RuleSet, moment: datetime) -> RuleSet:
        return publish(draft, moment=moment, at=NOW)

    moments = [NOW + timedelta(seconds=n // 2) for n in range(4)]
    calls = [lambda d=d, m=m: bring(d, m) for d, m in zip(drafts, moments, strict=True)]
    outcomes = at_once(calls, community=city.community)
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert set(kinds) <= {RuleSet, PublishingError}
    assert kinds[RuleSet] >= 1
    published = list(RuleSet.objects.filter(in_force_from__isnull=False).order_by("in_force_from"))
    assert len(published) == 1 + kinds[RuleSet]
    for before, after in pairwise(published):
        assert before.in_force_to == after.in_force_from
    assert published[-1].in_force_to is None


def test_sets_that_overlap_are_refused_by_the_database(city: City) -> None:
    draft = new_draft(community=city.community, at=NOW)
    with pytest.raises(IntegrityError, match="ruleset_one_in_force"), transaction.atomic():
        RuleSet.objects.filter(pk=draft.pk).update(in_force_from=NOW)


def test_draft_that_is_published_while_somebody_changes_it_keeps_what_was_published(city: City) -> None:
    first = set_in_force(city.community, at=NOW)
    draft = swapped(city, first) if first else new_draft(community=city.community, at=NOW)
    rule = Rule.objects.filter(ruleset=draft).order_by("pk").first()
    assert rule is not None

    def change(priority: int) -> int:
        with transaction.atomic():
            return Rule.objects.filter(pk=rule.pk).update(priority=priority)

    calls: list[Any] = [lambda n=n: change(n) for n in range(1, 7)]
    outcomes = at_once([*calls, lambda: publish(draft, moment=NOW, at=NOW)], community=city.community)
    assert isinstance(outcomes[-1], RuleSet)
    assert all(outcome == 1 or isinstance(outcome, IntegrityError) for outcome in outcomes[:-1])
    with scopes_disabled():
        kept = Rule.objects.get(pk=rule.pk).priority
    assert kept in {0, *(n for n, outcome in enumerate(outcomes[:-1], start=1) if outcome == 1)}
