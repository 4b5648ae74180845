"""Upkeep of the counts per square: whether they are exact while eight write, how far they lag, and what they cost.

    ./misto bench cells [--rows 100000] [--seconds 25] [--rounds 6] [--statements 2500] [--json]

First eight writers at 500 changed rows a second, then the same as fast as they can, beside a folding every half second
and a check that recounts the rows in one snapshot. Then the processor time of single statements, from the kernel's
count of the database's own process: with the triggers that count, and with those switched off, in turns; a loop inside
the database runs them, because sockets and commits cost more than what is measured. And of folding.
"""

import os
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.contrib.gis.geos import Point
from django.db import OperationalError, connection
from django.utils import timezone
from django_scopes import scope

from geodata import cells, recount
from geodata.layers import Counted, layer_named
from geodata.models import Community
from issues.states import State
from routing.models import Category
from tests.bench._report import Report, at_least, at_most, exactly
from tests.bench._turns import cpu_ms
from tests.geodata.towns import SOUTH, STEP, WEST
from tests.geodata.writers import Key, Writer, dealt
from tests.parallel import at_once

WRITERS, KINDS = 8, 60
RATE = 500  # changed rows a second of all writers together
EVERY = 0.5  # seconds between two foldings, as the beat has it
SPREAD = 250  # steps of the lattice that reports stand on: about 18 by 28 km
AT_ONCE = 50  # reports that a statement of the unbridled changes: Python is too slow to send as many
KNOWN = 5000  # reports that writers change, beside those that they make
LAG, TRIGGER = 1.0, 60  # goals: s, µs
_SUBJECTS = """
INSERT INTO core_subject (community_id, kind, visibility, hidden_reason)
SELECT %s, 'issue', CASE WHEN n %% 40 = 0 THEN 'coarse' ELSE 'public' END, '' FROM generate_series(1, %s) n
"""
_REPORTS = f"""
INSERT INTO issues_issue (subject_id, community_id, number, category_id, location, address, entrance, flat, answers,
    title, text, state, source, language, created_at, due_on, changed_at)
SELECT s.id, s.community_id, row_number() OVER (ORDER BY s.id), (%s::integer[])[1 + s.id %% {KINDS}],
    ST_Point({WEST} + floor(power(random(), 2) * {SPREAD}) * {STEP},
        {SOUTH} + floor(random() * {SPREAD}) * {STEP}, 4326),
    '', '', '', '{{}}', 'Яма', 'Яма', (%s::text[])[1 + s.id %% 4], 'web', 'uk', at, at::date + 7, at
FROM core_subject s, LATERAL (SELECT now() - s.id %% 1800 * interval '1 day' AS at) born WHERE s.community_id = %s
"""
_TODO = f"""
CREATE TEMP TABLE bench_todo AS
SELECT s.subject, s.community, (SELECT max(number) FROM issues_issue) + s.turn AS number,
    (%s::integer[])[1 + s.turn %% {KINDS}] AS kind,
    ST_Point({WEST} + s.turn %% {SPREAD} * {STEP}, {SOUTH} + s.turn %% 97 * {STEP}, 4326) AS place, old.id,
    CASE old.state WHEN 'done' THEN 'new' ELSE 'done' END AS state
FROM (SELECT id AS subject, community_id AS community, row_number() OVER ()::integer AS turn
    FROM core_subject WHERE id = ANY (%s)) s
JOIN (SELECT id, state, row_number() OVER ()::integer AS turn FROM
    (SELECT id, state FROM issues_issue WHERE map_group IS NOT NULL ORDER BY random() LIMIT %s) chosen) old USING (turn)
"""
_LOOP = "DO $$ DECLARE todo record; BEGIN FOR todo IN SELECT * FROM bench_todo LOOP %s; END LOOP; END $$"
STATEMENTS = {
    "insert": """INSERT INTO issues_issue (subject_id, community_id, number, category_id, location, address, entrance,
            flat, answers, title, text, state, source, language, created_at, due_on, changed_at)
        VALUES (todo.subject, todo.community, todo.number, todo.kind, todo.place, '', '', '', '{}', 'Яма', 'Яма', 'new',
            'web', 'uk', now(), now(), now())""",
    "change of state": "UPDATE issues_issue SET state = todo.state WHERE id = todo.id",
    "change of words": "UPDATE issues_issue SET text = text || '!' WHERE id = todo.id",  # that no count feels
}


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0, because a speed is no test."""
    parser = ArgumentParser(description="Upkeep of the counts per square.")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=25)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--statements", type=int, default=2500, help="of a round")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    load = [os.getloadavg()[0]]
    community, kinds = town_of(options.rows)
    with scope(community=community):
        phases = {
            f"{WRITERS} writers, {RATE} rows/s": live(community, kinds, options.seconds, rate=RATE, seed=1),
            f"{WRITERS} writers, unbridled": live(community, kinds, options.seconds / 2, rate=None, seed=2),
        }
        costs = costs_of(community, kinds, options.rounds, options.statements)
        recount.rebuild(issues(), community.pk)
    load.append(os.getloadavg()[0])
    report_of(options.rows, phases, costs, load).say(as_json=options.json)
    return 0


def issues() -> Counted:
    """How the layer of reports is counted."""
    found = layer_named("issues").counted
    assert found
    return found


def town_of(rows: int) -> tuple[Community, list[int]]:
    """A community with so many reports that are counted and folded, and the keys of its categories."""
    community = Community.objects.create(slug="bench-cells", name="Bench", centre=Point(WEST, SOUTH, srid=4326))
    with scope(community=community):
        kinds = [
            Category.objects.create(community=community, code=f"kind-{n}", name=f"Kind {n}").pk for n in range(KINDS)
        ]
    states = [State.NEW, State.IN_PROGRESS, State.DONE, State.DONE]
    with connection.cursor() as cursor:
        cursor.execute(_SUBJECTS, [community.pk, rows])
        cursor.execute(_REPORTS, [kinds, states, community.pk])
    recount.rebuild(issues(), community.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "VACUUM ANALYZE core_subject, issues_issue, geodata_cell, geodata_cell_month, geodata_cell_delta"
        )
    return community, kinds


# The proof at length -----------------------------------------------------------------------------------------------


@dataclass
class Live:
    """What was seen while writers wrote."""

    working: set[int] = field(default_factory=lambda: set(range(WRITERS)))
    deadlocks: int = 0
    folded: int = 0
    lags: list[float] = field(default_factory=list)  # s, from the trigger until the folding is committed
    checks: list[recount.Difference] = field(default_factory=list)
    seconds: float = 0

    def write(self, writer: Writer, seconds: float, rate: float | None, seed: int) -> int:
        """Transactions for so long, at so many rows a second; returns how many rows were written."""
        dice, began = Random(seed), monotonic()
        try:
            while (passed := monotonic() - began) < seconds:
                if rate and writer.rows > rate * passed:
                    sleep(0.002)
                    continue
                try:
                    writer.perform(dealt(dice, spread=SPREAD, sensitive=0))
                except OperationalError as error:
                    if getattr(error.__cause__, "sqlstate", "") != "40P01":
                        raise
                    self.deadlocks += 1
        finally:
            self.working.discard(seed % 100)
            self.seconds = monotonic() - began
        return writer.rows

    def fold(self) -> None:
        """Every half second, as the worker's beat; notes how long each change had waited."""
        while self.working:
            began = monotonic()
            with connection.cursor() as cursor:
                cursor.execute("SELECT id, at FROM geodata_cell_delta")
                waiting = dict(cursor.fetchall())
                self.folded += cells.fold_all()
                cursor.execute("SELECT clock_timestamp(), array(SELECT id FROM geodata_cell_delta)")
                now, left = cursor.fetchone()
            for key in waiting.keys() - set(left):
                self.lags.append((now - waiting[key]).total_seconds())
            sleep(max(0.0, EVERY - (monotonic() - began)))

    def check(self, community_id: int) -> None:
        """Again and again: cells and what waits against the rows, in one snapshot."""
        while self.working:
            self.checks.append(recount.check(issues(), community_id, repair=False))


def live(
    community: Community, kinds: Sequence[int], seconds: float, *, rate: float | None, seed: int
) -> dict[str, Any]:
    """Figures of one run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, subject_id FROM issues_issue ORDER BY hashint8(id) LIMIT %s", [KNOWN])
        known: list[Key] = list(cursor.fetchall())
    seen = Live()
    each = rate / WRITERS if rate else None
    writers = [
        Writer(community.pk, kinds[:2], list(known), (seed * 100 + number) * 1_000_000, several=5 if rate else AT_ONCE)
        for number in range(WRITERS)
    ]
    calls: list[Callable[[], Any]] = [
        partial(seen.write, writer, seconds, each, seed * 100 + number) for number, writer in enumerate(writers)
    ]
    found = at_once([*calls, seen.fold, partial(seen.check, community.pk)], community=community)
    for one in found:
        if isinstance(one, Exception):
            raise one
    began = perf_counter()
    cells.fold_all(most=10_000_000)
    drained = perf_counter() - began
    last = recount.check(issues(), community.pk, repair=False)
    lags = sorted(seen.lags) or [0.0]
    return {
        "rows/s": round(sum(found[:WRITERS]) / max(seen.seconds, 0.001)),
        "folded": seen.folded,
        "live checks": len(seen.checks),
        "wrong squares": sum(one.wrong + one.wrong_months for one in [*seen.checks, last]),
        "squares at the end": last.cells + last.month_cells,
        "lag p50, s": round(median(lags), 3),
        "lag p95, s": round(lags[int(len(lags) * 0.95)], 3),
        "lag max, s": round(lags[-1], 3),
        "drained in, s": round(drained, 2),
        "deadlocks": seen.deadlocks,
    }


# What it costs -----------------------------------------------------------------------------------------------------


class Cost:
    """Processor time of this connection's process of the database."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self.pid = int(cursor.fetchone()[0])

    def of(self, many: int, call: Callable[[], Any]) -> float:
        """Microseconds for each of so many."""
        began = cpu_ms([self.pid])
        call()
        return (cpu_ms([self.pid]) - began) / many * 1000


def costs_of(community: Community, kinds: Sequence[int], rounds: int, statements: int) -> dict[str, dict[str, float]]:
    """Median µs of single-row statements with and without the triggers that count, and of folding one delta; the cost
    is the median of the differences within a round."""
    cost = Cost()
    told: dict[str, list[float]] = {}
    for turn in range(rounds):
        for counts in (True, False) if turn % 2 else (False, True):
            switch(counts=counts)
            prepare(community, kinds, statements)
            for name, statement in STATEMENTS.items():
                took = cost.of(statements, partial(run, _LOOP % statement))
                told.setdefault(f"{name}{'' if counts else ', bare'}", []).append(took)
                if counts and (many := waiting()):
                    batch = cells.BATCH if name == "insert" else RATE // 2
                    took = cost.of(many, partial(fold_by, batch))
                    told.setdefault(f"folding, {batch} at once", []).append(took)
    switch(counts=True)
    middles = {name: median(times) for name, times in told.items()}
    found = {
        name: {
            "with, µs": round(middles[name], 1),
            "without, µs": round(middles[f"{name}, bare"], 1),
            "cost, µs": round(median(w - b for w, b in zip(told[name], told[f"{name}, bare"], strict=True)), 1),
        }
        for name in STATEMENTS
    }
    folding = {name: {"of a delta, µs": round(took, 1)} for name, took in middles.items() if name.startswith("folding")}
    return found | folding


def switch(*, counts: bool) -> None:
    """The triggers of the layer of reports, on or off."""
    for end in ("in", "change", "out"):
        does = "ENABLE" if counts else "DISABLE"
        run(f"ALTER TABLE issues_issue {does} TRIGGER geodata_counts_{issues().number}_{end}")


def prepare(community: Community, kinds: Sequence[int], many: int) -> None:
    """A table of so many new reports, whose subjects stand already, and as many old ones."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_todo")
        cursor.execute(_SUBJECTS + " RETURNING id", [community.pk, many])
        subjects = [row[0] for row in cursor.fetchall()]
        cursor.execute(_TODO, [list(kinds), subjects, many])
        cursor.execute("ANALYZE bench_todo")


def run(text: str) -> None:
    """One statement without an answer."""
    with connection.cursor() as cursor:
        cursor.execute(text)


def waiting() -> int:
    """Deltas that are not folded."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM geodata_cell_delta")
        return int(cursor.fetchone()[0])


def fold_by(batch: int) -> None:
    """Folds all, so many at a time."""
    while cells.fold(batch=batch) == batch:
        pass


def report_of(rows: int, phases: dict[str, Any], costs: dict[str, Any], load: Sequence[float]) -> Report:
    """Figures and goals."""
    paced, unbridled = phases.values()
    ratios = [
        exactly("squares that were ever wrong", paced["wrong squares"] + unbridled["wrong squares"], 0),
        exactly("deadlocks", paced["deadlocks"] + unbridled["deadlocks"], 0),
        at_least("rows/s of the paced run", paced["rows/s"], RATE * 0.95),
        at_most("lag at 500 rows/s, p95, s", paced["lag p95, s"], LAG),
        at_most("triggers of an insert, µs", costs["insert"]["cost, µs"], TRIGGER),
        at_most("triggers of a change of state, µs", costs["change of state"]["cost, µs"], TRIGGER),
    ]
    said = f"{timezone.now():%Y-%m-%d %H:%M} UTC, load {load[0]:.1f} at the start, {load[1]:.1f} at the end."
    return Report("cells", rows, phases | costs, ratios, [said])


if __name__ == "__main__":
    raise SystemExit(main())
