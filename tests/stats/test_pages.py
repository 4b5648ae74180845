"""The pages of statistics as a stranger reads them."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.gis.geos import Point
from django.test import Client

from geodata.models import Community
from issues.models import Issue
from routing.models import Category
from stats.filling import fill_all
from stats.models import Population
from tests.conftest import NOW, City
from tests.geodata.conftest import pin
from tests.stats.conftest import Reported

pytestmark = pytest.mark.usefixtures("_now")


@pytest.fixture
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def page(client: Client, path: str, **query: Any) -> str:
    client.cookies["language"] = "en"
    answer = client.get(f"/yavoryn/{path}", query)
    assert answer.status_code == 200, path
    return answer.content.decode()


def rows(client: Client, path: str, **query: Any) -> list[dict[str, str]]:
    """A table that was taken home."""
    answer = client.get(f"/yavoryn/{path}", query)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))


def test_overview_tells_key_numbers_with_their_ranges_and_every_area(client: Client, year: City) -> None:
    said = page(client, "stats/")
    assert "27 reports" in said
    assert "25 of 26." in said, "of the promises that are over all but one were kept"
    assert "Probably 81–99" in said
    assert "Заріччя" in said
    assert "Слобідка" in said
    assert "КП «Яворинавтодор»" in said
    assert "Manholes" in said


def test_area_tells_its_own_numbers_beside_the_community(client: Client, year: City) -> None:
    said = page(client, "stats/areas/districts.south/")
    assert "<h1>Слобідка</h1>" in said
    assert "3 reports" in said
    assert "Few data." in said
    assert "In the community 96" in said


def test_organisation_tells_what_it_has_here_and_no_other_ranking(client: Client, year: City) -> None:
    said = page(client, f"stats/organisations/{year.vodokanal.pk}/")
    assert "<h1>КП «Яворинводоканал»</h1>" in said
    assert "3 reports" in said
    assert client.get(f"/yavoryn/stats/organisations/{year.council.pk}/").status_code == 404, "it never had anything"
    assert client.get("/yavoryn/stats/organisations/99999999999999999999/").status_code == 404


def test_kind_tells_where_it_occurs(client: Client, year: City) -> None:
    said = page(client, "stats/kinds/manholes/")
    assert "<h1>Manholes</h1>" in said
    assert "3 reports" in said
    assert client.get("/yavoryn/stats/kinds/unicorns/").status_code == 404


def test_comparison_stands_in_the_order_of_names_and_marks_what_is_few(client: Client, year: City) -> None:
    said = page(client, "stats/compare/")
    assert said.index(">Заріччя</a>") < said.index(">Слобідка</a>")
    assert said.count("few data") == 1
    chosen = page(client, "stats/compare/", area="north")
    assert ">Слобідка</a>" not in chosen
    assert 'value="north" checked' in chosen


def test_reports_per_thousand_are_told_where_residents_are_known(client: Client, year: City) -> None:
    assert "residents" not in page(client, "stats/areas/districts.north/").split("</main>")[0].split("lede")[1][:80]
    Population.objects.create(community=year.community, area=year.zarichchia, year=2025, people=12_000)
    said = page(client, "stats/areas/districts.north/")
    assert "12,000 residents in 2025" in said
    assert "Reports per 1,000 residents" in said
    assert '<p class="fig-value">2.0</p>' in said


def test_period_narrows_every_number(client: Client, year: City) -> None:
    said = page(client, "stats/", period="1m")
    assert "2 reports" in said, "this month, up to today"
    assert "2025" in page(client, "stats/", period="2025"), "a year before anything happened is a period too"
    assert "27 reports" in page(client, "stats/", period="nonsense\0")


def test_area_that_does_not_exist_is_not_found(client: Client, year: City) -> None:
    for path in ("districts.nowhere", "districts", "nowhere.north", "districts.north%00"):
        assert client.get(f"/yavoryn/stats/areas/{path}/").status_code == 404
    assert client.get("/yavoryn/stats/areas/districts.north/", {"version": "1999-01-01"}).status_code == 404


def test_a_community_without_reports_says_what_will_be_here(client: Client, city: City) -> None:
    assert "Nothing to count yet" in page(client, "stats/")


def test_other_communities_are_never_counted(client: Client, year: City, elsewhere: Community) -> None:
    from django_scopes import scope

    with scope(community=elsewhere):
        trees = Category.objects.create(community=elsewhere, code="trees", name="Дерева")
        pin(elsewhere, Point(28.6, 49.22, srid=4326), category=trees)
    fill_all(at=NOW)
    assert "27 reports" in page(client, "stats/")
    assert client.get(f"/sosnivka/stats/tables/months.csv?area={year.zarichchia.pk}").status_code == 404
    assert client.get("/sosnivka/stats/areas/districts.north/").status_code == 404
    assert client.get(f"/sosnivka/stats/organisations/{year.vodokanal.pk}/").status_code == 404


def test_months_are_taken_home_as_they_are_drawn(client: Client, year: City) -> None:
    found = rows(client, "stats/tables/months.csv")
    assert len(found) == 12
    assert sum(int(row["opened"]) for row in found) == 27
    assert found[-1]["month"] == "2026-11"
    only = rows(client, "stats/tables/months.csv", area=year.slobidka.pk)
    assert sum(int(row["opened"]) for row in only) == 3
    assert sum(int(row["closed"]) for row in rows(client, "stats/tables/months.csv", category="manholes")) == 3


def test_days_add_up_to_months(client: Client, year: City) -> None:
    found = rows(client, "stats/tables/days.csv")
    assert sum(int(row["opened"]) for row in found) == 27
    drawn = json.loads(client.get("/yavoryn/stats/tables/days.json").content)
    assert sum(drawn["opened"]) == 27
    assert len(drawn["days"]) == len(drawn["closed"])
    assert all(later - earlier == 86_400 for earlier, later in zip(drawn["days"], drawn["days"][1:], strict=False))


def test_areas_are_taken_home_with_their_shapes(client: Client, year: City) -> None:
    found = {row["area"]: row for row in rows(client, "stats/tables/areas.csv")}
    assert (found["north"]["opened"], found["south"]["opened"]) == ("24", "3")
    assert found["south"]["fix_median_s"] == "43200.0"
    drawn = json.loads(client.get("/yavoryn/stats/tables/areas.geojson").content)
    assert {one["properties"]["area"]: one["properties"]["opened"] for one in drawn["features"]} == {
        "north": 24,
        "south": 3,
    }
    assert drawn["features"][0]["geometry"]["type"] == "MultiPolygon"


def test_kinds_organisations_and_counts_are_taken_home(client: Client, year: City) -> None:
    kinds = {row["category"]: row["opened"] for row in rows(client, "stats/tables/categories.csv")}
    assert kinds == {"roads": "24", "manholes": "3"}
    organisations = {row["name"]: row["opened"] for row in rows(client, "stats/tables/organisations.csv")}
    assert organisations == {"КП «Яворинавтодор»": "24", "КП «Яворинводоканал»": "3"}
    in_the_south = rows(client, "stats/tables/organisations.csv", area=year.slobidka.pk)
    assert [row["name"] for row in in_the_south] == ["КП «Яворинводоканал»"]
    [counts] = rows(client, "stats/tables/counts.csv")
    assert (counts["opened"], counts["closed"], counts["backlog"]) == ("27", "25", "2")


def test_a_name_that_a_spreadsheet_would_compute_is_words(client: Client, year: City) -> None:
    year.roads.name = "=1+1"
    year.roads.save()
    names = [row["name"] for row in rows(client, "stats/tables/categories.csv")]
    assert "'=1+1" in names


def test_tables_that_do_not_exist_are_not_found(client: Client, year: City) -> None:
    assert client.get("/yavoryn/stats/tables/secrets.csv").status_code == 404
    assert client.get("/yavoryn/stats/tables/months.csv?category=unicorns").status_code == 404
    assert client.get("/yavoryn/stats/tables/months.csv?area=99999999999999999999").status_code == 200, (
        "no key: no area"
    )


def test_hidden_reports_are_in_no_number(client: Client, year: City, reported: Reported) -> None:
    issue: Issue = reported(2)
    fill_all(at=NOW)
    assert "28 reports" in page(client, "stats/")
    type(issue.subject).objects.filter(pk=issue.subject_id).update(visibility="hidden", hidden_reason="особисті дані")
    fill_all(at=NOW)
    assert "27 reports" in page(client, "stats/")


def test_what_is_not_kept_by_kind_is_not_given_as_if_it_were(client: Client, year: City) -> None:
    """Days, and areas of an organisation, are counted of all kinds together."""
    body = year.vodokanal.pk
    for path in (
        "days.csv?category=roads",
        "days.json?category=roads",
        f"areas.csv?organisation={body}&category=roads",
    ):
        assert client.get(f"/yavoryn/stats/tables/{path}").status_code == 404
    assert "tables/days.csv" not in page(client, "stats/kinds/roads/")
    assert "tables/days.csv" in page(client, "stats/")


def test_what_began_this_year_is_not_compared_with_the_year_before(client: Client, year: City, reported: Any) -> None:
    [counts] = rows(client, "stats/tables/counts.csv")
    assert counts["year_before_opened"] == ""
    for number in range(12):
        reported(720 - number)
    fill_all(at=NOW)
    [counts] = rows(client, "stats/tables/counts.csv")
    assert counts["year_before_opened"] == "10", "two of them were in November, which is not over now"
    assert "95 % sure" in page(client, "stats/")
