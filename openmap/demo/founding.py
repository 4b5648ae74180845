"""Founds Яворин and its neighbour in the database: land, districts, base map, organisations, registers."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

import shapely
from django.utils.translation import gettext as _
from django_scopes import scope
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize

from accounts.models import Organisation
from geodata.actions import create_community, import_areas
from geodata.address_import import import_addresses
from geodata.candidates import Candidate
from geodata.models import Area, Community, MapShape
from geodata.shapes import polygons_in
from openmap.demo.addresses import addresses_of, addresses_of_neighbour
from openmap.demo.city import (
    BODIES,
    DISTRICTS_CODE,
    DISTRICTS_NAME,
    FALLBACK,
    RESIDENTS,
    RESIDENTS_IN,
)
from openmap.demo.countryside import alleys, woods
from openmap.demo.layout import (
    DISTRICTS,
    METRES,
    PARKS,
    POND,
    RAILWAY,
    RIVER,
    RIVER_NAME,
    ROADS,
    TERRITORY,
)
from openmap.demo.organisations import NEIGHBOUR_BODIES, Body
from openmap.demo.place import APPROACH, ORIGIN, all_on_globe, all_stored, neighbour, on_globe
from openmap.demo.registers import draw_registers
from openmap.demo.rulebook import write_rules_of_neighbour, write_rules_of_yavoryn
from openmap.demo.town import Town
from routing.models import Channel, CommunityRouting, Register
from routing.register_import import import_register
from routing.register_map import show_on_map
from routing.rule_check import check_soon
from stats.models import Population

SINCE = date(2020, 1, 1)  # first day of the districts
OPENS_AT = 13  # zoom
YAVORYN_HUE, SOSNIVKA_HUE = 256, 150
ON_THE_MAP = {Register.Kind.ROADS, Register.Kind.LAMPS}
SEVENTH_DIGIT = 1e-7  # degrees: a centimetre, to which shapes are rounded
FIELDS = 400.0  # metres around the streets of the neighbour; then woods begin
SIMPLE = 0.5 / METRES  # half a metre

Say = Callable[[str], None]
Layer = tuple[MapShape.Kind, str, BaseGeometry]


def found_yavoryn(town: Town, *, at: datetime, say: Say = lambda _words: None) -> Community:
    """The community with everything that a report needs; its rules have been in force for some weeks before `at`."""
    community = create_community(
        slug="yavoryn",
        name="Яворинська громада",
        name_en="Yavoryn community",
        boundary=on_globe(TERRITORY),
        centre=ORIGIN,
    )
    community.zoom, community.accent_hue = OPENS_AT, YAVORYN_HUE
    community.save(update_fields=["zoom", "accent_hue"])
    with scope(community=community):
        _found_districts(community, town)
        _settle(community)
        _draw(community, [*_land(), *_ways(town), *_buildings(town)])
        bodies = _found_bodies(community, BODIES)
        CommunityRouting.objects.create(community=community, fallback=bodies[FALLBACK])
        say(_("Bringing in streets, houses and street lights"))
        _bring_registers(community, town, at=at)
        say(_("Writing the rules"))
        write_rules_of_yavoryn(community, bodies, at=at)
        check_soon(community, at=at)
    return community


def found_neighbour(*, at: datetime) -> Community:
    """Соснівка, to the east: small, and enough to be named when a pin falls beyond the border."""
    land, streets, houses = neighbour()
    boundary = on_globe(land).difference(on_globe(TERRITORY))
    community = create_community(
        slug="sosnivka", name="Соснівська громада", name_en="Sosnivka community", boundary=boundary
    )
    community.accent_hue = SOSNIVKA_HUE
    community.save(update_fields=["accent_hue"])
    with scope(community=community):
        lanes: list[Layer] = [(MapShape.Kind.STREET, name, line) for name, line in streets.items()]
        fields = shapely.union_all(list(streets.values())).buffer(FIELDS / METRES)
        wood: Layer = (MapShape.Kind.PARK, "", land.difference(fields))
        approach: Layer = (MapShape.Kind.ROAD, "", APPROACH.intersection(land))
        village: list[Layer] = [(MapShape.Kind.BUILDING, "", house) for house in houses]
        _draw(community, [(MapShape.Kind.LAND, "", land), wood, approach, *lanes, *village])
        import_addresses(community, list(addresses_of_neighbour(streets, houses)))
        bodies = _found_bodies(community, NEIGHBOUR_BODIES)
        CommunityRouting.objects.create(community=community, fallback=bodies["village"])
        write_rules_of_neighbour(community, bodies, at=at)
        check_soon(community, at=at)
    return community


def _found_districts(community: Community, town: Town) -> None:
    """Districts are imported as from a file, with the very same corners where they touch, so that none lies over
    another."""
    shapes = all_on_globe([town.districts[district.code] for district in DISTRICTS])
    edges = shapely.union_all([shape.boundary for shape in shapes], grid_size=SEVENTH_DIGIT)
    parts: list[list[Polygon]] = [[] for _shape in shapes]
    for face in polygonize(edges):
        middle = face.representative_point()
        inside = next((at for at, shape in enumerate(shapes) if shape.contains(middle)), None)
        if inside is not None:
            parts[inside].append(face)
    candidates = [
        Candidate(number, district.code, district.name, MultiPolygon(polygons_in(shapely.coverage_union_all(faces))))
        for number, (district, faces) in enumerate(zip(DISTRICTS, parts, strict=True), start=1)
    ]
    plan = import_areas(
        community,
        DISTRICTS_CODE,
        division_name=DISTRICTS_NAME,
        candidates=candidates,
        problems=(),
        valid_from=SINCE,
        today=SINCE,
    )
    assert plan.written, [problem.text for problem in plan.refusals]


def _settle(community: Community) -> None:
    """How many live in each district and in all of them."""
    areas = {area.code: area for area in Area.objects.filter(community=community)}
    told = {areas[code]: many for code, many in RESIDENTS.items()} | {None: sum(RESIDENTS.values())}
    Population.objects.bulk_create(
        Population(community=community, area=area, year=RESIDENTS_IN, people=many) for area, many in told.items()
    )


def _bring_registers(community: Community, town: Town, *, at: datetime) -> None:
    """Registers are imported as from a file, and addresses made of the same houses."""
    sheets = draw_registers(town, names={body.key: body.name for body in BODIES})
    import_addresses(community, list(addresses_of(sheets)))
    for sheet in sheets:
        plan = import_register(
            community,
            sheet.code,
            kind=sheet.kind,
            name=sheet.name,
            rows=sheet.rows,
            problems=(),
            valid_from=SINCE,
            at=at,
        )
        assert plan.written, [problem.text for problem in plan.refusals]
        register = Register.objects.select_related("community").get(community=community, code=sheet.code)
        register.name_en = sheet.name_en
        register.save(update_fields=["name_en"])
        if sheet.kind in ON_THE_MAP:
            show_on_map(register, True, at=at)


def _land() -> list[Layer]:
    """Land, parks, woods and water. Parks are cut against the river and each other, so that none is drawn twice."""
    taken: BaseGeometry = RIVER
    parks: list[Layer] = []
    for name, shape in PARKS.items():
        parks.append((MapShape.Kind.PARK, name, shape.difference(taken)))
        taken = taken.union(shape)
    return [
        (MapShape.Kind.LAND, "", TERRITORY),
        *((MapShape.Kind.PARK, "", wood) for wood in woods()),
        *parks,
        (MapShape.Kind.WATER, RIVER_NAME, RIVER),
        (MapShape.Kind.WATER, "Лісове озеро", POND),
    ]


def _ways(town: Town) -> list[Layer]:
    """Streets, each a row with its name, then main roads and the railway."""
    streets: list[Layer] = [
        (MapShape.Kind.STREET, street.name, shapely.MultiLineString(street.pieces)) for street in town.streets
    ]
    roads: list[Layer] = [(MapShape.Kind.ROAD, name, line) for name, line in ROADS.items()]
    paths: list[Layer] = [(MapShape.Kind.STREET, "", alley) for alley in alleys()]
    return [*streets, *paths, *roads, (MapShape.Kind.RAIL, "", RAILWAY)]


def _buildings(town: Town) -> list[Layer]:
    return [(MapShape.Kind.BUILDING, "", building.shape) for building in town.buildings]


def _draw(community: Community, layers: Iterable[Layer]) -> None:
    kinds, names, shapes = zip(*layers, strict=True)
    drawn = all_stored([_simple(kind, shape) for kind, shape in zip(kinds, shapes, strict=True)])
    MapShape.objects.bulk_create(
        [
            MapShape(community=community, kind=kind, name=name, geometry=shape)
            for kind, name, shape in zip(kinds, names, drawn, strict=True)
        ],
        batch_size=2000,
    )


def _simple(kind: MapShape.Kind, shape: BaseGeometry) -> BaseGeometry:
    return shape if kind == MapShape.Kind.BUILDING else shape.simplify(SIMPLE)


def _found_bodies(community: Community, bodies: Sequence[Body]) -> dict[str, Organisation]:
    """Organisations with their channels; one that serves another community already is the same organisation."""
    found = {}
    for body in bodies:
        organisation, _is_new = Organisation.objects.get_or_create(
            name=body.name, defaults={"name_en": body.name_en, "icon": body.icon}
        )
        if body.address:
            Channel.objects.create(community=community, organisation=organisation, address=body.address)
        found[body.key] = organisation
    return found


def holds_anything() -> bool:
    """True when this database has a community or an organisation already: the demo would mix with real work."""
    return Community.objects.exists() or Organisation.objects.exists()
