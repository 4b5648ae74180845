"""Rules in the administration: written in drafts, published as sets, asked on a map, and mended by hints."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django_scopes import scopes_disabled

from accounts.models import User
from routing.models import Category, Rule, RuleSet
from routing.rulesets import new_draft, set_in_force
from tests.conftest import City

ADD = "admin:routing_rule_add"
LIST = "admin:routing_rule_changelist"
RULE = "admin:routing_rule_change"
SET = "admin:routing_ruleset_change"
TREE = [{"code": "yard", "text": "У дворі", "text_en": "In the yard"}, {"code": "street", "text": "На вулиці"}]


@pytest.fixture(autouse=True)
def _morning(now: datetime, client: Client) -> Iterator[None]:
    client.cookies["language"] = "en"
    with time_machine.travel(now, tick=False), scopes_disabled():
        yield


@pytest.fixture
def first(city: City, now: datetime) -> RuleSet:
    """The set in force."""
    found = set_in_force(city.community, at=now)
    assert found is not None
    return found


@pytest.fixture
def draft(city: City, first: RuleSet, now: datetime) -> RuleSet:
    """A draft like the set in force."""
    return new_draft(community=city.community, at=now, based_on=first)


@pytest.fixture
def admin_client(client: Client, taras: User) -> Client:
    client.force_login(taras)
    return client


def page_of(name: str, ruleset: RuleSet) -> str:
    return reverse(f"admin:routing_ruleset_{name}", args=[ruleset.pk])


def rule_of(ruleset: RuleSet, category: Category) -> Rule:
    found: Rule = Rule.objects.get(ruleset=ruleset, category=category)
    return found


def adding(ruleset: RuleSet) -> str:
    return f"{reverse(ADD)}?set={ruleset.pk}"


def a_rule(city: City, **changes: object) -> dict[str, object]:
    """What the form of a rule sends."""
    given = {"organisation": city.council.pk, "role": "responsible", "priority": "3", "is_active": "on"}
    return given | changes


def errors(client: Client, page: str, form: dict[str, object]) -> set[str]:
    answer = client.post(page, form)
    assert answer.status_code == 200
    found: set[str] = set(answer.context["adminform"].form.errors)
    return found
