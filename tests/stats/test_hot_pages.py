"""Pages of heat, clusters, seasons and the unusual: what a stranger sees, and takes home."""

import csv
import json
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest
import time_machine
from django.core.cache import caches
from django.test import Client
from django_scopes import scope
from pytest_django import DjangoAssertNumQueries, Settings

from core.counters import all_counters
from issues.models import Issue
from openmap.settings import CACHES, LOCAL
from stats.case_arrays import Opened, opened_between, places_in
from stats.models import ClusterScan
from stats.periods import parse_period
from stats.scanning import scan_community, scan_where_a_day_began
from stats.tasks import find_clusters
from tests.conftest import NOW, City
from tests.geodata.conftest import TODAY
from tests.grid import Town
from tests.stats.many import Told, report

HOT, SEASONS, UNUSUAL = "/yavoryn/stats/hot/", "/yavoryn/stats/seasons/", "/yavoryn/stats/unusual/"
REPORTS = all_counters()[0]


@pytest.fixture(autouse=True)
def _thursday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def scattered(city: City, town: Town, many: int = 60, *, days: int = 80) -> list[Told]:
    """Reports of holes all over the town, on days that have nothing to do with places."""
    west, south, east, north = town.box()
    random = np.random.default_rng(9)
    spread = zip(random.uniform(west, east, many), random.uniform(south, north, many), strict=True)
    return [
        (TODAY - timedelta(days=int(random.integers(1, days))), float(lon), float(lat), city.roads)
        for lon, lat in spread
    ]


def planted(city: City, town: Town, many: int = 9) -> list[Told]:
    """Manholes that gave way in one yard on one day."""
    lon, lat = town["q"].x, town["q"].y
    return [(TODAY - timedelta(days=20), lon + n * 1e-6, lat, city.manholes) for n in range(many)]


def english(client: Client, address: str) -> str:
    """The page in English."""
    client.cookies["language"] = "en"
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def table(client: Client, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))


def test_a_stranger_sees_heat_with_its_classes_and_the_densest_places(client: Client, city: City, town: Town) -> None:
    report(city, scattered(city, town))
    page = english(client, HOT)
    assert "60 reports" in page
    assert page.count('<path class="heat sh-') == 5
    assert "Заріччя" in page  # no address is near: the place is named by its area
    assert "place.svg?box=" in page


def test_a_picture_needs_twenty_reports(client: Client, city: City, town: Town) -> None:
    report(city, scattered(city, town, 19))
    page = english(client, HOT)
    assert "19 reports in this period" in page
    assert "sh-1" not in page
    assert table(client, HOT + "heat.csv") == []
    assert json.loads(client.get(HOT + "heat.geojson").content)["features"] == []


def test_kind_and_period_narrow_what_is_heated(client: Client, city: City, town: Town) -> None:
    report(city, scattered(city, town) + planted(city, town))
    pages = {query: english(client, HOT + query)
             for query in ("", "?category=roads", "?category=manholes", "?period=1m", "?width=200")}  # fmt: skip
    assert "69 reports" in pages[""]
    assert "60 reports" in pages["?category=roads"]
    assert "9 reports in this period" in pages["?category=manholes"]
    assert "69 reports" not in pages["?period=1m"]
    assert "Within 200 m" in pages["?width=200"]


def test_a_kind_that_does_not_exist_is_told_beside_the_field(client: Client, city: City) -> None:
    page = english(client, HOT + "?category=dragons")
    assert "There is no such kind here" in page
    assert 'aria-describedby="kind-problem"' in page


def test_cells_hold_as_many_reports_as_there_are(client: Client, city: City, town: Town) -> None:
    report(city, scattered(city, town))
    cells = table(client, HOT + "heat.csv?width=200")
    assert sum(float(cell["cases_per_km2"]) for cell in cells) * 0.05**2 == pytest.approx(60, rel=0.01)
    features = json.loads(client.get(HOT + "heat.geojson?width=200").content)
    assert features["parameters"]["cases"] == 60
    assert {one["properties"]["class"] for one in features["features"]} == {1, 2, 3, 4, 5}


def test_blurred_places_are_left_out_of_heat_and_clusters_and_told(client: Client, city: City, town: Town) -> None:
    report(city, scattered(city, town))
    type(city.manholes).objects.filter(pk=city.manholes.pk).update(is_sensitive=True)
    report(city, planted(city, town, 25))
    scan_community(REPORTS, city.community, at=NOW)
    page = english(client, HOT)
    assert page.count("25 more are left out") == 2
    assert "60 reports" in page
    assert not [row for row in table(client, HOT + "clusters.csv") if float(row["p"]) <= 0.05]


def test_a_planted_cluster_is_told_with_its_support(client: Client, city: City, town: Town) -> None:
    report(city, scattered(city, town) + planted(city, town))
    assert find_clusters() == 1
    page = english(client, HOT)
    assert "Clusters that chance hardly brings" in page
    first = table(client, HOT + "clusters.csv")[0]
    day = (TODAY - timedelta(days=20)).isoformat()
    assert (first["since"], first["until"]) == (day, day)
    assert int(first["observed"]) >= 9
    assert float(first["p"]) <= 0.05
    assert abs(float(first["lat"]) - town["q"].y) < 0.002


def test_before_the_first_night_the_page_says_so(client: Client, city: City) -> None:
    page = english(client, HOT)
    assert "It is looked for every night" in page
    assert table(client, HOT + "clusters.csv") == []


def test_a_community_is_scanned_once_on_each_of_its_days(city: City, town: Town) -> None:
    report(city, scattered(city, town))
    assert scan_where_a_day_began(at=NOW) == 1
    assert scan_where_a_day_began(at=NOW) == 0
    assert scan_where_a_day_began(at=NOW + timedelta(days=1)) == 1
    with scope(community=city.community):
        assert [one.until for one in ClusterScan.objects.filter(category=None)] == [TODAY + timedelta(days=1)]


def test_where_nothing_happened_nothing_is_kept(city: City) -> None:
    assert scan_where_a_day_began(at=NOW) == 0
    assert not ClusterScan.objects.exists()


def test_a_withdrawn_picture_of_many_reports_is_read_from_squares(
    city: City, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(city, scattered(city, town))
    type(city.manholes).objects.filter(pk=city.manholes.pk).update(is_sensitive=True)
    report(city, planted(city, town, 7))
    period = parse_period("12m", today=TODAY)
    monkeypatch.setattr("stats.case_arrays.MOST_CASES", 10)
    found = places_in(REPORTS, city.community.pk, period)
    assert found.by_squares
    assert (int(found.cases.sum()), found.left_out) == (60, 7)
    exact = opened_between(REPORTS, city.community.pk, since=period.since, until=period.until)
    assert isinstance(exact, Opened)
    assert abs(np.average(found.lon, weights=found.cases) - exact.lon.mean()) < 0.003
    assert abs(np.average(found.lat, weights=found.cases) - exact.lat.mean()) < 0.002


def test_seasons_wait_for_two_whole_years(client: Client, city: City, town: Town) -> None:
    report(city, scattered(city, town))
    page = english(client, SEASONS)
    assert "a season is only told from 2 whole years on" in page


def test_a_season_is_told_with_its_band(client: Client, city: City, town: Town) -> None:
    lon, lat = town["p"].x, town["p"].y
    days = [date(year, month, day) for year in (2024, 2025, 2026) for month in range(1, 13)
            for day in range(1, 19 if month == 3 else 7) if date(year, month, day) < TODAY]  # fmt: skip
    report(city, [(day, lon, lat, city.roads) for day in days])
    page = english(client, SEASONS)
    assert "From 2 whole years" in page
    assert "surely more:" in page
    rows = [row for row in table(client, SEASONS + "seasons.csv") if row["of"] == "month"]
    assert [int(row["number"]) for row in rows] == list(range(1, 13))
    assert max(rows, key=lambda row: float(row["index"]))["number"] == "3"
    of_kind = english(client, SEASONS + "?category=manholes")
    assert "Too few reports of this kind to tell a season" in of_kind


def weekly(city: City, town: Town, last: int) -> list[Told]:
    """Two manholes a week in Слобідка for fourteen weeks, and in the last week so many."""
    lon, lat = town["q"].x, town["q"].y
    days = [TODAY - timedelta(days=7 * week - n) for week in range(2, 15) for n in (2, 5)]
    return [(day, lon, lat, city.manholes) for day in [*days, *[TODAY - timedelta(days=3)] * last]]


def test_what_is_unusual_is_told_as_a_sentence_with_the_way_to_its_reports(
    client: Client, city: City, town: Town
) -> None:
    report(city, weekly(city, town, 14))
    page = english(client, UNUSUAL)
    words = " ".join(page.split())
    assert "<b>Слобідка</b>: 14 reports in a week; usually 0–5." in words
    since, until = TODAY - timedelta(days=7), TODAY - timedelta(days=1)
    way = f"category=manholes&amp;area=districts.south&amp;from={since}&amp;to={until}"
    assert way in page
    listed = english(client, "/yavoryn/list/?" + way.replace("&amp;", "&"))
    assert listed.count("/yavoryn/issues/") >= 14
    row = next(row for row in table(client, UNUSUAL + "unusual.csv") if row["area"] == "south" and row["category"])
    assert (row["category"], row["cases"]) == ("manholes", "14")


def test_a_usual_week_says_that_nothing_is_unusual(client: Client, city: City, town: Town) -> None:
    report(city, weekly(city, town, 2))
    page = english(client, UNUSUAL)
    assert "Nothing is unusual this week" in page
    assert table(client, UNUSUAL + "unusual.csv") == []


def test_a_short_history_does_not_know_what_is_usual(client: Client, city: City, issue: Issue) -> None:
    page = english(client, UNUSUAL)
    assert "at least 8 weeks" in page


@pytest.mark.parametrize("name", ["heat.csv", "heat.geojson"])
def test_a_file_of_heat_that_was_just_computed_is_given_again(
    city: City, client: Client, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries, name: str
) -> None:
    settings.CACHES = CACHES | {"answers": CACHES["answers"] | {"BACKEND": LOCAL}}
    first = client.get(HOT + name)
    with django_assert_num_queries(0):
        again = client.get(HOT + name)
    caches["answers"].clear()
    headers = [dict(answer.headers) | {"X-Request-ID": ""} for answer in (first, again)]
    assert (again.status_code, again.content, headers[1]) == (200, first.content, headers[0])


@pytest.mark.parametrize("value", ["", "\0", "9" * 40, "-1", "nan", "'\"><%s {0}", "🕳️", "a" * 5000, "٤٩"])
@pytest.mark.parametrize("page", [HOT, HOT + "heat.csv", HOT + "heat.geojson", HOT + "clusters.csv", SEASONS, UNUSUAL])
def test_no_parameter_breaks_a_page(client: Client, city: City, page: str, value: str) -> None:
    assert client.get(page, {"category": value, "period": value, "width": value}).status_code == 200


def test_no_style_or_script_stands_in_the_pages(client: Client, city: City, town: Town) -> None:
    report(city, scattered(city, town) + planted(city, town))
    scan_community(REPORTS, city.community, at=NOW)
    for address in (HOT, SEASONS, UNUSUAL):
        page = client.get(address).content.decode()
        assert " style=" not in page
        assert "<style" not in page


def test_heat_costs_the_same_queries_for_many_reports(
    client: Client, city: City, town: Town, django_assert_max_num_queries: "pytest.FixtureRequest"
) -> None:
    report(city, scattered(city, town, 300))
    with django_assert_max_num_queries(60):  # type: ignore[operator]
        client.get(HOT)
