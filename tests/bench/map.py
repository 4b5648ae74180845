"""The map of a city with 10 thousand, 1 million and 10 million reports, in one run with what it is compared to.

    ./misto bench map [--rows 10000,1000000,10000000] [--seconds 300] [--no-servers] [--explain] [--json]

The cities are drawn once (tests.bench._city: 10 million take about half an hour) and kept in a cluster of their own
beside the service's data. Everything is asked at the same 64 places, drawn from the reports themselves, so that most of
them are where most is. Beside ours: the same SQL by psycopg, SQL written by hand for this one question, counting the
rows at that moment, an empty Django view, and (over HTTP) tipg from PyPI on the same table.
"""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from time import perf_counter_ns
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.core.handlers.base import BaseHandler
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path
from django_scopes import scope, scopes_disabled

from geodata.boxes import Box, box_around, from_mercator
from geodata.counted_sql import view_of
from geodata.layer_sql import Question, Sql
from geodata.layers import Filters, layer_named
from geodata.lists import things
from geodata.mark_sql import marks_sql
from geodata.marks import marks
from geodata.models import Community
from geodata.squares import FINEST, STORED, place_in_grid, squares_for, stored_level
from geodata.tiles import tile
from openmap import urls as our_urls
from openmap.settings import CACHES, LOCAL
from tests.bench import _peers
from tests.bench._city import NOW, SLUG, Kept, address_of, kept
from tests.bench._report import Ratio, Report, at_least, at_most
from tests.bench._turns import Way, take_turns

WIDTH, HEIGHT = 1024, 704  # px: 16 by 11 squares
PLACES = 64
TODAY = date(2026, 11, 19)
STREET = 17  # the zoom at which a few blocks are in view
KINDS = tuple(f"kind-{n}" for n in range(2, 10))
OPEN = ("wait", "work")
FILTERS: Mapping[str, Filters] = {
    "all": Filters(),
    "8 kinds, open": Filters(groups=OPEN, categories=KINDS),
    "30 days": Filters(since=NOW - timedelta(days=30), until=NOW + timedelta(days=1)),
    "12 months": Filters(since=NOW - timedelta(days=365), until=NOW),
    "a word": Filters(text="люк"),
}
VIEWS = [(z, f) for z in (10, 12, 14, 16, 18) for f in ("all", "8 kinds, open")] + [
    (10, "30 days"), (14, "30 days"), (10, "12 months"), (12, "a word")
]  # fmt: skip
ISSUES = layer_named("issues")


@dataclass(slots=True)
class City:
    """A kept database, and the thread whose connection leads to it."""

    kept: Kept
    thread: ThreadPoolExecutor
    community: Community
    places: list[tuple[float, float]]
    pid: int  # of the database's process

    def question(self, n: int, zoom: int, filters: str = "all") -> Question:
        """What the map asks at the n-th place."""
        box = box_around(self.places[n % PLACES], zoom, WIDTH, HEIGHT)
        return Question(self.community.pk, TODAY, FILTERS[filters], box, zoom=zoom)

    def tile_at(self, n: int, z: int) -> tuple[int, int, int]:
        """The tile around the n-th place."""
        x, y = place_in_grid(*self.places[n % PLACES])
        return z, x >> (FINEST - z), y >> (FINEST - z)

    def address(self, n: int, zoom: int) -> str:
        """What the page asks for."""
        return f"/{SLUG}/marks.geojson?layer=issues&zoom={zoom}&box={self.question(n, zoom).box}"


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0, because a speed is no test."""
    parser = ArgumentParser(description="The map at any scale.")
    parser.add_argument("--rows", default="10000,1000000,10000000", help="reports of the cities")
    parser.add_argument("--seconds", type=float, default=300.0, help="for all of it, once the cities are there")
    parser.add_argument("--no-servers", action="store_true", help="nothing over HTTP, so without tipg")
    parser.add_argument("--explain", action="store_true", help="add the plans")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    sizes = [int(text) for text in options.rows.split(",")]
    keeps = CACHES | {"answers": CACHES["answers"] | {"BACKEND": LOCAL}}  # as the service does, and tests do not
    hosts = {"ALLOWED_HOSTS": ["testserver"], "DEBUG_PROPAGATE_EXCEPTIONS": True}
    with ExitStack() as stack, override_settings(CACHES=keeps, **hosts):
        cities = {f"{size:,}": stack.enter_context(_city(kept(size))) for size in sizes}
        ways: dict[str, Way] = {}
        for name, city in cities.items():
            found = city.thread.submit(ways_in, city).result()
            if not options.no_servers:
                found |= _over_http(city, stack)
            ways |= {f"{way}, {name}": each for way, each in found.items()}
        take_turns(ways, options.seconds, places=PLACES)
        plans = [line for city in cities.values() for line in _plans(city)] if options.explain else []
    figures = {name: way.row for name, way in ways.items()}
    ratios = compare(ways, list(cities), has_servers=not options.no_servers)
    Report("map", sum(sizes), figures, ratios, plans).say(as_json=options.json)
    return 0


class _city:  # noqa: N801  a context manager
    """Opens a city in a thread of its own."""

    def __init__(self, found: Kept) -> None:
        self.found, self.thread, self.stack = found, ThreadPoolExecutor(1), ExitStack()

    def __enter__(self) -> City:
        return self.thread.submit(self._open).result()

    def __exit__(self, *_error: object) -> None:
        self.thread.submit(self._close).result()
        self.thread.shutdown()

    def _close(self) -> None:
        self.stack.close()
        connection.close()

    def _open(self) -> City:
        connection.settings_dict = {**connection.settings_dict, "NAME": self.found.name}  # of this thread only
        with scopes_disabled():
            community = Community.objects.defer("boundary").get(slug=SLUG)
        self.stack.enter_context(scope(community=community))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
            step = max(1, self.found.reports // PLACES)
            cursor.execute("SELECT map_x, map_y FROM issues_issue WHERE id = ANY (%s) AND map_group IS NOT NULL",
                           [[1 + n * step % self.found.reports for n in range(2 * PLACES)]])  # fmt: skip
            grid = (cursor.fetchall() * PLACES)[:PLACES]
        return City(self.found, self.thread, community, [_place(x, y) for x, y in grid], pid)


def _place(x: int, y: int) -> tuple[float, float]:
    return from_mercator(x / (1 << FINEST), y / (1 << FINEST))


# Ways within this process --------------------------------------------------------------------------------------------


def ways_in(city: City) -> dict[str, Way]:
    """From what a visitor asks down to the barest SQL. Runs in the city's thread."""
    ways: dict[str, Way] = {}

    def add(name: str, call: Any, *, own: bool = False) -> None:
        ways[name] = Way(call, (city.pid,), thread=city.thread, counts_itself=own)

    for zoom, filters in VIEWS:
        add(f"marks z{zoom}, {filters}", lambda n, z=zoom, f=filters: marks([ISSUES], city.question(n, z, f)))
    add("marks of a street", lambda n: marks([ISSUES], city.question(n, STREET)))
    add("its SQL by psycopg", lambda n: _run(_marks_sql(city, n, STREET)))
    add("marks of a street by hand", lambda n: _run(_street_by_hand(city, n)))
    for zoom in (10, 12):
        add(f"cells by hand z{zoom}", lambda n, z=zoom: _run(_cells_by_hand(city, n, z)))
        add(f"counting rows z{zoom}", lambda n, z=zoom: _run(_counted_rows(city, n, z)))
    for zoom in (10, 12, 14, STREET):
        add(f"tile z{zoom}", lambda n, z=zoom: tile([ISSUES], city.question(n, z), *city.tile_at(n, z)))
    add(f"bare ST_AsMVT z{STREET}", lambda n: _run(_bare_tile(city, n, STREET)))
    for zoom in (10, STREET):
        add(f"list z{zoom}, first page", lambda n, z=zoom: things([ISSUES], city.question(n, z)))
    anywhere = Question(city.community.pk, TODAY, FILTERS["a word"])
    add("list of a word, anywhere", lambda n: things([ISSUES], anywhere))
    after = _deep(city)
    add("list z10, a page in the middle", lambda n: things([ISSUES], city.question(n, 10), after=after))
    ours, bare = _app(own=True), _app(own=False)
    add("our view z12", lambda n: _ask(ours, f"{city.address(n, 12)}&fresh={perf_counter_ns()}"), own=True)
    add("our view z12, kept", lambda n: _ask(ours, city.address(0, 12)), own=True)
    add("an empty Django view", lambda n: _ask(bare, "/empty/", bare_urls), own=True)
    add("an empty view in our middleware", lambda n: _ask(ours, "/empty/", bare_urls), own=True)
    return ways


def _run(sql: Sql) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql.text, sql.params)
        return cursor.fetchall()


def _marks_sql(city: City, n: int, zoom: int, filters: str = "all") -> Sql:
    question = city.question(n, zoom, filters)
    return marks_sql([ISSUES], question, view_of(question))


def _street_by_hand(city: City, n: int) -> Sql:
    """At most 200 reports of a box as GeoJSON, as one would write it for this one question."""
    return Sql(
        "SELECT json_build_object('type', 'FeatureCollection', 'features', json_agg(json_build_object("
        "'type', 'Feature', 'geometry', ST_AsGeoJSON(location, 6)::json, 'properties', "
        "json_build_object('id', id, 'title', title, 'state', state, 'number', number))))::text FROM ("
        "SELECT * FROM issues_issue WHERE community_id = %s AND map_group IS NOT NULL "
        "AND location && ST_MakeEnvelope(%s, %s, %s, %s, 4326) LIMIT 200) found",
        (city.community.pk, *_box(city, n, STREET)),
    )


def _box(city: City, n: int, zoom: int) -> Box:
    return box_around(city.places[n % PLACES], zoom, WIDTH, HEIGHT)


def _cells_by_hand(city: City, n: int, zoom: int) -> Sql:
    """Sums of cells as JSON rows: the floor of a cluster."""
    squares = squares_for(_box(city, n, zoom), zoom, 200)
    level = stored_level(squares.level, STORED)
    wide, lead = 2 * (FINEST - level), 1 << 2 * level
    ranges = squares.ranges()
    return Sql(
        f"SELECT json_agg(json_build_array(c, n, sx, sy))::text FROM (SELECT c >> {2 * (level - squares.level)} AS c, "
        "sum(n) AS n, sum(sx) AS sx, sum(sy) AS sy FROM unnest(%s::bigint[], %s::bigint[]) AS r(low, high) "
        "CROSS JOIN LATERAL (SELECT c, n, sx, sy FROM geodata_cell WHERE layer = 1 AND category = 0 "
        "AND c BETWEEN r.low AND r.high AND community = %s OFFSET 0) cell GROUP BY 1) told",
        ([a >> wide | lead for a, _b in ranges], [b >> wide | lead for _a, b in ranges], city.community.pk),
    )


def _counted_rows(city: City, n: int, zoom: int) -> Sql:
    """The same squares counted out of the rows at that moment."""
    squares = squares_for(_box(city, n, zoom), zoom, 200)
    left, right, top, bottom = squares.edges
    return Sql(
        f"SELECT json_agg(json_build_array(c, n, sx, sy))::text FROM (SELECT map_code >> {2 * squares.shift} AS c, "
        "count(*) AS n, sum(map_x::bigint) AS sx, sum(map_y::bigint) AS sy FROM issues_issue WHERE community_id = %s "
        "AND map_group IS NOT NULL AND map_x BETWEEN %s AND %s AND map_y BETWEEN %s AND %s GROUP BY 1) told",
        (city.community.pk, left, right, top, bottom),
    )


def _bare_tile(city: City, n: int, zoom: int) -> Sql:
    """The tile as one would write it for this one question: the same columns, no filters, no limit."""
    return Sql(
        "SELECT ST_AsMVT(t, 'issues', 4096, 'geom', 'id') FROM (SELECT i.id, i.title, c.code AS category, c.icon, "
        "i.state, i.created_at::text AS starts_at, '/' || m.slug || '/issues/' || i.number || '/' AS url, "
        "ST_AsMVTGeom(ST_Transform(i.location, 3857), ST_TileEnvelope(%s, %s, %s), 4096, 64) AS geom "
        "FROM issues_issue i JOIN routing_category c ON c.id = i.category_id "
        "JOIN geodata_community m ON m.id = i.community_id "
        "WHERE i.community_id = %s AND i.map_group IS NOT NULL "
        "AND i.location && ST_Transform(ST_TileEnvelope(%s, %s, %s), 4326)) t",
        (*city.tile_at(n, zoom), city.community.pk, *city.tile_at(n, zoom)),
    )


def _deep(city: City) -> str:
    """The cursor of a page about the middle of the list."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, (extract(epoch FROM created_at) * 1000000)::bigint FROM issues_issue "
            "WHERE map_group IS NOT NULL AND created_at < %s ORDER BY created_at DESC LIMIT 1",
            [NOW - timedelta(days=900)],
        )
        pk, microseconds = cursor.fetchone()
    return f"{microseconds}-issues-{pk}"


def _app(*, own: bool) -> BaseHandler:
    """A whole application in this process: ours with all its middleware, or one with none."""
    with override_settings(**({} if own else {"MIDDLEWARE": []})):
        app = BaseHandler()
        app.load_middleware()
    return app


def _ask(app: BaseHandler, address: str, urls: Any = our_urls) -> HttpResponse:
    request = RequestFactory().get(address, headers={"Accept-Encoding": "gzip"})
    request.urlconf = urls
    response = app.get_response(request)
    if response.status_code != 200:
        raise RuntimeError(f"{address}: {response.status_code}")
    return response  # type: ignore[return-value]


class bare_urls:  # noqa: N801  stands for a module
    """The addresses of the bare application."""

    urlpatterns = (path("empty/", lambda request: HttpResponse(b"{}", content_type="application/json")),)


# Over HTTP -----------------------------------------------------------------------------------------------------------


def _over_http(city: City, stack: ExitStack) -> dict[str, Way]:
    """Our whole service, tipg and an empty Django view, each one process."""
    address = address_of(city.kept.name)
    servers = (_peers.ours(address), _peers.tipg(address), _peers.empty(address))
    ours, tipg, empty = map(stack.enter_context, servers)
    ways = {
        "GET an empty view": Way(lambda n: empty.get("/empty/"), empty.pids),
        "GET marks z10": Way(lambda n: ours.get(f"{city.address(n, 10)}&fresh={perf_counter_ns()}"), ours.pids),
        "GET marks z12, kept": Way(lambda n: ours.get(city.address(0, 12)), ours.pids),
    }

    def path_of(n: int, z: int) -> str:  # of another version each time, which no memory holds
        return f"/{SLUG}/tiles/{perf_counter_ns()}/issues/" + "/".join(map(str, city.tile_at(n, z))) + ".mvt"

    for zoom in (10, 12, STREET):
        ways[f"GET tile z{zoom}"] = Way(lambda n, z=zoom: ours.get(path_of(n, z)), ours.pids)  # type: ignore[misc]
        ways[f"GET tile of tipg z{zoom}"] = Way(
            lambda n, z=zoom: tipg.get(_peers.tipg_tile(*city.tile_at(n, z))), tipg.pids  # type: ignore[misc]
        )  # fmt: skip
    return ways


# What it says --------------------------------------------------------------------------------------------------------


def compare(ways: Mapping[str, Way], cities: list[str], *, has_servers: bool) -> list[Ratio]:
    """The goals of the design."""
    of_cities = [ratio for city in cities for ratio in _of_city(ways, city, has_servers=has_servers)]
    return [*of_cities, *_of_growth(ways, cities)]


def _of_city(ways: Mapping[str, Way], city: str, *, has_servers: bool) -> Iterator[Ratio]:
    def cpu(way: str) -> float:
        return ways[f"{way}, {city}"].cpu

    def p50(way: str) -> float:
        return ways[f"{way}, {city}"].p50

    for zoom, filters in VIEWS:
        goal = {"all": 2.0, "8 kinds, open": 4.0, "30 days": 80.0 if city == "10,000,000" else 10.0}.get(filters)
        if goal:
            name = f"marks z{zoom}, {filters}"
            yield at_most(f"SQL of {name}: ms of processor time, {city}", cpu(name), goal)
    for name in ("list z10, first page", "list z10, a page in the middle", f"list z{STREET}, first page"):
        yield at_most(f"SQL of {name}: ms of processor time, {city}", cpu(name), 2)
    yield at_most(
        f"a word, p95 in ms, {city}", ways[f"marks z12, a word, {city}"].row["p95_ms"], 50)  # fmt: skip
    for name, bare in (("the same SQL", "its SQL by psycopg"), ("SQL by hand", "marks of a street by hand")):
        yield at_least(f"street, share of {name}'s speed, {city}", p50(bare) / p50("marks of a street"), 0.5)
    yield at_most(f"close tile over a bare ST_AsMVT, processor time, {city}",
                  cpu(f"tile z{STREET}") / cpu(f"bare ST_AsMVT z{STREET}"), 1.3)  # fmt: skip
    if has_servers:
        far = {"1,000,000": ((10, 25.0), (12, 25.0)), "10,000,000": ((10, 50.0), (12, 50.0))}.get(city, ())
        for zoom, goal in (*far, (STREET, 2.0)):
            ratio = p50(f"GET tile of tipg z{zoom}") / p50(f"GET tile z{zoom}")
            yield at_least(f"tile z{zoom} over HTTP, times as fast as tipg's, {city}", ratio, goal)
        yield at_least(
            f"kept answer over HTTP, share of an empty view's speed, {city}",
            p50("GET an empty view") / p50("GET marks z12, kept"),
            0.7,
        )
        yield at_most(f"GET marks z10: ms of processor time, {city}", cpu("GET marks z10"), 8)


def _of_growth(ways: Mapping[str, Way], cities: list[str]) -> Iterator[Ratio]:
    if len(cities) < 2:
        return
    small, large = cities[-2:]
    for name, goal in (("marks z10, all", 1.5), ("marks z12, all", 1.5), ("marks z10, 8 kinds, open", 3.0)):
        yield at_most(
            f"{name}: {large} over {small}", ways[f"{name}, {large}"].cpu / ways[f"{name}, {small}"].cpu, goal
        )


def _plans(city: City) -> list[str]:
    """EXPLAIN of some views at the first place."""

    def explain(zoom: int, filters: str) -> str:
        sql = _marks_sql(city, 0, zoom, filters)
        found = _run(replace(sql, text="EXPLAIN (ANALYZE, BUFFERS) " + sql.text))
        assert isinstance(found, list)
        return "\n".join([f"marks z{zoom}, {filters}, {city.kept.reports:,}", "", *(f"    {row[0]}" for row in found)])

    asked = [(12, "all"), (14, "8 kinds, open"), (STREET, "all")]
    return [city.thread.submit(explain, zoom, filters).result() for zoom, filters in asked]


if __name__ == "__main__":
    raise SystemExit(main())
