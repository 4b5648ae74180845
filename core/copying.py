"""Writing many rows at once with COPY: for imports, where an INSERT per row takes too long."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, Model
from django.db.models.expressions import DatabaseDefault
from psycopg import sql

from core.together import Row

KEYS_AT_ONCE = 500


def next_ids(model: type[Model], count: int) -> list[int]:
    """`count` fresh primary keys of a table whose key is a number."""
    if not count:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [f'"{table}"', count]
        )
        return [number for (number,) in cursor.fetchall()]


def copy_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes rows into the model's table, in the caller's transaction. No `save()`, no signals, no defaults of Django:
    every column without a database default must be given. Geometry is given as EWKT, JSON as text."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


class Copied:
    """Collects rows as core.together.Together does, for rows by the thousand: `write` saves them with COPY, model by
    model, in the order in which their models came first. Until then they may be changed.

    A column that takes the database's default does so in all rows of a model, or in none.
    """

    def __init__(self) -> None:
        self._keys: dict[type[Model], deque[int]] = defaultdict(deque)
        self._rows: dict[type[Model], list[Model]] = {}

    def create(self, model: type[Row], **fields: Any) -> Row:
        """A row with its key, which the database does not have yet."""
        row = model(**fields)
        if row.pk is None:
            keys = self._keys[model]
            if not keys:
                keys.extend(next_ids(model, KEYS_AT_ONCE))
            row.pk = keys.popleft()
        self._rows.setdefault(model, []).append(row)
        return row

    def write(self) -> None:
        """Saves what was made since the last time, in the caller's transaction."""
        for model, rows in self._rows.items():
            fields = [field for field in model._meta.local_concrete_fields if _is_given(field, rows[0])]
            copy_rows(model, [str(field.column) for field in fields], _values(fields, rows))
            for row in rows:
                row._state.adding, row._state.db = False, connection.alias
        self._rows = {}


def _is_given(field: "Field[Any, Any]", row: Model) -> bool:
    return not field.generated and not isinstance(field.pre_save(row, add=True), DatabaseDefault)


def _values(fields: Sequence["Field[Any, Any]"], rows: Sequence[Model]) -> Iterator[list[Any]]:
    for row in rows:
        yield [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
