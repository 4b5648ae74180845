"""The place is read from what a camera wrote, and not believed when it cannot be true."""

import pytest

from media.cleaning import inspect
from media.position import Position
from tests import photos
from tests.photos import Rational

NORTH_EAST = {1: b"N\0", 3: b"E\0"}
METRE = 1e-5  # degrees, roughly


def position_of(fields: dict[int, bytes | list[Rational]]) -> Position | None:
    return inspect(photos.jpeg_with_exif(photos.exif(gps=fields))).position


@pytest.mark.parametrize("place", [photos.SQUARE, (-58.3816, -34.6037), (151.2093, -33.8688), (-0.0005, 51.4779)])
@pytest.mark.parametrize("make", [photos.jpeg, photos.png])
def test_the_place_is_read_in_every_quarter_of_the_globe(place: tuple[float, float], make: photos.MakeBytes) -> None:
    position = inspect(make(place=place)).position

    assert position is not None
    assert position.lon == pytest.approx(place[0], abs=METRE)
    assert position.lat == pytest.approx(place[1], abs=METRE)


def test_a_photo_without_a_place_has_none() -> None:
    assert inspect(photos.jpeg()).position is None
    assert inspect(photos.png()).position is None
    assert inspect(photos.jpeg(orientation=6)).position is None


def test_degrees_with_decimal_minutes_are_read() -> None:
    position = position_of({**NORTH_EAST, 2: [(49, 1), (13_986, 1000)], 4: [(28, 1), (28_092, 1000), (0, 1)]})

    assert position == pytest.approx((28.4682, 49.2331), abs=METRE)


def test_degrees_alone_are_read() -> None:
    assert position_of({**NORTH_EAST, 2: [(492_331, 10_000)], 4: [(284_682, 10_000)]}) == pytest.approx(
        (28.4682, 49.2331), abs=METRE
    )


def test_0_0_is_a_camera_that_did_not_know() -> None:
    assert position_of(photos.gps((0.0, 0.0))) is None


def test_the_equator_and_the_zero_meridian_are_places() -> None:
    assert position_of(photos.gps((28.0, 0.0))) == (28.0, 0.0)
    assert position_of(photos.gps((0.0, 51.0))) == (0.0, 51.0)


@pytest.mark.parametrize("place", [(200.0, 49.0), (28.0, 91.0)])
def test_degrees_beyond_the_globe_are_not_believed(place: tuple[float, float]) -> None:
    assert position_of(photos.gps(place)) is None


@pytest.mark.parametrize("bad", [(49, 0), (0, 0)])
def test_a_zero_denominator_is_not_believed(bad: Rational) -> None:
    assert position_of({**NORTH_EAST, 2: [bad, (0, 1), (0, 1)], 4: photos.sexagesimal(28.0)}) is None
    assert position_of({**NORTH_EAST, 2: photos.sexagesimal(49.0), 4: [(28, 1), (0, 1), bad]}) is None


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_half_a_place_is_no_place(missing: int) -> None:
    fields = photos.gps(photos.SQUARE)
    del fields[missing]

    assert position_of(fields) is None


@pytest.mark.parametrize("letter", [b"X\0", b"\0", b"E\0"])
def test_a_hemisphere_that_does_not_exist_is_not_guessed(letter: bytes) -> None:
    assert position_of({**photos.gps(photos.SQUARE), 1: letter}) is None


def test_more_parts_than_seconds_are_not_believed() -> None:
    assert position_of({**photos.gps(photos.SQUARE), 2: [(1, 1)] * 4}) is None


def test_an_empty_gps_directory_is_no_place() -> None:
    assert position_of({}) is None
