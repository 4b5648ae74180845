"""What people type into the forms is understood, and never takes the server long."""

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


@pytest.mark.parametrize("typed", ["1{}x", "1,{}", "{}x", "1.{}x"])
@pytest.mark.parametrize("filling", [" ", "1", "1,"])
def test_a_million_characters_of_nonsense_are_not_read(typed: str, filling: str) -> None:
    # Were the whole of it tried in every way, this would take hours.
    assert coordinates_in(typed.format(filling * 1_000_000)) is None


def test_coordinates_after_thousands_of_spaces_are_no_longer_typed_by_a_person() -> None:
    assert coordinates_in("49.2331" + " " * 100 + "28.4682") is None
