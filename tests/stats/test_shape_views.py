"""The page of a drawn shape and its downloads, as strangers see them."""

import csv
import io
import json
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.utils.translation import gettext, override

from core.models import Visibility
from geodata.models import Community
from issues.models import Issue
from stats.drawn import written
from stats.filling import fill_all
from stats.shape_reading import MOST_CORNERS, read_shape
from tests.conftest import NOW, City
from tests.geodata.conftest import pin
from tests.grid import Town
from tests.stats.shapes import comb


@pytest.fixture
def around(city: City, issue: Issue, town: Town) -> str:
    """The address of a shape around p, where one report stands, another of a hidden one, and one elsewhere."""
    pin(city.community, town["p"], category=city.roads, visibility=Visibility.HIDDEN)
    pin(city.community, town["q"], category=city.manholes)
    fill_all(at=NOW)
    lon, lat = town["p"].coords
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return "shape=" + written(read_shape(";".join(f"{lon + x * 2e-4},{lat + y * 2e-4}" for x, y in corners)))


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    """The clock stands still."""
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_stranger_sees_the_numbers_of_a_shape_and_takes_them_home(client: Client, around: str) -> None:
    page = client.get(f"/yavoryn/stats/shape/?{around}&period=all", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert page.context["page"].profile.numbers.counts["opened"] == 1
    assert page.context["page"].profile.numbers.backlog == 1
    text = page.content.decode()
    for name in ("shape.csv", "shape.geojson", "shape.json", "shape.svg"):
        assert f"/yavoryn/stats/{name}?{around}" in text


def test_the_fragment_has_the_same_numbers_without_the_shell(client: Client, around: str) -> None:
    found = client.get(f"/yavoryn/stats/shape/numbers/?{around}&period=all")
    assert found.status_code == 200
    assert found.context["page"].profile.numbers.counts["opened"] == 1
    assert "<html" not in found.content.decode()


def test_downloads_hold_totals_kinds_and_months(client: Client, around: str, issue: Issue) -> None:
    rows = list(
        csv.DictReader(io.StringIO(client.get(f"/yavoryn/stats/shape.csv?{around}").content.decode("utf-8-sig")))
    )
    assert [row["part"] for row in rows][:2] == ["total", "category"]
    assert rows[0]["opened"] == rows[0]["backlog"] == "1"
    assert rows[1]["key"] == "roads"
    assert sum(int(row["opened"]) for row in rows if row["part"] == "month") == 1
    feature = json.loads(client.get(f"/yavoryn/stats/shape.geojson?{around}").content)
    assert feature["geometry"]["type"] == "Polygon"
    assert feature["properties"]["opened"] == 1
    document = json.loads(client.get(f"/yavoryn/stats/shape.json?{around}").content)
    assert document["totals"]["opened"] == 1
    assert [(row["category"], row["opened"]) for row in document["by_category"]] == [("roads", 1)]
    assert len(document["by_month"]) == 12


def test_the_picture_has_the_shape(client: Client, around: str) -> None:
    svg = client.get(f"/yavoryn/stats/shape.svg?{around}")
    assert svg.status_code == 200
    assert 'class="drawn"' in svg.content.decode()
    assert 'class="drawn"' not in client.get("/yavoryn/stats/shape.svg").content.decode()


def test_another_community_counts_nothing_of_it(client: Client, around: str, city: City) -> None:
    Community.objects.create(slug="other", name="Інша", centre=city.community.centre)
    found = client.get(f"/other/stats/shape.json?{around}&period=all")
    assert json.loads(found.content)["totals"]["opened"] == 0


def test_without_a_shape_the_page_offers_all_three_ways(client: Client, city: City) -> None:
    text = client.get("/yavoryn/stats/shape/").content.decode()
    for name in ("place", "radius", "street", "buffer", "shape"):
        assert f'name="{name}"' in text


@pytest.mark.parametrize(
    "query",
    ["shape=x", "shape=", "shape=%00", "circle=1,2,3", "street=%00&buffer=x", "place=x&radius=1e999",
     "shape=28.46,49.22;28.47,49.23;28.47,49.22;28.46,49.23", f"shape={written(comb(140, high=0.6))}",
     'shape={"type":"Polygon","coordinates":[]}', f'shape=[[{"9" * 400},1]]',
     f'shape={{"type":"Polygon","coordinates":[[[{"9" * 400},1],[2,2],[3,3]]]}}', "period=%00&shape=1,1;2,2;3,1"],
)  # fmt: skip
def test_a_mistake_is_told_beside_its_field_and_what_was_typed_stays(client: Client, city: City, query: str) -> None:
    page = client.get(f"/yavoryn/stats/shape/?{query}")
    assert page.status_code == 400
    assert page.context["page"] is None
    assert 'aria-invalid="true"' in page.content.decode()
    assert client.get(f"/yavoryn/stats/shape/numbers/?{query}").status_code == 422
    assert client.get(f"/yavoryn/stats/shape.csv?{query}").status_code == 400
    assert client.get(f"/yavoryn/stats/shape.svg?{query}").status_code == 200


def test_what_is_pasted_is_posted_and_answered_with_its_short_address(city: City, around: str) -> None:
    client = Client(enforce_csrf_checks=True)
    text = client.get("/yavoryn/stats/shape/?period=all").content.decode()
    token = text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    assert '<form class="stack gap-3" method="post" action="/yavoryn/stats/shape/?period=all">' in text
    corners = [list(map(float, corner.split(","))) for corner in around.removeprefix("shape=").split(";")]
    more = [[lon + 1e-8 * n, lat] for lon, lat in corners for n in range(100)]
    pasted = json.dumps({"type": "Polygon", "coordinates": [[*more, corners[0]]]})
    assert len(pasted) > 8190, "longer than an address may be"
    sent = {"shape": pasted, "csrfmiddlewaretoken": token}
    answer = client.post("/yavoryn/stats/shape/?period=all", sent)
    assert answer.status_code == 303
    assert answer["Location"] == f"/yavoryn/stats/shape/?shape={written(read_shape(pasted))}&period=all"
    assert len(read_shape(pasted).exterior.coords) < 12  # type: ignore[union-attr]
    assert client.get(answer["Location"]).context["page"].profile.numbers.counts["opened"] == 1


def test_what_is_pasted_with_too_many_corners_stays_with_words_beside_it(client: Client, city: City) -> None:
    text = ";".join(f"28.{n:04},49.22" for n in range(MOST_CORNERS + 1))
    client.cookies["language"] = "en"
    page = client.post("/yavoryn/stats/shape/", {"shape": text})
    assert page.status_code == 400
    assert f"{MOST_CORNERS + 1} corners" in page.content.decode()
    assert text in page.content.decode()


def test_without_a_shape_the_numbers_say_in_the_reader_s_language_what_is_needed(client: Client, city: City) -> None:
    for language in ("uk", "en"):
        client.cookies["language"] = language
        said = client.get("/yavoryn/stats/shape.csv")
        assert said.status_code == 400
        with override(language):
            assert said.content.decode() == gettext("A shape is needed: shape=lon,lat;lon,lat;lon,lat")
