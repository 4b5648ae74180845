"""Features of a collection, a page at a time, by keyset: as many pages as there are cost the same each."""

from dataclasses import dataclass
from typing import Any

from geodata.boxes import Box
from geodata.models import Community
from geodata.replica import reading
from geodata.squares import FINEST, squares_for
from stats.opendata.geojson_files import features
from stats.opendata.ogc_asking import Asked
from stats.opendata.reading import rows_by_sql
from stats.opendata.tables import Browsed, Dataset

SIDES = ("west", "south", "east", "north")
MOST_COUNTED = 10_000
SQUARES = 16  # that a box is narrowed by
_AIR = 1e-7  # degrees: rounding takes no feature away from an edge


@dataclass(frozen=True, slots=True)
class Page:
    """Some features, each as GeoJSON text, how many fit in all, and the key after which the next page begins.

    `matched` is None where more than MOST_COUNTED fit: counting them would cost more than the page.
    """

    features: list[str]
    matched: int | None
    next: int | None


def items(dataset: Dataset, community: Community, asked: Asked) -> Page:
    """A page of what is asked for, in the order of keys."""
    browsed = _browsed(dataset)
    condition, given = _condition(browsed, asked)
    matched = _matched(dataset, community, condition, given)
    page = f"{condition} AND {browsed.key_sql} > %(after)s ORDER BY {browsed.key_sql} LIMIT %(limit)s"
    rows = rows_by_sql(dataset, community, page, given | {"after": asked.after, "limit": asked.limit + 1})
    shown = rows[: asked.limit]
    at = dataset.names.index(browsed.key)
    return Page(list(features(dataset, shown)), matched, int(shown[-1][at]) if len(rows) > asked.limit else None)


def item(dataset: Dataset, community: Community, key: int) -> str | None:
    """One feature; None for none."""
    rows = rows_by_sql(dataset, community, f"AND {_browsed(dataset).key_sql} = %(key)s", {"key": key})
    return next(features(dataset, rows), None)


def first_moment(dataset: Dataset, community: Community) -> Any:
    """When the oldest feature began; None without any."""
    with reading().cursor() as cursor:
        sql = _browsed(dataset).first or f"SELECT min({_browsed(dataset).since}) {dataset.source}"
        cursor.execute(sql, dataset.parameters(community))
        return cursor.fetchone()[0]


def _matched(dataset: Dataset, community: Community, condition: str, given: dict[str, Any]) -> int | None:
    browsed, counted = _browsed(dataset), f"SELECT 1 {dataset.source} {condition} LIMIT {MOST_COUNTED + 1}"
    is_known = browsed.total and not condition
    with reading().cursor() as cursor:
        sql = browsed.total if is_known else f"SELECT count(*) FROM ({counted}) counted"
        cursor.execute(sql, dataset.parameters(community) | given)
        found = int(cursor.fetchone()[0])
    return found if is_known or found <= MOST_COUNTED else None


def _browsed(dataset: Dataset) -> Browsed:
    assert dataset.browsed, dataset.name
    return dataset.browsed


def _in_ranges(codes: str, box: tuple[float, float, float, float]) -> str:
    """SQL: “AND …” over the Morton codes of the squares that the box touches."""
    if not codes:
        return ""
    west, south, east, north = box
    squares = squares_for(Box(west - _AIR, south - _AIR, east + _AIR, north + _AIR), FINEST, SQUARES)
    return f" AND ({' OR '.join(f'{codes} BETWEEN {first} AND {last}' for first, last in squares.ranges())})"


def _condition(browsed: Browsed, asked: Asked) -> tuple[str, dict[str, Any]]:
    """SQL that narrows the source, and its parameters."""
    conditions, given = [], dict[str, Any]()
    boxes = []
    for number, box in enumerate(asked.boxes):
        near = browsed.near
        for side, value in zip(SIDES, box, strict=True):
            near = near.replace(f"%({side})s", f"%({side}{number})s")
            given[f"{side}{number}"] = value
        boxes.append(f"({near}{_in_ranges(browsed.codes, box)})")
    if boxes:
        conditions.append(f"({' OR '.join(boxes)})")
    if asked.since:
        conditions.append(f"{browsed.until} >= %(since)s")
    if asked.until:
        conditions.append(f"{browsed.since} <= %(until)s")
    conditions += [f"{browsed.filters[name]} = %(is_{name})s" for name in asked.filters]
    given |= {"since": asked.since, "until": asked.until} | {f"is_{name}": text for name, text in asked.filters.items()}
    return "".join(f" AND {condition}" for condition in conditions), given
