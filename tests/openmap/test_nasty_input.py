"""Whatever stands in an address or a form, the answer is a word about it, and never an error of the service."""

from base64 import b64encode
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from issues.models import Issue
from tests.conftest import NOW

NASTY = {
    "nul": "\0",
    "nul inside": "roads\0",
    "huge number": "9" * 40,
    "huge float": "1e308",
    "beyond floats": "1e400",
    "far": "1e12",
    "negative": "-1",
    "nan": "nan",
    "inf": "inf",
    "-inf": "-inf",
    "emoji": "🕳️",
    "lone surrogate": "%ED%A0%80",
    "10 kB": "a" * 10_000,
    "spaces": "1" + " " * 9_000 + "x",
    "quotes": "'\"><%s {0}",
    "box of nothing": "30,49,30.0000000000000036,49.1",
    "box of hardly anything": "28.45,49.23,28.450000000000003,49.23000000000001",
    "box of the world": "-180,-90,180,90",
    "box off the map": "10,86,10.5,87",
    "box of nans": "nan,nan,nan,nan",
    "cursor": b64encode(b"p=abc").decode(),
    "cursor without a zone": b64encode(b"p=2026-11-19 10:00").decode(),
    "list cursor": "99999999999999999-issues-5",
    "digits of another script": "٤٩",
}
READ = {
    "/": ["next"],
    "/yavoryn/": ["state", "category", "box", "zoom", "after", "lon", "lat"],
    "/yavoryn/list/": ["state", "category", "box", "zoom", "after"],
    "/yavoryn/marks.geojson": ["state", "category", "box", "zoom"],
    "/yavoryn/base.geojson": ["box", "zoom"],
    "/yavoryn/place.svg": ["box", "pin"],
    "/yavoryn/report/": ["lon", "lat", "category"],
    "/yavoryn/report/answerer/": ["lon", "lat", "category"],
    "/yavoryn/issues/1/": ["new"],
    "/api/v1/yavoryn/issues/": ["state", "category", "cursor", "page_size", "format"],
}
GIVEN = {"lon": "28.45", "lat": "49.23", "category": "roads", "box": "28.4,49.2,28.5,49.3", "zoom": "14"}
FORM = {"lon": "28.45", "lat": "49.23", "category": "roads", "text": "Яма.", "do": "check"}
FIELDS = [
    "lon", "lat", "category", "text", "email", "address", "key", "seen", "photo_key", "do", "tap.x", "tap.y", "tap_box",
]  # fmt: skip
PLACES_IN_PATHS = [
    "/{}/",
    "/yavoryn/issues/{}/",
    "/yavoryn/mine/{}/",
    "/yavoryn/answer/{}/",
    "/yavoryn/photos/drafts/{}/",
    "/yavoryn/photos/{}/large/",
    "/api/v1/{}/issues/",
]


@pytest.fixture(autouse=True)
def _thursday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def curious() -> Client:
    """A browser that gets an answer even when the service breaks."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("value", NASTY.values(), ids=NASTY.keys())
@pytest.mark.parametrize("page", READ)
def test_no_parameter_breaks_a_page(curious: Client, issue: Issue, page: str, value: str) -> None:
    for name in READ[page]:
        for others in ({}, GIVEN):
            assert curious.get(page, others | {name: value}).status_code < 500, name
    assert curious.get(page, dict.fromkeys(READ[page], value)).status_code < 500


@pytest.mark.parametrize("value", NASTY.values(), ids=NASTY.keys())
def test_no_field_breaks_the_report_form(curious: Client, issue: Issue, value: str) -> None:
    for name in FIELDS:
        tapped = {"tap.x": "1", "tap.y": "1", "tap_box": GIVEN["box"]} if name.startswith("tap") else {}
        assert curious.post("/yavoryn/report/", FORM | tapped | {name: value}).status_code < 500, name
    for do in ("zoom_in", "zoom_out", "check", "send"):
        assert curious.post("/yavoryn/report/", dict.fromkeys(FIELDS, value) | {"do": do}).status_code < 500, do


@pytest.mark.parametrize("value", NASTY.values(), ids=NASTY.keys())
def test_no_word_in_a_path_breaks_the_service(curious: Client, issue: Issue, value: str) -> None:
    for page in PLACES_IN_PATHS:
        assert curious.get(page.format(value)).status_code < 500, page


@pytest.mark.parametrize("value", NASTY.values(), ids=NASTY.keys())
def test_no_choice_of_language_breaks_the_service(curious: Client, issue: Issue, value: str) -> None:
    assert curious.post("/language/", {"language": value, "next": value}).status_code < 500
    curious.cookies["language"] = "uk-" + value.replace("\0", "")[:100].encode("ascii", "ignore").decode()
    assert curious.get("/").status_code < 500
