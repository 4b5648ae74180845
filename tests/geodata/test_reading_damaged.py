"""Bytes changed at random: each file is read or refused, nothing else happens."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from geodata.candidates import NUMBER, candidates_of
from geodata.problems import RefusedError
from geodata.reading import read_features
from tests.geodata.files import collection, feature, geopackage, kml, kml_polygon, packed, placemark, shapefile
from tests.grid import grid

TOWN = grid("A B", "D C")
SQUARE = TOWN.polygon("ABCD")


def damaged(data: bytes, *, times: int) -> Iterator[bytes]:
    """The data with some bytes changed, taken out or cut off; always the same."""
    chance = random.Random(20261119)
    for _ in range(times):
        broken = bytearray(data)
        for _ in range(chance.choice((1, 3, 20))):
            at = chance.randrange(len(broken))
            broken[at : at + chance.choice((1, 1, 4))] = chance.randbytes(chance.choice((0, 1, 4)))
        yield bytes(broken[: chance.choice((len(broken), len(broken), chance.randrange(1, len(broken))))])


def read_or_refused(data: bytes) -> bool:
    """Whether the file could be read; what it says of its features has words."""
    try:
        _, problems = candidates_of(read_features(data, crs="EPSG:4326"), code=NUMBER, name=NUMBER)
    except RefusedError as refusal:
        return not refusal.problem.text
    return all(problem.text for problem in problems)


@pytest.mark.parametrize(
    "data", [collection(feature(SQUARE), feature(None)), kml(placemark(kml_polygon(TOWN.ring("ABCD"))))]
)
def test_damaged_text_is_read_or_refused(data: bytes) -> None:
    assert len({read_or_refused(one) for one in damaged(data, times=300)}) == 2


def test_damaged_archive_is_read_or_refused(tmp_path: Path) -> None:
    data = packed({"a.geojson": collection(feature(SQUARE))})
    assert len({read_or_refused(one) for one in damaged(data, times=300)}) == 2


def test_damaged_geopackage_is_read_or_refused(tmp_path: Path) -> None:
    data = geopackage(tmp_path, SQUARE, SQUARE).read_bytes()
    for one in damaged(data, times=12):
        read_or_refused(one)


def test_damaged_shapefile_is_read_or_refused(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, SQUARE, SQUARE)
    for name in ("areas.shp", "areas.shx", "areas.dbf", "areas.prj"):
        for one in damaged(parts[name], times=3):
            read_or_refused(packed(parts | {name: one}))


@pytest.mark.parametrize(
    "start", [b"SQLite format 3\0", b"PK\x03\x04", b"<kml>", b"{", b"\x00\x00\x27\x0a", b"", b"\xff"]
)
def test_random_bytes_are_refused(start: bytes) -> None:
    assert not read_or_refused(start + random.Random(1).randbytes(5000))
