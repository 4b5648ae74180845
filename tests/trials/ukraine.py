"""The codifier and the communities of Ukraine, then Kyiv with its districts; the outcome is measured.

    ./misto bench ukraine DATA/ukraine

Needs an empty, migrated database, which `./misto bench` gives. The folder holds katottg_kodifikator-16-05-2025.csv,
hromady.geojson, hromady_polygon_to_katottg.csv and kyiv_districts_osm.geojson.
"""

import json
import random
import resource
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

import shapely
from django.core.management import call_command
from django.db import connection
from django.utils.translation import override
from django_scopes import scopes_disabled
from shapely.geometry.base import BaseGeometry

from geodata.convert import as_shape
from geodata.models import Area, Community, Unit
from geodata.shapes import clean_shape, square_metres

KYIV = "UA80000000000093317"
COUNTS = {"O": 25, "K": 2, "P": 136, "H": 1772, "M": 461, "X": 2007, "C": 27237, "B": 108}
DRAWN_CODES = {"H": 1469, "K": 2, "O": 1}  # the Autonomous Republic is one polygon
MOST_SECONDS = 120.0
MOST_OVERLAP = 0.01  # m² of any pair: roundings where borders got new corners
SAMPLE = 2000
OWNERS = "SELECT count(*) FROM geodata_community WHERE ST_Covers(boundary, ST_SetSRID(ST_MakePoint(%s, %s), 4326))"
Goal = tuple[str, Any, Any, bool]  # name, value, goal, met


def main(arguments: list[str] | None = None) -> int:
    """Runs the trial and prints what came out; exits with 1 when a goal is missed."""
    parser = ArgumentParser(description="The codifier and the communities of Ukraine.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with override("en"), scopes_disabled():
        figures, goals = run(options.folder)
    ratios = [{"name": name, "value": value, "goal": goal, "met": met} for name, value, goal, met in goals]
    if options.json:
        rows = Community.objects.count()
        say(json.dumps({"bench": "ukraine", "rows": rows, "figures": figures, "ratios": ratios}, ensure_ascii=False))
    else:
        show(figures, ratios)
    return 0 if all(ratio["met"] for ratio in ratios) else 1


def run(folder: Path) -> tuple[dict[str, Any], list[Goal]]:
    """The whole trial: figures, and goals with what came out."""
    codifier, polygons = folder / "katottg_kodifikator-16-05-2025.csv", folder / "hromady.geojson"
    codes = folder / "hromady_polygon_to_katottg.csv"

    def bring(**given: Any) -> None:
        said = StringIO()
        call_command("import_communities", str(polygons), codes=codes, stdout=said, **given)
        told.append(said.getvalue())

    told: list[str] = []
    figures: dict[str, Any] = {
        "codifier: seconds": timed(lambda: call_command("import_katottg", str(codifier), stdout=StringIO())),
        "codifier again: seconds": timed(lambda: call_command("import_katottg", str(codifier), stdout=StringIO())),
        "communities: seconds": timed(bring),
        "communities: peak memory, MB": peak(),
    }
    goals = [*codifier_goals(), *community_goals()]
    before = state()
    figures["communities again: seconds"] = timed(bring)
    goals.append(("second run writes nothing", state() == before, True, state() == before))
    goals.append(("import of communities, seconds", figures["communities: seconds"], MOST_SECONDS,
                  figures["communities: seconds"] < MOST_SECONDS))  # fmt: skip
    ground, ground_figures = ground_goals("country")
    figures |= ground_figures | claimed_figures(polygons)
    goals += ground
    figures["what the import said"] = [line for line in told[0].splitlines() if line and not line.startswith("  ")]
    goals += kyiv_goals(folder / "kyiv_districts_osm.geojson", bring)
    ground, ground_figures = ground_goals("with Kyiv's own boundary")
    return figures | ground_figures, goals + ground


def codifier_goals() -> list[Goal]:
    """Counts per category as in the published codifier."""
    counted = dict(Counter(Unit.objects.filter(ended_on=None).values_list("category", flat=True)))
    spaced = Unit.objects.filter(name__regex=r"^\s|\s$").count()
    return [
        ("codifier: units by category", counted, COUNTS, counted == COUNTS),
        ("names with spaces around them", spaced, 0, spaced == 0),
    ]


def community_goals() -> list[Goal]:
    """How many there are, and what their codes stand for."""
    count, slugs = Community.objects.count(), Community.objects.values("slug").distinct().count()
    codes = Community.objects.values_list("katottg", flat=True)
    categories = dict(Counter(Unit.objects.filter(code__in=list(codes)).values_list("category", flat=True)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM geodata_community WHERE NOT ST_IsValid(boundary)")
        (invalid,) = cursor.fetchone()
    return [
        ("communities", count, 1472, count == 1472),
        ("addresses", slugs, 1472, slugs == 1472),
        ("communities by category of their code", categories, DRAWN_CODES, categories == DRAWN_CODES),
        ("boundaries that are not valid", invalid, 0, invalid == 0),
    ]


def ground_goals(when: str) -> tuple[list[Goal], dict[str, Any]]:
    """Ground that two boundaries share after all, for every pair; owners of points drawn by lot."""
    shapes = [as_shape(row.boundary) for row in Community.objects.order_by("pk") if row.boundary]
    shared = [square_metres(common) for common in commons(shapes)]
    points = list(lots(shapes))
    owners = Counter(owners_of(points))
    figures = {
        f"{when}: pairs with any common ground": sum(size > 0 for size in shared),
        f"{when}: m² in all of them together": round(sum(shared), 6),
    }
    most = round(max(shared, default=0.0), 6)
    return [
        (f"{when}: most ground of a pair, m²", most, MOST_OVERLAP, most < MOST_OVERLAP),
        (f"{when}: owners of {len(points)} points by lot", dict(owners), {1: len(points)}, set(owners) == {1}),
    ], figures


def claimed_figures(polygons: Path) -> dict[str, Any]:
    """Ground that the file gives to two communities: how much, and who owns a place in each piece of it now."""
    features = json.loads(polygons.read_text(encoding="utf-8"))["features"]
    pieces = list(commons([clean_shape(feature["geometry"])[0] for feature in features]))
    pieces = [piece for piece in pieces if square_metres(piece) > 1]
    places = [piece.representative_point() for piece in pieces]
    return {
        "claimed twice in the file: pairs over 1 m²": len(pieces),
        "claimed twice in the file: km²": round(sum(map(square_metres, pieces)) / 1e6, 3),
        "claimed twice in the file: owners of a place in each": dict(Counter(owners_of([(p.x, p.y) for p in places]))),
    }


def kyiv_goals(districts: Path, bring: Callable[..., None]) -> list[Goal]:
    """Kyiv by its own ten districts: their union is its boundary, and its neighbours give way to it."""
    call_command(
        "import_areas", "kyiv", "districts", str(districts),
        code="katotth", name="name", division_name="Райони", set_boundary=True, stdout=StringIO(),
    )  # fmt: skip
    bring(keep=[KYIV])
    before = state()
    bring(keep=[KYIV])
    codes = set(Area.objects.filter(division__code="districts").values_list("code", flat=True))
    known = set(Unit.objects.filter(parent=KYIV, category="B").values_list("code", flat=True))
    same = state() == before
    return [
        ("districts of Kyiv", len(codes), 10, len(codes) == 10),
        ("their codes are those of the codifier", len(codes & known), 10, codes == known),
        ("Kyiv: second run writes nothing", same, True, same),
    ]


def commons(shapes: list[Any]) -> list[BaseGeometry]:
    """The common ground of every pair that touches or overlaps."""
    ones, others = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = [(one, other) for one, other in zip(ones.tolist(), others.tolist(), strict=True) if one < other]
    return [shapely.intersection(shapes[one], shapes[other]) for one, other in pairs]


def lots(shapes: list[Any]) -> list[tuple[float, float]]:
    """Points drawn by lot: each in the box of a community drawn by lot, until it lies inside it."""
    chance = random.Random(3)
    points: list[tuple[float, float]] = []
    while len(points) < SAMPLE:
        shape = chance.choice(shapes)
        west, south, east, north = shape.bounds
        place = shapely.Point(chance.uniform(west, east), chance.uniform(south, north))
        if shape.contains(place):
            points.append((place.x, place.y))
    return points


def owners_of(points: list[tuple[float, float]]) -> list[int]:
    """How many communities hold each point, as the database sees it."""
    found = []
    with connection.cursor() as cursor:
        for point in points:
            cursor.execute(OWNERS, point)
            found.append(cursor.fetchone()[0])
    return found


def state() -> list[tuple[str, str]]:
    """Every community with a digest of its row version: a write of any kind changes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT slug, xmin::text FROM geodata_community ORDER BY slug")
        return list(cursor.fetchall())


def timed(work: Callable[[], object]) -> float:
    """Seconds on the clock."""
    began = time.perf_counter()
    work()
    return round(time.perf_counter() - began, 1)


def peak() -> int:
    """MB that the process had at most."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def say(line: str) -> None:
    """One line on standard output."""
    sys.stdout.write(line + "\n")


def show(figures: dict[str, Any], ratios: list[dict[str, Any]]) -> None:
    """Figures, goals, and the summary lines of the import."""
    say("| what | figure |\n|---|---|")
    for name, value in figures.items():
        if not isinstance(value, list):
            say(f"| {name} | {value} |")
    say("\n| goal | wanted | came out | met |\n|---|---|---|---|")
    for ratio in ratios:
        say(f"| {ratio['name']} | {ratio['goal']} | {ratio['value']} | {'yes' if ratio['met'] else '**no**'} |")
    say("")
    for line in figures["what the import said"]:
        say(line)


if __name__ == "__main__":
    raise SystemExit(main())
