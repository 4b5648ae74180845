"""Boxes, and the pixels that show them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.boxes import BadBoxError, Box, box_around, parse_box, pixel_of, point_at, shown, zoom_to_fit, zoomed

YAVORYN = Box(28.40, 49.20, 28.50, 49.26)
longitudes = st.floats(-179, 178)
latitudes = st.floats(-80, 79)


def test_box_is_read_in_the_order_west_south_east_north() -> None:
    assert parse_box("28.4,49.2,28.5,49.26") == YAVORYN
    assert parse_box(str(YAVORYN)) == YAVORYN


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "four numbers"),
        ("28.4,49.2,28.5", "four numbers"),
        ("28.4,49.2,28.5,49.26,1", "four numbers"),
        ("28.4,49.2,east,49.26", "four numbers"),
        ("nan,49.2,28.5,49.26", "finite"),
        ("28.4,49.2,inf,49.26", "finite"),
        ("28.5,49.2,28.4,49.26", "West lies before east"),
        ("-190,49.2,28.4,49.26", "West lies before east"),
        ("28.4,49.26,28.5,49.2", "South lies before north"),
        ("28.4,49.2,28.5,91", "South lies before north"),
    ],
)
def test_what_is_no_box_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadBoxError, match=reason):
        parse_box(text)


def test_corners_of_a_fitting_box_are_corners_of_its_picture() -> None:
    fitting = shown(YAVORYN, 800, 560)
    assert point_at(fitting, 0, 0, 800, 560) == pytest.approx((fitting.west, fitting.north))
    assert point_at(fitting, 800, 560, 800, 560) == pytest.approx((fitting.east, fitting.south))


@given(west=longitudes, south=latitudes, width=st.floats(0.001, 1), height=st.floats(0.001, 1), data=st.data())
def test_pixel_of_a_point_leads_back_to_the_point(
    west: float, south: float, width: float, height: float, data: st.DataObject
) -> None:
    box = Box(west, south, west + width, south + height)
    place = data.draw(st.tuples(st.floats(box.west, box.east), st.floats(box.south, box.north)))
    x, y = pixel_of(box, *place, 800, 560)
    assert -0.001 <= x <= 800.001
    assert -0.001 <= y <= 560.001
    assert point_at(box, x, y, 800, 560) == pytest.approx(place, abs=1e-6)


def test_picture_shows_all_of_its_box() -> None:
    for narrow in (Box(28.40, 49.20, 28.41, 49.26), Box(28.40, 49.20, 28.60, 49.21)):
        seen = shown(narrow, 800, 560)
        assert seen.west <= narrow.west + 1e-9
        assert seen.south <= narrow.south + 1e-9
        assert seen.east >= narrow.east - 1e-9
        assert seen.north >= narrow.north - 1e-9


@pytest.mark.parametrize("far", [1e12, -1e12, 1e308, float("inf"), float("-inf"), float("nan")])
def test_pixel_far_off_the_picture_is_still_a_place_on_earth(far: float) -> None:
    longitude, latitude = point_at(YAVORYN, far, far, 800, 560)
    assert -180 <= longitude <= 180
    assert -90 <= latitude <= 90


def test_zooming_in_halves_the_sides_around_the_tapped_place() -> None:
    closer = zoomed(YAVORYN, 0.5, centre=(28.42, 49.22))
    assert closer.east - closer.west == pytest.approx(0.05)
    assert closer.centre == pytest.approx((28.42, 49.22))


def test_zooming_in_and_out_returns_to_the_same_box() -> None:
    assert zoomed(zoomed(YAVORYN, 0.5), 2) == pytest.approx(YAVORYN)


def test_whole_box_fits_at_the_zoom_that_fits_but_not_one_closer() -> None:
    zoom = zoom_to_fit(YAVORYN, 800, 560)
    there, closer = (box_around(YAVORYN.centre, z, 800, 560) for z in (zoom, zoom + 1))
    assert there.west <= YAVORYN.west
    assert there.south <= YAVORYN.south
    assert there.east >= YAVORYN.east
    assert there.north >= YAVORYN.north
    assert closer.west > YAVORYN.west or closer.south > YAVORYN.south


def test_zoom_stays_between_a_country_and_a_street() -> None:
    assert zoom_to_fit(Box(-180, -80, 180, 80)) == 5
    assert zoom_to_fit(Box(28.4, 49.2, 28.400001, 49.200001)) == 18
