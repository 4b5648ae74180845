"""The map page, the list beside it and what both ask for, as a stranger's browser sees them."""

import gzip
import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.models import Visibility
from geodata.layers import layer_named
from geodata.models import Community, MapShape
from issues.states import State
from tests.conftest import NOW, City
from tests.geodata.conftest import pin
from tests.geodata.every_layer import Thing, put
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("_clock")
WIDE = "28.4,49.1,28.6,49.3"


@pytest.fixture
def _clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def context_of(client: Client, path: str, **query: Any) -> Any:
    """The context of a page that answered 200."""
    response = client.get(path, query)
    assert response.status_code == 200
    return response.context


def test_map_page_lists_what_is_on_the_map(client: Client, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    pin(city.community, town["p"], category=city.roads, visibility=Visibility.HELD, title="Чекає модератора")
    response = client.get("/yavoryn/")
    page = response.context["page"]
    assert (page["total"], page["capped"], page["next_url"]) == (1, False, "")
    assert page["rows"][0]["category_name"] == "Дороги"
    text = response.content.decode()
    assert "Яма на переході" in text
    assert "Чекає модератора" not in text


def test_page_without_script_leads_from_page_to_page(client: Client, city: City, town: Town) -> None:
    for ago in range(25):
        pin(city.community, town["p"], category=city.roads, at=NOW - timedelta(hours=ago), title=f"яма {ago}")
    first = context_of(client, "/yavoryn/", state="wait", box=WIDE, zoom="12")["page"]
    assert len(first["rows"]) == 20
    assert first["next_url"].startswith("/yavoryn/?state=wait&box=28.4%2C49.1%2C28.6%2C49.3&zoom=12&after=")
    second = client.get(first["next_url"]).context["page"]
    assert [row["title"] for row in second["rows"]] == [f"яма {ago}" for ago in range(20, 25)]
    assert second["next_url"] == ""


def test_filters_of_the_address_are_shown_and_can_be_taken_back(client: Client, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    pin(city.community, town["p"], category=city.manholes, state=State.DONE)
    context = context_of(client, "/yavoryn/", state=["done", "wait"], category="manholes", box=WIDE)
    filters = context["filters"]
    assert [group["code"] for group in filters["groups"] if group["on"]] == ["wait", "done"]
    assert [category["code"] for category in filters["categories"] if category["on"]] == ["manholes"]
    assert filters["query"] == "state=wait&state=done&category=manholes"
    assert [chip["remove_url"] for chip in filters["active"]] == [
        "/yavoryn/?state=done&category=manholes&box=28.4%2C49.1%2C28.6%2C49.3",
        "/yavoryn/?state=wait&category=manholes&box=28.4%2C49.1%2C28.6%2C49.3",
        "/yavoryn/?state=wait&state=done&box=28.4%2C49.1%2C28.6%2C49.3",
    ]
    assert [row["category_code"] for row in context["page"]["rows"]] == ["manholes"]


def test_unknown_filters_and_a_bad_box_are_left_out(client: Client, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    context = context_of(client, "/yavoryn/", state="sleeping", category="dragons", box="here", zoom="near")
    assert context["filters"]["active"] == []
    assert context["page"]["total"] == 1
    assert context["box"] == ""
    assert "four numbers" in context["box_problem"]


@pytest.mark.parametrize("page", ["/yavoryn/", "/yavoryn/areas/"])
def test_a_layer_of_which_nothing_is_here_is_not_offered(
    client: Client, city: City, elsewhere: Community, town: Town, page: str
) -> None:
    def offered(**query: Any) -> list[str]:
        """Layers to choose from: none where there is no choice."""
        filters = context_of(client, page, **query)["filters"]
        return [layer["name"] for layer in filters["layers"] if layer["offered"] and filters["has_layers"]]

    assert offered() == []
    assert offered(layer="registers") == ["registers"]
    pin(city.community, town["p"], category=city.roads)
    assert offered() == []  # but one, which is shown anyway
    put(layer_named("registers"), Thing(city.community, town["p"], is_hidden=True))
    put(layer_named("registers"), Thing(elsewhere, town["p"]))
    assert offered() == []
    assert offered(layer=["issues", "registers"]) == ["issues", "registers"]
    put(layer_named("registers"), Thing(city.community, town["p"]))
    assert offered() == ["issues", "registers"]
    put(layer_named("works"), Thing(city.community, town["p"]))
    assert offered() == ["issues", "works", "registers"]


def test_a_layer_that_is_not_offered_stays_as_it_is(client: Client, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    put(layer_named("registers"), Thing(city.community, town["p"]))
    html = client.get("/yavoryn/").content.decode()
    (unseen,) = re.findall(r'<input type="checkbox" name="layer"[^>]* hidden>', html)
    assert 'value="works"' in unseen
    assert " checked" in unseen


def links_to(html: str, path: str) -> set[str]:
    """Addresses of all links of a page that lead to this path."""
    return {unescape(href) for href in re.findall(r'href="([^"]+)"', html) if href.partition("?")[0] == path}


@pytest.mark.parametrize("feed", ["/yavoryn/feed.atom", "/yavoryn/feed.geojson"])
def test_page_offers_feeds_of_what_its_filters_leave(client: Client, city: City, town: Town, feed: str) -> None:
    pin(city.community, town["p"], category=city.roads, title="Стара яма", at=NOW - timedelta(days=80))
    pin(city.community, town["p"], category=city.manholes, title="Люк")
    query = {"category": "roads", "q": "яма", "from": "2026-08", "box": WIDE, "zoom": "12", "after": "x"}
    for page in ("/yavoryn/", "/yavoryn/list/"):
        assert links_to(client.get(page).content.decode(), feed) == {feed}
        (address,) = links_to(client.get(page, query).content.decode(), feed)
        assert address == f"{feed}?category=roads&from=2026-08&q=%D1%8F%D0%BC%D0%B0"
        answer = client.get(address).content.decode()
        assert "Стара яма" in answer
        assert "Люк" not in answer


def test_feeds_are_named_in_the_head_of_the_page(client: Client, city: City) -> None:
    head = client.get("/yavoryn/", {"state": "done"}).content.decode().partition("<body")[0]
    assert re.findall(r'<link rel="alternate" type="([^"]+)" title="[^"]+" href="([^"]+)"', head) == [
        ("application/atom+xml", "/yavoryn/feed.atom?state=done"),
        ("application/geo+json", "/yavoryn/feed.geojson?state=done"),
    ]


def test_map_is_told_where_to_open_and_where_to_ask(client: Client, city: City) -> None:
    config = context_of(client, "/yavoryn/")["map_config"]
    assert config["centre"] == pytest.approx([28.462745, 49.222698])
    assert config["zoom"] == 14
    assert config["bounds"] == pytest.approx(city.community.boundary.extent, abs=1e-6)  # type: ignore[union-attr]
    pages = {"marksUrl": "marks", "listUrl": "map_list", "baseUrl": "base_shapes", "mapUrl": "map"}
    for address, name in pages.items():
        assert config[address] == reverse(name, args=["yavoryn"])
    assert set(config["icons"]) == {"road", "manhole", "pin"}
    assert all(drawing.startswith("<") for drawing in config["icons"].values())


def test_list_alone_is_a_fragment_that_nobody_keeps(client: Client, city: City, town: Town) -> None:
    issue = pin(city.community, town["p"], category=city.roads)
    response = client.get("/yavoryn/list/", {"box": WIDE})
    assert "<html" not in response.content.decode()
    assert f'data-key="issues-{issue.pk}"' in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"


def test_list_gives_a_single_thing_when_asked(client: Client, city: City, town: Town) -> None:
    one, _other = (pin(city.community, town["p"], category=city.roads) for _ in range(2))
    page = context_of(client, "/yavoryn/list/", only=f"issues-{one.pk}")["page"]
    assert [row["id"] for row in page["rows"]] == [one.pk]


def test_marks_are_geojson_of_the_box(client: Client, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, title="Яма «велика»")
    response = client.get("/yavoryn/marks.geojson", {"box": WIDE, "zoom": "16"})
    assert response.headers["Content-Type"] == "application/geo+json"
    assert response.headers["Cache-Control"] == "no-store"
    answer = json.loads(response.content)
    assert (answer["type"], answer["total"]) == ("FeatureCollection", 1)
    assert answer["features"][0]["properties"]["title"] == "Яма «велика»"
    assert answer["features"][0]["properties"]["late"] is False


def test_marks_obey_the_filters(client: Client, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    pin(city.community, town["p"], category=city.manholes)
    for query, total in (({"category": "roads"}, 1), ({"state": "done"}, 0), ({"category": ["roads", "manholes"]}, 2)):
        answer = json.loads(client.get("/yavoryn/marks.geojson", {"box": WIDE, **query}).content)
        assert answer["total"] == total


def test_small_screen_asks_for_fewer_marks(client: Client, city: City, town: Town) -> None:
    for name in "ABCDEF":
        for _ in range(5):
            pin(city.community, town[name], category=city.roads)

    def count(**query: str) -> int:
        answer = json.loads(client.get("/yavoryn/marks.geojson", {"box": WIDE, "zoom": "17"} | query).content)
        return len(answer["features"])

    assert count() == count(most="many") == count(most="100000") == 30
    assert count(most="15") <= 15


@pytest.mark.parametrize("box", ["", "1,2,3", "28.6,49.1,28.4,49.3", "a,b,c,d", "nan,49.1,28.6,49.3"])
def test_marks_of_what_is_no_box_are_refused_with_the_reason(client: Client, city: City, box: str) -> None:
    response = client.get("/yavoryn/marks.geojson", {"box": box})
    assert response.status_code == 400
    assert "box" in json.loads(response.content)["error"].lower() or "lies before" in response.content.decode()


def test_list_of_what_is_no_box_is_refused(client: Client, city: City) -> None:
    assert client.get("/yavoryn/list/", {"box": "1,2,3"}).status_code == 400


@pytest.mark.parametrize("page", ["/yavoryn/", "/yavoryn/report/"])
def test_whose_data_the_drawn_map_shows_is_said_and_escaped(client: Client, city: City, page: str) -> None:
    Community.objects.filter(pk=city.community.pk).update(map_credit="© <b>OpenStreetMap</b> contributors")
    assert "· © &lt;b&gt;OpenStreetMap&lt;/b&gt; contributors</p>" in client.get(page).content.decode()


def test_base_map_holds_shapes_areas_and_the_boundary(client: Client, city: City, town: Town) -> None:
    MapShape.objects.create(
        community=city.community, kind=MapShape.Kind.ROAD, name="проспект Миру", geometry=town.line("AD")
    )
    features = json.loads(client.get("/yavoryn/base.geojson").content)["features"]
    assert sorted((one["properties"]["kind"], one["properties"]["name"]) for one in features) == [
        ("area", "Заріччя"),
        ("area", "Слобідка"),
        ("boundary", ""),
        ("road", "проспект Миру"),
    ]
    decimals = re.findall(r"\d+\.(\d+)", json.dumps(features))
    assert max(map(len, decimals)) <= 6


def test_base_map_is_kept_and_asked_for_again_by_its_tag(client: Client, city: City) -> None:
    first = client.get("/yavoryn/base.geojson")
    assert first.headers["Cache-Control"] == "public, max-age=300"
    again = client.get("/yavoryn/base.geojson", headers={"if-none-match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    city.zarichchia.delete()
    changed = client.get("/yavoryn/base.geojson", headers={"if-none-match": first.headers["ETag"]})
    assert changed.status_code == 200


def test_large_answers_are_gzipped_for_browsers_that_read_it(client: Client, city: City) -> None:
    plain = client.get("/yavoryn/base.geojson", headers={"accept-encoding": "gzip;q=0, br"})
    packed = client.get("/yavoryn/base.geojson", headers={"accept-encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_picture_is_drawn_under_its_own_strict_policy(client: Client, city: City) -> None:
    response = client.get("/yavoryn/place.svg", {"pin": "28.4627,49.2227"})
    assert response.headers["Content-Type"].startswith("image/svg+xml")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'sha256-" in policy
    assert 'class="pin"' in response.content.decode()


NONSENSE = [{"box": "x"}, {"pin": "x"}, {"pin": "500,1"}, {"pin": "nan,nan"}, {"box": "", "pin": ""}]


@pytest.mark.parametrize("query", NONSENSE)
def test_picture_of_nonsense_shows_the_community(client: Client, city: City, query: dict[str, str]) -> None:
    text = client.get("/yavoryn/place.svg", query).content.decode()
    assert "Заріччя" in text
    assert 'class="pin"' not in text


def test_another_communitys_page_shows_none_of_these(
    client: Client, city: City, elsewhere: Community, town: Town
) -> None:
    pin(city.community, town["p"], category=city.roads)
    assert context_of(client, "/sosnivka/")["page"]["total"] == 0
    assert json.loads(client.get("/sosnivka/marks.geojson", {"box": WIDE}).content)["total"] == 0
    assert json.loads(client.get("/sosnivka/base.geojson").content)["features"][0]["properties"]["kind"] == "boundary"


@pytest.mark.parametrize("path", ["", "list/", "marks.geojson", "base.geojson", "place.svg"])
def test_unknown_community_is_not_found(client: Client, db: None, path: str) -> None:
    assert client.get(f"/nowhere/{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "list/", "marks.geojson", "base.geojson", "place.svg"])
def test_pages_of_the_map_are_only_read(client: Client, city: City, path: str) -> None:
    assert client.post(f"/yavoryn/{path}").status_code == 405


def test_map_page_asks_the_database_a_handful_of_times(
    client: Client, city: City, town: Town, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        pin(city.community, town["p"], category=city.roads)
    with django_assert_max_num_queries(5):  # the community, its categories, months, the page; perhaps a session
        client.get("/yavoryn/")
