"""Squares of the constant grid: what touches a view, and the codes that name them."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from geodata.boxes import Box
from geodata.squares import FINEST, code_of, morton, place_in_grid, squares_at, squares_for

places = st.tuples(st.floats(-180, 180), st.floats(-85, 85))
grid_places = st.integers(0, 2**FINEST - 1)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    west, south = draw(st.floats(-170, 170)), draw(st.floats(-80, 80))
    return Box(west, south, west + draw(st.floats(0.0001, 9)), south + draw(st.floats(0.0001, 4)))


@given(box=boxes(), zoom=st.floats(0, 22), most=st.integers(4, 200))
def test_squares_that_touch_the_view_are_no_more_than_asked(box: Box, zoom: float, most: int) -> None:
    squares = squares_for(box, zoom, most)
    assert squares.count <= most
    assert len(list(squares.each())) == squares.count


@given(box=boxes(), level=st.integers(0, 12))
def test_ground_of_the_squares_holds_the_box(box: Box, level: int) -> None:
    ground = squares_at(box, level).box
    assert ground.west - 1e-9 <= box.west < box.east <= ground.east + 1e-9
    assert ground.south <= box.south + 1e-9
    assert box.north <= ground.north + 1e-9


@given(box=boxes(), level=st.integers(2, 20), x=grid_places, y=grid_places)
def test_ranges_hold_exactly_what_stands_in_the_squares(box: Box, level: int, x: int, y: int) -> None:
    squares = squares_at(box, level)
    if squares.count > 2000:
        return
    left, right, top, bottom = squares.edges
    for column, line in ((x, y), (left, top), (right, bottom), (left - 1, top), (right, bottom + 1)):
        if min(column, line) < 0 or max(column, line) >= 2**FINEST:
            continue
        inside = left <= column <= right and top <= line <= bottom
        assert inside == any(first <= morton(column, line) <= last for first, last in squares.ranges())


def test_code_begins_with_a_one_and_tells_its_level() -> None:
    assert code_of(0, 0, 0) == 1
    assert code_of(1, 1, 0) == 0b101
    assert code_of(2, 1, 3) == 0b11011


@pytest.mark.django_db
@given(place=places)
def test_database_finds_the_same_square_as_python(place: tuple[float, float]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT geodata_grid_x(p), geodata_grid_y(p), geodata_code(p) FROM ST_Point(%s, %s, 4326) p", place
        )
        x, y, code = cursor.fetchone()
    mine = place_in_grid(*place)
    assert abs(mine[0] - x) <= 1  # the two may round the last bit of a sine otherwise
    assert abs(mine[1] - y) <= 1
    assert code == morton(x, y)
