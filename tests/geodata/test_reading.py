"""A file that is no use is refused as a whole, with the reason."""

import json

import pytest

from geodata.problems import Outcome, RefusedError
from geodata.reading import projection, read_geojson
from tests.geodata.files import collection, feature
from tests.grid import grid

TOWN = grid("A B", "D C")
SQUARE = TOWN.polygon("ABCD")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "not_json"),
        (b"PK\x03\x04\xff\xfe", "not_text"),
        (b'{"type": "FeatureCollection", "features": [}', "not_json"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (b'{"type": "Feature", "number": ' + b"9" * 5000 + b"}", "bad_json"),
        (b"[1, 2, 3]", "not_object"),
        (b'"FeatureCollection"', "not_object"),
        (b"{}", "unknown_type"),
        (b'{"type": null, "features": []}', "unknown_type"),
        (b'{"type": "featurecollection", "features": []}', "unknown_type"),
        (b'{"type": "Topology", "objects": {}}', "unknown_type"),
        (b'{"type": "FeatureCollection"}', "no_features"),
        (b'{"type": "FeatureCollection", "features": []}', "no_features"),
        (b'{"type": "FeatureCollection", "features": {}}', "features_not_list"),
    ],
)
def test_file_without_usable_features_is_refused(data: bytes, kind: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        read_geojson(data)
    assert refusal.value.problem.kind == kind
    assert refusal.value.problem.text


def test_place_of_a_mistake_in_json_is_named() -> None:
    with pytest.raises(RefusedError) as refusal:
        read_geojson(b'{"type": "FeatureCollection",\n "features": ]}')
    assert refusal.value.problem.details == {"line": 2, "column": 14}


def test_feature_that_is_none_is_refused_by_its_number() -> None:
    found = read_geojson(collection(feature(SQUARE), None, {"type": "feature"}))
    assert [one.number for one in found.features] == [1]
    assert [(problem.kind, problem.feature) for problem in found.problems] == [("not_feature", 2), ("not_feature", 3)]


def test_byte_order_mark_of_windows_is_read_over() -> None:
    assert len(read_geojson(b"\xef\xbb\xbf" + collection(feature(SQUARE))).features) == 1


def test_single_feature_and_bare_geometry_are_files_of_one_feature() -> None:
    one = feature(SQUARE)
    assert read_geojson(json.dumps(one).encode()).features[0].properties == {"code": "1", "name": "Перший"}
    assert read_geojson(json.dumps(one["geometry"]).encode()).features[0].geometry == one["geometry"]


def test_properties_that_are_no_object_count_as_none() -> None:
    wrong: list[object] = [None, [], 2, "text"]
    for properties in wrong:
        found = read_geojson(collection(feature(SQUARE) | {"properties": properties}))
        assert found.features[0].properties == {}


@pytest.mark.parametrize("name", ["EPSG:4326", "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326"])
def test_longitude_and_latitude_need_no_way(name: str) -> None:
    assert projection(name) is None


def test_declared_metres_become_degrees() -> None:
    declared = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32635"}}
    to_wgs84 = read_geojson(collection(feature(SQUARE), crs=declared)).to_wgs84
    assert to_wgs84 is not None
    # The middle meridian of zone 35 is 27°; half a million metres is its false easting.
    assert to_wgs84([500_000.0], [5_450_000.0])[0] == pytest.approx([27.0])


def test_asked_system_overrules_the_declared_one_and_says_so() -> None:
    declared = {"type": "name", "properties": {"name": "EPSG:32636"}}
    found = read_geojson(collection(feature(SQUARE), crs=declared), crs="EPSG:32635")
    assert [(problem.kind, problem.outcome) for problem in found.problems] == [("crs_overruled", Outcome.NOTED)]
    assert found.to_wgs84 is not None
    assert found.to_wgs84([500_000.0], [5_450_000.0])[0] == pytest.approx([27.0])


@pytest.mark.parametrize(
    ("crs", "kind"),
    [
        ({"type": "name", "properties": {"name": "EPSG:999999"}}, "bad_crs"),
        ({"type": "name", "properties": {"name": "+proj=pipeline +step +proj=axisswap"}}, "bad_crs"),
        ({"type": "name", "properties": {"name": "/etc/passwd"}}, "bad_crs"),
        ({"type": "link", "properties": {"href": "http://example.org/crs"}}, "bad_crs"),
        ("EPSG:32635", "bad_crs"),
        ({"type": "name", "properties": {"name": "EPSG:5711"}}, "inexact_crs"),  # heights alone
    ],
)
def test_unusable_system_is_refused(crs: object, kind: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        read_geojson(collection(feature(SQUARE), crs=crs))
    assert refusal.value.problem.kind == kind
