"""The layers that are asked the same questions, and how a test puts a thing on each of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import LineString, MultiPolygon, Point, Polygon
from django_scopes import scope

from core.models import Subject, Visibility
from geodata.layers import Layer, all_layers
from geodata.models import WGS84, Area, Community, Division
from issues.states import State
from routing.models import Asset, Category, Register
from tests.conftest import LONG_AGO, NOW
from tests.geodata.conftest import PETITIONS, TODAY, pin
from tests.geodata.counted_petitions import COUNTED_PETITIONS, KINDS, CountedPetition
from works.actions import announce
from works.models import Work

LAYERS = [*all_layers(), PETITIONS, COUNTED_PETITIONS]
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
AROUND = 0.0002  # degrees, about 15 m
SHAPES = {
    "issues": ("point",),
    "registers": ("point", "line", "area"),
    "works": ("point", "line", "area"),
    "petitions": ("area",),
    "counted_petitions": ("point", "line", "area"),
}
# Two kinds and, where things have states, two families of states in which a test can put a thing.
CATEGORIES = {
    "issues": ("roads", "manholes"),
    "registers": ("register.lamps", "register.parks"),
    "works": ("roads", "manholes"),
    "petitions": ("squares", "parks"),
    "counted_petitions": (KINDS[1], KINDS[2]),
}
GROUPS: dict[str, tuple[str, ...]] = {
    "issues": ("wait", "done"),
    "registers": (),
    "works": ("wait", "work"),
    "petitions": ("wait", "done"),
    "counted_petitions": ("wait", "done"),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """What a test puts on a layer. `kind`, `group`: which of the two; without `began` a moment that fits the group."""

    community: Community
    place: Point
    title: str = "Видно"
    shape: str = ""
    kind: int = 0
    group: int = 0
    began: datetime | None = None
    is_hidden: bool = False


def put(layer: Layer, thing: Thing) -> None:
    """Puts it there, in the scope of its community. Without a shape it has the first that the layer knows."""
    known = replace(thing, shape=thing.shape or SHAPES[layer.name][0])
    with scope(community=thing.community):
        _PUT[layer.name](known)


def shaped(place: Point, shape: str) -> Any:
    """A point, a line through it or a square around it, SRID 4326."""
    x, y = place.coords
    if shape == "point":
        return place
    if shape == "line":
        return LineString((x - AROUND, y), (x + AROUND, y), srid=WGS84)
    square = Polygon.from_bbox((x - AROUND, y - AROUND, x + AROUND, y + AROUND))
    return MultiPolygon(square, srid=WGS84)


def _category(thing: Thing) -> Category:
    code = CATEGORIES["issues"][thing.kind]
    return Category.objects.get_or_create(community=thing.community, code=code, defaults={"name": code})[0]


def _issue(thing: Thing) -> None:
    pin(
        thing.community,
        thing.place,
        category=_category(thing),
        title=thing.title,
        state=(State.NEW, State.DONE)[thing.group],
        visibility=Visibility.HELD if thing.is_hidden else Visibility.PUBLIC,
        at=thing.began or NOW,
    )


def _work(thing: Thing) -> None:
    usual = NOW + timedelta(days=1) if thing.group == 0 else NOW - timedelta(days=1)
    work = Work(
        community=thing.community,
        name=thing.title,
        geometry=shaped(thing.place, thing.shape),
        starts_at=thing.began or usual,
    )
    announce(work, is_shown=True, at=NOW)
    work.categories.add(_category(thing))
    if thing.is_hidden:
        Subject.objects.filter(pk=work.subject_id).update(visibility=Visibility.HIDDEN, hidden_reason="помилка")


def _asset(thing: Thing) -> None:
    """Hidden: in a register of that kind that is not on the map."""
    code = CATEGORIES["registers"][thing.kind].removeprefix("register.") + ("-hidden" if thing.is_hidden else "")
    on_map = {"is_on_map": not thing.is_hidden, "map_day": TODAY}
    register = Register.objects.get_or_create(
        community=thing.community, code=code, defaults={"name": "Ліхтарі", **on_map}
    )[0]
    Asset.objects.create(
        community=thing.community,
        register=register,
        key=str(Asset.objects.count()),
        name=thing.title,
        attributes={"secret": "номер договору"},
        geometry=shaped(thing.place, thing.shape),
        valid_from=thing.began.date() if thing.began else LONG_AGO,
    )


def _petition(thing: Thing) -> None:
    division = Division.objects.get_or_create(community=thing.community, code=CATEGORIES["petitions"][thing.kind])[0]
    family = "hidden" if thing.is_hidden else ("open", "done")[thing.group]
    Area.objects.create(
        community=thing.community,
        division=division,
        code=f"{family}-{Area.objects.count()}",
        name=thing.title,
        boundary=shaped(thing.place, thing.shape),
        valid_from=thing.began.date() if thing.began else LONG_AGO,
    )


def _counted_petition(thing: Thing) -> None:
    CountedPetition.objects.create(
        community=thing.community,
        title=thing.title,
        kind=thing.kind + 1,
        state=("signing", "answered")[thing.group],
        geometry=shaped(thing.place, thing.shape),
        is_hidden=thing.is_hidden,
        created_at=thing.began or NOW,
        changed_at=thing.began or NOW,
    )


_PUT: dict[str, Callable[[Thing], None]] = {
    "issues": _issue,
    "registers": _asset,
    "works": _work,
    "petitions": _petition,
    "counted_petitions": _counted_petition,
}
