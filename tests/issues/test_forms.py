"""What people type into the forms is understood, and never takes the server long."""

from time import perf_counter

import pytest

from issues.forms import coordinates_in


@pytest.mark.parametrize(
    "typed",
    [
        "49.2331, 28.4682",
        "49.2331 28.4682",
        "49.2331;28.4682",
        "  49.2331  ,  28.4682\n",
        "49,2331, 28,4682",
        "49,2331 28,4682",
        "49.2331\t28.4682",
    ],
)
def test_coordinates_are_read_as_map_programs_copy_them(typed: str) -> None:
    assert coordinates_in(typed) == (28.4682, 49.2331)


@pytest.mark.parametrize("typed", ["", "вул. Шкільна, 4", "49.2331", "91, 28", "49, 181", "49.2, 28.4, 3", "4914, 28"])
def test_what_is_no_place_on_earth_is_an_address(typed: str) -> None:
    assert coordinates_in(typed) is None


@pytest.mark.parametrize(
    "typed", ["1" + " " * 16_000 + "x", "1," * 8_000, " " * 16_000 + "x", "1" * 16_000, "1." + "1" * 16_000 + "x"]
)
def test_long_nonsense_takes_no_time(typed: str) -> None:
    began = perf_counter()
    assert coordinates_in(typed) is None
    assert perf_counter() - began < 0.1


def test_coordinates_after_thousands_of_spaces_are_no_longer_typed_by_a_person() -> None:
    assert coordinates_in("49.2331" + " " * 100 + "28.4682") is None
