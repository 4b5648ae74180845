"""Places as people paste them are read, whatever wrote them; what is no place, or would be a guess, is not."""

import math

import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.pasted_codes import code_of
from geodata.pasted_places import Around, Pasted, UnreadablePlaceError, is_place, read_place

HERE = (28.4682, 49.2331)  # longitude and latitude
BOX = (28.3, 49.1, 28.6, 49.3)


def covers(place: tuple[float, float]) -> bool:
    west, south, east, north = BOX
    return west <= place[0] <= east and south <= place[1] <= north


AROUND = Around(covers, {"": HERE, "Яворин": HERE}.get)
NOWHERE_BUT_HERE = Around(lambda place: False, {"": HERE}.get)
NOWHERE = Around(lambda place: False, lambda name: None)

DECIMAL = [
    "49.2331, 28.4682",
    "49.2331 28.4682",
    "49.2331;28.4682",
    "  49.2331  ,  28.4682\n",
    "49,2331, 28,4682",
    "49,2331 28,4682",
    "49,2331,28,4682",
    "49.2331\t28.4682",
    "49.2331/28.4682",
    "(49.2331, 28.4682)",
    "49.2331°, 28.4682°",
    "49.2331° N, 28.4682° E",
    "49,2331N 28,4682E",
    "N49.2331 E28.4682",
    "28.4682 E, 49.2331 N",
    "49.2331 пн. ш. 28.4682 сх. д.",
    "пн.ш. 49.2331 сх.д. 28.4682",
    "49.2331 с.ш., 28.4682 в.д.",
    "49.2331° північної широти, 28.4682° східної довготи",
    "lat: 49.2331, lon: 28.4682",
    "широта 49,2331 довгота 28,4682",
    "довгота 28.4682; широта 49.2331",
]
LINKS = [
    "geo:49.2331,28.4682",
    "geo:49.2331,28.4682;u=35",
    "geo:0,0?q=49.2331,28.4682(Дім)",
    "https://www.google.com/maps/@49.2331,28.4682,17z",
    "google.com/maps/@49.2331,28.4682,17z",
    "https://maps.google.com/?q=49.2331,28.4682",
    "https://www.google.com/maps/search/?api=1&query=49.2331%2C28.4682",
    "https://www.google.com/maps/search/49.2331,+28.4682?entry=tts",
    "https://www.google.com/maps/dir//49.2331,28.4682/",
    "https://www.google.com/maps/place/X/@49.1,28.1,12z/data=!3m1!4b1!4m6!8m2!3d49.2331!4d28.4682!16zL20v",
    "https://www.openstreetmap.org/?mlat=49.2331&mlon=28.4682#map=17/49.24/28.47",
    "https://www.openstreetmap.org/#map=17/49.2331/28.4682",
    "https://www.openstreetmap.org/#map=17/49.2331/28.4682&layers=N",
    "https://maps.apple.com/?ll=49.2331,28.4682&q=Pin",
    "https://maps.apple.com/place?coordinate=49.2331,28.4682&name=x",
    "https://waze.com/ul?ll=49.2331%2C28.4682&navigate=yes",
    "https://www.waze.com/live-map/directions?to=ll.49.2331%2C28.4682",
    "om://map?v=1&ll=49.2331,28.4682",
]


@pytest.mark.parametrize("typed", [*DECIMAL, *LINKS])
def test_coordinates_and_links_are_read(typed: str) -> None:
    found = read_place(typed, AROUND)
    assert found
    assert (found.lon, found.lat, found.swapped) == (*HERE, False)
    assert is_place(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "49°13'59.2\"N 28°28'05.5\"E",
        "49°13′59,2″ пн. ш. 28°28′5,5″ сх. д.",
        "N 49° 13' 59.2\" E 28° 28' 5.5\"",
        "28°28'05.5\"E 49°13'59.2\"N",
        "49° 13’ 59.2” 28° 28’ 5.5”",
        "49 13 59.2, 28 28 5.5",
        "49 градусів 13 хвилин 59.2 секунд пн. ш., 28 градусів 28 хвилин 5.5 секунд сх. д.",
        "49° 13.98667' N, 28° 28.09167' E",
    ],
)
def test_degrees_with_minutes_and_seconds_are_read(typed: str) -> None:
    found = read_place(typed, NOWHERE)
    assert found
    assert (found.lon, found.lat) == pytest.approx((28.468194, 49.233111), abs=2e-6)


def test_utm_is_read() -> None:
    way = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:32635", always_xy=True)
    east, north = way.transform(*HERE)
    found = read_place(f"35U {east:.0f} {north:.0f}", NOWHERE)
    assert found
    assert (found.lon, found.lat) == pytest.approx(HERE, abs=1e-5)


@pytest.mark.parametrize(
    "typed",
    ["", "вул. Шкільна, 4", "49.2331", "Соборна 12/3", "12/3", "8 березня 12", "49, 28", "12 3", "49.2, 28.4, 3",
     "4914, 28", "49 13.9 28 28.1", "№ 12", "+", "N", "12-А", "Одеська 4 / Соборна 2", "5 сходів, 3 двері"],
)  # fmt: skip
def test_addresses_are_no_coordinates(typed: str) -> None:
    assert read_place(typed, AROUND) is None
    assert not is_place(typed)


def test_order_that_lies_here_is_taken_and_said() -> None:
    found = read_place("28.4682, 49.2331", AROUND)
    assert found
    assert (found.lon, found.lat, found.swapped) == (*HERE, True)


def test_order_is_not_turned_for_a_place_that_is_here_neither_way() -> None:
    found = read_place("30.5234, 50.4501", AROUND)
    assert found
    assert (found.lat, found.lon, found.swapped) == (30.5234, 50.4501, False)


def test_sides_that_are_said_are_never_turned() -> None:
    found = read_place("28.4682 N, 49.2331 E", AROUND)
    assert found
    assert (found.lat, found.lon, found.swapped) == (28.4682, 49.2331, False)


def test_south_and_west_are_negative() -> None:
    found = read_place("33°52′ пд. ш. 151°12′ зх. д.", NOWHERE)
    assert found
    assert (found.lat, found.lon) == pytest.approx((-33.866667, -151.2), abs=1e-6)


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("91.5, 28.4", "range"),
        ("49.2331 N, 181.5 E", "range"),
        ("geo:149.2,28.4", "range"),
        ("https://maps.app.goo.gl/abcDEF123", "short_link"),
        ("https://goo.gl/maps/abc", "short_link"),
        ("https://osm.org/go/0EEQjE--", "short_link"),
        ("https://example.org/page?id=49", "no_place"),
        ("https://[broken", "no_place"),
        ("8GXC6F00+", "rough_code"),
        ("6FM9+6X, Київ", "which_locality"),
    ],
)
def test_what_cannot_be_a_place_is_refused_in_words(typed: str, kind: str) -> None:
    with pytest.raises(UnreadablePlaceError) as refusal:
        read_place(typed, AROUND)
    assert refusal.value.kind == kind
    assert len(refusal.value.words) > 20
    assert is_place(typed)


@pytest.mark.parametrize(
    "typed",
    ["8GXC6FM9+67", "6FM9+67", "6fm9+67", "6FM9+67 Яворин", "6FM9+67, Яворин", "6FМ9+67 Яворин", "M9+67 Яворин"],
)
def test_plus_codes_are_read_whole_and_short(typed: str) -> None:
    found = read_place(typed, AROUND)
    assert found
    assert (found.lon, found.lat) == pytest.approx(HERE, abs=1e-4)


def test_link_of_organic_maps_is_decoded() -> None:
    for link in ("https://omaps.app/B4srhdHVVt/Some_Name", "ge0://B4srhdHVVt/Some_Name"):
        found = read_place(link, NOWHERE)
        assert found
        assert (found.lat, found.lon) == pytest.approx((64.5234, 12.1234), abs=1e-4)


def read_or_refused(text: str) -> Pasted | None:
    try:
        return read_place(text, AROUND)
    except UnreadablePlaceError:
        return None


LONGITUDES = st.floats(-180, 180).map(lambda value: round(value, 6))
LATITUDES = st.floats(-90, 90).map(lambda value: round(value, 6))


@given(LATITUDES, LONGITUDES)
def test_decimal_degrees_come_back_as_they_were_written(lat: float, lon: float) -> None:
    for text in (
        f"{lat:.6f}, {lon:.6f}",
        f"geo:{lat:.6f},{lon:.6f}",
        f"https://www.google.com/maps/@{lat:.6f},{lon:.6f},17z",
    ):
        if text.startswith("geo:") and (lat, lon) == (0, 0):
            continue  # Android's way to say that the place is elsewhere
        found = read_place(text, NOWHERE)
        assert found
        assert (found.lat, found.lon) == (lat, lon)


@given(LATITUDES, LONGITUDES)
def test_degrees_minutes_seconds_come_back_within_a_metre(lat: float, lon: float) -> None:
    def written(value: float, sides: str) -> str:
        seconds = round(abs(value) * 3600, 2)
        whole, rest = divmod(seconds, 3600)
        minutes, rest = divmod(rest, 60)
        return f"{int(whole)}°{int(minutes):02}′{rest:05.2f}″ {sides.split()[value < 0]}"

    found = read_place(f"{written(lat, 'пн.ш. пд.ш.')} {written(lon, 'сх.д. зх.д.')}", NOWHERE)
    assert found
    assert (found.lat, found.lon) == pytest.approx((lat, lon), abs=1e-5)


@given(st.floats(-89, 89), st.floats(-179, 179))
def test_plus_codes_come_back_within_their_square(lat: float, lon: float) -> None:
    found = read_place(code_of((lon, lat)), NOWHERE_BUT_HERE)
    assert found
    assert math.hypot(found.lat - lat, found.lon - lon) < 1e-3


@given(st.text(alphabet="0123456789.,-+ °'\"NSEWпншсхд/:;!?@абвAбCX", max_size=40))
def test_any_text_is_a_place_on_earth_or_none_or_a_refusal(text: str) -> None:
    found = read_or_refused(text)
    if found:
        assert abs(found.lat) <= 90
        assert abs(found.lon) <= 180
        assert not found.swapped or covers(found.corner)


@given(st.text(max_size=60))
def test_nothing_makes_the_parser_stumble(text: str) -> None:
    read_or_refused(text)


@pytest.mark.parametrize("typed", ["1{}x", "1,{}", "{}x", "1.{}x", "https://google.com/maps/@1{}"])
@pytest.mark.parametrize("filling", ["\t1", "1", "1,"])
def test_a_million_characters_of_nonsense_are_not_read(typed: str, filling: str) -> None:
    # Were the whole of it tried in every way, this would take hours.
    assert read_place(typed.format(filling * 1_000_000), AROUND) is None
