"""What the address of a map or of a list asks for. What makes no sense is left out: a link is never a dead end."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.datastructures import MultiValueDict

from geodata.boxes import BadBoxError, Box, parse_box
from geodata.layers import Choice, Filters, Layer
from geodata.lists import Key, parse_key
from geodata.marks import LIMIT

FEWEST_MARKS = 12  # that a map asks for, however small its screen


@dataclass(frozen=True, slots=True)
class Menu:
    """What can be filtered by: families of states and categories of all layers, each once."""

    groups: list[Choice]
    categories: list[Choice]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for."""

    filters: Filters = Filters()  # noqa: RUF009 — immutable
    box: Box | None = None
    box_problem: str = ""  # why the box in the address is none, in English
    zoom: float | None = None
    most: int = LIMIT  # marks at once: fewer on a small screen
    after: str = ""
    only: Key | None = None

    def query(self, *, without: tuple[str, str] | None = None) -> str:
        """The filters as a query: "state=wait&category=roads"; `without` one of them, ("state", "wait")."""
        pairs = [("state", code) for code in self.filters.groups]
        pairs += [("category", code) for code in self.filters.categories]
        return urlencode([pair for pair in pairs if pair != without])

    def view_query(self) -> str:
        """The box and the zoom as a query, empty when there is no box."""
        if not self.box:
            return ""
        return urlencode({"box": str(self.box)} | ({"zoom": f"{self.zoom:g}"} if self.zoom is not None else {}))


def menu_of(layers: Sequence[Layer], community_id: int) -> Menu:
    """Choices of all layers in their order; where two name the same, the words of the first. Must be called inside the
    community's scope."""
    groups: dict[str, Choice] = {}
    categories: dict[str, Choice] = {}
    for layer in layers:
        for code, name in layer.groups:
            groups.setdefault(code, Choice(code, str(name)))
        for choice in layer.categories(community_id):
            categories.setdefault(choice.code, choice)
    return Menu(list(groups.values()), list(categories.values()))


def asked(query: MultiValueDict[str, str], menu: Menu) -> Asked:
    """Reads `state` and `category` (repeatable), `box`, `zoom`, `most`, `after`, `only`; leaves unknown codes out."""
    box, problem = None, ""
    if text := query.get("box", ""):
        try:
            box = parse_box(text)
        except BadBoxError as mistake:
            problem = str(mistake)
    return Asked(
        filters=Filters(_known(query, "state", menu.groups), _known(query, "category", menu.categories)),
        box=box,
        box_problem=problem,
        zoom=_zoom(query.get("zoom", "")),
        most=_most(query.get("most", "")),
        after=query.get("after", ""),
        only=parse_key(query.get("only", "")),
    )


def filter_context(asked: Asked, menu: Menu, page_url: str) -> dict[str, Any]:
    """What the filter bar shows: choices with `on`, and the chosen ones with the address that takes each back."""
    chosen = (
        ("state", menu.groups, asked.filters.groups),
        ("category", menu.categories, asked.filters.categories),
    )
    active = [
        {"label": choice.name, "remove_url": with_query(page_url, asked.query(without=(kind, choice.code)), asked)}
        for kind, choices, codes in chosen
        for choice in choices
        if choice.code in codes
    ]
    return {
        "groups": [{"code": c.code, "label": c.name, "on": c.code in asked.filters.groups} for c in menu.groups],
        "categories": [
            {"code": c.code, "name": c.name, "icon": c.icon, "on": c.code in asked.filters.categories}
            for c in menu.categories
        ],
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


def _most(text: str) -> int:
    return max(FEWEST_MARKS, min(LIMIT, int(text))) if text.isdecimal() and len(text) < 6 else LIMIT


def _zoom(text: str) -> float | None:
    try:
        zoom = float(text)
    except ValueError:
        return None
    return zoom if math.isfinite(zoom) else None
