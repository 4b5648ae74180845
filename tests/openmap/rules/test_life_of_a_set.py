"""A set of rules from its draft until it is restored: what residents get meanwhile, and what an import delays."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django_scopes import scopes_disabled

from accounts.models import User
from issues.actions import report_issue
from routing.models import Decision, Rule, RuleSet
from routing.rulesets import publish, wait_for_turn
from tests.conftest import City, hole
from tests.grid import Town
from tests.openmap.rules.conftest import RULE, page_of, rule_of
from tests.parallel import at_once

DAY = timedelta(days=1)


def decided(city: City, town: Town, at: datetime) -> Decision:
    """The decision about a hole in Заріччя that is reported then."""
    report = report_issue(new=hole(city, town["p"]), community=city.community, at=at)
    found: Decision = Decision.objects.get(subject=report.subject)
    return found


def published(client: Client, draft: RuleSet, **when: str) -> None:
    seen = client.get(page_of("publish", draft)).context["form"].initial["seen"]
    answer = client.post(page_of("publish", draft), {"when": "now", "seen": seen, **when})
    assert answer.status_code == 302, answer.context["form"].errors


def test_set_is_published_at_a_moment_kept_and_restored(
    client: Client, taras: User, city: City, town: Town, draft: RuleSet, first: RuleSet, now: datetime
) -> None:
    roads, water = city.road_service, city.vodokanal
    midnight = datetime.fromisoformat("2026-12-01T00:00+02:00")
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=water)
    kept = list(Rule.objects.filter(ruleset=first).order_by("pk").values())
    client.force_login(taras)
    published(client, draft, when="later", moment="2026-12-01T00:00")
    before, after = decided(city, town, midnight - timedelta(seconds=1)), decided(city, town, midnight)
    assert [(one.organisation, one.ruleset) for one in (before, after)] == [(roads, first), (water, draft)]
    with time_machine.travel(midnight + DAY, tick=False):
        client.post(page_of("draft", first))
        again = RuleSet.objects.latest("number")
        published(client, again)
    assert decided(city, town, midnight + DAY - timedelta(seconds=1)).organisation == water
    third = decided(city, town, midnight + DAY)
    assert (third.organisation, third.ruleset, third.rule) == (roads, again, rule_of(again, city.roads))
    assert list(Rule.objects.filter(ruleset=first).order_by("pk").values()) == kept
    assert RuleSet.objects.filter(in_force_from__isnull=False).count() == 3
    for decision in (before, after, third):
        assert decision.rule_id
        page = client.get(reverse(RULE, args=[decision.rule_id]))
        assert (page.status_code, page.context["has_change_permission"]) == (200, False)


def test_discarded_draft_decides_nothing_and_may_be_taken_up_again(
    client: Client, taras: User, city: City, town: Town, draft: RuleSet, first: RuleSet, now: datetime
) -> None:
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.vodokanal)
    client.force_login(taras)
    client.post(page_of("discard", draft))
    assert client.post(page_of("publish", draft), {"when": "now", "seen": "x"}).status_code == 422
    assert decided(city, town, now + DAY).ruleset == first
    assert "Restore as a draft" in client.get(page_of("change", draft)).content.decode()
    client.post(page_of("draft", draft))
    again = RuleSet.objects.latest("number")
    published(client, again)
    assert decided(city, town, now + DAY).organisation == city.vodokanal


# While an import runs ------------------------------------------------------------------------------------------
Meanwhile = Callable[[Callable[[], Any], datetime], Any]


@pytest.fixture
def meanwhile(city: City, now: datetime) -> Iterator[Meanwhile]:
    """Calls a page while an import holds the turn of the community, which ends when the clock shows that moment."""
    with time_machine.travel(now, tick=False) as clock:

        def run(call: Callable[[], Any], ends: datetime) -> Any:
            is_held = threading.Event()

            def hold() -> None:
                with transaction.atomic():
                    wait_for_turn(city.community)
                    is_held.set()
                    wait_until_somebody_waits()
                    clock.move_to(ends, tick=False)

            def press() -> Any:
                is_held.wait(timeout=30)
                with scopes_disabled():
                    return call()

            held, answer = at_once([hold, press])
            assert held is None, held
            return answer

        yield run


def wait_until_somebody_waits() -> None:
    with connection.cursor() as cursor:
        for _ in range(3000):
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted), pg_sleep(0.01)")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits for the import")


@pytest.mark.django_db(transaction=True)
def test_set_that_came_into_force_meanwhile_is_not_taken_back(
    admin_client: Client, draft: RuleSet, first: RuleSet, now: datetime, meanwhile: Meanwhile
) -> None:
    due = now + timedelta(seconds=10)
    publish(draft, moment=due, at=now)
    answer = meanwhile(lambda: admin_client.post(page_of("take_back", draft), follow=True), now + timedelta(minutes=3))
    assert "does not wait for its moment" in answer.content.decode()
    first.refresh_from_db()
    draft.refresh_from_db()
    assert (first.in_force_to, draft.in_force_from, draft.in_force_to) == (due, due, None)


@pytest.mark.django_db(transaction=True)
def test_set_that_is_published_now_begins_when_the_import_is_over(
    admin_client: Client, draft: RuleSet, first: RuleSet, now: datetime, meanwhile: Meanwhile
) -> None:
    seen = admin_client.get(page_of("publish", draft)).context["form"].initial["seen"]
    over = now + timedelta(minutes=3)
    answer = meanwhile(lambda: admin_client.post(page_of("publish", draft), {"when": "now", "seen": seen}), over)
    assert answer.status_code == 302
    first.refresh_from_db()
    draft.refresh_from_db()
    assert (first.in_force_to, draft.in_force_from) == (over, over)


@pytest.mark.django_db(transaction=True)
def test_moment_that_passed_meanwhile_is_told(
    admin_client: Client, draft: RuleSet, now: datetime, meanwhile: Meanwhile
) -> None:
    seen = admin_client.get(page_of("publish", draft)).context["form"].initial["seen"]
    form = {"when": "later", "moment": "2026-11-19T12:01", "seen": seen}
    answer = meanwhile(lambda: admin_client.post(page_of("publish", draft), form), now + timedelta(hours=3))
    assert answer.status_code == 422
    assert "has passed already" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.is_draft
