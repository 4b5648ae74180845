"""Rows of files and tables before they become things: strange values, codes without zeros, encodings."""

import json
from typing import Any

import pytest

from geodata.models import Community
from geodata.problems import Problem, RefusedError
from geodata.reading import read_geojson
from geodata.reading_tables import LATITUDES, LONGITUDES, read_table
from routing.models import Asset
from routing.register_import import import_register
from routing.register_rows import AssetRow, rows_of
from routing.register_values import Fields, check_digit
from tests.conftest import LONG_AGO, NOW

FIELDS = Fields(
    key="key", name="name", number="number", keeper="keeper", edrpou="code", entrances="entrances", attributes=None
)


def read(*facts: dict[str, Any]) -> tuple[list[AssetRow], list[Problem]]:
    """Lamps with these properties, and what is said of them."""
    point = {"type": "Point", "coordinates": [28.46, 49.22]}
    listed = [
        {"type": "Feature", "properties": {"key": str(n)} | one, "geometry": point} for n, one in enumerate(facts)
    ]
    source = read_geojson(json.dumps({"type": "FeatureCollection", "features": listed}).encode())
    found, problems = rows_of(source, kind="lamps", fields=FIELDS)
    return found, [one for one in problems if one.kind != "no_field"]


def rows(*facts: dict[str, Any]) -> list[AssetRow]:
    """Lamps of which nothing is said."""
    found, problems = read(*facts)
    assert problems == []
    return found


@pytest.mark.parametrize("code", ["03361678", 3361678, "3361678"])
def test_code_without_its_zeros_gets_them_back(code: object) -> None:
    assert rows({"code": code})[0].edrpou == "03361678"


NOTHING = ["", "   ", "-", " — ", "«»", "...", None]


def told(*facts: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Kind, outcome and feature of every problem of lamps with these properties."""
    return [(one.kind, str(one.outcome), one.feature) for one in read(*facts)[1]]


@pytest.mark.parametrize("nothing", NOTHING)
def test_what_has_no_letter_and_no_digit_stands_for_nothing(nothing: str | None) -> None:
    (row,), problems = read(dict.fromkeys(("code", "keeper", "name", "number", "entrances"), nothing))
    assert (row.edrpou, row.keeper, row.name, row.number, row.entrances) == ("", "", "", "", None)
    assert problems == []


@pytest.mark.parametrize("zeros", ["0", "00000000", 0, "0000000000"])
def test_code_of_zeros_is_none(zeros: object) -> None:
    (row,), problems = read({"code": zeros})
    assert (row.edrpou, problems) == ("", [])


@pytest.mark.parametrize("code", ["03361678", "32855961", "12345678", "14360506", "00032129"])
def test_code_with_its_check_digit_is_good(code: str) -> None:
    assert check_digit(code) == code[-1]
    assert told({"code": code}) == []


def test_slip_in_a_code_is_noted_once_with_its_row_and_the_code_is_used() -> None:
    (good, slip, again), problems = read({"code": "32855961"}, {"code": "32855968"}, {"code": "32855968"})
    assert [(one.kind, one.outcome, one.feature, one.code) for one in problems] == [("edrpou_digit", "noted", 2, "1")]
    assert (good.edrpou, slip.edrpou, again.edrpou) == ("32855961", "32855968", "32855968")


@pytest.mark.parametrize("number", ["3184710691", 3184710691, "184710691"])
def test_tax_number_of_a_person_is_left_out_and_told_nowhere(number: object) -> None:
    (row,), problems = read({"code": number, "keeper": "ФОП Коваленко О. М."})
    assert (row.keeper, row.edrpou) == ("ФОП Коваленко О. М.", "")
    assert [(one.kind, one.feature) for one in problems] == [("personal_code", 1)]
    assert "184710691" not in repr((row, problems))


@pytest.mark.parametrize("code", ["12345", "12345678901", "немає", "1234567а"])
def test_other_codes_are_refused(code: str) -> None:
    assert told({"code": code}) == [("bad_edrpou", "refused", 1)]


def test_key_that_the_file_does_not_have_is_told_once() -> None:
    table = read_table("id;lon;lat\n1;28,4;49,2\n2;28,4;49,2\n".encode("cp1251"))
    found, problems = rows_of(table.features(lon="lon", lat="lat"), kind="lamps", fields=Fields(key="код"))
    assert (found, [problem.kind for problem in problems]) == ([], ["no_field"])


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
    plan = import_register(inside, "lamps", kind="lamps", rows=found, problems=(), valid_from=LONG_AGO, at=NOW)
    assert plan.written
    assert Asset.objects.get().attributes == {"код": "аб", "half": "x", "yes": True, "n": 1.5}
    again = import_register(inside, "lamps", kind="lamps", rows=found, problems=(), valid_from=LONG_AGO, at=NOW)
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
    places = [one.geometry for one in table.features(lon="lon", lat="lat").features]
    assert places == [None, {"type": "Point", "coordinates": [28.4, 49.2]}]


@pytest.mark.parametrize("data", [b"", b"id,lon,lat\n", b"\x98\xff;\x98", b'"' + b"x" * 200_000 + b"\n1\n2"])
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedError):
        read_table(data)


def test_column_that_is_not_there_is_named() -> None:
    with pytest.raises(RefusedError) as refused:
        read_table(b"id;x;y\n1;2;3").features(lon="lon", lat="y")
    assert "lon" in refused.value.problem.text
