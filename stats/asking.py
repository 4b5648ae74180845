"""One query, all its rows."""

from typing import Any

from django.db import connection


def ask(text: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of a query with these parameters."""
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return list(cursor.fetchall())
