"""Reads counts as tests ask for them."""

from datetime import date
from typing import Any

from django.db import connection

from core.counters import MEASURES

COMMUNITY, AREA, ORGANISATION, PAIR = range(4)


def counted(kind: int, place: int, *, category: int = 0) -> dict[str, int]:
    """Sums over all months of what is not zero."""
    sums = ", ".join(f"coalesce(sum({measure}), 0)" for measure in MEASURES)
    found = read(
        f"SELECT {sums} FROM stats_month WHERE kind = %s AND place = %s AND category = %s", kind, place, category
    )
    return {measure: int(n) for measure, n in zip(MEASURES, found[0], strict=True) if n}


def days_of(measure: str, *, kind: int = COMMUNITY, place: int = 0) -> dict[date, int]:
    """Day → how many, where there are any."""
    text = f"SELECT day, {measure} FROM stats_day WHERE kind = %s AND place = %s AND {measure} <> 0 ORDER BY day"
    return dict(read(text, kind, place))


def read(text: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows."""
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return list(cursor.fetchall())
