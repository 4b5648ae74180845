"""What the address of a map or of a list asks for. What makes no sense is left out: a link is never a dead end."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from geodata.begun import Begun
from geodata.boxes import BadBoxError, Box, parse_box
from geodata.layer_sql import MOST_MARKS, Question
from geodata.layers import Choice, Filters, Layer
from geodata.lists import Key, parse_key
from geodata.models import Area, Community
from geodata.periods import first_day, last_day, moments

FEWEST_MARKS = 12  # that a map asks for, however small its screen
MOST_TEXT = 100  # characters of words that are searched for


@dataclass(frozen=True)
class Menu:
    """What can be filtered by: layers, and the families of states and categories of the layers that are shown, each
    once; where two name the same, the words of the first.

    Categories are read when they are asked for, which must be inside the community's scope: most answers of the map
    need none.
    """

    layers: list[Layer]
    shown: list[Layer]
    community_id: int

    @cached_property
    def groups(self) -> list[Choice]:
        found: dict[str, Choice] = {}
        for layer in self.shown:
            for code, name in layer.groups:
                found.setdefault(code, Choice(code, str(name)))
        return list(found.values())

    @property
    def categories(self) -> list[Choice]:
        return self._kinds[0]

    @property
    def owners(self) -> dict[str, list[str]]:
        """Code of a category → names of the layers that have it."""
        return self._kinds[1]

    @cached_property
    def _kinds(self) -> tuple[list[Choice], dict[str, list[str]]]:
        found: dict[str, Choice] = {}
        owners: dict[str, list[str]] = {}
        for layer in self.shown:
            for choice in layer.categories(self.community_id):
                found.setdefault(choice.code, choice)
                owners.setdefault(choice.code, []).append(layer.name)
        return list(found.values()), owners


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for."""

    layers: tuple[Layer, ...] = ()
    names: tuple[str, ...] = ()  # of the layers, as chosen; empty when nobody chose
    filters: Filters = Filters()  # noqa: RUF009 — immutable
    narrowed: frozenset[str] | None = None
    since: str = ""  # as in the address
    until: str = ""
    area: Area | None = None
    box: Box | None = None
    box_problem: str = ""  # why the box in the address is none, in English
    zoom: float | None = None
    most: int = MOST_MARKS  # marks at once: fewer on a small screen
    after: str = ""
    only: Key | None = None
    pairs: list[tuple[str, str]] = field(default_factory=list)  # of the query, all but the view

    def query(self, *, without: tuple[str, str] | None = None) -> str:
        """The filters as a query: "state=wait&category=roads"; `without` one of them, ("state", "wait")."""
        return urlencode([pair for pair in self.pairs if pair != without])

    def view_query(self) -> str:
        """The box and the zoom as a query, empty when there is no box."""
        if not self.box:
            return ""
        return urlencode({"box": str(self.box)} | ({"zoom": f"{self.zoom:g}"} if self.zoom is not None else {}))

    def question(self, community: Community, today: date) -> Question:
        """What the layers are asked."""
        return Question(
            community.pk, today, self.filters, self.box, narrowed=self.narrowed, zoom=self.zoom, most=self.most
        )


def chosen_layers(query: MultiValueDict[str, str], layers: Sequence[Layer]) -> tuple[list[Layer], tuple[str, ...]]:
    """The layers that an address names, in their order, and their names; no names for those that are shown by
    themselves when nobody chose."""
    wanted = set(query.getlist("layer"))
    by_themselves = [layer for layer in layers if layer.is_on]
    found = [layer for layer in layers if layer.name in wanted] or by_themselves
    return found, () if found == by_themselves else tuple(layer.name for layer in found)


def menu_of(query: MultiValueDict[str, str], layers: Sequence[Layer], community_id: int) -> Menu:
    """What an address can choose from."""
    return Menu(list(layers), chosen_layers(query, layers)[0], community_id)


def asked(query: MultiValueDict[str, str], menu: Menu, community: Community, today: date) -> Asked:
    """Reads `layer`, `state`, `category` (repeatable), `from`, `to`, `q`, `area`, `box`, `zoom`, `most`, `after`,
    `only`; leaves out what is unknown."""
    box, problem = None, ""
    if text := query.get("box", ""):
        try:
            box = parse_box(text)
        except BadBoxError as mistake:
            problem = str(mistake)
    layers, names = chosen_layers(query, menu.layers)
    groups = _known(query, "state", menu.groups)
    categories = _known(query, "category", menu.categories) if "category" in query else ()
    since, until = _period(query)
    begin, end = moments(since, until, ZoneInfo(community.time_zone))
    words = " ".join(query.get("q", "").replace("\0", " ").split())[:MOST_TEXT]
    area = area_called(query.get("area", ""), today)
    pairs = [("layer", name) for name in names]
    pairs += [("state", code) for code in groups] + [("category", code) for code in categories]
    pairs += [(name, text) for name, text in (("from", since), ("to", until), ("q", words)) if text]
    pairs += [("area", _code_of(area))] if area else []
    return Asked(
        layers=tuple(layers),
        names=names,
        filters=Filters(groups, categories, begin, end, words, area.pk if area else None),
        narrowed=frozenset(owner for code in categories for owner in menu.owners[code]) if categories else None,
        since=since,
        until=until,
        area=area,
        box=box,
        box_problem=problem,
        zoom=_zoom(query.get("zoom", "")),
        most=_most(query.get("most", "")),
        after=query.get("after", ""),
        only=parse_key(query.get("only", "")),
        pairs=pairs,
    )


def filter_context(asked: Asked, menu: Menu, page_url: str, *, months: Begun | None = None) -> dict[str, Any]:
    """What the filter bar shows: choices with `on`, and the chosen ones with the address that takes each back.

    `months`, of a page on which layers and the period are chosen: from when to when the period goes; a layer that has
    nothing here is not offered unless it is named in the address.
    """
    labels = {("layer", layer.name): str(layer.title) for layer in menu.layers}
    labels |= {("state", choice.code): choice.name for choice in menu.groups}
    labels |= {("category", choice.code): choice.name for choice in menu.categories}
    labels |= {("from", asked.since): _("from %(date)s") % {"date": asked.since}}
    labels |= {("to", asked.until): _("until %(date)s") % {"date": asked.until}}
    labels |= {("q", asked.filters.text): f"«{asked.filters.text}»"}
    if asked.area:
        labels[("area", _code_of(asked.area))] = asked.area.name
    active = [
        {"label": labels[pair], "remove_url": with_query(page_url, asked.query(without=pair), asked)}
        for pair in asked.pairs
    ]
    shown = {layer.name for layer in asked.layers}
    first, last = months.span(asked.layers) if months else ("", "")
    offered = {layer.name for layer in menu.layers if not months or layer.name in {*months.months, *asked.names}}
    usual = {layer.name for layer in menu.layers if layer.is_on}
    return {
        "has_layers": len(offered) > 1 or bool(asked.names) or not offered <= usual,
        "layers": [
            {
                "name": layer.name,
                "title": str(layer.title),
                "icon": layer.icon,
                "on": layer.name in shown,
                "offered": layer.name in offered,
                "is_default": layer.is_on,
                "groups": [{"code": code, "label": str(name)} for code, name in layer.groups],
            }
            for layer in menu.layers
        ],
        "groups": [{"code": c.code, "label": c.name, "on": c.code in asked.filters.groups} for c in menu.groups],
        "categories": [
            {
                "code": c.code,
                "name": c.name,
                "icon": c.icon,
                "on": c.code in asked.filters.categories,
                "layer": menu.owners[c.code][0],
            }
            for c in menu.categories
        ],
        "period": {"since": asked.since, "until": asked.until, "first": first, "last": last},
        "text": asked.filters.text,
        "area": {"code": _code_of(asked.area), "name": asked.area.name} if asked.area else None,
        "active": active,
        "query": asked.query(),
    }


def with_query(url: str, filters: str, asked: Asked, **more: str) -> str:
    """`url` with the filters, the view that was asked for, and more."""
    query = "&".join(part for part in (filters, asked.view_query(), urlencode(more)) if part)
    return f"{url}?{query}" if query else url


def _known(query: MultiValueDict[str, str], name: str, choices: Sequence[Choice]) -> tuple[str, ...]:
    wanted = set(query.getlist(name))
    return tuple(choice.code for choice in choices if choice.code in wanted)


def _period(query: MultiValueDict[str, str]) -> tuple[str, str]:
    """Both ends as written, "" for what is no date; in the other order they are swapped."""
    since, until = query.get("from", ""), query.get("to", "")
    begin, end = first_day(since), last_day(until)
    if begin and end and end < begin:
        since, until = until, since
        begin, end = first_day(since), last_day(until)
    return since if begin else "", until if end else ""


def area_called(text: str, today: date) -> Area | None:
    """The area in force that "districts.north" names. A code may hold points, that of a division none."""
    division, _point, code = text.partition(".")
    if not division or not code or "\0" in text:
        return None
    found: Area | None = (
        Area.objects.on(today)
        .select_related("division")
        .defer("boundary")
        .filter(division__code=division, code=code)
        .first()
    )
    return found


def _code_of(area: Area) -> str:
    return f"{area.division.code}.{area.code}"


def _most(text: str) -> int:
    return max(FEWEST_MARKS, min(MOST_MARKS, int(text))) if text.isdecimal() and len(text) < 6 else MOST_MARKS


def _zoom(text: str) -> float | None:
    try:
        zoom = float(text)
    except ValueError:
        return None
    return zoom if math.isfinite(zoom) else None
