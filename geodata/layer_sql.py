"""Puts the querysets of layers into raw SQL: typed columns whatever the model, parameters in their order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from geodata.boxes import Box
from geodata.layers import Filters, Layer

MOST_MARKS = 200  # that people and browsers can take in at once

# How each fixed column is read, so that rows of different layers can stand in one result.
_TYPES = {
    "id": "bigint",
    "geometry": "geometry",
    "title": "text",
    "category_code": "text",
    "icon": "text",
    "state": "text",
    "state_group": "text",
    "starts_at": "timestamptz",
    "ends_at": "timestamptz",
    "changed_at": "timestamptz",
    "url": "text",
}

# Which rows (`found`) are in the box (`box.shape`). Points need no second look.
IN_BOX = """found.geometry && box.shape
    AND (ST_GeometryType(found.geometry) = 'ST_Point' OR ST_Intersects(found.geometry, box.shape))"""


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and its parameters."""

    text: str
    params: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows are asked for: everything that a reading of layers needs to know."""

    community_id: int
    today: date  # in the community's time zone
    filters: Filters = field(default_factory=Filters)
    box: Box | None = None
    narrowed: frozenset[str] | None = None  # names of the layers that the chosen categories narrow; None: every one
    zoom: float | None = None  # of the map that asks; None: the closest at which the box fits a desktop's map
    most: int = MOST_MARKS  # marks that the map can take in

    def filters_of(self, layer: Layer) -> Filters:
        """What of the filters concerns this layer: a category of reports hides no street lamp."""
        filters = self.filters
        if self.narrowed is not None and layer.name not in self.narrowed:
            filters = replace(filters, categories=())
        return filters if layer.groups else replace(filters, groups=())

    def ask(self, layer: Layer) -> "Compiled":
        """The layer's answer, compiled once for all readings of it. Must be called inside the community's scope."""
        rows = layer.rows(self.community_id, self.filters_of(layer), today=self.today, box=self.box)
        text, params = rows.query.sql_with_params()
        return Compiled(layer, Sql(text, tuple(params)))


@dataclass(frozen=True, slots=True)
class Compiled:
    """The rows of one layer as SQL."""

    layer: Layer
    rows: Sql

    def select(self, columns: Sequence[str], *, extra: str = "") -> Sql:
        """SELECT of the layer's name, these columns and `extra` FROM `rows`, which PostgreSQL can see into."""
        listed = ", ".join(f"rows.{name}::{_TYPES[name]} AS {name}" for name in columns)
        head = f"'{self.layer.name}' AS layer, {listed}{', ' + extra if extra else ''}"
        return Sql(f"SELECT {head} FROM ({self.rows.text}) rows", self.rows.params)


def union(parts: Sequence[Sql]) -> Sql:
    """All rows of all parts."""
    return Sql(
        "\nUNION ALL\n".join(f"({part.text})" for part in parts),
        tuple(param for part in parts for param in part.params),
    )


def with_parts(parts: Sequence[tuple[str, Sql]], answer: Sql) -> Sql:
    """`answer` with the named parts before it, each computed once."""
    named = ",\n".join(f"{name} AS MATERIALIZED ({part.text})" for name, part in parts)
    params = tuple(param for _name, part in parts for param in part.params)
    return Sql(f"WITH {named}\n{answer.text}", params + answer.params)


def json_of(pairs: Sequence[tuple[str, str]]) -> str:
    """SQL of a JSON object: names and the columns that fill them. For names from our own code only."""
    return "json_build_object(" + ", ".join(f"'{name}', {column}" for name, column in pairs) + ")"
