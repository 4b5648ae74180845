"""What is typed, pasted or drawn becomes a shape, or a clear word about what is wrong with it."""

import json
import math
from urllib.parse import urlencode

import numpy as np
import pytest
import shapely
from django.contrib.gis.geos import LineString, MultiLineString
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import override
from pyproj import Geod

from geodata.models import Community, Street
from launcher.parts import LONGEST_LINE
from stats.drawn import DIGITS, Drawn, circle, square_metres, surroundings, written
from stats.shape_forms import ShapeForm, forms_of
from stats.shape_reading import MOST_CORNERS, UnreadableShapeError, read_shape
from tests.grid import Town
from tests.stats.shapes import TODAY, comb

SQUARE = "28.46,49.22;28.4606,49.22;28.4606,49.2204;28.46,49.2204"
HOLED = SQUARE + "|28.4602,49.2201;28.4604,49.2201;28.4604,49.2203"


def asked(query: str, community: Community) -> tuple[ShapeForm, Drawn | None]:
    found = next(form for form in forms_of(QueryDict(query), community, TODAY).values() if form.is_bound)
    return found, found.drawn if found.is_valid() else None


@pytest.mark.parametrize(
    "text", [SQUARE, SQUARE + ";28.46,49.22", HOLED, f"{SQUARE}||28.47,49.22;28.471,49.22;28.47,49.221"]
)
def test_a_shape_is_read_back_as_it_was_written(text: str) -> None:
    shape = read_shape(text)
    assert read_shape(written(shape)).equals(shape)


def test_geojson_is_read_alone_and_inside_a_feature() -> None:
    shape = read_shape(HOLED)
    geometry = shapely.geometry.mapping(shape)
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    for document in (geometry, feature, {"type": "FeatureCollection", "features": [feature]}):
        assert read_shape(json.dumps(document)).equals(shape)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("28.46,49.22;28.47,49.23;28.47,49.22;28.46,49.23", "crosses or touches itself at 49.2"),
        ("28.46,49.22;28.47,49.22", "three corners"),
        ("28.46,49.22;28.46,49.22;28.46,49.22", "three corners"),
        ("28.46;49.22", "longitude and a latitude"),
        ("1,2,3;4,5,6", "longitude and a latitude"),
        ("nan,1;2,2;3,1", "lie between"),
        ("1e999,1;2,2;3,1", "lie between"),
        ("200,1;2,2;3,1", "lie between"),
        ("|", "three corners"),
        ("{", "not"),
        ("[" * 5000, "not"),
        ('{"type": "Point", "coordinates": [1, 2]}', "Polygon or a MultiPolygon"),
        ('{"type": "Polygon"}', "not"),
        ('{"type": "MultiPolygon", "coordinates": []}', "no area"),
        ('{"type": "MultiPolygon", "coordinates": [[]]}', "no area"),
        ('{"type": "Polygon", "coordinates": []}', "no area"),
        ('{"type": "Polygon", "coordinates": [[]]}', "three corners"),
        ('{"type": "Polygon", "coordinates": [[[' + "9" * 400 + ", 1], [2, 2], [3, 3]]]}", "longitude and a latitude"),
        ('{"type": "Polygon", "coordinates": [[[' + "9" * 5000 + ", 1], [2, 2], [3, 3]]]}", "not"),
        ('{"type": "Polygon", "coordinates": [[["a", 1], [2, 2], [3, 3]]]}', "longitude and a latitude"),
        (";".join(f"28.{n:04},49.22" for n in range(1200)), "1200 corners"),
        ("28.46,49.22;28.47,49.22;28.48,49.22", "touches itself"),
    ],
)
def test_what_is_no_shape_is_told_in_words(text: str, words: str) -> None:
    with override("en"), pytest.raises(UnreadableShapeError, match=words):
        read_shape(text)


def test_corners_are_rounded_before_they_are_judged_and_counted() -> None:
    shape = read_shape("28.4600004,49.22;28.4600001,49.2200004;28.47,49.22;28.47,49.2300049")
    assert written(shape) == "28.46,49.22;28.47,49.22;28.47,49.23"
    with override("en"), pytest.raises(UnreadableShapeError, match="rounded"):
        read_shape("28.46,49.22;28.47,49.22;28.47,49.23;28.465,49.220004")


@pytest.mark.parametrize("rings", [1, MOST_CORNERS // 3])
def test_the_address_of_the_most_corners_fits_a_line_however_it_is_encoded(rings: int) -> None:
    corner = f"{-179.123456:.{DIGITS}f},{-84.123456:.{DIGITS}f}"
    longest = "||".join([";".join([corner] * (MOST_CORNERS // rings))] * rings)
    path = reverse("stats_shape_numbers", args=["c" * (Community._meta.get_field("slug").max_length or 0)])
    line = f"GET {path}?{urlencode({'shape': longest, 'period': '2025-03..2025-06'})} HTTP/1.1\r\n"
    assert longest.count(",") == MOST_CORNERS
    assert len(line) + len("https://") + 60 < LONGEST_LINE, "the header Referer has the host too"


def test_so_many_corners_are_taken_and_one_more_is_not() -> None:
    at = [(28.46 + 0.01 * math.cos(n), 49.22 + 0.01 * math.sin(n)) for n in np.linspace(0, 6.2, MOST_CORNERS + 1)]
    closed = [*at[1:], at[1]]
    document = json.dumps({"type": "Polygon", "coordinates": [closed]})
    assert shapely.get_num_coordinates(read_shape(document)) == MOST_CORNERS + 1
    with override("en"), pytest.raises(UnreadableShapeError, match=f"{MOST_CORNERS + 1} corners"):
        read_shape(";".join(f"{lon},{lat}" for lon, lat in at))


def test_a_comb_with_an_edge_too_long_is_refused_at_once(inside: Community) -> None:
    with override("en"):
        form, drawn = asked(f"shape={written(comb(140, high=0.6))}", inside)
        assert drawn is None
        assert "edge is too long" in str(form.errors["shape"])
        assert "edge is too long" not in str(asked(f"shape={written(comb(140, high=0.04))}", inside)[0].errors)


def test_a_circle_is_round_on_the_ground() -> None:
    shape = circle((28.46, 49.22), 1000)
    away = [Geod(ellps="WGS84").inv(28.46, 49.22, lon, lat)[2] for lon, lat in shape.exterior.coords]
    assert min(away) == pytest.approx(1000, abs=0.01)
    assert max(away) == pytest.approx(1000, abs=0.01)
    assert square_metres(shape) == pytest.approx(math.pi * 1e6, rel=0.002)


def test_what_lies_along_a_street_is_as_wide_on_both_sides() -> None:
    line = shapely.multilinestrings([[(28.46, 49.22), (28.48, 49.22)]])
    metres = Geod(ellps="WGS84").inv(28.46, 49.22, 28.48, 49.22)[2]
    assert square_metres(surroundings(line, 50)) == pytest.approx(metres * 100 + math.pi * 2500, rel=0.005)


def test_a_street_is_found_by_its_name_and_asked_about_when_two_have_it(inside: Community, town: Town) -> None:
    for key, name, locality in (
        ("a", "вул. Садова", "Соснівка"),
        ("b", "вул. Садова", "Яворин"),
        ("c", "вул. Довга", ""),
    ):
        Street.objects.create(
            community=inside, key=key, name=name, locality=locality, middle=town["p"],
            search="садова" if name.endswith("Садова") else "довга",
            path=MultiLineString(LineString(town["A"], town["B"]), srid=4326),
        )  # fmt: skip
    form, drawn = asked("street=Довга&buffer=30", inside)
    assert drawn is not None
    assert drawn.pairs == (("street", "c"), ("buffer", "30"))
    form, drawn = asked("street=Садова&buffer=30", inside)
    assert drawn is None
    assert {street.key for street in form.choices} == {"a", "b"}  # type: ignore[attr-defined]
    assert asked("street=b&buffer=30", inside)[1] is not None
    with override("en"):
        assert "no such street" in str(asked("street=Хрещатик&buffer=30", inside)[0].errors)


def test_a_circle_in_an_address_keeps_its_place(inside: Community, town: Town) -> None:
    lon, lat = town["p"].coords
    drawn = asked(f"circle={lon},{lat},100", inside)[1]
    assert drawn is not None
    assert drawn.pairs == (("circle", f"{lon:.6f},{lat:.6f},100"),)
    again = asked(drawn.query, inside)[1]
    assert again is not None
    assert again.shape.equals(drawn.shape)
    typed = asked(f"place={lat}, {lon}&radius=100", inside)[1]
    assert typed is not None
    assert typed.pairs == drawn.pairs


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("shape=30,50;30.1,50;30.1,50.1", "far beyond"),
        ("circle=28.4605,49.2205,0.5", "greater than or equal"),
        ("circle=x", ""),
        ("circle=", ""),
        ("place=49.2205, 28.4605&radius=nan", "number"),
        ("place=%00&radius=10", ""),
        ("shape=", "required"),
        ("street=a&buffer=1e400", ""),
        ("shape=28.46,49.22;28.46001,49.22;28.46001,49.22001", "square metre"),
        ("shape=28.46,49.22;28.460000001,49.22;28.460000001,49.220000001", "three corners"),
    ],
)
def test_every_mistake_is_told_and_nothing_breaks(inside: Community, query: str, words: str) -> None:
    with override("en"):
        form, drawn = asked(query, inside)
        assert drawn is None
        assert words in str(form.errors)
