"""Datasets: what is published, column by column. A column that is not declared here is in no file and no answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.conf import settings

from geodata.models import Community

Kind = Literal["text", "integer", "day", "moment"]  # days are dates of the community's clock, moments are in UTC
Row = tuple[Any, ...]
GEOMETRY = "geometry"


@dataclass(frozen=True, slots=True)
class Column:
    """One published column: `about` says in the reader's language what stands in it."""

    name: str
    kind: Kind
    about: Any  # a lazily translated string


@dataclass(frozen=True, slots=True)
class Browsed:
    """How the OGC API asks for features of a dataset: SQL over its `source`.

    `near`: a condition over the box %(west)s … %(north)s; `codes`: an indexed Morton code (geodata.squares) of where a
    feature is, by which boxes are narrowed first; `filters`: parameter → expression.
    """

    key: str  # the column that names a feature: a whole number, ascending
    key_sql: str
    near: str
    since: str  # first moment at which the feature is there, timestamptz
    until: str  # the last one
    filters: Mapping[str, str] = field(default_factory=dict)
    codes: str = ""
    total: str = ""  # SQL of one SELECT: how many there are in all, where that is known without counting them
    first: str = ""  # SQL of one SELECT: the first moment, where an index tells it


@dataclass(frozen=True, slots=True)
class Dataset:
    """What one dataset is and how the database tells it.

    `selected` and `source` are SQL: SELECT {selected} {source}, where `source` ends in a condition. The columns that
    come are `columns` in their order, then those of `private`, then the geometry as WKB (SRID 4326) when it has one.
    `reshape` makes of a row with its private columns one with exactly `columns` and the geometry. Parameters:
    community, slug, site, zone, and those of `more`.
    """

    name: str
    title: Any
    about: Any
    columns: tuple[Column, ...]
    selected: str
    source: str
    key: str  # SQL: what rows are sorted by
    formats: tuple[str, ...]
    version: int  # raised when the same rows of the database are to be published otherwise
    shape: str = ""  # kind of geometry: Point, MultiPolygon
    month: str = ""  # SQL: a date; rows are kept in a part for each month of it. "": all rows are one part
    private: tuple[str, ...] = ()
    reshape: Callable[[Row], Row] | None = None
    more: Callable[[Community], Mapping[str, Any]] | None = None
    missing: str = ""  # how a CSV file writes that there is nothing
    browsed: Browsed | None = None
    # Whether something that a file of this moment holds may no longer be public.
    taken_back: Callable[[Community, datetime], bool] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in their order; the geometry is not among them."""
        return tuple(column.name for column in self.columns)

    @property
    def raw_names(self) -> tuple[str, ...]:
        """What the database gives, in its order."""
        return (*self.names, *self.private, *([GEOMETRY] if self.shape else []))

    def published(self, row: Row) -> Row:
        """A row of the database as it is published: the values of `columns`, then the geometry when it has one."""
        return self.reshape(row) if self.reshape else row

    def parameters(self, community: Community) -> dict[str, Any]:
        """What the SQL is asked with."""
        given = {"community": community.pk, "slug": community.slug, "site": settings.SITE_URL}
        return given | {"zone": community.time_zone} | (dict(self.more(community)) if self.more else {})


_datasets: dict[str, Dataset] = {}


def register(dataset: Dataset) -> Dataset:
    """Publishes it. Raises ValueError when another one has the name."""
    if _datasets.setdefault(dataset.name, dataset) is not dataset:
        raise ValueError(f"A dataset called {dataset.name!r} is registered already.")
    return dataset


def all_datasets() -> list[Dataset]:
    """In the order in which they registered."""
    return list(_datasets.values())


def dataset_named(name: str) -> Dataset | None:
    """The one of that name; None for none."""
    return _datasets.get(name)
