"""What a careful importer would look at twice, counted while a file is read: memory stays bounded whatever its length.

Numbers and places are kept in a private database on the disk, which SQLite takes away with its connection.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

from issues.import_reasons import (
    DEFAULT_PLACE,
    DIFFERS,
    MIDNIGHT,
    REPEATED,
    UNDATED,
    WARNINGS,
    RejectedRowError,
)
from issues.import_rows import Row, fingerprint
from issues.states import OPEN

MOST_SAID, MOST_NAMED, MOST_LINES = 1000, 40, 5  # different words that are counted; told; lines named as examples
MANY_ON_ONE_POINT, SHARE_ON_ONE_POINT = 20, 0.01  # rows, at least; and of all
LONGEST_WORD, TOO_LONG = 100, "…"  # characters of a word whose meaning is asked; longer ones are counted together
MOSTLY = 0.9  # of all rows: a file that knows days only
MOST_POINTS = 10
_TABLES = """
CREATE TABLE ids (id TEXT PRIMARY KEY, content TEXT) WITHOUT ROWID;
CREATE TABLE places (lon REAL, lat REAL, n INTEGER, PRIMARY KEY (lon, lat)) WITHOUT ROWID;
"""
_PLACE = "INSERT INTO places VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1"


class Tracker:
    """Follows the rows of one file. `report` gives what it found, as JSON keeps it."""

    def __init__(self) -> None:
        self._kept = sqlite3.connect("")
        self._kept.executescript(_TABLES)
        self._counts: Counter[str] = Counter()
        self._lines: dict[str, list[int]] = {}
        self._unknown: dict[str, Counter[str]] = {}
        self._rejected_lines: dict[str, list[int]] = {}
        self._rows = 0
        self._first = self._last = ""

    def close(self) -> None:
        """Takes the private database away."""
        self._kept.close()

    def rejected(self, line: int, rejected: RejectedRowError) -> None:
        """A row is left out."""
        lines = self._rejected_lines.setdefault(rejected.code, [])
        if len(lines) < MOST_LINES:
            lines.append(line)
        if rejected.code in ("category", "status", "organisation", "organisations", "organisation_code"):
            said = self._unknown.setdefault(rejected.code, Counter())
            word = str(rejected.details["said"])
            word = word if len(word) <= LONGEST_WORD else TOO_LONG
            if word in said or len(said) < MOST_SAID:
                said[word] += 1

    def rows(self, rows: Sequence[Row], inside: Sequence[Row]) -> list[Row]:
        """Rows that can be read, and those of them in the community, whether they are here already or not; returns
        those of `inside` whose number none of these before had."""
        fresh = []
        self._kept.executemany(_PLACE, ((round(row.lon, 6), round(row.lat, 6)) for row in rows))
        for row in rows:
            self._rows += 1
            day = row.opened.date().isoformat()
            self._first, self._last = min(self._first or day, day), max(self._last, day)
            for code in dict.fromkeys(row.doubts):
                self._count(code, row)
        for row in inside:
            if row.state not in OPEN and not row.resolved:
                self._count(UNDATED, row)
            content = fingerprint(row.raw)
            if self._is_new(row.external_id, content):
                fresh.append(row)
            else:
                self._count(REPEATED, row)
                (before,) = self._kept.execute("SELECT content FROM ids WHERE id = ?", (row.external_id,)).fetchone()
                if before != content:
                    self._count(DIFFERS, row)
        return fresh

    def report(self, *, zone: str) -> dict[str, Any]:
        """Warnings with counts and lines, unknown words with counts, the days that the file spans."""
        warnings = [*self._on_one_point()]
        is_by_days = self._counts[MIDNIGHT] >= max(MOSTLY * self._rows, MANY_ON_ONE_POINT)
        warnings += [
            {"code": code, "count": self._counts[code], "lines": self._lines[code], "details": {"zone": zone}}
            for code in WARNINGS
            if self._counts[code] and (code != MIDNIGHT or is_by_days)
        ]
        return {
            "warnings": warnings,
            "unknown": {part: said.most_common(MOST_NAMED) for part, said in self._unknown.items()},
            "unknown_count": {part: len(said) for part, said in self._unknown.items()},
            "lines": self._rejected_lines,
            "days": [self._first, self._last] if self._first else [],
        }

    def _on_one_point(self) -> list[dict[str, Any]]:
        least = max(MANY_ON_ONE_POINT, int(SHARE_ON_ONE_POINT * self._rows))
        found = self._kept.execute(
            "SELECT lon, lat, n FROM places WHERE n >= ? ORDER BY n DESC, lon, lat LIMIT ?", (least, MOST_POINTS)
        )
        return [
            {"code": DEFAULT_PLACE, "count": count, "lines": [], "details": {"lon": lon, "lat": lat}}
            for lon, lat, count in found
        ]

    def _is_new(self, number: str, content: str) -> bool:
        done = self._kept.execute("INSERT INTO ids VALUES (?, ?) ON CONFLICT DO NOTHING", (number, content))
        return done.rowcount == 1

    def _count(self, code: str, row: Row) -> None:
        self._counts[code] += 1
        lines = self._lines.setdefault(code, [])
        if len(lines) < MOST_LINES:
            lines.append(row.line)
