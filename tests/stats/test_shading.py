"""Classes of a shaded map, and the map itself."""

from hypothesis import given
from hypothesis import strategies as st

from stats.shading import MOST_CLASSES, Shaded, classes_of, picture, shade_of
from tests.conftest import City


@given(st.lists(st.integers(0, 50), max_size=60))
def test_every_value_is_in_one_class_and_the_classes_do_not_overlap(values: list[int]) -> None:
    found = classes_of(values)
    assert len(found) <= MOST_CLASSES
    for value in values:
        assert sum(one.low <= value <= one.high for one in found) == 1
        assert 1 <= shade_of(value, found) <= MOST_CLASSES
    assert [one.low for one in found] == sorted({one.low for one in found})


def test_classes_hold_about_as_many_each() -> None:
    found = classes_of(range(100))
    assert [(one.low, one.high) for one in found] == [(0, 19), (20, 39), (40, 59), (60, 79), (80, 99)]


def test_what_is_too_little_is_not_shaded() -> None:
    assert shade_of(None, classes_of([1, 2, 3])) == 0


def test_areas_are_drawn_the_more_the_darker_with_the_chosen_one_outlined(city: City) -> None:
    north, south = city.zarichchia.pk, city.slobidka.pk
    drawn = picture({north: Shaded("Заріччя", 4, "4"), south: Shaded("Слобідка", 9, "9")}, chosen=south)
    assert drawn
    shades = {shape.area: (shape.shade, shape.is_chosen) for shape in drawn.shapes}
    assert shades[north][0] < shades[south][0]
    assert (shades[north][1], shades[south][1]) == (False, True)
    above, below = (next(one for one in drawn.shapes if one.area == key) for key in (north, south))
    assert above.y < below.y, "north is up"
    assert all(shape.path.startswith("M") for shape in drawn.shapes)
    assert picture({}) is None
