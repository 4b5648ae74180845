"""Miswritten streets of a real register: how often the search finds the right one, and what it takes.

    ./misto bench streets DATA/ukraine/kyiv_street_register_2021.csv [--seed 1] [--count 500] [--misses] [--json]

The register is imported by `import_addresses` from a table of type and name, former name, and a place. It has no
places: the n-th row lies at the n-th point of a sequence that fills a drawn box evenly. The names are miswritten by
tests/trials/misspelt.py. A name that several streets of the register have, in other districts, is right wherever it
is, and so is every street that was called as a former name that was typed, or is called so today; another type is right
only where none was typed. Beside the search stands what pg_trgm does alone on the same rows: the names most similar to
what was typed.
"""

import csv
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from io import StringIO
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from geodata.addresses import find_addresses
from geodata.models import WGS84, Community, Street
from tests.bench._report import Report, at_least, at_most
from tests.trials.misspelt import Named, Typed, misspelt

NAME, KIND = "Повне офіційне найменування об'єкта", "Категорія (тип) об'єкта"
FORMER, FORMER_KIND = "Колишнє найменування об'єкта", "Колишня категорія (тип) об'єкта"
BOX = (30.25, 50.22, 30.80, 50.58)  # degrees: west, south, east, north
STEPS = (0.7548776662466927, 0.5698402909980532)  # of the sequence that fills a square evenly
TODAY = date(2026, 11, 19)
FIRST, AMONG_THREE, SLOWER = 0.95, 0.99, 3.5
_ALONE = """
SELECT name FROM geodata_street WHERE community_id = %s ORDER BY similarity(name, %s) DESC, name, id LIMIT 3
"""
Search = Callable[[str], list[str]]


def main(arguments: list[str] | None = None) -> int:
    """Runs the trial and prints what came out; exits with 1 when a goal is missed."""
    parser = ArgumentParser(description="Miswritten streets of a register.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--misses", action="store_true", help="list what was not found first")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    streets = register(options.file)
    community = founded(streets)
    with scope(community=community):
        report = measured(streets, community, seed=options.seed, count=options.count, misses=options.misses)
    report.say(as_json=options.json)
    return report.exit_code


def register(file: Path) -> list[Named]:
    """The rows of the register, without spaces too many."""
    with file.open(encoding="utf-8-sig", newline="") as table:
        return [
            Named(_tidy(row[KIND]), _tidy(row[NAME]), _tidy(row[FORMER])) for row in csv.DictReader(table) if row[NAME]
        ]


def founded(streets: Sequence[Named]) -> Community:
    """A community with the streets, brought in by the command."""
    west, south, east, north = BOX
    community = Community.objects.create(
        slug="trial-streets", name="Київ", centre=Point((west + east) / 2, (south + north) / 2, srid=WGS84),
        boundary=MultiPolygon(Polygon.from_bbox(BOX), srid=WGS84),
    )  # fmt: skip
    with TemporaryDirectory() as folder:
        path = Path(folder) / "streets.csv"
        with path.open("w", encoding="utf-8", newline="") as table:
            writer = csv.writer(table)
            writer.writerow(["street", "former", "lon", "lat"])
            for at, street in enumerate(streets, start=1):
                x, y = ((0.5 + at * step) % 1 for step in STEPS)
                place = (west + x * (east - west), south + y * (north - south))
                writer.writerow([street.label, street.former, *place])
        call_command("import_addresses", community.slug, path, stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE geodata_street")
    return community


def measured(streets: Sequence[Named], community: Community, *, seed: int, count: int, misses: bool) -> Report:
    """Both searches on the same misspelt names."""
    asked = list(misspelt(streets, count, seed=seed))

    def search(text: str) -> list[str]:
        return [found.label for found in find_addresses(text, community=community, on=TODAY, limit=3)]

    def alone(text: str) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(_ALONE, (community.pk, text))
            return [name for (name,) in cursor.fetchall()]

    ours, theirs = Tally(search, streets), Tally(alone, streets)
    for typed in asked[:20]:  # the first questions of a process read its settings and plans
        search(typed.text), alone(typed.text)
    for typed in asked:
        ours.ask(typed)
        theirs.ask(typed)
    figures: dict[str, Any] = {
        "streets stored": Street.objects.filter(community=community).count(),
        "misspelt names": len(asked), "seed": seed, "all": _row(ours, theirs, asked),
    }  # fmt: skip
    for rule in dict.fromkeys(typed.rule for typed in asked):
        figures[rule] = _row(ours, theirs, [typed for typed in asked if typed.rule == rule])
    figures["search"], figures["trigrams alone"] = ours.times(), theirs.times()
    first, three = ours.share(asked, 1), ours.share(asked, 3)
    ratios = [
        at_least("right street first", first, FIRST),
        at_least("right street in three", three, AMONG_THREE),
        at_least("first: over trigrams alone", first / max(theirs.share(asked, 1), 0.001), 1.15),
        at_most("p95: over trigrams alone", ours.times()["p95_ms"] / theirs.times()["p95_ms"], SLOWER),
    ]
    details = plans(community, next(typed.text for typed in asked if typed.rule == "two slips"))
    if misses:
        details += [
            f"{one.rule}: {one.text} → {one.meant.label}: {', '.join(ours.found[one])}" for one in ours.missed(asked)
        ]
    return Report("streets", len(streets), figures, ratios, details)


class Tally:
    """What one way to search found, and how long it took."""

    def __init__(self, search: Search, streets: Sequence[Named]) -> None:
        self._search = search
        self._called: dict[str, set[str]] = {}
        for street in streets:
            self._called.setdefault(street.former, set()).add(street.name)
        self.found: dict[Typed, list[str]] = {}
        self._whole: list[float] = []
        self._sql: list[float] = []

    def ask(self, typed: Typed) -> None:
        """Searches and remembers."""
        with sql_clock() as sql:
            began = time.perf_counter()
            self.found[typed] = self._search(typed.text)
            self._whole.append(1000 * (time.perf_counter() - began))
        self._sql.append(sum(sql))

    def share(self, asked: Sequence[Typed], among: int) -> float:
        """Of those, the share for which one of the first so many is right."""
        return sum(self._is_right(typed, among) for typed in asked) / len(asked)

    def missed(self, asked: Sequence[Typed]) -> list[Typed]:
        """Those for which the first is not right."""
        return [typed for typed in asked if not self._is_right(typed, 1)]

    def _is_right(self, typed: Typed, among: int) -> bool:
        names = {typed.meant.name}
        if typed.rule == "former name":
            names |= {typed.text} | self._called[typed.text]
        kind = typed.meant.kind if typed.has_kind else ""
        return any(is_called(label, names, kind) for label in self.found[typed][:among])

    def times(self) -> dict[str, float]:
        """Milliseconds of a search, and of what the database does of it."""
        return {
            "p50_ms": round(median(self._whole), 1), "p95_ms": round(quantiles(self._whole, n=20)[-1], 1),
            "sql_p50_ms": round(median(self._sql), 1), "sql_p95_ms": round(quantiles(self._sql, n=20)[-1], 1),
        }  # fmt: skip


def is_called(label: str, names: set[str], kind: str) -> bool:
    """True for one of the names; when a type is given, of that type."""
    its_kind, _space, name = label.partition(" ")
    return name in names and (not kind or its_kind == kind)


@contextmanager
def sql_clock() -> Iterator[list[float]]:
    """Milliseconds of each statement within."""
    taken: list[float] = []

    def clock(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            taken.append(1000 * (time.perf_counter() - began))

    with connection.execute_wrapper(clock):
        yield taken


def plans(community: Community, text: str) -> list[str]:
    """How the database finds the candidates: by their letters, then by their slips."""
    with CaptureQueriesContext(connection) as captured:
        find_addresses(text, community=community, on=TODAY)
    found = []
    for query in captured:
        if "AS chosen" in query["sql"]:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {query['sql']}")
                found.append("```\n" + "\n".join(line for (line,) in cursor.fetchall()) + "\n```")
    return found


def _row(ours: Tally, theirs: Tally, asked: Sequence[Typed]) -> dict[str, Any]:
    return {
        "names": len(asked), "first": round(ours.share(asked, 1), 3), "in three": round(ours.share(asked, 3), 3),
        "alone, first": round(theirs.share(asked, 1), 3), "alone, in three": round(theirs.share(asked, 3), 3),
    }  # fmt: skip


def _tidy(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    raise SystemExit(main())
