"""A geocoder of the operator's own is asked where our addresses end; however it fails, the own search goes on."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from geodata.address_import import import_addresses
from geodata.address_rows import AddressRow
from geodata.geocoders import MOST_BYTES, check_geocoder
from geodata.models import Community
from geodata.place_search import Answer, search_places
from tests.grid import Town

TODAY = date(2026, 11, 19)


@dataclass(slots=True)
class Geocoder:
    """A server on this machine. `body` may be anything; it hangs while `answers` is not set."""

    body: bytes = b"[]"
    status: int = 200
    location: str = ""
    answers: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def says(self, answer: Any) -> None:
        self.body = json.dumps(answer).encode()


@pytest.fixture
def geocoder(settings: Settings) -> Iterator[Geocoder]:
    cache.clear()
    known = Geocoder()
    known.answers.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            known.headers.append(dict(self.headers))
            known.answers.wait()
            self.send_response(known.status)
            if known.location:
                self.send_header("Location", known.location)
            self.send_header("Content-Length", str(len(known.body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(known.body)

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.GEOCODER, settings.GEOCODER_TIMEOUT = "nominatim", 10.0
    settings.GEOCODER_URL = f"http://127.0.0.1:{server.server_port}/geo/"
    yield known
    known.answers.set()
    server.shutdown()
    server.server_close()
    cache.clear()


def of_nominatim(town: Town, place: str, road: str, number: str = "", **more: Any) -> dict[str, Any]:
    lon, lat = town.places[place]
    address = {"road": road, "house_number": number} if number else {"road": road}
    return {"lat": str(lat), "lon": str(lon), "display_name": f"{road}, Яворин", "address": address, **more}


def of_photon(town: Town, place: str, **properties: Any) -> dict[str, Any]:
    geometry = {"type": "Point", "coordinates": list(town.places[place])}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def search(text: str, community: Community) -> Answer:
    return search_places(text, community=community, on=TODAY)


def labels(answer: Answer) -> list[str]:
    return [option.label for option in answer.options]


def test_house_that_nominatim_knows_is_offered_and_where_it_is(
    geocoder: Geocoder, inside: Community, town: Town
) -> None:
    geocoder.says([of_nominatim(town, "p", "вулиця Соборна", "12")])
    (option,) = search("соборна 12", inside).options
    assert (option.label, option.note) == ("вулиця Соборна, 12", "можливо")
    assert option.place == pytest.approx(town.places["p"])
    address = urlsplit(geocoder.asked[0])
    asked = parse_qs(address.query)
    assert (address.path, asked["q"], asked["bounded"]) == ("/geo/search", ["соборна 12"], ["1"])
    west, north, east, south = map(float, asked["viewbox"][0].split(","))
    assert (west, south, east, north) == pytest.approx(inside.bounds(), abs=1e-5)


def test_house_that_photon_knows_is_offered(
    geocoder: Geocoder, inside: Community, town: Town, settings: Settings
) -> None:
    settings.GEOCODER = "photon"
    features = [of_photon(town, "p", street="вулиця Соборна", housenumber="12"), of_photon(town, "q", name="Ринок")]
    geocoder.says({"type": "FeatureCollection", "features": features})
    assert labels(search("соборна 12", inside)) == ["вулиця Соборна, 12", "Ринок"]
    assert urlsplit(geocoder.asked[0]).path == "/geo/api"
    assert "bbox" in parse_qs(urlsplit(geocoder.asked[0]).query)


def test_nobody_is_asked_without_a_setting(geocoder: Geocoder, inside: Community, settings: Settings) -> None:
    settings.GEOCODER = ""
    assert search("соборна 12", inside).options == ()
    assert geocoder.asked == []


def test_own_houses_are_enough_and_what_they_do_not_have_is_asked_for(
    geocoder: Geocoder, inside: Community, town: Town
) -> None:
    import_addresses(inside, [AddressRow(1, "k", "вул. Соборна", "12", "", (), town.places["p"])])
    geocoder.says([of_nominatim(town, "q", "вулиця Мостова", "3")])
    assert labels(search("соборна 12", inside)) == ["вул. Соборна, 12"]
    assert geocoder.asked == []
    assert labels(search("Мостова 3", inside)) == ["вулиця Мостова, 3"]


def test_community_with_streets_alone_shows_its_street_and_the_house_beside(
    geocoder: Geocoder, inside: Community, town: Town
) -> None:
    import_addresses(inside, [AddressRow(1, "s", "вул. Соборна", "", "", (), town.places["p"])])
    geocoder.says([of_nominatim(town, "q", "вулиця Соборна", "12")])
    assert labels(search("соборна 12", inside)) == ["вул. Соборна", "вулиця Соборна, 12"]


def test_places_outside_the_community_are_dropped(geocoder: Geocoder, inside: Community, town: Town) -> None:
    geocoder.says([of_nominatim(town, "o", "вулиця Чужа", "1"), of_nominatim(town, "p", "вулиця Наша", "1")])
    assert labels(search("вулиця 1 десь", inside)) == ["вулиця Наша, 1"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"null", b"<html>", b"[" * 100_000, b"\xff\xfe", b'{"features": 3}',
        b"[" + b"1," * MOST_BYTES + b"1]",
    ],
)  # fmt: skip
def test_rubbish_is_no_answer_and_the_note_says_so(geocoder: Geocoder, inside: Community, body: bytes) -> None:
    geocoder.body = body
    answer = search("соборна 12", inside)
    assert answer.options == ()
    assert answer.note
    assert answer.note in answer.said


@pytest.mark.parametrize(
    "row",
    [
        1, [], {}, {"lat": "x", "lon": "1", "name": "a"}, {"lat": None, "lon": None, "name": "a"},
        {"lat": "NaN", "lon": "1e400", "name": "a"}, {"lat": "49.2", "lon": "28.4"},
        {"lat": [], "lon": {}, "name": "a"},
        {"lat": "49.2", "lon": "28.4", "name": 7, "address": [1]},
    ],
)  # fmt: skip
def test_strange_rows_are_passed_over(geocoder: Geocoder, inside: Community, town: Town, row: Any) -> None:
    geocoder.says([row, of_nominatim(town, "p", "вулиця Соборна", "12")])
    answer = search("соборна 12", inside)
    assert labels(answer) == ["вулиця Соборна, 12"]
    assert not answer.note


@pytest.mark.parametrize("status", [204, 302, 404, 429, 500])
def test_other_statuses_are_failures_and_no_redirect_is_followed(
    geocoder: Geocoder, inside: Community, town: Town, status: int, settings: Settings
) -> None:
    geocoder.status, geocoder.location = status, f"{settings.GEOCODER_URL}elsewhere"
    assert search("соборна 12", inside).note
    assert len(geocoder.asked) == 1


def test_server_that_hangs_is_given_up_and_left_alone_for_a_while(
    geocoder: Geocoder, inside: Community, town: Town, settings: Settings
) -> None:
    settings.GEOCODER_TIMEOUT = 0.5
    import_addresses(inside, [AddressRow(1, "s", "вул. Соборна", "", "", (), town.places["p"])])
    geocoder.answers.clear()
    answer = search("соборна 12", inside)
    assert labels(answer) == ["вул. Соборна"]
    assert answer.note
    assert search("соборна 14", inside).note
    assert len(geocoder.asked) == 1


def test_server_that_is_not_there_breaks_nothing(geocoder: Geocoder, inside: Community, settings: Settings) -> None:
    settings.GEOCODER_URL = "http://127.0.0.1:9"
    assert search("соборна 12", inside).note


def test_the_same_question_is_asked_once(geocoder: Geocoder, inside: Community, town: Town) -> None:
    geocoder.says([of_nominatim(town, "p", "вулиця Соборна", "12")])
    assert labels(search("соборна 12", inside)) == labels(search(" Соборна 12", inside)) == ["вулиця Соборна, 12"]
    assert len(geocoder.asked) == 1


def test_nothing_of_who_asks_goes_out(geocoder: Geocoder, yavoryn: Community, client: Client, town: Town) -> None:
    geocoder.says([of_nominatim(town, "p", "<b>Соборна</b>", "12")])
    headers = {"user-agent": "Марта", "cookie": "a=b", "referer": "http://testserver/yavoryn/report/"}
    page = client.get("/yavoryn/places/", {"q": "соборна 12"}, headers=headers).content.decode()
    assert "&lt;b&gt;Соборна&lt;/b&gt;, 12" in page
    (sent,) = geocoder.headers
    assert set(sent) == {"Host", "Accept-Encoding", "Accept", "Accept-Language"}


def test_text_never_chooses_the_server(geocoder: Geocoder, inside: Community) -> None:
    search("http://169.254.169.254/x?y#z вулиця\r\nHost: evil", inside)
    search("@evil.example вулиця", inside)
    assert geocoder.asked
    assert all(path.startswith("/geo/search?q=") and "\r" not in path for path in geocoder.asked)


@pytest.mark.parametrize(
    ("kind", "url", "timeout", "wrong"),
    [
        ("", "", 2, []), ("nominatim", "http://127.0.0.1:8080", 2, []), ("photon", "https://geo.example.org/x", 2, []),
        ("google", "http://a", 2, ["geodata.E001"]), ("photon", "", 2, ["geodata.E002"]),
        ("photon", "file:///etc/passwd", 2, ["geodata.E002"]), ("photon", "http://a:b", 2, ["geodata.E002"]),
        ("photon", "http://a", 0, ["geodata.E003"]), ("photon", "http://a", 60, ["geodata.E003"]),
    ],
)  # fmt: skip
def test_wrong_settings_are_told_at_the_start(
    settings: Settings, kind: str, url: str, timeout: float, wrong: list[str]
) -> None:
    settings.GEOCODER, settings.GEOCODER_URL, settings.GEOCODER_TIMEOUT = kind, url, timeout
    assert [one.id for one in check_geocoder()] == wrong
