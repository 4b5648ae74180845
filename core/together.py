"""Rows that belong together are written together: many models, one statement.

Whoever makes rows takes a `Writer`. `AT_ONCE` saves each as it is made. `Together` gives each its key at once, so that
rows can name each other, and writes all of them when it is told to: a report is a dozen rows, and one journey to the
database instead of a dozen.
"""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

from django.db import connection
from django.db.models import AutoField, Field, Model
from django.db.models.expressions import DatabaseDefault

Row = TypeVar("Row", bound=Model)


class Writer(Protocol):
    """What makes rows."""

    def create(self, model: type[Row], **fields: Any) -> Row:
        """A row with its key."""
        ...


class AtOnce:
    """Saves every row as it is made."""

    def create(self, model: type[Row], **fields: Any) -> Row:
        """The saved row."""
        row: Row = model._default_manager.create(**fields)
        return row


AT_ONCE = AtOnce()


class Together:
    """Collects rows; `write` saves them in the order in which their models came first, in one statement.

    Triggers see the rows of the models before. Defaults of the database are taken, but not read back; no signal is
    sent.
    `wanted`: how many keys of each model are fetched at once; more are fetched when they are needed.
    """

    def __init__(self, wanted: Mapping[type[Model], int] | None = None) -> None:
        self._wanted = dict(wanted or {})
        self._keys: dict[type[Model], deque[int]] = defaultdict(deque)
        self._rows: dict[type[Model], list[Model]] = {}

    def create(self, model: type[Row], **fields: Any) -> Row:
        """A row with its key, which the database does not have yet."""
        row = model(**fields)
        if row.pk is None:
            row.pk = self._key_for(model)
        self._rows.setdefault(model, []).append(row)
        return row

    def write(self) -> None:
        """Saves what was made since the last time; nothing when there is nothing."""
        if not self._rows:
            return
        inserts, parameters = [], []
        for number, (model, rows) in enumerate(self._rows.items()):
            sql, given = _insert(model, rows)
            inserts.append(f"w{number} AS ({sql} RETURNING 1)")
            parameters += given
        counts = ", ".join(f"(SELECT count(*) FROM w{number})" for number in range(len(inserts)))  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(f"WITH {', '.join(inserts)} SELECT {counts}", parameters)
        for rows in self._rows.values():
            for row in rows:
                row._state.adding, row._state.db = False, connection.alias
        self._rows = {}

    def _key_for(self, model: type[Model]) -> int:
        if not self._keys[model]:
            self._fetch({**self._wanted, model: self._wanted.get(model, 1)})
            self._wanted = {}
        return self._keys[model].popleft()

    def _fetch(self, wanted: Mapping[type[Model], int]) -> None:
        """Takes keys from the sequences of these models, ascending."""
        columns, parameters = [], []
        for model, count in wanted.items():
            key = model._meta.pk
            columns.append("ARRAY(SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s))")
            parameters += [model._meta.db_table, key.column if key else "id", count]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(columns)}", parameters)
            found = cursor.fetchone()
        for model, keys in zip(wanted, found or (), strict=True):
            self._keys[model].extend(keys)


def _insert(model: type[Model], rows: Sequence[Model]) -> tuple[str, list[Any]]:
    """(INSERT of these rows, its parameters)."""
    fields, columns = _columns(model)
    values, parameters = [], []
    for row in rows:
        placed = [_value(field, row) for field in fields]
        values.append(f"({', '.join(place for place, _given in placed)})")
        parameters += [one for _place, given in placed for one in given]
    overriding = " OVERRIDING SYSTEM VALUE" if isinstance(model._meta.pk, AutoField) else ""
    sql = f'INSERT INTO "{model._meta.db_table}" ({columns}){overriding} VALUES {", ".join(values)}'  # noqa: S608
    return sql, parameters


@cache
def _columns(model: type[Model]) -> tuple[list[Any], str]:
    """(fields that a row is written with, their columns in SQL)."""
    fields = [field for field in model._meta.local_concrete_fields if not field.generated]
    return fields, ", ".join(f'"{field.column}"' for field in fields)


def _value(field: "Field[Any, Any]", row: Model) -> tuple[str, list[Any]]:
    """(how the value of the field stands in the statement, the parameters of that)."""
    value = field.pre_save(row, add=True)
    if isinstance(value, DatabaseDefault):
        return "DEFAULT", []
    ready = field.get_db_prep_save(value, connection)
    placed = getattr(field, "get_placeholder", None)
    return (placed(ready, None, connection) if placed else "%s"), [ready]
