"""One query, all its rows."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from geodata.layer_sql import Sql
from geodata.prepared import fetch
from geodata.replica import reading


def ask(text: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of a query with these parameters."""
    with reading().cursor() as cursor:
        cursor.execute(text, values)
        return list(cursor.fetchall())


def ask_binary(text: str, *values: Any) -> list[tuple[Any, ...]]:
    """The same of a statement that is prepared once; numbers and bytes come as they are, not as text."""
    return fetch(Sql(text, values), is_binary=True)


def array_literal(values: Iterable[int | date]) -> str:
    """As PostgreSQL writes it: psycopg would look at every element for what must be quoted."""
    return "{" + ",".join(map(str, values)) + "}"
