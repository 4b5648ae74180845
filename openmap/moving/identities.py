"""New keys for rows that come from elsewhere. Where the numbers are free they stay as they are, as in an empty
installation; else all numbers of a table are moved up by the same step. Keys that are random stay, or are refused.
A key of a row that the export does not hold is refused: here it could be that of somebody else's row.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection
from django.db.models import UUIDField
from django.utils.translation import gettext as _

from openmap.moving.belongings import STAYS, Kind
from openmap.moving.bundle import MovingError

Row = dict[str, Any]
Held = range | frozenset[str]

MARGIN: Final = 1000  # numbers that others may be given at this very moment
HIGHEST: Final = 10**15  # of a number in an export: beyond it the numbers of a table would soon be used up


@dataclass
class Identities:
    """Whose key became which: a step for each kind, a table for what is shared between communities. `held`: keys that
    the export may name. `asset_questions`: category (its key there, and its code) and code of each question that is
    answered by an asset."""

    steps: dict[str, int] = field(default_factory=dict)
    shared: dict[str, dict[int, int]] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    asset_questions: set[tuple[int | str, str]] = field(default_factory=set)

    def of(self, label: str, key: Any) -> Any:
        """The key here of the row that had `key` there; None for rows that did not move. Raises MovingError for one
        that is not in the export."""
        if key is None or label in STAYS:
            return None
        found = self.perhaps(label, key)
        if found is None:
            raise MovingError(
                _("The export names a row of %(kind)s that is not in it: %(key)s.") % {"kind": label, "key": key}
            )
        return found

    def perhaps(self, label: str, key: Any) -> Any:
        """The same for a key that nothing holds to its row; None when there is none in the export."""
        if label in self.shared:
            return self.shared[label].get(key) if is_number(key) else None
        held = self.held.get(label, ())
        if isinstance(held, range):
            return key + self.steps[label] if is_number(key) and key in held else None
        return key if isinstance(key, str) and key in held else None


def is_number(key: Any) -> bool:
    """Whether it is a number that a table may give; True is none."""
    return type(key) is int and 0 < key <= HIGHEST


def room_for(now: Identities, kind: Kind, keys: Iterable[Any]) -> None:
    """Writes down by how much the keys of a kind are moved up. Raises MovingError."""
    given = list(keys)
    if has_random_key(kind):
        if not all(isinstance(key, str) for key in given):
            raise MovingError(_("Rows of %(kind)s have keys that cannot be.") % {"kind": kind.label})
        refuse_known(kind, given)
        now.held[kind.label] = frozenset(given)
    elif given:
        if not all(is_number(key) for key in given):
            raise MovingError(_("Rows of %(kind)s have keys that cannot be.") % {"kind": kind.label})
        now.steps[kind.label] = make_room(kind, min(given), max(given))
        now.held[kind.label] = range(min(given), max(given) + 1)


def make_room(kind: Kind, first: int, last: int) -> int:
    """By how much the numbers first … last must be moved up; nobody else gets them from now on.

    Others draw numbers meanwhile: the sequence is only ever moved on, and by more than they can draw in that moment.
    """
    table, column = kind.table, str(kind.key.column)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [table, column])
        (sequence,) = cursor.fetchone()
        cursor.execute(
            f'SELECT EXISTS (SELECT FROM "{table}" WHERE "{column}" BETWEEN %s AND %s), max("{column}") FROM "{table}"',  # noqa: S608
            [first, last],
        )
        is_taken, highest = cursor.fetchone()
        if not is_taken:
            words = "SELECT CASE WHEN nextval(%s) <= %s THEN setval(%s, %s) END"
            cursor.execute(words, [sequence, last, sequence, last + MARGIN])
            return 0
        words = "SELECT setval(%s, greatest(nextval(%s), %s) + %s)"
        cursor.execute(words, [sequence, sequence, highest, MARGIN + last - first + 1])
        return int(cursor.fetchone()[0]) - last


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


def row_of(line: str) -> Row:
    """A line of an export. Raises ValueError."""
    found = json.loads(line)
    if not isinstance(found, dict):
        raise ValueError(line[:100])
    return found
