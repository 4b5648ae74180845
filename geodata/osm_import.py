"""Fills the base map, the streets and addresses, and when asked the districts of a community from OpenStreetMap."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from shapely.geometry.base import BaseGeometry

from geodata.actions import import_areas
from geodata.address_import import AddressOutcome, Count, import_addresses
from geodata.area_plan import AreaPlan
from geodata.candidates import IDENTITY, candidates_of
from geodata.features import Feature, FeatureFile
from geodata.models import Community, MapShape
from geodata.osm_ground import OsmGround, ground_of, widened
from geodata.osm_reading import OsmThing, Passed, read_osm
from geodata.osm_rows import OsmAddresses
from geodata.osm_tags import area_kind, district_level, half_width, line_kind, one_line
from geodata.problems import RefusedError
from geodata.shape_import import ShapeImport, ShapeRow

CREDIT = "© OpenStreetMap contributors"
ORIGIN = "osm"
MOST_SHAPE_NAME = 200  # characters, as in geodata.models.MapShape
_CUT = frozenset({MapShape.Kind.LAND, MapShape.Kind.PARK, MapShape.Kind.WATER, MapShape.Kind.RAIL, MapShape.Kind.ROAD})
Progress = Callable[[Passed, int], None]


@dataclass(frozen=True, slots=True)
class OsmWanted:
    """What to take. `districts`: the code of a division, "" for none; `level`: admin_level of them, "" to find out."""

    shapes: bool = True
    addresses: bool = True
    districts: str = ""
    level: str = ""
    remove_missing: bool = False  # addresses and streets too; shapes always go with the file


@dataclass(slots=True)
class OsmOutcome:
    """What an import did; None for what was not wanted."""

    passed: Passed
    left_out: int = 0  # streets whose name is too long
    shapes: Count | None = None
    addresses: AddressOutcome | None = None
    districts: AreaPlan | None = None

    @property
    def is_same(self) -> bool:
        """True when everything was here already."""
        counts = [self.shapes] if self.shapes else []
        if self.addresses:
            counts += [self.addresses.streets, self.addresses.addresses]
        plan = self.districts
        areas = [plan.created, plan.replaced, plan.corrected, plan.renamed, plan.closed] if plan else []
        return not any(count.new or count.changed or count.removed for count in counts) and not any(areas)


@dataclass(slots=True)
class _District:
    identity: str
    name: str
    level: str
    shape: BaseGeometry


@dataclass(slots=True)
class _Taken:
    """What the community has of the file beside its shapes, which are sent to the database at once."""

    addresses: OsmAddresses = field(default_factory=OsmAddresses)
    districts: list[_District] = field(default_factory=list)


def import_osm(
    community: Community,
    file: Path,
    wanted: OsmWanted,
    *,
    today: date,
    dry_run: bool = False,
    progress: Progress = lambda _passed, _kept: None,
) -> OsmOutcome:
    """Reads the file and writes what is wanted in one transaction. Call it inside the community's scope.

    Raises RefusedError, and writes nothing, for a file that cannot be read, that holds nothing of this community, and
    when its districts cannot be told apart. Districts that were refused are told by the plan: then too, nothing.
    """
    outcome = OsmOutcome(Passed())
    with transaction.atomic():
        taken, shapes = _read(community, file, wanted, outcome.passed, progress)
        rows = taken.addresses.rows()
        outcome.left_out = taken.addresses.left_out
        if not (shapes and shapes.total) and not rows and not taken.districts:
            raise RefusedError("nothing_here")
        if wanted.districts:
            outcome.districts = _write_districts(community, taken.districts, wanted, today=today)
        if shapes:
            outcome.shapes = shapes.merge(credit=CREDIT)
        if wanted.addresses and rows:
            outcome.addresses = import_addresses(community, rows, remove_missing=wanted.remove_missing)
        refused = outcome.districts is not None and bool(outcome.districts.refusals)
        transaction.set_rollback(dry_run or refused)
    return outcome


def osm_address_rows(community: Community, file: Path) -> OsmAddresses:
    """The streets and houses of a file that lie in the community. Raises RefusedError."""
    ground, found = ground_of(community), OsmAddresses()
    for batch in read_osm(file, Passed()):
        for thing in _where(batch, ground.in_community):
            found.add(thing)
    return found


def _read(
    community: Community, file: Path, wanted: OsmWanted, passed: Passed, progress: Progress
) -> tuple[_Taken, ShapeImport | None]:
    ground = ground_of(community)
    taken = _Taken()
    shapes = ShapeImport(community, origin=ORIGIN) if wanted.shapes else None
    for batch in read_osm(file, passed):
        shown = _where(batch, ground.on_map)
        if shapes and (rows := [row for thing in shown for row in _shape_rows(thing, ground)]):
            shapes.add(rows)
        for thing in _where(shown, ground.in_community):
            if wanted.addresses:
                taken.addresses.add(thing)
            if wanted.districts and thing.shape.geom_type.endswith("Polygon"):
                taken.districts += _districts(thing, ground)
        progress(passed, shapes.total if shapes else 0)
    return taken, shapes


def _where(things: list[OsmThing], test: Callable[[Any], Any]) -> list[OsmThing]:
    chosen = test(np.array([thing.shape for thing in things], dtype=object))
    return [thing for thing, is_chosen in zip(things, chosen.tolist(), strict=True) if is_chosen]


def _shape_rows(thing: OsmThing, ground: OsmGround) -> Iterator[ShapeRow]:
    """The shape that a thing is drawn as, if any; wide ones end at the edge of the map."""
    shape: BaseGeometry | None = thing.shape
    is_polygon = thing.shape.geom_type.endswith("Polygon")
    if thing.shape.geom_type == "Point":
        return
    kind = area_kind(thing.tags) if is_polygon else line_kind(thing.tags)
    if kind == MapShape.Kind.WATER and not is_polygon:
        shape = widened(thing.shape, half_width(thing.tags))
    if kind in _CUT:
        shape = ground.cut(shape) if shape is not None else None
    if kind and shape is not None:
        name = one_line(thing.tags.get("name", ""))[:MOST_SHAPE_NAME]
        yield ShapeRow(f"{ORIGIN}:{thing.identity}:{kind}", kind, name, shape)


def _districts(thing: OsmThing, ground: OsmGround) -> Iterator[_District]:
    """Those whose middle lies in the community: its neighbours touch it too."""
    level = district_level(thing.tags)
    if level and ground.inside.intersects(thing.shape.representative_point()):
        yield _District(thing.identity, one_line(thing.tags["name"]), level, thing.shape)


def _write_districts(community: Community, found: list[_District], wanted: OsmWanted, *, today: date) -> AreaPlan:
    """Raises RefusedError when there are none, or several levels and nobody said which."""
    levels = {one.level: sum(other.level == one.level for other in found) for one in found}
    told = ", ".join(f"{level} ({many})" for level, many in sorted(levels.items())) or "–"
    level = wanted.level or (next(iter(levels)) if len(levels) == 1 else "")
    if level not in levels:
        raise RefusedError("which_level" if levels else "no_districts", levels=told)
    features = [
        Feature(at, one.identity, {"name": one.name}, json.loads(shapely.to_geojson(one.shape)))
        for at, one in enumerate((one for one in found if one.level == level), start=1)
    ]
    candidates, problems = candidates_of(FeatureFile(features, fields=("name",)), code=IDENTITY, name="name")
    return import_areas(
        community, wanted.districts, candidates=candidates, problems=problems, valid_from=today, today=today
    )
