"""A register of buildings brought in, again unchanged, corrected and in new versions, over a bare COPY of its rows.

    ./misto bench register [--rows 100000] [--profile] [--json]

Buildings of 8 to 12 corners, drawn here: read from GeoJSON, cleaned, compared and written, as the command does it. The
reference is a COPY of the same shapes and words into a table with one GiST index, in the same run; read the ratios.
Leaves its town in the database, which `./misto bench` throws away.
"""

import cProfile
import json
import pstats
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from itertools import pairwise
from math import ceil, sqrt
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

import numpy as np
import shapely
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import connection
from django_scopes import scope

from geodata.candidates import surroundings_of
from geodata.models import WGS84, Community
from geodata.reading import read_features
from routing.register_import import import_register
from routing.register_plan import RegisterPlan
from routing.register_rows import rows_of
from routing.register_values import Fields
from tests.bench._report import Ratio, Report, at_most
from tests.bench._town import DEGREES_EAST, DEGREES_NORTH, SHAPES, SIDE, SOUTH, WEST

FIRST = date(2026, 1, 1)
AT = datetime(2026, 1, 1, 9, tzinfo=UTC)
APART = (40, 30)  # metres between the middles of two houses
KEEPERS = 200
STREET = 60  # houses in one
GOALS = {"first import": 20, "unchanged again": 16, "corrected that day": 30, "all in new versions": 40}
FIELDS = Fields(key="id", name="street", number="house", keeper="manager", entrances="doors", attributes=("floors",))
BARE = """
CREATE TEMPORARY TABLE bare (key text, name text, number text, attributes jsonb, geometry geometry(Geometry, 4326));
CREATE INDEX bare_place ON bare USING gist (geometry)
"""


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0, because a speed is no test."""
    parser = ArgumentParser(description="A register of buildings, brought in.")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true", help="add where the time of Python went")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    community = Community.objects.create(
        slug="bench-register",
        name="Bench",
        centre=Point(WEST, SOUTH, srid=4326),
        boundary=MultiPolygon(Polygon.from_bbox((WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)), srid=4326),
    )
    details: list[str] = []
    figures: dict[str, Any] = {"bare COPY": {"seconds": copy_bare(options.rows)}}
    ways = {
        "first import": (file_of(options.rows), FIRST),
        "unchanged again": (file_of(options.rows), FIRST + timedelta(days=1)),
        "corrected that day": (file_of(options.rows, managers="Інший управитель"), FIRST),
        "all in new versions": (file_of(options.rows, managers="Новий управитель"), FIRST + timedelta(days=30)),
    }
    with scope(community=community):
        for name, (data, day) in ways.items():
            with profiled(details if options.profile else None, name):
                figures[name] = bring(community, data, day)
    Report("register", options.rows, figures, compare(figures), details).say(as_json=options.json)
    return 0


def houses(count: int) -> Iterator[tuple[int, Any]]:
    """Numbers and corners (longitude, latitude) of so many houses, row by row in a square."""
    metre = np.array([DEGREES_EAST, DEGREES_NORTH])
    side = ceil(sqrt(count))
    shapes = [np.array([*shape, shape[0]]) for shape in SHAPES]
    for n in range(count):
        middle = np.array([n % side * APART[0], n // side * APART[1]]) + 100
        yield n, (WEST, SOUTH) + (shapes[n % len(shapes)] + middle) * metre


def file_of(count: int, *, managers: str = "Управитель") -> bytes:
    """The houses as GeoJSON, with streets, numbers, managers, entrances and floors."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "id": f"26-{n:06}",
                "street": f"вул. Садова {n // STREET}",
                "house": str(n % STREET + 1),
                "manager": f"{managers} {n % KEEPERS}",
                "doors": n % 6 + 1,
                "floors": n % 12 + 1,
            },
            "geometry": {"type": "Polygon", "coordinates": [corners.round(7).tolist()]},
        }
        for n, corners in houses(count)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def copy_bare(count: int) -> float:
    """Seconds of writing the same shapes and words into a table with one index, without a question."""
    shapes = shapely.set_srid([shapely.polygons(corners) for _n, corners in houses(count)], WGS84)
    drawn = shapely.to_wkb(shapes, hex=True, include_srid=True)
    with connection.cursor() as cursor:
        cursor.execute(BARE)
        began = time.perf_counter()
        with cursor.copy("COPY bare FROM STDIN") as copy:
            for n, wkb in enumerate(drawn):
                copy.write_row((f"26-{n:06}", f"вул. Садова {n // STREET}", str(n % STREET), '{"floors": 9}', wkb))
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE bare")
    return round(seconds, 3)


def bring(community: Community, data: bytes, day: date) -> dict[str, float]:
    """Seconds of each step of the command."""
    marks = [time.perf_counter()]

    def step(value: Any) -> Any:
        marks.append(time.perf_counter())
        return value

    source = step(read_features(data, name="houses.geojson"))
    around = surroundings_of(community)
    rows, problems = step(rows_of(source, kind="buildings", fields=FIELDS, around=around))
    plan: RegisterPlan = step(
        import_register(community, "houses", kind="buildings", rows=rows, problems=problems, valid_from=day, at=AT)
    )
    if not plan.written:
        raise RuntimeError(str([problem.text for problem in plan.refusals[:3]]))
    read, cleaned, written = (after - before for before, after in pairwise(marks))
    return {
        "seconds": round(marks[-1] - marks[0], 2),
        "read": round(read, 2),
        "cleaned": round(cleaned, 2),
        "compared and written": round(written, 2),
    }


@contextmanager
def profiled(details: list[str] | None, name: str) -> Iterator[None]:
    """Adds the functions in which the time went to the details, when there are any."""
    if details is None:
        yield
        return
    with cProfile.Profile() as profile:
        yield
    told = StringIO()
    pstats.Stats(profile, stream=told).sort_stats("tottime").print_stats(25)
    details.append(f"{name}\n\n" + "\n".join(f"    {line}" for line in told.getvalue().splitlines()[6:]))


def compare(figures: dict[str, Any]) -> list[Ratio]:
    """How many times a bare COPY each way takes. An import also reads, cleans, compares, and keeps seven indexes."""
    bare = max(figures["bare COPY"]["seconds"], 0.001)
    return [
        at_most(f"{name}, times a bare COPY", figures[name]["seconds"] / bare, goal) for name, goal in GOALS.items()
    ]


if __name__ == "__main__":
    raise SystemExit(main())
