"""New keys for rows that come from elsewhere. Where the numbers are free they stay as they are, as in an empty
installation; else all numbers of a table are moved up by the same step. Keys that are random stay, or are refused.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection
from django.db.models import UUIDField
from django.utils.translation import gettext as _

from openmap.moving.belongings import STAYS, Kind
from openmap.moving.bundle import MovingError

Row = dict[str, Any]


@dataclass
class Identities:
    """Whose key became which: a step for each kind, a table for what is shared between communities."""

    steps: dict[str, int] = field(default_factory=dict)
    shared: dict[str, dict[int, int]] = field(default_factory=dict)

    def of(self, label: str, key: Any) -> Any:
        """The key here of the row that had `key` there; None for rows that did not move."""
        if key is None or label in STAYS:
            return None
        if label in self.shared:
            return self.shared[label].get(key)
        return key + self.steps[label] if isinstance(key, int) else key

    def moved(self, kind: Kind, row: Row) -> Row:
        """The row with the keys that it and all that it names have here."""
        own = str(kind.key.column)
        row = row | {own: self.of(kind.label, row[own])}
        row |= {column: self.of(label, row[column]) for column, label in kind.references.items()}
        for column, change in INSIDE.get(kind.label, {}).items():
            row[column] = change(self, row[column])
        return row


def make_room(kind: Kind, first: int, last: int) -> int:
    """By how much the numbers first … last must be moved up; nobody else gets them from now on."""
    table, column = kind.table, str(kind.key.column)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [table, column])
        (sequence,) = cursor.fetchone()
        cursor.execute(f'SELECT max("{column}"), (SELECT last_value FROM {sequence}) FROM "{table}"')  # noqa: S608
        highest, given = cursor.fetchone()
        cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}" WHERE "{column}" BETWEEN %s AND %s)', [first, last])  # noqa: S608
        (is_taken,) = cursor.fetchone()
        step = max(highest or 0, given) + 1 - first if is_taken else 0
        cursor.execute("SELECT setval(%s, %s)", [sequence, max(given, last + step)])
    return int(step)


def refuse_known(kind: Kind, keys: list[Any]) -> None:
    """Raises MovingError for random keys that are here already: this was brought in before."""
    column = str(kind.key.column)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{kind.table}" WHERE "{column}" = ANY(%s::uuid[])', [keys])  # noqa: S608
        if cursor.fetchone()[0]:
            raise MovingError(_("Rows of %(kind)s are here already: was it imported before?") % {"kind": kind.label})


def has_random_key(kind: Kind) -> bool:
    """Whether its keys are not numbers."""
    return isinstance(kind.key, UUIDField)


def _trace(now: Identities, value: Any) -> Any:
    """A decision as it was: the keys in it lead to pages of rules, areas and things."""
    if isinstance(value, list):
        return [_trace(now, one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: _trace(now, one) for name, one in value.items()}
    for name, label in TRACED.items():
        if isinstance(found.get(name), int):
            found[name] = now.of(label, found[name])
    for name, label in TRACED_ROWS.items():
        for row in found[name] if isinstance(found.get(name), list) else [found.get(name)]:
            if isinstance(row, dict) and isinstance(row.get("id"), int):
                row["id"] = now.of(label, row["id"])
    return found


def _payload(now: Identities, value: Any) -> Any:
    if isinstance(value, dict) and isinstance(value.get("channel_id"), int):
        return value | {"channel_id": now.of("routing.Channel", value["channel_id"])}
    return value


def _events(now: Identities, value: Any) -> Any:
    return [now.of("issues.IssueEvent", key) for key in value or []]


TRACED: Final = {
    "organisation": "accounts.Organisation",
    "rule": "routing.Rule",
    "ruleset": "routing.RuleSet",
    "register_id": "routing.Register",
}
TRACED_ROWS: Final = {"areas": "geodata.Area", "asset": "routing.Asset"}
# Keys that stand inside other values.
INSIDE: Final[Mapping[str, Mapping[str, Callable[[Identities, Any], Any]]]] = {
    "routing.Decision": {"trace": _trace},
    "routing.Answer": {"became": _events},
    "core.OutboxMessage": {"payload": _payload},
}


def row_of(line: str) -> Row:
    """A line of an export."""
    found: Row = json.loads(line)
    return found
