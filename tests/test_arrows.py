"""The house's layout, as far as import-linter cannot see it: foreign keys written as strings, and apps on disk."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Field, Model
from django.db.models.fields.related import ForeignObject, ManyToManyField

ROOT = Path(settings.BASE_DIR)
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
ROOF_TO_CELLAR: list[str] = LINTER["contracts"][0]["layers"]


def names_in(layer: str) -> list[str]:
    """The apps of one layer: “(issues) | (petitions)” names two, each of which may be absent."""
    return [part.strip(" ()") for part in layer.split("|")]


def levels() -> dict[str, int]:
    """App → its floor, the cellar is 0."""
    return {name: level for level, layer in enumerate(reversed(ROOF_TO_CELLAR)) for name in names_in(layer)}


def apps_on_disk() -> set[str]:
    """Packages with an apps.py: Django apps of ours."""
    return {path.parent.name for path in ROOT.glob("*/apps.py")}


def our_models() -> list[type[Model]]:
    """Every model of our apps, those that join many to many too."""
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in levels()]


def relations(model: type[Model]) -> list["Field[Any, Any]"]:
    """Foreign keys, one to one and many to many, declared on this model."""
    declared = [*model._meta.local_fields, *model._meta.local_many_to_many]
    return [field for field in declared if isinstance(field, ForeignObject | ManyToManyField)]


def arrows(model: type[Model]) -> list[tuple[str, str, str]]:
    """(field, label of the model that it points to, that model's app)."""
    found = []
    for field in relations(model):
        target = field.related_model
        assert isinstance(target, type)
        found.append((str(field), target._meta.label, target._meta.app_label))
    return found


def is_upward(model: type[Model], target: str, app: str) -> bool:
    """Whether a relation climbs: to a higher floor, or to a sibling on the same floor."""
    if target == settings.AUTH_USER_MODEL or app not in levels():
        return False
    here = model._meta.app_label
    return app != here and levels()[app] >= levels()[here]


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model._meta.label)
def test_relations_point_down(model: type[Model]) -> None:
    climbing = [field for field, target, app in arrows(model) if is_upward(model, target, app)]
    assert climbing == [], "only settings.AUTH_USER_MODEL may be above"


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model._meta.label)
def test_relations_are_real_foreign_keys(model: type[Model]) -> None:
    pretended = [type(field).__name__ for field in model._meta.private_fields]
    assert "GenericForeignKey" not in pretended
    assert all(app != "contenttypes" for _field, _target, app in arrows(model))


def test_an_arrow_upwards_would_be_seen() -> None:
    from core.models import Subject
    from issues.models import Issue

    assert is_upward(Subject, "issues.Issue", "issues")
    assert not is_upward(Issue, "core.Subject", "core")
    assert not is_upward(Subject, settings.AUTH_USER_MODEL, "accounts")


def test_every_app_on_disk_is_checked_by_the_import_linter() -> None:
    assert set(LINTER["root_packages"]) == apps_on_disk()
    assert set(levels()) >= apps_on_disk()


def test_every_app_but_the_roof_keeps_the_order_inside() -> None:
    inside = next(contract for contract in LINTER["contracts"] if contract["name"].startswith("Inside an app"))
    assert set(inside["containers"]) == apps_on_disk() - {"openmap"}


def test_every_app_on_disk_is_installed() -> None:
    installed = {config.name for config in apps.get_app_configs()}
    assert apps_on_disk() <= installed
