"""Point → responsible: what `decide()` costs over its own SQL, over a bare look-up of areas, and our answer over HTTP.

    ./misto bench route [--seconds 12] [--json] [--explain]

Works on towns of 100 areas, of 10,000, and of 10,000 with 100,000 assets, drawn here and taken back at the end. All
ways are run in all towns in turns, in short rounds, so that a busy machine slows all of them alike; read the ratios.
“Bare” is what a minimal Django app does: the SQL of the task and its answer as JSON, without middleware.
"""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import count
from statistics import median, quantiles
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

import psycopg
from django.contrib.gis.geos import Point
from django.core.handlers.base import BaseHandler
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.test import RequestFactory, override_settings
from django.urls import path, reverse
from django_scopes import scopes_disabled

from geodata.models import Community
from routing.models import Asset
from routing.responsibility import DECIDE, Asked, decide, parameters_of
from tests.bench._report import Ratio, Report, at_least, at_most
from tests.bench._town import POINTS, WEST, Place, draw

TOWNS = {"100 areas": (100, False), "10,000 areas": (10_000, False), "10,000 areas, 100,000 assets": (10_000, True)}
ROWS = 110_000
AT = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
ROUND, COLD = 12, 2  # calls of one way before the next has its turn; so many of them find its caches cold
BARE = """
SELECT a.id, a.code, a.name FROM geodata_area a
WHERE a.community_id = %(community)s AND a.valid_from <= %(day)s AND (a.valid_to IS NULL OR a.valid_to > %(day)s)
  AND ST_Covers(a.boundary, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326))
"""
# A town must be asked in the words of our view, so a way takes the point and what was chosen there.
Way = Callable[[Point, Asset | None], object]
Figures = dict[str, dict[str, float]]


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0, because a speed is no test."""
    parser = ArgumentParser(description="Point → responsible.")
    parser.add_argument("--seconds", type=float, default=12.0, help="for all of it")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--explain", action="store_true", help="add the plan of the call")
    options = parser.parse_args(arguments)
    plans: list[str] = []
    with transaction.atomic(), scopes_disabled():
        places = {
            name: draw(areas, assets=assets, west=WEST + n) for n, (name, (areas, assets)) in enumerate(TOWNS.items())
        }
        figures = measure(places, options.seconds)
        if options.explain:
            for name, place in places.items():
                plans.append(f"{name}\n\n" + "\n".join(f"    {line}" for line in explain(place)))
        transaction.set_rollback(True)
    Report("route", ROWS, figures, compare(figures), plans).say(as_json=options.json)
    return 0


def measure(places: dict[str, Place], seconds: float) -> Figures:
    """Every way in every town, in turns, for about that long; milliseconds and calls a second."""
    with override_settings(MIDDLEWARE=[]):
        bare_app = BaseHandler()
        bare_app.load_middleware()
    with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True, ALLOWED_HOSTS=["testserver"]):
        our_app = BaseHandler()  # an error page would be a quick answer, so errors are raised
        our_app.load_middleware()
        tried = {
            f"{way}, {town}": (place, call)
            for town, place in places.items()
            for way, call in ways_in(place, bare_app=bare_app, our_app=our_app).items()
        }
        return {name: row_of(times) for name, times in take_turns(tried, seconds).items()}


def ways_in(place: Place, *, bare_app: BaseHandler, our_app: BaseHandler) -> dict[str, Way]:
    """From the whole of our service down to the barest look-up."""
    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = 0  # Django sets None, and nothing is prepared then
    prepared = psycopg.Cursor(raw)

    def by_decide(point: Point, asset: Asset | None) -> object:
        return decide(point, place.category, community=place.community, at=AT, asset=asset)

    def by_sql(point: Point, asset: Asset | None) -> object:
        return raw.execute(DECIDE, asked(place, point, asset)).fetchone()

    def by_prepared(point: Point, asset: Asset | None) -> object:
        return prepared.execute(DECIDE, asked(place, point, asset), prepare=True).fetchone()

    def by_look_up(point: Point, asset: Asset | None) -> object:
        return raw.execute(BARE, look_up(place, point)).fetchall()

    def by_look_up_prepared(point: Point, asset: Asset | None) -> object:
        return prepared.execute(BARE, look_up(place, point), prepare=True).fetchall()

    def by_nothing(point: Point, asset: Asset | None) -> object:
        return prepared.execute("SELECT 1", prepare=True).fetchone()

    return {
        "decide()": by_decide,
        "its SQL by psycopg": by_sql,
        "its SQL prepared": by_prepared,
        "bare ST_Covers by psycopg": by_look_up,
        "bare ST_Covers prepared": by_look_up_prepared,
        "SELECT 1 prepared": by_nothing,
        "bare view of its SQL": by_view(bare_app, place, bare="decide"),
        "bare view of ST_Covers": by_view(bare_app, place, bare="look-up"),
        "our view": by_view(our_app, place),
    }


def by_view(app: BaseHandler, place: Place, *, bare: str = "") -> Way:
    """A request through a whole application in this process: ours with all its middleware, a bare one with none."""
    requests = RequestFactory()
    address = f"/{bare}/{place.community.pk}/" if bare else reverse("api_responsible", args=[place.community.slug])

    def way(point: Point, asset: Asset | None) -> HttpResponseBase:
        asked_for = {"lat": str(point.y), "lon": str(point.x), "category": place.category.code}
        if asset:
            asked_for["asset"] = str(asset.pk) if bare else asset.key
        request = requests.get(address, asked_for)
        if bare:
            request.urlconf = bare_urls  # type: ignore[assignment]
        response = app.get_response(request)
        if response.status_code != 200:
            raise RuntimeError(f"{request.get_full_path()}: {response.status_code}")
        return response

    return way


def bare_decision(request: HttpRequest, community: int) -> JsonResponse:
    """The SQL of a decision, its category by its code, and what it found as JSON: nothing is weighed."""
    lon, lat, asset = float(request.GET["lon"]), float(request.GET["lat"]), request.GET.get("asset")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM routing_category WHERE community_id = %s AND code = %s",
            [community, request.GET["category"]],
        )
        question = Asked(lon, lat, cursor.fetchone()[0], "", AT, {}, int(asset) if asset else None)
        cursor.execute(DECIDE, parameters_of(question, community=Community(pk=community)))
        (found,) = cursor.fetchone()
    return JsonResponse(found)


def bare_look_up(request: HttpRequest, community: int) -> JsonResponse:
    """The floor: the look-up of areas, which names nobody."""
    lon, lat = float(request.GET["lon"]), float(request.GET["lat"])
    with connection.cursor() as cursor:
        cursor.execute(BARE, {"community": community, "day": AT.date(), "lon": lon, "lat": lat})
        rows = cursor.fetchall()
    return JsonResponse({"areas": [{"id": pk, "code": code, "name": name} for pk, code, name in rows]})


class bare_urls:  # noqa: N801  stands for a module
    """The addresses of the bare application."""

    urlpatterns = (path("decide/<int:community>/", bare_decision), path("look-up/<int:community>/", bare_look_up))


def asked(place: Place, point: Point, asset: Asset | None) -> dict[str, Any]:
    """What decide() gives its SQL."""
    chosen = asset.pk if asset else None
    question = Asked(point.x, point.y, place.category.pk, place.category.code, AT, {}, chosen)
    return parameters_of(question, community=place.community)


def look_up(place: Place, point: Point) -> dict[str, object]:
    """What the bare look-up is given."""
    return {"community": place.community.pk, "day": date(2026, 11, 19), "lon": point.x, "lat": point.y}


def take_turns(tried: dict[str, tuple[Place, Way]], seconds: float) -> dict[str, list[float]]:
    """Milliseconds of every call but the first of each round. At least two rounds are made."""
    times: dict[str, list[float]] = {name: [] for name in tried}
    ends = time.perf_counter() + seconds
    order = list(tried)
    for first in count(step=ROUND):
        for name in order:
            place, way = tried[name]
            for n in range(first, first + ROUND):
                began = time.perf_counter()
                way(place.points[n % POINTS], place.assets[n % POINTS])
                if n >= first + COLD:
                    times[name].append(1000 * (time.perf_counter() - began))
        order.append(order.pop(0))  # nobody always comes first
        if first == 0:  # the first round plans, imports and compiles
            times = {name: [] for name in tried}
        elif time.perf_counter() > ends:
            break
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


def compare(figures: Figures) -> list[Ratio]:
    """The goals of the design: near the floor, nearly the same for a hundred times as many areas, and 0.5 ms."""

    def p50(way: str, town: str) -> float:
        return figures[f"{way}, {town}"]["p50_ms"]

    few, many, most = TOWNS
    shares = [
        ("decide() as a share of its SQL's speed", "its SQL by psycopg", "decide()"),
        ("our view as a share of the bare view of its SQL", "bare view of its SQL", "our view"),
        ("our view as a share of the bare view of ST_Covers", "bare view of ST_Covers", "our view"),
    ]
    ratios = [
        at_least(f"{name}, {town}", p50(bare, town) / p50(ours, town), 0.6)
        for name, bare, ours in shares
        for town in TOWNS
    ]
    return [
        *ratios,
        at_most("decide(): 10,000 areas over 100", p50("decide()", many) / p50("decide()", few), 1.3),
        at_most("our view: 10,000 areas over 100", p50("our view", many) / p50("our view", few), 1.3),
        at_most(f"SQL of a decision, p50 in ms, {many}", p50("its SQL prepared", many), 0.5),
        at_most(f"SQL of a decision, p50 in ms, {most}", p50("its SQL prepared", most), 0.5),
    ]


def explain(place: Place) -> list[str]:
    """The plan of the call at the first point, with what the function read. Plans inside it need a superuser's
    auto_explain: docs/benchmarks.md."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + DECIDE, asked(place, place.points[0], place.assets[0]))
        return [line for (line,) in cursor.fetchall()]


if __name__ == "__main__":
    raise SystemExit(main())
