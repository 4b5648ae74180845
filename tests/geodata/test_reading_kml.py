"""Placemarks of KML become features; what it links to is not fetched, and what is no KML is refused."""

from typing import Any

import pytest

from geodata.candidates import candidates_of
from geodata.features import ALL_LAYERS
from geodata.problems import Outcome, RefusedError
from geodata.reading import ChooseLayerError, FeatureFile, read_features
from geodata.reading_kml import FOLDER
from tests.geodata.files import kml, kml_polygon, packed, placemark
from tests.grid import grid

TOWN = grid(
    "A . . B",
    ". a b .",
    ". d c .",
    "D . . C",
)
BIG, SMALL = TOWN.ring("ABCD"), TOWN.ring("abcd")
SQUARE = kml_polygon(BIG)


def refusal_of(data: bytes, **given: Any) -> str:
    with pytest.raises(RefusedError) as refusal:
        read_features(data, **given)
    assert "%(" not in refusal.value.problem.text
    return refusal.value.problem.kind


def only_geometry(shape: str) -> Any:
    (feature,) = read_features(kml(placemark(shape))).features
    return feature.geometry


def test_placemark_becomes_a_feature_with_its_data() -> None:
    data = (
        '<ExtendedData><Data name="code"><value>12</value></Data>'
        '<SchemaData><SimpleData name="ОСББ">Мрія</SimpleData></SchemaData></ExtendedData>'
    )
    found = read_features(kml(placemark(SQUARE, more=data)))
    assert found.format == "KML"
    assert found.fields == ("name", "code", "ОСББ")
    assert found.to_wgs84 is None
    assert found.features[0].properties == {"name": "Перший", "code": "12", "ОСББ": "Мрія"}
    assert found.features[0].geometry == {"type": "Polygon", "coordinates": [[list(place) for place in BIG]]}


def test_hole_is_kept() -> None:
    assert len(only_geometry(kml_polygon(BIG, SMALL))["coordinates"]) == 2


def test_several_shapes_of_a_placemark_are_one_geometry() -> None:
    geometry = only_geometry(
        f"<MultiGeometry>{SQUARE}<Point><coordinates>28.46,49.22</coordinates></Point></MultiGeometry>"
    )
    assert [one["type"] for one in geometry["geometries"]] == ["Polygon", "Point"]


def test_line_and_point_are_read_and_heights_of_nought_are_none() -> None:
    line = "<LineString><coordinates>28.46, 49.22, 0\n 28.47,49.22,0</coordinates></LineString>"
    assert only_geometry(line) == {"type": "LineString", "coordinates": [[28.46, 49.22], [28.47, 49.22]]}
    assert only_geometry("<Point><coordinates>28.46,49.22,120</coordinates></Point>")["coordinates"] == [
        28.46,
        49.22,
        120,
    ]


def test_placemark_without_a_shape_is_left_to_the_checks() -> None:
    assert only_geometry("") is None


def test_empty_shape_is_empty() -> None:
    found, problems = candidates_of(read_features(kml(placemark("<Polygon/>"))), code="name", name="name")
    assert (found, [problem.kind for problem in problems]) == ([], ["empty"])


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ("<Model/>", "kml_geometry"),
        ("<gx:Track/>", "kml_geometry"),
        ("<MultiGeometry><Model/></MultiGeometry>", "kml_geometry"),
        ("<Point><coordinates>north</coordinates></Point>", "kml_coordinates"),
        ("<Point><coordinates>28.46</coordinates></Point>", "kml_coordinates"),
    ],
)
def test_unreadable_shape_is_refused_by_the_number_of_its_placemark(shape: str, kind: str) -> None:
    found = read_features(kml(placemark(SQUARE), placemark(shape)))
    assert [(one.kind, one.feature, one.outcome) for one in found.problems] == [(kind, 2, Outcome.REFUSED)]


def test_folders_are_layers_to_choose_from() -> None:
    folders = [f"<Folder><name>{name}</name>{placemark(SQUARE, name)}</Folder>" for name in ("Двори", "Райони")]
    with pytest.raises(ChooseLayerError) as refusal:
        read_features(kml(*folders))
    assert refusal.value.layers == ("Двори", "Райони", ALL_LAYERS)
    found = read_features(kml(*folders), layer="Райони")
    assert (found.layer, found.layers) == ("Райони", ("Двори", "Райони", ALL_LAYERS))
    assert [one.properties["name"] for one in found.features] == ["Райони"]
    assert refusal_of(kml(*folders), layer="Парки") == "no_layer"


def test_folder_for_each_district_comes_in_as_one_division() -> None:
    folders = [
        f"<Folder><name>{name}</name>{placemark(SQUARE, 'Полігон без назви')}</Folder>" for name in ("Центр", "Замостя")
    ]
    found = read_features(kml(*folders), layer=ALL_LAYERS)
    assert (found.layer, found.fields) == (ALL_LAYERS, ("name", FOLDER))
    districts, problems = candidates_of(found, code=FOLDER, name=FOLDER)
    assert [(one.feature, one.code) for one in districts] == [(1, "Центр"), (2, "Замостя")]
    assert problems == []


def test_folder_alone_is_no_choice() -> None:
    found = read_features(kml(f"<Folder><name>Райони</name>{placemark(SQUARE)}</Folder>"))
    assert (found.layers, found.fields) == (("Райони",), ("name",))


def test_kmz_is_a_packed_kml() -> None:
    other = kml(placemark(SQUARE, "Інший"))
    found = read_features(packed({"files/more.kml": other, "doc.kml": kml(placemark(SQUARE)), "files/icon.png": b""}))
    assert [one.properties["name"] for one in found.features] == ["Перший"]


def test_placemark_alone_is_a_document() -> None:
    assert len(read_features(kml(placemark(SQUARE), around="{}")).features) == 1


@pytest.mark.parametrize("encoding", ["windows-1251", "utf-16"])
def test_other_encodings_of_xml_are_read(encoding: str) -> None:
    text = kml(placemark(SQUARE)).decode().replace('"1.0"', f'"1.0" encoding="{encoding}"', 1)
    assert read_features(text.encode(encoding)).features[0].properties["name"] == "Перший"


def test_links_are_not_followed_and_that_is_told() -> None:
    link = "<NetworkLink><Link><href>file:///etc/hostname</href></Link></NetworkLink>"
    found = read_features(kml(placemark(SQUARE), link))
    assert [(one.kind, one.outcome) for one in found.problems] == [("links_left_out", Outcome.NOTED)]
    assert refusal_of(kml(link)) == "only_links"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<kml><Document>", "not_xml"),
        (b"<kml></gpx>", "not_xml"),
        (b'<?xml version="1.0" encoding="no-such"?><kml/>', "not_xml"),
        (b'<gpx><wpt lat="49" lon="28"/></gpx>', "not_kml"),
        (b"<OGRVRTDataSource><OGRVRTLayer name='a'/></OGRVRTDataSource>", "not_kml"),
        (b"<!DOCTYPE html><html></html>", "not_kml"),
        (b"<kml><Document/></kml>", "no_features"),
        (b"<kml>" + b"<Folder>" * 100, "too_deep"),
        (b'<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><kml>&b;</kml>', "xml_entities"),
        (b'<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]><kml>&x;</kml>', "xml_entities"),
        (b'<!DOCTYPE kml [<!ENTITY % x SYSTEM "http://localhost/x">%x;]><kml/>', "xml_entities"),
    ],
)
def test_what_is_no_kml_is_refused(data: bytes, kind: str) -> None:
    assert refusal_of(data) == kind


def test_external_definition_of_the_document_is_not_fetched() -> None:
    data = b'<!DOCTYPE kml SYSTEM "file:///etc/hostname">' + kml(placemark(SQUARE)).partition(b"?>")[2]
    found: FeatureFile = read_features(data)
    assert len(found.features) == 1
