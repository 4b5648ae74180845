"""The coverage of a large set of rules: what checking it costs over a bare union of its areas, and what its pages cost.

    ./misto bench coverage [--areas 1000] [--categories 20] [--json]

Draws a town of so many areas, each with a rule in every category; in each category there are a rule for the whole town
and rules for some hours besides. All is taken back at the end. Read the ratios.
"""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as hour
from math import ceil, sqrt
from statistics import median

import django

if __name__ == "__main__":
    django.setup()

import shapely
from django.conf import settings
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse
from django_scopes import scope, scopes_disabled

from accounts.models import Organisation, User
from geodata.convert import as_shape
from geodata.models import Area, Community, Division
from routing.models import Category, CoveragePiece, Rule, RuleSet
from routing.rule_check import check_rules
from tests.bench._report import Ratio, Report, at_most
from tests.bench._town import SIDE, SINCE, SOUTH, WEST, cell

AT = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
ORGANISATIONS = 20
AT_NIGHT = 50  # every so many areas have a rule for the night besides
PAGES = ("coverage", "coverage_shapes", "coverage_geojson")
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Drawn:
    """The town and its rules."""

    ruleset: RuleSet
    areas: list[shapely.Geometry]
    rules: int


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0, because a speed is no test."""
    parser = ArgumentParser(description="The coverage of a large set of rules.")
    parser.add_argument("--areas", type=int, default=1000)
    parser.add_argument("--categories", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with transaction.atomic(), scopes_disabled():
        drawn = draw(areas=options.areas, categories=options.categories)
        figures = measure(drawn, categories=options.categories)
        transaction.set_rollback(True)
    Report("coverage", drawn.rules, figures, compare(figures)).say(as_json=options.json)
    return 0


def draw(*, areas: int, categories: int) -> Drawn:
    """A square of areas, and a draft with a rule for each of them in every category."""
    side = ceil(sqrt(areas))
    ring = [(WEST, SOUTH), (WEST + SIDE, SOUTH), (WEST + SIDE, SOUTH + SIDE), (WEST, SOUTH + SIDE), (WEST, SOUTH)]
    community = Community.objects.create(
        slug="bench-coverage",
        name="Bench",
        centre=Point(WEST + SIDE / 2, SOUTH + SIDE / 2, srid=4326),
        boundary=MultiPolygon(Polygon(ring), srid=4326),
    )
    with scope(community=community):
        bodies = [Organisation.objects.create(name=f"Bench coverage {n}") for n in range(ORGANISATIONS)]
        division = Division.objects.create(community=community, code="cells", name="Cells")
        shapes = [cell(n % side, n // side, SIDE / side, from_west=WEST) for n in range(areas)]
        Area.objects.bulk_create(
            [
                Area(
                    community=community,
                    division=division,
                    code=str(n),
                    name=f"Cell {n}",
                    boundary=shape,
                    valid_from=SINCE,
                )
                for n, shape in enumerate(shapes)
            ],
            batch_size=500,
        )
        ruleset = RuleSet.objects.create(community=community, number=1, created_at=AT)
        rules: list[Rule] = []
        for number in range(categories):
            category = Category.objects.create(community=community, code=f"c{number}", name=f"Category {number}")
            given = {"community": community, "ruleset": ruleset, "category": category}
            rules.append(Rule(organisation=bodies[number % ORGANISATIONS], **given))
            for n in range(areas):
                place = given | {"division": division, "area_code": str(n)}
                rules.append(Rule(organisation=bodies[(n + number) % ORGANISATIONS], **place))
                if n % AT_NIGHT == 0:
                    night = {"hours_from": hour(20), "hours_to": hour(8), "priority": 1}
                    rules.append(Rule(organisation=bodies[number % ORGANISATIONS], **place, **night))
        Rule.objects.bulk_create(rules, batch_size=1000)
    return Drawn(ruleset, [as_shape(shape) for shape in shapes], len(rules))


def measure(drawn: Drawn, *, categories: int) -> dict[str, float]:
    """Seconds of the check and of a bare union of the same areas for each category; seconds and kB of the pages."""
    bare = [seconds(lambda: shapely.unary_union(drawn.areas)) for _ in range(categories)]
    check = seconds(lambda: check_rules(drawn.ruleset, at=AT))
    figures = {
        "check_s": round(check, 2),
        "check_s_per_1000_rules": round(check / drawn.rules * 1000, 3),
        "bare_union_s_per_1000_rules": round(sum(bare) / drawn.rules * 1000, 4),
        "pieces": float(CoveragePiece.objects.filter(of_check__ruleset=drawn.ruleset).count()),
    }
    client = Client()
    plain = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override_settings(ALLOWED_HOSTS=["testserver"], STORAGES=plain):
        client.force_login(User.objects.create_superuser("bench-coverage@example.org"))
        for page in PAGES:
            address = reverse(f"admin:routing_ruleset_{page}", args=[drawn.ruleset.pk]) + "?category=c0"
            sizes: list[int] = []
            times = [seconds(lambda: sizes.append(_size(client, address))) for _ in range(ROUNDS)]  # noqa: B023
            figures |= {f"{page}_s": round(median(times), 3), f"{page}_kB": round(sizes[-1] / 1000, 1)}
    return figures


def _size(client: Client, address: str) -> int:
    """Bytes of the whole answer. Raises RuntimeError: an error page would be a quick answer."""
    answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return len(answer.getvalue() if answer.streaming else answer.content)


def seconds(call: Callable[[], object]) -> float:
    """How long it took."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def compare(figures: dict[str, float]) -> list[Ratio]:
    """The goals: a city's administrator waits less than a minute for all of it and less than a second for a page."""
    bare = figures["bare_union_s_per_1000_rules"]
    return [
        at_most("check over a bare union of its areas, per 1,000 rules", figures["check_s_per_1000_rules"] / bare, 10),
        at_most("check of everything, s", figures["check_s"], 60),
        *(at_most(f"{page}, s", figures[f"{page}_s"], 1) for page in PAGES),
        at_most("shapes of a map, kB", figures["coverage_shapes_kB"], 500),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
