"""What it costs to accept a report over HTTP: our form, with all its middleware, over a bare view of the same SQL.

    ./misto bench report [--seconds 20] [--before 2000] [--json] [--explain]

A town of 100 areas with a rule each; every report has a place, a device and a network of its own, as the browser's
script sends it. The bare view runs the statements that ours was seen to run, prepared where ours are, with fresh keys,
in one transaction, without middleware, forms or letters. Both take turns, so that a busy machine slows both alike: read
the ratios. What may be two seconds old is kept as in the service; the table lists also what is read every two seconds.
"""

import gc
import re
import uuid
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, cycle
from os import urandom
from typing import Any, NamedTuple

import django
import psycopg

if __name__ == "__main__":
    django.setup()

from django.conf import settings
from django.contrib.gis.geos import Point
from django.core.cache import caches
from django.core.handlers.base import BaseHandler
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils import timezone
from django_scopes import scope, scopes_disabled
from psycopg import Binary

from accounts.models import Organisation
from geodata.layer_sql import Sql
from geodata.prepared import fetch
from issues.actions import KEYS, NewReport, report_issue
from issues.models import Issue, IssueSettings
from routing.models import Channel
from tests.bench._report import Ratio, Report, at_least, at_most, exactly, table
from tests.bench._town import SIDE, SOUTH, WEST, Place, draw
from tests.bench._turns import Way, take_turns

AREAS = 100
FIRST_KEY, FIRST_NUMBER = 40_000_000, 30_000_000  # numbers by which keys are told from everything else
KEPT_FREE = 10_000_000  # keys between those of ours and those of the bare view
STEP = 0.004  # degrees between reports: farther than look-alikes are sought
OFF = 1.3  # of a step, so that none stands near a border
OURS, BARE = "our form", "bare view of the same statements"
DIGEST = 32  # bytes of a secret's digest
PLACES = 60  # of the reports of the bare view


class Statement(NamedTuple):
    """What was asked of the database."""

    sql: str
    params: Any
    is_prepared: bool


@dataclass
class Town:
    """A place, and where the next report stands."""

    place: Place
    used: int = 0

    def point(self, n: int) -> Point:
        """The n-th crossing of a grid that covers the town."""
        across = int(SIDE / STEP) - 2
        return Point(WEST + STEP * (OFF + n % across), SOUTH + STEP * (OFF + n // across), srid=4326)

    def next(self) -> int:
        self.used += 1
        return self.used


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0, because a speed is no test."""
    parser = ArgumentParser(description="Accepting a report over HTTP.")
    parser.add_argument("--seconds", type=float, default=20.0, help="for all of it")
    parser.add_argument("--before", type=int, default=2000, help="reports that are there before")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--explain", action="store_true", help="add the plan of the statement that writes")
    options = parser.parse_args(arguments)
    # An error page would be a quick answer, so errors are raised.
    kept = {**settings.CACHES, "answers": {**settings.CACHES["answers"], "BACKEND": settings.LOCAL}}
    as_served = override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True, ALLOWED_HOSTS=["testserver"], CACHES=kept)
    with scopes_disabled(), as_served:
        town = Town(draw(AREAS))
        _open(town, before=options.before)
        ours = _our_app()
        for _turn in range(3):  # imports, compiled templates, plans
            _send(ours, town)
        caches["answers"].clear()
        _all, log = _statements_of(ours, town)
        statements, usual = _statements_of(ours, town)
        elsewhere = [_statements_of(ours, town)[0] for _turn in range(PLACES)]
        gc.collect()
        gc.freeze()  # as openmap.wsgi
        ways = {
            OURS: Way(lambda _n: _send(ours, town), counts_itself=True),
            BARE: Way(_bare(town, elsewhere), counts_itself=True),
        }
        take_turns(ways, options.seconds, places=1)
        details = [_listed(log, usual), *(_explained(statements) if options.explain else [])]
        figures = {name: way.row for name, way in ways.items()}
        with scope(community=town.place.community):
            rows = Issue.objects.count()
    Report("report", rows, figures, _ratios(ways, usual), details).say(as_json=options.json)
    return 0


def _open(town: Town, *, before: int) -> None:
    """Everybody has a channel, nobody is stopped by a limit of many, and there are reports already."""
    community, at = town.place.community, timezone.now()
    Channel.objects.bulk_create(
        Channel(community=community, organisation=body, address=f"body{body.pk}@example.org")
        for body in Organisation.objects.filter(name__startswith="Bench")
    )
    IssueSettings.objects.create(community=community, last_number=FIRST_NUMBER)
    with connection.cursor() as cursor:
        for model in KEYS:
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [model._meta.db_table, FIRST_KEY])
    with scope(community=community):
        for _turn in range(before):
            new = NewReport(category=town.place.category, point=town.point(town.next()), text="Яма на переході")
            report_issue(new=new, community=community, at=at)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _our_app() -> BaseHandler:
    app = BaseHandler()
    app.load_middleware()
    return app


def _send(app: BaseHandler, town: Town) -> HttpResponse:
    """One report, as the script of the form sends it."""
    n = town.next()
    request = RequestFactory().post(
        f"/{town.place.community.slug}/report/",
        _form(town, n),
        REMOTE_ADDR=f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}",
    )
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # the token costs no statement
    response = app.get_response(request)
    if response.status_code != 302:
        raise RuntimeError(f"{response.status_code}: {response.content[:2000]!r}")  # type: ignore[attr-defined]
    return response  # type: ignore[return-value]


def _form(town: Town, n: int) -> dict[str, str]:
    place, point = town.place, town.point(n)
    return {
        "script": "yes",
        "do": "send",
        "key": str(uuid.uuid4()),
        "lon": f"{point.x:.6f}",
        "lat": f"{point.y:.6f}",
        "address": f"вул. Соборна, {n}",
        "category": place.category.code,
        "asked": place.category.code,
        "asked-shown": "",
        "text": "Яма на переході. Машини об’їжджають її тротуаром.",
        "email": f"resident{n}@example.org",
        "seen": "",
        "unseen": "on",  # agreed to whoever it will be, as a report that waited without a network
    }


def _statements_of(app: BaseHandler, town: Town) -> tuple[list[Statement], list[dict[str, str]]]:
    """(the statements of one report with their parameters, the same with BEGIN and COMMIT as they were logged)."""
    caught: list[Statement] = []

    def catch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        caught.append(Statement(sql, params, is_prepared=isinstance(context["cursor"].cursor, psycopg.RawCursor)))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(catch), CaptureQueriesContext(connection) as log:
        _send(app, town)
    prepared = iter([one.sql for one in caught if one.is_prepared])  # of which the log knows only how long they took
    return caught, [{**entry, "sql": entry["sql"] or next(prepared)} for entry in log.captured_queries]


def _bare(town: Town, sets: Sequence[Sequence[Statement]]) -> Callable[[int], object]:
    """A request through an application without middleware whose view runs the statements of one report with fresh keys:
    each set in turn, so that its reports do not pile up at one place, where look-alikes would be sought among them."""
    turns = cycle(sets)
    with override_settings(MIDDLEWARE=[]):
        app = BaseHandler()
        app.load_middleware()
    requests = RequestFactory()

    def view(_request: HttpRequest) -> HttpResponse:
        fresh = _Fresh(town)
        with transaction.atomic(), connection.cursor() as cursor:
            for sql, params, is_prepared in next(turns):
                if is_prepared:
                    fetch(Sql(sql, tuple(fresh.of(params))))
                    continue
                cursor.execute(sql, fresh.of(params))
                cursor.fetchall() if cursor.description else None
        return HttpResponse(status=302)

    class urls:  # noqa: N801  stands for a module
        urlpatterns = (path("report/", view),)

    def call(_n: int) -> object:
        request = requests.post("/report/", {"text": "Яма"})
        request.urlconf = urls  # type: ignore[assignment]
        response = app.get_response(request)
        if response.status_code != 302:
            raise RuntimeError(str(response.status_code))
        return response

    return call


class _Fresh:
    """Keys that nobody has yet, one for each that the statements name."""

    taken = FIRST_KEY

    def __init__(self, town: Town) -> None:
        self.known: dict[Any, Any] = {}
        self.number = town.next()

    def of(self, params: Any) -> Any:
        return [self._one(one) for one in params] if isinstance(params, (list, tuple)) else params

    def _one(self, one: Any) -> Any:
        one = one.obj if isinstance(one, Binary) else one
        is_key = (
            (isinstance(one, int) and one >= FIRST_NUMBER)
            or isinstance(one, uuid.UUID)
            or (isinstance(one, bytes) and len(one) == DIGEST)
        )
        if not is_key:
            return one
        if one not in self.known:
            self.known[one] = self._new(one)
        return self.known[one]

    def _new(self, one: Any) -> Any:
        if isinstance(one, uuid.UUID):
            return uuid.uuid4()
        if isinstance(one, bytes):
            return urandom(DIGEST)
        _Fresh.taken += 1
        if one < FIRST_KEY:  # the number of a report: below those that ours are given
            return FIRST_NUMBER - (_Fresh.taken - FIRST_KEY)
        return _Fresh.taken + KEPT_FREE


def _ratios(ways: dict[str, Way], log: list[dict[str, str]]) -> list[Ratio]:
    ours = ways[OURS]
    said = [entry["sql"] for entry in log]
    queries = [sql for sql in said if sql not in {"BEGIN", "COMMIT"}]
    return [
        at_least(f"our form as a share of the {BARE}", ways[BARE].p50 / ours.p50, 0.45),
        at_most("statements", len(queries), 12),
        exactly("commits", said.count("COMMIT"), 1),
        at_most("our form, ms of this process", ours.cpu, 12),
    ]


def _listed(log: list[dict[str, str]], usual: list[dict[str, str]]) -> str:
    """What is asked when nothing is kept; what is asked for every report has a number."""
    known, numbers = {_kind(entry["sql"]) for entry in usual}, count(1)
    rows = [
        [
            next(numbers) if _kind(entry["sql"]) in known else "every 2 s",
            _short(entry["sql"]),
            f"{1000 * float(entry['time']):.1f}",
        ]
        for entry in log
    ]
    return table(["", "statement", "ms"], rows)


def _kind(sql: str) -> str:
    """The same for statements that differ in their parameters only."""
    return re.sub(r"'[^']*('|$)|[\d.]+", "", _short(sql))


def _short(sql: str) -> str:
    """What it does to which table."""
    words = " ".join(sql.split())
    if words.startswith("WITH w0"):
        return "INSERT INTO " + ", ".join(re.findall(r'INSERT INTO "(\w+)"', words))
    if (named := re.search(r'FROM "?(\w+)', words)) and words.startswith("SELECT"):
        function = re.match(r"SELECT (\w+)\(", words)
        return f"SELECT {function[1]}()" if function else f"SELECT … FROM {named[1]}"
    return words[:90]


def _explained(statements: Sequence[Statement]) -> Iterator[str]:
    """Plans of what decides, looks for duplicates and writes; what is written is taken back."""
    fresh = _Fresh(Town(Place(None, None, [], [])))  # type: ignore[arg-type]
    with _taken_back(), connection.cursor() as cursor:
        for sql, params, _is_prepared in statements:
            if not sql.lstrip().startswith(("WITH", "INSERT")):
                continue
            cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {sql}", fresh.of(params))
            lines = [line for (line,) in cursor.fetchall()]
            yield f"{_short(sql)}\n\n" + "\n".join(f"    {line}" for line in lines)


@contextmanager
def _taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


if __name__ == "__main__":
    raise SystemExit(main())
