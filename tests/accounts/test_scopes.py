"""A query that forgets the community raises an error, for every model of ours but the few global ones."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.db.models import Model
from django_scopes import ScopeError, scope, scopes_disabled

from geodata.models import Community
from issues.models import Issue

# People, bodies that serve many communities, the communities themselves, the national codifier, what an operator says
# of the whole outbox, and how often an address was asked in all communities together.
GLOBAL = {
    "accounts.User",
    "accounts.Organisation",
    "core.OutcomeTotal",
    "core.SendingLimit",
    "core.StopEverywhere",
    "core.Way",
    "geodata.Community",
    "geodata.GoneCommunity",
    "geodata.Unit",
    "notifications.AskedToday",
}
OF_NOBODY = {"core.IncomingLetter"}  # one that names no message of ours: only operators see it
OURS = {
    "openmap",
    "stats",
    "issues",
    "works",
    "notifications",
    "routing",
    "media",
    "accounts",
    "core",
    "geodata",
    "api",
}


def models_of_ours() -> list[type[Model]]:
    return [model for model in apps.get_models() if model._meta.app_label in OURS]


SCOPED = [model for model in models_of_ours() if model._meta.label not in GLOBAL]


def test_global_models_are_those_that_are_listed() -> None:
    with scopes_disabled():
        without = {
            model._meta.label
            for model in models_of_ours()
            if "community" not in {field.name for field in model._meta.fields}
        }
    assert without == GLOBAL


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model._meta.label)
def test_query_without_a_scope_raises(model: type[Model], db: None) -> None:
    manager = model._default_manager
    asks: list[Callable[[], object]] = [
        manager.all,
        manager.count,
        manager.first,
        lambda: manager.get(pk=1),
        lambda: manager.filter(pk__isnull=False),
        lambda: manager.update(pk=1),
        lambda: manager.values_list("pk"),
        lambda: list(manager.exclude(pk__isnull=True)),
    ]
    for ask in asks:
        with pytest.raises(ScopeError):
            ask()


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model._meta.label)
def test_scope_of_a_community_shows_only_its_rows(model: type[Model], issue: Issue, elsewhere: Community) -> None:
    with scope(community=elsewhere):
        assert model._default_manager.count() == 0
    with scope(community=issue.community):
        found = model._default_manager.values_list("community", flat=True)
        assert set(found) <= {issue.community_id}


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model._meta.label)
def test_row_without_a_community_is_refused_by_the_database(model: type[Model]) -> None:
    field = model._meta.get_field("community")
    assert not field.null or model._meta.label in OF_NOBODY
    assert field.related_model is Community
