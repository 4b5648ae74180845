"""GeoPackage and Shapefile are read apart from the service; whatever is wrong with them is a refusal."""

import json
import signal
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry, Polygon

from geodata import reading_vector, vector_reader
from geodata.problems import Outcome, RefusedError
from geodata.reading import ChooseLayerError, FeatureFile, read_features
from geodata.shapes import clean_shape
from geodata.wkb import geometry_of
from tests.geodata.files import geopackage, packed, shapefile
from tests.grid import grid

TOWN = grid("A B", "D C")
SQUARE = TOWN.polygon("ABCD")


def refusal_of(data: bytes, **given: Any) -> str:
    with pytest.raises(RefusedError) as refusal:
        read_features(data, **given)
    assert "%(" not in refusal.value.problem.text
    return refusal.value.problem.kind


def same_place(found: FeatureFile) -> bool:
    """Whether the first feature is the square of the drawing, to a metre or so."""
    shape, _ = clean_shape(found.features[0].geometry, found.to_wgs84)
    return shape.bounds == pytest.approx(SQUARE.extent, abs=2e-5)


def test_geopackage_is_read_with_its_fields_and_keys(tmp_path: Path) -> None:
    found = read_features(geopackage(tmp_path, SQUARE, SQUARE).read_bytes())
    assert (found.format, found.layers, found.layer) == ("GeoPackage", ("areas",), "areas")
    assert found.fields == ("code", "назва")
    assert [one.identity for one in found.features] == [1, 2]
    assert found.features[0].properties == {"code": "1", "назва": "Їжакевича вулиця"}
    assert same_place(found)


@pytest.mark.parametrize("srid", [32635, 3857, 6383, 5563, 28405, 7828])
def test_declared_system_is_followed(tmp_path: Path, srid: int) -> None:
    """UTM, web Mercator, UCS-2000 in two spellings, SK-42 and SK-63."""
    # Django's own PROJ takes another of the known ways from SK-42, some metres off.
    within = 2e-4 if srid in (28405, 7828) else 2e-5  # degrees: 15 m, and 2 m
    for found in (
        read_features(geopackage(tmp_path, SQUARE, srid=srid).read_bytes()),
        read_features(packed(shapefile(tmp_path, SQUARE, srid=srid))),
    ):
        shape, _ = clean_shape(found.features[0].geometry, found.to_wgs84)
        assert shape.bounds == pytest.approx(SQUARE.extent, abs=within)


def test_layer_has_to_be_chosen_where_there_are_several(tmp_path: Path) -> None:
    geopackage(tmp_path, SQUARE, layer="двори")
    data = geopackage(tmp_path, SQUARE, SQUARE, layer="райони").read_bytes()
    with pytest.raises(ChooseLayerError) as refusal:
        read_features(data)
    assert refusal.value.layers == ("двори", "райони")
    assert "двори, райони" in refusal.value.problem.text
    assert len(read_features(data, layer="райони").features) == 2
    assert refusal_of(data, layer="x" * 200_000) == "no_layer"


def test_heights_and_missing_shapes_come_as_they_are(tmp_path: Path) -> None:
    high = GEOSGeometry("POLYGON Z ((28 49 5, 29 49 5, 29 50 5, 28 49 5))", srid=4326)
    found = read_features(geopackage(tmp_path, high, None).read_bytes())
    assert found.features[0].geometry["coordinates"][0][0] == [28, 49, 5]
    assert found.features[1].geometry is None


def test_curves_are_drawn_as_lines(tmp_path: Path) -> None:
    path = geopackage(tmp_path, SQUARE)
    circle = [(28.46, 49.22), (28.47, 49.23), (28.48, 49.22), (28.47, 49.21), (28.46, 49.22)]
    arc = struct.pack("<BII", 1, 8, len(circle)) + b"".join(struct.pack("<2d", *place) for place in circle)
    curved = struct.pack("<BII", 1, 10, 1) + arc
    with sqlite3.connect(path) as database:
        database.execute("UPDATE areas SET geom = ?", (b"GP\x00\x01" + struct.pack("<i", 4326) + curved,))
        database.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'")
    database.close()
    geometry = read_features(path.read_bytes()).features[0].geometry
    assert geometry["type"] == "Polygon"
    assert len(geometry["coordinates"][0]) > 50


def test_rows_are_counted_and_not_believed(tmp_path: Path) -> None:
    path = geopackage(tmp_path, SQUARE, SQUARE)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE gpkg_ogr_contents SET feature_count = 1")
    database.close()
    assert len(read_features(path.read_bytes()).features) == 2


def test_undeclared_system_has_to_be_named(tmp_path: Path) -> None:
    data = geopackage(tmp_path, SQUARE, srid=None).read_bytes()
    assert refusal_of(data) == "no_crs"
    assert same_place(read_features(data, crs="EPSG:4326"))


def test_empty_geopackage_and_one_without_places_are_refused(tmp_path: Path) -> None:
    assert refusal_of(geopackage(tmp_path).read_bytes()) == "no_features"
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE people (name)")
    database.close()
    assert refusal_of(other.read_bytes()) in ("no_layers", "broken_file")


def test_virtual_tables_are_refused(tmp_path: Path) -> None:
    path = geopackage(tmp_path, SQUARE)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA writable_schema = ON")
        made = "CREATE VIRTUAL TABLE thief USING VirtualOGR('/etc/hostname')"
        database.execute("INSERT INTO sqlite_master VALUES ('table', 'thief', 'thief', 0, ?)", (made,))
    database.close()
    assert refusal_of(path.read_bytes()) == "virtual_table"


def test_cut_off_geopackage_is_refused(tmp_path: Path) -> None:
    data = geopackage(tmp_path, SQUARE).read_bytes()
    for length in (16, 100, 4096, len(data) // 2):
        assert refusal_of(data[:length]) == "cut_off"


def test_shapefile_is_read_from_its_archive(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, SQUARE, SQUARE)
    nested = {f"Межі/{name.upper()}": data for name, data in parts.items()} | {"__MACOSX/._areas.shp": b"clutter"}
    found = read_features(packed(nested))
    assert (found.format, found.layer, found.fields) == ("Shapefile", "AREAS", ("code", "назва"))
    assert [one.properties["назва"] for one in found.features] == ["Їжакевича вулиця"] * 2
    assert found.problems == []
    assert same_place(found)


def test_text_of_windows_is_read_and_the_guess_is_told(tmp_path: Path) -> None:
    found = read_features(packed(shapefile(tmp_path, SQUARE, encoding="CP1251")))
    assert found.features[0].properties == {"code": "1", "назва": "Їжакевича вулиця"}
    assert [problem.kind for problem in found.problems] == ["encoding_guessed"]


def test_text_of_dos_is_read_as_the_table_declares(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, SQUARE, encoding="CP866")
    table = bytearray(parts["areas.dbf"])
    table[29] = 0x65
    found = read_features(packed(parts | {"areas.dbf": bytes(table)}))
    assert found.features[0].properties["назва"] == "Їжакевича вулиця"
    assert found.problems == []


def test_declaration_that_cannot_be_true_is_overruled_and_told(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, SQUARE, encoding="CP1251")
    found = read_features(packed(parts | {"areas.cpg": b"UTF-8"}))
    assert found.features[0].properties["назва"] == "Їжакевича вулиця"
    (note,) = found.problems
    assert (note.kind, note.outcome) == ("encoding_overruled", Outcome.NOTED)
    assert "UTF-8" in note.text
    assert "Windows-1251" in note.text


@pytest.mark.parametrize("spelled", ["1251", "ANSI 1251", "windows-1251", "CP1251"])
def test_windows_text_is_read_as_its_cpg_spells_it(tmp_path: Path, spelled: str) -> None:
    parts = shapefile(tmp_path, SQUARE, encoding="CP1251")
    found = read_features(packed(parts | {"areas.cpg": spelled.encode()}))
    assert (found.features[0].properties["назва"], found.problems) == ("Їжакевича вулиця", [])


def test_undeclared_utf8_is_recognised(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, SQUARE)
    del parts["areas.cpg"]
    found = read_features(packed(parts))
    assert found.features[0].properties["назва"] == "Їжакевича вулиця"
    assert found.problems == []


def test_shapefile_without_a_system_has_to_be_told_one(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, SQUARE)
    del parts["areas.prj"]
    assert refusal_of(packed(parts)) == "no_crs"
    assert same_place(read_features(packed(parts), crs="EPSG:4326"))


@pytest.mark.parametrize("missing", ["areas.shx", "areas.dbf"])
def test_missing_part_of_a_shapefile_is_named(tmp_path: Path, missing: str) -> None:
    parts = shapefile(tmp_path, SQUARE)
    del parts[missing]
    with pytest.raises(RefusedError) as refusal:
        read_features(packed(parts))
    assert missing in refusal.value.problem.text


def test_parts_of_different_shapefiles_are_refused(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, SQUARE)
    other = shapefile(tmp_path, SQUARE, SQUARE, stem="other")
    assert refusal_of(packed(parts | {"areas.dbf": other["other.dbf"]})) == "shapefile_counts"


def test_several_shapefiles_are_layers(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, SQUARE, stem="wards") | shapefile(tmp_path, SQUARE, SQUARE, stem="yards")
    assert refusal_of(packed(parts)) == "choose_layer"
    found = read_features(packed(parts), layer="yards")
    assert (len(found.features), found.layer, found.layers) == (2, "yards", ("wards", "yards"))


def test_geometry_of_other_files_is_not_reached(tmp_path: Path) -> None:
    """Only two drivers of GDAL are there, and nothing that the service keeps secret."""
    environment = reading_vector.process_environment()
    assert not {"MISTO_SECRET_KEY", "DATABASE_URL", "REDIS_URL"} & set(environment)
    told = subprocess.run(
        [sys.executable, "-c", "import pyogrio; print(sorted(pyogrio.list_drivers()))"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "['ESRI Shapefile', 'GPKG']"


@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        (-signal.SIGSEGV, "broken_file"),
        (-signal.SIGKILL, "broken_file"),
        (1, "broken_file"),
        (vector_reader.OUT_OF_TIME, "too_slow"),
        (vector_reader.TOO_LARGE, "zip_too_large"),
    ],
)
def test_end_of_the_process_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: int, kind: str
) -> None:
    data = geopackage(tmp_path, SQUARE).read_bytes()
    reading_vector.process_environment()
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], ended))
    assert refusal_of(data) == kind


def test_full_disk_is_no_fault_of_the_file(tmp_path: Path) -> None:
    job = {"path": str(geopackage(tmp_path, SQUARE)), "out": "/dev/full", "layer": "", "encoding": None}
    with pytest.raises(OSError, match="No space left"):
        reading_vector._run(
            "-m", vector_reader.__name__, json.dumps(job | {"max_features": 9}), file_format="GeoPackage"
        )


def test_beginning_of_a_file_is_read_without_the_rest(tmp_path: Path) -> None:
    with reading_vector.streamed_geopackage(geopackage(tmp_path, SQUARE, SQUARE, SQUARE), first=2) as found:
        assert [identity for identity, _properties, _shape in found.features] == [1, 2]


def test_slow_file_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = geopackage(tmp_path, SQUARE).read_bytes()
    reading_vector.process_environment()
    monkeypatch.setattr(reading_vector, "SECONDS", 0.001)
    assert refusal_of(data) == "too_slow"


def test_too_many_features_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = geopackage(tmp_path, SQUARE, SQUARE, SQUARE).read_bytes()
    monkeypatch.setattr(reading_vector, "MAX_FEATURES", 2)
    assert refusal_of(data) == "too_many_features"


def test_shape_that_names_no_corner_is_empty(tmp_path: Path) -> None:
    found = read_features(geopackage(tmp_path, Polygon(srid=4326)).read_bytes())
    with pytest.raises(RefusedError) as refusal:
        clean_shape(found.features[0].geometry)
    assert refusal.value.problem.kind == "empty"


def test_point_without_a_place_is_empty() -> None:
    nan = float("nan")
    empty = struct.pack("<BI2d", 1, 1, nan, nan)
    assert geometry_of(empty) == {"type": "GeometryCollection", "geometries": []}


def test_both_byte_orders_and_both_ways_of_heights_are_read() -> None:
    line = {"type": "LineString", "coordinates": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]}
    for order, mark in (("<", 1), (">", 0)):
        for code in (1002, 0x80000002):
            assert geometry_of(struct.pack(f"{order}BII6d", mark, code, 2, 1, 2, 3, 4, 5, 6)) == line


@pytest.mark.parametrize("wkb", [b"\x01\x02\0\0\0\xff\xff\xff\xff", struct.pack("<BI", 1, 17), b"\x01"])
def test_other_bytes_are_no_geometry(wkb: bytes) -> None:
    with pytest.raises((ValueError, struct.error)):
        geometry_of(wkb)
