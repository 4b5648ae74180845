"""Drawn shapes in the kept cities: our numbers beside ST_Contains over every case, in one interleaved run.

Shapes of 3, 25 and 300 km² with 50, 200 and 500 corners stand around places drawn from the cases themselves, so that
most of them are where most is. The time is that of everything behind a page: covering, the statement, adding up.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from math import cos, radians, sqrt
from time import thread_time
from typing import Any, Protocol

import numpy as np
import shapely
from django.db import connection
from shapely import Polygon

from core.counters import DAYS
from geodata.models import Community
from issues.counters import REPORTS
from stats.asking import ask
from stats.cover import cover
from stats.numbers import begun_on
from stats.periods import Period, parse_period
from stats.shape_numbers import RIM, ShapeNumbers, shape_numbers
from tests.bench._city import NOW
from tests.bench._report import Ratio, at_least, at_most, exactly
from tests.bench._turns import Way, cpu_ms, take_turns

SIZES = {3: 100, 25: 150, 300: 400}  # km²: ms of p95 at 10 million
CORNERS = (50, 200, 500)
PLACES = 24
PAIRS = 6  # places at which the processor time of both is compared
LARGE = 10_000_000
KILOMETRES = 111.32  # of a degree of latitude
WIDEST = 140  # characters of a line of a plan: the shape itself is longer
LEAST_CPU = 10  # times less than ST_Contains

_COUNTS = ", ".join(f"count(*) FILTER (WHERE {day} >= %s AND {day} < %s) AS {day}" for day in DAYS)
_LIVE = f"""
SELECT category, {_COUNTS}, sum(supporters) FILTER (WHERE opened >= %s AND opened < %s), count(*)
FROM stats_case WHERE source = {REPORTS.number} AND community = %s AND ST_Contains(%s::geometry, place) GROUP BY 1
"""


class Town(Protocol):
    """An opened city: the thread whose connection leads to it, its community, and the database's process."""

    thread: ThreadPoolExecutor
    community: Community
    pid: int


def measure_shapes(
    cities: Mapping[str, Town], *, sizes: Mapping[str, int], seconds: float, explain: bool = False
) -> tuple[dict[str, Any], list[Ratio], list[str]]:
    """Figures, ratios and details. `cities` by the name that the report gives them, `sizes`: cases of each."""
    ways: dict[str, Way] = {}
    differ: dict[str, int] = {}
    spared: dict[str, dict[int, float]] = {}
    details: list[str] = []
    for name, city in cities.items():
        ways |= {f"{way}, {name}": each for way, each in city.thread.submit(_ways, city).result().items()}
        differ[name] = city.thread.submit(_differences, city).result()
        spared[name] = city.thread.submit(_spared, city).result()
        if explain:
            details += city.thread.submit(_plan, city, name).result()
    take_turns(ways, seconds, places=PLACES)
    ratios = [ratio for name in cities for ratio in _compared(ways, name, sizes[name], differ[name], spared[name])]
    return {name: way.row for name, way in ways.items()}, ratios, details


def _ways(city: Town) -> dict[str, Way]:
    """Runs in the city's thread."""
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute("CREATE INDEX IF NOT EXISTS bench_case_place ON stats_case USING gist (place)")
    places, (year, ever) = _places(city), _periods(city)
    found: dict[str, Way] = {}

    def add(name: str, call: Any) -> None:
        found[name] = Way(call, (city.pid,), thread=city.thread, counts_itself=True)

    for size in SIZES:
        add(f"shape of {size} km², 12 months", lambda n, s=size: _ours(city, places, n, s, year))
        add(f"shape of {size} km², all time", lambda n, s=size: _ours(city, places, n, s, ever))
        add(f"shape of {size} km² by ST_Contains", lambda n, s=size: _live(city, places, n, s, year))
    return found


def _ours(city: Town, places: "tuple[tuple[float, float], ...]", n: int, size: int, period: Period) -> ShapeNumbers:
    shape = shape_around(places[n % PLACES], size, n)
    return shape_numbers(shape, period, counters=REPORTS, community_id=city.community.pk)


def _live(
    city: Town, places: "tuple[tuple[float, float], ...]", n: int, size: int, period: Period
) -> list[tuple[Any, ...]]:
    edge = shapely.to_wkb(
        shapely.set_srid(shape_around(places[n % PLACES], size, n), 4326), hex=True, include_srid=True
    )
    return ask(_LIVE, *[period.since, period.until] * (len(DAYS) + 1), city.community.pk, edge)


def _differences(city: Town) -> int:
    """Of two shapes of each size, how many have other numbers than ST_Contains finds."""
    places, (year, _ever) = _places(city), _periods(city)
    wrong = 0
    for n, size in ((n, size) for n in range(2) for size in SIZES):
        ours = _ours(city, places, n, size, year)
        told = {row[0]: [*row[1:-2], int(row[-2] or 0)] for row in _live(city, places, n, size, year)}
        theirs = {key: counts for key, counts in told.items() if any(counts)}
        wrong += theirs != {key: list(counts.values()) for key, counts in ours.categories.items()}
    return wrong


def shape_around(place: tuple[float, float], size: int, n: int) -> Polygon:
    """The n-th shape of so many km²: round with bays, as a hand draws it. Not prepared: every call is the first."""
    return Polygon(_ring(place, size, n))


@cache
def _ring(place: tuple[float, float], size: int, n: int) -> "np.ndarray":
    chance = np.random.default_rng(n)
    angle = np.linspace(0, 2 * np.pi, CORNERS[n % len(CORNERS)], endpoint=False)
    away = 1 + sum(chance.normal(0, 0.25 / k) * np.sin(k * angle + 6 * chance.random()) for k in range(1, 6))
    away = np.clip(away, 0.3, 2)
    wide = cos(radians(place[1]))
    ring: np.ndarray = np.stack([away * np.cos(angle) / wide, away * np.sin(angle)], axis=1)
    scale = sqrt(size / (Polygon(ring).area * KILOMETRES**2 * wide))
    there: np.ndarray = ring * scale + np.array(place)
    return there


def _places(city: Town) -> tuple[tuple[float, float], ...]:
    return _places_of(city.community.pk, city.pid)


@cache
def _places_of(community: int, _pid: int) -> tuple[tuple[float, float], ...]:
    [(most,)] = ask("SELECT max(thing) FROM stats_case WHERE source = %s", REPORTS.number)
    keys = [1 + n * (most // PLACES) for n in range(PLACES)]
    rows = ask(
        "SELECT ST_X(place), ST_Y(place) FROM stats_case WHERE source = %s AND thing = ANY (%s) ORDER BY thing",
        REPORTS.number,
        keys,
    )
    return tuple(rows)


def _periods(city: Town) -> tuple[Period, Period]:
    begun = begun_on(REPORTS, city.community.pk)
    return parse_period("12m", today=NOW.date()), parse_period("all", today=NOW.date(), begun=begun)


def _spared(city: Town) -> dict[int, float]:
    """Size → how many times less processor time ours takes than ST_Contains for the same shapes, all added up."""
    places, (year, _ever) = _places(city), _periods(city)
    found: dict[int, float] = {}
    for size in SIZES:
        ours = live = 0.0
        for n in range(PAIRS):
            _ours(city, places, n, size, year)  # finds the caches cold
            before = _cpu(city)
            _ours(city, places, n, size, year)
            between = _cpu(city)
            _live(city, places, n, size, year)
            ours, live = ours + between - before, live + _cpu(city) - between
        found[size] = live / ours
    return found


def _cpu(city: Town) -> float:
    """ms of this thread and of the database's process."""
    return cpu_ms((city.pid,)) + 1000 * thread_time()


def _compared(ways: Mapping[str, Way], name: str, cases: int, wrong: int, spared: Mapping[int, float]) -> list[Ratio]:
    found = [exactly(f"shapes with other numbers than ST_Contains, {name}", wrong, 0)]
    if cases < LARGE:
        return found
    for size, goal in SIZES.items():
        what = f"shape of {size} km²: times less processor time than ST_Contains, {name}"
        found.append(at_least(what, spared[size], LEAST_CPU))
        for period in ("12 months", "all time"):
            row = ways[f"shape of {size} km², {period}, {name}"].row
            found.append(at_most(f"shape of {size} km², {period}, p95 in ms, {name}", row["p95_ms"], goal))
    return found


def _plan(city: Town, name: str) -> list[str]:
    """What a shape of each size is made of, and the plan of one of 25 km²."""
    lines = [f"Squares and ranges of drawn shapes, {name}", ""]
    for size in SIZES:
        covered = cover(shape_around(_places(city)[1], size, 1), rim=RIM)
        parts = (len(covered.cells[0]), len(covered.rows[0]), len(covered.rim[0]))
        lines.append("    {} km²: {} ranges of counted squares, {} of cases inside, {} on the rim".format(size, *parts))
    statements: list[tuple[str, tuple[Any, ...]]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    places, (year, _ever) = _places(city), _periods(city)
    with connection.execute_wrapper(note):
        _ours(city, places, 1, 25, year)
    text, values = statements[0]
    plan = ask(f"EXPLAIN (ANALYZE, COSTS OFF, BUFFERS) {text}", *values)
    return ["\n".join(lines), f"**{name}: a shape of 25 km²**", "```", *(line[:WIDEST] for (line,) in plan), "```"]
