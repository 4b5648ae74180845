"""Reads files of OpenStreetMap (.osm.pbf, .osm, .osm.bz2, .osm.gz), some thousands of objects at a time.

Objects without a tag that means something here never leave the library. It keeps the places of nodes, 16 bytes each,
and the relations that become polygons; everything else passes by.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import osmium
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.osm_tags import (
    KEYS,
    area_kind,
    district_level,
    house_of,
    is_settlement,
    is_square,
    is_street_line,
    line_kind,
)
from geodata.problems import RefusedError

ENDINGS: Final = (".pbf", ".osm", ".osm.bz2", ".osm.gz")
BATCH = 5000  # objects whose geometry is checked at once
FORMAT = "OpenStreetMap PBF"


@dataclass(frozen=True, slots=True)
class OsmThing:
    """One object. `identity` is “n1”, “w2” or “r3”; the shape (SRID 4326) a Point, a LineString or a MultiPolygon."""

    identity: str
    tags: dict[str, str]
    shape: BaseGeometry


@dataclass(slots=True)
class Passed:
    """How far the reading is: objects with a meaning, and those of them without a shape that can be drawn."""

    seen: int = 0
    broken: int = 0


def is_osm(name: str) -> bool:
    """True for a name that files of OpenStreetMap have."""
    return name.lower().endswith(ENDINGS)


def read_osm(file: Path, passed: Passed) -> Iterator[list[OsmThing]]:
    """Batches of what means something here, in the order of the file: nodes, ways, polygons.

    Raises RefusedError for a file that is none, is damaged or breaks off, possibly after the first batches.
    """
    try:
        with file.open("rb"):
            pass
        yield from _batches(_found(file, passed), passed)
    except OSError as mistake:
        raise RefusedError("unreadable", reason=mistake.strerror or "") from mistake
    except (RuntimeError, ValueError, UnicodeDecodeError, osmium.InvalidLocationError) as mistake:
        raise RefusedError("broken_file", format=FORMAT) from mistake


def _found(file: Path, passed: Passed) -> Iterator[tuple[str, dict[str, str], str | bytes]]:
    """Identity, tags and WKB in hexadecimal digits."""
    wkb = osmium.geom.WKBFactory()
    wanted = osmium.filter.KeyFilter(*KEYS)
    processor = osmium.FileProcessor(str(file)).with_areas(osmium.filter.KeyFilter(*KEYS)).with_filter(wanted)
    for thing in processor:
        one: Any = thing
        try:
            if one.is_area():
                tags = dict(one.tags)
                if _is_wanted_area(tags):
                    passed.seen += 1
                    kind = "w" if one.from_way() else "r"
                    yield f"{kind}{one.orig_id()}", tags, wkb.create_multipolygon(one)
            elif one.is_way():
                tags = dict(one.tags)
                if line_kind(tags) or (is_street_line(tags) and tags.get("area") != "yes"):
                    passed.seen += 1
                    yield f"w{one.id}", tags, wkb.create_linestring(one)
            elif one.is_node():
                tags = dict(one.tags)
                if house_of(tags):
                    passed.seen += 1
                    yield f"n{one.id}", tags, wkb.create_point(one)
        except (osmium.InvalidLocationError, RuntimeError):
            passed.broken += 1  # a node of it is not in the file, or a line of one point


def _is_wanted_area(tags: dict[str, str]) -> bool:
    return bool(area_kind(tags) or house_of(tags) or is_square(tags) or is_settlement(tags) or district_level(tags))


def _batches(found: Iterator[tuple[str, dict[str, str], Any]], passed: Passed) -> Iterator[list[OsmThing]]:
    batch: list[tuple[str, dict[str, str], Any]] = []
    for one in found:
        batch.append(one)
        if len(batch) == BATCH:
            yield _shaped(batch, passed)
            batch = []
    if batch:
        yield _shaped(batch, passed)


def _shaped(batch: list[tuple[str, dict[str, str], Any]], passed: Passed) -> list[OsmThing]:
    """With valid shapes; polygons that cross themselves are mended, as nobody's duties hang on them."""
    shapes = shapely.from_wkb(np.array([wkb for _identity, _tags, wkb in batch], dtype=object))
    wrong = ~shapely.is_valid(shapes)
    shapes[wrong] = shapely.make_valid(shapes[wrong])
    things = []
    for (identity, tags, _wkb), shape in zip(batch, shapes.tolist(), strict=True):
        if shape.is_empty or shape.geom_type == "GeometryCollection":
            passed.broken += 1
        else:
            things.append(OsmThing(identity, tags, shape))
    return things
