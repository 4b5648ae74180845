"""Rows of files and tables before they become things: strange values, codes without zeros, encodings."""

import json
from typing import Any

import pytest

from geodata.models import Community
from geodata.problems import RefusedError
from geodata.reading import read_geojson
from routing.models import Asset
from routing.register_import import import_register
from routing.register_rows import AssetRow, Fields, rows_of
from routing.register_tables import LATITUDES, LONGITUDES, read_table
from tests.conftest import LONG_AGO


def rows(*facts: dict[str, Any]) -> list[AssetRow]:
    point = {"type": "Point", "coordinates": [28.46, 49.22]}
    listed = [
        {"type": "Feature", "properties": {"key": str(n)} | one, "geometry": point} for n, one in enumerate(facts)
    ]
    source = read_geojson(json.dumps({"type": "FeatureCollection", "features": listed}).encode())
    found, problems = rows_of(source, kind="lamps", fields=Fields(key="key", edrpou="code"))
    assert [one.kind for one in problems if one.outcome == "refused" and one.kind != "no_field"] == []
    return found


@pytest.mark.parametrize("code", ["03361678", 3361678, "3361678"])
def test_code_without_its_zeros_gets_them_back(code: object) -> None:
    assert rows({"code": code})[0].edrpou == "03361678"


def test_thing_without_a_name_is_found_by_its_key() -> None:
    assert rows({"key": "Л-17", "code": ""})[0].search == "л-17"


def test_strange_attributes_are_cleaned_or_left_out_and_can_be_stored(inside: Community) -> None:
    strange = {
        "код\0": "а\0б",
        "half": "\ud83d",
        "half\ud83d": "x",
        "long": "я" * 501,
        "list": [1],
        "none": None,
        "huge": 10**40,
        "yes": True,
        "n": 1.5,
        "blank": "  ",
    }
    found = rows(strange | {"code": ""})
    plan = import_register(inside, "lamps", kind="lamps", rows=found, problems=(), valid_from=LONG_AGO)
    assert plan.written
    assert Asset.objects.get().attributes == {"код": "аб", "half": "x", "yes": True, "n": 1.5}
    again = import_register(inside, "lamps", kind="lamps", rows=found, problems=(), valid_from=LONG_AGO)
    assert again.unchanged == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_table_is_read_however_it_was_saved(encoding: str, delimiter: str) -> None:
    lines = (("Назва", "X", "Широта"), ("вул. Їжакова", "28.46", "49.22"))
    table = read_table("\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    source = table.features(lon=table.guess(LONGITUDES), lat=table.guess(LATITUDES))
    (only,) = source.features
    assert only.properties == {"Назва": "вул. Їжакова"}
    assert only.geometry["coordinates"] == [28.46, 49.22]


def test_table_in_metres_is_read_with_its_reference_system() -> None:
    table = read_table(b"id,x,y\n1,606000,5453000\n")
    source = table.features(lon="x", lat="y", crs="EPSG:32635")
    assert source.to_wgs84 is not None


def test_row_that_is_short_or_long_is_no_error() -> None:
    table = read_table(b"id,lon,lat\n1\n2,28.4,49.2,more,and more\n\n")
    assert [row["id"] for row in table.rows] == ["1", "2"]
    assert [one.geometry["coordinates"] for one in table.features(lon="lon", lat="lat").features] == [
        [None, None],
        [28.4, 49.2],
    ]


@pytest.mark.parametrize("data", [b"", b"id,lon,lat\n", b"\x98\xff;\x98", b'"' + b"x" * 200_000 + b"\n1\n2"])
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedError):
        read_table(data)


def test_column_that_is_not_there_is_named() -> None:
    with pytest.raises(RefusedError) as refused:
        read_table(b"id;x;y\n1;2;3").features(lon="lon", lat="y")
    assert "lon" in refused.value.problem.text
