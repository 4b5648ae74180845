"""History brought in from CSV, GeoJSON and GeoPackage, decisions made by the rules: rows a second, and memory.

    ./misto bench imports [--rows 40000] [--profile] [--json]

A town of 25 wards with 30 categories; rules for each pair, and for two categories the nearest road of a register. Each
format brings the same rows under other numbers. The reference is a COPY of the same rows into a bare table with one
GiST index, in the same run. Leaves its town in the database, which `./misto bench` throws away.
"""

import cProfile
import csv
import json
import pstats
import random
import resource
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

import numpy as np
import pyogrio.raw
import shapely
from django.contrib.gis.geos import LineString, MultiPolygon, Point, Polygon
from django.core.management import call_command
from django.db import connection
from django_scopes import scope

from accounts.models import Organisation
from geodata.models import Area, Community, Division
from issues.models import Issue
from routing.models import Asset, Category, CommunityRouting, Register, Rule
from routing.rulesets import new_draft, publish
from tests.bench._report import Report, at_least, exactly

WEST, SOUTH, SIDE = 28.40, 49.18, 0.2  # degrees
ACROSS, CATEGORIES, ROADS = 5, 30, 400
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)
GOAL = 2000  # rows a second
FIELDS = ("number", "kind", "opened", "closed", "state", "address", "text")
COLUMNS = ("id=number", "category=kind", "opened=opened", "resolved=closed", "status=state", "address=address",
           "text=text")  # fmt: skip
STATUSES = ("open=in_progress", "closed=done")
BARE = """
CREATE TEMPORARY TABLE bare (number text, kind text, opened text, closed text, state text, address text, body text,
                             geometry geometry(Point, 4326));
CREATE INDEX ON bare USING gist (geometry)
"""
Place = tuple[float, float]
Line = dict[str, str]


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; exits with 1 when rows are lost. Speeds are told beside their goal."""
    parser = ArgumentParser(description="History, brought in.")
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--profile", action="store_true", help="add where the time of Python went")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    community = found_town()
    figures: dict[str, Any] = {
        "bare COPY, rows a second": round(options.rows / copied_bare(rows_of(options.rows, "r")))
    }
    ratios, details = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("CSV", write_csv), ("GeoJSON", write_geojson), ("GeoPackage", write_geopackage)):
            file = write(Path(folder), rows_of(options.rows, name))
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            seconds, told = brought_in(file, profile=options.profile)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            speed = options.rows / seconds
            figures |= {f"{name}: rows a second": round(speed), f"{name}: memory grown, MB": round(grown / 1024)}
            ratios.append(at_least(f"{name}: rows a second", speed, GOAL))
            details += told
    with scope(community=community):
        ratios.append(exactly("reports", Issue.objects.filter(community=community).count(), 3 * options.rows))
    report = Report("imports", options.rows, figures, ratios, details)
    report.say(as_json=options.json)
    return 0 if ratios[-1].met else 1


def rows_of(count: int, prefix: str) -> list[tuple[Line, Place]]:
    """The same rows every time, over ten years."""
    chance = random.Random(8)
    rows = []
    for number in range(count):
        opened = LONG_AGO + timedelta(minutes=chance.randrange(10 * 365 * 24 * 60))
        is_closed = chance.random() < 0.9
        closed = (opened + timedelta(hours=chance.randrange(1, 900))).isoformat() if is_closed else ""
        line = {
            "number": f"{prefix}-{number}",
            "kind": f"kind-{chance.randrange(CATEGORIES)}",
            "opened": opened.isoformat(),
            "closed": closed,
            "state": "closed" if is_closed else "open",
            "address": f"вул. Шкільна, {chance.randrange(1, 200)}",
            "text": "Яма на дорозі, машини об’їжджають її тротуаром; просимо полагодити до зими.",
        }
        rows.append((line, (WEST + chance.uniform(0.001, 0.999) * SIDE, SOUTH + chance.uniform(0.001, 0.999) * SIDE)))
    return rows


def write_csv(folder: Path, rows: list[tuple[Line, Place]]) -> Path:
    file = folder / "history.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, [*FIELDS, "lon", "lat"])
        writer.writeheader()
        writer.writerows({**line, "lon": repr(lon), "lat": repr(lat)} for line, (lon, lat) in rows)
    return file


def write_geojson(folder: Path, rows: list[tuple[Line, Place]]) -> Path:
    file = folder / "history.geojson"
    features = [
        {"type": "Feature", "properties": line, "geometry": {"type": "Point", "coordinates": place}}
        for line, place in rows
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
    return file


def write_geopackage(folder: Path, rows: list[tuple[Line, Place]]) -> Path:
    file = folder / "history.gpkg"
    columns = [np.array([line[name] for line, _place in rows], dtype=object) for name in FIELDS]
    shapes = shapely.to_wkb(shapely.points([place for _line, place in rows]))
    pyogrio.raw.write(
        file, geometry=shapes, field_data=columns, fields=list(FIELDS), geometry_type="Point", crs="EPSG:4326"
    )
    return file


def brought_in(file: Path, *, profile: bool) -> tuple[float, list[str]]:
    """Seconds, and where they went."""
    place = [] if file.suffix != ".csv" else ["lon=lon", "lat=lat"]
    profiler, said = cProfile.Profile(), StringIO()
    started = time.perf_counter()
    command: Callable[..., Any] = profiler.runcall if profile else lambda call, *given, **more: call(*given, **more)
    command(
        call_command, "import_issues", "bench-imports", str(file), column=[*COLUMNS, *place], status=list(STATUSES),
        stdout=said,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    if not profile:
        return seconds, []
    listed = StringIO()
    pstats.Stats(profiler, stream=listed).sort_stats("tottime").print_stats(25)
    return seconds, [f"```\n{file.name}\n{listed.getvalue()}\n```"]


def copied_bare(rows: list[tuple[Line, Place]]) -> float:
    """Seconds of the reference."""
    with connection.cursor() as cursor:
        cursor.execute(BARE)
        started = time.perf_counter()
        with cursor.copy("COPY bare FROM STDIN") as copy:
            for line, (lon, lat) in rows:
                copy.write_row((*(line[name] for name in FIELDS), f"SRID=4326;POINT({lon!r} {lat!r})"))
        return time.perf_counter() - started


def found_town() -> Community:
    """Wards in a square, a keeper for each, an organisation for each category, roads for two of them."""
    box = MultiPolygon(Polygon.from_bbox((WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)), srid=4326)
    community = Community.objects.create(
        slug="bench-imports", name="Bench", centre=Point(WEST, SOUTH, srid=4326), boundary=box
    )
    with scope(community=community):
        division = Division.objects.create(community=community, code="wards", name="Wards")
        wards = [_ward(community, division, number) for number in range(ACROSS * ACROSS)]
        keepers = [Organisation.objects.create(name=f"Keeper {ward.code}") for ward in wards]
        CommunityRouting.objects.create(community=community, fallback=Organisation.objects.create(name="Desk"))
        roads = Register.objects.create(community=community, code="roads", name="Roads")
        _lay_roads(roads, keepers)
        draft = new_draft(community=community, at=LONG_AGO)
        given = {"community": community, "ruleset": draft}
        for number in range(CATEGORIES):
            category = Category.objects.create(community=community, code=f"kind-{number}", name=f"Kind {number}")
            if number < 2:
                Rule.objects.create(category=category, register=roads, asks="nearest", within=40, **given)
            for ward, keeper in zip(wards, keepers, strict=True):
                Rule.objects.create(
                    category=category, division=division, area_code=ward.code, organisation=keeper, **given
                )
        publish(draft, moment=LONG_AGO, at=LONG_AGO)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return community


def _ward(community: Community, division: Division, number: int) -> Area:
    step = SIDE / ACROSS
    west, south = WEST + number % ACROSS * step, SOUTH + number // ACROSS * step
    boundary = MultiPolygon(Polygon.from_bbox((west, south, west + step, south + step)), srid=4326)
    code = f"w{number}"
    ward: Area = Area.objects.create(
        community=community, division=division, code=code, name=code, boundary=boundary, valid_from=date(2000, 1, 1)
    )
    return ward


def _lay_roads(roads: Register, keepers: list[Organisation]) -> None:
    chance = random.Random(9)
    lines = []
    for number in range(ROADS):
        x, y = WEST + chance.random() * SIDE, SOUTH + chance.random() * SIDE
        line = LineString((x, y), (x + chance.uniform(-0.01, 0.01), y + chance.uniform(-0.01, 0.01)), srid=4326)
        lines.append(
            Asset(
                community=roads.community,
                register=roads,
                key=str(number),
                geometry=line,
                keeper=chance.choice(keepers),
                valid_from=date(2000, 1, 1),
            )
        )
    Asset.objects.bulk_create(lines)


if __name__ == "__main__":
    raise SystemExit(main())
