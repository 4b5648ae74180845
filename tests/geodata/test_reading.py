"""A file that is no use is refused as a whole, with the reason."""

import json

import pytest

from geodata.problems import Outcome, RefusedError
from geodata.reading import projection, read_features, read_geojson
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
        (b"{}", "no_type"),
        (b'{"type": null, "features": []}', "no_type"),
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


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_file_that_breaks_off_is_told_from_one_that_is_written_wrong(share: float) -> None:
    data = json.dumps(json.loads(collection(feature(SQUARE, name="Їжакевича"))), ensure_ascii=False).encode()
    with pytest.raises(RefusedError) as refusal:
        read_geojson(data[: int(len(data) * share)])
    assert refusal.value.problem.kind == "cut_off"


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
        ({"type": "name", "properties": {"name": "EPSG:5711"}}, "bad_crs"),  # heights alone
    ],
)
def test_unusable_system_is_refused(crs: object, kind: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        read_geojson(collection(feature(SQUARE), crs=crs))
    assert refusal.value.problem.kind == kind


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"", "a.gpkg", "no_features"),
        (b"  \n", "", "no_features"),
        (b"", "a.geojson", "no_features"),
        (b"name;code", "a.csv", "unknown_format"),
        (b"name;code", "a.geojson", "not_json"),
        (b"Rar!\x1a\x07", "a.zip", "unknown_format"),
        (b"\x00\x00\x27\x0a" + bytes(96), "", "bare_shapefile"),
        (b"\x03\x7e", "areas.dbf", "bare_shapefile"),
        (b"{", "a.gpkg", "cut_off"),
    ],
)
def test_kind_is_told_by_the_contents_and_the_rest_is_refused(data: bytes, name: str, kind: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        read_features(data, name=name)
    assert refusal.value.problem.kind == kind


def test_file_past_the_limit_is_refused_whatever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geodata.reading.MAX_BYTES", 10)
    with pytest.raises(RefusedError) as refusal:
        read_features(b"SQLite format 3\0")
    assert refusal.value.problem.kind == "too_large"


def test_names_of_fields_come_in_the_order_of_the_file() -> None:
    features = [feature(SQUARE), feature(SQUARE) | {"properties": {"код": 2, "code": "2"}}]
    assert read_features(collection(*features)).fields == ("code", "name", "код")


# As the .prj of a Shapefile describes it: SK-63 with the parameters of a way to WGS 84, and no number of EPSG.
LOCAL = (
    'PROJCS["Yavoryn local",GEOGCS["Yavoryn",DATUM["Yavoryn",SPHEROID["Krasovsky 1940",6378245,298.3]{way}],'
    'PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["False_Easting",300000],PARAMETER["False_Northing",0],PARAMETER["Central_Meridian",28.5],'
    'PARAMETER["Scale_Factor",1],PARAMETER["Latitude_Of_Origin",0],UNIT["Meter",1]]'
)


def test_described_system_is_followed_when_it_tells_its_way() -> None:
    to_wgs84 = projection(LOCAL.format(way=",TOWGS84[23.57,-140.95,-79.8,0,0.35,0.79,-0.22]"))
    assert to_wgs84 is not None
    assert to_wgs84([300_000.0], [5_450_000.0])[0] == pytest.approx([28.5], abs=0.01)


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        (LOCAL.format(way=""), "inexact_crs"),
        (LOCAL.format(way=',EXTENSION["PROJ4_GRIDS","/etc/hostname"]'), "bad_crs"),
        ('PROJCS["cut off', "bad_crs"),
        ('LOCAL_CS["Undefined Cartesian SRS"]', "no_crs"),
        ("A" * 10 + "[" * 30_000, "bad_crs"),
    ],
)
def test_described_system_without_a_way_is_refused(description: str, kind: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        projection(description)
    assert refusal.value.problem.kind == kind


def test_metres_from_the_middle_of_the_earth_are_refused() -> None:
    with pytest.raises(RefusedError) as refusal:
        projection("EPSG:5558")
    assert refusal.value.problem.kind == "bad_crs"


@pytest.mark.parametrize(
    ("name", "easting", "northing"),
    [  # a corner of Kyiv in each: UCS-2000 by its zones, SK-42, SK-63
        ("EPSG:5564", 6_322_564, 5_593_998),
        ("EPSG:6384", 335_629, 5_591_135),
        ("EPSG:28406", 6_322_569, 5_594_002),
        ("EPSG:7828", 4_158_077, 5_583_712),
    ],
)
def test_systems_used_in_ukraine_are_known(name: str, easting: float, northing: float) -> None:
    to_wgs84 = projection(name)
    assert to_wgs84 is not None
    longitudes, latitudes = to_wgs84([easting], [northing])
    assert (longitudes[0], latitudes[0]) == pytest.approx((30.5, 50.45), abs=2e-5)
