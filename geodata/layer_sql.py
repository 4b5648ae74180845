"""Puts the querysets of layers into raw SQL: typed columns whatever the model, parameters in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from django.contrib.gis.db.backends.postgis.adapter import PostGISAdapter
from django.contrib.gis.geos import GEOSGeometry
from django.utils import timezone
from django.utils.translation import get_language

from geodata.boxes import Box
from geodata.layers import Filters, Layer, shape_of
from geodata.squares import WORLD

MOST_MARKS = 200  # that people and browsers can take in at once

# SQL: degrees of a place of the finest grid (geodata.squares). In float8: numeric costs ten times as much.
LON = f"(({{0}}::float8 + 0.5) / {WORLD} * 360 - 180)"
LAT = f"degrees(atan(sinh(pi() * (1 - ({{0}}::float8 + 0.5) / {WORLD // 2}))))"

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


SOMEWHERE = Box(11.0, 22.0, 33.0, 44.0)  # the box for which SQL is compiled, before it is asked for others


class UnknownBoxError(ValueError):
    """The rows of this layer hold a shape that is not its box: geodata.layers.Rows says what may be asked."""


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

    def known(self, layer: Layer) -> "Compiled":
        """The layer's rows, compiled once for all who ask so: of a counted layer all rows, to be picked by their ids.

        They are not narrowed to the box. Must be called inside the community's scope.
        """
        filters = Filters() if layer.counted else self.filters_of(layer)
        zone = timezone.get_current_timezone_name()
        return _compiled(layer, self.community_id, filters, self.today, get_language(), zone)

    def ask(self, layer: Layer) -> "Compiled":
        """The layer's answer, with the box as a hint. Must be called inside the community's scope."""
        zone = timezone.get_current_timezone_name()
        whose = (layer, self.community_id, self.filters_of(layer), self.today, get_language(), zone)
        if self.box is None:
            return _compiled(*whose)
        return Compiled(layer, _compiled_with_box(*whose).around(self.box))


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


@lru_cache(maxsize=500)
def _compiled(
    layer: Layer, community_id: int, filters: Filters, today: date, language: str | None, zone: str
) -> Compiled:
    """Compiling a queryset takes longer than the database takes for a map. `language` and `zone` are what rows() reads
    besides its arguments."""
    text, params = layer.rows(community_id, filters, today=today).query.sql_with_params()
    return Compiled(layer, Sql(text, tuple(params)))


@dataclass(frozen=True, slots=True)
class _WithBox:
    """SQL that was compiled for SOMEWHERE; `grown`: which of its parameters are that box → degrees added around it."""

    sql: Sql
    grown: Mapping[int, float]

    def around(self, box: Box) -> Sql:
        """The same SQL for another box."""
        params = list(self.sql.params)
        for place, margin in self.grown.items():
            params[place] = PostGISAdapter(shape_of(_grown(box, margin)))
        return Sql(self.sql.text, tuple(params))


@lru_cache(maxsize=500)
def _compiled_with_box(
    layer: Layer, community_id: int, filters: Filters, today: date, language: str | None, zone: str
) -> _WithBox:
    """As `_compiled`, with the box as a hint. Raises UnknownBoxError for a layer that asks for something else than the
    box or the box grown on all sides alike: that could not be told for another box."""
    text, params = layer.rows(community_id, filters, today=today, box=SOMEWHERE).query.sql_with_params()
    shapes = {place: param for place, param in enumerate(params) if isinstance(param, PostGISAdapter)}
    grown = {place: _margin(layer, shape) for place, shape in shapes.items()}
    return _WithBox(Sql(text, tuple(params)), grown)


def _margin(layer: Layer, shape: PostGISAdapter) -> float:
    """By how many degrees SOMEWHERE was grown into this rectangle. Raises UnknownBoxError."""
    found = GEOSGeometry(memoryview(shape.ewkb))
    margin = SOMEWHERE.west - found.extent[0]
    if not found.equals_exact(shape_of(_grown(SOMEWHERE, margin)), 1e-9):
        raise UnknownBoxError(layer.name)
    return round(margin, 9)


def _grown(box: Box, margin: float) -> Box:
    return Box(box.west - margin, box.south - margin, box.east + margin, box.north + margin)


def union(parts: Sequence[Sql]) -> Sql:
    """All rows of all parts."""
    return Sql(
        "\nUNION ALL\n".join(f"({part.text})" for part in parts),
        tuple(param for part in parts for param in part.params),
    )


def with_parts(parts: Sequence[tuple[str, Sql]], answer: Sql, *, inlined: frozenset[str] = frozenset()) -> Sql:
    """`answer` with the named parts before it, each computed once but for those `inlined`: where they are used."""
    named = ",\n".join(
        f"{name} AS {'NOT ' if name in inlined else ''}MATERIALIZED ({part.text})" for name, part in parts
    )
    params = tuple(param for _name, part in parts for param in part.params)
    return Sql(f"WITH {named}\n{answer.text}", params + answer.params)


def json_of(pairs: Sequence[tuple[str, str]]) -> str:
    """SQL of a JSON object: names and the columns that fill them. For names from our own code only."""
    return "json_build_object(" + ", ".join(f"'{name}', {column}" for name, column in pairs) + ")"
