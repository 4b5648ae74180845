"""Writers of reports: single writes in SQL, in transactions with savepoints, some of them undone. Many write at once.

A transaction writes its reports in the order of their keys, the visibility of one before the rest of it: whoever takes
locks in any other order waits in a circle, with counts or without.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from django.db import connection, transaction
from hypothesis import strategies as st

from core.models import Visibility
from tests.examples import rolled_back
from tests.geodata.towns import STATES, VISIBILITIES, Dot, dots

WHATS = ("insert", "move", "state", "category", "visibility", "day", "rename", "words", "delete")
_REPORT = """
INSERT INTO issues_issue (subject_id, community_id, number, category_id, location, address, entrance, flat, answers,
    title, text, state, source, language, created_at, due_on, changed_at)
VALUES (%s, %s, %s, %s, ST_Point(%s, %s, 4326), '', '', '', '{}', 'Яма', 'Яма', %s, 'web', 'uk', %s, %s, %s)
RETURNING id, subject_id
"""
_SUBJECT = """
INSERT INTO core_subject (community_id, kind, visibility, hidden_reason) VALUES (%s, 'issue', %s, %s) RETURNING id
"""
_CHANGES = {
    "move": "location = ST_Point(%s, %s, 4326)",
    "state": "state = %s",
    "category": "category_id = %s",
    "day": "created_at = %s",
    "rename": "title = 'Інша яма', changed_at = %s",
    "words": "text = text || '!'",
}

Key = tuple[int, int]  # of a report and of its subject


@dataclass(frozen=True)
class Write:
    """One write to the report at place `which` of those that a writer knows. `is_undone`: its savepoint is."""

    what: str
    which: int
    dot: Dot
    is_undone: bool = False


@dataclass(frozen=True)
class Deal:
    """One transaction. `is_undone`: it is rolled back at its end."""

    writes: tuple[Write, ...]
    is_undone: bool = False


@dataclass
class Writer:
    """Writes through the connection of its thread.

    `first_number`: of its own reports, far from those of others; `several`: reports that it changes in one statement.
    """

    community_id: int
    categories: Sequence[int]
    known: list[Key]
    first_number: int
    several: int = 5
    rows: int = 0  # of reports that it has written
    _numbers: int = field(default=0)

    def perform(self, deal: Deal) -> None:
        """One transaction, committed or not."""
        new: list[Key] = []
        before = self.rows
        with transaction.atomic():
            for write, key in self._in_order(deal.writes):
                if write.is_undone:
                    with rolled_back():
                        self._write(write, key)
                else:
                    new += self._write(write, key)
            transaction.set_rollback(deal.is_undone)
        if deal.is_undone:
            self.rows = before
        else:
            self.known += new

    def _in_order(self, writes: Iterable[Write]) -> list[tuple[Write, Key]]:
        pairs = [(write, self.known[write.which % len(self.known)]) for write in writes]
        return sorted(pairs, key=lambda pair: (pair[1], pair[0].what != "visibility"))

    def _write(self, write: Write, key: Key) -> list[Key]:
        """The keys of what is new."""
        issue, subject = key
        dot = write.dot
        if write.what == "insert":
            return [self.insert(dot)]
        if write.what == "visibility":
            reason = "особисті дані" if dot.visibility == Visibility.HIDDEN else ""
            text = "UPDATE core_subject SET visibility = %s, hidden_reason = %s WHERE id = %s"
            self._do(text, [dot.visibility, reason, subject])
        elif write.what == "delete":
            self._do("DELETE FROM issues_issue WHERE id = %s", [issue])
        elif write.what == "sensitive":
            text = "UPDATE routing_category SET is_sensitive = %s WHERE id = %s"
            self._do(text, [dot.up % 2 == 0, self.categories[dot.kind]])
        elif write.what == "several":
            keys = [self.known[(write.which + step) % len(self.known)][0] for step in range(self.several)]
            text = ("WITH held AS (SELECT id FROM issues_issue WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE) "
                    "UPDATE issues_issue SET state = %s FROM held WHERE issues_issue.id = held.id")  # fmt: skip
            self._do(text, [keys, dot.state])
        else:
            self._do(f"UPDATE issues_issue SET {_CHANGES[write.what]} WHERE id = %s", [*self._values(write), issue])
        return []

    def _values(self, write: Write) -> list[Any]:
        dot = write.dot
        values: dict[str, list[Any]] = {
            "move": list(dot.place),
            "state": [dot.state],
            "category": [self.categories[dot.kind]],
            "day": [dot.at],
            "rename": [dot.at],
            "words": [],
        }
        return values[write.what]

    def insert(self, dot: Dot) -> Key:
        """A new report with its subject."""
        self._numbers += 1
        reason = "особисті дані" if dot.visibility == Visibility.HIDDEN else ""
        with connection.cursor() as cursor:
            cursor.execute(_SUBJECT, [self.community_id, dot.visibility, reason])
            (subject,) = cursor.fetchone()
            at = dot.at
            values = [self.community_id, self.first_number + self._numbers, self.categories[dot.kind], *dot.place]
            cursor.execute(_REPORT, [subject, *values, dot.state, at, at.date() + timedelta(days=7), at])
            key: Key = cursor.fetchone()
        self.rows += 1
        return key

    def _do(self, text: str, values: Sequence[Any]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(text, values)
            self.rows += cursor.rowcount


def dealt(dice: Random, *, spread: int = 12, sensitive: float = 0.04) -> Deal:
    """A transaction by chance: mostly a few writes, now and then a category that changes, or several reports at once.

    Those two are alone in theirs: the first waits for everybody who writes. One in seven is rolled back. `sensitive`:
    the share of categories that change.
    """
    is_undone = dice.random() < 0.15
    lot = dice.random()
    if lot < sensitive:
        return Deal((Write("sensitive", 0, dot_of(dice, spread)),), is_undone)
    if lot < sensitive + 0.08:
        return Deal((Write("several", dice.randrange(1 << 20), dot_of(dice, spread)),), is_undone)
    writes = [
        Write(dice.choice(WHATS), dice.randrange(1 << 20), dot_of(dice, spread), is_undone=dice.random() < 0.2)
        for _turn in range(dice.randint(1, 4))
    ]
    return Deal(tuple(writes), is_undone)


def dot_of(dice: Random, spread: int) -> Dot:
    """A report by chance, on a lattice so many steps wide."""
    return Dot(
        right=dice.randint(0, spread),
        up=dice.randint(0, spread),
        state=dice.choice(STATES),
        visibility=dice.choice(VISIBILITIES),
        kind=dice.randrange(2),
        day=dice.randint(0, 600),
    )


def _alone(what: str) -> "st.SearchStrategy[Deal]":
    write = st.builds(Write, what=st.just(what), which=st.integers(0, 30), dot=dots)
    return st.builds(Deal, st.tuples(write), is_undone=st.booleans())


_writes = st.builds(
    Write,
    what=st.sampled_from(WHATS),
    which=st.integers(0, 30),
    dot=dots,
    is_undone=st.sampled_from([False] * 4 + [True]),
)
_several = st.builds(Deal, st.lists(_writes, min_size=1, max_size=4).map(tuple), st.sampled_from([False] * 5 + [True]))
deals = st.one_of(_several, _several, _several, _several, _alone("sensitive"), _alone("several"))
