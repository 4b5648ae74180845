"""The drawings of the tests mean what they show."""

import pytest

from geodata.shapes import kilometres
from tests.grid import grid


def test_north_is_up_and_east_is_right() -> None:
    town = grid("A B", "D C")
    assert town["A"].y > town["D"].y
    assert town["B"].x > town["A"].x


def test_neighbours_are_a_cell_apart_in_metres() -> None:
    town = grid("A B", "D .", cell=250)
    for neighbour in "BD":
        assert kilometres(town.places["A"], town.places[neighbour]) == pytest.approx(0.25, rel=1e-4)


def test_area_holds_what_is_drawn_inside_but_not_in_its_hole() -> None:
    town = grid(
        "A . . . B",
        ". a . b .",
        ". . h . p",
        ". d . c .",
        "D . . . C",
    )
    ring = town.area("ABCD", hole="abcd")
    assert town.area("ABCD").contains(town["h"])
    assert not ring.contains(town["h"])
    assert ring.intersects(town["p"])


def test_name_drawn_twice_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="twice"):
        grid("A . A")


def test_rows_of_different_length_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="same number"):
        grid("A B", "C")
