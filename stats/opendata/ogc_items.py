"""Features of a collection, a page at a time, by keyset: as many pages as there are cost the same each."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from geodata.models import Community
from stats.opendata.geojson_files import features
from stats.opendata.ogc_asking import Asked
from stats.opendata.reading import rows_by_sql
from stats.opendata.tables import Browsed, Dataset

SIDES = ("west", "south", "east", "north")


@dataclass(frozen=True, slots=True)
class Page:
    """Some features, each as GeoJSON text, how many fit in all, and the key after which the next page begins."""

    features: list[str]
    matched: int
    next: int | None


def items(dataset: Dataset, community: Community, asked: Asked) -> Page:
    """A page of what is asked for, in the order of keys."""
    browsed = _browsed(dataset)
    condition, given = _condition(browsed, asked)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {dataset.source} {condition}", dataset.parameters(community) | given)
        matched = int(cursor.fetchone()[0])
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
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min({_browsed(dataset).since}) {dataset.source}", dataset.parameters(community))
        return cursor.fetchone()[0]


def _browsed(dataset: Dataset) -> Browsed:
    assert dataset.browsed, dataset.name
    return dataset.browsed


def _condition(browsed: Browsed, asked: Asked) -> tuple[str, dict[str, Any]]:
    """SQL that narrows the source, and its parameters."""
    conditions, given = [], dict[str, Any]()
    boxes = []
    for number, box in enumerate(asked.boxes):
        near = browsed.near
        for side, value in zip(SIDES, box, strict=True):
            near = near.replace(f"%({side})s", f"%({side}{number})s")
            given[f"{side}{number}"] = value
        boxes.append(f"({near})")
    if boxes:
        conditions.append(f"({' OR '.join(boxes)})")
    if asked.since:
        conditions.append(f"{browsed.until} >= %(since)s")
    if asked.until:
        conditions.append(f"{browsed.since} <= %(until)s")
    conditions += [f"{browsed.filters[name]} = %(is_{name})s" for name in asked.filters]
    given |= {"since": asked.since, "until": asked.until} | {f"is_{name}": text for name, text in asked.filters.items()}
    return "".join(f" AND {condition}" for condition in conditions), given
