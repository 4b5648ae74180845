"""When checks of rules are asked for, and what a check does when one set cannot be checked."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from django_scopes import scope, scopes_disabled
from shapely import from_wkb

from core.jobs import claim, run_jobs
from core.models import Job
from geodata.actions import import_areas
from geodata.candidates import Candidate
from geodata.models import Area, Community
from routing import rule_check
from routing.models import Rule, RuleCheck, RuleSet
from routing.rule_check import (
    KIND,
    check_rules,
    check_soon,
    check_soon_about,
    check_what_is_stale,
    is_fresh,
    last_failure,
)
from routing.rulesets import new_draft
from tests.conftest import LONG_AGO_NOON, City
from tests.grid import Town
from tests.parallel import at_once


def test_job_checks_the_set_in_force_and_drafts_and_asks_once(city: City, now: datetime) -> None:
    draft = new_draft(community=city.community, at=LONG_AGO_NOON, based_on=RuleSet.objects.first())
    job = check_soon(city.community, at=now)
    assert job
    assert check_soon(city.community, at=now) is None, "one waits already"
    run_jobs(clock=lambda: now)
    job.refresh_from_db()
    assert (job.state, len(job.result or {})) == (Job.State.DONE, 1)
    assert set(RuleCheck.objects.values_list("ruleset", flat=True)) == set(RuleSet.objects.values_list("pk", flat=True))
    assert is_fresh(draft, at=now)
    assert check_soon(city.community, at=now)
    run_jobs(clock=lambda: now)
    assert Job.objects.latest("pk").result == {"sets": []}, "what is fresh is not computed again"


def test_community_without_rules_needs_no_check(inside: Community, now: datetime) -> None:
    assert check_soon(inside, at=now) is None


def test_import_of_areas_asks_for_a_check(city: City, town: Town) -> None:
    shape: Any = from_wkb(bytes(town.area("CDFE").wkb))
    candidate = Candidate(feature=1, code="north", name="Заріччя", shape=shape)
    day = timezone.localdate()
    plan = import_areas(city.community, "districts", candidates=[candidate], problems=[], valid_from=day, today=day)
    assert plan.written
    assert Job.objects.filter(kind=KIND).count() == 1


# A new day -----------------------------------------------------------------------------------------------------------


def test_day_that_changes_the_ground_asks_for_a_check_by_itself(city: City, now: datetime) -> None:
    city.slobidka.valid_to = date(2026, 12, 1)
    city.slobidka.save()
    check_rules(RuleSet.objects.get(), at=now)
    with scopes_disabled():
        assert check_what_is_stale(at=now + timedelta(days=1)) == 0, "nothing begins or ends on that day"
        assert check_what_is_stale(at=datetime(2026, 12, 1, 0, 5, tzinfo=UTC)) == 1
    assert Job.objects.filter(kind=KIND).count() == 1


def test_community_whose_rules_were_never_checked_is_asked_about(
    city: City, elsewhere: Community, now: datetime
) -> None:
    with scopes_disabled():
        assert check_what_is_stale(at=now) == 1


# One set that breaks ------------------------------------------------------------------------------------------------


@pytest.fixture
def broken_draft(city: City, now: datetime, monkeypatch: pytest.MonkeyPatch) -> RuleSet:
    """A draft beside the set in force that no check can read."""
    draft = new_draft(community=city.community, at=LONG_AGO_NOON, based_on=RuleSet.objects.first())
    check = rule_check.check_rules

    def breaks(ruleset: RuleSet, **given: Any) -> RuleCheck:
        if ruleset.pk == draft.pk:
            raise ValueError("a boundary that crosses itself")
        return check(ruleset, **given)

    monkeypatch.setattr(rule_check, "check_rules", breaks)
    return draft


def test_set_that_cannot_be_checked_does_not_stop_the_others_and_is_told(
    city: City, broken_draft: RuleSet, now: datetime
) -> None:
    check_soon(city.community, at=now)
    run_jobs(clock=lambda: now)
    job = Job.objects.get(kind=KIND)
    assert (job.state, job.error) == (Job.State.FAILED, "ValueError")
    assert is_fresh(RuleSet.objects.get(number=1), at=now)
    assert last_failure(city.community, since=None) == job
    assert last_failure(city.community, since=now + timedelta(hours=1)) is None, "checked since"


def test_set_in_force_is_checked_before_drafts(city: City, now: datetime) -> None:
    in_force = RuleSet.objects.get()
    draft = new_draft(community=city.community, at=LONG_AGO_NOON, based_on=in_force)
    check_soon(city.community, at=now)
    run_jobs(clock=lambda: now)
    assert Job.objects.get(kind=KIND).result == {"sets": [in_force.pk, draft.pk]}


# Changes beside a check ---------------------------------------------------------------------------------------------


def test_what_changes_while_a_check_runs_is_checked_again(
    city: City, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = rule_check.check_rules

    def overtaken(ruleset: RuleSet, **given: Any) -> RuleCheck:
        monkeypatch.setattr(rule_check, "check_rules", check)
        row = check(ruleset, **given)
        Area.objects.filter(pk=city.slobidka.pk).update(boundary=city.zarichchia.boundary)
        return row

    monkeypatch.setattr(rule_check, "check_rules", overtaken)
    check_soon(city.community, at=now)
    run_jobs(clock=lambda: now)
    assert Job.objects.filter(kind=KIND).count() == 2
    assert is_fresh(RuleSet.objects.get(), at=now)


@pytest.mark.django_db(transaction=True)
def test_no_worker_takes_a_check_before_those_who_rely_on_it_have_written(city: City, now: datetime) -> None:
    waiting = check_soon(city.community, at=now)
    assert waiting

    def take() -> Job | None:
        with scopes_disabled():
            return claim(at=now)

    with transaction.atomic():
        Area.objects.filter(pk=city.slobidka.pk).update(name="Слобода")
        assert check_soon(city.community, at=now) is None, "one waits already"
        assert at_once([take]) == [None]
    assert at_once([take]) == [waiting]


# Doors --------------------------------------------------------------------------------------------------------------


def test_organisation_is_checked_in_every_community_that_it_serves(
    city: City, elsewhere: Community, now: datetime
) -> None:
    with scope(community=elsewhere):
        there = RuleSet.objects.create(community=elsewhere, number=1, created_at=now)
        Rule.objects.create(community=elsewhere, ruleset=there, organisation=city.vodokanal)
    check_soon_about(city.vodokanal, at=now)
    with scopes_disabled():
        assert set(Job.objects.values_list("community", flat=True)) == {city.community.pk, elsewhere.pk}
        Job.objects.all().delete()
    check_soon_about(city.road_service, at=now)
    with scopes_disabled():
        assert set(Job.objects.values_list("community", flat=True)) == {city.community.pk}
