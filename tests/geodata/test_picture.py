"""The drawn picture of a place shows what the map shows, in pixels that lead back to places."""

import re
from datetime import date
from xml.etree import ElementTree

import pytest
from django.test import Client

from geodata.boxes import Box, point_at, shown
from geodata.models import Area, MapShape
from geodata.picture import COLOURS, HEIGHT, LOOKS, STYLE, WIDTH, picture
from openmap.icons import MARKS
from tests.conftest import City
from tests.grid import Town

TODAY = date(2026, 11, 19)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(city: City, box: Box, **options: object) -> ElementTree.Element:
    """The picture, parsed: so it is well-formed."""
    return ElementTree.fromstring(picture(city.community, box, on=TODAY, **options))  # type: ignore[arg-type]


def paths(svg: ElementTree.Element, look: str) -> list[str]:
    return [path.get("d", "") for path in svg.iter(f"{SVG}path") if path.get("class") == look]


def test_picture_has_its_size_and_one_style(city: City, town: Town) -> None:
    svg = drawn(city, Box(*town.box()))
    assert (svg.get("width"), svg.get("height")) == (str(WIDTH), str(HEIGHT))
    assert [style.text for style in svg.iter(f"{SVG}style")] == [STYLE]


def test_pin_stands_on_its_place(city: City, town: Town) -> None:
    box = shown(Box(*town.box(0.001)), WIDTH, HEIGHT)
    svg = drawn(city, box, pin=town["p"].coords)
    (mark,) = (group for group in svg.iter(f"{SVG}g"))
    x, y, _scale = map(float, re.findall(r"-?[\d.]+", mark.get("transform", "")))
    assert point_at(box, x, y, WIDTH, HEIGHT) == pytest.approx(town["p"].coords, abs=1e-5)


def test_corner_of_an_area_is_drawn_where_a_tap_would_find_it(city: City, town: Town) -> None:
    box = Box(*town.box(0.001))
    first = paths(drawn(city, box), "rim")[0]
    corners = {point_at(box, float(x), float(y), WIDTH, HEIGHT) for x, y in re.findall(r"M ([\d.]+) ([\d.]+)", first)}
    expected = {town[name].coords for name in "ABCDEF"}
    assert all(any(corner == pytest.approx(known, abs=1e-5) for known in expected) for corner in corners)
    assert corners


def test_names_of_areas_are_escaped(city: City, town: Town) -> None:
    Area.objects.filter(pk=city.zarichchia.pk).update(name="<Заріччя & Ко>")
    names = [text.text for text in drawn(city, Box(*town.box())).iter(f"{SVG}text")]
    assert sorted(map(str, names)) == ["<Заріччя & Ко>", "Слобідка"]


def test_whose_data_it_shows_is_said_and_escaped(city: City, town: Town) -> None:
    assert not [text for text in drawn(city, Box(*town.box())).iter(f"{SVG}text") if "credit" in text.get("class", "")]
    city.community.map_credit = "© <OpenStreetMap> & contributors"
    said = [text.text for text in drawn(city, Box(*town.box())).iter(f"{SVG}text") if "credit" in text.get("class", "")]
    assert said == ["© <OpenStreetMap> & contributors"]


def test_houses_and_lanes_are_left_out_of_a_whole_region(city: City, town: Town) -> None:
    MapShape.objects.create(community=city.community, kind="building", geometry=town.polygon("ABDC"))
    MapShape.objects.create(community=city.community, kind="road", geometry=town.line("AD"))
    near, far = Box(*town.box()), Box(*town.box(0.5))
    assert paths(drawn(city, near), "house")
    assert not paths(drawn(city, far), "house")
    assert paths(drawn(city, far), "way")


def test_shapes_outside_the_box_are_not_drawn(city: City, town: Town) -> None:
    MapShape.objects.create(community=city.community, kind="park", geometry=town.polygon("ABDC"))
    assert not paths(drawn(city, Box(28.0, 49.0, 28.01, 49.01)), "park")


def test_every_kind_of_shape_has_a_look() -> None:
    assert {look.kind for look in LOOKS} == {*MapShape.Kind.values, "area", "boundary"}


def test_names_and_pin_are_larger_on_a_picture_that_is_shown_small(client: Client, city: City) -> None:
    address = "/yavoryn/place.svg?pin=28.462,49.222"
    large, small = (client.get(address + more).content.decode() for more in ("", "&small"))
    assert 'font-size="13"' in large
    assert 'font-size="28.6"' in small
    assert "scale(2.2)" in small


def names_in(svg: ElementTree.Element) -> list[str]:
    return [str(text.text) for text in svg.iter(f"{SVG}text")]


def test_names_that_would_touch_give_way_to_the_larger_area(city: City, town: Town) -> None:
    whole = Box(*town.box())
    assert sorted(names_in(drawn(city, whole))) == ["Заріччя", "Слобідка"]
    Area.objects.filter(pk=city.slobidka.pk).update(boundary=town.area("ABFE"))  # lies under Заріччя, and is larger
    Area.objects.filter(pk=city.zarichchia.pk).update(boundary=town.area("ABFE"), name="Я" * 20)
    assert len(names_in(drawn(city, whole))) == 1
    Area.objects.filter(pk=city.zarichchia.pk).update(boundary=town.area("ABD"))
    assert names_in(drawn(city, whole, lettering=6.0)) == ["Слобідка"]


def test_name_under_the_pin_is_left_out(city: City, town: Town) -> None:
    middle = city.zarichchia.boundary.point_on_surface.coords
    assert names_in(drawn(city, Box(*town.box()), pin=middle)) == ["Слобідка"]


@pytest.mark.parametrize("state", ["wait", "work", "done", "shut"])
def test_pin_of_a_state_has_its_outline_and_colour(client: Client, city: City, state: str) -> None:
    address = "/yavoryn/place.svg?pin=28.462,49.222"
    (group,) = ElementTree.fromstring(client.get(f"{address}&state={state}").content).iter(f"{SVG}g")
    body, eye = group
    assert body.get("d") == MARKS[state]
    assert COLOURS[state][0] in {body.get("fill"), body.get("stroke")}
    assert eye.tag == f"{SVG}circle"


def test_pin_of_an_unknown_state_is_the_plain_one(client: Client, city: City) -> None:
    address = "/yavoryn/place.svg?pin=28.462,49.222"
    assert client.get(f"{address}&state=petition").content == client.get(address).content


@pytest.mark.parametrize(
    "box",
    [
        "28.45,49.23,28.450000000000003,49.23000000000001",
        "0,0,1e-300,1e-300",
        "-180,-90,-179.99999999999997,-89.99999999999999",
        "179.99999999999997,89.99999999999999,180,90",
        "-180,89.9,180,90",
        "0,-90,1e-9,90",
        "-180,0,180,1e-9",
    ],
)
def test_box_of_hardly_anything_is_drawn_as_a_little_place(client: Client, city: City, box: str) -> None:
    answer = client.get(f"/yavoryn/place.svg?box={box}&pin=28.45,49.23")
    assert ElementTree.fromstring(answer.content).get("width") == str(WIDTH)


def test_pin_in_the_middle_of_a_box_of_hardly_anything_stands_in_the_middle(city: City) -> None:
    svg = drawn(city, Box(28.45, 49.23, 28.450000000000003, 49.23000000000001), pin=(28.45, 49.23))
    (mark,) = svg.iter(f"{SVG}g")
    x, y, _scale = map(float, re.findall(r"-?[\d.]+", mark.get("transform", "")))
    assert (x, y) == pytest.approx((WIDTH / 2, HEIGHT / 2), abs=1)
