"""Reads what is published out of the database, in chunks, and tells which parts of it are not as they were.

A part is all rows of a month, or all rows of a dataset without months. Its print is made of every row as the database
tells it: the sums of two 64-bit hashes over them. The print of a file is that of the rows that were written into it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection, transaction

from geodata.models import Community
from geodata.replica import reading
from stats.opendata.formats import CHUNK
from stats.opendata.tables import Dataset, Row
from stats.periods import month_after

WHOLE = "all"  # the part of a dataset without months


class StrangeColumnsError(Exception):
    """The database gives other columns than the dataset declares: nothing of it may be published."""


@dataclass(slots=True)
class Print:
    """What tells one state of a part from another."""

    rows: int = 0
    sums: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, hashes: Row) -> None:
        """Another row."""
        self.rows += 1
        self.sums = [known + more for known, more in zip(self.sums, hashes, strict=True)]

    def text(self, dataset: Dataset) -> str:
        """In characters; another version of the dataset has another one."""
        return f"{dataset.version}:{self.rows}:{self.sums[0]}:{self.sums[1]}"


def prints(dataset: Dataset, community: Community) -> dict[str, str]:
    """Part → its print as it is now; a dataset without months has its one part also when it is empty."""
    part = f"to_char(date_trunc('month', {dataset.month}), 'YYYY-MM')" if dataset.month else f"'{WHOLE}'"
    sql = f"""
        WITH parts AS (SELECT {part} AS part, {dataset.selected} {dataset.source}),
        hashed AS (SELECT rows.part, {_of_columns(dataset)} FROM parts rows)
        SELECT part, count(*), sum(one), sum(two) FROM hashed GROUP BY part"""
    with connection.cursor() as cursor:
        cursor.execute(sql, dataset.parameters(community))
        found = {part: Print(many, [int(one), int(two)]) for part, many, one, two in cursor.fetchall()}
    if not dataset.month:
        found.setdefault(WHOLE, Print())
    return {part: told.text(dataset) for part, told in sorted(found.items())}


def read_part(dataset: Dataset, community: Community, part: str, told: Print) -> Iterator[list[Row]]:
    """Rows of a part as they are published, in chunks; adds them to `told`. Raises StrangeColumnsError."""
    narrowed, given = "", dataset.parameters(community)
    if dataset.month:
        first = date.fromisoformat(f"{part}-01")
        narrowed = f"AND {dataset.month} >= %(first)s AND {dataset.month} < %(after)s"
        given |= {"first": first, "after": month_after(first)}
    sql = f"""
        SELECT rows.*, {_of_columns(dataset)} FROM (SELECT {dataset.selected} {dataset.source} {narrowed}) rows
        ORDER BY {dataset.key}"""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql, given)
        while rows := cursor.fetchmany(CHUNK):
            _check(dataset, cursor)
            for row in rows:
                told.add(row[-2:])
            yield [dataset.published(row[:-2]) for row in rows]


def rows_by_sql(dataset: Dataset, community: Community, condition: str, given: dict[str, Any]) -> list[Row]:
    """Rows that a condition narrows (“AND …”, and what follows it), as they are published. Raises
    StrangeColumnsError."""
    with reading().cursor() as cursor:
        cursor.execute(f"SELECT {dataset.selected} {dataset.source} {condition}", dataset.parameters(community) | given)
        _check(dataset, cursor, more=())
        return [dataset.published(row) for row in cursor.fetchall()]


def _of_columns(dataset: Dataset) -> str:
    """SQL: two hashes of a row, of the columns in their order and nothing else."""
    row = "ROW(" + ", ".join(f'rows."{name}"' for name in dataset.raw_names) + ")::text"
    return f"hashtextextended({row}, 0) AS one, hashtextextended({row}, 1) AS two"


def _check(dataset: Dataset, cursor: Any, more: tuple[str, ...] = ("one", "two")) -> None:
    given = tuple(column[0] for column in cursor.description)
    if given != (*dataset.raw_names, *more):
        raise StrangeColumnsError(f"{dataset.name}: {given}")
