"""Layers: the read shape of a kind of thing on the map. Maps and lists are written once, over all layers.

A layer gives rows with fixed columns, and says which further properties strangers may see. Each app registers
its own. Share the read shape, never a parent table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from django.contrib.gis.geos import Polygon
from django.db.models import QuerySet
from django.db.models.expressions import Combinable

from geodata.boxes import Box
from geodata.words import words_query

Things = TypeVar("Things", bound=QuerySet[Any, Any])
# Every layer's rows have exactly these columns, then those of Layer.properties.
COLUMNS = (
    "id",  # bigint, unique within the layer
    "geometry",  # any kind, SRID 4326; already blurred where the thing's visibility is coarse
    "title",
    "category_code",
    "icon",  # name of an icon
    "state",  # code
    "state_group",  # one of GROUPS
    "starts_at",  # timestamptz
    "ends_at",  # timestamptz or null
    "changed_at",  # timestamptz
    "url",  # path on this site
)
# Families of states: each has a shape and a colour on the map. “none” is for things that have no states, such as lamps.
# Cells hold their places in this order: new ones are added at the end.
GROUPS = ("wait", "work", "done", "shut", "none")


def shape_of(box: Box) -> Polygon:
    """The box as rows() asks an index for it: SRID 4326."""
    shape = Polygon.from_bbox(box)
    shape.srid = 4326
    return shape


def as_is(value: Any) -> Any:
    """For properties that JSON holds as they are: numbers, texts, true and false."""
    return value


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to filter by: a family of states, or a category."""

    code: str
    name: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a person chose to see; empty means everything."""

    groups: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    since: datetime | None = None  # the period in which a thing began: from this moment
    until: datetime | None = None  # up to this moment, without it
    text: str = ""  # words that stand in it
    area: int | None = None  # pk of an Area that it stands in or touches


def narrowed(
    chosen: Things, filters: Filters, box: Box | None, *, words: Combinable, began: str = "starts_at"
) -> Things:
    """What the period, the words and the box leave of a layer's things, by their column `geometry`.

    `words`: an expression, the tsvector that geodata_words made of a thing; `began`: a column, timestamptz.
    """
    if filters.since:
        chosen = chosen.filter(**{f"{began}__gte": filters.since})
    if filters.until:
        chosen = chosen.filter(**{f"{began}__lt": filters.until})
    if filters.text:
        chosen = chosen.annotate(words=words).filter(words=words_query(filters.text))
    if box:
        chosen = chosen.filter(geometry__bboverlaps=shape_of(box))
    return chosen


@dataclass(frozen=True, slots=True)
class Counted:
    """A layer whose table counts itself: it has the columns of geodata.counted, and triggers that keep the cells.

    `number` names the layer in cells and deltas; it never changes and is never given to another layer.
    """

    number: int
    table: str
    # SQL: numbers of the categories of a community (%s) with these codes (%s, an array).
    category_keys: str
    category: str = "category_id"  # column: what cells tell apart besides the state, an integer above 0
    starts_at: str = "created_at"  # column
    words: str = ""  # column, if there is one: the tsvector of geodata_words that words are looked for in
    has_shapes: bool = False  # lines and areas too, which are counted where they are anchored


class Rows(Protocol):
    """Gives the rows of one layer."""

    def __call__(
        self, community_id: int, filters: Filters, *, today: date, box: Box | None = None
    ) -> QuerySet[Any, Mapping[str, Any]]:
        """A queryset of dicts with COLUMNS and the layer's properties: what strangers may see of one community.

        It heeds `filters`, but for the area: that is asked of the geometry, for all layers alike. It depends on nothing
        else but the language and the time zone, and is kept as SQL: what it reads, it reads within the queryset.
        `today` is the date in the community's time zone. `box` is a hint for the index, asked as `shape_of` it or of it
        grown on all sides alike: rows outside may be left out, those inside must be there. Must be called inside the
        community's scope; not ordered, not sliced.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One kind of thing on the map. Its row in a list is the template `<name>/row.html`."""

    name: str
    title: Any  # a lazily translated string
    rows: Rows
    # The allow-list beyond COLUMNS, with the way back from JSON to Python (not asked for null).
    properties: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    # What a mark on the map carries of the properties: name in the answer → name of the property.
    on_marks: Mapping[str, str] = field(default_factory=dict)
    groups: Sequence[tuple[str, Any]] = ()  # families of states that occur here, with lazily translated names
    icon: str = "pin"
    is_on: bool = True  # shown when nobody chose layers
    counted: Counted | None = None  # None: few things, which are counted as they are read
    categories: Callable[[int], Sequence[Choice]] = field(default=lambda community_id: ())

    def __post_init__(self) -> None:
        """Raises ValueError for a name that is no plain word, and for a mark that carries what is not allowed."""
        if not self.name.isidentifier():
            raise ValueError(f"A layer's name is a plain word, not {self.name!r}.")
        if forbidden := set(self.on_marks.values()) - set(self.properties):
            raise ValueError(f"Not among the properties of {self.name}: {', '.join(sorted(forbidden))}.")


_layers: dict[str, Layer] = {}


def register(layer: Layer) -> None:
    """Adds a layer, once. Raises ValueError when another layer has the name."""
    if _layers.setdefault(layer.name, layer) is not layer:
        raise ValueError(f"A layer called {layer.name!r} is registered already.")


def layer_named(name: str) -> Layer:
    """The layer of that name. Raises KeyError when there is none."""
    return _layers[name]


def all_layers() -> list[Layer]:
    """Layers in the order in which they registered."""
    return list(_layers.values())
