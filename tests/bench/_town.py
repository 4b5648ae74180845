"""Drawn towns to measure on: a square of areas and, in its middle, blocks with streets, houses and lamps."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import ceil, sqrt

import numpy as np
import shapely
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import connection
from django_scopes import scope

from accounts.models import Organisation
from geodata.models import Area, Community, Division
from routing.models import Asset, Category, CommunityRouting, Register, Rule, RuleSet
from routing.rulesets import publish

WEST, SOUTH, SIDE = 28.0, 49.0, 0.5  # degrees: a square of about 36 by 55 km
BUILT = 0.15  # degrees: the built middle, about 11 by 17 km
BLOCKS = 100  # each way: a block is about 110 by 167 m
HOUSES, LAMPS = 6, 2  # in a block; its two streets make the rest
CORNERS = 40  # of an area's boundary
POINTS = 500
ORGANISATIONS = 20
SINCE = date(2020, 1, 1)
PUBLISHED = datetime(2020, 1, 1, 10, tzinfo=UTC)

# Houses in metres from their middle: a right angle of 8 corners, one with a yard of 10, a cross of 12.
SHAPES = (
    [(-12, -8), (0, -8), (12, -8), (12, 0), (0, 0), (0, 8), (-6, 8), (-12, 8)],
    [(-12, -8), (12, -8), (12, 8), (4, 8), (4, 0), (-4, 0), (-4, 8), (-12, 8), (-12, 4), (-12, 0)],
    [(-4, -8), (4, -8), (4, -3), (12, -3), (12, 3), (4, 3), (4, 8), (-4, 8), (-4, 3), (-12, 3), (-12, -3), (-4, -3)],
)
DEGREES_EAST, DEGREES_NORTH = 1 / 73_100, 1 / 111_200  # a metre, about


@dataclass(frozen=True, slots=True)
class Place:
    """A drawn community to ask about. `assets`: what a resident chose at each point, mostly nothing."""

    community: Community
    category: Category
    points: list[Point]
    assets: list[Asset | None]


def draw(areas: int, *, assets: bool = False, west: float = WEST) -> Place:
    """A square cut into so many rough cells, each with a rule of its own, and whole-community rules beside them.

    With `assets`, 100,000 of them too, and rules that ask who keeps the house around the point, the nearest street
    and lamp, and the lamp that was chosen. `west`: where the square begins, for towns that do not overlap.
    """
    community = Community.objects.create(
        slug=f"bench-{areas}" + ("-assets" if assets else ""),
        name="Bench",
        centre=Point(west, SOUTH, srid=4326),
        boundary=MultiPolygon(Polygon.from_bbox((west, SOUTH, west + SIDE, SOUTH + SIDE)), srid=4326),
    )
    with scope(community=community):
        category = Category.objects.create(community=community, code="roads", name="Roads")
        organisations = [Organisation.objects.create(name=f"Bench {community.slug} {n}") for n in range(ORGANISATIONS)]
        CommunityRouting.objects.create(community=community, fallback=organisations[0])
        draft = RuleSet.objects.create(community=community, number=1, created_at=PUBLISHED)
        _draw_areas(areas, west=west, draft=draft, category=category, organisations=organisations)
        chance = random.Random(3)
        south, side = SOUTH, SIDE
        chosen: list[Asset | None] = [None] * POINTS
        if assets:
            west, south, side = west + (SIDE - BUILT) / 2, SOUTH + (SIDE - BUILT) / 2, BUILT
            lamps = _draw_assets(west, south, draft=draft, category=category, organisations=organisations)
            chosen = [lamps[n] if n % 4 == 0 else None for n in range(POINTS)]
        publish(draft, moment=PUBLISHED, at=PUBLISHED)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE geodata_area, geodata_division, routing_rule, routing_ruleset, routing_register")
        cursor.execute("ANALYZE routing_asset, accounts_organisation, geodata_community, routing_category")
    inside = [(west + chance.random() * side, south + chance.random() * side) for _ in range(POINTS)]
    return Place(community, category, [Point(lon, lat, srid=4326) for lon, lat in inside], chosen)


def _draw_areas(
    count: int, *, west: float, draft: RuleSet, category: Category, organisations: Sequence[Organisation]
) -> None:
    side = ceil(sqrt(count))
    community = draft.community
    division = Division.objects.create(community=community, code="cells", name="Cells")
    Area.objects.bulk_create(
        [
            Area(
                community=community,
                division=division,
                code=str(n),
                name=f"Cell {n}",
                boundary=cell(n % side, n // side, SIDE / side, from_west=west),
                valid_from=SINCE,
            )
            for n in range(count)
        ],
        batch_size=500,
    )
    rule = {"community": community, "category": category, "ruleset": draft}
    Rule.objects.bulk_create(
        [
            Rule(division=division, area_code=str(n), organisation=organisations[n % ORGANISATIONS], **rule)
            for n in range(count)
        ],
        batch_size=1000,
    )
    Rule.objects.create(organisation=organisations[0], **rule)


def cell(x: int, y: int, size: float, *, from_west: float) -> MultiPolygon:
    """A square with CORNERS corners; neighbours share the corners of a common side."""
    west, south, each = from_west + x * size, SOUTH + y * size, CORNERS // 4
    steps = [size * step / each for step in range(each)]
    ring = (
        [(west + step, south) for step in steps]
        + [(west + size, south + step) for step in steps]
        + [(west + size - step, south + size) for step in steps]
        + [(west, south + size - step) for step in steps]
    )
    return MultiPolygon(Polygon([*ring, ring[0]]), srid=4326)


def _draw_assets(
    west: float, south: float, *, draft: RuleSet, category: Category, organisations: Sequence[Organisation]
) -> list[Asset]:
    """The built middle, and the rules that ask it. Returns lamps, some of which residents choose."""
    community = draft.community
    registers = {
        kind: Register.objects.create(community=community, code=kind, name=kind, kind=kind)
        for kind in ("roads", "buildings", "lamps")
    }
    category.register = registers["lamps"]
    category.save()
    columns = "community_id, register_id, key, name, number, keeper_id, attributes, search, geometry, valid_from"
    with connection.cursor() as cursor, cursor.copy(f"COPY routing_asset ({columns}) FROM STDIN") as copy:
        for n, (kind, shape) in enumerate(_things(west, south)):
            keeper = organisations[n % ORGANISATIONS].pk
            wkb = shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True)
            name, number = f"вул. {n % 997}", str(n % 200)
            copy.write_row((community.pk, registers[kind].pk, str(n), name, number, keeper, "{}", name, wkb, SINCE))
    given = {"community": community, "ruleset": draft, "category": category}
    Rule.objects.create(register=registers["lamps"], asks="this", priority=3, **given)
    Rule.objects.create(register=registers["buildings"], asks="inside", priority=2, **given)
    Rule.objects.create(register=registers["roads"], asks="nearest", within=30, priority=1, **given)
    Rule.objects.create(register=registers["lamps"], asks="nearest", within=20, role="informed", **given)
    return list(Asset.objects.filter(register=registers["lamps"]).order_by("id")[:POINTS])


def _things(from_west: float, from_south: float) -> Iterator[tuple[str, shapely.Geometry]]:
    """Streets on two sides of every block, houses and lamps in it."""
    chance = random.Random(5)
    size = BUILT / BLOCKS
    metre = np.array([DEGREES_EAST, DEGREES_NORTH])
    for n in range(BLOCKS * BLOCKS):
        x, y = from_west + n % BLOCKS * size, from_south + n // BLOCKS * size
        bend = chance.uniform(-0.05, 0.05) * size
        yield "roads", shapely.linestrings([(x, y), (x + size / 2, y + bend), (x + size, y)])
        yield "roads", shapely.linestrings([(x, y), (x + bend, y + size / 2), (x, y + size)])
        for house in range(HOUSES):
            middle = (x + size * (house % 2 + 0.5) / 2, y + size * (house // 2 + 0.5) / 3)
            corners = np.array(SHAPES[(n + house) % len(SHAPES)]) * metre + middle
            yield "buildings", shapely.polygons(corners)
        for _ in range(LAMPS):
            yield "lamps", shapely.points(x + chance.random() * size, y + chance.random() * size / 10)
