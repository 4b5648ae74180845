"""Point → responsible: what `decide()` costs over its own SQL, and over a bare look-up of the areas.

    ./misto bench route [--seconds 4] [--json] [--explain]

Works on communities of 100 and of 10,000 areas, drawn here and taken back at the end. Ways are run in turns, point by
point, so that a busy machine slows all of them alike; read the ratios.
"""

import json
import random
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from itertools import cycle
from math import ceil, sqrt
from statistics import median, quantiles
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import connection, transaction
from django_scopes import scope

from accounts.models import Organisation
from geodata.models import Area, Community, Division
from routing.models import Category, CommunityRouting, Rule
from routing.responsibility import DECIDE, decide, parameters_of

WEST, SOUTH, SIDE = 28.0, 49.0, 0.5  # degrees: a square of about 36 by 55 km
CORNERS = 40  # of an area's boundary
POINTS = 500
ORGANISATIONS = 20
ON = date(2026, 11, 19)
BARE = """
SELECT a.id FROM geodata_area a
WHERE a.community_id = %(community)s AND a.valid_from <= %(day)s AND (a.valid_to IS NULL OR a.valid_to > %(day)s)
  AND ST_Covers(a.boundary, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326))
"""

Way = Callable[[Point], object]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure that means the same on every machine."""

    name: str
    value: float
    goal: str
    met: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A drawn community to ask about."""

    community: Community
    category: Category
    points: list[Point]


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0, because a measurement is no test."""
    parser = ArgumentParser(description="Point → responsible.")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each number of areas")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--explain", action="store_true", help="add the plan of the query")
    options = parser.parse_args(arguments)
    figures: dict[str, dict[str, float]] = {}
    plans: dict[str, list[str]] = {}
    for count in (100, 10_000):
        with transaction.atomic():
            place = draw(count)
            with scope(community=place.community):
                figures |= {f"{name}, {count} areas": row for name, row in measure(place, options.seconds).items()}
                if options.explain:
                    plans[f"{count} areas"] = explain(place)
            transaction.set_rollback(True)
    ratios = compare(figures)
    if options.json:
        answer = {"bench": "route", "rows": 10_000, "figures": figures, "ratios": [asdict(ratio) for ratio in ratios]}
        say(json.dumps(answer | ({"plans": plans} if plans else {}), ensure_ascii=False))
    else:
        show(figures, ratios, plans)
    return 0


def draw(count: int) -> Place:
    """A square cut into `count` rough cells, each with a rule of its own, and whole-community rules beside them."""
    side = ceil(sqrt(count))
    community = Community.objects.create(
        slug=f"bench-{count}",
        name="Bench",
        centre=Point(WEST, SOUTH, srid=4326),
        boundary=MultiPolygon(Polygon.from_bbox((WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)), srid=4326),
    )
    with scope(community=community):
        division = Division.objects.create(community=community, code="cells", name="Cells")
        category = Category.objects.create(community=community, code="roads", name="Roads")
        organisations = [Organisation.objects.create(name=f"Bench {count}-{n}") for n in range(ORGANISATIONS)]
        CommunityRouting.objects.create(community=community, fallback=organisations[0])
        cells = [(n % side, n // side) for n in range(count)]
        Area.objects.bulk_create(
            [
                Area(
                    community=community,
                    division=division,
                    code=str(n),
                    name=f"Cell {n}",
                    boundary=cell(x, y, SIDE / side),
                    valid_from=date(2020, 1, 1),
                )
                for n, (x, y) in enumerate(cells)
            ],
            batch_size=500,
        )
        rule = {"community": community, "category": category}
        Rule.objects.bulk_create(
            [
                Rule(division=division, area_code=str(n), organisation=organisations[n % ORGANISATIONS], **rule)
                for n in range(count)
            ],
            batch_size=1000,
        )
        Rule.objects.create(organisation=organisations[0], **rule)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE geodata_area, routing_rule")
    chance = random.Random(3)
    inside = [(WEST + chance.random() * SIDE, SOUTH + chance.random() * SIDE) for _ in range(POINTS)]
    return Place(community, category, [Point(lon, lat, srid=4326) for lon, lat in inside])


def cell(x: int, y: int, size: float) -> MultiPolygon:
    """A square with CORNERS corners; neighbours share the corners of a common side."""
    west, south, each = WEST + x * size, SOUTH + y * size, CORNERS // 4
    steps = [size * step / each for step in range(each)]
    ring = (
        [(west + step, south) for step in steps]
        + [(west + size, south + step) for step in steps]
        + [(west + size - step, south + size) for step in steps]
        + [(west, south + size - step) for step in steps]
    )
    return MultiPolygon(Polygon([*ring, ring[0]]), srid=4326)


def measure(place: Place, seconds: float) -> dict[str, dict[str, float]]:
    """Each way, in turns, for about that long; milliseconds and calls a second."""
    with connection.cursor() as cursor:
        raw = cursor.connection

        def by_decide(point: Point) -> object:
            return decide(point, place.category, community=place.community, on=ON)

        def by_sql(point: Point) -> object:
            return raw.execute(DECIDE, asked(place, point)).fetchone()

        def by_look_up(point: Point) -> object:
            given = {"community": place.community.pk, "day": ON, "lon": point.x, "lat": point.y}
            return raw.execute(BARE, given).fetchall()

        ways: dict[str, Way] = {"decide()": by_decide, "its SQL alone": by_sql, "bare ST_Covers": by_look_up}
        return {name: row_of(times) for name, times in take_turns(ways, place.points, seconds).items()}


def asked(place: Place, point: Point) -> dict[str, Any]:
    """What decide() gives its SQL."""
    return parameters_of(point, place.category, community=place.community, on=ON, excluding=frozenset())


def take_turns(ways: dict[str, Way], points: list[Point], seconds: float) -> dict[str, list[float]]:
    """Milliseconds of every call, after a round that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for point in points[:20]:
        for way in ways.values():
            way(point)
    ends = time.perf_counter() + seconds
    order = list(ways)
    for point in cycle(points):
        for name in order:
            began = time.perf_counter()
            ways[name](point)
            times[name].append(1000 * (time.perf_counter() - began))
        order.append(order.pop(0))  # nobody always comes first
        if time.perf_counter() > ends:
            return times
    return times


def row_of(times: list[float]) -> dict[str, float]:
    """p50 and p95 in ms, calls a second at the median."""
    middle = median(times)
    return {
        "p50_ms": round(middle, 3),
        "p95_ms": round(quantiles(times, n=20)[-1], 3),
        "per_second": round(1000 / middle),
        "calls": len(times),
    }


def compare(figures: dict[str, dict[str, float]]) -> list[Ratio]:
    """The goals of the design: near the floor, and nearly the same for a hundred times as many areas."""

    def p50(name: str, count: int) -> float:
        return figures[f"{name}, {count} areas"]["p50_ms"]

    of_sql = [p50("its SQL alone", count) / p50("decide()", count) for count in (100, 10_000)]
    of_bare = p50("bare ST_Covers", 10_000) / p50("decide()", 10_000)
    growth = p50("decide()", 10_000) / p50("decide()", 100)
    return [
        Ratio("decide() as a share of its SQL's speed, 100 areas", round(of_sql[0], 2), "≥ 0.6", of_sql[0] >= 0.6),
        Ratio("decide() as a share of its SQL's speed, 10000 areas", round(of_sql[1], 2), "≥ 0.6", of_sql[1] >= 0.6),
        Ratio("decide() as a share of a bare look-up's speed, 10000 areas", round(of_bare, 2), "none", met=True),
        Ratio("10000 areas over 100", round(growth, 2), "≤ 1.3", growth <= 1.3),
    ]


def explain(place: Place) -> list[str]:
    """The plan of the decision at the first point, with what was read."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + DECIDE, asked(place, place.points[0]))
        return [line for (line,) in cursor.fetchall()]


def say(line: str) -> None:
    """One line on standard output."""
    sys.stdout.write(line + "\n")


def show(figures: dict[str, dict[str, float]], ratios: list[Ratio], plans: dict[str, list[str]]) -> None:
    """Two tables, then the plans."""
    say("| way | p50, ms | p95, ms | a second | calls |\n|---|---|---|---|---|")
    for name, row in figures.items():
        say(f"| {name} | {row['p50_ms']} | {row['p95_ms']} | {row['per_second']:.0f} | {row['calls']:.0f} |")
    say("\n| ratio | value | goal | met |\n|---|---|---|---|")
    for ratio in ratios:
        say(f"| {ratio.name} | {ratio.value} | {ratio.goal} | {'yes' if ratio.met else 'no'} |")
    for name, lines in plans.items():
        say(f"\n{name}\n" + "\n".join(lines))


if __name__ == "__main__":
    raise SystemExit(main())
