"""Sets of rules: published as a whole at a moment, never changed afterwards, discarded, taken back and restored."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from issues.actions import report_issue
from routing.differences import differences
from routing.models import Decision, Rule, RuleSet
from routing.rulesets import (
    PublishingError,
    SetState,
    as_seen,
    discard,
    last_published,
    lock_draft,
    new_draft,
    publish,
    restore,
    set_before,
    set_in_force,
    state_of,
    take_back,
)
from tests.conftest import LONG_AGO_NOON, City, hole
from tests.grid import Town
from tests.parallel import at_once

HOUR = timedelta(hours=1)


@pytest.fixture
def first(city: City, now: datetime) -> RuleSet:
    """The set in force."""
    found = set_in_force(city.community, at=now)
    assert found is not None
    return found


@pytest.fixture
def draft(city: City, first: RuleSet, now: datetime) -> RuleSet:
    """A draft in which the roads go to Водоканал."""
    found = new_draft(community=city.community, at=now, based_on=first)
    Rule.objects.filter(ruleset=found, category=city.roads).update(organisation=city.vodokanal)
    return found


def refusal(call: Callable[[], object]) -> str:
    """The code of the PublishingError."""
    with pytest.raises(PublishingError) as found, transaction.atomic():
        call()
    return found.value.code


# Their life -------------------------------------------------------------------------------------------------
def test_published_now_ends_the_set_before_it(draft: RuleSet, first: RuleSet, now: datetime) -> None:
    publish(draft, moment=now, at=now)
    first.refresh_from_db()
    draft.refresh_from_db()
    assert (first.in_force_to, draft.in_force_from, draft.in_force_to) == (now, now, None)
    assert (state_of(first, at=now), state_of(draft, at=now)) == (SetState.KEPT, SetState.IN_FORCE)


def test_published_for_later_waits_and_comes_by_itself(draft: RuleSet, first: RuleSet, now: datetime) -> None:
    publish(draft, moment=now + HOUR, at=now)
    draft.refresh_from_db()
    first.refresh_from_db()
    assert set_in_force(draft.community, at=now) == first
    assert (state_of(first, at=now), state_of(draft, at=now)) == (SetState.IN_FORCE, SetState.WAITING)
    assert set_in_force(draft.community, at=now + HOUR) == draft
    assert (state_of(first, at=now + HOUR), state_of(draft, at=now + HOUR)) == (SetState.KEPT, SetState.IN_FORCE)


def test_waiting_set_is_taken_back_and_the_one_in_force_goes_on(draft: RuleSet, first: RuleSet, now: datetime) -> None:
    publish(draft, moment=now + HOUR, at=now)
    take_back(draft, at=now)
    first.refresh_from_db()
    draft.refresh_from_db()
    assert (first.in_force_to, draft.is_draft) == (None, True)


def times(*sets: RuleSet) -> list[tuple[datetime | None, datetime | None]]:
    """From when to when each is in force, as it is stored."""
    for row in sets:
        row.refresh_from_db()
    return [(row.in_force_from, row.in_force_to) for row in sets]


def test_waiting_set_between_two_others_leaves_its_time_to_the_one_before(
    draft: RuleSet, first: RuleSet, now: datetime
) -> None:
    after = new_draft(community=draft.community, at=now, based_on=draft)
    publish(draft, moment=now + HOUR, at=now)
    publish(after, moment=now + 2 * HOUR, at=now)
    take_back(draft, at=now)
    assert times(first, draft, after) == [
        (LONG_AGO_NOON, now + 2 * HOUR),
        (None, None),
        (now + 2 * HOUR, None),
    ]
    assert state_of(draft, at=now) == SetState.DRAFT
    publish(draft, moment=now + 3 * HOUR, at=now)
    assert times(after, draft) == [(now + 2 * HOUR, now + 3 * HOUR), (now + 3 * HOUR, None)]


def test_last_waiting_set_is_taken_back_and_the_one_that_waits_before_it_goes_on(
    draft: RuleSet, first: RuleSet, now: datetime
) -> None:
    after = new_draft(community=draft.community, at=now, based_on=draft)
    publish(draft, moment=now + HOUR, at=now)
    publish(after, moment=now + 2 * HOUR, at=now)
    take_back(after, at=now)
    assert times(first, draft, after) == [(LONG_AGO_NOON, now + HOUR), (now + HOUR, None), (None, None)]


def test_set_that_decided_a_report_is_not_taken_back(draft: RuleSet, city: City, town: Town, now: datetime) -> None:
    """Another server's clock was ahead: its report was decided by the set that still waits by ours."""
    publish(draft, moment=now + HOUR, at=now)
    report = report_issue(new=hole(city, town["p"]), community=city.community, at=now + HOUR)
    assert Decision.objects.get(subject=report.subject).ruleset == draft
    assert refusal(lambda: take_back(draft, at=now)) == "decided"
    assert times(draft) == [(now + HOUR, None)]


def test_set_in_force_is_not_taken_back(draft: RuleSet, now: datetime) -> None:
    publish(draft, moment=now, at=now)
    assert refusal(lambda: take_back(draft, at=now + HOUR)) == "in_force"


def test_discarded_draft_is_kept_and_no_longer_published(draft: RuleSet, now: datetime) -> None:
    discard(draft, at=now)
    draft.refresh_from_db()
    assert state_of(draft, at=now) == SetState.DISCARDED
    assert refusal(lambda: publish(draft, moment=now, at=now)) == "not_draft"
    assert refusal(lambda: discard(draft, at=now)) == "not_draft"
    assert refusal(lambda: lock_draft(draft)) == "not_draft"


def test_kept_set_is_restored_as_a_draft_with_the_same_rules(
    draft: RuleSet, first: RuleSet, city: City, now: datetime
) -> None:
    publish(draft, moment=now, at=now)
    again = restore(first, at=now + HOUR)
    publish(again, moment=now + HOUR, at=now + HOUR)
    assert Rule.objects.get(ruleset=again, category=city.roads).organisation == city.road_service
    assert (again.number, again.based_on) == (draft.number + 1, first)


def test_nothing_is_published_in_the_past(draft: RuleSet, now: datetime) -> None:
    assert refusal(lambda: publish(draft, moment=now - HOUR, at=now)) == "too_early"


def test_draft_without_an_active_rule_is_not_published(draft: RuleSet, now: datetime) -> None:
    Rule.objects.filter(ruleset=draft).update(is_active=False)
    assert refusal(lambda: publish(draft, moment=now, at=now)) == "empty"


def test_nothing_is_published_before_a_set_that_waits(draft: RuleSet, first: RuleSet, now: datetime) -> None:
    publish(draft, moment=now + HOUR, at=now)
    another = new_draft(community=draft.community, at=now, based_on=first)
    for moment in (now, now + HOUR):
        assert refusal(lambda moment=moment: publish(another, moment=moment, at=now)) == "scheduled"  # type: ignore[misc]
    publish(another, moment=now + 2 * HOUR, at=now)
    assert set_in_force(draft.community, at=now + 3 * HOUR) == another


def test_only_what_was_seen_is_published(draft: RuleSet, city: City, now: datetime) -> None:
    seen = as_seen(draft)
    Rule.objects.filter(ruleset=draft, category=city.roads).update(priority=7)
    assert refusal(lambda: publish(draft, moment=now, at=now, seen=seen)) == "changed"
    publish(draft, moment=now, at=now, seen=as_seen(draft))


def test_what_was_seen_against_another_set_is_looked_at_again(draft: RuleSet, first: RuleSet, now: datetime) -> None:
    seen = as_seen(draft)
    publish(new_draft(community=draft.community, at=now, based_on=first), moment=now, at=now)
    assert refusal(lambda: publish(draft, moment=now + HOUR, at=now + HOUR, seen=seen)) == "changed"


def test_draft_follows_the_set_that_was_published_last_though_it_waits(
    draft: RuleSet, first: RuleSet, now: datetime
) -> None:
    other = new_draft(community=draft.community, at=now, based_on=first)
    assert (set_before(draft), last_published(draft.community)) == (first, first)
    seen = as_seen(other)
    publish(draft, moment=now + HOUR, at=now)
    assert (set_before(other), last_published(draft.community)) == (draft, draft)
    draft.refresh_from_db()
    assert (set_before(draft), set_before(first)) == (first, None)
    assert refusal(lambda: publish(other, moment=now + 2 * HOUR, at=now, seen=seen)) == "changed"
    publish(other, moment=now + 2 * HOUR, at=now, seen=as_seen(other))


# What was published does not change ----------------------------------------------------------------------------
@pytest.mark.parametrize("is_waiting", [False, True])
def test_published_rules_do_not_change_in_the_database(
    draft: RuleSet, city: City, now: datetime, is_waiting: bool
) -> None:
    publish(draft, moment=now + HOUR if is_waiting else now, at=now)
    rules = Rule.objects.filter(ruleset=draft)
    given = {"community": city.community, "organisation": city.council}
    changes: list[Callable[[], object]] = [
        lambda: rules.update(priority=9),
        lambda: rules.first().delete(),  # type: ignore[union-attr]
        lambda: Rule.objects.create(ruleset=draft, **given),
    ]
    for change in changes:
        with pytest.raises(IntegrityError, match="do not change"), transaction.atomic():
            change()


def test_rule_does_not_move_into_a_published_set(draft: RuleSet, first: RuleSet) -> None:
    with pytest.raises(IntegrityError, match="do not change"), transaction.atomic():
        Rule.objects.filter(ruleset=draft).update(ruleset=first)


def test_two_sets_in_force_at_once_are_refused_by_the_database(draft: RuleSet, now: datetime) -> None:
    with pytest.raises(IntegrityError, match="ruleset_one_in_force"), transaction.atomic():
        RuleSet.objects.filter(pk=draft.pk).update(in_force_from=now)


# Differences --------------------------------------------------------------------------------------------------
def test_differences_are_told_in_words(draft: RuleSet, first: RuleSet, city: City) -> None:
    Rule.objects.filter(ruleset=draft, category=city.manholes).delete()
    Rule.objects.create(community=city.community, ruleset=draft, organisation=city.council, priority=-1)
    with translation.override("en"):
        found = differences(first, draft)
    assert found.counts == {"added": 1, "removed": 1, "changed": 1}
    assert found.added[0].after == f"Any problem, the whole community → {city.council.name}"
    assert found.removed[0].before == f"Manholes, the whole community → {city.vodokanal.name}"
    changed = found.changed[0]
    assert (changed.before, changed.after) == (
        f"Roads, Заріччя → {city.road_service.name}",
        f"Roads, Заріччя → {city.vodokanal.name}",
    )


def test_what_words_do_not_tell_is_told_beside_them(first: RuleSet, city: City, now: datetime) -> None:
    draft = new_draft(community=city.community, at=now, based_on=first)
    Rule.objects.filter(ruleset=draft, category=city.roads).update(priority=5, is_active=False, role="informed")
    with translation.override("en"):
        (changed,) = differences(first, draft).changed
    assert changed.before == changed.after
    assert changed.also == ["priority: 0 → 5", "role: responsible → informed", "switched off"]


def test_copy_differs_in_nothing(first: RuleSet, now: datetime) -> None:
    assert differences(first, restore(first, at=now)).total == 0


# At the same moment -------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_numbers_follow_each_other_when_drafts_are_made_at_once(city: City, first: RuleSet, now: datetime) -> None:
    calls = [lambda: new_draft(community=city.community, at=now, based_on=first)] * 4
    made = at_once(calls, community=city.community)
    assert sorted(one.number for one in made) == [2, 3, 4, 5]


@pytest.mark.django_db(transaction=True)
def test_of_two_publications_at_once_the_second_follows_or_is_refused(
    city: City, draft: RuleSet, first: RuleSet, now: datetime
) -> None:
    other = new_draft(community=city.community, at=now, based_on=first)
    outcomes = at_once(
        [lambda: publish(draft, moment=now, at=now), lambda: publish(other, moment=now, at=now)],
        community=city.community,
    )
    codes = [one.code for one in outcomes if isinstance(one, PublishingError)]
    assert codes == ["scheduled"]
    in_force = RuleSet.objects.filter(in_force_from__isnull=False).order_by("in_force_from")
    assert [row.in_force_from for row in in_force] == [LONG_AGO_NOON, now]


@pytest.mark.django_db(transaction=True)
def test_edit_and_publication_at_once_end_in_one_order(
    city: City, draft: RuleSet, first: RuleSet, now: datetime
) -> None:
    """Either the edit is in what was published as it was seen, or it is refused; nothing in between."""
    rule = Rule.objects.get(ruleset=draft, category=city.roads)

    def edit() -> None:
        with transaction.atomic():
            lock_draft(draft)
            Rule.objects.filter(pk=rule.pk).update(priority=5)

    seen = as_seen(draft)
    edited, published = at_once([edit, lambda: publish(draft, moment=now, at=now, seen=seen)], community=city.community)
    rule.refresh_from_db()
    draft.refresh_from_db()
    if isinstance(published, PublishingError):
        assert (edited, published.code, rule.priority, draft.is_draft) == (None, "changed", 5, True)
    else:
        assert isinstance(edited, PublishingError)
        assert (rule.priority, draft.is_draft) == (0, False)
    assert set_in_force(city.community, at=now) == (first if draft.is_draft else draft)


@pytest.mark.django_db(transaction=True)
def test_edit_that_asks_nobody_waits_for_the_publication_and_is_refused(
    city: City, draft: RuleSet, now: datetime
) -> None:
    """The trigger alone: without the lock of the pages the order is one, too."""
    rule = Rule.objects.get(ruleset=draft, category=city.roads)

    def edit() -> None:
        with transaction.atomic():
            Rule.objects.filter(pk=rule.pk).update(priority=5)

    edited, _published = at_once([edit, lambda: publish(draft, moment=now, at=now)], community=city.community)
    rule.refresh_from_db()
    assert rule.priority == (0 if isinstance(edited, IntegrityError) else 5)
