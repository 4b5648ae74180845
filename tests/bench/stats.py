"""Statistics of a city with 1 million and 10 million cases, in one run with what they are compared to.

    ./misto bench stats [--rows 1000000,10000000] [--seconds 240] [--explain] [--json]

The cities are drawn and counted once (tests.bench._stats_city) and kept in a cluster of their own beside the service's
data. Asked are: the profile of an area, drawn by chance from each division, with all its kinds and times; the table of
the whole city by areas; times out of buckets against percentile_cont over the same cases; and shapes drawn by hand.
Beside them: counting the cases at that moment by ST_Contains, as a service without counters does.
"""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.db import connection
from django_scopes import scope, scopes_disabled

from geodata.models import Area, Community
from issues.counters import REPORTS
from stats.asking import ask
from stats.case_sql import FIX
from stats.numbers import Kind, Place, by_category, by_place, numbers
from stats.periods import Period, parse_period
from stats.spans import as_arrays, spans_of
from stats.times import OF_KINDS, out_of_buckets, times_by_category, times_of
from tests.bench._city import SLUG, Kept
from tests.bench._report import Ratio, Report, at_least, at_most
from tests.bench._stats_city import kept
from tests.bench._stats_shapes import measure_shapes
from tests.bench._turns import Way, take_turns

PLACES = 64
TODAY = date(2026, 11, 19)
PERIOD = parse_period("12m", today=TODAY)
PROFILE, TABLE, LIVE = "profile of an area", "the city by areas", "the city by ST_Contains"
LIVE_AREA = "an area by ST_Contains"
ERRORS = (20, 100, 1000)  # cases of an area from which on the error of its times is told

_LIVE = """
SELECT area.id, count(*), count(*) FILTER (WHERE closed BETWEEN %s AND %s) FROM geodata_area area
JOIN stats_case c ON ST_Contains(area.boundary, c.place) AND c.source = 1 AND c.opened BETWEEN %s AND %s
WHERE area.id = ANY (%s) GROUP BY 1
"""
_EXACT = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY fix_seconds),
    percentile_cont(0.9) WITHIN GROUP (ORDER BY fix_seconds), count(*)
FROM stats_case WHERE source = 1 AND areas @> ARRAY[%s::integer] AND closed >= %s AND closed < %s
"""


@dataclass(slots=True)
class City:
    """A kept database, and the thread whose connection leads to it. `areas`: division → keys."""

    kept: Kept
    thread: ThreadPoolExecutor
    community: Community
    areas: Mapping[str, list[int]]
    pid: int  # of the database's process

    @property
    def whole(self) -> Place:
        return Place(REPORTS, self.community.pk)

    def area(self, n: int, division: str) -> Place:
        """An area of the division by chance, the same for the same n."""
        keys = self.areas[division]
        return replace(self.whole, kind=Kind.AREA, key=keys[Random(n).randrange(len(keys))])


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0, because a speed is no test."""
    parser = ArgumentParser(description="Statistics at any scale.")
    parser.add_argument("--rows", default="1000000,10000000", help="cases of the cities")
    parser.add_argument("--seconds", type=float, default=240.0, help="for all of it, once the cities are there")
    parser.add_argument("--explain", action="store_true", help="add the plans")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    sizes = [int(text) for text in options.rows.split(",")]
    names = {f"{size:,}": size for size in sizes}
    with ExitStack() as stack:
        cities = {name: stack.enter_context(opened(kept(size))) for name, size in names.items()}
        ways = {
            f"{way}, {name}": each
            for name, city in cities.items()
            for way, each in city.thread.submit(ways_in, city).result().items()
        }
        # Apart: a scan of all cases between two profiles would empty the caches that pages keep warm.
        profiles = {name: way for name, way in ways.items() if name.startswith(PROFILE)}
        take_turns(profiles, options.seconds / 6, places=PLACES)
        take_turns({name: ways[name] for name in ways if name not in profiles}, options.seconds / 3, places=PLACES)
        figures: dict[str, Any] = {name: way.row for name, way in ways.items()}
        for name, city in cities.items():
            figures |= {f"{what}, {name}": told for what, told in city.thread.submit(errors, city).result().items()}
        plans = [
            line for city in cities.values() for line in city.thread.submit(_plans, city).result() if options.explain
        ]
        drawn = measure_shapes(cities, sizes=names, seconds=options.seconds / 2, explain=options.explain)
    figures |= drawn[0]
    ratios = [*compare(ways, list(names)), *drawn[1]]
    Report("stats", sum(sizes), figures, ratios, [*plans, *drawn[2]]).say(as_json=options.json)
    return 0


@contextmanager
def opened(found: Kept) -> Iterator[City]:
    """A kept city in a thread of its own, inside its scope."""
    with ThreadPoolExecutor(1) as thread:
        stack = ExitStack()

        def begin() -> City:
            connection.settings_dict = {**connection.settings_dict, "NAME": found.name}  # of this thread only
            with scopes_disabled():
                community = Community.objects.defer("boundary").get(slug=SLUG)
            stack.enter_context(scope(community=community))
            [(pid,)] = ask("SELECT pg_backend_pid()")
            areas: dict[str, list[int]] = {}
            for division, key in Area.objects.order_by("pk").values_list("division__code", "pk"):
                areas.setdefault(division, []).append(key)
            return City(found, thread, community, areas, pid)

        def end() -> None:
            stack.close()
            connection.close()

        yield thread.submit(begin).result()
        thread.submit(end).result()


def ways_in(city: City) -> dict[str, Way]:
    """Runs in the city's thread."""
    ways: dict[str, Way] = {}

    def add(name: str, call: Any) -> None:
        ways[name] = Way(call, (city.pid,), thread=city.thread)

    for division in city.areas:
        add(f"{PROFILE} ({division})", lambda n, d=division: profile(city.area(n, d)))
        add(f"{TABLE} ({division})", lambda _n, d=division: table(city, d))
    add(f"{PROFILE} (all of the city)", lambda _n: profile(city.whole))
    first = next(iter(city.areas))
    add(LIVE, lambda _n: live(city.areas[first]))
    add(LIVE_AREA, lambda n: live([city.area(n, "quarter").key]))
    return ways


def profile(place: Place, period: Period = PERIOD) -> object:
    """The SQL of a profile: its months, kinds and times."""
    told = numbers(place, period)
    return (told, by_category(place, period), times_of(place, FIX, period, total=told.total),
            times_by_category(place, FIX, period))  # fmt: skip


def table(city: City, division: str) -> object:
    """The SQL of the counts of all areas of a division."""
    return by_place(city.whole, Kind.AREA, PERIOD, keys=city.areas[division])


def live(areas: list[int]) -> object:
    """Counts the cases of areas at this moment."""
    span = (PERIOD.since, TODAY)
    return ask(_LIVE, *span, *span, areas)


def errors(city: City) -> dict[str, dict[str, float]]:
    """How far medians and 90th percentiles out of buckets are from those of the cases, in percent: the largest."""
    found: dict[int, list[float]] = {least: [] for least in ERRORS}
    for division in city.areas:
        for n in range(20):
            place = city.area(n, division)
            exact = ask(_EXACT, place.key, PERIOD.since, PERIOD.until)[0]
            told = out_of_buckets(place, FIX, PERIOD, keys=[place.key]).get(place.key)
            if told is None:
                continue
            least = max((few for few in ERRORS if few <= exact[2]), default=None)
            if least:
                found[least] += [
                    abs(told.median / exact[0] - 1) * 100, abs(told.ninetieth / exact[1] - 1) * 100
                ]  # fmt: skip
    return {
        f"error of times, {least} cases and more": {
            "median_%": round(sorted(all_of)[len(all_of) // 2], 2), "largest_%": round(max(all_of), 2),
            "compared": len(all_of),
        }
        for least, all_of in found.items() if all_of
    }  # fmt: skip


def compare(ways: Mapping[str, Way], names: list[str]) -> list[Ratio]:
    """Every goal with what was measured for it."""
    found = []
    for name in names:
        first = next(way for way in ways if way.startswith(TABLE) and way.endswith(f", {name}"))
        faster = ways[f"{LIVE}, {name}"].p50 / ways[first].p50
        found.append(at_least(f"{name}: the city by counters, times faster than ST_Contains", faster, 100))
        found += [
            at_most(f"{name}: SQL of {way.removesuffix(f', {name}')}, ms", ways[way].p50, 5)
            for way in ways
            if way.startswith(PROFILE) and way.endswith(f", {name}")
        ]
    if len(names) > 1:
        least, most = names[0], names[-1]
        for way in (one.removesuffix(f", {least}") for one in ways if one.endswith(f", {least}")):
            if way.startswith((PROFILE, TABLE)):
                ratio = ways[f"{way}, {most}"].p50 / ways[f"{way}, {least}"].p50
                found.append(at_most(f"{way}: {most} over {least}", ratio, 1.5))
    return found


def _plans(city: City) -> list[str]:
    """The plans of a profile's longest query, and of what it is compared to."""
    place = city.area(1, "district")
    spans = as_arrays(spans_of(PERIOD))
    texts = {
        "times of an area's kinds": (OF_KINDS, (*spans, 1, place.community_id, place.kind, place.key, FIX)),
        "the city by ST_Contains": (_LIVE, (*(PERIOD.since, TODAY) * 2, city.areas["district"])),
    }
    told = []
    for name, (text, values) in texts.items():
        told += [f"**{city.kept.reports:,}: {name}**", "```"]
        told += [line for (line,) in ask(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {text}", *values)] + ["```"]
    return told


if __name__ == "__main__":
    raise SystemExit(main())
