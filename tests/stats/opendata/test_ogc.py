"""OGC API – Features, Part 1: Core, as the standard says it, asked by HTTP."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from core.models import Visibility
from geodata.models import Area
from issues.blur import blurred
from issues.models import Issue
from stats.filling import fill_all
from stats.opendata.ogc_asking import Asked, parse_items
from stats.opendata.ogc_items import first_moment, items
from stats.opendata.reports import REPORTS
from tests.conftest import NOW, City
from tests.examples import rolled_back
from tests.geodata.conftest import TODAY
from tests.grid import Town
from tests.stats.many import report
from tests.stats.opendata.conftest import send, show_as

API = "/yavoryn/ogc"
REPORT_ITEMS = f"{API}/collections/reports/items"
AREA_ITEMS = f"{API}/collections/areas/items"


def ask(client: Client, address: str = REPORT_ITEMS, **given: object) -> Any:
    answer = client.get(address, {name: str(value) for name, value in given.items()})
    assert answer.status_code == 200, answer.content
    return answer.json()


def numbers(told: Any) -> list[int]:
    return [feature["properties"]["number"] for feature in told["features"]]


def hrefs(told: Any) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in told["links"]}


def path_of(href: str) -> str:
    parts = urlsplit(href)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def test_the_first_document_leads_to_everything(city: City, client: Client) -> None:
    landing = ask(client, f"{API}/")
    links = hrefs(landing)
    for rel in ("self", "service-desc", "conformance", "data", "license"):
        assert rel in links
    for rel in ("service-desc", "conformance", "data"):
        assert client.get(path_of(links[rel])).status_code == 200
    assert client.get(API).status_code == 301


def test_it_says_what_it_conforms_to(city: City, client: Client) -> None:
    classes = ask(client, f"{API}/conformance")["conformsTo"]
    for name in ("core", "geojson", "oas30"):
        assert f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" in classes


def test_collections_say_where_and_when_their_features_are(published: dict[str, Issue], client: Client) -> None:
    told = ask(client, f"{API}/collections")
    assert [one["id"] for one in told["collections"]] == ["reports", "areas"]
    for one in told["collections"]:
        assert len(one["extent"]["spatial"]["bbox"][0]) == 4
        assert one["crs"] == ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"]
        assert client.get(path_of(hrefs(one)["items"])).status_code == 200
        assert ask(client, f"{API}/collections/{one['id']}") == one
    assert told["collections"][0]["extent"]["temporal"]["interval"] == [["2026-09-20T08:00:00Z", None]]


def test_the_definition_names_every_address_and_parameter(city: City, client: Client) -> None:
    answer = client.get(f"{API}/api")
    assert answer["Content-Type"] == "application/vnd.oai.openapi+json;version=3.0"
    told = answer.json()
    assert told["openapi"].startswith("3.0")
    asked = {one["name"] for one in told["paths"]["/collections/reports/items"]["get"]["parameters"]}
    assert asked == {"bbox", "bbox-crs", "datetime", "limit", "after", "category", "state", "state_group", "f"}
    operations = [path["get"]["operationId"] for path in told["paths"].values()]
    assert len(operations) == len(set(operations))


def test_features_are_those_that_strangers_see(published: dict[str, Issue], client: Client) -> None:
    answer = client.get(REPORT_ITEMS)
    assert answer["Content-Type"] == "application/geo+json"
    assert answer["Access-Control-Allow-Origin"] == "*"
    told = answer.json()
    assert numbers(told) == [published[one].number for one in ("open", "old", "blurred", "secret")]
    assert (told["numberMatched"], told["numberReturned"], told["type"]) == (4, 4, "FeatureCollection")
    assert set(told["features"][0]["properties"]) == set(REPORTS.names)
    text = answer.content.decode()
    for secret in ("Шевченко", "Таємн", "Приховане", "Затримане", "olia@"):
        assert secret not in text


def test_pages_together_are_all_features_once(published: dict[str, Issue], client: Client) -> None:
    told, seen = ask(client, limit=1), []
    while True:
        seen += numbers(told)
        assert (told["numberMatched"], told["numberReturned"]) == (4, 1)
        links = hrefs(told)
        if "next" not in links:
            break
        told = client.get(path_of(links["next"])).json()
    assert seen == sorted({published[one].number for one in ("open", "old", "blurred", "secret")})


def test_the_next_page_keeps_what_was_asked(published: dict[str, Issue], client: Client) -> None:
    told = ask(client, limit=1, datetime="2026-11-01/..")
    following = client.get(path_of(hrefs(told)["next"])).json()
    assert (told["numberMatched"], following["numberMatched"]) == (3, 3)


@given(st.lists(st.tuples(st.sampled_from("pqABCDEF"), st.booleans()), max_size=6), st.sampled_from("ABCD"))
def test_a_box_holds_what_lies_in_it_as_strangers_see_it(
    city: City, town: Town, drawn: list[tuple[str, bool]], corner: str
) -> None:
    west, south, _east, _north = town.box()
    box = (west - 1e-4, south - 1e-4, town[corner].x + 1e-5, town[corner].y + 1e-5)
    with rolled_back():
        expected = []
        for name, coarse in drawn:
            issue = send(city, town[name], category=city.manholes)
            lon, lat = issue.location.coords
            if coarse:
                show_as(issue, Visibility.COARSE)
                lon, lat = blurred(lon, lat)
            if box[0] <= lon <= box[2] and box[1] <= lat <= box[3]:
                expected.append(issue.number)
        fill_all(at=NOW)
        given = {"bbox": [",".join(map(str, box))]}
        page = items(REPORTS, city.community, parse_items(given, REPORTS, zone="Europe/Kyiv"))
    assert page.matched == len(page.features) == len(expected)
    assert [f'"id": {number},' in text for number, text in zip(expected, page.features, strict=True)] == [True] * len(
        expected
    )


def test_days_at_both_ends_of_the_calendar_are_answered(published: dict[str, Issue], client: Client) -> None:
    assert ask(client, datetime="0001-01-02/9999-12-30")["numberMatched"] == 4
    assert ask(client, datetime="9999-12-31/..")["numberMatched"] == 0


def test_all_reports_are_counted_by_what_statistics_keep(
    published: dict[str, Issue], city: City, client: Client
) -> None:
    with CaptureQueriesContext(connection) as queries:
        page = items(REPORTS, city.community, Asked())
    assert page.matched == len(page.features) == 4
    counts = [query["sql"] for query in queries if "count(*)" in query["sql"]]
    assert counts == []


def test_more_than_are_counted_have_no_number(
    published: dict[str, Issue], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stats.opendata.ogc_items.MOST_COUNTED", 2)
    told = ask(client, datetime="2026-01-01/..")
    assert "numberMatched" not in told
    assert told["numberReturned"] == 4
    assert ask(client, category="manholes")["numberMatched"] == 1
    assert ask(client)["numberMatched"] == 4


def test_a_small_box_is_found_by_the_index_of_places(city: City, town: Town) -> None:
    west, south, east, north = town.box()
    steps = [(n % 40 / 40, n // 40 / 40) for n in range(1600)]
    report(city, [(TODAY, west + x * (east - west), south + y * (north - south), city.roads) for x, y in steps])
    asked = Asked(boxes=((west - 1e-4, south - 1e-4, west + 1e-4, south + 1e-4),))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE stats_case; ANALYZE issues_issue")
    with CaptureQueriesContext(connection) as queries:
        assert items(REPORTS, city.community, asked).matched == 2
    for query in list(queries):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert re.search(r"stats_case_place.*\n.*Cond: .*m >= ", plan), plan


def test_the_first_moment_is_found_by_the_index_of_days(published: dict[str, Issue], city: City) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert first_moment(REPORTS, city.community) == published["old"].created_at
    assert "s.opened = (SELECT min(opened)" in queries[0]["sql"]


def test_a_report_that_was_blurred_a_moment_ago_is_in_no_box_of_its_former_place(
    published: dict[str, Issue], city: City
) -> None:
    issue = published["open"]
    show_as(issue, Visibility.COARSE)
    lon, lat = issue.location.coords
    page = items(REPORTS, city.community, Asked(boxes=((lon - 1e-6, lat - 1e-6, lon + 1e-6, lat + 1e-6),)))
    assert f'"id": {issue.number},' not in "".join(page.features)


def test_a_box_across_the_line_of_dates_is_two(city: City) -> None:
    asked = parse_items({"bbox": ["170,-10,-170,10"]}, REPORTS, zone="Europe/Kyiv")
    assert asked.boxes == ((170.0, -10.0, 180.0, 10.0), (-180.0, -10.0, -170.0, 10.0))
    assert items(REPORTS, city.community, asked).matched == 0


def test_a_box_with_heights_is_read(published: dict[str, Issue], client: Client) -> None:
    assert ask(client, bbox="-180,-90,0,180,90,100")["numberMatched"] == 4


@pytest.mark.parametrize(
    ("when", "many"),
    [
        ("2026-11-19", 3),
        ("2026-11-18", 0),
        ("2026-11-19T08:00:00Z", 3),
        ("2026-11-19T10:00:00+02:00", 3),
        ("2026-11-19T08:00:01Z", 0),
        ("2026-09-20/2026-11-18", 1),
        ("../2026-10-01", 1),
        ("/2026-10-01", 1),
        ("2026-10-01/..", 3),
        ("2026-10-01/", 3),
        ("2026-11-19T08:00:00.5Z/..", 0),
    ],
)
def test_moments_and_intervals_also_open_ones(
    published: dict[str, Issue], client: Client, when: str, many: int
) -> None:
    assert ask(client, datetime=when)["numberMatched"] == many


def test_an_area_is_there_while_its_version_holds(city: City, client: Client) -> None:
    Area.objects.filter(pk=city.slobidka.pk).update(valid_to="2025-01-01")
    assert ask(client, AREA_ITEMS, datetime="2024-12-31")["numberMatched"] == 2
    assert ask(client, AREA_ITEMS, datetime="2025-01-01")["numberMatched"] == 1
    assert ask(client, AREA_ITEMS, datetime="2026-01-01/..")["numberMatched"] == 1
    assert ask(client, AREA_ITEMS, code="south")["numberMatched"] == 1


def test_properties_narrow(published: dict[str, Issue], client: Client) -> None:
    assert numbers(ask(client, category="manholes")) == [published["old"].number]
    assert ask(client, state="done")["numberMatched"] == 0
    assert ask(client, state_group="wait", category="roads")["numberMatched"] == 2


def test_one_feature_has_its_address(published: dict[str, Issue], client: Client) -> None:
    number = published["open"].number
    told = ask(client, f"{REPORT_ITEMS}/{number}")
    assert (told["type"], told["id"]) == ("Feature", number)
    assert hrefs(told)["collection"].endswith("/collections/reports")


@pytest.mark.parametrize("one", ["hidden", "held"])
def test_one_that_strangers_do_not_see_is_not_found(published: dict[str, Issue], client: Client, one: str) -> None:
    assert client.get(f"{REPORT_ITEMS}/{published[one].number}").status_code == 404


@pytest.mark.parametrize("address", [
    f"{API}/collections/nothing", f"{API}/collections/nothing/items", f"{API}/collections/counts/items",
    f"{REPORT_ITEMS}/999", f"{REPORT_ITEMS}/x", f"{REPORT_ITEMS}/{'9' * 40}", f"{REPORT_ITEMS}/-1", f"{REPORT_ITEMS}/²",
])  # fmt: skip
def test_what_is_not_there_is_said_in_json(city: City, client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.json()["code"] == "NotFound"


@pytest.mark.parametrize("query", [
    "nothing=1", "bbox=1,2,3", "bbox=a,b,c,d", "bbox=1,50,2,49", "bbox=nan,1,2,3", "bbox=inf,1,2,3", "bbox=1,2,3,400",
    "bbox=1,2,3,4&bbox-crs=EPSG:4326", "limit=0", "limit=-1", "limit=x", "limit=1.5", "limit=9999999999999999999999",
    "after=-1", "after=99999999999999999999", "datetime=yesterday", "datetime=2026-11-19T10:00:00",
    "datetime=2026-12-01/2026-11-01", "datetime=2026-11-40", "datetime=2026-01-01/2026-01-02/2026-01-03",
    "datetime=", "category=%00", "category=roads&category=manholes", "f=html", "%00=1", "datetime=9999-12-31",
    "datetime=0001-01-01T00:00:00%2B14:00", "datetime=0001-01-01", "datetime=0001-01-01/..", "datetime=../9999-12-31",
])  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_words(city: City, client: Client, query: str) -> None:
    answer = client.get(f"{REPORT_ITEMS}?{query}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["description"]
    assert answer["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("address", ["/", "/conformance", "/api", "/collections", "/collections/areas"])
def test_other_documents_refuse_unknown_parameters_too(city: City, client: Client, address: str) -> None:
    assert client.get(f"{API}{address}?limit=1").status_code == 400
    assert client.get(f"{API}{address}?f=json").status_code == 200


def test_a_limit_above_the_most_is_the_most(published: dict[str, Issue], client: Client) -> None:
    assert ask(client, limit=999_999)["numberReturned"] == 4


def test_a_report_that_came_later_is_on_the_last_page_only(published: dict[str, Issue], city: City, town: Town) -> None:
    first = items(REPORTS, city.community, Asked(limit=2))
    send(city, town["p"], at=NOW + timedelta(hours=1))
    fill_all(at=NOW + timedelta(hours=1))
    assert first.next is not None
    second = items(REPORTS, city.community, Asked(limit=10, after=first.next))
    assert len(first.features) + len(second.features) == second.matched == 5


def test_nobody_writes(city: City, client: Client) -> None:
    assert client.post(REPORT_ITEMS).status_code == 405
    assert client.delete(f"{REPORT_ITEMS}/1").status_code == 405
